//! What could have been had: the cheapest candidate that was obtainable at a moment, whether anybody asked or not.
//!
//! **Invariant:** the oracle looks at a copy of the market's course, so looking changes nothing, not even later draws.

use crate::model::{Money, Timestamp};

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
