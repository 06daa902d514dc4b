//! What a launch comes to: credentials, pace, limits, stock, in this order.
//!
//! **Invariant:** every luck of a launch is drawn from the candidate's own streams by the number of the launch, so two
//! policies that ask the same candidate for the first time meet the same luck.

use std::sync::Arc;

use crate::model::{Answer, Attempt, CallId, Denial, Denials, Lease, LeaseId, Offering, Span, Timestamp, ZoneId};

use super::super::law::Law;
use super::super::luck::Purpose;
use super::super::market::{Api, Ask, Market, Standing, Way};
use super::super::probe::Probe;
use super::super::voice::{Amounts, Refusal};
use super::{Item, State, demand_of};

/// What a launch came to, before anything breaks.
struct Verdict<'m> {
    answer: Answer,
    latency: &'m Law,
}

/// What a launch meets.
pub(super) struct Met {
    /// What it came to.
    pub(super) answer: Answer,
    /// How long until the cloud says so.
    pub(super) latency: Span,
    /// How long until the connection breaks, if the answer is lost.
    pub(super) lost: Option<Span>,
}

/// What goes wrong with one launch, drawn all at once so that no fault shifts another's luck.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent draws, in any combination")]
struct Mishap {
    throttle: bool,
    hang: bool,
    lost: bool,
    partial: bool,
    slow_boot: bool,
    boot_failed: bool,
}

impl State {
    pub(super) fn launch(&mut self, market: &Market, id: CallId, attempt: &Attempt) {
        if let Some(holding) = self.ledger.find(LeaseId(id)) {
            // The call is its own idempotency key: asked twice, it is answered with what it made the first time.
            let lease = holding.lease;
            self.answer(id, Span::from_secs(1), Answer::Launched(lease));
            return;
        }
        let Some((index, way)) = self.way(market, attempt) else {
            let text = "this attempt names no candidate of this market";
            let denial = crate::denials::unknown("NotInThisMarket", text, &attempt.offering, None);
            self.answer(id, Span::ZERO, Answer::Denied(Denials::from_iter([denial])));
            return;
        };
        self.asked.push((id, index as u32));
        self.note_place(&attempt.offering);
        let n = self.launches_of(index);
        let Some(met) = self.meet(market, id, attempt, index, n) else { return };
        let up = self.now + met.latency;
        let (made, whole) = match &met.answer {
            Answer::Launched(lease) => (Some(lease.id), true),
            Answer::Partial(lease, _) => (Some(lease.id), false),
            _ => (None, false),
        };
        let told = met.lost.is_none();
        if let Some(latency) = met.lost {
            let broken = Arc::clone(&self.broken);
            self.answer(id, latency, Answer::Lost(broken));
        } else {
            self.answer(id, met.latency, met.answer);
        }
        if let Some(lease) = made {
            self.plan_preemption(market, lease, way, n, up);
            self.plan_use(market, lease, whole && told, up);
        }
    }

    /// What the `n`-th launch of a way meets; `None` if it is never answered and makes nothing.
    pub(super) fn meet(&mut self, market: &Market, id: CallId, attempt: &Attempt, index: usize, n: u64) -> Option<Met> {
        let way = &market.ways[index];
        let api = &market.apis[way.api as usize];
        let mishap = self.mishap(market, way, n);
        if mishap.hang {
            self.probes.mark(Probe::Hung);
            return None;
        }
        let verdict = self.decide(market, id, attempt, index, mishap);
        let latency = verdict.latency.span(&mut self.luck.stream(way.entity, Purpose::Latency, n));
        let lost = mishap.lost.then(|| {
            self.probes.mark(Probe::Lost);
            api.latency.lost.span(&mut self.luck.stream(way.entity, Purpose::Latency, n | 1 << 32))
        });
        Some(Met { answer: verdict.answer, latency, lost })
    }

    /// What the cloud makes of a launch.
    fn decide<'m>(
        &mut self,
        market: &'m Market,
        id: CallId,
        attempt: &Attempt,
        index: usize,
        mishap: Mishap,
    ) -> Verdict<'m> {
        let way = &market.ways[index];
        let api = &market.apis[way.api as usize];
        let first = way.first_ask as usize + first_ask(market.asks_of(way), attempt);
        let ask = &market.asks[first];
        let offering = &attempt.offering;
        if api.faults.refuses(self.now) {
            self.probes.mark(Probe::Unauthorized);
            let denial = self.voice.refuse(first, Refusal::Unauthorized, ask, &api.answers, offering);
            return Verdict { answer: denied(denial), latency: &api.latency.unauthorized };
        }
        if mishap.throttle || !self.is_in_pace(market, api.pace) {
            self.probes.mark(Probe::Throttled);
            let denial = self.voice.refuse(first, Refusal::Throttle, ask, &api.answers, offering);
            return Verdict { answer: denied(denial), latency: &api.latency.throttle };
        }
        for (quota, each) in &way.meters {
            let (own, more) = (self.used[*quota as usize], each * u64::from(attempt.nodes));
            let limit = &market.quotas[*quota as usize];
            let standing = self.standing(limit, *quota as usize);
            if !standing.admits(own, more) {
                self.probes.mark(Probe::OverQuota);
                self.refused_for(limit, *quota as usize);
                let Standing { limit: most, usage } = standing;
                let amounts = Amounts { quota: *quota, own, limit: most, usage, more };
                let denial = self.voice.over_quota(first, amounts, limit, ask, &api.answers, offering);
                return Verdict { answer: denied(denial), latency: &api.latency.quota };
            }
        }
        self.walk(market, id, attempt, index, mishap)
    }

    /// Tries the zones in order: all nodes in the first that has them.
    fn walk<'m>(
        &mut self,
        market: &'m Market,
        id: CallId,
        attempt: &Attempt,
        index: usize,
        mishap: Mishap,
    ) -> Verdict<'m> {
        let way = &market.ways[index];
        let api = &market.apis[way.api as usize];
        let mut denials = Denials::new();
        for (offset, ask) in market.asks_of(way).iter().enumerate() {
            if !covers(attempt, ask.zone) {
                continue;
            }
            let at = way.first_ask as usize + offset;
            let fitting = self.fitting(market, at);
            if fitting >= u32::from(attempt.nodes) {
                let lease = self.begin(market, id, attempt, at, index, attempt.nodes);
                return self.boot(api, lease, mishap);
            }
            self.probes.mark(Probe::Stockout);
            denials.push(self.voice.refuse(at, Refusal::Stockout, ask, &api.answers, &attempt.offering));
            if fitting > 0 && mishap.partial {
                self.probes.mark(Probe::Partial);
                let lease = self.begin(market, id, attempt, at, index, fitting as u16);
                return Verdict { answer: Answer::Partial(lease, denials), latency: &api.latency.launched };
            }
        }
        Verdict { answer: Answer::Denied(denials), latency: &api.latency.stockout }
    }

    /// What was made comes up, slowly perhaps, or is never reached.
    fn boot<'m>(&mut self, api: &'m Api, lease: Lease, mishap: Mishap) -> Verdict<'m> {
        if mishap.boot_failed {
            self.probes.mark(Probe::BootFailed);
            let text = "the machines were made but could not be reached";
            let denial = crate::denials::unknown("BootFailed", text, &lease.offering, lease.zone);
            let answer = Answer::Partial(lease, Denials::from_iter([denial]));
            return Verdict { answer, latency: &api.latency.boot_failed };
        }
        if mishap.slow_boot {
            self.probes.mark(Probe::SlowBoot);
            return Verdict { answer: Answer::Launched(lease), latency: &api.latency.slow_boot };
        }
        Verdict { answer: Answer::Launched(lease), latency: &api.latency.launched }
    }

    fn begin(
        &mut self,
        market: &Market,
        id: CallId,
        attempt: &Attempt,
        ask_index: usize,
        way_index: usize,
        nodes: u16,
    ) -> Lease {
        let ask = &market.asks[ask_index];
        let list = attempt.offering.price_hourly;
        let offering = self.at_price(market, ask.pool, Offering { zone: ask.zone, ..attempt.offering });
        let lease = Lease { id: LeaseId(id), offering, zone: ask.zone, nodes, since: self.now };
        let position = self.ledger.begin(lease, ask_index as u32, way_index as u32);
        self.plan_price(market, position, list);
        self.pools[ask.pool as usize].held += u32::from(nodes) * ask.weight;
        for (quota, each) in &market.ways[way_index].meters {
            self.used[*quota as usize] += each * u64::from(nodes);
        }
        lease
    }

    /// What becomes of a lease that is up at `up`: when it will have been needed long enough, or when its job starts.
    fn plan_use(&mut self, market: &Market, id: LeaseId, told: bool, up: Timestamp) {
        let Some(position) = self.ledger.position(id) else { return };
        let wish = &market.demands[self.wish_of(market, demand_of(id))];
        if let Some(hold) = &wish.hold {
            let hold = hold.span(&mut self.luck.stream(wish.entity, Purpose::Hold, 0));
            self.agenda.push(up + hold, Item::Finish(position as u32));
            self.to_come += 1;
        }
        if wish.job.is_some() {
            self.ledger.get_mut(position).up = up;
            // One whose answer is lost starts when it is found.
            if told {
                self.agenda.push(up, Item::Up(position as u32));
                self.to_come += 1;
            }
        }
    }

    fn mishap(&mut self, market: &Market, way: &Way, n: u64) -> Mishap {
        let faults = &market.apis[way.api as usize].faults;
        let drawn = [faults.throttle, faults.hang, faults.lost, faults.partial, faults.slow_boot, faults.boot_failed];
        if drawn.iter().all(|p| *p <= 0.0) {
            return Mishap::default();
        }
        let mut stream = self.luck.stream(way.entity, Purpose::Fault, n);
        Mishap {
            throttle: stream.chance(faults.throttle),
            hang: stream.chance(faults.hang),
            lost: stream.chance(faults.lost),
            partial: stream.chance(faults.partial),
            slow_boot: stream.chance(faults.slow_boot),
            boot_failed: stream.chance(faults.boot_failed),
        }
    }

    /// Marks when an attempt leaves the zone, region or cloud of the one before it.
    fn note_place(&mut self, offering: &Offering) {
        if let Some(last) = self.last_place {
            if last.cloud != offering.cloud {
                self.probes.mark(Probe::CrossCloud);
            } else if last.region != offering.region {
                self.probes.mark(Probe::CrossRegion);
            } else if last.zone != offering.zone {
                self.probes.mark(Probe::CrossZone);
            }
        }
        self.last_place = Some(*offering);
    }
}

fn denied(denial: Denial) -> Answer {
    Answer::Denied(Denials::from_iter([denial]))
}

fn covers(attempt: &Attempt, zone: Option<ZoneId>) -> bool {
    zone.is_none_or(|zone| attempt.zones.as_slice().contains(&zone))
}

/// The ask that refusals of the whole attempt are worded for: its first zone.
fn first_ask(asks: &[Ask], attempt: &Attempt) -> usize {
    asks.iter().position(|ask| covers(attempt, ask.zone)).unwrap_or(0)
}
