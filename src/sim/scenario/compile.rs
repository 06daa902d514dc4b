//! From what a scenario says and what is wanted to a market: pools, limits and interfaces behind every candidate.
//!
//! **Invariant:** everything that draws luck is named by cloud, region, zone, type and terms, never by its place in a
//! list, so that a further demand or candidate shifts nobody's luck.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::model::{Candidate, Demand, DemandId, Limits, Offering, Span, Timestamp, ZoneId};
use crate::sim::law::Law;
use crate::sim::luck::Entity;
use crate::sim::market::{Ask, Market, Pool, Rhythmic, Shock, Way, Wish, Words};

use super::settings::{Life, Line, decide};
use super::shocks::{Per, ShockSpec};
use super::{DemandSpec, Scenario, stocks};

/// A demand with its ranked candidates.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Every feasible way, ranked.
    pub candidates: Vec<Candidate>,
    /// How many nodes.
    pub nodes: u16,
    /// How long and how hard to try.
    pub limits: Limits,
    /// When it arrives.
    pub at: Span,
    /// How long it is needed; `None` for ever.
    pub hold: Option<Law>,
}

/// Spot capacity that is taken back is announced this long before, on the clouds that announce it.
const NOTICE: Span = Span::from_secs(30);
const NOTICE_AWS: Span = Span::from_secs(120);

pub(super) struct Compiler<'a> {
    pub(super) catalog: &'a Catalog,
    lines: &'a [Line],
    shocks: &'a [ShockSpec],
    pub(super) market: Market,
    pub(super) positions: Positions,
}

/// What is there already, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Positions {
    pools: BTreeMap<String, u32>,
    pub(super) apis: BTreeMap<String, u32>,
    pub(super) quotas: BTreeMap<String, u32>,
    pub(super) paces: BTreeMap<String, u32>,
    /// Shocks made so far, by name.
    weather: BTreeMap<String, Arc<Shock>>,
}

/// The market with these demands; `specs` says more of them where they are the scenario's own.
pub(super) fn market(scenario: &Scenario, wanted: &[Wanted], specs: &[DemandSpec]) -> Market {
    let mut compiler = Compiler::new(scenario, Market::default(), Positions::default());
    for (index, wanted) in wanted.iter().enumerate() {
        compiler.demand(index as u32, wanted, specs.get(index), scenario.horizon);
    }
    compiler.market
}

/// A market without demands that grows by what is asked of it. A way that is added late meets the same pools, limits
/// and luck as one that was there from the start.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    market: Market,
    positions: Positions,
}

impl Growing {
    /// The market so far.
    pub fn market(&self) -> &Market {
        &self.market
    }

    /// Adds the way of a candidate and returns its position.
    pub fn add(&mut self, scenario: &Scenario, candidate: &Candidate) -> usize {
        let (market, positions) = (std::mem::take(&mut self.market), std::mem::take(&mut self.positions));
        let mut compiler = Compiler::new(scenario, market, positions);
        compiler.way(candidate);
        (self.market, self.positions) = (compiler.market, compiler.positions);
        self.market.ways.len() - 1
    }
}

impl<'a> Compiler<'a> {
    fn new(scenario: &'a Scenario, market: Market, positions: Positions) -> Self {
        let Scenario { catalog, lines, shocks, .. } = scenario;
        Self { catalog, lines, shocks, market, positions }
    }

    fn demand(&mut self, index: u32, wanted: &Wanted, spec: Option<&DemandSpec>, horizon: Option<Span>) {
        // Demands of one line are the same, so they share their candidates and the ways of these.
        let same = self.market.demands.last().filter(|_| spec.is_some_and(|spec| spec.nth > 0));
        let shared = same.map(|last| (last.first_way, Arc::clone(&last.demand.candidates)));
        let (first_way, candidates) = shared.unwrap_or_else(|| {
            let first_way = self.market.ways.len() as u32;
            for candidate in &wanted.candidates {
                self.way(candidate);
            }
            (first_way, wanted.candidates.clone().into())
        });
        let mut limits = wanted.limits;
        if let Some(horizon) = horizon {
            let left = Span(horizon.0.saturating_sub(wanted.at.0));
            limits.max_wait = Some(limits.max_wait.map_or(left, |wait| wait.min(left)));
        }
        let label = spec.map_or_else(|| index.to_string(), DemandSpec::label);
        self.market.demands.push(Wish {
            at: Timestamp(wanted.at.0),
            demand: Demand { id: DemandId(index), nodes: wanted.nodes, candidates, limits },
            first_way,
            hold: wanted.hold.clone(),
            gap: spec.and_then(|spec| spec.gap.clone()),
            job: spec.and_then(|spec| spec.job.clone()),
            until: horizon.map_or(Timestamp::NEVER, |horizon| Timestamp(horizon.0)),
            entity: Entity::named(&format!("demand {label}")),
        });
    }

    fn way(&mut self, candidate: &Candidate) {
        let offering = &candidate.offering;
        let first_ask = self.market.asks.len() as u32;
        let zones: Vec<Option<ZoneId>> = match candidate.zones.as_slice() {
            [] => vec![offering.zone],
            zones => zones.iter().copied().map(Some).collect(),
        };
        for zone in &zones {
            let ask = self.ask(offering, *zone);
            self.market.asks.push(ask);
        }
        let way = Way {
            entity: Entity::named(&format!("way {}", self.label(offering, offering.zone))),
            first_ask,
            asks: zones.len() as u8,
            api: self.api(offering, zones[0]),
            meters: self.meters(offering),
        };
        self.market.ways.push(way);
    }

    fn ask(&mut self, offering: &Offering, zone: Option<ZoneId>) -> Ask {
        let catalog = self.catalog;
        let region: Arc<str> = Arc::from(catalog.region_name(offering.region));
        let hint = self.setting(offering, zone, |line| line.hint.as_deref()).unwrap_or("");
        let words = Words {
            zone: zone.map_or_else(|| Arc::clone(&region), |zone| Arc::from(catalog.zone_name(zone))),
            region,
            instance_type: Arc::from(catalog.type_name(offering.instance_type)),
            hint: Arc::from(hint),
        };
        let (pool, weight) = self.pool(offering, zone);
        Ask { zone, pool, weight, words }
    }

    /// The pool behind a zone of a candidate, and how much of it one node takes.
    fn pool(&mut self, offering: &Offering, zone: Option<ZoneId>) -> (u32, u32) {
        let count = self.catalog.type_accelerator(offering.instance_type);
        let shared = count.filter(|_| self.setting(offering, zone, |line| line.share) == Some(true));
        let (name, weight) = match shared {
            Some(count) => {
                let device = self.catalog.accelerator_name(count.accelerator);
                let name = format!("{}/{device}/{}", self.place(offering, zone), offering.capacity.name());
                (name, count.count_milli.div_ceil(1000).max(1))
            }
            // Whatever the machine they are attached to, it is the same devices that run out.
            None => match offering.attached {
                Some(devices) => {
                    let (device, each) =
                        (self.catalog.accelerator_name(devices.accelerator), devices.count_milli / 1000);
                    (format!("{}/{device}:{each}/{}", self.place(offering, zone), offering.capacity.name()), 1)
                }
                None => (self.label(offering, zone), 1),
            },
        };
        let next = self.market.pools.len() as u32;
        let index = *self.positions.pools.entry(name.clone()).or_insert(next);
        if index == next {
            let stock = self.setting(offering, zone, |line| line.pool.as_ref()).cloned().unwrap_or(stocks::DEFAULT);
            let stock = match self.setting(offering, zone, |line| line.rhythm.as_ref()) {
                Some(rhythm) => Rhythmic::stock(stock, rhythm.clone()),
                None => stock,
            };
            let (life, reclaims) = match self.setting(offering, zone, |line| line.life.as_ref()) {
                Some(Life::Drawn(law)) => (Some(law.clone()), false),
                Some(Life::Stock) => (None, true),
                Some(Life::Forever) | None => (None, false),
            };
            let price = self.setting(offering, zone, |line| line.price.as_ref()).cloned().map(Arc::new);
            let usual = if self.cloud(offering) == "aws" { NOTICE_AWS } else { NOTICE };
            let notice = self.setting(offering, zone, |line| line.notice).unwrap_or(usual);
            let shocks = self.shocks(offering, zone);
            let entity = Entity::named(&format!("pool {name}"));
            self.market.pools.push(Pool { entity, stock, shocks, life, reclaims, notice, price });
        }
        (index, weight)
    }

    /// The shocks that fall upon a pool.
    fn shocks(&mut self, offering: &Offering, zone: Option<ZoneId>) -> Box<[Arc<Shock>]> {
        let catalog = self.catalog;
        let device = || offering.accelerator.map_or("-", |accelerator| catalog.accelerator_name(accelerator));
        let mut fallen = Vec::new();
        for spec in self.shocks.iter().filter(|spec| spec.on.admits(catalog, offering, zone)) {
            let group = match spec.per {
                None => String::new(),
                Some(Per::Cloud) => self.cloud(offering).to_owned(),
                Some(Per::Region) => format!("{}/{}", self.cloud(offering), catalog.region_name(offering.region)),
                Some(Per::Zone) => self.place(offering, zone),
                Some(Per::Accelerator) => device().to_owned(),
            };
            let name = format!("shock {} {group}", spec.name);
            let made = || {
                let entity = Entity::named(&name);
                Shock::new(entity, spec.calm.clone(), spec.lasts.clone(), spec.depth, spec.each).ok().map(Arc::new)
            };
            if let Some(shock) = self.positions.weather.get(&name).cloned().or_else(made) {
                self.positions.weather.insert(name, Arc::clone(&shock));
                fallen.push(shock);
            }
        }
        fallen.into()
    }

    pub(super) fn setting<'l, T>(
        &'l self,
        offering: &Offering,
        zone: Option<ZoneId>,
        get: impl Fn(&'l Line) -> Option<T>,
    ) -> Option<T> {
        decide(self.lines, self.catalog, offering, zone, get)
    }

    pub(super) fn cloud(&self, offering: &Offering) -> &'static str {
        self.catalog.cloud_name(offering.cloud)
    }

    /// `gcp/us-west1/us-west1-a`
    fn place(&self, offering: &Offering, zone: Option<ZoneId>) -> String {
        let zone = zone.map_or("*", |zone| self.catalog.zone_name(zone));
        format!("{}/{}/{zone}", self.cloud(offering), self.catalog.region_name(offering.region))
    }

    /// `gcp/us-west1/us-west1-a/n1-highmem-8+V100:1/on-demand`
    fn label(&self, offering: &Offering, zone: Option<ZoneId>) -> String {
        let kind = self.catalog.type_name(offering.instance_type);
        let device = self.catalog.type_accelerator(offering.instance_type).map_or(String::new(), |count| {
            format!("+{}:{}", self.catalog.accelerator_name(count.accelerator), f64::from(count.count_milli) / 1e3)
        });
        format!("{}/{kind}{device}/{}", self.place(offering, zone), offering.capacity.name())
    }
}
