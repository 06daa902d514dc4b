//! The market behind any protocol: launches, what they made, what it costs.
//!
//! **Invariant:** one lock, one order of events; every decision about stock, quota, faults and latency is the
//! simulator's own, drawn from the same streams of luck as in a trial of the same seed.

mod ask;
mod injection;
mod instance;
mod journal;
mod launch;
mod life;
mod look;
mod offers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use crate::catalog::Catalog;
use crate::model::{LeaseId, Span, Timestamp};
use crate::sim::OpenWorld;
use crate::sim::scenario::Scenario;

use super::clock::Clock;

pub use ask::{Ask, Login, OnPreemption, Outcome, Refusal, SiteError, Verdict, Wire};
pub use injection::{Injection, Mishap};
pub use instance::{Instance, InstanceId, State};
pub use journal::Record;
pub use life::Ended;
pub use look::{Account, Books, Filter, Limit, Owned, Pool};

use journal::Journal;
use offers::Offers;

/// Terminated instances are shown for so long,
const REMEMBERED: Span = Span::from_secs(3600);

/// and no more than so many of them, the earliest forgotten first.
const MOST_REMEMBERED: usize = 4096;

/// A simulated market that is served.
pub struct Site {
    scenario: Arc<Scenario>,
    seed: u64,
    clock: Clock,
    inner: Mutex<Inner>,
    news: broadcast::Sender<Arc<Record>>,
}

/// All that changes.
struct Inner {
    world: OpenWorld,
    offers: Offers,
    /// Those that are there, and the latest of those that are gone.
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    /// Those that are not gone.
    there: BTreeSet<InstanceId>,
    /// The same by name.
    named: BTreeMap<String, BTreeSet<InstanceId>>,
    /// Those that are gone and remembered, in the order they went.
    gone: VecDeque<InstanceId>,
    by_lease: BTreeMap<LeaseId, InstanceId>,
    /// Instances whose state, or whose memory, ends by time, in its order.
    ends: BTreeSet<(Timestamp, InstanceId)>,
    /// What was made with a token: by cloud and token.
    tokens: BTreeMap<(&'static str, String), launch::Made>,
    /// Launches of `sky` that are spread over several calls: by `sky-lease` and way.
    groups: BTreeMap<(String, usize), launch::Group>,
    injections: Vec<Injection>,
    journal: Journal,
    next_instance: u64,
    /// Counts resets, so that frontends know when to forget.
    generation: u64,
    seed: u64,
    loopback_addresses: bool,
}

impl Site {
    /// The market of a scenario under one seed. Everything the scenario itself wants is on the shelves from the start;
    /// whatever else is asked for is put there when it is.
    pub fn new(scenario: Arc<Scenario>, seed: u64, clock: Clock) -> Self {
        let inner = Inner::new(&scenario, seed);
        Self { scenario, seed, clock, inner: Mutex::new(inner), news: broadcast::channel(1024).0 }
    }

    /// Writes every entry of the journal there too, one JSON document a line.
    pub fn record_to(&self, writer: Box<dyn Write + Send>) {
        self.lock().journal.writer = Some(writer);
    }

    /// From now on instances get addresses on loopback, where something can listen for them.
    pub fn use_loopback_addresses(&self) {
        self.lock().loopback_addresses = true;
    }

    /// True if instances are machines that can be used, on loopback, by the user that serves them and nobody else.
    pub fn uses_loopback_addresses(&self) -> bool {
        self.lock().loopback_addresses
    }

    /// Virtual time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The scenario that is served.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The catalog of the scenario: regions, zones, types, prices.
    pub fn catalog(&self) -> &Catalog {
        &self.scenario.catalog
    }

    /// The seed of all luck.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Counts resets: what a frontend keeps of an earlier generation is void.
    pub fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Entries of the journal as they come.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Record>> {
        self.news.subscribe()
    }

    /// Forgets everything that was asked and made. Virtual time goes on, and the market with it.
    pub fn reset(&self) {
        let mut inner = self.lock();
        let writer = inner.journal.writer.take();
        let (generation, loopback) = (inner.generation + 1, inner.loopback_addresses);
        *inner = Inner::new(&self.scenario, self.seed);
        (inner.generation, inner.loopback_addresses) = (generation, loopback);
        inner.journal.writer = writer;
    }

    /// The site as it stands now: what time alone brings has happened.
    fn settled(&self) -> (MutexGuard<'_, Inner>, Timestamp) {
        let mut inner = self.lock();
        // Read under the lock, so that nobody sees the site at an earlier moment than somebody before.
        let now = self.clock.now();
        for record in inner.settle(now) {
            self.note(&mut inner, record);
        }
        (inner, now)
    }

    fn note(&self, inner: &mut Inner, record: Record) {
        let record = inner.journal.add(record);
        // Nobody listening is no failure.
        let _ = self.news.send(record);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn new(scenario: &Arc<Scenario>, seed: u64) -> Self {
        let mut world = OpenWorld::new(Arc::clone(scenario), seed, 0);
        let mut offers = Offers::default();
        offers.stock(scenario, &mut world);
        Self {
            world,
            offers,
            instances: BTreeMap::new(),
            there: BTreeSet::new(),
            named: BTreeMap::new(),
            gone: VecDeque::new(),
            by_lease: BTreeMap::new(),
            ends: BTreeSet::new(),
            tokens: BTreeMap::new(),
            groups: BTreeMap::new(),
            injections: Vec::new(),
            journal: Journal::default(),
            next_instance: 0,
            generation: 0,
            seed,
            loopback_addresses: false,
        }
    }

    /// Changes an instance and keeps the agenda right.
    fn change<R>(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance) -> R) -> Option<R> {
        // Whoever was shown it keeps what was shown.
        let instance = Arc::make_mut(self.instances.get_mut(&id)?);
        if let Some(at) = wakes(instance) {
            self.ends.remove(&(at, id));
        }
        let result = change(instance);
        if let Some(at) = wakes(instance) {
            self.ends.insert((at, id));
        }
        if instance.state == State::Terminated {
            let name = instance.name.clone();
            self.is_gone(id, &name);
        }
        Some(result)
    }
}

/// When time alone will change something about it: its state, or whether it is remembered.
fn wakes(instance: &Instance) -> Option<Timestamp> {
    instance.state.ends().or_else(|| instance.terminated_at.map(|at| at + REMEMBERED))
}
