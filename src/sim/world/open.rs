//! The simulated market asked from outside, one launch at a time: what a server answers its clients with.
//!
//! **Invariant:** the same decisions, streams of luck and words as a launch of the engine meets: it is decided by the
//! same code, and the `n`-th launch of a way is the `n`-th wherever it comes from.

use std::sync::Arc;

use crate::model::{
    Answer, Attempt, CallId, Candidate, DemandId, Denials, Event, Lease, LeaseId, Money, Span, Timestamp, ZoneSet,
};

use super::super::billing::Ledger;
use super::super::luck::{Luck, Purpose};
use super::super::market::{Ask, Course, Market};
use super::super::scenario::{Growing, Scenario};
use super::super::voice::{Spoken, words};
use super::{Item, State};

/// A world without demands whose market grows by what is asked for.
pub struct OpenWorld {
    scenario: Arc<Scenario>,
    growing: Growing,
    state: State,
    calls: u64,
    undone: u64,
}

/// What one launch from outside came to.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What was leased, one a node; empty if nothing was.
    pub taken: Vec<Taken>,
    /// What was refused, classified; together with `taken` where a gang came up in part.
    pub denials: Denials,
    /// The same refusals in the cloud's own words.
    pub spoken: Vec<Spoken>,
    /// How long until the nodes are up, or until the refusal is known.
    pub latency: Span,
    /// How long until the connection breaks, if the answer is lost.
    pub lost: Option<Span>,
    /// True if it is never answered (and made nothing).
    pub hung: bool,
}

/// One node that was leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Names it in [`OpenWorld::release`].
    pub lease: LeaseId,
    /// The ask (zone) it came from.
    pub ask: usize,
    /// When the cloud will take it back, if ever. Nobody may know before the notice.
    pub preempted_at: Option<Timestamp>,
}

impl OpenWorld {
    /// The market of a scenario under the luck of one trial.
    pub fn new(scenario: Arc<Scenario>, seed: u64, trial: u64) -> Self {
        let growing = Growing::default();
        let mut state = State::new(growing.market());
        state.reset(growing.market(), Luck::new(seed, trial));
        state.voice.speak_up();
        Self { scenario, growing, state, calls: 0, undone: 0 }
    }

    /// The market so far.
    pub fn market(&self) -> &Market {
        self.growing.market()
    }

    /// The world's set of books.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// What everything has cost until now.
    pub fn billed(&self) -> Money {
        self.state.ledger.billed(self.state.now)
    }

    /// How much of a limit is held, in thousandths of its unit: by others of the account and by our own leases.
    pub fn used(&self, quota: usize) -> u64 {
        self.market().quotas[quota].seen(self.state.luck, self.state.now).usage + self.state.used[quota]
    }

    /// The luck of this trial.
    pub fn luck(&self) -> Luck {
        self.state.luck
    }

    /// Adds the way of a candidate and returns its position. Adding the same one twice makes two ways that share
    /// pools and limits but count their launches apart, so it is for the caller to remember.
    pub fn add(&mut self, candidate: &Candidate) -> usize {
        let way = self.growing.add(&self.scenario, candidate);
        let market = self.growing.market();
        self.state.grow(market);
        way
    }

    /// Lets time pass until `now` and returns what the cloud took back on the way.
    pub fn pass(&mut self, now: Timestamp) -> Vec<(Timestamp, LeaseId)> {
        let market = self.growing.market();
        let mut taken_back = Vec::new();
        while let Some((at, item)) = self.state.agenda.pop_until(Some(now)) {
            self.state.now = at;
            if let Some(Event::Preempted(lease)) = self.state.happen(market, item) {
                taken_back.push((at, lease));
            }
        }
        self.state.now = self.state.now.max(now);
        taken_back
    }

    /// The number of the next launch of a way, for [`OpenWorld::ask`].
    pub fn next_launch(&mut self, way: usize) -> u64 {
        self.state.launches_of(way)
    }

    /// Asks for `nodes` nodes, all or none, in these zones of a way (empty where the cloud has none), as its `n`-th
    /// launch. What it meets is decided now.
    pub fn ask(&mut self, way: usize, candidate: &Candidate, zones: ZoneSet, nodes: u16, n: u64) -> Asked {
        self.fold();
        let market = self.growing.market();
        let id = CallId(self.calls);
        self.calls += u64::from(nodes.max(1));
        let attempt = Attempt { demand: DemandId(0), candidate: 0, offering: candidate.offering, zones, nodes };
        self.state.voice.heard();
        let met = self.state.meet(market, id, &attempt, way, n);
        let spoken = self.state.voice.heard();
        let Some(met) = met else {
            let none = (Vec::new(), Denials::new());
            return Asked { taken: none.0, denials: none.1, spoken, latency: Span::ZERO, lost: None, hung: true };
        };
        let (lease, denials) = match met.answer {
            Answer::Launched(lease) => (Some(lease), Denials::new()),
            Answer::Partial(lease, denials) => (Some(lease), denials),
            Answer::Denied(denials) => (None, denials),
            _ => (None, Denials::new()),
        };
        let up = self.state.now + met.latency;
        let taken = lease.map_or_else(Vec::new, |lease| self.take(&lease, candidate.offering.price_hourly, way, n, up));
        Asked { taken, denials, spoken, latency: met.latency, lost: met.lost, hung: false }
    }

    /// Forgets leases that have ended, once there are many, and what was still to come of them.
    fn fold(&mut self) {
        let Some(positions) = self.state.ledger.fold() else { return };
        let moved = |position: u32| positions[position as usize];
        self.state.agenda.rework(|item| match item {
            Item::Release { call, position } => Some(Item::Release { call, position: moved(position)? }),
            Item::Reprice { position, list } => Some(Item::Reprice { position: moved(position)?, list }),
            Item::Finish(position) => moved(position).map(Item::Finish),
            Item::Preempt(position) => moved(position).map(Item::Preempt),
            Item::Up(position) => moved(position).map(Item::Up),
            other => Some(other),
        });
    }

    /// One lease a node, each with a life of its own.
    fn take(&mut self, lease: &Lease, list: Money, way: usize, n: u64, up: Timestamp) -> Vec<Taken> {
        let market = self.growing.market();
        let (id, nodes) = (lease.id, lease.nodes);
        let Some(position) = self.state.ledger.position(id) else { return Vec::new() };
        let ask = self.state.ledger.holdings()[position].ask as usize;
        self.state.ledger.split(position);
        let each = |node: u64| {
            let lease = LeaseId(CallId(id.0.0 + node));
            if let Some(part) = self.state.ledger.position(lease).filter(|part| *part != position) {
                self.state.plan_price(market, part as u32, list);
            }
            let life = n | node << 40;
            let preempted_at = self.state.plan_preemption(market, lease, &market.ways[way], life, up);
            Taken { lease, ask, preempted_at }
        };
        (0..u64::from(nodes)).map(each).collect()
    }

    /// Takes back a lease that was made at this moment and is not wanted, as if it had never been.
    pub fn undo(&mut self, lease: LeaseId) {
        let market = self.growing.market();
        let Some(position) = self.state.ledger.position(lease) else { return };
        if self.state.end(market, position) {
            self.undone += 1;
        }
    }

    /// How many leases were made and wanted, ever.
    pub fn launched(&self) -> u64 {
        self.state.ledger.count() - self.undone
    }

    /// Gives a lease back. Returns when that is done, or when it is known to have failed; `None` for one that has
    /// ended.
    pub fn release(&mut self, lease: LeaseId) -> Option<Result<Timestamp, Timestamp>> {
        let market = self.growing.market();
        let position = self.state.ledger.position(lease)?;
        if self.state.ledger.holdings()[position].until.is_some() {
            return None;
        }
        let (failed, latency) = self.state.release_luck(market, position);
        let at = self.state.now + latency;
        if failed {
            return Some(Err(at));
        }
        self.state.agenda.push(at, Item::Release { call: lease.0, position: position as u32 });
        Some(Ok(at))
    }

    /// A chance from a stream of its own for something about the `n`-th launch of a way that only a server does.
    pub fn chance(&self, way: usize, n: u64, p: f64) -> bool {
        let entity = self.market().ways[way].entity;
        p > 0.0 && self.state.luck.stream(entity, Purpose::Fault, 1 << 41 | n).chance(p)
    }

    /// Machines there now for one zone of a candidate, our own leases subtracted.
    pub fn free(&mut self, ask: usize) -> u32 {
        self.state.free(self.growing.market(), ask)
    }

    /// The body with this key as the cloud would word it for an ask of a way.
    pub fn wording(&self, way: usize, ask: usize, key: &str) -> Option<Spoken> {
        let market = self.market();
        let answers = &market.apis[market.ways[way].api as usize].answers;
        words(key, &market.asks[ask], answers, &[])
    }

    /// How many machines a pool had at each of these moments, which are in order. Looks at a copy of its course, so
    /// looking changes nothing.
    pub fn course(&self, pool: usize, moments: impl Iterator<Item = Timestamp>) -> Vec<u32> {
        let pool = &self.market().pools[pool];
        let mut course = Course::start(pool, self.state.luck);
        moments.map(|at| course.at(pool, at)).collect()
    }

    /// The asks of a way, with their positions.
    pub fn asks(&self, way: usize) -> impl Iterator<Item = (usize, &Ask)> {
        let way = &self.market().ways[way];
        let first = way.first_ask as usize;
        self.market().asks_of(way).iter().enumerate().map(move |(offset, ask)| (first + offset, ask))
    }
}
