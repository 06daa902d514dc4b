//! Whether a result is worse than an earlier one by more than it may be.
//!
//! **Invariant:** only what is both larger than allowed and no luck, after Holm's correction over everything looked at,
//! is a regression. The two results are taken as independent, which is on the safe side if they share their luck.

use super::stats::{Estimate, Interval, Level, holm, normal_cdf};

/// A number of one policy in both results. Infinite is never.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// What: scenario, policy and measure.
    pub what: String,
    /// True where more is worse.
    pub more_is_worse: bool,
    /// The earlier one.
    pub before: Estimate,
    /// The later one.
    pub after: Estimate,
}

/// Something that became worse.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    /// What.
    pub what: String,
    /// The earlier value.
    pub before: f64,
    /// The later one.
    pub after: f64,
    /// By which part of the earlier value; infinite if it became never, or was nothing.
    pub part: f64,
    /// The chance of that by luck, corrected.
    pub p: f64,
}

/// What became worse by more than `most` (0.05 for 5 %), in the order given.
pub fn regressions(pairs: &[Pair], most: f64, level: Level) -> Vec<Regression> {
    let adjusted = holm(&pairs.iter().map(|pair| chance(pair, level)).collect::<Vec<_>>());
    let of = |(pair, p): (&Pair, f64)| {
        let (before, after) = (pair.before.value, pair.after.value);
        let worse = worsening(pair);
        let part = if worse <= 0.0 { 0.0 } else { worse / before.abs() };
        let told = p <= level.alpha() && part > most;
        told.then(|| Regression { what: pair.what.clone(), before, after, part, p })
    };
    pairs.iter().zip(adjusted).filter_map(of).collect()
}

/// By how much; infinite if it became never. Never before is not made worse by anything.
fn worsening(pair: &Pair) -> f64 {
    let (before, after) = (pair.before.value, pair.after.value);
    if before.is_infinite() {
        return 0.0;
    }
    if pair.more_is_worse { after - before } else { before - after }
}

/// How often luck makes it at least so much worse. The interval of a difference takes from each value the arm that
/// points at the other (Zou, Donner 2008), and the chance is that of the normal distribution with such an interval.
fn chance(pair: &Pair, level: Level) -> f64 {
    let worse = worsening(pair);
    if worse <= 0.0 {
        return 1.0;
    }
    let (Some(before), Some(after)) = (pair.before.interval, pair.after.interval) else { return 1.0 };
    let (to_after, to_before) = if pair.more_is_worse {
        (before.high - pair.before.value, pair.after.value - after.low)
    } else {
        (pair.before.value - before.low, after.high - pair.after.value)
    };
    let arms = (to_after * to_after + to_before * to_before).sqrt();
    if !worse.is_finite() || !arms.is_finite() {
        return if apart(pair, before, after) { 0.0 } else { 1.0 };
    }
    // Two values without any spread that differ do so for certain.
    if arms <= 0.0 { 0.0 } else { 2.0 * (1.0 - normal_cdf(worse / arms * level.z())) }
}

fn apart(pair: &Pair, before: Interval, after: Interval) -> bool {
    if pair.more_is_worse { after.low > before.high } else { after.high < before.low }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(before: (f64, f64), after: (f64, f64), more_is_worse: bool) -> Pair {
        let of = |(value, arm): (f64, f64)| Estimate {
            value,
            interval: Some(Interval { low: value - arm, high: value + arm }),
        };
        Pair { what: "x".to_owned(), more_is_worse, before: of(before), after: of(after) }
    }

    fn told(pair: Pair, most: f64) -> bool {
        !regressions(&[pair], most, Level::P95).is_empty()
    }

    #[test]
    fn only_what_is_worse_larger_than_allowed_and_no_luck_counts() {
        assert!(told(pair((100.0, 2.0), (110.0, 2.0), true), 0.05));
        assert!(!told(pair((100.0, 2.0), (90.0, 2.0), true), 0.05), "faster is no regression");
        assert!(told(pair((0.99, 0.01), (0.90, 0.01), false), 0.05), "fewer successes are");
        assert!(!told(pair((100.0, 2.0), (104.0, 0.1), true), 0.05), "within what is allowed");
        assert!(!told(pair((100.0, 20.0), (110.0, 20.0), true), 0.05), "may be luck");
        assert!(!told(pair((100.0, 2.0), (100.0, 2.0), true), 0.0), "the same");
    }

    #[test]
    fn never_is_worse_than_any_time() {
        let mut never = pair((100.0, 2.0), (f64::INFINITY, 0.0), true);
        never.after.interval = Some(Interval { low: 500.0, high: f64::INFINITY });
        assert!(told(never.clone(), 0.05));
        let found = regressions(&[never.clone()], 0.05, Level::P95);
        assert!(found[0].part.is_infinite());
        never.after.interval = Some(Interval { low: 50.0, high: f64::INFINITY });
        assert!(!told(never, 0.05), "it may as well have become faster");
    }

    #[test]
    fn looking_at_more_needs_more() {
        let close = pair((100.0, 3.0), (106.2, 3.0), true);
        assert!(told(close.clone(), 0.05));
        let many: Vec<Pair> = std::iter::repeat_n(close, 20).collect();
        assert!(regressions(&many, 0.05, Level::P95).is_empty());
    }
}
