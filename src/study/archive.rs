//! Trials as files: what a piece of a sweep writes, and what pieces are put together from.
//!
//! **Invariant:** a file is one line of JSON that says what was run, the same for every piece, and the trials that this
//! piece ran; so merged pieces are, byte for byte, the file of the whole.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::engine::policy::PolicyName;
use crate::model::{Money, Outcome, Span};
use crate::sim::JobEnd;

use super::stats::{NEVER, Table, TableError};
use super::{Arm, Trial};

/// What the rows of a table hold: for every point, its requests' cheapest prices, then for every policy the leases left
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

/// Cells of a request under a policy.
const CELLS: usize = 5;
/// Cells of its job.
const JOB_CELLS: usize = 6;

const OUTCOMES: [Outcome; 10] = [
    Outcome::Placed,
    Outcome::Infeasible,
    Outcome::NoCapacity,
    Outcome::NoQuota,
    Outcome::NotAuthorized,
    Outcome::Invalid,
    Outcome::TimedOut,
    Outcome::TooManyAttempts,
    Outcome::OverBudget,
    Outcome::Cancelled,
];

impl Layout {
    /// Cells of a row.
    pub fn width(&self) -> usize {
        let each = if self.has_jobs { CELLS + JOB_CELLS } else { CELLS };
        self.points * (self.demands + self.policies.len() * (1 + self.demands * each))
    }

    /// The table of these trials; `points` holds each point's policies.
    pub fn table(&self, header: &str, points: &[Vec<Arm>], trials: Range<u64>) -> Result<Table, TableError> {
        let mut table = Table::new(Sha256::digest(header).into(), self.width(), trials.start);
        let mut row = Vec::with_capacity(self.width());
        for trial in 0..(trials.end - trials.start) as usize {
            row.clear();
            for arms in points {
                self.write(arms, trial, &mut row);
            }
            table.push(&row)?;
        }
        Ok(table)
    }

    fn write(&self, arms: &[Arm], trial: usize, row: &mut Vec<u64>) {
        let of = |arm: &Arm| arm.trials[trial * self.demands..(trial + 1) * self.demands].to_vec();
        let money = |money: Option<Money>| money.map_or(NEVER, |money| money.0 as u64);
        row.extend(arms.first().iter().flat_map(|arm| of(arm)).map(|request| money(request.cheapest_hourly)));
        for arm in arms {
            row.push(u64::from(arm.orphans[trial]));
            for (demand, request) in of(arm).into_iter().enumerate() {
                let known = OUTCOMES.iter().position(|outcome| Some(*outcome) == request.outcome);
                row.extend([known.map_or(NEVER, |at| at as u64), request.elapsed.0, u64::from(request.attempts)]);
                row.extend([money(request.price_hourly), request.wasted.0 as u64]);
                if self.has_jobs {
                    // A scenario of the sweep may have no jobs where another has.
                    row.extend(job_cells(arm.jobs.get(trial * self.demands + demand).copied().flatten()));
                }
            }
        }
    }

    /// What [`Layout::table`] was made from, as far as it was kept; `None` for a table of another layout.
    pub fn points(&self, table: &Table) -> Option<Vec<Vec<Arm>>> {
        let mut points: Vec<Vec<Arm>> =
            (0..self.points).map(|_| self.policies.iter().copied().map(Arm::new).collect()).collect();
        for row in table.rows() {
            let mut cells = row.iter().copied();
            for arms in &mut points {
                self.read(arms, &mut cells)?;
            }
            if cells.next().is_some() {
                return None;
            }
        }
        Some(points)
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
                    at => Some(*OUTCOMES.get(at as usize)?),
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

/// A file: its line of JSON and its table.
pub fn encode(header: &str, table: &Table) -> Vec<u8> {
    let mut bytes = header.as_bytes().to_vec();
    bytes.push(b'\n');
    bytes.extend(table.encode());
    bytes
}

/// Reads what [`encode`] wrote.
pub fn decode(bytes: &[u8]) -> Result<(String, Table), TableError> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(TableError::Damaged)?;
    let header = std::str::from_utf8(&bytes[..end]).map_err(|_| TableError::Damaged)?;
    let table = Table::decode(&bytes[end + 1..])?;
    let intact = *table.study() == <[u8; 32]>::from(Sha256::digest(header));
    if intact { Ok((header.to_owned(), table)) } else { Err(TableError::Damaged) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trial() -> impl Strategy<Value = Trial> {
        let money = || prop::option::of(0i64..1 << 40).prop_map(|m| m.map(Money));
        (prop::option::of(0usize..10), any::<u32>(), any::<u32>(), money(), 0i64..1 << 40).prop_map(
            |(outcome, elapsed, attempts, price_hourly, wasted)| Trial {
                outcome: outcome.map(|at| OUTCOMES[at]),
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
        fn what_is_written_is_read_and_pieces_make_the_whole(
            all in prop::collection::vec(trial(), 16),
            jobs in prop::collection::vec(ended(), 16),
            has_jobs: bool,
            cut in 1u64..7,
        ) {
            let jobs = if has_jobs { jobs } else { Vec::new() };
            let layout = Layout { points: 1, policies: vec![PolicyName::Cheapest], demands: 2, has_jobs };
            let arm = |range: Range<u64>| {
                let mut arm = Arm::new(PolicyName::Cheapest);
                arm.trials = all[range.start as usize * 2..range.end as usize * 2].to_vec();
                arm.jobs = jobs.get(range.start as usize * 2..range.end as usize * 2).unwrap_or_default().to_vec();
                arm.orphans = vec![1; (range.end - range.start) as usize];
                vec![vec![arm]]
            };
            let table = |range: Range<u64>| layout.table("{}", &arm(range.clone()), range).expect("rows");
            let whole = table(0..8);
            let pieces = vec![table(cut..8), table(0..cut)];
            prop_assert_eq!(encode("{}", &Table::merge(pieces, 8).expect("all")), encode("{}", &whole));
            let (header, read) = decode(&encode("{}", &whole)).expect("intact");
            prop_assert_eq!(header, "{}");
            let points = layout.points(&read).expect("the layout");
            prop_assert_eq!(&points[0][0].trials, &all);
            prop_assert_eq!(&points[0][0].jobs, &jobs);
            prop_assert_eq!(points[0][0].watch.orphans, 8);
        }
    }

    #[test]
    fn a_line_that_was_changed_is_noticed() {
        let layout = Layout { points: 0, policies: Vec::new(), demands: 0, has_jobs: false };
        let mut bytes = encode("{1}", &layout.table("{1}", &[], 0..0).expect("nothing"));
        bytes[1] = b'2';
        assert_eq!(decode(&bytes), Err(TableError::Damaged));
        assert_eq!(decode(b"no line"), Err(TableError::Damaged));
    }
}
