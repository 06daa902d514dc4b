//! Policies judged against one of them, on the same luck: paired differences, what censored waits tell, the bound.
//!
//! **Invariant:** every difference is paired by request, and all of one judgement, or of several that are told together,
//! are one family to Holm's correction.

mod jobs;

use std::fmt;

use crate::model::{Money, Outcome, Span};

use super::stats::{
    Comparison, Curve, Estimate, Level, Pairing, Resampling, Sample, SampleError, Statistic, Verdict, Wait, compare,
    holm, mean, mean_amount, wilson,
};
use super::{Arm, Trial, waits};

/// What policies are judged by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// The share of requests that was placed; the only measure of which more is better.
    Success,
    /// Seconds to provision, of all requests; never is infinite.
    Wait(Statistic),
    /// Launch calls a request.
    Attempts,
    /// Dollars per hour paid above the cheapest that could have been had at the moment of the request, over the requests
    /// that every policy placed.
    Regret,
    /// Dollars a request spent on what was not kept.
    Wasted,
    /// The share of jobs that missed their deadline, over those that both policies started.
    Late,
    /// Seconds from a job's arrival until it was done, over the jobs that every policy got done.
    JobTime,
    /// Dollars that a job's machines cost, over the jobs that every policy started.
    JobCost,
}

/// In which unit a measure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A part of one.
    Share,
    /// Seconds.
    Seconds,
    /// Calls.
    Calls,
    /// Dollars per hour.
    DollarsPerHour,
    /// Dollars.
    Dollars,
}

impl Measure {
    /// Its unit.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Success | Self::Late => Unit::Share,
            Self::Wait(_) | Self::JobTime => Unit::Seconds,
            Self::Attempts => Unit::Calls,
            Self::Regret => Unit::DollarsPerHour,
            Self::Wasted | Self::JobCost => Unit::Dollars,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => f.write_str("success"),
            Self::Wait(Statistic::RestrictedMean(limit)) => {
                write!(f, "mean wait up to {}", Span::from_secs_f64(*limit))
            }
            Self::Wait(statistic) => write!(f, "wait {statistic}"),
            Self::Attempts => f.write_str("attempts"),
            Self::Regret => f.write_str("regret"),
            Self::Wasted => f.write_str("wasted"),
            Self::Late => f.write_str("deadlines missed"),
            Self::JobTime => f.write_str("job time"),
            Self::JobCost => f.write_str("job cost"),
        }
    }
}

/// One measure of one policy against the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Position of the policy.
    pub arm: usize,
    /// The measure.
    pub measure: Measure,
    /// Its own value.
    pub own: Option<Estimate>,
    /// That minus the baseline's.
    pub difference: Option<Estimate>,
    /// That divided by the baseline's.
    pub ratio: Option<Estimate>,
    /// How often luck alone makes such a difference.
    pub p: Option<f64>,
    /// The same, corrected for the family.
    pub adjusted: Option<f64>,
    /// What may be said.
    pub verdict: Verdict,
}

/// What nobody who does not know the market can beat on price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The share of requests at whose moment anything could be had.
    pub obtainable: Option<Estimate>,
    /// The cheapest of that, in dollars per hour.
    pub price_hourly: Option<Estimate>,
}

/// The judgement of one study.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Position of the policy the others are compared with.
    pub baseline: usize,
    /// How sure.
    pub level: Level,
    /// The time up to which waits are averaged, in seconds; `None` where nothing was ever placed.
    pub limit: Option<f64>,
    /// One a policy: the mean wait up to the limit, from the Kaplan–Meier curve.
    pub mean_waits: Vec<Option<Estimate>>,
    /// One a policy: its regret.
    pub regrets: Vec<Option<Estimate>>,
    /// The clairvoyant.
    pub bound: Bound,
    /// By policy and measure; none of the baseline's.
    pub rows: Vec<Judged>,
}

/// Judges policies that ran on the same trials. Waits are averaged up to the `horizon`, or to the longest that ended.
pub fn judge(
    arms: &[Arm],
    baseline: usize,
    horizon: Option<Span>,
    level: Level,
    resampling: Resampling,
) -> Result<Judgement, SampleError> {
    let curves: Vec<Option<Curve>> = arms.iter().map(|arm| Curve::new(&observed(&arm.trials))).collect();
    let limit = limit(arms, &curves, horizon);
    let mean_wait = |curve: &Option<Curve>| Some(curve.as_ref()?.restricted_mean(limit?)?.estimate(level));
    let regrets = shared(arms, |arm, at| arm.trials[at].regret_hourly());
    let mut judgement = Judgement {
        baseline,
        level,
        limit,
        mean_waits: curves.iter().map(mean_wait).collect(),
        regrets: regrets.iter().map(|values| mean(values.iter().copied(), level)).collect(),
        bound: bound(arms, level),
        rows: successes(arms, baseline, level),
    };
    let mut times = vec![Statistic::P50, Statistic::P90, Statistic::P99];
    times.extend(limit.map(Statistic::RestrictedMean));
    let mut add = |samples: Vec<Sample>, statistics: &[Statistic], named: fn(Statistic) -> Measure| {
        let samples: Vec<&Sample> = samples.iter().collect();
        let rows = compare(&samples, Comparison { baseline, statistics, resampling, level })?;
        judgement.rows.extend(rows.into_iter().filter(|row| row.sample != baseline).map(|row| Judged {
            arm: row.sample,
            measure: named(row.statistic),
            own: row.own,
            difference: row.difference,
            ratio: row.ratio.filter(tells),
            p: row.p.map(|p| p.p),
            adjusted: None,
            verdict: Verdict::Unclear,
        }));
        Ok(())
    };
    let of = |value: fn(&Trial) -> f64| -> Result<Vec<Sample>, SampleError> {
        arms.iter().map(|arm| Sample::new(arm.trials.iter().map(value).collect())).collect()
    };
    add(arms.iter().map(|arm| waits(&arm.trials)).collect::<Result<_, _>>()?, &times, Measure::Wait)?;
    add(of(|trial| f64::from(trial.attempts))?, &[Statistic::Mean], |_| Measure::Attempts)?;
    add(regrets.into_iter().map(Sample::new).collect::<Result<_, _>>()?, &[Statistic::Mean], |_| Measure::Regret)?;
    add(of(|trial| trial.wasted.as_dollars())?, &[Statistic::Mean], |_| Measure::Wasted)?;
    for (value, named) in jobs::MEANS {
        let values = shared(arms, |arm, at| arm.jobs.get(at)?.as_ref().and_then(value));
        if values.iter().any(|values| !values.is_empty()) {
            add(values.into_iter().map(Sample::new).collect::<Result<_, _>>()?, &[Statistic::Mean], named)?;
        }
    }
    judgement.rows.extend(jobs::late(arms, baseline, level));
    judgement.rows.sort_by_key(|row| row.arm);
    correct(std::slice::from_mut(&mut judgement));
    Ok(judgement)
}

/// Enough resamples for so many policies on so many scenarios told together: a permutation's smallest chance is one in
/// its swaps, and Holm multiplies it by the size of the family, of which it must stay below half the usual 5 %.
pub fn resampling(seed: u64, policies: usize, studies: usize) -> Resampling {
    let family = MEASURES * policies.saturating_sub(1) * studies;
    Resampling { seed, resamples: Resampling::default().resamples.max(40 * family as u32) }
}

/// Rows of a policy: success, four of waits, attempts, regret, waste, three of jobs.
const MEASURES: usize = 11;

/// A factor says nothing where luck alone may bring the baseline to zero: its interval is then open or passes zero.
fn tells(ratio: &Estimate) -> bool {
    ratio.value.is_finite() && ratio.interval.is_none_or(|ends| ends.low > 0.0 && ends.high.is_finite())
}

/// Corrects judgements that are told together as one family.
pub fn correct(judgements: &mut [Judgement]) {
    let tested = || judgements.iter().flat_map(|one| &one.rows).filter_map(|row| row.p);
    let mut adjusted = holm(&tested().collect::<Vec<f64>>()).into_iter();
    for judgement in judgements {
        for row in judgement.rows.iter_mut().filter(|row| row.p.is_some()) {
            row.adjusted = adjusted.next();
            row.verdict = Verdict::of(row.difference, row.adjusted, judgement.level);
        }
    }
}

/// A request that was given up for good is an endless wait; one that a limit cut off might have been placed later.
fn observed(trials: &[Trial]) -> Vec<Wait> {
    let of = |trial: &Trial| {
        let seconds = trial.elapsed.as_secs_f64();
        match trial.outcome {
            Some(Outcome::Placed) => Wait { time: seconds, ended: true },
            None | Some(Outcome::TimedOut | Outcome::TooManyAttempts | Outcome::OverBudget | Outcome::Cancelled) => {
                Wait { time: seconds, ended: false }
            }
            Some(_) => Wait { time: f64::INFINITY, ended: false },
        }
    };
    trials.iter().map(of).collect()
}

/// Up to the horizon, if every curve reaches that far.
fn limit(arms: &[Arm], curves: &[Option<Curve>], horizon: Option<Span>) -> Option<f64> {
    let ended = arms.iter().flat_map(|arm| &arm.trials).filter(|trial| trial.is_placed());
    let longest = ended.map(|trial| trial.elapsed.as_secs_f64()).fold(0.0, f64::max);
    let wanted = horizon.map_or(longest, Span::as_secs_f64);
    let known = |curve: &Curve| {
        let open = curve.steps().last().filter(|step| step.waiting > 0.0);
        open.map_or(f64::INFINITY, |step| step.time)
    };
    let limit = curves.iter().flatten().map(known).fold(wanted, f64::min);
    (longest > 0.0 && limit > 0.0).then_some(limit)
}

/// A number of the requests that every policy has one of, by policy.
fn shared(arms: &[Arm], of: impl Fn(&Arm, usize) -> Option<f64>) -> Vec<Vec<f64>> {
    let requests = arms.iter().map(|arm| arm.trials.len()).min().unwrap_or(0);
    let shared: Vec<usize> = (0..requests).filter(|at| arms.iter().all(|arm| of(arm, *at).is_some())).collect();
    arms.iter().map(|arm| shared.iter().filter_map(|at| of(arm, *at)).collect()).collect()
}

/// Every policy met the same market, so any of them knows what could have been had.
fn bound(arms: &[Arm], level: Level) -> Bound {
    let trials = arms.first().map_or(&[][..], |arm| &arm.trials);
    let cheapest = || trials.iter().filter_map(|trial| trial.cheapest_hourly);
    Bound {
        obtainable: wilson(cheapest().count() as u64, trials.len() as u64, level),
        price_hourly: mean_amount(cheapest().map(Money::as_dollars), level),
    }
}

fn successes(arms: &[Arm], baseline: usize, level: Level) -> Vec<Judged> {
    let pairing = |one: &Arm, against: &Arm| {
        Pairing::of(one.trials.iter().zip(&against.trials).map(|(a, b)| (a.is_placed(), b.is_placed())))
    };
    of_pairs(arms, baseline, Measure::Success, level, pairing)
}

/// A share under each policy against that under the baseline.
fn of_pairs(
    arms: &[Arm],
    baseline: usize,
    measure: Measure,
    level: Level,
    pairing: impl Fn(&Arm, &Arm) -> Pairing,
) -> Vec<Judged> {
    let Some(against) = arms.get(baseline) else { return Vec::new() };
    let of = |(arm, one): (usize, &Arm)| {
        let pairing = pairing(one, against);
        Judged {
            arm,
            measure,
            own: wilson(pairing.both + pairing.first_only, pairing.trials(), level),
            difference: pairing.difference(level),
            ratio: None,
            p: (pairing.trials() > 0).then(|| pairing.mcnemar()),
            adjusted: None,
            verdict: Verdict::Unclear,
        }
    };
    arms.iter().enumerate().filter(|(arm, _)| *arm != baseline).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::policy::PolicyName;
    use crate::sim::JobEnd;

    /// Waits of 1 to 100 seconds times `factor`, every `never`-th never placed, at `dollars`.
    fn arm(policy: PolicyName, factor: u64, never: u64, dollars: f64) -> Arm {
        let trial = |n: u64| {
            let placed = !n.is_multiple_of(never);
            Trial {
                outcome: Some(if placed { Outcome::Placed } else { Outcome::TimedOut }),
                elapsed: if placed { Span::from_secs((n * 37 % 100 + 1) * factor) } else { Span::HOUR },
                attempts: 1 + (n % 3) as u32,
                price_hourly: placed.then(|| Money::from_dollars(dollars)),
                cheapest_hourly: Some(Money::from_dollars(2.0)),
                wasted: Money::ZERO,
            }
        };
        Arm { trials: (1..=200).map(trial).collect(), ..Arm::new(policy) }
    }

    fn judged(judgement: &Judgement, arm: usize, measure: Measure) -> Judged {
        *judgement.rows.iter().find(|row| row.arm == arm && row.measure == measure).expect("a row")
    }

    #[test]
    fn twice_the_wait_is_told_and_a_twin_is_not() {
        let arms = [
            arm(PolicyName::Cheapest, 2, 50, 3.0),
            arm(PolicyName::Random, 4, 50, 3.5),
            arm(PolicyName::Sticky, 2, 50, 3.0),
        ];
        let resampling = resampling(1, 3, 1);
        let judgement = judge(&arms, 0, Some(Span::HOUR), Level::P95, resampling).expect("numbers");
        let slow = judged(&judgement, 1, Measure::Wait(Statistic::P50));
        assert_eq!((slow.verdict, slow.ratio.map(|r| r.value)), (Verdict::Higher, Some(2.0)));
        assert_eq!(judged(&judgement, 1, Measure::Regret).difference.map(|d| d.value), Some(0.5));
        assert!(judgement.rows.iter().filter(|row| row.arm == 2).all(|row| row.verdict == Verdict::Unclear));
        assert!(judgement.rows.iter().all(|row| row.arm != 0), "the baseline is not compared with itself");
        assert_eq!(judgement.bound.price_hourly.map(|e| e.value), Some(2.0));
        assert_eq!(judgement.limit, Some(3600.0));
        let wait = judgement.mean_waits[0].expect("a curve").value;
        assert!((wait - (0.98 * 101.0 + 0.02 * 3600.0)).abs() < 4.0, "{wait}: four in 200 wait an hour");
    }

    #[test]
    fn jobs_are_compared_where_every_policy_has_them() {
        let with = |policy, hours: u64, late: u64| {
            let job = |n: u64| JobEnd {
                took: (n % 10 != 1).then(|| Span::HOUR * (hours + n % 7)),
                missed: Some(n % 100 < late),
                lost: Span(0),
                preemptions: 0,
                recovery_attempts: 0,
                cost: Money::from_dollars(2.0 * hours as f64 + (n % 5) as f64),
            };
            // One in twenty never started under the other policy.
            let started = |n: &u64| hours == 10 || !n.is_multiple_of(20);
            Arm { jobs: (1..=200).map(|n| started(&n).then(|| job(n))).collect(), ..arm(policy, 1, 50, 3.0) }
        };
        let arms = [with(PolicyName::Cheapest, 10, 20), with(PolicyName::Random, 12, 60)];
        let judgement = judge(&arms, 0, None, Level::P95, resampling(1, 2, 1)).expect("numbers");
        let of = |measure| judged(&judgement, 1, measure);
        let near = |judged: Judged, expected: f64| {
            judged.difference.is_some_and(|difference| (difference.value - expected).abs() < 1e-9)
        };
        assert!(near(of(Measure::JobTime), 2.0 * 3600.0), "{:?}", of(Measure::JobTime));
        assert!(near(of(Measure::JobCost), 4.0), "{:?}", of(Measure::JobCost));
        // Of 190 jobs that both started, those with n % 100 in 20..60 but for n % 20 = 0 are late under one only.
        assert!(near(of(Measure::Late), 76.0 / 190.0), "{:?}", of(Measure::Late));
        for measure in [Measure::JobTime, Measure::JobCost, Measure::Late] {
            assert_eq!(of(measure).verdict, Verdict::Higher, "{measure}");
        }
        let without = [arm(PolicyName::Cheapest, 1, 50, 3.0), arm(PolicyName::Random, 1, 50, 3.0)];
        let judgement = judge(&without, 0, None, Level::P95, resampling(1, 2, 1)).expect("numbers");
        let of_jobs = |row: &Judged| matches!(row.measure, Measure::JobTime | Measure::JobCost | Measure::Late);
        assert!(!judgement.rows.iter().any(of_jobs));
    }

    #[test]
    fn judgements_told_together_are_one_family() {
        let arms = [arm(PolicyName::Cheapest, 2, 50, 3.0), arm(PolicyName::Random, 3, 50, 3.0)];
        let resampling = Resampling { seed: 1, resamples: 200 };
        let alone = judge(&arms, 0, None, Level::P95, resampling).expect("numbers");
        let mut together = vec![alone.clone(), alone.clone()];
        correct(&mut together);
        for (one, both) in alone.rows.iter().zip(&together[0].rows) {
            assert!(both.adjusted >= one.adjusted, "{}", one.measure);
        }
        let p = |judgement: &Judgement| judged(judgement, 1, Measure::Wait(Statistic::P50)).adjusted;
        assert!(p(&together[0]) > p(&alone));
    }

    #[test]
    fn nothing_placed_is_no_error() {
        let arms = [arm(PolicyName::Cheapest, 1, 1, 1.0), arm(PolicyName::Random, 1, 1, 1.0)];
        let judgement = judge(&arms, 0, None, Level::P95, Resampling { seed: 1, resamples: 50 }).expect("numbers");
        assert_eq!((judgement.limit, judgement.mean_waits[0]), (None, None));
        assert!(judgement.rows.iter().all(|row| row.verdict == Verdict::Unclear));
    }
}
