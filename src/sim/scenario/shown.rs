//! What a scenario comes to, pool by pool: the lines that won, the stock in words, how often it has machines.
//!
//! **Invariant:** nothing is told that the market does not say: every figure is read off the pools that trials meet.

use std::collections::BTreeSet;

use crate::model::{CapacityType, Offering, Span, Timestamp, ZoneId};
use crate::sim::luck::Luck;
use crate::sim::market::{Course, Market, Pool};

use super::settings::{Line, winner};
use super::{Scenario, worded};

/// A pool that some demand may draw from.
#[derive(Debug, Clone)]
pub struct ShownPool {
    /// `gcp/us-west1/us-west1-a`; the region alone where the cloud has no zones.
    pub place: String,
    /// `gcp/us-west1`
    pub region: String,
    /// The instance type, with its accelerators.
    pub what: String,
    /// On demand or spot.
    pub capacity: CapacityType,
    /// The selector that gave it its stock; `None` where no line did.
    pub selector: Option<String>,
    /// Selectors that speak of its stock too and are overruled.
    pub overruled: Vec<String>,
    /// Its stock, in words.
    pub stock: String,
    /// Limits, pace, faults and terms of what is launched there, in words; empty where all is as usual.
    pub also: Vec<String>,
    /// Shocks that may hit it.
    pub shocks: usize,
    /// How much of the pool the demand's nodes take.
    pub wanted: u32,
    /// Share of the time that one node is there.
    pub one: Share,
    /// Share of the time that all the demand's nodes are.
    pub all: Share,
    /// Seconds until a launch is up, and until it is refused, in the mean.
    pub launched: f64,
    /// Seconds until no capacity is told, in the mean.
    pub stockout: f64,
    /// Its position in the market.
    pub pool: usize,
    /// The position of an ask that draws from it, and how many nodes it asks for.
    pub ask: (usize, u16),
}

/// Lines that speak of the stock of pools and decide none of them, each with the lines that do. Often that is a line for
/// a whole cloud, below one for an accelerator, which counts more.
pub fn idle(pools: &[ShownPool]) -> Vec<(&str, Vec<&str>)> {
    let decides = |text: &str| pools.iter().any(|pool| pool.selector.as_deref() == Some(text));
    let mut idle: Vec<(&str, Vec<&str>)> = Vec::new();
    for pool in pools {
        for line in pool.overruled.iter().filter(|text| !decides(text)) {
            if !idle.iter().any(|(known, _)| known == line) {
                idle.push((line, Vec::new()));
            }
            let by = idle.iter_mut().find(|(known, _)| known == line).map(|(_, by)| by);
            if let (Some(by), Some(winner)) = (by, pool.selector.as_deref())
                && !by.contains(&winner)
            {
                by.push(winner);
            }
        }
    }
    idle
}

/// A share of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Between 0 and 1.
    pub value: f64,
    /// True if it follows from the laws, false if it was measured on sampled courses.
    pub exact: bool,
}

/// How pools hang together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Together {
    /// Mean correlation of having a machine.
    pub mean: f64,
    /// The highest.
    pub most: f64,
    /// Over how many pairs.
    pub pairs: usize,
}

/// Courses and moments of each that a share is measured on where there is no closed form.
const COURSES: u64 = 100;
const MOMENTS: u64 = 48;

impl Scenario {
    /// Every pool behind its demands, once, in the order of the ranking.
    pub fn shown(&self, market: &Market) -> Vec<ShownPool> {
        let mut seen = BTreeSet::new();
        let mut shown = Vec::new();
        for (index, wish) in market.demands.iter().enumerate() {
            for (candidate, way) in market.candidates(index) {
                for (offset, ask) in market.asks_of(way).iter().enumerate() {
                    if !seen.insert(ask.pool) {
                        continue;
                    }
                    let wanted = u32::from(wish.demand.nodes) * ask.weight;
                    let latency = &market.apis[way.api as usize].latency;
                    let pool = &market.pools[ask.pool as usize];
                    let all = self.stocks_of(&candidate.offering, ask.zone).map(|line| line.selector.text.clone());
                    let selector = self.stock_of(&candidate.offering, ask.zone).map(|line| line.selector.text.clone());
                    shown.push(ShownPool {
                        overruled: all.filter(|text| Some(text) != selector.as_ref()).collect(),
                        selector,
                        stock: worded::in_words(&pool.stock),
                        also: worded::also(market, way, pool, candidate.offering.capacity),
                        shocks: pool.shocks.len(),
                        wanted,
                        one: self.share(pool, ask.weight),
                        all: self.share(pool, wanted),
                        launched: latency.launched.mean(),
                        stockout: latency.stockout.mean(),
                        pool: ask.pool as usize,
                        ask: (way.first_ask as usize + offset, wish.demand.nodes),
                        ..self.named(&candidate.offering, ask.zone)
                    });
                }
            }
        }
        shown
    }

    fn named(&self, offering: &Offering, zone: Option<ZoneId>) -> ShownPool {
        let catalog = &self.catalog;
        let region = format!("{}/{}", catalog.cloud_name(offering.cloud), catalog.region_name(offering.region));
        let kind = catalog.type_name(offering.instance_type);
        let device = catalog
            .type_accelerator(offering.instance_type)
            .map(|of| format!(" ({}:{})", catalog.accelerator_name(of.accelerator), f64::from(of.count_milli) / 1e3));
        let none = Share { value: 0.0, exact: true };
        ShownPool {
            place: zone.map_or_else(|| region.clone(), |zone| format!("{region}/{}", catalog.zone_name(zone))),
            region,
            what: format!("{kind}{}", device.unwrap_or_default()),
            capacity: offering.capacity,
            selector: None,
            overruled: Vec::new(),
            stock: String::new(),
            also: Vec::new(),
            shocks: 0,
            wanted: 0,
            one: none,
            all: none,
            launched: 0.0,
            stockout: 0.0,
            pool: 0,
            ask: (0, 0),
        }
    }

    /// The line that gives an offering its stock.
    fn stock_of(&self, offering: &Offering, zone: Option<ZoneId>) -> Option<&Line> {
        winner(&self.lines, &self.catalog, offering, zone, |line| line.pool.is_some())
    }

    /// All lines that would.
    fn stocks_of(&self, offering: &Offering, zone: Option<ZoneId>) -> impl Iterator<Item = &Line> {
        let admits = move |line: &&Line| line.selector.admits(&self.catalog, offering, zone);
        self.lines.iter().filter(|line| line.pool.is_some()).filter(admits)
    }

    fn share(&self, pool: &Pool, nodes: u32) -> Share {
        if let Some(value) = pool.availability(nodes) {
            return Share { value, exact: true };
        }
        let end = self.window();
        let mut there = 0u64;
        for trial in 0..COURSES {
            let mut course = Course::start(pool, Luck::new(self.seed, trial));
            let at = |moment: u64| Timestamp(end.0 / MOMENTS * moment);
            there += (0..MOMENTS).filter(|moment| course.at(pool, at(*moment)) >= nodes).count() as u64;
        }
        Share { value: there as f64 / (COURSES * MOMENTS) as f64, exact: false }
    }

    /// The time that is looked at: the scenario's own, a day if it has none.
    pub fn window(&self) -> Span {
        self.horizon.unwrap_or(Span::HOUR * 24)
    }

    /// For each part of the window, the share of it in which a pool has at least so many machines, in one trial.
    pub fn strip(&self, pool: &Pool, nodes: u32, trial: u64, window: Span, parts: u64) -> Vec<f64> {
        const LOOKS: u64 = 12;
        let mut course = Course::start(pool, Luck::new(self.seed, trial));
        let step = window.0 / (parts * LOOKS).max(1);
        let mut part = |part: u64| {
            let looks = (0..LOOKS).map(|look| Timestamp((part * LOOKS + look) * step));
            looks.filter(|at| course.at(pool, *at) >= nodes).count() as f64 / LOOKS as f64
        };
        (0..parts).map(&mut part).collect()
    }
}

/// How the pools within a region and across regions hang together, on the same terms; `None` without such pairs.
pub fn together(market: &Market, pools: &[ShownPool]) -> [Option<Together>; 2] {
    let mut sums = [(0.0, f64::NEG_INFINITY, 0); 2];
    for (at, one) in pools.iter().enumerate() {
        for other in &pools[at + 1..] {
            if one.capacity != other.capacity {
                continue;
            }
            let Some(found) = market.pools[one.pool].correlation(&market.pools[other.pool]) else { continue };
            let (sum, most, pairs) = &mut sums[usize::from(one.region != other.region)];
            (*sum, *most, *pairs) = (*sum + found, most.max(found), *pairs + 1);
        }
    }
    sums.map(|(sum, most, pairs)| {
        (pairs > 0).then(|| Together { mean: sum / f64::from(pairs), most, pairs: pairs as usize })
    })
}
