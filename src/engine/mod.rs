//! The sans-IO failover engine: told what happened and what time it is, it answers with what to do next.
//!
//! **Invariant:** no IO, no clock, no `async`, no randomness of its own. One mutation, [`Engine::step`]; the effects
//! of a step are drained before the next. Every launch is journalled before it is asked for, and whatever a launch
//! made that is not wanted is released.

mod acquisition;
mod answers;
mod blocklist;
mod field;
pub mod policy;
mod recovery;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::model::{
    Call, CallId, Demand, DemandId, Entry, Event, Happening, Lease, LeaseId, Money, Outcome, Span, Timestamp,
};

use acquisition::Acquisition;
pub use blocklist::{Block, Blocklist};
use field::Covered;
pub use field::Field;
use policy::{Memory, PolicyName};
pub use tally::Tally;

/// What a step asks of its driver, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Submit this call to the world. The id doubles as the idempotency key.
    Call(CallId, Call),
    /// Write this down, before the call that follows it is made.
    Record(Entry),
}

/// Where the pursuit of a demand stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// How it ended; `None` while it goes on.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it holds.
    pub lease: Option<Lease>,
    /// Launch calls made, retries in place included.
    pub attempts: u32,
    /// Rounds over the candidates begun.
    pub rounds: u32,
    /// Money spent on what was launched and not kept, in dollars.
    pub wasted: Money,
    /// Denials by cause.
    pub tally: Tally,
}

/// Several demands pursued at once, sharing one blocklist.
pub struct Engine {
    policy: PolicyName,
    seed: u64,
    journal: bool,
    pursuits: BTreeMap<DemandId, Acquisition>,
    /// Acquisitions of an earlier trial, kept for their memory.
    spare: Vec<Acquisition>,
    blocklist: Blocklist,
    memory: Memory,
    effects: Vec<Effect>,
    covered: Covered,
}

/// Where a step writes what it wants done.
pub(crate) struct Sink<'a> {
    effects: &'a mut Vec<Effect>,
    blocklist: &'a mut Blocklist,
    memory: &'a mut Memory,
    covered: &'a mut Covered,
    journal: bool,
    now: Timestamp,
}

impl Sink<'_> {
    fn record(&mut self, demand: DemandId, happening: impl FnOnce() -> Happening) {
        if self.journal {
            self.effects.push(Effect::Record(Entry { at: self.now, demand, happening: happening() }));
        }
    }

    fn call(&mut self, id: CallId, call: Call) {
        self.effects.push(Effect::Call(id, call));
    }
}

impl Engine {
    /// An engine whose demands are pursued by the named policy. `seed` starts the stream of a policy that needs luck.
    pub fn new(policy: PolicyName, seed: u64) -> Self {
        Self {
            policy,
            seed,
            journal: true,
            pursuits: BTreeMap::new(),
            spare: Vec::new(),
            blocklist: Blocklist::default(),
            memory: Memory::default(),
            effects: Vec::with_capacity(16),
            covered: Covered::default(),
        }
    }

    /// Leaves out [`Effect::Record`]: for simulations that only count.
    #[must_use]
    pub fn without_journal(mut self) -> Self {
        self.journal = false;
        self
    }

    /// Forgets everything but keeps the memory, for the next trial.
    pub fn reset(&mut self, seed: u64) {
        self.seed = seed;
        self.effects.clear();
        self.blocklist.clear();
        self.memory = Memory::default();
        self.covered.clear();
        while let Some((_, pursuit)) = self.pursuits.pop_first() {
            self.spare.push(pursuit);
        }
    }

    /// Turns the journal on or off, for instance to tell one trial of many.
    pub fn set_journal(&mut self, on: bool) {
        self.journal = on;
    }

    /// Takes in what happened and says what to do. Events must come in the order of their time.
    pub fn step(&mut self, now: Timestamp, event: Event) -> std::vec::Drain<'_, Effect> {
        self.blocklist.expire(now);
        match event {
            Event::Arrived(demand) => self.arrive(now, demand),
            Event::Answered(call, answer) => {
                self.with(demand_of(call), now, |pursuit, sink| pursuit.answered(call, answer, sink));
            }
            Event::Preempted(lease) => {
                self.with(demand_of(lease.0), now, |pursuit, sink| pursuit.preempted(lease, sink));
            }
            Event::Finished(lease) => self.with(demand_of(lease.0), now, |pursuit, sink| pursuit.finished(lease, sink)),
            Event::Cancelled(demand) => self.with(demand, now, Acquisition::cancelled),
            Event::Woke => {}
        }
        self.pursue_all(now);
        self.effects.drain(..)
    }

    /// The next moment the engine wants to be woken at, if nothing else happens before.
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.pursuits.values().filter_map(Acquisition::wake_at).min()
    }

    /// True when nothing is being pursued, in flight or being released. Leases that are simply held do not count.
    pub fn is_idle(&self) -> bool {
        self.pursuits.values().all(Acquisition::is_idle)
    }

    /// Where a demand stands; `None` if it never arrived or was forgotten.
    pub fn progress(&self, demand: DemandId) -> Option<Progress> {
        self.pursuits.get(&demand).map(Acquisition::progress)
    }

    /// Everything the engine believes it holds: its set of books.
    pub fn leases(&self) -> impl Iterator<Item = Lease> + '_ {
        self.pursuits.values().flat_map(Acquisition::leases)
    }

    /// Leases whose release failed for good.
    pub fn orphans(&self) -> impl Iterator<Item = LeaseId> + '_ {
        self.pursuits.values().flat_map(Acquisition::orphans)
    }

    /// The denials in force.
    pub fn blocklist(&self) -> &Blocklist {
        &self.blocklist
    }

    /// Takes denials that others met for true until they end.
    pub fn believe(&mut self, blocks: impl IntoIterator<Item = Block>) {
        for block in blocks {
            self.blocklist.put(block);
        }
    }

    /// Drops a demand that has ended and holds nothing, so that memory stays flat; false if it still matters.
    pub fn forget(&mut self, demand: DemandId) -> bool {
        let done = self.pursuits.get(&demand).is_some_and(|p| p.is_idle() && p.leases().next().is_none());
        if done && let Some(pursuit) = self.pursuits.remove(&demand) {
            self.spare.push(pursuit);
        }
        done
    }

    fn arrive(&mut self, now: Timestamp, demand: Demand) {
        debug_assert!(!self.pursuits.contains_key(&demand.id), "a demand arrives once");
        let id = demand.id;
        let mut pursuit = self.spare.pop().unwrap_or_else(|| Acquisition::new(policy::make(self.policy)));
        let luck = self.seed ^ (u64::from(id.0) << 32);
        let mut sink = Sink {
            effects: &mut self.effects,
            blocklist: &mut self.blocklist,
            memory: &mut self.memory,
            covered: &mut self.covered,
            journal: self.journal,
            now,
        };
        pursuit.begin(demand, luck, &mut sink);
        self.pursuits.insert(id, pursuit);
    }

    fn with(&mut self, demand: DemandId, now: Timestamp, act: impl FnOnce(&mut Acquisition, &mut Sink<'_>)) {
        let mut sink = Sink {
            effects: &mut self.effects,
            blocklist: &mut self.blocklist,
            memory: &mut self.memory,
            covered: &mut self.covered,
            journal: self.journal,
            now,
        };
        if let Some(pursuit) = self.pursuits.get_mut(&demand) {
            act(pursuit, &mut sink);
        }
    }

    /// Lets every pursuit act on the time and on what the others learned. A denial that one of them met is told to
    /// all of them before any acts, so that two demands never run into the same wall one after the other.
    fn pursue_all(&mut self, now: Timestamp) {
        let fresh = self.blocklist.take_fresh();
        for block in &fresh {
            self.covered.clear();
            for pursuit in self.pursuits.values_mut() {
                pursuit.learn(block, &mut self.covered);
            }
        }
        self.blocklist.give_back(fresh);
        let mut sink = Sink {
            effects: &mut self.effects,
            blocklist: &mut self.blocklist,
            memory: &mut self.memory,
            covered: &mut self.covered,
            journal: self.journal,
            now,
        };
        for pursuit in self.pursuits.values_mut() {
            pursuit.pursue(&mut sink);
        }
    }
}

/// The demand a call was made for: the upper half of its id.
pub(crate) const fn demand_of(call: CallId) -> DemandId {
    DemandId((call.0 >> 32) as u32)
}

/// What holding a lease until now has cost.
pub(crate) fn cost_of(lease: &Lease, now: Timestamp) -> Money {
    (lease.offering.price_hourly * i64::from(lease.nodes)).over(now.since(lease.since))
}

/// Growing pause before the `n`-th repetition (from 1): 5 s × 1.6ⁿ⁻¹, at most a minute, as EC2's clients pace
/// themselves. No jitter: the engine has no luck; a live world may add it.
pub(crate) fn backoff(n: u32) -> Span {
    let mut span = Span::from_secs(5);
    for _ in 1..n.min(8) {
        span = Span(span.0 / 5 * 8);
    }
    span.min(Span::from_secs(60))
}
