//! Permutation tests for pairs: is the difference more than what swapping sides at random would make?
//!
//! **Invariant:** exact up to [`EXACT_PAIRS`] unequal pairs, else a count over random swaps that never claims a chance of 0;
//! either way the same for any number of threads.

mod flips;
mod swaps;

use rayon::prelude::*;

use super::stream::{Purpose, Stream};
use super::{Resampling, Sample, SampleError, Statistic};

#[cfg(test)]
pub(super) use swaps::Swaps;

/// Up to this many unequal pairs all 2ⁿ swaps are tried.
pub const EXACT_PAIRS: usize = 16;

/// The chance of a difference at least as large, in either direction, if sides were exchangeable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PValue {
    /// The chance; with random swaps (1 + as large) / (1 + swaps), which is valid at every level (Phipson, Smyth 2010).
    pub p: f64,
    /// Whether all swaps were tried.
    pub exact: bool,
}

/// Tests whether finite paired differences are symmetric around zero, by their sum, swapping signs. `None` without
/// differences or if one is not finite.
pub fn sign_flip(differences: &[f64], resampling: Resampling) -> Option<PValue> {
    if differences.is_empty() || !differences.iter().all(|d| d.is_finite()) {
        return None;
    }
    // Equal pairs stay equal whichever way they are swapped.
    let unequal: Vec<f64> = differences.iter().copied().filter(|d| d.abs() > 0.0).collect();
    let flips = flips::Flips::new(&unequal);
    Some(chance(unequal.len(), resampling, |coins| flips.sum(coins)))
}

/// Tests whether two policies are exchangeable within the pairs, by the difference of a statistic, swapping sides.
/// `None` without trials or where the statistic is undefined.
pub fn swap_test(
    a: &Sample,
    b: &Sample,
    statistic: Statistic,
    resampling: Resampling,
) -> Result<Option<PValue>, SampleError> {
    if a.len() != b.len() {
        return Err(SampleError::Unpaired { first: a.len(), other: b.len() });
    }
    let limit = match statistic {
        Statistic::Quantile(q) => return Ok(swap_quantiles(a, b, q, resampling)),
        Statistic::RestrictedMean(limit) => limit,
        Statistic::Mean => f64::INFINITY,
    };
    let differences: Vec<f64> = pairs(a, b).map(|(a, b)| a.min(limit) - b.min(limit)).collect();
    Ok(sign_flip(&differences, resampling))
}

fn swap_quantiles(a: &Sample, b: &Sample, q: f64, resampling: Resampling) -> Option<PValue> {
    let swaps = swaps::Swaps::new(pairs(a, b), q)?;
    Some(chance(swaps.unequal(), resampling, |coins| swaps.difference(coins)))
}

fn pairs<'a>(a: &'a Sample, b: &'a Sample) -> impl ExactSizeIterator<Item = (f64, f64)> + 'a {
    a.values().iter().copied().zip(b.values().iter().copied())
}

/// The share of swaps whose difference is at least that of no swap. Coin `i` is bit `i` of the words, 1 for swapped;
/// bits past the coins are 0.
fn chance(coins: usize, resampling: Resampling, difference: impl Fn(&[u64]) -> f64 + Sync) -> PValue {
    let words = coins / 64 + 1;
    // The tolerance makes a tie of what differs by rounding alone, and a tie counts.
    let observed = difference(&vec![0; words]).abs() * (1.0 - 1e-12);
    if coins <= EXACT_PAIRS {
        let all = 1u64 << coins;
        let hits = (0..all).into_par_iter().filter(|pattern| difference(&[*pattern]).abs() >= observed).count();
        return PValue { p: hits as f64 / all as f64, exact: true };
    }
    let throw = |thrown: &mut Vec<u64>, index: u32| {
        let mut stream = Stream::new(resampling.seed, Purpose::Permute, u64::from(index));
        for word in thrown.iter_mut() {
            *word = stream.bits();
        }
        thrown[words - 1] &= (1 << (coins % 64)) - 1;
        usize::from(difference(thrown).abs() >= observed)
    };
    let hits: usize = (0..resampling.resamples).into_par_iter().map_init(|| vec![0; words], throw).sum();
    PValue { p: (1 + hits) as f64 / (1.0 + f64::from(resampling.resamples)), exact: false }
}
