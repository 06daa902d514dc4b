//! How fast a cloud is called: so many calls at once, so many a second, and reads again when it asks for patience.
//!
//! **Invariant:** only reads and releases are repeated here; a create is repeated by the engine or not at all.

use std::sync::Mutex;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::{Clock, ProviderError};
use crate::denials::Book;
use crate::model::{Cause, Span};

/// Launches in flight at once, per cloud: a burst of hedged attempts, below what any cloud starts to throttle.
const LAUNCHES: usize = 16;
/// Other calls in flight at once. Counted apart, so that launches that hang never keep a release from being made.
const OTHERS: usize = 16;
/// Calls a second that are kept up for long: half of the smallest budget of the three clouds (Azure's 12,000 writes an hour
/// refill 200 a minute, and one call of ours is a handful of theirs).
const PER_SECOND: f64 = 5.0;
/// Calls that may be made at once after a quiet time.
const BURST: f64 = 30.0;
/// What a call to a server on the same machine may take when that machine is busy.
const WIRE: Duration = Duration::from_secs(5);
/// How often a read is made again before it counts as failed.
const REPETITIONS: usize = 8;

/// The budget of one cloud, shared by all that call it.
pub struct Pace {
    launches: Semaphore,
    others: Semaphore,
    bucket: Mutex<Bucket>,
}

/// Tokens that refill with time.
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            launches: Semaphore::new(LAUNCHES),
            others: Semaphore::new(OTHERS),
            bucket: Mutex::new(Bucket { tokens: BURST, at: Instant::now() }),
        }
    }
}

impl Pace {
    /// Waits until a launch may be made; held until it is answered.
    pub async fn launch(&self, clock: &Clock) -> Option<SemaphorePermit<'_>> {
        let permit = self.launches.acquire().await.ok();
        self.token(clock).await;
        permit
    }

    /// Waits until another call may be made; held until it is answered.
    pub async fn other(&self, clock: &Clock) -> Option<SemaphorePermit<'_>> {
        let permit = self.others.acquire().await.ok();
        self.token(clock).await;
        permit
    }

    async fn token(&self, clock: &Clock) {
        let rate = PER_SECOND * clock.speed();
        let wait = self.bucket.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take(Instant::now(), rate);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Makes a call that may be made twice, again and again with growing pauses and jitter while the cloud asks for
    /// patience or the connection breaks; each time it may take `limit` of engine time.
    pub async fn patiently<T, F>(
        &self,
        cloud: &str,
        book: &Book,
        clock: &Clock,
        limit: Duration,
        mut call: impl FnMut() -> F,
    ) -> Result<T, ProviderError>
    where
        F: Future<Output = Result<T, ProviderError>>,
    {
        let mut pauses = pauses().build();
        loop {
            let permit = self.other(clock).await;
            let answer = tokio::time::timeout(at_least(clock.scaled(limit), limit), call()).await;
            drop(permit);
            let error = match answer {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                Err(_) => ProviderError::Lost(format!("no answer within {} s", limit.as_secs())),
            };
            let Some(pause) = pauses.next().filter(|_| is_passing(cloud, book, &error)) else { return Err(error) };
            let pause = asked(&error).unwrap_or_default().max(pause);
            clock.sleep(Span::from_secs_f64(pause.as_secs_f64())).await;
        }
    }
}

impl Bucket {
    /// Takes a token; how long to wait for it when so many a second are put in.
    fn take(&mut self, now: Instant, rate: f64) -> Duration {
        self.tokens = (self.tokens + now.duration_since(self.at).as_secs_f64() * rate).min(BURST);
        self.at = now;
        self.tokens -= 1.0;
        Duration::from_secs_f64((-self.tokens / rate).max(0.0))
    }
}

/// Where time runs faster than the wall, the wire does not: an answer is given a few real seconds all the same.
fn at_least(scaled: Duration, limit: Duration) -> Duration {
    scaled.max(limit.min(WIRE))
}

fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_secs(30))
        .with_factor(2.0)
        .with_max_times(REPETITIONS)
        .with_jitter()
}

/// True if the same call may succeed a little later.
fn is_passing(cloud: &str, book: &Book, error: &ProviderError) -> bool {
    match error {
        ProviderError::Lost(_) => true,
        ProviderError::NoCredentials { .. } => false,
        ProviderError::Refused(refusals) => refusals.iter().any(|refusal| {
            book.classify(cloud, &refusal.code, &refusal.message).is_some_and(|rule| rule.cause == Cause::RateLimited)
        }),
    }
}

fn asked(error: &ProviderError) -> Option<Duration> {
    let ProviderError::Refused(refusals) = error else { return None };
    refusals.iter().filter_map(|refusal| refusal.retry_after).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_what_follows_is_spread() {
        let now = Instant::now();
        let mut bucket = Bucket { tokens: BURST, at: now };
        assert!((0..30).all(|_| bucket.take(now, PER_SECOND).is_zero()));
        let waits: Vec<Duration> = (0..5).map(|_| bucket.take(now, PER_SECOND)).collect();
        assert!(waits.windows(2).all(|pair| pair[1] > pair[0]), "{waits:?}");
        assert_eq!(waits[4], Duration::from_secs(1));
        assert!(bucket.take(now + Duration::from_secs(60), PER_SECOND).is_zero());
    }

    #[tokio::test]
    async fn reads_are_repeated_while_patience_is_asked_for_and_no_longer() {
        let (pace, book, clock) = (Pace::default(), Book::default(), Clock::starting_now(1e4));
        let answers = |list: Vec<Result<u8, ProviderError>>| {
            let list = Mutex::new(list.into_iter());
            move || std::future::ready(list.lock().unwrap().next().expect("asked once too often"))
        };
        let limit = Duration::from_secs(60);
        let throttled = || ProviderError::refused("RequestLimitExceeded", "slow down");
        let lost = ProviderError::Lost("cut".to_owned());
        let calls = answers(vec![Err(throttled()), Err(lost), Ok(7)]);
        assert_eq!(pace.patiently("aws", &book, &clock, limit, calls).await, Ok(7));
        let denied = ProviderError::refused("UnauthorizedOperation", "no");
        let calls = answers(vec![Err(denied.clone())]);
        assert_eq!(pace.patiently("aws", &book, &clock, limit, calls).await, Err(denied));
        let calls = || std::future::ready(Err::<u8, _>(throttled()));
        assert_eq!(pace.patiently("aws", &book, &clock, limit, calls).await, Err(throttled()));
    }

    #[tokio::test]
    async fn a_call_without_an_answer_is_given_up() {
        let (pace, book, clock) = (Pace::default(), Book::default(), Clock::starting_now(1e5));
        let limit = Duration::from_millis(50);
        let answer = pace.patiently("gcp", &book, &clock, limit, std::future::pending::<Result<u8, _>>);
        assert!(matches!(answer.await, Err(ProviderError::Lost(_))));
    }
}
