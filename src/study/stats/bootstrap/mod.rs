//! Bootstrap intervals, bias-corrected and accelerated (`BCa`, Efron 1987), for one sample or a pair.
//!
//! **Invariant:** the `b`-th resample draws the same trials for every sample, whichever samples there are and on
//! however many threads; so differences are paired, and adding a policy moves nobody else's interval.

mod contrast;
mod ends;
mod prepared;

use rayon::prelude::*;

use super::stream::{Purpose, Stream};
use super::{Estimate, Interval, Level, Sample, SampleError, Statistic};

pub use contrast::Contrast;
#[cfg(test)]
pub(super) use ends::acceleration;
pub(super) use prepared::Prepared;

/// How luck is used to judge luck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// The same seed, the same bits.
    pub seed: u64,
    /// How many resamples, or permutations. 2,000 keep the ends of a 95 % interval within about 3 % of its width from
    /// those of infinitely many.
    pub resamples: u32,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { seed: 0, resamples: 2000 }
    }
}

/// Several samples of the same trials, resampled together.
#[derive(Debug)]
pub struct Bootstrap<'a> {
    samples: Vec<Prepared<'a>>,
    statistics: usize,
    trials: usize,
    /// One row a resample: each sample's statistics. NaN where a statistic is undefined.
    replicates: Vec<f64>,
}

impl<'a> Bootstrap<'a> {
    /// Resamples trials with replacement and computes every statistic of every sample each time. Takes time in
    /// proportion to trials × samples × resamples, about 1 ns each.
    pub fn run(samples: &[&'a Sample], statistics: &[Statistic], resampling: Resampling) -> Result<Self, SampleError> {
        let trials = samples.first().map_or(0, |sample| sample.len());
        if let Some(other) = samples.iter().map(|s| s.len()).find(|len| *len != trials) {
            return Err(SampleError::Unpaired { first: trials, other });
        }
        let samples: Vec<_> = samples.iter().map(|sample| Prepared::new(sample, statistics)).collect();
        let width = samples.len() * statistics.len();
        let rows = if trials > 1 { resampling.resamples as usize } else { 0 };
        let mut replicates = vec![0.0; width * rows];
        if width > 0 {
            let draw = |counts: &mut Vec<u16>, (index, row): (usize, &mut [f64])| {
                Stream::new(resampling.seed, Purpose::Resample, index as u64).draw_counts(counts);
                for (sample, values) in samples.iter().zip(row.chunks_exact_mut(statistics.len())) {
                    sample.evaluate(counts, values);
                }
            };
            replicates.par_chunks_exact_mut(width).enumerate().for_each_init(|| vec![0; trials], draw);
        }
        Ok(Self { samples, statistics: statistics.len(), trials, replicates })
    }

    /// A statistic of one sample, both by their positions in what was given to [`Bootstrap::run`]. `None` where the
    /// statistic is undefined.
    pub fn estimate(&self, sample: usize, statistic: usize, level: Level) -> Option<Estimate> {
        let value = self.samples[sample].original(statistic);
        let jackknife = || self.samples[sample].leave_one_out(statistic);
        let everything = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
        self.judge(value, self.column(sample, statistic).collect(), jackknife, level, everything)
    }

    /// How sample `a` compares with sample `b` on the same trials. `None` where that is undefined: both never, or 0/0.
    pub fn contrast(&self, contrast: Contrast, a: usize, b: usize, statistic: usize, level: Level) -> Option<Estimate> {
        let value = contrast.of(self.samples[a].original(statistic), self.samples[b].original(statistic));
        let pairs = self.column(a, statistic).zip(self.column(b, statistic));
        let jackknife = || {
            let (of_a, of_b) = (self.samples[a].leave_one_out(statistic), self.samples[b].leave_one_out(statistic));
            of_a.into_iter().zip(of_b).map(|(a, b)| contrast.of(a, b)).collect()
        };
        self.judge(value, pairs.map(|(a, b)| contrast.of(a, b)).collect(), jackknife, level, contrast.range())
    }

    fn column(&self, sample: usize, statistic: usize) -> impl Iterator<Item = f64> + '_ {
        let width = (self.samples.len() * self.statistics).max(1);
        let at = sample * self.statistics + statistic;
        self.replicates.chunks_exact(width).map(move |row| row[at])
    }

    fn judge(
        &self,
        value: f64,
        replicates: Vec<f64>,
        jackknife: impl FnOnce() -> Vec<f64>,
        level: Level,
        range: Interval,
    ) -> Option<Estimate> {
        if value.is_nan() {
            return None;
        }
        let sure = self.trials > 1 && !replicates.is_empty();
        let interval = sure.then(|| ends::interval(value, replicates, &jackknife(), level, range));
        Some(Estimate { value, interval })
    }
}

/// Any statistic of `observations` things, given as a function of how often each of them is counted (all ones: the
/// sample itself). For a paired statistic let the things be pairs. `None` where the statistic is undefined.
///
/// Leaving out each observation once costs `observations` evaluations beside those of the resamples; [`Bootstrap`]
/// knows closed forms for its statistics. At most `u32::MAX` observations.
pub fn bca(
    observations: usize,
    statistic: impl Fn(&[u16]) -> Option<f64> + Sync,
    resampling: Resampling,
    level: Level,
) -> Option<Estimate> {
    let of = |counts: &[u16]| statistic(counts).unwrap_or(f64::NAN);
    let value = Some(of(&vec![1; observations])).filter(|v| !v.is_nan())?;
    if observations < 2 || resampling.resamples == 0 || u32::try_from(observations).is_err() {
        return Some(Estimate { value, interval: None });
    }
    let resample = |counts: &mut Vec<u16>, index: u32| {
        Stream::new(resampling.seed, Purpose::Resample, u64::from(index)).draw_counts(counts);
        of(counts)
    };
    let replicates = (0..resampling.resamples).into_par_iter().map_init(|| vec![0; observations], resample).collect();
    let without = |counts: &mut Vec<u16>, left_out: usize| {
        counts[left_out] = 0;
        let value = of(counts);
        counts[left_out] = 1;
        value
    };
    let jackknife: Vec<f64> = (0..observations).into_par_iter().map_init(|| vec![1; observations], without).collect();
    let everything = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };
    Some(Estimate { value, interval: Some(ends::interval(value, replicates, &jackknife, level, everything)) })
}
