//! The trials of one policy, summed up.

use crate::engine::Tally;
use crate::model::{Cause, Money, Outcome, Span};

use super::statistics::{Estimate, mean, quantile, wilson};

/// What one trial came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// How it ended; `None` if it had not when the scenario's time was over.
    pub outcome: Option<Outcome>,
    /// From the request until all nodes were up, or until it was given up.
    pub elapsed: Span,
    /// Launch calls made.
    pub attempts: u32,
    /// Price of all nodes together, in dollars per hour, when it was placed.
    pub price_hourly: Option<Money>,
    /// The cheapest that could have been had at the moment of the request, in dollars per hour for all nodes.
    pub cheapest_hourly: Option<Money>,
    /// Money spent on what was launched and not kept.
    pub wasted: Money,
    /// Refusals, by cause.
    pub denials: Tally,
}

impl Trial {
    /// True if all nodes came up.
    pub fn is_placed(&self) -> bool {
        self.outcome == Some(Outcome::Placed)
    }

    /// By how much the price obtained lies above the cheapest that could have been had, as a fraction. Below zero
    /// where waiting paid off: something cheaper came free in the meantime.
    pub fn premium(&self) -> Option<f64> {
        let (price, cheapest) = (self.price_hourly?, self.cheapest_hourly?);
        (cheapest > Money::ZERO).then(|| price.as_dollars() / cheapest.as_dollars() - 1.0)
    }
}

/// A quantile of times; `None` is "never within the trial".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantile {
    /// The value.
    pub value: Option<Span>,
    /// The lower end of its 95 % interval.
    pub low: Option<Span>,
    /// The upper end.
    pub high: Option<Span>,
}

/// What a policy achieved.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many trials.
    pub trials: usize,
    /// How many of them were placed.
    pub placed: usize,
    /// The share that was placed.
    pub success: Estimate,
    /// Time to provision: its 50 %, 90 % and 99 % quantiles over *all* trials.
    pub time: [Quantile; 3],
    /// Launch calls a trial.
    pub attempts: Option<Estimate>,
    /// The most launch calls in one trial.
    pub attempts_most: u32,
    /// Price obtained, in dollars per hour, over the trials that were placed.
    pub price_hourly: Option<Estimate>,
    /// How far that lies above the cheapest that could have been had at the moment of the request, as a fraction.
    pub premium: Option<Estimate>,
    /// Dollars spent a trial on what was not kept.
    pub wasted: Option<Estimate>,
    /// How often each outcome came up, the commonest first; `None` had not ended.
    pub outcomes: Vec<(Option<Outcome>, usize)>,
    /// Refusals of all trials, by cause; causes that never came up are left out.
    pub denials: Vec<(Cause, u64)>,
}

/// The quantiles that are told.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Sums up trials.
pub fn summarise(trials: &[Trial]) -> Summary {
    let mut times: Vec<Span> = trials.iter().filter(|trial| trial.is_placed()).map(|trial| trial.elapsed).collect();
    times.sort_unstable();
    let prices = trials.iter().filter_map(|trial| trial.price_hourly).map(Money::as_dollars);
    Summary {
        trials: trials.len(),
        placed: times.len(),
        success: wilson(times.len(), trials.len()),
        time: QUANTILES.map(|q| time_quantile(&times, trials.len(), q)),
        attempts: mean(trials.iter().map(|trial| f64::from(trial.attempts))),
        attempts_most: trials.iter().map(|trial| trial.attempts).max().unwrap_or(0),
        price_hourly: mean(prices),
        premium: mean(trials.iter().filter_map(Trial::premium)),
        wasted: mean(trials.iter().map(|trial| trial.wasted.as_dollars())),
        outcomes: outcomes(trials),
        denials: denials(trials),
    }
}

/// Ranks past the trials that were placed fall among those that never were.
fn time_quantile(placed: &[Span], trials: usize, q: f64) -> Quantile {
    let at = quantile(q, trials).map(|ranks| ranks.map(|rank| placed.get(rank).copied()));
    let [value, low, high] = at.unwrap_or([None; 3]);
    Quantile { value, low, high }
}

fn denials(trials: &[Trial]) -> Vec<(Cause, u64)> {
    let of = |cause| trials.iter().map(|trial| u64::from(trial.denials.count(cause))).sum();
    Cause::ALL.into_iter().map(|cause| (cause, of(cause))).filter(|(_, count)| *count > 0).collect()
}

fn outcomes(trials: &[Trial]) -> Vec<(Option<Outcome>, usize)> {
    let mut counts: Vec<(Option<Outcome>, usize)> = Vec::new();
    for trial in trials {
        match counts.iter_mut().find(|(outcome, _)| *outcome == trial.outcome) {
            Some((_, count)) => *count += 1,
            None => counts.push((trial.outcome, 1)),
        }
    }
    // By name among equals, so that the order of the trials does not show.
    counts.sort_by_key(|(outcome, count)| (std::cmp::Reverse(*count), outcome.map(Outcome::name)));
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trial(seconds: u64, placed: bool) -> Trial {
        Trial {
            outcome: Some(if placed { Outcome::Placed } else { Outcome::NoCapacity }),
            elapsed: Span::from_secs(seconds),
            attempts: seconds as u32 / 10 + 1,
            price_hourly: placed.then(|| Money::from_dollars(3.0)),
            cheapest_hourly: Some(Money::from_dollars(2.5)),
            wasted: Money::ZERO,
            denials: Tally::default(),
        }
    }

    #[test]
    fn never_is_later_than_every_time() {
        let trials: Vec<Trial> = (1..=10).map(|n| trial(n * 10, n <= 8)).collect();
        let summary = summarise(&trials);
        assert_eq!((summary.trials, summary.placed), (10, 8));
        assert_eq!(summary.time[0].value, Some(Span::from_secs(50)));
        assert_eq!(summary.time[1].value, None, "the ninth of ten was never placed");
        assert_eq!(summary.outcomes, [(Some(Outcome::Placed), 8), (Some(Outcome::NoCapacity), 2)]);
        assert_eq!(summary.price_hourly.map(|e| e.value), Some(3.0));
        assert!(summary.premium.is_some_and(|e| (e.value - 0.2).abs() < 1e-12));
    }

    #[test]
    fn no_trials_say_nothing() {
        let summary = summarise(&[]);
        assert_eq!((summary.attempts, summary.time[0].value), (None, None));
    }

    proptest! {
        #[test]
        fn the_order_of_trials_does_not_matter_to_ranks(mut seconds in prop::collection::vec((1u64..5000, any::<bool>()), 1..60)) {
            let of = |s: &[(u64, bool)]| summarise(&s.iter().map(|(s, p)| trial(*s, *p)).collect::<Vec<_>>());
            let before = of(&seconds);
            seconds.reverse();
            let after = of(&seconds);
            prop_assert_eq!(before.time, after.time);
            prop_assert_eq!(before.outcomes, after.outcomes);
            for q in before.time {
                prop_assert!(q.low <= q.value || q.value.is_none());
            }
        }
    }
}
