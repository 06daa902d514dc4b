//! The candidates of one demand and what is known of each: the incremental part of re-planning. A denial touches
//! only the slots its scope covers; choosing never looks at the blocklist again.

use std::sync::Arc;

use crate::model::{Candidate, Cause, Scope, Timestamp, ZoneSet};

use super::blocklist::Block;

/// Candidates with, for each zone of each, the moment from which it may be tried. All vectors are indexed by
/// candidate, but `open_from`, which has one slot a zone (one for a candidate without zones).
#[derive(Debug, Default)]
pub struct Field {
    candidates: Arc<[Candidate]>,
    first_slot: Vec<u32>,
    open_from: Vec<Timestamp>,
    /// Why a slot that is closed is closed; one a slot, as `open_from`.
    closed_by: Vec<Cause>,
    /// The round in which it was last attempted; 0 for never.
    tried_in: Vec<u32>,
    last_denial: Vec<Option<(Timestamp, Cause)>>,
    round: u32,
}

/// The slots that a block covers. Demands of one request share their candidates, so that it is found out once for all.
#[derive(Debug, Default)]
pub(crate) struct Covered {
    of: Option<Arc<[Candidate]>>,
    slots: Vec<u32>,
}

impl Covered {
    /// Forgets the last block.
    pub(crate) fn clear(&mut self) {
        self.of = None;
    }
}

impl Field {
    /// Starts over with these candidates, all open.
    pub(crate) fn begin(&mut self, candidates: Arc<[Candidate]>) {
        if !Arc::ptr_eq(&self.candidates, &candidates) || self.first_slot.is_empty() {
            self.first_slot.clear();
            let mut slots = 0;
            for candidate in candidates.iter() {
                self.first_slot.push(slots);
                slots += candidate.zones.len().max(1) as u32;
            }
            self.first_slot.push(slots);
        }
        let (count, slots) = (candidates.len(), self.first_slot[candidates.len()] as usize);
        self.candidates = candidates;
        self.open_from.clear();
        self.open_from.resize(slots, Timestamp::ZERO);
        self.closed_by.clear();
        self.closed_by.resize(slots, Cause::Unknown);
        self.tried_in.clear();
        self.tried_in.resize(count, 0);
        self.last_denial.clear();
        self.last_denial.resize(count, None);
        self.round = 0;
    }

    /// The candidates, as the optimizer ranked them.
    pub fn candidates(&self) -> &Arc<[Candidate]> {
        &self.candidates
    }

    /// The current round over the candidates, counted from 1.
    pub fn round(&self) -> u32 {
        self.round
    }

    pub(crate) fn next_round(&mut self) {
        self.round += 1;
    }

    /// True if the candidate was attempted in this round.
    pub fn is_tried(&self, candidate: usize) -> bool {
        self.tried_in[candidate] == self.round
    }

    pub(crate) fn set_tried(&mut self, candidate: usize) {
        self.tried_in[candidate] = self.round;
    }

    pub(crate) fn set_denied(&mut self, candidate: usize, now: Timestamp, cause: Cause) {
        self.last_denial[candidate] = Some((now, cause));
    }

    /// When and why the candidate was last refused.
    pub fn last_denial(&self, candidate: usize) -> Option<(Timestamp, Cause)> {
        self.last_denial[candidate]
    }

    /// True if at least one of its zones (or the candidate, if it has none) is not blocked.
    pub fn is_open(&self, candidate: usize, now: Timestamp) -> bool {
        self.slots(candidate).iter().any(|from| *from <= now)
    }

    /// The moment from which it may be tried.
    pub fn open_from(&self, candidate: usize) -> Timestamp {
        self.slots(candidate).iter().copied().min().unwrap_or(Timestamp::ZERO)
    }

    /// Why asking again is in vain: every place is closed, and for reasons that no waiting mends. `None` if some is open
    /// or may open by itself.
    pub(crate) fn hopeless(&self, now: Timestamp) -> Option<Cause> {
        let lasting = |(from, cause): (&Timestamp, &Cause)| *from > now && !cause.may_pass();
        let all = self.open_from.iter().zip(&self.closed_by).all(lasting);
        // Of several reasons the one that the user can do something about.
        all.then(|| self.closed_by.iter().copied().min().unwrap_or(Cause::Unsupported))
    }

    /// The zones that are not blocked, in the order they are tried.
    pub fn open_zones(&self, candidate: usize, now: Timestamp) -> ZoneSet {
        let zones = self.candidates[candidate].zones;
        let slots = self.slots(candidate);
        if slots.iter().all(|from| *from <= now) {
            return zones;
        }
        zones.as_slice().iter().zip(slots).filter(|(_, from)| **from <= now).map(|(zone, _)| *zone).collect()
    }

    /// Closes what the block covers, until it ends. `known` is of this block, or of none.
    pub(crate) fn learn(&mut self, block: &Block, known: &mut Covered) {
        if !known.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, &self.candidates)) {
            self.write_covered(&block.scope, &mut known.slots);
            known.of = Some(Arc::clone(&self.candidates));
        }
        for slot in known.slots.iter().map(|slot| *slot as usize) {
            if self.open_from[slot] < block.until {
                self.open_from[slot] = block.until;
                self.closed_by[slot] = block.cause;
            }
        }
    }

    fn write_covered(&self, scope: &Scope, slots: &mut Vec<u32>) {
        slots.clear();
        for (candidate, first) in self.candidates.iter().zip(&self.first_slot) {
            // The region is what most scopes name and most candidates differ in, and is looked at first.
            if !scope.covers_some_zone(&candidate.offering) {
                continue;
            }
            let zones = candidate.zones.as_slice();
            match scope.zone {
                None => slots.extend(*first..*first + zones.len().max(1) as u32),
                Some(closed) => {
                    slots.extend((*first..).zip(zones).filter(|(_, zone)| **zone == closed).map(|(slot, _)| slot));
                }
            }
        }
    }

    fn slots(&self, candidate: usize) -> &[Timestamp] {
        &self.open_from[self.first_slot[candidate] as usize..self.first_slot[candidate + 1] as usize]
    }
}
