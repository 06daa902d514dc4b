//! What machines are wanted for: arrivals one after the other, and jobs that survive the loss of their machines.

use crate::model::Span;

use super::super::law::Law;

/// A demand that arrives some time after the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// How long after.
    pub law: Law,
    /// True for the first of its kind, which arrives this long after the time of its demand.
    pub first: bool,
}

/// Work that takes machines for some time, and goes on after they were taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// How long it takes on machines that nobody takes back.
    pub work: Span,
    /// Work between two checkpoints; what lies behind the last one is lost with the machines. Without, all is lost.
    pub checkpoint: Option<Span>,
    /// From having machines again to working on.
    pub restart: Span,
    /// By when it is to be done, counted from its arrival.
    pub deadline: Option<Span>,
    /// Where new machines are looked for.
    pub recovery: Recovery,
    /// True if it saves its work when the cloud says that it will take the machines back.
    pub saves_on_notice: bool,
}

/// SkyPilot's strategies for finding new machines after a preemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Recovery {
    /// The same region first, then everywhere.
    #[default]
    Failover,
    /// Every other region first, the one that was lost last.
    EagerNextRegion,
}

impl Recovery {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 2] =
        [("failover", Self::Failover), ("eager-failover", Self::EagerNextRegion)];
}

impl Job {
    /// How much of the work is safe when machines are lost after `ran` more of it, of which `told` before the notice.
    pub(in super::super) fn kept(&self, done: Span, ran: Span, told: Span) -> Span {
        let reached = done + ran;
        let checkpointed = match self.checkpoint {
            Some(every) if every > Span::ZERO => Span(reached.0 / every.0 * every.0),
            Some(_) => reached,
            None => Span::ZERO,
        };
        let saved = if self.saves_on_notice { done + told } else { Span::ZERO };
        checkpointed.max(saved).max(if self.checkpoint.is_some() { done } else { Span::ZERO })
    }
}
