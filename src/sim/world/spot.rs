//! Spot capacity: its price, and when it is taken back.

use crate::model::{CapacityType, LeaseId, Money, Offering, Timestamp};

use super::super::luck::Purpose;
use super::super::market::{Market, PriceTrack, Way};
use super::super::probe::Probe;
use super::{Item, State};

impl State {
    /// When a lease that is up at `up` will be taken back, if that is known now.
    pub(super) fn plan_preemption(
        &mut self,
        market: &Market,
        id: LeaseId,
        way: &Way,
        n: u64,
        up: Timestamp,
    ) -> Option<Timestamp> {
        let position = self.ledger.position(id)?;
        let holding = &self.ledger.holdings()[position];
        if holding.lease.offering.capacity != CapacityType::Spot {
            return None;
        }
        let index = market.asks[holding.ask as usize].pool;
        let pool = &market.pools[index as usize];
        if pool.reclaims {
            self.watch(market, index);
        }
        let life = pool.life.as_ref()?;
        let at = up + life.span(&mut self.luck.stream(way.entity, Purpose::Life, n));
        self.agenda.push(at, Item::Preempt(position as u32));
        Some(at)
    }

    /// Looks at a pool again when its stock changes.
    fn watch(&mut self, market: &Market, index: u32) {
        let (pool, state) = (&market.pools[index as usize], &mut self.pools[index as usize]);
        let next =
            state.course.as_mut().filter(|_| !state.watched).and_then(|course| course.next_change(pool, self.now));
        if let Some(next) = next {
            state.watched = true;
            self.agenda.push(next, Item::Review(index));
        }
    }

    /// The stock of a pool has changed: what is leased beyond it is taken back, the youngest leases first, after the
    /// notice.
    pub(super) fn review(&mut self, market: &Market, index: u32) {
        let (pool, now) = (&market.pools[index as usize], self.now);
        let state = &mut self.pools[index as usize];
        state.watched = false;
        let there = state.course.as_mut().map_or(0, |course| course.at(pool, now));
        let mut held = 0;
        let mut open = Vec::new();
        for (position, holding) in self.ledger.holdings().iter().enumerate() {
            let ask = &market.asks[holding.ask as usize];
            if ask.pool == index && holding.until.is_none() && holding.noticed.is_none() {
                held += u32::from(holding.lease.nodes) * ask.weight;
                open.push((position, u32::from(holding.lease.nodes) * ask.weight));
            }
        }
        while held > there
            && let Some((position, weight)) = open.pop()
        {
            held -= weight;
            self.ledger.get_mut(position).noticed = Some(now);
            self.agenda.push(now + pool.notice, Item::Preempt(position as u32));
        }
        if !open.is_empty() {
            self.watch(market, index);
        }
    }

    /// The cloud takes a lease back; its name if it was still held.
    pub(super) fn preempt(&mut self, market: &Market, position: usize) -> Option<LeaseId> {
        let pool = market.asks[self.ledger.holdings()[position].ask as usize].pool;
        let notice = market.pools[pool as usize].notice;
        if !self.end(market, position) {
            return None;
        }
        self.probes.mark(Probe::Preempted);
        let now = self.now;
        let holding = self.ledger.get_mut(position);
        holding.preempted = true;
        let told = Timestamp(now.0.saturating_sub(notice.0)).max(holding.lease.since);
        holding.noticed.get_or_insert(told);
        let lease = holding.lease.id;
        self.lose_job(market, position);
        Some(lease)
    }

    /// The offering at the price of this moment.
    pub(super) fn at_price(&mut self, market: &Market, index: u32, offering: Offering) -> Offering {
        let pool = &market.pools[index as usize];
        if pool.price.is_none() || offering.capacity != CapacityType::Spot {
            return offering;
        }
        Offering { price_hourly: self.price(market, index, offering.price_hourly), ..offering }
    }

    fn price(&mut self, market: &Market, index: u32, list: Money) -> Money {
        let pool = &market.pools[index as usize];
        let Some(price) = &pool.price else { return list };
        let (luck, now) = (self.luck, self.now);
        let track = &mut self.pools[index as usize].price;
        track.get_or_insert_with(|| Box::new(PriceTrack::start(price, luck, pool.entity))).at(price, list, now)
    }

    /// Looks at the price of a lease again when it changes.
    pub(super) fn plan_price(&mut self, market: &Market, position: u32, list: Money) {
        let index = market.asks[self.ledger.holdings()[position as usize].ask as usize].pool as usize;
        let (Some(price), Some(track)) = (&market.pools[index].price, &mut self.pools[index].price) else { return };
        if let Some(next) = track.next_change(price, self.now) {
            self.agenda.push(next, Item::Reprice { position, list });
        }
    }

    /// What is leased costs another amount from now on.
    pub(super) fn reprice(&mut self, market: &Market, position: u32, list: Money) {
        let holding = &self.ledger.holdings()[position as usize];
        if holding.until.is_some() {
            return;
        }
        let index = market.asks[holding.ask as usize].pool;
        let each = self.price(market, index, list);
        self.ledger.reprice(position as usize, each, self.now);
        self.probes.mark(Probe::Repriced);
        self.plan_price(market, position, list);
    }
}
