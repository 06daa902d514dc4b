//! Intervals, tests and curves over the trials of a study.
//!
//! **Invariant:** pure functions of slices and a seed, with the same bits on any machine and for any number of
//! threads. No result is ever NaN: what cannot be told is `None`, and what never happened is infinite.
//!
//! # Never, and not yet
//!
//! A trial that was given up is an infinite wait to whoever asked, and a [`Sample`] holds it as such: every quantile,
//! difference and interval counts it as *never*. A trial that was merely cut off by the horizon might have succeeded
//! later; a [`Curve`] (Kaplan–Meier) reads it as *not yet*. The two agree at all times before the first trial that
//! was cut off.

mod bootstrap;
mod caution;
mod compare;
mod direct;
mod normal;
mod permutation;
mod quantile;
mod sample;
mod share;
mod significance;
mod statistic;
mod stopping;
mod stream;
mod survival;

#[cfg(test)]
mod tests;

#[cfg(test)]
use bootstrap::Prepared;
pub use bootstrap::{Bootstrap, Contrast, Resampling, bca};
pub use caution::{Caution, TAIL_TRIALS, cautions};
pub use compare::{Comparison, Row, compare};
pub(in crate::study) use direct::{Moments, never_below_zero};
pub use direct::{mean, mean_amount, rank_interval, rank_interval_of};
pub use normal::{cdf as normal_cdf, quantile as normal_quantile};
pub use permutation::{EXACT_PAIRS, PValue, sign_flip, swap_test};
pub use quantile::quantile;
pub use sample::{Sample, SampleError};
pub use share::{Pairing, wilson};
pub use significance::{Verdict, holm};
pub use statistic::Statistic;
pub use stopping::{Next, UntilCi};
pub use survival::{Curve, RestrictedMean, Step, Wait};

/// How often an interval is to cover the truth, between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Level(f64);

/// Both ends belong to it. An infinite end says that the study cannot bound that side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A number, and how sure one may be of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number; infinite for *never*.
    pub value: f64,
    /// Where the truth lies; `None` if one observation, or none, leaves that open.
    pub interval: Option<Interval>,
}

impl Level {
    /// The usual one.
    pub const P95: Self = Self(0.95);

    /// `None` unless strictly between 0 and 1.
    pub fn new(confidence: f64) -> Option<Self> {
        (confidence > 0.0 && confidence < 1.0).then_some(Self(confidence))
    }

    /// The share of studies whose interval covers the truth.
    pub const fn confidence(self) -> f64 {
        self.0
    }

    /// The share of studies whose interval misses it.
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// Half the width of the interval around a standard normal variable; 1.96 for 95 %.
    pub fn z(self) -> f64 {
        -normal::quantile(self.alpha() / 2.0)
    }

    /// The level each of `parts` statements needs so that all of them hold together at this one (Bonferroni).
    #[must_use]
    pub fn shared_by(self, parts: usize) -> Self {
        Self(1.0 - self.alpha() / parts.max(1) as f64)
    }
}

impl Interval {
    /// Whether `value` lies in it.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

impl Estimate {
    /// The longer arm of the interval as a share of the value: 0.02 for "± 2 %". `None` without an interval or where
    /// an end or the value is infinite, or the value zero and the interval not.
    pub fn relative_half_width(self) -> Option<f64> {
        let Interval { low, high } = self.interval?;
        let arm = (high - self.value).max(self.value - low);
        if arm <= 0.0 {
            return self.value.is_finite().then_some(0.0);
        }
        let relative = arm / self.value.abs();
        relative.is_finite().then_some(relative)
    }
}
