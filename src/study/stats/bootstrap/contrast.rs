//! Two ways to compare two numbers.
//!
//! **Invariant:** what cannot be compared (never with never, nothing with nothing) is NaN here and `None` outside.

use super::Interval;

/// How one policy is compared with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contrast {
    /// First minus second.
    Difference,
    /// First divided by second; for quantities that are never negative.
    Ratio,
}

impl Contrast {
    /// The value at which there is nothing between the two.
    pub const fn none(self) -> f64 {
        match self {
            Self::Difference => 0.0,
            Self::Ratio => 1.0,
        }
    }

    /// Compares; NaN if both are infinite, or both zero under a ratio.
    pub(super) fn of(self, first: f64, second: f64) -> f64 {
        match self {
            // The zero turns −0 into 0, which ranks would tell apart.
            Self::Difference => first - second + 0.0,
            Self::Ratio => first / second,
        }
    }

    /// What a comparison that a resample leaves undefined may have been.
    pub(super) const fn range(self) -> Interval {
        match self {
            Self::Difference => Interval { low: f64::NEG_INFINITY, high: f64::INFINITY },
            Self::Ratio => Interval { low: 0.0, high: f64::INFINITY },
        }
    }
}
