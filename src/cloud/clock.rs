//! The time that live launches go by.
//!
//! **Invariant:** time never goes back: it is counted from the start of the command by a monotonic clock.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Settings;
use crate::model::{Span, Timestamp};

/// Names the variable that makes time run faster than the wall, for a server that does the same.
pub const SPEED: &str = "SKY_CLOCK_SPEED";

/// Names the variable that makes time that of a server of simulated clouds, where it only passes by being waited for.
pub const URL: &str = "SKY_CLOCK_URL";

/// How long a call may take on the wall at such a server, whatever it may take in its time: past it, it hangs.
const FOLLOWED_PATIENCE: Duration = Duration::from_secs(10);

/// Engine time from the start of a command, and what it is called elsewhere. At a speed of 60, a minute of engine time is a
/// second of the wall, so that pauses and time-outs shrink as they do at a server of simulated clouds.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    start_unix: Duration,
    speed: f64,
    /// The server whose time this is.
    follows: Option<SocketAddr>,
}

/// A speed that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeedError {
    /// Not a speed.
    #[error("{SPEED} is '{0}', which is not a speed: write how many times faster than the wall time runs, such as 60")]
    Speed(String),
    /// Not a clock.
    #[error("{URL} is '{0}', which is no clock: it is http://127.0.0.1:PORT/_sky/clock of sky-sim serve --speed max")]
    Url(String),
}

impl Clock {
    /// Reads [`Timestamp::ZERO`] now.
    #[expect(clippy::disallowed_methods, reason = "live launches go by the time of day")]
    pub fn starting_now(speed: f64) -> Self {
        let start_unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let speed = if speed > 0.0 { speed } else { 1.0 };
        Self { start: Instant::now(), start_unix, speed, follows: None }
    }

    /// The time of a server of simulated clouds on this machine.
    pub fn following(server: SocketAddr) -> Self {
        Self { follows: Some(server), ..Self::starting_now(1.0) }
    }

    /// With the clock or the speed (`60`, `60x`) that the environment names; as the wall if it names none.
    ///
    /// # Errors
    /// When the speed is not a positive number, or the clock not one of this machine.
    pub fn from_settings(settings: &Settings) -> Result<Self, SpeedError> {
        if let Some(url) = settings.get(URL) {
            let server = url.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix("/_sky/clock"));
            let server = server.and_then(|address| address.parse::<SocketAddr>().ok());
            let near = server.filter(|address| address.ip().is_loopback());
            return near.map(Self::following).ok_or_else(|| SpeedError::Url(url.to_owned()));
        }
        let Some(text) = settings.get(SPEED) else { return Ok(Self::starting_now(1.0)) };
        let number = text.trim().trim_end_matches('x').parse::<f64>().ok();
        match number.filter(|speed| speed.is_finite() && *speed > 0.0) {
            Some(speed) => Ok(Self::starting_now(speed)),
            None => Err(SpeedError::Speed(text.to_owned())),
        }
    }

    /// The time.
    #[expect(clippy::disallowed_methods, reason = "live launches go by the time of day")]
    pub fn now(&self) -> Timestamp {
        if let Some(server) = self.follows {
            return told(server, None);
        }
        let passed = Instant::now().duration_since(self.start).as_secs_f64() * self.speed;
        Timestamp(Span::from_secs_f64(passed).0)
    }

    /// How many times faster than the wall it runs.
    pub const fn speed(&self) -> f64 {
        self.speed
    }

    /// How long the wall takes for this much engine time; where time is a server's, how long to wait for it at most.
    pub fn wall(&self, span: Span) -> Duration {
        let wall = self.by_speed(span);
        if self.follows.is_some() { wall.min(FOLLOWED_PATIENCE) } else { wall }
    }

    /// Says that nothing will happen before `at`: a server whose time this is goes on to it.
    pub fn pass(&self, at: Timestamp) {
        if let Some(server) = self.follows {
            told(server, Some(at));
        }
    }

    fn by_speed(&self, span: Span) -> Duration {
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
        (self.start_unix + self.by_speed(at.since(Timestamp::ZERO))).as_secs() as i64
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
        if self.follows.is_some() {
            return self.pass(self.now() + span);
        }
        tokio::time::sleep(self.wall(span)).await;
    }
}

/// What a server says the time is, once it is `until`. A server that is gone leaves the time as it was.
fn told(server: SocketAddr, until: Option<Timestamp>) -> Timestamp {
    static LAST: Mutex<BTreeMap<SocketAddr, Timestamp>> = Mutex::new(BTreeMap::new());
    let told = ask(server, until);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let last = last.entry(server).or_default();
    *last = told.map_or(*last, |now| now.max(*last));
    *last
}

/// One question, answered at once: the server is on this machine.
fn ask(server: SocketAddr, until: Option<Timestamp>) -> Option<Timestamp> {
    let mut stream = TcpStream::connect_timeout(&server, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let request = match until {
        Some(at) => format!("POST /_sky/clock?until={} HTTP/1.1", at.0),
        None => "GET /_sky/clock HTTP/1.1".to_owned(),
    };
    let text = format!("{request}\r\nhost: {server}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, after) = answer.split_once("\"micros\":")?;
    let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().ok().map(Timestamp)
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
        let followed = |url: &str| {
            let environment = [(URL.to_owned(), url.to_owned())].into();
            Clock::from_settings(&Settings { environment, ..Settings::default() }).map(|clock| clock.follows)
        };
        let server = "127.0.0.1:4500".parse().expect("an address");
        assert_eq!(followed("http://127.0.0.1:4500/_sky/clock"), Ok(Some(server)));
        for url in ["http://10.0.0.1:4500/_sky/clock", "127.0.0.1:4500", "http://127.0.0.1:4500/"] {
            assert_eq!(followed(url), Err(SpeedError::Url(url.to_owned())));
        }
    }
}
