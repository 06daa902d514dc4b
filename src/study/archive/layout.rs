//! What the cells of a row mean.
//!
//! **Invariant:** what is read from a row is what it was written from.

use crate::engine::policy::PolicyName;
use crate::model::{Money, Outcome, Span};
use crate::sim::JobEnd;

use super::file::NEVER;
use crate::study::{Arm, KEPT, Trial};

/// What the rows of a file hold: for every point, its requests' cheapest prices, then for every policy the leases left
/// behind and for every request how it ended, its wait, its calls, its price and its waste, and what became of its job if the
/// sweep has jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Points of the sweep.
    pub points: usize,
    /// The policies.
    pub policies: Vec<PolicyName>,
    /// Requests of a trial.
    pub demands: usize,
    /// True if any request has a job.
    pub has_jobs: bool,
}

/// So many requests take about the memory of a digest.
const LEAST_KEPT: usize = 4096;

/// Cells of a request under a policy.
const CELLS: usize = 5;
/// Cells of its job.
const JOB_CELLS: usize = 6;

impl Layout {
    /// Cells of a row.
    pub fn width(&self) -> usize {
        let each = if self.has_jobs { CELLS + JOB_CELLS } else { CELLS };
        self.points * (self.demands + self.policies.len() * (1 + self.demands * each))
    }

    /// Requests of one trial, of all policies at all points.
    pub fn requests(&self) -> usize {
        self.points.saturating_mul(self.policies.len()).saturating_mul(self.demands)
    }

    /// Requests of a policy at a point that are kept one by one. A digest takes no less than some thousands.
    pub fn keep(&self) -> usize {
        (KEPT / self.points.saturating_mul(self.policies.len()).max(1)).max(LEAST_KEPT)
    }

    /// The rows of trials, one after the other; `points` holds each point's policies.
    pub fn rows<E>(&self, points: &[Vec<Arm>], mut write: impl FnMut(&[u64]) -> Result<(), E>) -> Result<(), E> {
        let trials = points.iter().flatten().map(|arm| arm.orphans.len()).min().unwrap_or(0);
        let mut row = Vec::with_capacity(self.width());
        for trial in 0..trials {
            row.clear();
            for arms in points {
                self.write(arms, trial, &mut row);
            }
            write(&row)?;
        }
        Ok(())
    }

    fn write(&self, arms: &[Arm], trial: usize, row: &mut Vec<u64>) {
        let requests = trial * self.demands..(trial + 1) * self.demands;
        let money = |money: Option<Money>| money.map_or(NEVER, |money| money.0 as u64);
        let market = arms.iter().take(1).flat_map(|arm| &arm.trials[requests.clone()]);
        row.extend(market.map(|request| money(request.cheapest_hourly)));
        for arm in arms {
            row.push(u64::from(arm.orphans[trial]));
            for (demand, request) in arm.trials[requests.clone()].iter().enumerate() {
                let known = Outcome::ALL.iter().position(|outcome| Some(*outcome) == request.outcome);
                row.extend([known.map_or(NEVER, |at| at as u64), request.elapsed.0, u64::from(request.attempts)]);
                row.extend([money(request.price_hourly), request.wasted.0 as u64]);
                if self.has_jobs {
                    // A scenario of the sweep may have no jobs where another has.
                    row.extend(job_cells(arm.jobs.get(trial * self.demands + demand).copied().flatten()));
                }
            }
        }
    }

    /// Arms without trials, to read rows into.
    pub fn empty(&self) -> Vec<Vec<Arm>> {
        (0..self.points).map(|_| self.policies.iter().copied().map(Arm::new).collect()).collect()
    }

    /// Adds what a row was written from, as far as it was kept; `None` for a row of another layout.
    pub fn read_row(&self, row: &[u64], points: &mut [Vec<Arm>]) -> Option<()> {
        let mut cells = row.iter().copied();
        points.iter_mut().try_for_each(|arms| self.read(arms, &mut cells))?;
        cells.next().is_none().then_some(())
    }

    fn read(&self, arms: &mut [Arm], cells: &mut impl Iterator<Item = u64>) -> Option<()> {
        let money = |cell: u64| (cell != NEVER).then_some(Money(cell as i64));
        let cheapest = (0..self.demands).map(|_| cells.next().map(money)).collect::<Option<Vec<_>>>()?;
        for arm in arms {
            let orphans = u32::try_from(cells.next()?).ok()?;
            arm.orphans.push(orphans);
            arm.watch.orphans += u64::from(orphans);
            arm.watch.trials += 1;
            for cheapest_hourly in &cheapest {
                let outcome = match cells.next()? {
                    NEVER => None,
                    at => Some(*Outcome::ALL.get(at as usize)?),
                };
                arm.trials.push(Trial {
                    outcome,
                    elapsed: Span(cells.next()?),
                    attempts: u32::try_from(cells.next()?).ok()?,
                    price_hourly: money(cells.next()?),
                    cheapest_hourly: *cheapest_hourly,
                    wasted: Money(cells.next()? as i64),
                });
                if self.has_jobs {
                    read_job(cells, &mut arm.jobs)?;
                }
            }
        }
        Some(())
    }
}

/// Whether there is a job and a deadline, when it was done, what it lost, how often, the calls and the cost.
fn job_cells(job: Option<JobEnd>) -> [u64; JOB_CELLS] {
    let Some(job) = job else { return [0; JOB_CELLS] };
    let kind = match job.missed {
        None => 1,
        Some(false) => 2,
        Some(true) => 3,
    };
    let took = job.took.map_or(NEVER, |took| took.0);
    let (preemptions, calls) = (u64::from(job.preemptions), u64::from(job.recovery_attempts));
    [kind, took, job.lost.0, preemptions, calls, job.cost.0 as u64]
}

/// Adds what [`job_cells`] wrote; `None` if that cannot have been.
fn read_job(cells: &mut impl Iterator<Item = u64>, into: &mut Vec<Option<JobEnd>>) -> Option<()> {
    let mut next = || cells.next();
    let (kind, took, lost) = (next()?, next()?, next()?);
    let (preemptions, calls, cost) = (next()?, next()?, next()?);
    let missed = match kind {
        0 => {
            into.push(None);
            return Some(());
        }
        1 => None,
        2 => Some(false),
        3 => Some(true),
        _ => return None,
    };
    into.push(Some(JobEnd {
        took: (took != NEVER).then_some(Span(took)),
        missed,
        lost: Span(lost),
        preemptions: u32::try_from(preemptions).ok()?,
        recovery_attempts: u32::try_from(calls).ok()?,
        cost: Money(cost as i64),
    }));
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trial() -> impl Strategy<Value = Trial> {
        let money = || prop::option::of(0i64..1 << 40).prop_map(|m| m.map(Money));
        (prop::option::of(0usize..10), any::<u32>(), any::<u32>(), money(), 0i64..1 << 40).prop_map(
            |(outcome, elapsed, attempts, price_hourly, wasted)| Trial {
                outcome: outcome.map(|at| Outcome::ALL[at]),
                elapsed: Span(u64::from(elapsed)),
                attempts,
                price_hourly,
                cheapest_hourly: Some(Money(7)),
                wasted: Money(wasted),
            },
        )
    }

    fn ended() -> impl Strategy<Value = Option<JobEnd>> {
        let numbers = (prop::option::of(any::<u32>()), prop::option::of(any::<bool>()), any::<[u32; 4]>());
        let job = |(took, missed, [lost, preemptions, recovery_attempts, cost]): (Option<u32>, _, [u32; 4])| JobEnd {
            took: took.map(|took| Span(u64::from(took))),
            missed,
            lost: Span(u64::from(lost)),
            preemptions,
            recovery_attempts,
            cost: Money(i64::from(cost)),
        };
        prop::option::of(numbers.prop_map(job))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            all in prop::collection::vec(trial(), 16),
            jobs in prop::collection::vec(ended(), 16),
            has_jobs: bool,
        ) {
            let jobs = if has_jobs { jobs } else { Vec::new() };
            let layout = Layout { points: 1, policies: vec![PolicyName::Cheapest], demands: 2, has_jobs };
            let mut arm = Arm::new(PolicyName::Cheapest);
            (arm.trials, arm.jobs, arm.orphans) = (all.clone(), jobs.clone(), vec![1; 8]);
            let (mut points, mut rows) = (layout.empty(), 0);
            let read = |row: &[u64]| {
                rows += 1;
                assert_eq!(row.len(), layout.width());
                layout.read_row(row, &mut points).ok_or(())
            };
            layout.rows(&[vec![arm]], read).expect("the layout");
            prop_assert_eq!(rows, 8);
            let arm = &points[0][0];
            prop_assert_eq!((&arm.trials, &arm.jobs, arm.watch.orphans), (&all, &jobs, 8));
            let (mut long, mut none) = (vec![0; layout.width() + 1], layout.empty());
            prop_assert_eq!(layout.read_row(&long, &mut none), None);
            long.truncate(layout.width() - 1);
            prop_assert_eq!(layout.read_row(&long, &mut layout.empty()), None);
        }
    }
}
