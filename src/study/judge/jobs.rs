//! What became of jobs, policy against policy.
//!
//! **Invariant:** only requests are paired whose job every policy has started, or done.

use super::{Judged, Measure};
use crate::model::Span;
use crate::sim::JobEnd;
use crate::study::Arm;
use crate::study::stats::{Level, Pairing, Statistic, Verdict, wilson};

/// A number of a job, and what its mean is called.
type Mean = (fn(&JobEnd) -> Option<f64>, fn(Statistic) -> Measure);

/// The means that are compared.
pub(super) const MEANS: [Mean; 2] = [
    (|job| job.took.map(Span::as_secs_f64), |_| Measure::JobTime),
    (|job| Some(job.cost.as_dollars()), |_| Measure::JobCost),
];

/// Deadlines missed, of the jobs that have one under both policies.
pub(super) fn late(arms: &[Arm], baseline: usize, level: Level) -> Vec<Judged> {
    let Some(against) = arms.get(baseline) else { return Vec::new() };
    let missed = |job: &Option<JobEnd>| job.and_then(|job| job.missed);
    let of = |(arm, one): (usize, &Arm)| {
        let pairs = one.jobs.iter().zip(&against.jobs).filter_map(|(a, b)| Some((missed(a)?, missed(b)?)));
        let pairing = Pairing::of(pairs);
        (pairing.trials() > 0).then(|| Judged {
            arm,
            measure: Measure::Late,
            own: wilson(pairing.both + pairing.first_only, pairing.trials(), level),
            difference: pairing.difference(level),
            ratio: None,
            p: Some(pairing.mcnemar()),
            adjusted: None,
            verdict: Verdict::Unclear,
        })
    };
    arms.iter().enumerate().filter(|(arm, _)| *arm != baseline).filter_map(of).collect()
}

/// A number of the jobs that it can be told of under every policy, by policy; `None` if there are none.
pub(super) fn shared(arms: &[Arm], of: fn(&JobEnd) -> Option<f64>) -> Option<Vec<Vec<f64>>> {
    let requests = arms.iter().map(|arm| arm.jobs.len()).min().unwrap_or(0);
    let value = |arm: &Arm, at: usize| arm.jobs[at].as_ref().and_then(of);
    let shared: Vec<usize> = (0..requests).filter(|at| arms.iter().all(|arm| value(arm, *at).is_some())).collect();
    let values = |arm: &Arm| shared.iter().filter_map(|at| value(arm, *at)).collect();
    (!shared.is_empty()).then(|| arms.iter().map(values).collect())
}
