//! Denials counted by cause, and the outcome they add up to when everything was refused.

use crate::model::{Cause, Outcome};

/// How many denials of each cause a demand has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    counts: [u32; Cause::ALL.len()],
}

impl Tally {
    /// Adds one.
    pub fn add(&mut self, cause: Cause) {
        self.counts[cause as usize] += 1;
    }

    /// How many of this cause.
    pub fn count(&self, cause: Cause) -> u32 {
        self.counts[cause as usize]
    }

    /// How many in all.
    pub fn total(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// What it amounts to when nothing is left to try. Only where *every* refusal was for quota (or credentials)
    /// is that what the user must act on; one stockout among them, and waiting may help.
    pub fn outcome(&self) -> Outcome {
        // A throttled call was repeated; what it met then is what counts.
        let total = self.total() - self.count(Cause::RateLimited);
        let quota = self.count(Cause::QuotaExceeded);
        let unauthorized = self.count(Cause::Unauthorized);
        if total == 0 {
            Outcome::NoCapacity
        } else if unauthorized == total {
            Outcome::NotAuthorized
        } else if quota + unauthorized == total {
            Outcome::NoQuota
        } else {
            Outcome::NoCapacity
        }
    }
}
