//! Releases and listings.
//!
//! **Invariant:** what a release gives back is free, and no longer billed, at the moment that says so.

use std::sync::Arc;

use crate::model::{Answer, CallId, LeaseId, Span};

use super::super::luck::{Purpose, Stream};
use super::super::market::{Market, Way};
use super::super::probe::Probe;
use super::{Item, State};

impl State {
    pub(super) fn release(&mut self, market: &Market, id: CallId, lease: LeaseId) {
        let Some(position) = self.ledger.position(lease) else {
            self.answer(id, Span::from_secs(1), Answer::Released);
            return;
        };
        let (failed, latency) = self.release_luck(market, position);
        if failed {
            let text = Arc::clone(&self.refused_release);
            self.answer(id, latency, Answer::NotReleased(text));
        } else {
            self.agenda.push(self.now + latency, Item::Release { call: id, position: position as u32 });
        }
    }

    /// Whether a release of this lease fails, and how long either takes.
    pub(super) fn release_luck(&mut self, market: &Market, position: usize) -> (bool, Span) {
        let way_index = self.ledger.holdings()[position].way as usize;
        let (way, mut stream) = self.other_call(market, way_index);
        let api = &market.apis[way.api as usize];
        let failed = api.faults.release_failed > 0.0 && stream.chance(api.faults.release_failed);
        let failed = !self.is_in_pace(market, api.pace) || failed;
        if failed {
            self.probes.mark(Probe::ReleaseFailed);
        }
        let slow = api.faults.slow_release > 0.0 && !failed && stream.chance(api.faults.slow_release);
        if slow {
            self.probes.mark(Probe::SlowRelease);
            return (false, api.latency.slow_release.span(&mut stream));
        }
        (failed, api.latency.release.span(&mut stream))
    }

    pub(super) fn find(&mut self, market: &Market, id: CallId, lease: LeaseId) {
        self.probes.mark(Probe::LookedFor);
        let Some((_, way_index)) = self.asked.iter().rev().find(|(call, _)| *call == lease.0) else {
            self.answer(id, Span::from_secs(1), Answer::Found(None));
            return;
        };
        let (way, mut stream) = self.other_call(market, *way_index as usize);
        let api = &market.apis[way.api as usize];
        let lags = api.faults.list_lag > 0.0 && stream.chance(api.faults.list_lag);
        let latency = api.latency.find.span(&mut stream);
        let holding = self.ledger.find(lease).filter(|holding| holding.until.is_none() && !lags);
        let found = holding.map(|holding| holding.lease);
        self.answer(id, latency, Answer::Found(found));
    }

    /// A stream for a release or a listing, by how many of them this candidate has seen.
    fn other_call<'m>(&mut self, market: &'m Market, way_index: usize) -> (&'m Way, Stream) {
        let way = &market.ways[way_index];
        let state = &mut self.ways[way_index];
        state.others += 1;
        (way, self.luck.stream(way.entity, Purpose::Fault, 1 << 40 | u64::from(state.others)))
    }
}
