//! Real clouds as a [`World`]: the engine's calls become tasks of a runtime, their answers events.
//!
//! **Invariant:** no policy, and no create without an intent that was written down. A call is answered exactly once: by
//! the cloud, by its time-out, or, once the user wants to stop, as lost, so that what it made is looked for.

mod boot;
mod interrupt;
mod journal;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::{Clock, Cloud, CloudProvider, Clouds, Launched, LeaseKey, MachineSpec, Node, Order, ProviderError};
use crate::catalog::Catalog;
use crate::denials::Book;
use crate::model::{Answer, Attempt, Call, CallId, DemandId, Denials, Event, LeaseId, Timestamp};
use crate::world::World;

pub use interrupt::Interrupt;
pub use journal::{Intent, Journal, Settled, Unwritten};

/// How long a launch that was under way when the user wanted to stop may still answer by itself.
const GRACE: Duration = Duration::from_secs(3);
/// How long one release may take: the slowest cloud deletes a machine with its disk in four minutes.
const RELEASE_LIMIT: Duration = Duration::from_secs(600);

/// What machines of an attempt get beside their type and place, at its cloud.
pub type MachineOf<'a> = Box<dyn Fn(&Attempt, &dyn CloudProvider) -> MachineSpec + 'a>;

/// Who launches what.
pub struct Launch<'a> {
    /// The one demand that is pursued; cancelled when the user wants to stop.
    pub demand: DemandId,
    /// The installation, for the owner's tag.
    pub owner: String,
    /// The cluster's name on the cloud.
    pub cluster: String,
    /// Random, never used before: what keys of calls are made of. At most 20 characters of `a-z0-9`.
    pub uid: String,
    /// What machines get beside their type and place.
    pub machine: MachineOf<'a>,
}

/// What every launch has in common.
pub struct Surroundings<'a> {
    /// The catalog that ids belong to.
    pub catalog: &'a Catalog,
    /// The clouds that can be called.
    pub clouds: Clouds,
    /// What refusals mean.
    pub book: Arc<Book>,
    /// The time.
    pub clock: Clock,
    /// Where calls run.
    pub runtime: Handle,
    /// The user's wish to stop.
    pub interrupt: Interrupt,
}

/// A [`World`] of real clouds.
pub struct LiveWorld<'a> {
    around: Surroundings<'a>,
    launch: Launch<'a>,
    journal: &'a mut dyn Journal,
    made: BTreeMap<CallId, Made>,
    flying: BTreeMap<CallId, AbortHandle>,
    replies: UnboundedReceiver<(CallId, Reply)>,
    reply: UnboundedSender<(CallId, Reply)>,
    /// When launches that are still under way are dropped; set once the user wants to stop.
    grace: Option<tokio::time::Instant>,
}

/// What is known of a launch call.
struct Made {
    attempt: Attempt,
    order: Order,
    asked: Timestamp,
    nodes: Vec<Node>,
}

/// A cloud's answer, before it is understood.
enum Reply {
    Launched(Result<Launched, ProviderError>),
    Found(LeaseId, Result<Vec<Node>, ProviderError>),
    Released(LeaseId, Result<(), ProviderError>),
    /// Nothing was asked, and this is the answer.
    Known(Answer),
}

/// The key of a launch call.
pub fn key_of(uid: &str, call: CallId) -> LeaseKey {
    LeaseKey(format!("s{uid}-{:x}", call.0))
}

impl<'a> LiveWorld<'a> {
    /// A world in which nothing has been asked yet.
    pub fn new(around: Surroundings<'a>, launch: Launch<'a>, journal: &'a mut dyn Journal) -> Self {
        let (reply, replies) = unbounded_channel();
        Self { around, launch, journal, made: BTreeMap::new(), flying: BTreeMap::new(), replies, reply, grace: None }
    }

    /// The machines that a launch made, as last seen, by rank.
    pub fn nodes(&self, lease: LeaseId) -> &[Node] {
        self.made.get(&lease.0).map_or(&[], |made| &made.nodes)
    }

    /// The attempt that a launch call made.
    pub fn attempt(&self, lease: LeaseId) -> Option<&Attempt> {
        self.made.get(&lease.0).map(|made| &made.attempt)
    }

    /// The key of a launch call.
    pub fn key(&self, call: CallId) -> LeaseKey {
        key_of(&self.launch.uid, call)
    }

    fn order(&self, id: CallId, attempt: &Attempt, provider: &dyn CloudProvider) -> Order {
        let catalog = self.around.catalog;
        let name = |devices: crate::model::AcceleratorCount| {
            let count = devices.count_milli.div_ceil(1000);
            (catalog.accelerator_name(devices.accelerator).to_owned(), count)
        };
        Order {
            key: self.key(id),
            owner: self.launch.owner.clone(),
            cluster: self.launch.cluster.clone(),
            region: catalog.region_name(attempt.offering.region).to_owned(),
            zones: attempt.zones.as_slice().iter().map(|zone| catalog.zone_name(*zone).to_owned()).collect(),
            instance_type: catalog.type_name(attempt.offering.instance_type).to_owned(),
            // A TPU's host is the same for every slice, so the slice is named like devices that are attached.
            accelerator: attempt.offering.attached.or_else(|| words::slice(catalog, attempt)).map(name),
            capacity: attempt.offering.capacity,
            nodes: attempt.nodes,
            machine: (self.launch.machine)(attempt, provider),
        }
    }

    fn ask_launch(&mut self, id: CallId, attempt: Attempt) {
        let cloud = self.around.catalog.cloud_name(attempt.offering.cloud);
        let Cloud { provider, pace } = match self.around.clouds.need(cloud) {
            Ok(cloud) => cloud.clone(),
            Err(error) => return self.answer(id, Reply::Launched(Err(error)), Some(attempt)),
        };
        let order = self.order(id, &attempt, &*provider);
        if let Err(why) = self.journal.before(Intent::Launch { cloud, order: &order, attempt: &attempt }) {
            let denial = words::unwritten(&attempt, &why);
            return self.answer(id, Reply::Known(Answer::Denied(Denials::from_iter([denial]))), None);
        }
        let made = Made { attempt, order: order.clone(), asked: self.around.clock.now(), nodes: Vec::new() };
        self.made.insert(id, made);
        let clock = self.around.clock;
        let task = async move {
            let _permit = pace.launch(&clock).await;
            Reply::Launched(provider.launch(&order).await)
        };
        self.fly(id, task);
    }

    /// Answers a launch that was not made.
    fn answer(&mut self, id: CallId, reply: Reply, attempt: Option<Attempt>) {
        let reply = match (reply, attempt) {
            (Reply::Launched(Err(error)), Some(attempt)) => {
                let denied = words::refused(self.around.catalog, &self.around.book, &attempt, &error);
                Reply::Known(denied.map_or_else(|| Answer::Lost(Arc::from(error.to_string())), Answer::Denied))
            }
            (reply, _) => reply,
        };
        // The receiver lives as long as this.
        let _ = self.reply.send((id, reply));
    }

    fn ask_find(&mut self, id: CallId, lease: LeaseId) {
        // Nothing more is made by a launch that is looked for: what it has made by now is all there will be.
        if let Some(launch) = self.flying.remove(&lease.0) {
            launch.abort();
        }
        let Some((cloud, order)) = self.called(lease) else {
            return self.answer(id, Reply::Known(Answer::Found(None)), None);
        };
        let (clock, book, wanted) = (self.around.clock, Arc::clone(&self.around.book), order.nodes);
        let task = async move {
            let found = boot::find(&cloud, &book, &clock, &order, wanted).await;
            Reply::Found(lease, found)
        };
        self.fly(id, task);
    }

    fn ask_release(&mut self, id: CallId, lease: LeaseId) {
        let Some((cloud, order)) = self.called(lease) else {
            return self.answer(id, Reply::Known(Answer::Released), None);
        };
        let known = self.made.get(&lease.0).map(|made| made.nodes.clone()).unwrap_or_default();
        if let Err(why) = self.journal.before(Intent::Release { key: &order.key }) {
            return self.answer(id, Reply::Known(Answer::NotReleased(Arc::from(why))), None);
        }
        let (clock, book) = (self.around.clock, Arc::clone(&self.around.book));
        let task = async move {
            let (name, provider) = (cloud.provider.name(), &cloud.provider);
            let release = || provider.release(&order.region, &order.key, &known);
            let done = cloud.pace.patiently(name, &book, &clock, RELEASE_LIMIT, release).await;
            Reply::Released(lease, done)
        };
        self.fly(id, task);
    }

    /// The cloud and the order of a launch call that was made.
    fn called(&self, lease: LeaseId) -> Option<(Cloud, Order)> {
        let made = self.made.get(&lease.0)?;
        let cloud = self.around.catalog.cloud_name(made.attempt.offering.cloud);
        Some((self.around.clouds.get(cloud)?.clone(), made.order.clone()))
    }

    fn fly(&mut self, id: CallId, task: impl Future<Output = Reply> + Send + 'static) {
        let reply = self.reply.clone();
        let handle = self.around.runtime.spawn(async move {
            let _ = reply.send((id, task.await));
        });
        self.flying.insert(id, handle.abort_handle());
    }

    fn understand(&mut self, id: CallId, reply: Reply) -> Answer {
        match reply {
            Reply::Known(answer) => answer,
            Reply::Launched(result) => self.launched(id, result),
            Reply::Found(lease, found) => self.found(lease, found),
            Reply::Released(lease, Ok(())) => {
                let key = self.key(lease.0);
                self.journal.after(Settled::Released { key: &key });
                Answer::Released
            }
            Reply::Released(_, Err(error)) => Answer::NotReleased(Arc::from(error.to_string())),
        }
    }

    fn launched(&mut self, id: CallId, result: Result<Launched, ProviderError>) -> Answer {
        let (catalog, book, now) = (self.around.catalog, Arc::clone(&self.around.book), self.around.clock.now());
        let Some(made) = self.made.get_mut(&id) else { return Answer::Lost(Arc::from("an answer to no call")) };
        let (attempt, key) = (made.attempt, made.order.key.clone());
        let Launched { nodes, refusals } = match result {
            Ok(launched) => launched,
            Err(ProviderError::Lost(why)) => return Answer::Lost(Arc::from(why)),
            Err(error) => {
                let denials = words::refused(catalog, &book, &attempt, &error).unwrap_or_default();
                self.journal.after(Settled::Nothing { key: &key });
                self.tell(id, &denials, false);
                return Answer::Denied(denials);
            }
        };
        made.nodes = nodes;
        let lease = words::lease(catalog, LeaseId(id), &attempt, &made.nodes, now);
        let mut denials = words::denials(catalog, &book, &attempt, &refusals);
        if made.nodes.is_empty() {
            if denials.is_empty() {
                denials.push(words::incomplete(&attempt, 0));
            }
            self.journal.after(Settled::Nothing { key: &key });
            self.tell(id, &denials, false);
            return Answer::Denied(denials);
        }
        self.journal.after(Settled::Made { key: &key, nodes: &made.nodes });
        if lease.nodes >= attempt.nodes {
            self.tell(id, &denials, true);
            return Answer::Launched(lease);
        }
        if denials.is_empty() {
            denials.push(words::incomplete(&attempt, made.nodes.len()));
        }
        self.tell(id, &denials, false);
        Answer::Partial(lease, denials)
    }

    fn tell(&mut self, call: CallId, denials: &Denials, aside: bool) {
        for denial in denials {
            self.journal.after(Settled::Denied { call, denial, aside });
        }
    }

    fn found(&mut self, lease: LeaseId, found: Result<Vec<Node>, ProviderError>) -> Answer {
        let catalog = self.around.catalog;
        let Some(made) = self.made.get_mut(&lease.0) else { return Answer::Found(None) };
        let key = made.order.key.clone();
        match found {
            Ok(nodes) if !nodes.is_empty() => {
                made.nodes = nodes;
                self.journal.after(Settled::Made { key: &key, nodes: &made.nodes });
                Answer::Found(Some(words::lease(catalog, lease, &made.attempt, &made.nodes, made.asked)))
            }
            Ok(_) => Answer::Found(None),
            Err(error) => Answer::Lost(Arc::from(error.to_string())),
        }
    }

    /// Gives up on launches that are under way: their answers count as lost, and what they made is looked for.
    fn drop_launches(&mut self) {
        let launches: Vec<CallId> = self.flying.keys().copied().filter(|id| self.made.contains_key(id)).collect();
        for id in launches {
            if let Some(flight) = self.flying.remove(&id) {
                flight.abort();
                let _ = self.reply.send((id, Reply::Known(Answer::Lost(Arc::from("interrupted")))));
            }
        }
    }
}

impl World for LiveWorld<'_> {
    fn now(&self) -> Timestamp {
        self.around.clock.now()
    }

    fn submit(&mut self, id: CallId, call: Call) {
        match call {
            Call::Launch(attempt) => self.ask_launch(id, attempt),
            Call::Find(lease) => self.ask_find(id, lease),
            Call::Release(lease) => self.ask_release(id, lease),
        }
    }

    fn wait(&mut self, deadline: Option<Timestamp>) -> Event {
        let runtime = self.around.runtime.clone();
        if self.flying.is_empty() && deadline.is_none() && self.replies.is_empty() {
            return Event::Woke;
        }
        let (interrupt, clock) = (self.around.interrupt.clone(), self.around.clock);
        if let Some(at) = deadline.filter(|_| self.flying.is_empty() && self.replies.is_empty()) {
            clock.pass(at);
        }
        loop {
            let wake = deadline.map(|at| clock.wall(at.since(clock.now())));
            let (grace, replies) = (self.grace, &mut self.replies);
            let seen = runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = interrupt.raised(), if grace.is_none() => Seen::Interrupt,
                    reply = replies.recv() => Seen::Reply(reply),
                    () = until(grace) => Seen::GraceOver,
                    () = after(wake) => Seen::Deadline,
                }
            });
            match seen {
                Seen::Interrupt => {
                    self.grace = Some(runtime.block_on(async { tokio::time::Instant::now() }) + GRACE);
                    return Event::Cancelled(self.launch.demand);
                }
                Seen::Reply(Some((id, reply))) => {
                    self.flying.remove(&id);
                    let answer = self.understand(id, reply);
                    return Event::Answered(id, answer);
                }
                Seen::GraceOver => {
                    self.drop_launches();
                    self.grace = self.grace.map(|at| at + Duration::from_secs(86_400));
                }
                Seen::Deadline | Seen::Reply(None) => {
                    // What is under way did not answer by then.
                    deadline.inspect(|at| clock.pass(*at));
                    return Event::Woke;
                }
            }
        }
    }
}

enum Seen {
    Interrupt,
    Reply(Option<(CallId, Reply)>),
    GraceOver,
    Deadline,
}

async fn until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn after(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

impl Drop for LiveWorld<'_> {
    fn drop(&mut self) {
        for flight in self.flying.values() {
            flight.abort();
        }
    }
}

#[cfg(test)]
mod tests;
