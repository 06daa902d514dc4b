//! What the engine asks of the world, and what the world tells the engine.

use std::sync::Arc;

use super::{Demand, DemandId, Denials, Offering, Timestamp, ZoneId, ZoneSet};

/// One call to the world; doubles as the idempotency key, so it is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// Capacity held: named by the launch call that made it, so that a lost answer can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub CallId);

/// One launch: all nodes in the first of the zones that has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// For whom.
    pub demand: DemandId,
    /// Position in the demand's candidates.
    pub candidate: u32,
    /// What to lease. Its zone is open when several zones are covered or the cloud has none.
    pub offering: Offering,
    /// Zones to try, in order; empty where the cloud has none.
    pub zones: ZoneSet,
    /// How many nodes, all or none.
    pub nodes: u16,
}

/// Capacity that is held and billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Its name.
    pub id: LeaseId,
    /// What is held; the zone is the one that was obtained.
    pub offering: Offering,
    /// The zone, where the cloud has zones.
    pub zone: Option<ZoneId>,
    /// How many nodes.
    pub nodes: u16,
    /// Billed from here.
    pub since: Timestamp,
}

/// A request to the world. Never blocks; the answer comes as an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Obtain capacity.
    Launch(Attempt),
    /// Give back what a launch made. Already gone counts as done.
    Release(LeaseId),
    /// What did this launch make? Asked when its answer was lost.
    Find(LeaseId),
}

/// The world's answer to a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Launched: all nodes are up.
    Launched(Lease),
    /// Some nodes came up, the others were refused; what came up is billed until released.
    Partial(Lease, Denials),
    /// Nothing was made.
    Denied(Denials),
    /// No word whether anything was made (cut connection, time-out): must be looked for.
    Lost(Arc<str>),
    /// Released.
    Released,
    /// The release failed; what it holds is still billed.
    NotReleased(Arc<str>),
    /// What a launch made, if anything.
    Found(Option<Lease>),
}

/// What the engine is told.
#[derive(Debug, Clone)]
pub enum Event {
    /// A new demand.
    Arrived(Demand),
    /// The answer to a call.
    Answered(CallId, Answer),
    /// Spot capacity was taken back.
    Preempted(LeaseId),
    /// The user no longer wants it.
    Cancelled(DemandId),
    /// The lease has served its purpose and is to be given back.
    Finished(LeaseId),
    /// Time passed.
    Woke,
}
