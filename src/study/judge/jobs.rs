//! What became of jobs, policy against policy.
//!
//! **Invariant:** only requests are paired whose job every policy has started, or done.

use super::{Judged, Measure, of_pairs};
use crate::model::Span;
use crate::sim::JobEnd;
use crate::study::Arm;
use crate::study::stats::{Level, Pairing, Statistic};

/// A number of a job, and what its mean is called.
type Mean = (fn(&JobEnd) -> Option<f64>, fn(Statistic) -> Measure);

/// The means that are compared.
pub(super) const MEANS: [Mean; 2] = [
    (|job| job.took.map(Span::as_secs_f64), |_| Measure::JobTime),
    (|job| Some(job.cost.as_dollars()), |_| Measure::JobCost),
];

/// Deadlines missed, of the jobs that have one under both policies; nothing where there are none.
pub(super) fn late(arms: &[Arm], baseline: usize, level: Level) -> Vec<Judged> {
    let missed = |job: &Option<JobEnd>| job.and_then(|job| job.missed);
    let pairing = |one: &Arm, against: &Arm| {
        Pairing::of(one.jobs.iter().zip(&against.jobs).filter_map(|(a, b)| Some((missed(a)?, missed(b)?))))
    };
    let mut judged = of_pairs(arms, baseline, Measure::Late, level, pairing);
    judged.retain(|row| row.p.is_some());
    judged
}
