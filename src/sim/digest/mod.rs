//! Requests beyond number, as sums and histograms.
//!
//! **Invariant:** what is kept does not grow with the number of requests, and no number of it depends on their order.

mod histogram;

use crate::model::{Money, Outcome, Span};

use super::trial::Ended;
use super::world::JobEnd;

pub use histogram::Histogram;

/// What is known of the requests of one policy.
#[derive(Debug, Clone, Copy)]
pub enum Ends<'a> {
    /// Every one of them.
    Each(&'a [Ended]),
    /// All of them, summed up.
    All(&'a Digest),
}

/// How requests ended, summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// How often each outcome came up; `None` had not ended.
    pub outcomes: Vec<(Option<Outcome>, u64)>,
    /// Waits of those that were placed, in microseconds.
    pub waits: Histogram,
    /// Launch calls.
    pub attempts: Histogram,
    /// Prices obtained, in millionths of a dollar per hour.
    pub prices: Histogram,
    /// How far they lie above the cheapest that could have been had, in parts of 10⁹.
    pub premiums: Histogram,
    /// Spent on what was not kept, in millionths of a dollar.
    pub wasted: Histogram,
    /// What became of jobs.
    pub jobs: JobsDigest,
}

/// How jobs ended, summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobsDigest {
    /// How many have a deadline,
    pub bound: u64,
    /// and how many of these were not done by then.
    pub missed: u64,
    /// How long those took that were done, in microseconds.
    pub took: Histogram,
    /// Work lost, in microseconds.
    pub lost: Histogram,
    /// How often machines were taken back.
    pub preemptions: Histogram,
    /// Launch calls to find new ones.
    pub recovery_attempts: Histogram,
    /// Cost of all machines, in millionths of a dollar.
    pub cost: Histogram,
}

/// In which parts of one [`Digest::premiums`] are counted.
pub const PREMIUM_PARTS: f64 = 1e9;

impl Digest {
    /// Takes a request in.
    pub fn see(&mut self, request: &Ended) {
        let Ended { outcome, elapsed, attempts, price_hourly, wasted, .. } = *request;
        self.count(outcome);
        if request.is_placed() {
            self.waits.add(micros(elapsed));
        }
        self.attempts.add(i64::from(attempts));
        if let Some(Money(price)) = price_hourly {
            self.prices.add(price);
        }
        if let Some(premium) = request.premium() {
            self.premiums.add((premium * PREMIUM_PARTS).round() as i64);
        }
        self.wasted.add(wasted.0);
    }

    /// Takes its job in.
    pub fn see_job(&mut self, job: &JobEnd) {
        let jobs = &mut self.jobs;
        jobs.bound += u64::from(job.missed.is_some());
        jobs.missed += u64::from(job.missed == Some(true));
        if let Some(took) = job.took {
            jobs.took.add(micros(took));
        }
        jobs.lost.add(micros(job.lost));
        jobs.preemptions.add(i64::from(job.preemptions));
        jobs.recovery_attempts.add(i64::from(job.recovery_attempts));
        jobs.cost.add(job.cost.0);
    }

    /// How many requests.
    pub fn requests(&self) -> u64 {
        self.attempts.count()
    }

    /// How many of them were placed.
    pub fn placed(&self) -> u64 {
        self.waits.count()
    }

    /// The wait of this rank, counted from 0, in seconds; infinite among those that were not placed, which rank last.
    pub fn wait_at(&self, rank: u64) -> f64 {
        self.waits.at(rank).map_or(f64::INFINITY, |micros| micros / 1e6)
    }

    fn count(&mut self, outcome: Option<Outcome>) {
        match self.outcomes.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, count)) => *count += 1,
            None => self.outcomes.push((outcome, 1)),
        }
    }
}

impl JobsDigest {
    /// How many jobs.
    pub fn count(&self) -> u64 {
        self.cost.count()
    }
}

fn micros(span: Span) -> i64 {
    i64::try_from(span.0).unwrap_or(i64::MAX)
}
