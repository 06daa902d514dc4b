//! What becomes of instances: stopped, started, terminated, taken back.
//!
//! **Invariant:** what an instance holds of the market is given back at the moment it is stopped or gone, and billed
//! until then.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{LeaseId, Timestamp};

use super::offers::Found;
use super::{
    Ask, Inner, Instance, InstanceId, MOST_REMEMBERED, OnPreemption, Outcome, Record, Refusal, Site, SiteError, State,
    Verdict, Wire, wakes,
};

/// What a request to stop or terminate comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When it is done, or known to have failed.
    pub at: Timestamp,
    /// True if the cloud could not do it: nothing has changed, and asking again may help.
    pub failed: bool,
}

impl Site {
    /// Deletes an instance. One that is going or gone already is no failure: its time is told again.
    ///
    /// # Errors
    /// No such instance.
    pub fn terminate(&self, id: InstanceId) -> Result<Ended, SiteError> {
        let (mut inner, now) = self.settled();
        let instance = inner.get(id)?;
        let at = match instance.state {
            State::Terminating(at) => Some(at),
            State::Terminated => Some(instance.terminated_at.unwrap_or(now)),
            _ => None,
        };
        if let Some(at) = at {
            return Ok(Ended { at, failed: false });
        }
        let ended = inner.give_back(id, now);
        if !ended.failed {
            inner.change(id, |instance| instance.state = State::Terminating(ended.at));
        }
        self.note_change(&mut inner, "terminate", id, ended, now);
        Ok(ended)
    }

    /// Stops a running instance: its capacity goes back to the market, its disk stays.
    ///
    /// # Errors
    /// No such instance, or one that neither runs nor is stopping or stopped.
    pub fn stop(&self, id: InstanceId) -> Result<Ended, SiteError> {
        let (mut inner, now) = self.settled();
        let state = inner.get(id)?.state;
        match state {
            State::Stopping(at) => return Ok(Ended { at, failed: false }),
            State::Stopped => return Ok(Ended { at: now, failed: false }),
            State::Running | State::Pending(_) => {}
            State::Terminating(_) | State::Terminated => return Err(SiteError::WrongState(state.name())),
        }
        let ended = inner.give_back(id, now);
        if !ended.failed {
            inner.change(id, |instance| instance.state = State::Stopping(ended.at));
        }
        self.note_change(&mut inner, "stop", id, ended, now);
        Ok(ended)
    }

    /// Starts a stopped instance: capacity is asked for again, and may be refused.
    ///
    /// # Errors
    /// No such instance, or one that is neither stopped nor up.
    pub fn start(&self, id: InstanceId) -> Result<Verdict, SiteError> {
        let (mut inner, now) = self.settled();
        let instance = Arc::clone(inner.get(id)?);
        match instance.state {
            State::Stopped => {}
            State::Running | State::Pending(_) => {
                let at = instance.running_at.max(now);
                let outcome = Outcome::Accepted { instances: vec![instance], refused: Vec::new() };
                return Ok(Verdict { outcome, at, wire: Wire::Arrives, repeated: true });
            }
            state => return Err(SiteError::WrongState(state.name())),
        }
        let verdict = inner.start(&instance, now);
        let record = super::launch::record("start", &ask_of(&instance), &verdict, now);
        self.note(&mut inner, record);
        Ok(verdict)
    }

    /// Changes an instance's tags.
    ///
    /// # Errors
    /// No such instance.
    pub fn retag(&self, id: InstanceId, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), SiteError> {
        let (mut inner, _) = self.settled();
        inner.change(id, |instance| change(&mut instance.tags)).ok_or_else(|| no_instance(id))
    }

    /// Changes what a frontend keeps with an instance.
    ///
    /// # Errors
    /// No such instance.
    pub fn annotate(&self, id: InstanceId, change: impl FnOnce(&mut serde_json::Value)) -> Result<(), SiteError> {
        let (mut inner, _) = self.settled();
        inner.change(id, |instance| change(&mut instance.extra)).ok_or_else(|| no_instance(id))
    }

    fn note_change(&self, inner: &mut Inner, what: &'static str, id: InstanceId, ended: Ended, now: Timestamp) {
        let Some(instance) = inner.instances.get(&id) else { return };
        let record =
            Record { outcome: if ended.failed { "failed" } else { "done" }, ..told(what, instance, now, ended.at) };
        self.note(inner, record);
    }
}

impl Inner {
    fn get(&self, id: InstanceId) -> Result<&Arc<Instance>, SiteError> {
        self.instances.get(&id).ok_or_else(|| no_instance(id))
    }

    /// Lets time pass: what the cloud takes back, and states that end. Returns what is to be told.
    pub(super) fn settle(&mut self, now: Timestamp) -> Vec<Record> {
        let mut records = Vec::new();
        for (at, lease) in self.world.pass(now) {
            records.extend(self.taken_back(at, lease));
        }
        while let Some((at, id)) = self.ends.first().copied().filter(|(at, _)| *at <= now) {
            let changed = self.change(id, |instance| {
                let lease = instance.lease;
                (instance.settle(now), lease.filter(|_| instance.lease.is_none()))
            });
            if let Some((true, lease)) = changed {
                lease.map(|lease| self.by_lease.remove(&lease));
            } else {
                // Gone for long enough to be forgotten.
                self.ends.remove(&(at, id));
                self.forget(id);
            }
        }
        records
    }

    fn forget(&mut self, id: InstanceId) {
        let Some(instance) = self.instances.remove(&id) else { return };
        while self.gone.front().is_some_and(|first| !self.instances.contains_key(first)) {
            self.gone.pop_front();
        }
        if let Some(token) = &instance.token {
            self.tokens.remove(&(instance.cloud, token.clone()));
        }
        if let Some(lease) = instance.tags.get(crate::cloud::tag::LEASE) {
            self.groups.remove(&(lease.clone(), instance.way));
        }
    }

    /// Takes note that an instance is gone. Where many are, the one that was gone first is forgotten.
    pub(super) fn is_gone(&mut self, id: InstanceId, name: &str) {
        if !self.there.remove(&id) {
            return;
        }
        if let Some(ids) = self.named.get_mut(name) {
            ids.remove(&id);
            if ids.is_empty() {
                self.named.remove(name);
            }
        }
        self.gone.push_back(id);
        while self.gone.len() > MOST_REMEMBERED
            && let Some(first) = self.gone.pop_front()
        {
            if let Some(at) = self.instances.get(&first).and_then(|instance| wakes(instance)) {
                self.ends.remove(&(at, first));
            }
            self.forget(first);
        }
    }

    /// Spot capacity is taken back by the cloud.
    fn taken_back(&mut self, at: Timestamp, lease: LeaseId) -> Option<Record> {
        let id = self.by_lease.remove(&lease)?;
        self.change(id, |instance| {
            instance.preempted = true;
            instance.lease = None;
            instance.public_ip = None;
            if instance.on_preemption == OnPreemption::Stop && instance.state.is_alive() {
                instance.state = State::Stopped;
                instance.stopped_at = Some(at);
            } else {
                instance.state = State::Terminated;
                instance.terminated_at = Some(at);
            }
        });
        let instance = self.instances.get(&id)?;
        Some(Record { outcome: "done", ..told("preempted", instance, at, at) })
    }

    /// Gives back what an instance holds, if anything.
    fn give_back(&mut self, id: InstanceId, now: Timestamp) -> Ended {
        let lease = self.instances.get(&id).and_then(|instance| instance.lease);
        match lease.and_then(|lease| self.world.release(lease)) {
            Some(Ok(at)) => Ended { at, failed: false },
            Some(Err(at)) => Ended { at, failed: true },
            None => Ended { at: now, failed: false },
        }
    }

    fn start(&mut self, instance: &Instance, now: Timestamp) -> Verdict {
        let candidate = self.offers.candidates[instance.way];
        let zone = self.world.market().asks[instance.ask].zone;
        let zones = zone.map_or(crate::model::ZoneSet::EMPTY, crate::model::ZoneSet::one);
        let found = Found { way: instance.way, zones };
        let n = self.world.next_launch(found.way);
        let asked = self.world.ask(found.way, &candidate, found.zones, 1, n);
        let at = now + asked.latency;
        let wire = match asked.lost {
            _ if asked.hung => Wire::Hangs,
            Some(after) => Wire::Cut(now + after),
            None => Wire::Arrives,
        };
        let Some(taken) = asked.taken.first().copied() else {
            let refusal = |spoken: crate::sim::Spoken| Refusal {
                body: spoken.body,
                values: spoken.values,
                zone: instance.zone.clone(),
            };
            let refused: Vec<Refusal> = asked.spoken.into_iter().map(refusal).collect();
            let outcome = if asked.hung { Outcome::Nothing } else { Outcome::Refused(refused) };
            return Verdict { outcome, at, wire, repeated: false };
        };
        // A new start has a new address, as on every cloud.
        let address = self.public_address(self.next_instance);
        let inside = self.loopback_addresses.then(|| address.clone());
        self.next_instance += 1;
        let notice = self.world.market().pools[self.world.market().asks[taken.ask].pool as usize].notice;
        self.by_lease.insert(taken.lease, instance.id);
        self.change(instance.id, |instance| {
            instance.state = State::Pending(at);
            instance.running_at = at;
            instance.lease = Some(taken.lease);
            instance.preempted = false;
            instance.notice = taken.preempted_at.map(|end| (Timestamp(end.0.saturating_sub(notice.0)), end));
            instance.public_ip = Some(address);
            instance.private_ip = inside.unwrap_or_else(|| instance.private_ip.clone());
        });
        let instances = self.instances.get(&instance.id).cloned().into_iter().collect();
        Verdict { outcome: Outcome::Accepted { instances, refused: Vec::new() }, at, wire, repeated: false }
    }
}

fn no_instance(id: InstanceId) -> SiteError {
    SiteError::NoInstance(id.0.to_string())
}

/// What the journal says of an instance.
fn told(what: &'static str, instance: &Arc<Instance>, now: Timestamp, until: Timestamp) -> Record {
    let verdict = Verdict {
        outcome: Outcome::Accepted { instances: vec![Arc::clone(instance)], refused: Vec::new() },
        at: until,
        wire: Wire::Arrives,
        repeated: false,
    };
    super::launch::record(what, &ask_of(instance), &verdict, now)
}

/// The call that would make an instance again.
fn ask_of(instance: &Instance) -> Ask {
    Ask {
        cloud: instance.cloud,
        region: instance.region.clone(),
        zone: instance.zone.clone(),
        instance_type: instance.instance_type.clone(),
        accelerator: instance.accelerator.clone(),
        terms: instance.terms,
        max_price: None,
        nodes: 1,
        least: 1,
        token: None,
        names: Vec::new(),
        tags: instance.tags.clone(),
        ssh: None,
        on_preemption: instance.on_preemption,
        extra: serde_json::Value::Null,
    }
}
