//! Calls on their way and calls to come: time-outs, repetitions, looking for lost launches, releasing what is not
//! wanted. Nothing that may be billed leaves these lists but by a confirmed release, or as a named orphan.

use std::sync::Arc;

use crate::model::{Attempt, Call, CallId, Cause, Happening, Lease, LeaseId, Timestamp};

use super::acquisition::Acquisition;
use super::{Sink, backoff};

/// How often a throttled launch is repeated before the location counts as refused.
pub(super) const MAX_RETRIES: u32 = 5;
/// How often a launch without an answer is looked for: listings lag behind what was created.
pub(super) const MAX_FINDS: u32 = 4;
/// How often a release is tried before the lease is reported as an orphan.
pub(super) const MAX_RELEASES: u32 = 10;

/// A call without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flight {
    pub(super) id: CallId,
    pub(super) purpose: Purpose,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Launch {
        attempt: Attempt,
        retries: u32,
        overdue: Timestamp,
    },
    /// A launch whose answer is overdue. It is looked for; should its answer come after all, it is heeded.
    Abandoned {
        attempt: Attempt,
    },
    Find {
        attempt: Attempt,
        lease: LeaseId,
        tries: u32,
    },
    Release {
        lease: LeaseId,
        tries: u32,
    },
}

/// A call to be made at a later time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timer {
    pub(super) at: Timestamp,
    pub(super) then: Then,
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Launch { attempt: Attempt, retries: u32 },
    Find { attempt: Attempt, lease: LeaseId, tries: u32 },
    Release { lease: LeaseId, tries: u32 },
}

impl Flight {
    pub(super) fn is_attempt(&self) -> bool {
        matches!(self.purpose, Purpose::Launch { .. } | Purpose::Find { .. })
    }

    pub(super) fn is_abandoned(&self) -> bool {
        matches!(self.purpose, Purpose::Abandoned { .. })
    }

    pub(super) fn overdue_at(&self) -> Option<Timestamp> {
        match self.purpose {
            Purpose::Launch { overdue, .. } => Some(overdue),
            _ => None,
        }
    }
}

impl Timer {
    pub(super) fn is_attempt(&self) -> bool {
        !matches!(self.then, Then::Release { .. })
    }

    /// A repetition of a launch ends with the pursuit; what may be billed does not.
    pub(super) fn outlives_the_pursuit(&self) -> bool {
        !matches!(self.then, Then::Launch { .. })
    }
}

impl Acquisition {
    /// Makes the calls whose time has come, earliest first.
    pub(super) fn fire_timers(&mut self, sink: &mut Sink<'_>) {
        while let Some(due) = self.next_due(sink.now) {
            match self.timers.remove(due).then {
                Then::Launch { attempt, retries } => self.launch(attempt, retries, sink),
                Then::Find { attempt, lease, tries } => self.find(attempt, lease, tries, sink),
                Then::Release { lease, tries } => self.ask_release(lease, tries, sink),
            }
        }
    }

    fn next_due(&self, now: Timestamp) -> Option<usize> {
        let due = self.timers.iter().enumerate().filter(|(_, timer)| timer.at <= now);
        due.min_by_key(|(index, timer)| (timer.at, *index)).map(|(index, _)| index)
    }

    /// A launch that has not been answered in time may still have made something.
    pub(super) fn lose_overdue(&mut self, sink: &mut Sink<'_>) {
        for index in 0..self.flights.len() {
            let Flight { id, purpose: Purpose::Launch { attempt, overdue, .. } } = self.flights[index] else {
                continue;
            };
            if overdue <= sink.now {
                self.flights[index].purpose = Purpose::Abandoned { attempt };
                self.lost(id, attempt, &Arc::from("no answer within the time allowed for an attempt"), sink);
            }
        }
    }

    /// Looks for what a launch made whose answer did not come.
    pub(super) fn lost(&mut self, id: CallId, attempt: Attempt, text: &Arc<str>, sink: &mut Sink<'_>) {
        sink.record(self.id, || Happening::Lost(id, Arc::clone(text)));
        self.find(attempt, LeaseId(id), 0, sink);
    }

    fn find(&mut self, attempt: Attempt, lease: LeaseId, tries: u32, sink: &mut Sink<'_>) {
        self.call(Call::Find(lease), Purpose::Find { attempt, lease, tries }, sink);
    }

    /// What a lost launch had made. Nothing at first may only mean that listings lag.
    pub(super) fn found(
        &mut self,
        attempt: Attempt,
        lease: LeaseId,
        tries: u32,
        found: Option<Lease>,
        sink: &mut Sink<'_>,
    ) {
        if let Some(lease) = found {
            sink.record(self.id, || Happening::Found(lease.id.0, Some(lease)));
            self.take(lease, sink);
        } else if tries + 1 < MAX_FINDS {
            let at = sink.now + backoff(tries + 1);
            self.timers.push(Timer { at, then: Then::Find { attempt, lease, tries: tries + 1 } });
        } else {
            sink.record(self.id, || Happening::Found(lease.0, None));
            self.tally.add(Cause::Unknown);
            self.field.set_denied(attempt.candidate as usize, sink.now, Cause::Unknown);
        }
    }

    /// Gives back what is not wanted.
    pub(super) fn release(&mut self, lease: Lease, sink: &mut Sink<'_>) {
        let known = self.unwanted.iter().any(|held| held.id == lease.id);
        if !known {
            self.unwanted.push(lease);
            self.ask_release(lease.id, 0, sink);
        }
    }

    fn ask_release(&mut self, lease: LeaseId, tries: u32, sink: &mut Sink<'_>) {
        sink.record(self.id, || Happening::Releasing(lease));
        self.call(Call::Release(lease), Purpose::Release { lease, tries }, sink);
    }

    /// A release failed: tried again with growing pauses, then reported.
    pub(super) fn not_released(&mut self, lease: LeaseId, tries: u32, text: &Arc<str>, sink: &mut Sink<'_>) {
        sink.record(self.id, || Happening::NotReleased(lease, Arc::clone(text)));
        if tries + 1 < MAX_RELEASES {
            let at = sink.now + backoff(tries + 1);
            self.timers.push(Timer { at, then: Then::Release { lease, tries: tries + 1 } });
        } else {
            self.orphans.push(lease);
            sink.record(self.id, || Happening::Orphaned(lease));
        }
    }
}
