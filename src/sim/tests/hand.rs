//! Small markets made by hand.

use std::sync::Arc;

use crate::model::{
    AcceleratorId, Candidate, CapacityType, CloudId, Demand, DemandId, FamilyId, Limits, Money, Offering, RegionId,
    Span, Timestamp, TypeId, ZoneId, ZoneSet,
};
use crate::sim::market::{Answers, Api, Ask, Faults, Latency, Market, Pool, Stock, Way, Wish, Words};
use crate::sim::{Entity, Law};

/// A market with one demand, built place by place.
pub(crate) struct Hand {
    pub(crate) market: Market,
    candidates: Vec<Candidate>,
    nodes: u16,
    pub(crate) limits: Limits,
    spot: bool,
}

impl Hand {
    pub(crate) fn new(nodes: u16) -> Self {
        let mut market = Market::default();
        for cloud in ["aws", "azure", "gcp"] {
            market.apis.push(Api {
                entity: Entity::named(cloud),
                latency: Latency::of(cloud),
                faults: Faults::default(),
                answers: Answers::of(cloud, cloud != "azure"),
                pace: None,
            });
        }
        Self { market, candidates: Vec::new(), nodes, limits: Limits::default(), spot: false }
    }

    /// From here on spot, living this long on average.
    pub(crate) fn spot(mut self) -> Self {
        self.spot = true;
        self
    }

    /// A candidate over these zones (numbers) of a region; each zone with a stock of its own. No zones: the region.
    pub(crate) fn place(mut self, cloud: u8, region: u16, zones: &[u16], dollars: f64, stock: &[Stock]) -> Self {
        let name = ["aws", "azure", "gcp"][cloud as usize];
        let capacity = if self.spot { CapacityType::Spot } else { CapacityType::OnDemand };
        let set: ZoneSet = zones.iter().map(|zone| ZoneId(*zone)).collect();
        let offering = Offering {
            cloud: CloudId(cloud),
            capacity,
            region: RegionId(region),
            zone: (zones.len() == 1).then(|| ZoneId(zones[0])),
            instance_type: TypeId(u16::from(cloud)),
            family: FamilyId(u16::from(cloud)),
            accelerator: Some(AcceleratorId(0)),
            attached: None,
            price_hourly: Money::from_dollars(dollars),
        };
        let cost = offering.price_hourly * i64::from(self.nodes);
        self.candidates.push(Candidate {
            offering,
            zones: set,
            alternative: 0,
            preference: 0,
            cost,
            runtime: Span::HOUR,
        });
        let first_ask = self.market.asks.len() as u32;
        for (index, stock) in stock.iter().enumerate() {
            let zone = zones.get(index).copied();
            let label = format!("{name}/r{region}/{zone:?}/{}", capacity.name());
            self.market.asks.push(Ask {
                zone: zone.map(ZoneId),
                pool: self.market.pools.len() as u32,
                weight: 1,
                words: Words {
                    region: format!("r{region}").into(),
                    zone: zone.map_or(format!("r{region}"), |zone| format!("r{region}-{zone}")).into(),
                    instance_type: "big".into(),
                    hint: Arc::default(),
                },
            });
            let life = self.spot.then_some(Law::Exponential { mean: 3600.0 });
            let entity = Entity::named(&label);
            self.market.pools.push(Pool {
                entity,
                stock: stock.clone(),
                shocks: Box::default(),
                reclaims: false,
                price: None,
                life,
                notice: Span::from_secs(30),
            });
        }
        self.market.ways.push(Way {
            entity: Entity::named(&format!("way {name}/r{region}/{zones:?}")),
            first_ask,
            asks: stock.len() as u8,
            api: u32::from(cloud),
            meters: Box::default(),
        });
        self
    }

    pub(crate) fn faults(mut self, faults: Faults) -> Self {
        for api in &mut self.market.apis {
            api.faults = faults;
        }
        self
    }

    pub(crate) fn build(self) -> Market {
        let Self { mut market, candidates, nodes, limits, .. } = self;
        let demand = Demand { id: DemandId(0), nodes, candidates: candidates.into(), limits };
        let entity = Entity::named("demand 0");
        market.demands.push(Wish {
            at: Timestamp::ZERO,
            demand,
            first_way: 0,
            hold: None,
            gap: None,
            job: None,
            until: Timestamp::NEVER,
            entity,
        });
        market
    }
}
