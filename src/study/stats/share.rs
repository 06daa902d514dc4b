//! Shares of trials that succeeded, alone and in pairs.
//!
//! **Invariant:** intervals stay within what a share can be, and are right at 0 and 1 too.

use super::{Estimate, Interval, Level};

/// The share of successes with Wilson's score interval (1927): all shares that a score test would not reject. `None`
/// without trials.
pub fn wilson(successes: u64, trials: u64, level: Level) -> Option<Estimate> {
    if trials == 0 {
        return None;
    }
    let successes = successes.min(trials);
    let (n, z2) = (trials as f64, level.z() * level.z());
    let share = successes as f64 / n;
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (z2 * (share * (1.0 - share) / n + z2 / (4.0 * n * n))).sqrt() / (1.0 + z2 / n);
    // Exactly 0 and 1 at the ends, where rounding would leave a hair.
    let low = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Some(Estimate { value: share, interval: Some(Interval { low, high }) })
}

/// How often two policies succeeded on the same trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pairing {
    /// Trials in which both did.
    pub both: u64,
    /// Only the first.
    pub first_only: u64,
    /// Only the second.
    pub second_only: u64,
    /// Neither.
    pub neither: u64,
}

impl Pairing {
    /// Counts pairs.
    pub fn of(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counted = Self::default();
        for pair in pairs {
            *match pair {
                (true, true) => &mut counted.both,
                (true, false) => &mut counted.first_only,
                (false, true) => &mut counted.second_only,
                (false, false) => &mut counted.neither,
            } += 1;
        }
        counted
    }

    /// How many pairs.
    pub const fn trials(self) -> u64 {
        self.both + self.first_only + self.second_only + self.neither
    }

    /// The first share minus the second, with Newcombe's interval for paired shares (1998, his method 10): the arms of
    /// the two Wilson intervals, combined with the correlation of the pairs. `None` without pairs.
    pub fn difference(self, level: Level) -> Option<Estimate> {
        let n = self.trials();
        let (first, second) = (wilson(self.first(), n, level)?, wilson(self.second(), n, level)?);
        let (first_arms, second_arms) = (arms(first)?, arms(second)?);
        let phi = self.correlation();
        let combined = |a: f64, b: f64| (a * a - 2.0 * phi * a * b + b * b).max(0.0).sqrt();
        // From the counts, since 0.7 − 0.7 computed from two quotients need not be 0.
        let value = (self.first_only as f64 - self.second_only as f64) / n as f64;
        let low = (value - combined(first_arms.0, second_arms.1)).max(-1.0);
        let high = (value + combined(first_arms.1, second_arms.0)).min(1.0);
        Some(Estimate { value, interval: Some(Interval { low, high }) })
    }

    /// The chance of pairs at least as one-sided if both policies were equally good: `McNemar`'s test (1947), exact and
    /// two-sided, from the pairs in which only one succeeded. 1 if there are none.
    pub fn mcnemar(self) -> f64 {
        let (few, one_sided) = (self.first_only.min(self.second_only), self.first_only + self.second_only);
        (2.0 * binomial_half(few, one_sided)).min(1.0)
    }

    const fn first(self) -> u64 {
        self.both + self.first_only
    }

    const fn second(self) -> u64 {
        self.both + self.second_only
    }

    /// Of the two outcomes over the pairs, with Newcombe's continuity correction towards 0 where it is positive.
    fn correlation(self) -> f64 {
        let n = self.trials() as f64;
        let margins = [self.first(), self.trials() - self.first(), self.second(), self.trials() - self.second()];
        // A square root each, since the product of the four passes 2⁵³ at ten thousand trials.
        let spread: f64 = margins.iter().map(|m| (*m as f64).sqrt()).product();
        if spread <= 0.0 {
            return 0.0;
        }
        let excess = self.both as f64 * self.neither as f64 - self.first_only as f64 * self.second_only as f64;
        let corrected = if excess > 0.0 { (excess - n / 2.0).max(0.0) } else { excess };
        corrected / spread
    }
}

/// Lengths of the lower and upper arm.
fn arms(estimate: Estimate) -> Option<(f64, f64)> {
    let Interval { low, high } = estimate.interval?;
    Some((estimate.value - low, high - estimate.value))
}

/// The chance of at most `few` heads, `few` ≤ `coins`/2, among fair coins. Terms are added downwards from the largest,
/// each found from the one before, until they no longer count.
fn binomial_half(few: u64, coins: u64) -> f64 {
    let (k, n) = (few as f64, coins as f64);
    let ways = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    let mut term = libm::exp(ways - n * core::f64::consts::LN_2);
    let mut sum = 0.0;
    for heads in (0..=few).rev() {
        sum += term;
        term *= heads as f64 / (coins - heads + 1) as f64;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}
