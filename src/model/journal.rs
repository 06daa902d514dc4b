//! What is written down of every decision, in order.

use std::sync::Arc;

use super::{Attempt, CallId, DemandId, Denial, Lease, LeaseId, Money, Scope, Span, Timestamp};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// For whom.
    pub demand: DemandId,
    /// What.
    pub happening: Happening,
}

/// What can happen to a demand.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The demand came in with this many candidates.
    Arrived {
        /// How many ways to meet it.
        candidates: u32,
        /// How many nodes it wants.
        nodes: u16,
    },
    /// A round over the candidates began (counted from 1).
    Round(u32),
    /// A launch was asked for. Written before the call is made.
    Attempted(CallId, Attempt),
    /// A refusal; one entry each.
    Denied(CallId, Denial),
    /// From now until then, what the scope covers is not tried.
    Blocked(Scope, Timestamp),
    /// The same call again after a pause, because the cloud asked for patience.
    Retrying(CallId, Span),
    /// Nothing to try before then.
    Waiting(Timestamp),
    /// Part of a gang came up and is given back.
    PartlyLaunched(CallId, Lease),
    /// The answer was lost; what it made is being looked for.
    Lost(CallId, Arc<str>),
    /// What a lost launch had made, if anything.
    Found(CallId, Option<Lease>),
    /// Up.
    Launched(CallId, Lease),
    /// A release was asked for.
    Releasing(LeaseId),
    /// Given back; what it cost while held.
    Released(LeaseId, Money),
    /// A release failed and will be tried again.
    NotReleased(LeaseId, Arc<str>),
    /// Releasing failed too often: this is still held and billed, and needs a hand.
    Orphaned(LeaseId),
    /// Spot capacity was taken back.
    Preempted(LeaseId),
    /// The end of the pursuit.
    Ended(Outcome),
}

/// How the pursuit of a demand ended. The exit codes of the programs follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// All nodes are up.
    Placed,
    /// Nothing offered could meet it; no attempt was made.
    Infeasible,
    /// Every candidate was tried and refused, capacity among the causes.
    NoCapacity,
    /// Every candidate was refused for quota.
    NoQuota,
    /// Every candidate was refused for credentials or permission.
    NotAuthorized,
    /// The clouds reject the request itself.
    Invalid,
    /// `max_wait` passed.
    TimedOut,
    /// `max_attempts` were made.
    TooManyAttempts,
    /// The budget would be passed.
    OverBudget,
    /// Cancelled by the user.
    Cancelled,
}

impl Outcome {
    /// All of them. Files of trials hold positions in this list: a new one comes last.
    pub const ALL: [Self; 10] = [
        Self::Placed,
        Self::Infeasible,
        Self::NoCapacity,
        Self::NoQuota,
        Self::NotAuthorized,
        Self::Invalid,
        Self::TimedOut,
        Self::TooManyAttempts,
        Self::OverBudget,
        Self::Cancelled,
    ];

    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Infeasible => "infeasible",
            Self::NoCapacity => "no-capacity",
            Self::NoQuota => "no-quota",
            Self::NotAuthorized => "not-authorized",
            Self::Invalid => "invalid",
            Self::TimedOut => "timed-out",
            Self::TooManyAttempts => "too-many-attempts",
            Self::OverBudget => "over-budget",
            Self::Cancelled => "cancelled",
        }
    }
}
