//! Virtual time: wall time made faster, or a clock that jumps to whatever is waited for.
//!
//! **Invariant:** never runs backwards; starts at zero, which on the wire is the epoch it was made with.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::model::{Span, Timestamp};

/// How fast virtual time passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many virtual seconds a second.
    Times(f64),
    /// Time passes only by being waited for: the clock jumps to the end of every wait. Runs are as fast as the
    /// machine and, with one client, the same every time.
    Max,
}

/// A clock of virtual time, shared by all who serve.
#[derive(Debug)]
pub struct Clock {
    speed: Speed,
    began: Instant,
    /// Seconds since the Unix epoch that virtual zero stands for.
    epoch: u64,
    /// Microseconds that were jumped over.
    jumped: AtomicU64,
    jump: Notify,
}

impl Clock {
    /// Starts at zero. `epoch` is what zero stands for on the wire, in seconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "the clock of a server is made of wall time")]
    pub fn new(speed: Speed, epoch: u64) -> Self {
        Self { speed, began: Instant::now(), epoch, jumped: AtomicU64::new(0), jump: Notify::new() }
    }

    /// How fast it runs.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Virtual time now.
    pub fn now(&self) -> Timestamp {
        let jumped = self.jumped.load(Ordering::SeqCst);
        match self.speed {
            Speed::Times(times) => Timestamp(jumped) + Span::from_secs_f64(self.began.elapsed().as_secs_f64() * times),
            Speed::Max => Timestamp(jumped),
        }
    }

    /// Waits until a moment of virtual time; under [`Speed::Max`] makes it that moment. Past is no wait.
    pub async fn until(&self, at: Timestamp) {
        loop {
            let jump = self.jump.notified();
            let left = at.since(self.now());
            if left == Span::ZERO {
                return;
            }
            match self.speed {
                Speed::Max => self.hasten(at),
                Speed::Times(times) => {
                    let wall = Duration::from_secs_f64(left.as_secs_f64() / times).max(Duration::from_micros(200));
                    tokio::select! { () = tokio::time::sleep(wall) => {}, () = jump => {} }
                }
            }
        }
    }

    /// For whoever was asked whether something is done that will be done at `at`: under [`Speed::Max`] makes it that
    /// moment, so that polling needs no second look; otherwise does nothing.
    pub fn hasten(&self, at: Timestamp) {
        if self.speed == Speed::Max {
            self.jumped.fetch_max(at.0, Ordering::SeqCst);
            self.jump.notify_waiters();
        }
    }

    /// Lets this much time pass at once, whatever the speed.
    pub fn advance(&self, by: Span) -> Timestamp {
        self.jumped.fetch_add(by.0, Ordering::SeqCst);
        self.jump.notify_waiters();
        self.now()
    }

    /// A moment as seconds since the Unix epoch.
    pub fn unix(&self, at: Timestamp) -> f64 {
        self.epoch as f64 + Span(at.0).as_secs_f64()
    }

    /// A moment as RFC 3339 in UTC with milliseconds: `2026-01-01T00:00:00.000Z`.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let micros = (self.epoch * 1_000_000).saturating_add(at.0);
        let moment = jiff::Timestamp::from_microsecond(micros as i64).unwrap_or(jiff::Timestamp::MAX);
        format!("{moment:.3}")
    }
}

/// Reads `60x`, `1x`, `0.5x`, `60` and `max`.
impl FromStr for Speed {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
        times
            .filter(|times| (0.001..=1e6).contains(times))
            .map(Self::Times)
            .ok_or_else(|| format!("'{text}' is not a speed: say 60x, 1x (real time) or max (no waiting at all)"))
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}x"),
            Self::Max => f.write_str("max"),
        }
    }
}
