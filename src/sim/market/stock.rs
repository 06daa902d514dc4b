//! How many machines a pool has as time goes by.
//!
//! **Invariant:** a stock is a process in time, driven by a stream of its own: asking only reads it, asking more often
//! or later gives the same course, and a pool that nobody asks costs nothing.

use crate::model::{Span, Timestamp};

use super::super::law::{Law, LawError};
use super::super::luck::{Entity, Luck, Purpose, Stream};
use super::replay::Replay;
use super::rhythm::{Rhythm, Rhythmic};

/// The course of a stock.
#[derive(Debug, Clone, PartialEq)]
pub enum Stock {
    /// This many, always.
    Always(u32),
    /// Within a window as many as it says, outside of all windows none. Windows are in the order of time.
    Schedule(Box<[Window]>),
    /// Up with a number of machines, down with none, in turns.
    Renewal(Renewal),
    /// Free machines among those of a zone, as other tenants come and go.
    Counted(Counted),
    /// What real probes found.
    Trace(Replay),
    /// A process whose pace changes with the hour.
    Rhythmic(Box<Rhythmic>),
}

/// A span of time with machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From here,
    pub from: Timestamp,
    /// up to but not including here,
    pub to: Timestamp,
    /// this many.
    pub nodes: u32,
}

/// An alternating renewal process: two-state Markov where both laws are exponential, semi-Markov in general.
#[derive(Debug, Clone, PartialEq)]
pub struct Renewal {
    /// How long it is up.
    pub up: Law,
    /// How long it is down.
    pub down: Law,
    /// How many machines there are while up.
    pub nodes: u32,
    /// Share of the time it is up: mean up / (mean up + mean down).
    availability: f64,
}

/// Other tenants arrive at random, take `size` machines if there are as many, and leave after an exponential time: a
/// birth–death process (Erlang's loss system).
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    pub(in super::super) capacity: u32,
    pub(in super::super) size: u32,
    pub(in super::super) mean_gap: f64,
    pub(in super::super) mean_hold: f64,
    /// Chance of at most n tenants in the steady state, for each n.
    at_most: Box<[f64]>,
}

/// Where the course of a stock stands.
#[derive(Debug, Clone)]
pub struct Track {
    stream: Stream,
    until: Option<Timestamp>,
    level: u32,
    up: bool,
    /// Of a trace: the run.
    run: u32,
    /// Of a trace, when its lap started; of a rhythm, where in the week the trial starts.
    lap: i64,
}

impl Renewal {
    /// From the laws of up and down times and the machines there are while up.
    pub fn new(up: Law, down: Law, nodes: u32) -> Result<Self, LawError> {
        let (up, down) = (up.checked()?, down.checked()?);
        let whole = up.mean() + down.mean();
        if whole <= 0.0 {
            return Err(LawError("up and down times may not both be nothing"));
        }
        Ok(Self { availability: up.mean() / whole, up, down, nodes })
    }

    /// Share of the time it is up.
    pub fn availability(&self) -> f64 {
        self.availability
    }
}

impl Counted {
    /// `capacity` machines, tenants of `size` machines arriving every `mean_gap` seconds on average and staying for
    /// `mean_hold` seconds on average.
    pub fn new(capacity: u32, size: u32, mean_gap: f64, mean_hold: f64) -> Result<Self, LawError> {
        if size == 0 || !(mean_gap > 0.0 && mean_gap.is_finite() && mean_hold > 0.0 && mean_hold.is_finite()) {
            return Err(LawError("size, gap and holding time must be positive"));
        }
        // π(n) ∝ (hold/gap)ⁿ/n! for n up to the tenants that fit; in logarithms, so that many tenants do not overflow.
        let most = capacity / size;
        let load = libm::log(mean_hold / mean_gap);
        let logs: Vec<f64> = (0..=most).map(|n| f64::from(n) * load - libm::lgamma(f64::from(n) + 1.0)).collect();
        let peak = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.iter().map(|log| libm::exp(log - peak)).sum();
        let mut upto = 0.0;
        let at_most = logs.iter().map(|log| {
            upto += libm::exp(log - peak) / total;
            upto
        });
        Ok(Self { at_most: at_most.collect(), capacity, size, mean_gap, mean_hold })
    }

    fn most(&self) -> u32 {
        self.at_most.len() as u32 - 1
    }

    /// The same with others arriving `factor` times as often.
    pub(super) fn pressed(&self, factor: f64) -> Result<Self, LawError> {
        Self::new(self.capacity, self.size, self.mean_gap / factor, self.mean_hold)
    }

    /// Rates of arrival and departure, a second, where others arrive `factor` times as often.
    fn rates(&self, tenants: u32, factor: f64) -> (f64, f64) {
        let arrive = if tenants < self.most() { factor / self.mean_gap } else { 0.0 };
        (arrive, f64::from(tenants) / self.mean_hold)
    }

    fn free(&self, tenants: u32) -> u32 {
        self.capacity - tenants * self.size
    }

    /// Chance that at least `nodes` machines are free in the steady state.
    pub fn availability(&self, nodes: u32) -> f64 {
        match self.capacity.checked_sub(nodes) {
            Some(room) => self.at_most[(room / self.size) as usize],
            None => 0.0,
        }
    }
}

impl Stock {
    /// True if it has machines at all times.
    pub fn is_constant(&self) -> bool {
        matches!(self, Self::Always(_))
    }

    /// Long-run share of the time that at least `nodes` machines are there; `None` for a schedule, which has no long
    /// run.
    pub fn availability(&self, nodes: u32) -> Option<f64> {
        match self {
            Self::Always(there) => Some(f64::from(u8::from(*there >= nodes))),
            Self::Schedule(_) => None,
            Self::Renewal(renewal) => Some(if renewal.nodes >= nodes { renewal.availability } else { 0.0 }),
            Self::Counted(counted) => Some(counted.availability(nodes)),
            Self::Trace(replay) => Some(replay.availability(nodes)),
            Self::Rhythmic(rhythmic) => rhythmic.availability(nodes),
        }
    }

    /// How many machines tenants share, where there are tenants.
    pub(super) fn machines(&self) -> Option<u32> {
        match self {
            Self::Counted(counted) => Some(counted.capacity),
            Self::Rhythmic(rhythmic) => rhythmic.stock.machines(),
            _ => None,
        }
    }
}

impl Track {
    /// The start of the course, in its steady state.
    pub fn start(stock: &Stock, luck: Luck, entity: Entity) -> Self {
        let mut stream = luck.stream(entity, Purpose::Stock, 0);
        let mut lap = 0;
        let (level, up) = match stock {
            Stock::Always(nodes) => (*nodes, true),
            Stock::Schedule(_) => (0, false),
            Stock::Renewal(renewal) => {
                let up = stream.chance(renewal.availability);
                (if up { renewal.nodes } else { 0 }, up)
            }
            Stock::Counted(counted) => {
                let u = stream.unit();
                let tenants = counted.at_most.partition_point(|upto| *upto <= u) as u32;
                (tenants.min(counted.most()), true)
            }
            Stock::Trace(replay) => {
                lap = replay.starts(luck);
                (0, true)
            }
            Stock::Rhythmic(rhythmic) => {
                let start = Self::start(&rhythmic.stock, luck, entity);
                return Self { lap: rhythmic.rhythm.phase(luck) as i64, ..start };
            }
        };
        Self { stream, until: None, level, up, run: 0, lap }
    }

    /// Machines there at `now`, our own leases not subtracted. Time must not run backwards from call to call.
    pub fn at(&mut self, stock: &Stock, now: Timestamp) -> u32 {
        match stock {
            Stock::Always(nodes) => *nodes,
            Stock::Schedule(windows) => {
                let next = windows.partition_point(|window| window.to <= now);
                windows.get(next).filter(|window| window.from <= now).map_or(0, |window| window.nodes)
            }
            Stock::Renewal(renewal) => {
                self.advance_renewal(renewal, now);
                self.level
            }
            Stock::Counted(counted) => {
                self.advance_counted(counted, now);
                counted.free(self.level)
            }
            Stock::Trace(replay) => {
                if self.until.is_none_or(|until| until <= now) {
                    self.advance_trace(replay, now);
                }
                self.level
            }
            Stock::Rhythmic(rhythmic) => self.advance_rhythmic(rhythmic, now),
        }
    }

    /// The first moment after `now` at which there may be another number; `None` if there never will be. To be asked
    /// after [`Track::at`] for the same moment.
    pub fn next_change(&mut self, stock: &Stock, now: Timestamp) -> Option<Timestamp> {
        match stock {
            Stock::Always(_) => None,
            Stock::Schedule(windows) => {
                let next = windows.get(windows.partition_point(|window| window.to <= now))?;
                let change = if next.from > now { next.from } else { next.to };
                (change < Timestamp::NEVER).then_some(change)
            }
            Stock::Renewal(renewal) => Some(self.renewal_until(renewal)),
            Stock::Counted(counted) => Some(self.counted_until(counted)),
            Stock::Trace(_) => self.until.filter(|until| *until < Timestamp::NEVER),
            Stock::Rhythmic(_) => self.until.map(|until| Timestamp(until.0.saturating_sub(Rhythm::RUN_IN.0))),
        }
    }

    /// To the run of this moment: mostly the next one.
    fn advance_trace(&mut self, replay: &Replay, now: Timestamp) {
        let next = self.run as usize + usize::from(self.until.is_some());
        let ends = |run: usize, lap: i64| now.0.saturating_add_signed(lap.saturating_neg()) < replay.run(run).until;
        let (run, lap) = if self.until.is_some() && !replay.wraps(next) && ends(next, self.lap) {
            (next, self.lap)
        } else {
            replay.find(self.lap, now.0)
        };
        (self.run, self.lap) = (run as u32, lap);
        self.level = replay.run(run).nodes;
        let until = || Timestamp(replay.run(run).until.saturating_add_signed(lap));
        self.until = Some(if replay.is_last(run) { Timestamp::NEVER } else { until() });
    }

    fn advance_renewal(&mut self, renewal: &Renewal, now: Timestamp) {
        // At the very start nothing can have changed; most first asks of a trial end here or one draw later.
        if now == Timestamp::ZERO {
            return;
        }
        let mut until = self.renewal_until(renewal);
        while until <= now {
            self.up = !self.up;
            let law = if self.up { &renewal.up } else { &renewal.down };
            // A microsecond at least, or a law that draws nothing would never get on.
            until = until + law.span(&mut self.stream).max(Span(1));
        }
        self.until = Some(until);
        self.level = if self.up { renewal.nodes } else { 0 };
    }

    fn renewal_until(&mut self, renewal: &Renewal) -> Timestamp {
        *self.until.get_or_insert_with(|| {
            let law = if self.up { &renewal.up } else { &renewal.down };
            Timestamp::ZERO + Span::from_secs_f64(law.draw_residual(&mut self.stream))
        })
    }

    fn counted_until(&mut self, counted: &Counted) -> Timestamp {
        let until = self.until.unwrap_or_else(|| Timestamp::ZERO + self.next_change_after(counted));
        self.until = Some(until);
        until
    }

    /// The machines there at `now`, on a clock that started a run-in before the trial did.
    fn advance_rhythmic(&mut self, Rhythmic { stock, rhythm }: &Rhythmic, now: Timestamp) -> u32 {
        let (now, phase) = (now + Rhythm::RUN_IN, self.lap as u64);
        match stock {
            Stock::Renewal(renewal) => {
                let law = |up: bool| if up { &renewal.up } else { &renewal.down };
                let pace = |up: bool| move |factor: f64| if up { factor } else { 1.0 / factor };
                let mut until = self.until.unwrap_or_else(|| {
                    let work = law(self.up).draw_residual(&mut self.stream);
                    rhythm.after(phase, Timestamp::ZERO, work, pace(self.up))
                });
                while until <= now {
                    self.up = !self.up;
                    until = rhythm.after(phase, until, law(self.up).draw(&mut self.stream), pace(self.up));
                }
                self.until = Some(until);
                if self.up { renewal.nodes } else { 0 }
            }
            Stock::Counted(counted) => {
                let mut until = match self.until {
                    Some(until) => until,
                    None => self.rhythmic_change(counted, rhythm, Timestamp::ZERO),
                };
                while until <= now {
                    let (arrive, leave) = counted.rates(self.level, rhythm.factor(phase, until));
                    if self.stream.unit() * (arrive + leave) < arrive {
                        self.level += 1;
                    } else {
                        self.level -= u32::from(self.level > 0);
                    }
                    until = self.rhythmic_change(counted, rhythm, until);
                }
                self.until = Some(until);
                counted.free(self.level)
            }
            other => self.at(other, now),
        }
    }

    fn rhythmic_change(&mut self, counted: &Counted, rhythm: &Rhythm, from: Timestamp) -> Timestamp {
        if counted.most() == 0 {
            return Timestamp(u64::MAX / 4);
        }
        let work = -libm::log(self.stream.unit());
        let rate = |factor: f64| {
            let (arrive, leave) = counted.rates(self.level, factor);
            arrive + leave
        };
        rhythm.after(self.lap as u64, from, work, rate)
    }

    /// `level` counts tenants here. All waiting times are memoryless, so the next change is drawn anew after each.
    fn advance_counted(&mut self, counted: &Counted, now: Timestamp) {
        let mut until = self.counted_until(counted);
        while until <= now {
            let (arrive, leave) = counted.rates(self.level, 1.0);
            if self.stream.unit() * (arrive + leave) < arrive {
                self.level += 1;
            } else {
                self.level -= u32::from(self.level > 0);
            }
            until = until + self.next_change_after(counted);
        }
        self.until = Some(until);
    }

    fn next_change_after(&mut self, counted: &Counted) -> Span {
        let (arrive, leave) = counted.rates(self.level, 1.0);
        let rate = arrive + leave;
        if rate > 0.0 {
            Span::from_secs_f64(-libm::log(self.stream.unit()) / rate).max(Span(1))
        } else {
            // Nobody fits and nobody is there: nothing ever changes.
            Span(u64::MAX / 4)
        }
    }
}
