//! What an answer changes: denials become blocks, leases are kept or given back.

use crate::model::{Answer, Attempt, CallId, Cause, Denial, Happening, Lease, LeaseId, Outcome};

use super::acquisition::Acquisition;
use super::recovery::{Flight, MAX_RETRIES, Purpose, Then, Timer};
use super::{Sink, backoff, cost_of};

impl Acquisition {
    /// The answer to one of this demand's calls. An answer to a call that is not in flight is heeded only for what it holds.
    pub(super) fn answered(&mut self, id: CallId, answer: Answer, sink: &mut Sink<'_>) {
        let Some(index) = self.flights.iter().position(|flight| flight.id == id) else {
            if let Answer::Launched(lease) | Answer::Partial(lease, _) = answer {
                self.take(lease, sink);
            }
            return;
        };
        let Flight { purpose, .. } = self.flights.swap_remove(index);
        match purpose {
            Purpose::Launch { attempt, retries, .. } => self.launch_answered(id, attempt, retries, answer, sink),
            Purpose::Abandoned { .. } => {
                if let Answer::Launched(lease) | Answer::Partial(lease, _) = answer {
                    self.take(lease, sink);
                }
            }
            Purpose::Find { attempt, lease, tries } => {
                let found = if let Answer::Found(found) = answer { found } else { None };
                self.found(attempt, lease, tries, found, sink);
            }
            Purpose::Release { lease, tries } => match answer {
                Answer::NotReleased(text) | Answer::Lost(text) => self.not_released(lease, tries, &text, sink),
                _ => self.released(lease, sink),
            },
        }
    }

    fn launch_answered(&mut self, id: CallId, attempt: Attempt, retries: u32, answer: Answer, sink: &mut Sink<'_>) {
        match answer {
            Answer::Launched(lease) => self.take(lease, sink),
            Answer::Partial(lease, denials) => {
                sink.record(self.id, || Happening::PartlyLaunched(id, lease));
                self.release(lease, sink);
                self.denied(id, attempt, retries, &denials, sink);
            }
            Answer::Denied(denials) => self.denied(id, attempt, retries, &denials, sink),
            Answer::Lost(text) => self.lost(id, attempt, &text, sink),
            Answer::Released | Answer::NotReleased(_) | Answer::Found(_) => {
                debug_assert!(false, "a launch is answered as a launch");
            }
        }
    }

    fn denied(&mut self, id: CallId, attempt: Attempt, retries: u32, denials: &[Denial], sink: &mut Sink<'_>) {
        for denial in denials {
            self.tally.add(denial.cause);
            self.field.set_denied(attempt.candidate as usize, sink.now, denial.cause);
            sink.record(self.id, || Happening::Denied(id, denial.clone()));
        }
        if self.is_over() {
            return;
        }
        if denials.iter().any(|denial| denial.cause == Cause::InvalidRequest) {
            self.end(Outcome::Invalid, sink);
            return;
        }
        let throttled = !denials.is_empty() && denials.iter().all(|denial| denial.cause == Cause::RateLimited);
        if throttled && retries < MAX_RETRIES {
            let asked = denials.iter().filter_map(|denial| denial.retry_after).max();
            let pause = asked.unwrap_or_default().max(backoff(retries + 1));
            self.timers.push(Timer { at: sink.now + pause, then: Then::Launch { attempt, retries: retries + 1 } });
            sink.record(self.id, || Happening::Retrying(id, pause));
            return;
        }
        for denial in denials {
            if let Some(block) = sink.blocklist.add(denial, sink.now) {
                sink.record(self.id, || Happening::Blocked(block.scope, block.until));
            }
        }
    }

    /// Keeps a lease if it is all that is wanted and still wanted, else gives it back.
    pub(super) fn take(&mut self, lease: Lease, sink: &mut Sink<'_>) {
        if self.lease.is_some_and(|kept| kept.id == lease.id) {
            return;
        }
        if self.is_over() || lease.nodes < self.nodes {
            self.release(lease, sink);
            return;
        }
        self.lease = Some(lease);
        sink.memory.last_launched = Some((lease.offering, lease.zone));
        sink.record(self.id, || Happening::Launched(lease.id.0, lease));
        self.end(Outcome::Placed, sink);
    }

    fn released(&mut self, id: LeaseId, sink: &mut Sink<'_>) {
        if let Some(index) = self.unwanted.iter().position(|lease| lease.id == id) {
            let cost = cost_of(&self.unwanted.swap_remove(index), sink.now);
            if !self.finished.contains(&id) {
                self.wasted += cost;
            }
            sink.record(self.id, || Happening::Released(id, cost));
        }
    }

    /// The cloud took spot capacity back.
    pub(super) fn preempted(&mut self, id: LeaseId, sink: &mut Sink<'_>) {
        if self.lease.is_some_and(|lease| lease.id == id) {
            self.lease = None;
            sink.record(self.id, || Happening::Preempted(id));
        }
        self.unwanted.retain(|lease| lease.id != id);
    }

    /// The lease has served its purpose.
    pub(super) fn finished(&mut self, id: LeaseId, sink: &mut Sink<'_>) {
        if let Some(lease) = self.lease.take_if(|lease| lease.id == id) {
            self.finished.push(id);
            self.release(lease, sink);
        }
    }
}
