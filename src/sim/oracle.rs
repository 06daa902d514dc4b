//! What could have been had: the cheapest candidate that was obtainable at a moment, whether anybody asked or not.
//!
//! **Invariant:** the oracle looks at a copy of the market's course, so looking changes nothing, not even later draws.

use crate::model::{Candidate, Money, Span, Timestamp};

use super::luck::Luck;
use super::market::{Course, Market, Way};

/// The cheapest candidate of a demand that a launch at `at` would have obtained, all other demands aside: its
/// position in the ranking and the hourly price of all nodes, in dollars.
pub fn cheapest(market: &Market, luck: Luck, demand: usize, at: Timestamp) -> Option<(u32, Money)> {
    if market.pools.iter().any(|pool| pool.price.is_some()) {
        return cheapest_priced(market, luck, demand, at);
    }
    let nodes = market.demands[demand].demand.nodes;
    let mut best: Option<(u32, Money)> = None;
    let mut settled = None;
    for (index, (candidate, way)) in market.candidates(demand).enumerate() {
        // Within one preference the ranking is by cost, so the first that can be had settles it.
        if settled == Some(candidate.preference) {
            continue;
        }
        let hourly = candidate.offering.price_hourly * i64::from(nodes);
        if best.is_some_and(|(_, price)| price <= hourly) || !obtainable(market, luck, way, nodes, at) {
            continue;
        }
        settled = Some(candidate.preference);
        best = Some((index as u32, hourly));
        if market.is_unordered(demand) {
            break;
        }
    }
    best
}

/// The same where prices move, so that the order of the ranking says nothing about them.
fn cheapest_priced(market: &Market, luck: Luck, demand: usize, at: Timestamp) -> Option<(u32, Money)> {
    let nodes = market.demands[demand].demand.nodes;
    let priced = market.candidates(demand).enumerate().filter(|(_, (_, way))| obtainable(market, luck, way, nodes, at));
    let price = |(index, (candidate, way)): (usize, (&Candidate, &Way))| {
        let list = candidate.offering.price_hourly;
        let pools = market.asks_of(way).iter().map(|ask| &market.pools[ask.pool as usize]);
        let each = pools.map(|pool| pool.price.as_ref().map_or(list, |price| price.seen(luck, pool.entity, list, at)));
        (index as u32, each.min().unwrap_or(list) * i64::from(nodes))
    };
    priced.map(price).min_by_key(|(index, price)| (*price, *index))
}

/// True if a launch at `at` would obtain all nodes in one of the zones, with nothing else held.
pub fn obtainable(market: &Market, luck: Luck, way: &Way, nodes: u16, at: Timestamp) -> bool {
    let admits = |quota: u32, more: u64| {
        let quota = &market.quotas[quota as usize];
        let standing = if quota.change.is_some() { quota.seen(luck, at) } else { quota.fixed() };
        standing.admits(0, more)
    };
    let admitted = way.meters.iter().all(|(quota, each)| admits(*quota, each * u64::from(nodes)));
    if !admitted || market.apis[way.api as usize].faults.refuses(at) {
        return false;
    }
    market.asks_of(way).iter().any(|ask| {
        let pool = &market.pools[ask.pool as usize];
        Course::start(pool, luck).at(pool, at) >= u32::from(nodes) * ask.weight
    })
}

/// When a zone has enough for so many nodes, from the start of a trial until then, with nothing held.
pub fn course(market: &Market, luck: Luck, ask: usize, nodes: u16, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let ask = &market.asks[ask];
    let pool = &market.pools[ask.pool as usize];
    let wanted = u32::from(nodes) * ask.weight;
    let mut course = Course::start(pool, luck);
    let mut open: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut now = Timestamp::ZERO;
    while now < until {
        let is_there = course.at(pool, now) >= wanted;
        let next = course.next_change(pool, now).unwrap_or(until).clamp(now + Span(1), until);
        match open.last_mut() {
            _ if !is_there => {}
            Some((_, end)) if *end == now => *end = next,
            _ => open.push((now, next)),
        }
        now = next;
    }
    open
}
