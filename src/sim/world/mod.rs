//! The simulated market as a world: virtual time, answers as the clouds would give them.
//!
//! **Invariant:** no wall clock; asking never changes the market, only what is leased is subtracted from it. What an
//! attempt meets is decided when it is asked for and told when the cloud would tell it.

mod arrive;
mod calls;
mod jobs;
mod launch;
mod limits;
mod open;
mod spot;

use std::sync::Arc;

use crate::model::{Answer, Call, CallId, Candidate, Event, Money, Offering, RegionId, Span, Timestamp};
use crate::world::World;

use super::agenda::Agenda;
use super::billing::Ledger;
use super::luck::Luck;
use super::market::{Course, Market, PriceTrack, QuotaTrack, Tokens, Wish};
use super::probe::Probes;
use super::voice::Voice;

pub use jobs::JobEnd;
use jobs::{Jobs, demand_of};

pub use super::voice::Spoken;
pub use open::{Asked, OpenWorld, Taken};

/// A market in one trial. Reset and used again for the next.
pub struct SimWorld {
    market: Market,
    state: State,
}

/// All that changes.
struct State {
    luck: Luck,
    now: Timestamp,
    /// Counts trials, so that what belongs to an earlier one is known to be stale without clearing it.
    epoch: u32,
    agenda: Agenda<Item>,
    pools: Vec<PoolState>,
    ways: Vec<WayState>,
    /// What we hold of each quota.
    used: Vec<u64>,
    jobs: Jobs,
    /// When each demand arrives; empty if that is fixed for all.
    arrivals: Vec<Timestamp>,
    /// Where each limit stands; empty if nothing changes about any.
    limits: Vec<QuotaTrack>,
    tokens: Vec<Tokens>,
    voice: Voice,
    ledger: Ledger,
    answers: Vec<Option<Answer>>,
    free: Vec<u32>,
    /// Every launch asked for, with its way, so that a lost one can be looked for.
    asked: Vec<(CallId, u32)>,
    /// Things the world will bring of its own accord.
    to_come: u32,
    probes: Probes,
    last_place: Option<Offering>,
    broken: Arc<str>,
    refused_release: Arc<str>,
}

#[derive(Debug, Clone, Copy)]
enum Item {
    Arrive(u32),
    Answer {
        call: CallId,
        slot: u32,
    },
    /// A lease ends at our request.
    Release {
        call: CallId,
        position: u32,
    },
    /// A lease has been needed long enough.
    Finish(u32),
    /// The cloud takes a lease back.
    Preempt(u32),
    /// The stock of a pool changes.
    Review(u32),
    /// The machines of a lease are up.
    Up(u32),
    /// A job has done its work, if it is still this run of it.
    JobDone {
        wish: u32,
        run: u32,
    },
    /// A job looks for new machines after it lost those in this region.
    Recover {
        wish: u32,
        lost: RegionId,
    },
    /// The price of a lease changes; `list` is the catalog's.
    Reprice {
        position: u32,
        list: Money,
    },
}

#[derive(Debug, Clone, Default)]
struct PoolState {
    epoch: u32,
    course: Option<Course>,
    held: u32,
    price: Option<Box<PriceTrack>>,
    /// True if a review is due.
    watched: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct WayState {
    epoch: u32,
    launches: u32,
    others: u32,
}

impl SimWorld {
    /// A world on this market, before its first trial (see [`SimWorld::reset`]).
    pub fn new(market: &Market) -> Self {
        let state = State::new(market);
        // Threads that share a reference count slow each other down, so each world counts references of its own.
        let mut own = market.clone();
        let mut last: Option<(*const Candidate, Arc<[Candidate]>)> = None;
        for wish in &mut own.demands {
            let candidates = &mut wish.demand.candidates;
            let theirs = candidates.as_ptr();
            let copy = match &last {
                Some((known, copy)) if *known == theirs => Arc::clone(copy),
                _ => candidates.to_vec().into(),
            };
            last = Some((theirs, Arc::clone(&copy)));
            *candidates = copy;
        }
        Self { market: own, state }
    }

    /// Begins a trial.
    pub fn reset(&mut self, seed: u64, trial: u64) {
        self.state.reset(&self.market, Luck::new(seed, trial));
    }

    /// The market.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// The luck of this trial.
    pub fn luck(&self) -> Luck {
        self.state.luck
    }

    /// The world's set of books.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// Which rare branches this trial reached.
    pub fn probes(&self) -> Probes {
        self.state.probes
    }

    /// When a demand arrives in this trial.
    pub fn arrival(&self, demand: usize) -> Timestamp {
        self.state.arrival(&self.market, demand)
    }

    /// What everything has cost until now.
    pub fn billed(&self) -> Money {
        self.state.ledger.billed(self.state.now)
    }

    /// Machines there now for one zone of a candidate, our own leases subtracted. Reads the market, as asking would.
    pub fn free(&mut self, ask: usize) -> u32 {
        self.state.free(&self.market, ask)
    }

    /// Says what does not add up, if anything: bills, and what pools and quotas think we hold.
    pub fn audit(&self) -> Result<(), String> {
        self.state.ledger.audit(self.state.now)?;
        let mut pools = vec![0; self.market.pools.len()];
        let mut used = vec![0; self.market.quotas.len()];
        for holding in self.state.ledger.holdings().iter().filter(|holding| holding.until.is_none()) {
            let ask = &self.market.asks[holding.ask as usize];
            pools[ask.pool as usize] += u32::from(holding.lease.nodes) * ask.weight;
            for (quota, each) in &self.market.ways[holding.way as usize].meters {
                used[*quota as usize] += each * u64::from(holding.lease.nodes);
            }
        }
        for (index, held) in pools.iter().enumerate() {
            let state = &self.state.pools[index];
            let believed = if state.epoch == self.state.epoch { state.held } else { 0 };
            if believed != *held {
                return Err(format!("pool {index} believes {believed} machines are leased, the books say {held}"));
            }
        }
        if used != self.state.used {
            return Err(format!("quotas believe {:?} is used, the books say {used:?}", self.state.used));
        }
        Ok(())
    }
}

impl World for SimWorld {
    fn now(&self) -> Timestamp {
        self.state.now
    }

    fn submit(&mut self, id: CallId, call: Call) {
        let Self { market, state } = self;
        match call {
            Call::Launch(attempt) => state.launch(market, id, &attempt),
            Call::Release(lease) => state.release(market, id, lease),
            Call::Find(lease) => state.find(market, id, lease),
        }
    }

    fn wait(&mut self, deadline: Option<Timestamp>) -> Event {
        let Self { market, state } = self;
        while let Some((at, item)) = state.agenda.pop_until(deadline) {
            state.now = at;
            if let Some(event) = state.happen(market, item) {
                return event;
            }
        }
        state.now = state.now.max(deadline.unwrap_or(state.now));
        Event::Woke
    }

    fn is_exhausted(&self) -> bool {
        self.state.to_come == 0
    }
}

impl State {
    fn new(market: &Market) -> Self {
        Self {
            luck: Luck::new(0, 0),
            now: Timestamp::ZERO,
            epoch: 0,
            agenda: Agenda::default(),
            pools: vec![PoolState::default(); market.pools.len()],
            ways: vec![WayState::default(); market.ways.len()],
            used: vec![0; market.quotas.len()],
            jobs: Jobs::default(),
            arrivals: Vec::new(),
            limits: Vec::new(),
            tokens: Vec::new(),
            voice: Voice::new(market),
            ledger: Ledger::default(),
            answers: Vec::with_capacity(8),
            free: Vec::with_capacity(8),
            asked: Vec::with_capacity(64),
            to_come: 0,
            probes: Probes::default(),
            last_place: None,
            broken: Arc::from("the connection was closed before the answer came"),
            refused_release: Arc::from("the cloud could not delete it: internal error, try again"),
        }
    }

    fn reset(&mut self, market: &Market, luck: Luck) {
        self.luck = luck;
        self.now = Timestamp::ZERO;
        self.epoch = self.epoch.wrapping_add(1);
        self.agenda.clear();
        self.used.fill(0);
        self.reset_limits(market);
        self.ledger.clear();
        self.answers.clear();
        self.free.clear();
        self.asked.clear();
        self.to_come = market.demands.len() as u32;
        self.probes = Probes::default();
        self.last_place = None;
        self.reset_jobs(market);
        self.draw_arrivals(market);
        for index in 0..market.demands.len() {
            self.agenda.push(self.arrival(market, index), Item::Arrive(index as u32));
        }
    }

    fn happen(&mut self, market: &Market, item: Item) -> Option<Event> {
        match item {
            Item::Arrive(demand) => {
                self.to_come -= 1;
                let Wish { demand, gap, until, .. } = &market.demands[demand as usize];
                let mut demand = demand.clone();
                if gap.is_some() && *until < Timestamp::NEVER {
                    let left = until.since(self.now);
                    demand.limits.max_wait = Some(demand.limits.max_wait.map_or(left, |wait| wait.min(left)));
                }
                Some(Event::Arrived(demand))
            }
            Item::Answer { call, slot } => {
                let answer = self.answers[slot as usize].take()?;
                self.free.push(slot);
                self.to_come -= u32::from(holds_lease(&answer));
                let answer = self.too_late(market, answer);
                self.found(&answer);
                Some(Event::Answered(call, answer))
            }
            Item::Release { call, position } => {
                self.end(market, position as usize);
                self.abandon_job(market, position);
                Some(Event::Answered(call, Answer::Released))
            }
            Item::Finish(position) => {
                self.to_come -= 1;
                let holding = self.ledger.holdings()[position as usize];
                holding.until.is_none().then_some(Event::Finished(holding.lease.id))
            }
            Item::Preempt(position) => self.preempt(market, position as usize).map(Event::Preempted),
            Item::Up(position) => {
                self.to_come -= 1;
                self.start_job(market, position);
                None
            }
            Item::JobDone { wish, run } => self.job_done(wish, run),
            Item::Recover { wish, lost } => self.recover(market, wish, lost),
            Item::Review(pool) => {
                self.review(market, pool);
                None
            }
            Item::Reprice { position, list } => {
                self.reprice(market, position, list);
                None
            }
        }
    }

    /// Ends a lease and gives back what it took; false if it had ended already.
    fn end(&mut self, market: &Market, position: usize) -> bool {
        if !self.ledger.end(position, self.now) {
            return false;
        }
        let holding = &self.ledger.holdings()[position];
        let ask = &market.asks[holding.ask as usize];
        self.pools[ask.pool as usize].held -= u32::from(holding.lease.nodes) * ask.weight;
        for (quota, each) in &market.ways[holding.way as usize].meters {
            self.used[*quota as usize] -= each * u64::from(holding.lease.nodes);
        }
        true
    }

    fn answer(&mut self, call: CallId, after: Span, answer: Answer) {
        self.to_come += u32::from(holds_lease(&answer));
        let slot = if let Some(slot) = self.free.pop() {
            self.answers[slot as usize] = Some(answer);
            slot
        } else {
            self.answers.push(Some(answer));
            self.answers.len() as u32 - 1
        };
        self.agenda.push(self.now + after, Item::Answer { call, slot });
    }

    /// How many nodes one zone of a candidate has room for.
    fn fitting(&mut self, market: &Market, ask: usize) -> u32 {
        self.free(market, ask) / market.asks[ask].weight
    }

    fn free(&mut self, market: &Market, ask: usize) -> u32 {
        let index = market.asks[ask].pool as usize;
        let pool = &market.pools[index];
        let (luck, epoch) = (self.luck, self.epoch);
        let state = &mut self.pools[index];
        if state.epoch != epoch {
            *state = PoolState { epoch, course: Some(Course::start(pool, luck)), ..PoolState::default() };
        }
        let there = state.course.as_mut().map_or(0, |course| course.at(pool, self.now));
        there.saturating_sub(state.held)
    }

    fn launches_of(&mut self, way: usize) -> u64 {
        let state = &mut self.ways[way];
        if state.epoch != self.epoch {
            *state = WayState { epoch: self.epoch, ..WayState::default() };
        }
        state.launches += 1;
        u64::from(state.launches)
    }
}

fn holds_lease(answer: &Answer) -> bool {
    matches!(answer, Answer::Launched(_) | Answer::Partial(..))
}
