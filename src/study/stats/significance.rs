//! When a difference may be called one.
//!
//! **Invariant:** a difference is called one only if its p-value, corrected for how many were looked at, and its
//! interval both say so.

use super::{Estimate, Level};

/// p-values corrected for being several (Holm 1979), in the order given: rejecting those at most α errs on *any* true
/// hypothesis with chance at most α, however they depend on each other. What is not a number counts as 1.
///
/// The smallest is multiplied by their number, the next by one less, and so on; none is below one that was smaller
/// before, or above 1.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let of = |at: usize| if p_values[at].is_nan() { 1.0 } else { p_values[at] };
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| of(*a).total_cmp(&of(*b)));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max((p_values.len() - rank) as f64 * of(at)).min(1.0);
        adjusted[at] = largest;
    }
    adjusted
}

/// What may be said about a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first is lower.
    Lower,
    /// The first is higher.
    Higher,
    /// The study does not tell.
    Unclear,
}

impl Verdict {
    /// Of a difference (first minus second) and its corrected p-value.
    pub fn of(difference: Option<Estimate>, adjusted: Option<f64>, level: Level) -> Self {
        let (Some(interval), Some(p)) = (difference.and_then(|d| d.interval), adjusted) else { return Self::Unclear };
        if p.is_nan() || p > level.alpha() {
            Self::Unclear
        } else if interval.high < 0.0 {
            Self::Lower
        } else if interval.low > 0.0 {
            Self::Higher
        } else {
            Self::Unclear
        }
    }

    /// What tables put before a difference: `~` if it may be luck.
    pub const fn marker(self) -> &'static str {
        match self {
            Self::Unclear => "~",
            Self::Lower | Self::Higher => "",
        }
    }
}
