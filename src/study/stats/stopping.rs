//! Adding trials until an interval is narrow enough, without being fooled by having looked often.
//!
//! **Invariant:** how often one will look at most is fixed before the first look.

use super::{Estimate, Level};

/// A plan to stop at a relative half width.
///
/// Whoever looks after every trial and stops when the interval happens to be narrow stops too early too often: width
/// and value come from the same luck, and a sample that has not met its tail yet is both narrow and low. Two things
/// are done about it. One looks only when the number of trials has doubled, between which widths shrink by more than
/// they wobble. And the level is shared between all K looks there can be, 1 − α/K at each (Bonferroni), so that with
/// the promised chance *all* the intervals cover the truth, and with them the last, whatever made it the last.
///
/// The promise is kept on the safe side: with eight looks an interval of 95 % is two fifths wider and takes twice the
/// trials. Without it, 1,000 simulated studies of `BCa` intervals covered 94.5 % of the time for p50, p90 and mean of
/// lognormal waits with σ = 1, but 91 % for the mean with σ = 1.5; with it, 99 % and 98 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UntilCi {
    relative: f64,
    level: Level,
    first: u64,
    most: u64,
}

/// What to do after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The interval is narrow enough.
    Enough,
    /// Go on until there are this many trials in all, then look again.
    Until(u64),
    /// There may be no more trials and the interval is still wider.
    Exhausted,
}

impl UntilCi {
    /// Stops at `± relative` (0.02 for 2 %), looks first after `first` trials and last after `most`. `None` unless
    /// `relative` is a positive number and 1 ≤ `first` ≤ `most`.
    pub fn new(relative: f64, level: Level, first: u64, most: u64) -> Option<Self> {
        let sound = relative > 0.0 && relative.is_finite() && first >= 1 && first <= most;
        sound.then_some(Self { relative, level, first, most })
    }

    /// The numbers of trials after which to look.
    pub fn looks(self) -> impl Iterator<Item = u64> {
        std::iter::successors(Some(self.first), move |trials| {
            (*trials < self.most).then(|| trials.saturating_mul(2).min(self.most))
        })
    }

    /// The level at which to compute the interval at every look, and to report the last.
    pub fn level(self) -> Level {
        self.level.shared_by(self.looks().count())
    }

    /// Whether an estimate is narrow enough.
    pub fn is_enough(self, estimate: Option<Estimate>) -> bool {
        estimate.and_then(Estimate::relative_half_width).is_some_and(|width| width <= self.relative)
    }

    /// What to do given the estimates of interest, at [`UntilCi::level`], after so many trials: go on until the last
    /// of them is narrow enough. Estimates without interval, and infinite ones, are not.
    pub fn next(self, trials: u64, estimates: &[Option<Estimate>]) -> Next {
        if !estimates.is_empty() && estimates.iter().all(|estimate| self.is_enough(*estimate)) {
            return Next::Enough;
        }
        self.looks().find(|look| *look > trials).map_or(Next::Exhausted, Next::Until)
    }
}
