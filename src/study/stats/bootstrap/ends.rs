//! The ends of a `BCa` interval, from replicates and jackknife values.
//!
//! **Invariant:** the ends are replicates themselves, never interpolated, so infinite ones need no arithmetic; an
//! undefined replicate counts as the least towards the lower end and as the most towards the upper one.

use std::cmp::Ordering;

use crate::study::stats::normal;

use super::{Interval, Level};

/// The interval around `value`, widened to contain it where the correction moved past it.
pub(super) fn interval(
    value: f64,
    mut replicates: Vec<f64>,
    jackknife: &[f64],
    level: Level,
    range: Interval,
) -> Interval {
    // By total order NaN of either sign would land at either end; made positive, all of them come last.
    replicates.iter_mut().filter(|r| r.is_nan()).for_each(|r| *r = f64::NAN);
    replicates.sort_unstable_by(f64::total_cmp);
    let defined = replicates.iter().rposition(|r| !r.is_nan()).map_or(0, |last| last + 1);
    let (known, unknown) = (&replicates[..defined], replicates.len() - defined);
    let bias = bias(value, known, unknown);
    let acceleration = acceleration(jackknife);
    let total = replicates.len() as f64;
    let rank = |z: f64| (total + 1.0) * corrected(z, bias, acceleration);
    let low = clamp_rank(rank(-level.z()).floor(), replicates.len());
    let high = clamp_rank(rank(level.z()).ceil(), replicates.len());
    let low = low.checked_sub(unknown).map_or(range.low, |at| known[at]);
    let high = known.get(high).copied().unwrap_or(range.high);
    Interval { low: low.min(value), high: high.max(value) }
}

/// From a rank counted from 1 to an index.
fn clamp_rank(rank: f64, len: usize) -> usize {
    (rank.max(1.0) as usize).min(len) - 1
}

/// The chance, among replicates, that belongs to `z` after both corrections.
fn corrected(z: f64, bias: f64, acceleration: f64) -> f64 {
    let shifted = bias + z;
    let stretch = 1.0 - acceleration * shifted;
    if stretch > 0.0 {
        normal::cdf(bias + shifted / stretch)
    } else if shifted > 0.0 {
        1.0
    } else {
        0.0
    }
}

/// How far the value sits from the middle of its replicates, in standard deviations. Ties count half, since waits are
/// often equal; all to one side counts as half a replicate on the other, so that the result is finite.
fn bias(value: f64, known: &[f64], unknown: usize) -> f64 {
    let halves = |replicate: &f64| match replicate.total_cmp(&value) {
        Ordering::Less => 2,
        Ordering::Equal => 1,
        Ordering::Greater => 0,
    };
    let below = known.iter().map(halves).sum::<usize>() + unknown;
    let total = 2.0 * (known.len() + unknown) as f64;
    normal::quantile((below as f64).clamp(1.0, total - 1.0) / total)
}

/// How fast the standard error changes with the value: a sixth of the skewness of the jackknife values. Zero where
/// one of them is infinite or undefined, or all are equal.
pub(in crate::study::stats) fn acceleration(jackknife: &[f64]) -> f64 {
    let mean = jackknife.iter().sum::<f64>() / jackknife.len() as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in jackknife {
        let below = mean - value;
        squares += below * below;
        cubes += below * below * below;
    }
    let acceleration = cubes / (6.0 * squares * squares.sqrt());
    if acceleration.is_finite() { acceleration } else { 0.0 }
}
