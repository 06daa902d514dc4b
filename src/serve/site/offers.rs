//! From names to ways into the market, made when they are first asked for.
//!
//! **Invariant:** the way that is found for a call is the one the engine's candidate for it would take, so the same
//! streams of luck decide: on AWS a single on-demand node takes the way of the whole region.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::{Catalog, Grain};
use crate::model::{Candidate, CapacityType, CloudId, Money, Offering, RegionId, Span, TypeId, ZoneId, ZoneSet};
use crate::sim::OpenWorld;
use crate::sim::scenario::Scenario;

use super::{Ask, SiteError};

/// The ways that are open.
#[derive(Debug, Default)]
pub(super) struct Offers {
    ways: BTreeMap<Key, usize>,
    /// By the position of the way.
    pub(super) candidates: Vec<Candidate>,
    /// What each pool is called, by its position.
    pub(super) pools: Vec<(Offering, Option<ZoneId>)>,
}

type Key = (CloudId, RegionId, Option<ZoneId>, TypeId, CapacityType);

/// A call, looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) way: usize,
    /// The zones that it asks for; empty where the cloud has none.
    pub(super) zones: ZoneSet,
}

impl Offers {
    /// Opens the ways of everything that a scenario wants.
    pub(super) fn stock(&mut self, scenario: &Arc<Scenario>, world: &mut OpenWorld) {
        for request in &scenario.requests {
            let options = crate::optimizer::Options::default();
            let plan = crate::optimizer::plan(&scenario.catalog, &request.requirements, request.nodes, &options);
            for candidate in plan.candidates() {
                self.open(candidate, world);
            }
        }
    }

    /// The way of a call.
    pub(super) fn find(&mut self, catalog: &Catalog, ask: &Ask, world: &mut OpenWorld) -> Result<Found, SiteError> {
        let (region, zone, kind) = place(catalog, ask)?;
        let not_sold = || SiteError::NotSold {
            instance_type: ask.instance_type.clone(),
            place: ask.zone.clone().unwrap_or_else(|| ask.region.clone()),
        };
        let mut rows = catalog.rows_of(kind).filter(|row| catalog.row_region(*row) == region);
        let sold = |row: &u32| catalog.price(*row, ask.terms).is_some();
        let here = |row: &u32| zone.is_none() || catalog.row_zone(*row) == zone;
        let wide = ask.cloud == "aws" && ask.terms == CapacityType::OnDemand && ask.nodes == 1;
        let grain = if wide { Grain::Wide } else { Grain::Zonal };
        if !rows.clone().any(|row| sold(&row) && here(&row)) {
            return Err(not_sold());
        }
        let row = rows.find(|row| sold(row) && (wide || here(row))).ok_or_else(not_sold)?;
        let (offering, all) = catalog.unit_offering(row, ask.terms, grain);
        let zones = zone.filter(|_| !all.is_empty()).map_or(all, ZoneSet::one);
        Ok(Found { way: self.open(candidate(offering, all), world), zones })
    }

    /// The way of one row: a zone, or a region on a cloud without zones.
    pub(super) fn at_row(&mut self, catalog: &Catalog, row: u32, terms: CapacityType, world: &mut OpenWorld) -> usize {
        let (offering, zones) = catalog.unit_offering(row, terms, Grain::Zonal);
        self.open(candidate(offering, zones), world)
    }

    fn open(&mut self, candidate: Candidate, world: &mut OpenWorld) -> usize {
        let offering = &candidate.offering;
        let key = (offering.cloud, offering.region, offering.zone, offering.instance_type, offering.capacity);
        *self.ways.entry(key).or_insert_with(|| {
            let way = world.add(&candidate);
            self.candidates.push(candidate);
            let asks: Vec<(Option<ZoneId>, u32)> = world.asks(way).map(|(_, ask)| (ask.zone, ask.pool)).collect();
            for (zone, pool) in asks {
                if pool as usize == self.pools.len() {
                    self.pools.push((candidate.offering, zone));
                }
            }
            way
        })
    }
}

fn candidate(offering: Offering, zones: ZoneSet) -> Candidate {
    let (cost, runtime) = (Money::ZERO, Span::ZERO);
    Candidate { offering, zones, alternative: 0, preference: 0, cost, runtime }
}

/// Region, zone and type of a call. A zone of a cloud that has none in the catalog is left open.
fn place(catalog: &Catalog, ask: &Ask) -> Result<(RegionId, Option<ZoneId>, TypeId), SiteError> {
    let cloud = catalog.find_cloud(ask.cloud);
    let region = catalog
        .find_regions(cloud, &ask.region)
        .find(|region| catalog.region_name(*region) == ask.region)
        .ok_or_else(|| SiteError::NoRegion(ask.region.clone()))?;
    let zone = match &ask.zone {
        Some(name) if catalog.zones_of(region).len() > 0 => {
            let found = catalog.zones_of(region).find(|zone| catalog.zone_name(*zone) == name);
            Some(found.ok_or_else(|| SiteError::NoZone(name.clone()))?)
        }
        _ => None,
    };
    let wanted = ask.accelerator.as_ref().map(|(name, count)| (name.as_str(), *count * 1000));
    let fits = |kind: &TypeId| {
        let devices = catalog.type_accelerator(*kind);
        let named = devices.map(|devices| (catalog.accelerator_name(devices.accelerator), devices.count_milli));
        // Devices that are built in may be named or not.
        named == wanted || (wanted.is_none() && catalog.type_attached(*kind).is_none())
    };
    let kind = catalog.find_types(cloud, &ask.instance_type).find(fits);
    Ok((region, zone, kind.ok_or_else(|| SiteError::NoType(ask.instance_type.clone()))?))
}
