//! The trials of one policy, summed up.

use crate::model::{Cause, Money, Outcome};

use super::Trial;
use super::jobs::JobSummary;
use super::stats::{Estimate, Level, Sample, SampleError, mean, mean_amount, rank_interval, wilson};

/// Refusals, one number a cause in the order of [`Cause::ALL`].
pub type Refusals = [u64; Cause::ALL.len()];

/// What a policy achieved.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many trials.
    pub trials: usize,
    /// How many of them were placed.
    pub placed: usize,
    /// The share that was placed.
    pub success: Option<Estimate>,
    /// Seconds to provision: the 50 %, 90 % and 99 % quantiles over *all* trials, infinite for never.
    pub time: [Option<Estimate>; 3],
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
    /// What became of jobs, if there are any.
    pub jobs: Option<JobSummary>,
}

/// The quantiles that are told.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Sums up trials, with intervals at this level.
pub fn summarise(trials: &[Trial], refusals: &Refusals, level: Level) -> Result<Summary, SampleError> {
    let placed = trials.iter().filter(|trial| trial.is_placed()).count();
    let waits = waits(trials)?;
    let prices = trials.iter().filter_map(|trial| trial.price_hourly).map(Money::as_dollars);
    Ok(Summary {
        trials: trials.len(),
        placed,
        success: wilson(placed as u64, trials.len() as u64, level),
        time: QUANTILES.map(|q| rank_interval(&waits, q, level)),
        attempts: mean_amount(trials.iter().map(|trial| f64::from(trial.attempts)), level),
        attempts_most: trials.iter().map(|trial| trial.attempts).max().unwrap_or(0),
        price_hourly: mean_amount(prices, level),
        premium: mean(trials.iter().filter_map(Trial::premium), level),
        wasted: mean_amount(trials.iter().map(|trial| trial.wasted.as_dollars()), level),
        outcomes: outcomes(trials),
        denials: Cause::ALL.into_iter().zip(*refusals).filter(|(_, count)| *count > 0).collect(),
        jobs: None,
    })
}

/// Seconds to provision, by trial; infinite for one that was not placed.
pub fn waits(trials: &[Trial]) -> Result<Sample, SampleError> {
    let wait = |trial: &Trial| if trial.is_placed() { trial.elapsed.as_secs_f64() } else { f64::INFINITY };
    Sample::new(trials.iter().map(wait).collect())
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
    use crate::model::Span;

    fn trial(seconds: u64, placed: bool) -> Trial {
        Trial {
            outcome: Some(if placed { Outcome::Placed } else { Outcome::NoCapacity }),
            elapsed: Span::from_secs(seconds),
            attempts: seconds as u32 / 10 + 1,
            price_hourly: placed.then(|| Money::from_dollars(3.0)),
            cheapest_hourly: Some(Money::from_dollars(2.5)),
            wasted: Money::ZERO,
        }
    }

    fn summed(trials: &[Trial]) -> Summary {
        summarise(trials, &Refusals::default(), Level::P95).expect("numbers")
    }

    #[test]
    fn never_is_later_than_every_time() {
        let trials: Vec<Trial> = (1..=10).map(|n| trial(n * 10, n <= 8)).collect();
        let summary = summed(&trials);
        assert_eq!((summary.trials, summary.placed), (10, 8));
        assert_eq!(summary.time[0].map(|e| e.value), Some(55.0));
        assert_eq!(summary.time[1].map(|e| e.value), Some(f64::INFINITY), "the ninth of ten was never placed");
        assert_eq!(summary.outcomes, [(Some(Outcome::Placed), 8), (Some(Outcome::NoCapacity), 2)]);
        assert_eq!(summary.price_hourly.map(|e| e.value), Some(3.0));
        assert!(summary.premium.is_some_and(|e| (e.value - 0.2).abs() < 1e-12));
    }

    #[test]
    fn no_trials_say_nothing() {
        let summary = summed(&[]);
        assert_eq!((summary.attempts, summary.time[0]), (None, None));
    }

    proptest! {
        #[test]
        fn the_order_of_trials_does_not_matter_to_ranks(mut seconds in prop::collection::vec((1u64..5000, any::<bool>()), 1..60)) {
            let of = |s: &[(u64, bool)]| summed(&s.iter().map(|(s, p)| trial(*s, *p)).collect::<Vec<_>>());
            let before = of(&seconds);
            seconds.reverse();
            let after = of(&seconds);
            prop_assert_eq!(before.time, after.time);
            prop_assert_eq!(before.outcomes, after.outcomes);
            for time in before.time.into_iter().flatten() {
                prop_assert!(time.interval.is_none_or(|interval| interval.contains(time.value)), "{:?}", time);
            }
        }
    }
}
