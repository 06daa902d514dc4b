//! What a user wants placed, as the engine pursues it.

use std::sync::Arc;

use super::{Candidate, Money, Span};

/// A demand, unique within one engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DemandId(pub u32);

/// A number of nodes, all or none, on any of the candidates.
#[derive(Debug, Clone)]
pub struct Demand {
    /// Names it in events and the journal.
    pub id: DemandId,
    /// How many nodes; more than one is a gang.
    pub nodes: u16,
    /// Every feasible way, in the optimizer's ranking (preference, then cost, then the documented tie-break).
    pub candidates: Arc<[Candidate]>,
    /// How long and how hard to try.
    pub limits: Limits,
}

/// When to stop trying. `None` is without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// After every candidate failed, wait and go round again.
    pub retry_until_up: bool,
    /// Give up when this much time has passed since the demand arrived.
    pub max_wait: Option<Span>,
    /// Give up after this many attempts.
    pub max_attempts: Option<u32>,
    /// Give up when failed attempts have cost this much, or a candidate would pass it.
    pub budget: Option<Money>,
    /// Pause between two rounds.
    pub retry_gap: Span,
    /// An attempt without an answer is given up after this long, and looked for.
    pub attempt_timeout: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            retry_until_up: false,
            max_wait: None,
            max_attempts: None,
            budget: None,
            // SkyPilot's pause between rounds.
            retry_gap: Span::from_secs(30),
            // Some regions never answer; a slow success (Azure, six minutes) must still get through.
            attempt_timeout: Span::from_secs(900),
        }
    }
}
