//! What is estimated from a sample.
//!
//! **Invariant:** every statistic is defined by its value on a sample; resampling computes the same thing from counts.

use std::fmt;

use super::{Sample, bootstrap::Prepared};

/// A number that sums up a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// The mean; undefined once a trial never got there. Long tails make its interval too narrow: with 300 lognormal
    /// waits (σ = 1) those of 95 % covered the mean in 94 % of studies, and a ratio of means in 92 %.
    Mean,
    /// The mean of the values, each counted as at most this. With the horizon of the study it is the time a trial is
    /// expected to wait within the horizon, and defined whether or not all trials got there.
    RestrictedMean(f64),
    /// The quantile of type 7 at this probability.
    Quantile(f64),
}

impl Statistic {
    /// The median.
    pub const P50: Self = Self::Quantile(0.5);
    /// Nine of ten trials stay below.
    pub const P90: Self = Self::Quantile(0.9);
    /// 99 of a hundred trials stay below.
    pub const P99: Self = Self::Quantile(0.99);

    /// Its value on a sample. `None` without trials, and for a mean over trials of which some never got there.
    pub fn of(self, sample: &Sample) -> Option<f64> {
        match self {
            Self::Quantile(q) => sample.quantile(q),
            Self::Mean | Self::RestrictedMean(_) => {
                Some(Prepared::new(sample, &[self]).original(0)).filter(|value| !value.is_nan())
            }
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::RestrictedMean(limit) => write!(f, "mean up to {limit}"),
            // Rounded, so that 0.999 · 100 reads 99.9.
            Self::Quantile(q) => write!(f, "p{}", (q * 1e8).round() / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        let all = [Statistic::P50, Statistic::P99, Statistic::Quantile(0.999), Statistic::Mean];
        assert_eq!(all.map(|s| s.to_string()), ["p50", "p99", "p99.9", "mean"]);
    }

    #[test]
    fn means_know_never() {
        let all = Sample::new(vec![1.0, 2.0, 6.0]).expect("numbers");
        assert_eq!(Statistic::Mean.of(&all), Some(3.0));
        assert_eq!(Statistic::RestrictedMean(3.0).of(&all), Some(2.0));
        let some = Sample::new(vec![1.0, f64::INFINITY]).expect("numbers");
        assert_eq!(Statistic::Mean.of(&some), None);
        assert_eq!(Statistic::RestrictedMean(3.0).of(&some), Some(2.0));
        let none = Sample::new(Vec::new()).expect("numbers");
        for statistic in [Statistic::Mean, Statistic::RestrictedMean(1.0), Statistic::P50] {
            assert_eq!(statistic.of(&none), None);
        }
    }
}
