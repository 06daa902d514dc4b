//! The jobs of many trials, summed up.

use crate::model::Span;
use crate::sim::{JobEnd, JobsDigest};

use super::stats::{Estimate, Level, mean_amount, wilson};
use super::summary::{MILLION, amount_in};

/// What became of the jobs that a policy found machines for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobSummary {
    /// How many.
    pub jobs: usize,
    /// The share that was done.
    pub done: Option<Estimate>,
    /// The share that was not done by its deadline, of those that have one.
    pub missed: Option<Estimate>,
    /// Seconds from arrival until all work was done, of those that were.
    pub took: Option<Estimate>,
    /// Seconds of work a job lost with its machines.
    pub lost: Option<Estimate>,
    /// How often a job's machines were taken back.
    pub preemptions: Option<Estimate>,
    /// Launch calls a job needed to find new machines.
    pub recovery_attempts: Option<Estimate>,
    /// Dollars a job's machines cost.
    pub cost: Option<Estimate>,
}

/// Sums up jobs, with intervals at this level; `None` without any.
pub fn summarise_jobs(jobs: &[JobEnd], level: Level) -> Option<JobSummary> {
    if jobs.is_empty() {
        return None;
    }
    let count = |of: &dyn Fn(&JobEnd) -> bool| jobs.iter().filter(|job| of(job)).count() as u64;
    let bound = count(&|job| job.missed.is_some());
    Some(JobSummary {
        jobs: jobs.len(),
        done: wilson(count(&|job| job.took.is_some()), jobs.len() as u64, level),
        missed: wilson(count(&|job| job.missed == Some(true)), bound, level).filter(|_| bound > 0),
        took: mean_amount(jobs.iter().filter_map(|job| job.took).map(Span::as_secs_f64), level),
        lost: mean_amount(jobs.iter().map(|job| job.lost.as_secs_f64()), level),
        preemptions: mean_amount(jobs.iter().map(|job| f64::from(job.preemptions)), level),
        recovery_attempts: mean_amount(jobs.iter().map(|job| f64::from(job.recovery_attempts)), level),
        cost: mean_amount(jobs.iter().map(|job| job.cost.as_dollars()), level),
    })
}

/// The same of jobs that were summed up while they went by.
pub(super) fn summarise_digest(jobs: &JobsDigest, level: Level) -> Option<JobSummary> {
    let count = jobs.count();
    (count > 0).then(|| JobSummary {
        jobs: count as usize,
        done: wilson(jobs.took.count(), count, level),
        missed: wilson(jobs.missed, jobs.bound, level).filter(|_| jobs.bound > 0),
        took: amount_in(&jobs.took, MILLION, level),
        lost: amount_in(&jobs.lost, MILLION, level),
        preemptions: amount_in(&jobs.preemptions, 1.0, level),
        recovery_attempts: amount_in(&jobs.recovery_attempts, 1.0, level),
        cost: amount_in(&jobs.cost, MILLION, level),
    })
}
