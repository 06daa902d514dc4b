//! The time that live launches go by.
//!
//! **Invariant:** time never goes back: it is counted from the start of the command by a monotonic clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Settings;
use crate::model::{Span, Timestamp};

/// Names the variable that makes time run faster than the wall, for a server that does the same.
pub const SPEED: &str = "SKY_CLOCK_SPEED";

/// Engine time from the start of a command, and what it is called elsewhere. At a speed of 60, a minute of engine time is a
/// second of the wall, so that pauses and time-outs shrink as they do at a server of simulated clouds.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    start_unix: Duration,
    speed: f64,
}

/// A speed that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{SPEED} is '{0}', which is not a speed: write how many times faster than the wall time runs, such as 60")]
pub struct SpeedError(pub String);

impl Clock {
    /// Reads [`Timestamp::ZERO`] now.
    #[expect(clippy::disallowed_methods, reason = "live launches go by the time of day")]
    pub fn starting_now(speed: f64) -> Self {
        let start_unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), start_unix, speed: if speed > 0.0 { speed } else { 1.0 } }
    }

    /// With the speed that the environment names: `60` or `60x`; as the wall if it names none.
    ///
    /// # Errors
    /// When it is not a positive number.
    pub fn from_settings(settings: &Settings) -> Result<Self, SpeedError> {
        let Some(text) = settings.get(SPEED) else { return Ok(Self::starting_now(1.0)) };
        let number = text.trim().trim_end_matches('x').parse::<f64>().ok();
        match number.filter(|speed| speed.is_finite() && *speed > 0.0) {
            Some(speed) => Ok(Self::starting_now(speed)),
            None => Err(SpeedError(text.to_owned())),
        }
    }

    /// The time.
    #[expect(clippy::disallowed_methods, reason = "live launches go by the time of day")]
    pub fn now(&self) -> Timestamp {
        let passed = Instant::now().duration_since(self.start).as_secs_f64() * self.speed;
        Timestamp(Span::from_secs_f64(passed).0)
    }

    /// How many times faster than the wall it runs.
    pub const fn speed(&self) -> f64 {
        self.speed
    }

    /// How long the wall takes for this much engine time.
    pub fn wall(&self, span: Span) -> Duration {
        // A hundred years are as good as never, and no timer takes more.
        Duration::from_secs_f64((span.as_secs_f64() / self.speed).min(3e9))
    }

    /// The same for a duration that was meant at the wall's own speed.
    pub fn scaled(&self, duration: Duration) -> Duration {
        self.wall(Span::from_secs_f64(duration.as_secs_f64()))
    }

    /// Engine time that passes in this much of the wall's.
    pub fn engine(&self, wall: Duration) -> Span {
        Span::from_secs_f64(wall.as_secs_f64() * self.speed)
    }

    /// Seconds since the Unix epoch at this moment, on the wall.
    pub fn unix(&self, at: Timestamp) -> i64 {
        (self.start_unix + self.wall(at.since(Timestamp::ZERO))).as_secs() as i64
    }

    /// The moment that the wall calls this; the start of the command if it lies before.
    pub fn at_unix(&self, seconds: i64) -> Timestamp {
        let ahead = Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).saturating_sub(self.start_unix);
        Timestamp::ZERO + self.engine(ahead)
    }

    /// Seconds since the Unix epoch now, on the wall.
    pub fn unix_now(&self) -> i64 {
        self.unix(self.now())
    }

    /// Waits for this much engine time.
    pub async fn sleep(&self, span: Span) {
        tokio::time::sleep(self.wall(span)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_shrinks_waits_and_agrees_with_the_wall() {
        let clock = Clock::starting_now(60.0);
        assert_eq!(clock.wall(Span::from_secs(120)), Duration::from_secs(2));
        assert_eq!(clock.scaled(Duration::from_secs(30)), Duration::from_millis(500));
        let later = clock.unix(Timestamp(600_000_000));
        assert!((later - clock.unix(Timestamp::ZERO) - 10).abs() <= 1);
        let back = clock.at_unix(later).since(Timestamp(600_000_000)).as_secs_f64();
        assert!(back.abs() < 61.0, "{back}");
    }

    #[test]
    fn the_speed_is_read_or_complained_of() {
        let with =
            |text: &str| Settings { environment: [(SPEED.to_owned(), text.to_owned())].into(), ..Settings::default() };
        assert_eq!(Clock::from_settings(&with("60x")).map(|clock| clock.speed), Ok(60.0));
        assert_eq!(Clock::from_settings(&Settings::default()).map(|clock| clock.speed), Ok(1.0));
        for text in ["fast", "-1", "0", "inf"] {
            assert!(Clock::from_settings(&with(text)).is_err(), "{text}");
        }
    }
}
