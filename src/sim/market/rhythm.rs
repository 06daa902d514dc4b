//! The hours of the day and the days of the week: how hard others press on a stock.
//!
//! A factor of 1 leaves a process as its laws say. Under a factor f other tenants arrive f times as often (`counted`),
//! and a process of up and down times ages f times as fast while up and 1/f times as fast while down.

use crate::model::{Span, Timestamp};

use super::super::law::LawError;
use super::super::luck::{Entity, Luck, Purpose};
use super::Stock;

const HOURS: usize = 168;
const WEEK: u64 = HOURS as u64 * Span::HOUR.0;

/// A factor for every hour of the week, from Monday 00:00 on.
#[derive(Debug, Clone, PartialEq)]
pub struct Rhythm {
    hourly: Box<[f64]>,
    /// When in the week a trial starts; drawn for each if `None`.
    start: Option<Span>,
}

/// A process whose pace changes with the hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Rhythmic {
    pub(super) stock: Stock,
    pub(super) rhythm: Rhythm,
}

impl Rhythm {
    /// A trial's course starts this long before the trial, so that it has found its rhythm by then.
    pub(super) const RUN_IN: Span = Span(48 * Span::HOUR.0);

    /// The product of a factor for each hour of the day and one for each day of the week.
    pub fn new(daily: &[f64; 24], weekly: &[f64; 7], start: Option<Span>) -> Result<Self, LawError> {
        let hourly: Box<[f64]> = weekly.iter().flat_map(|day| daily.iter().map(move |hour| day * hour)).collect();
        if hourly.iter().any(|factor| !(1e-3..=1e3).contains(factor)) {
            return Err(LawError("factors of a rhythm must lie between 0.001 and 1000"));
        }
        Ok(Self { hourly, start })
    }

    /// The factors, hour by hour.
    pub fn hourly(&self) -> &[f64] {
        &self.hourly
    }

    /// Where in the week a course starts, which is a run-in before its trial, in microseconds.
    pub(super) fn phase(&self, luck: Luck) -> u64 {
        let drawn = || (luck.stream(Entity::named("calendar"), Purpose::Stock, 0).unit() * WEEK as f64) as u64;
        (self.start.map_or_else(drawn, |start| start.0 % WEEK) + WEEK - Self::RUN_IN.0) % WEEK
    }

    /// The factor at a moment.
    pub(super) fn factor(&self, phase: u64, at: Timestamp) -> f64 {
        self.hourly[(at.0.wrapping_add(phase) / Span::HOUR.0) as usize % HOURS]
    }

    /// When `work` seconds are done that were begun at `from`, where an hour with factor f does `speed(f)` of them a
    /// second. `speed` is above 0.
    pub(super) fn after(&self, phase: u64, from: Timestamp, work: f64, speed: impl Fn(f64) -> f64) -> Timestamp {
        let (mut work, mut at, mut hours, mut passed) = (work, from, 0, 0.0);
        loop {
            let rate = speed(self.factor(phase, at));
            let left = Span(Span::HOUR.0 - at.0.wrapping_add(phase) % Span::HOUR.0);
            let done = rate * left.as_secs_f64();
            if work <= done {
                return (at + Span::from_secs_f64(work / rate)).max(from + Span(1));
            }
            work -= done;
            at = at + left;
            (hours, passed) = (hours + 1, passed + done);
            // After the whole hours of a week, the first of which may have begun, whole weeks are taken at once.
            if hours == 1 {
                passed = 0.0;
            } else if hours == HOURS + 1 {
                let weeks = (work / passed).floor();
                if weeks >= 1e6 {
                    return Timestamp(u64::MAX / 4);
                }
                work -= weeks * passed;
                at = at + Span(WEEK) * weeks as u64;
            }
        }
    }
}

impl Rhythmic {
    /// A process of up and down times or of tenants under a rhythm; any other stock as it is.
    pub fn stock(stock: Stock, rhythm: Rhythm) -> Stock {
        match stock {
            Stock::Renewal(_) | Stock::Counted(_) => Stock::Rhythmic(Box::new(Self { stock, rhythm })),
            other => other,
        }
    }

    /// The process as it is at a factor of 1.
    pub fn process(&self) -> &Stock {
        &self.stock
    }

    /// The rhythm.
    pub fn rhythm(&self) -> &Rhythm {
        &self.rhythm
    }

    /// Share of the time that at least `nodes` machines are there, as if each hour lasted long enough for its own steady
    /// state: near the truth where turns are short against the hours over which the factor changes.
    pub(super) fn availability(&self, nodes: u32) -> Option<f64> {
        let at = |factor: &f64| match &self.stock {
            Stock::Renewal(renewal) if renewal.nodes < nodes => Some(0.0),
            Stock::Renewal(renewal) => {
                let (up, down) = (renewal.up.mean() / factor, renewal.down.mean() * factor);
                Some(up / (up + down))
            }
            Stock::Counted(counted) => counted.pressed(*factor).ok().map(|pressed| pressed.availability(nodes)),
            other => other.availability(nodes),
        };
        let all: Option<Vec<f64>> = self.rhythm.hourly.iter().map(at).collect();
        all.map(|all| all.iter().sum::<f64>() / all.len() as f64)
    }
}
