//! What could have been had: the cheapest candidate that was obtainable at a moment, whether anybody asked or not.
//!
//! **Invariant:** the oracle looks at a copy of the market's course, so looking changes nothing, not even later draws.

use crate::model::{Money, Span, Timestamp};

use super::luck::Luck;
use super::market::{Course, Market, Way};

/// The cheapest candidate of a demand that a launch at `at` would have obtained, all other demands aside: its
/// position in the ranking and the hourly price of all nodes, in dollars.
pub fn cheapest(market: &Market, luck: Luck, demand: usize, at: Timestamp) -> Option<(u32, Money)> {
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

/// True if a launch at `at` would obtain all nodes in one of the zones, with nothing else held.
pub fn obtainable(market: &Market, luck: Luck, way: &Way, nodes: u16, at: Timestamp) -> bool {
    let admitted =
        way.meters.iter().all(|(quota, each)| market.quotas[*quota as usize].admits(0, each * u64::from(nodes)));
    if !admitted || market.apis[way.api as usize].faults.unauthorized {
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
