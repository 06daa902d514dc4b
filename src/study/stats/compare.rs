//! Several policies against one of them, on the same trials: the rows of a comparison table.
//!
//! **Invariant:** every row is corrected for all rows of the table, so adding a policy or a statistic can turn a
//! difference into `~`, never the other way round.

use super::{
    Bootstrap, Contrast, Estimate, Level, PValue, Resampling, Sample, SampleError, Statistic, Verdict, holm, swap_test,
};

/// What to compare, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison<'a> {
    /// Index of the policy the others are compared with.
    pub baseline: usize,
    /// What is compared.
    pub statistics: &'a [Statistic],
    /// The luck it is judged by.
    pub resampling: Resampling,
    /// How sure to be.
    pub level: Level,
}

/// One statistic of one policy. The baseline's rows have nothing to compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Index of the policy.
    pub sample: usize,
    /// The statistic.
    pub statistic: Statistic,
    /// Its value with its `BCa` interval.
    pub own: Option<Estimate>,
    /// Its value minus the baseline's.
    pub difference: Option<Estimate>,
    /// Its value divided by the baseline's.
    pub ratio: Option<Estimate>,
    /// By permutation within the pairs.
    pub p: Option<PValue>,
    /// The p-value after Holm's correction over the table.
    pub adjusted: Option<f64>,
    /// What may be said.
    pub verdict: Verdict,
}

/// Compares. One row a policy and statistic, in the order given.
///
/// The p-value asks whether the policies are exchangeable within the pairs, the interval how far apart the statistic
/// is; the verdict needs both, see [`Verdict`].
pub fn compare(samples: &[&Sample], comparison: Comparison<'_>) -> Result<Vec<Row>, SampleError> {
    let Comparison { baseline, statistics, resampling, level } = comparison;
    let bootstrap = Bootstrap::run(samples, statistics, resampling)?;
    let mut rows = Vec::with_capacity(samples.len() * statistics.len());
    for (sample, values) in samples.iter().enumerate() {
        for (at, statistic) in statistics.iter().enumerate() {
            let against = samples.get(baseline).filter(|_| sample != baseline);
            let contrast = |how| against.and_then(|_| bootstrap.contrast(how, sample, baseline, at, level));
            let p = match against {
                Some(other) => swap_test(values, other, *statistic, resampling)?,
                None => None,
            };
            rows.push(Row {
                sample,
                statistic: *statistic,
                own: bootstrap.estimate(sample, at, level),
                difference: contrast(Contrast::Difference),
                ratio: contrast(Contrast::Ratio),
                p,
                adjusted: None,
                verdict: Verdict::Unclear,
            });
        }
    }
    judge(&mut rows, level);
    Ok(rows)
}

fn judge(rows: &mut [Row], level: Level) {
    let tested: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].p.is_some()).collect();
    let p_values: Vec<f64> = tested.iter().filter_map(|at| rows[*at].p).map(|p| p.p).collect();
    for (at, adjusted) in tested.into_iter().zip(holm(&p_values)) {
        rows[at].adjusted = Some(adjusted);
        rows[at].verdict = Verdict::of(rows[at].difference, Some(adjusted), level);
    }
}
