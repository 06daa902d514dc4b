//! How many calls a cloud takes: a token bucket, as the clouds' own documentation describes their limits.

use crate::model::Timestamp;

/// A limit on the pace of calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Calls a second, in the long run.
    pub per_second: f64,
    /// Calls at once, after a rest.
    pub burst: f64,
}

/// What is left of a pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tokens {
    left: f64,
    at: Timestamp,
}

impl Tokens {
    /// As after a long rest.
    pub fn full(pace: &Pace) -> Self {
        Self { left: pace.burst, at: Timestamp::ZERO }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, pace: &Pace, now: Timestamp) -> bool {
        self.left = (self.left + now.since(self.at).as_secs_f64() * pace.per_second).min(pace.burst);
        self.at = now;
        // A token that lacks only what rounding lost is whole.
        let enough = self.left >= 1.0 - 1e-9;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}
