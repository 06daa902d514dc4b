//! The trials of one policy, summed up.

use crate::model::{Cause, Money, Outcome};
use crate::sim::{Digest, Ends, Histogram, PREMIUM_PARTS};

use super::Trial;
use super::jobs::JobSummary;
use super::stats::{
    Estimate, Interval, Level, Moments, Sample, SampleError, mean, mean_amount, never_below_zero, rank_interval,
    rank_interval_of, wilson,
};

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
    /// Leases that nobody gave back, if there are any.
    pub left_behind: Option<LeftBehind>,
}

/// Leases that are billed and that nobody holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeftBehind {
    /// How many, over all trials.
    pub leases: u64,
    /// The time of their machines until their trials ended, together, in seconds.
    pub machine_seconds: f64,
}

/// The quantiles that are told.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Sums up trials, with intervals at this level. Jobs are left to [`summarise_jobs`](super::summarise_jobs), and what was
/// left behind to who has seen it.
pub fn summarise(ends: Ends<'_>, refusals: &Refusals, level: Level) -> Result<Summary, SampleError> {
    let summary = match ends {
        Ends::Each(trials) => of_each(trials, level),
        Ends::All(digest) => of_all(digest, level),
    };
    let denials = Cause::ALL.into_iter().zip(*refusals).filter(|(_, count)| *count > 0).collect();
    Ok(Summary { time: quantiles(ends, QUANTILES, level)?, denials, ..summary })
}

/// Quantiles of the seconds to provision over all requests, with their intervals; infinite for never.
pub(super) fn quantiles<const N: usize>(
    ends: Ends<'_>,
    of: [f64; N],
    level: Level,
) -> Result<[Option<Estimate>; N], SampleError> {
    Ok(match ends {
        Ends::Each(trials) => {
            let waits = waits(trials)?;
            of.map(|q| rank_interval(&waits, q, level))
        }
        Ends::All(digest) => {
            let at = |rank| digest.wait_at(rank as u64);
            of.map(|q| rank_interval_of(digest.requests() as usize, at, q, level))
        }
    })
}

fn of_each(trials: &[Trial], level: Level) -> Summary {
    let placed = trials.iter().filter(|trial| trial.is_placed()).count();
    let prices = trials.iter().filter_map(|trial| trial.price_hourly).map(Money::as_dollars);
    Summary {
        trials: trials.len(),
        placed,
        success: wilson(placed as u64, trials.len() as u64, level),
        time: [None; 3],
        attempts: mean_amount(trials.iter().map(|trial| f64::from(trial.attempts)), level),
        attempts_most: trials.iter().map(|trial| trial.attempts).max().unwrap_or(0),
        price_hourly: mean_amount(prices, level),
        premium: mean(trials.iter().filter_map(Trial::premium), level),
        wasted: mean_amount(trials.iter().map(|trial| trial.wasted.as_dollars()), level),
        outcomes: outcomes(trials),
        denials: Vec::new(),
        jobs: None,
        left_behind: None,
    }
}

fn of_all(digest: &Digest, level: Level) -> Summary {
    let (trials, placed) = (digest.requests(), digest.placed());
    let mut outcomes: Vec<_> = digest.outcomes.iter().map(|(outcome, count)| (*outcome, *count as usize)).collect();
    sort_outcomes(&mut outcomes);
    Summary {
        trials: trials as usize,
        placed: placed as usize,
        success: wilson(placed, trials, level),
        time: [None; 3],
        attempts: amount_in(&digest.attempts, 1.0, level),
        attempts_most: digest.attempts.most().unwrap_or(0) as u32,
        price_hourly: amount_in(&digest.prices, MILLION, level),
        premium: mean_in(&digest.premiums, PREMIUM_PARTS, level),
        wasted: amount_in(&digest.wasted, MILLION, level),
        outcomes,
        denials: Vec::new(),
        jobs: None,
        left_behind: None,
    }
}

/// Microseconds a second, and millionths of a dollar.
pub(super) const MILLION: f64 = 1e6;

/// The mean of what was counted in these parts of one: exact, with an interval from the middles of its cells.
fn mean_in(counted: &Histogram, parts: f64, level: Level) -> Option<Estimate> {
    let mut moments = Moments::default();
    counted.values().for_each(|(value, times)| moments.add_times(value / parts, times));
    let Estimate { value: of_cells, interval } = moments.mean(level)?;
    let value = counted.mean()? / parts;
    let moved = |ends: Interval| Interval { low: ends.low + value - of_cells, high: ends.high + value - of_cells };
    Some(Estimate { value, interval: interval.map(moved) })
}

/// The same of amounts, which are never below zero.
pub(super) fn amount_in(counted: &Histogram, parts: f64, level: Level) -> Option<Estimate> {
    Some(never_below_zero(mean_in(counted, parts, level)?))
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
    sort_outcomes(&mut counts);
    counts
}

/// The commonest first; by name among equals, so that the order of the trials does not show.
fn sort_outcomes(counts: &mut [(Option<Outcome>, usize)]) {
    counts.sort_by_key(|(outcome, count)| (std::cmp::Reverse(*count), outcome.map(Outcome::name)));
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
        summarise(Ends::Each(trials), &Refusals::default(), Level::P95).expect("numbers")
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

        #[test]
        fn a_digest_tells_what_all_rows_tell(
            requests in prop::collection::vec((0u64..100_000_000, any::<bool>(), 1u32..40, 0i64..1 << 30), 0..80),
        ) {
            let row = |(micros, placed, attempts, money): (u64, bool, u32, i64)| Trial {
                elapsed: Span(micros),
                attempts,
                price_hourly: placed.then_some(Money(money)),
                wasted: Money(money / 3),
                ..trial(1, placed)
            };
            let rows: Vec<Trial> = requests.into_iter().map(row).collect();
            let mut digest = Digest::default();
            for row in &rows {
                digest.see(row);
            }
            let of = |ends| summarise(ends, &[3; Cause::ALL.len()], Level::P95).expect("numbers");
            let (exact, digested) = (of(Ends::Each(&rows)), of(Ends::All(&digest)));
            prop_assert_eq!((exact.trials, exact.placed, exact.success), (digested.trials, digested.placed, digested.success));
            prop_assert_eq!((&exact.outcomes, &exact.denials), (&digested.outcomes, &digested.denials));
            prop_assert_eq!(exact.attempts_most, digested.attempts_most);
            let numbers = |s: &Summary| [s.time[0], s.time[1], s.time[2], s.attempts, s.price_hourly, s.premium, s.wasted];
            for (n, (exact, digested)) in numbers(&exact).into_iter().zip(numbers(&digested)).enumerate() {
                // With few values the ends hang on the skewness, and that on the last digit of the largest.
                let three = |e: Estimate| [(3e-4, Some(e.value)), (0.02, e.interval.map(|i| i.low)), (0.02, e.interval.map(|i| i.high))];
                for ((part, a), (_, b)) in exact.into_iter().flat_map(three).zip(digested.into_iter().flat_map(three)) {
                    let scale = exact.map_or(0.0, |e| e.value.abs().max(e.interval.map_or(0.0, |i| i.high - i.low)));
                    let near = |(a, b): (f64, f64)| a.to_bits() == b.to_bits() || (a - b).abs() <= scale * part + 1e-9;
                    prop_assert!(a.is_some() == b.is_some() && a.zip(b).is_none_or(near), "number {}: {:?} {:?}", n, exact, digested);
                }
                prop_assert_eq!(exact.is_some(), digested.is_some());
            }
        }
    }
}
