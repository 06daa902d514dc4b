//! Puts the offerings of all alternatives into one order.
//!
//! **Invariant:** the order is by preference, cost, cloud, on AWS the regions of the United States first, region, zone (a
//! whole region last), type, alternative, and never by anything else. The catalog's lists are in this order already; a
//! request that one list answers is only filtered, several are merged.

use crate::catalog::{AWS, Bucket, Catalog, Grain, NONE, UnitColumns};
use crate::model::{CapacityType, Money, Requirement, Span, ZoneId};

use super::filter::{self, Extent, Places};
use super::options::{Options, PriceOverlay};

/// A candidate in short: what is needed to tell the rest from the catalog and the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ranked {
    /// The catalog's unit.
    pub unit: u32,
    /// The alternative it meets.
    pub alternative: u16,
    /// The id of its region, which is what most questions are about.
    pub region: u16,
}

/// Everything the order looks at, in one number: preference, cost, place, zone and type, from the top.
type Key = u128;

/// A candidate with its key.
#[derive(Debug, Clone, Copy)]
struct Keyed {
    key: Key,
    ranked: Ranked,
}

/// One alternative, ready to be looked up.
#[derive(Debug, Clone)]
pub(super) struct Alternative {
    pub(super) capacity: CapacityType,
    pub(super) grain: Grain,
    pub(super) preference: u16,
    pub(super) runtime: Span,
    pub(super) places: Option<Places>,
}

/// One bucket of one alternative.
struct List<'a> {
    index: u16,
    alternative: &'a Alternative,
    wanted: &'a Requirement,
    bucket: Bucket,
}

/// What all nodes cost for the whole run: `price.over(runtime)` of all of them, without 128-bit division where the
/// numbers are small.
pub(super) fn cost(price: Money, nodes: u16, runtime: Span) -> Money {
    let all = price * nodes as i64;
    if runtime == Span::HOUR {
        return all;
    }
    match (all.0 as u64).checked_mul(runtime.0) {
        Some(product) if all.0 >= 0 => Money((product / Span::HOUR.0) as i64),
        _ => all.over(runtime),
    }
}

/// Ranks everything that meets one of the alternatives.
pub(super) fn rank(
    catalog: &Catalog,
    wanted: &[Requirement],
    alternatives: &[Alternative],
    nodes: u16,
    options: &Options,
) -> Vec<Ranked> {
    if let ([wanted], [alternative]) = (wanted, alternatives) {
        // Two prices of such a run never come to the same cost, so the order of prices is that of costs.
        let whole = nodes as u64 * alternative.runtime.0 >= Span::HOUR.0;
        let buckets = filter::buckets(catalog, wanted);
        if let ([bucket], true, true) = (&buckets[..], whole, options.overlay.is_none()) {
            let list = List { index: 0, alternative, wanted, bucket: *bucket };
            let ranked = list.filter(catalog);
            if !ranked.is_empty() || *bucket != Bucket::DEFAULT_CPU || !wanted.instance_types.is_empty() {
                return ranked;
            }
            return List { bucket: Bucket::OTHER_CPU, ..list }.filter(catalog);
        }
    }
    merge(catalog, wanted, alternatives, nodes, &options.overlay)
}

/// Several lists, or one whose order the costs do not follow.
fn merge(
    catalog: &Catalog,
    wanted: &[Requirement],
    alternatives: &[Alternative],
    nodes: u16,
    overlay: &PriceOverlay,
) -> Vec<Ranked> {
    let places = PlaceOrder::new(catalog);
    let mut keyed: Vec<Keyed> = Vec::new();
    for (index, (wanted, alternative)) in (0..).zip(wanted.iter().zip(alternatives)) {
        let before = keyed.len();
        let mut buckets = filter::buckets(catalog, wanted);
        let mut next = 0;
        while let Some(&bucket) = buckets.get(next) {
            let list = List { index, alternative, wanted, bucket };
            list.keyed(catalog, &places, (nodes, overlay), &mut keyed);
            next += 1;
            let cpu_only = wanted.accelerators.is_empty() && wanted.instance_types.is_empty();
            if cpu_only && bucket == Bucket::DEFAULT_CPU && keyed.len() == before {
                buckets.push(Bucket::OTHER_CPU);
            }
        }
    }
    // Made of sorted runs, which a stable sort finds and merges; equal keys stay in the order of the alternatives.
    keyed.sort_by_key(|keyed| keyed.key);
    let same = |a: &Keyed, b: &Keyed| {
        let capacity = |keyed: &Keyed| alternatives[keyed.ranked.alternative as usize].capacity;
        a.key == b.key && a.ranked.unit == b.ranked.unit && capacity(a) == capacity(b)
    };
    keyed.dedup_by(|later, earlier| same(later, earlier));
    keyed.into_iter().map(|keyed| keyed.ranked).collect()
}

impl List<'_> {
    /// The part of the bucket that is not too dear.
    fn columns<'c>(&self, catalog: &'c Catalog) -> UnitColumns<'c> {
        catalog.unit_columns(self.bucket, self.alternative.capacity, self.alternative.grain)
    }

    /// For each type of the catalog whether it is wanted; `None` if all types of the bucket are.
    fn types(&self, catalog: &Catalog) -> Option<Vec<bool>> {
        let mut fits = vec![false; catalog.types().len()];
        let mut all = true;
        for kind in catalog.bucket_types(self.bucket) {
            let fit = filter::fits(catalog, self.wanted, kind).is_ok();
            fits[kind.index()] = fit;
            all &= fit;
        }
        (!all).then_some(fits)
    }

    /// What is left of the bucket, in its order.
    fn filter(&self, catalog: &Catalog) -> Vec<Ranked> {
        let columns = self.columns(catalog);
        let limit = self.wanted.max_price_hourly.map_or(i64::MAX, |limit| limit.0);
        let length = columns.prices.partition_point(|price| *price <= limit);
        let mut out = vec![Ranked { unit: 0, alternative: self.index, region: 0 }; length];
        let mut kept = 0;
        // Writes always and moves on only if the unit is kept: no branch to mispredict.
        let mut put = |at: usize, keep: bool| {
            out[kept] = Ranked { unit: columns.rows[at], alternative: self.index, region: columns.regions[at] };
            kept += keep as usize;
        };
        match (self.types(catalog), &self.alternative.places) {
            (None, None) => (0..length).for_each(|at| put(at, true)),
            (Some(types), None) => (0..length).for_each(|at| put(at, types[columns.types[at] as usize])),
            (types, Some(places)) => (0..length).for_each(|at| {
                let fits = types.as_ref().is_none_or(|types| types[columns.types[at] as usize]);
                put(at, fits && self.admits(catalog, places, &columns, at));
            }),
        }
        out.truncate(kept);
        out
    }

    /// The same with keys, at the end of `out`.
    fn keyed(
        &self,
        catalog: &Catalog,
        order: &PlaceOrder,
        (nodes, overlay): (u16, &PriceOverlay),
        out: &mut Vec<Keyed>,
    ) {
        let columns = self.columns(catalog);
        let types = self.types(catalog);
        let limit = self.wanted.max_price_hourly.map_or(i64::MAX, |limit| limit.0);
        for at in 0..columns.len() {
            let fits = types.as_ref().is_none_or(|types| types[columns.types[at] as usize]);
            let list = Money(columns.prices[at]);
            let region = columns.regions[at];
            let price = if overlay.is_none() { list } else { overlay.apply(order.cloud(region), list) };
            if !fits || price.0 > limit {
                continue;
            }
            if self.alternative.places.as_ref().is_some_and(|places| !self.admits(catalog, places, &columns, at)) {
                continue;
            }
            let cost = cost(price, nodes, self.alternative.runtime).0 as u64 as u128;
            let place = (order.place(region) as u128) << 32 | (columns.zones[at] as u128) << 16;
            let key = (self.alternative.preference as u128) << 112 | cost << 48 | place | columns.types[at] as u128;
            out.push(Keyed { key, ranked: Ranked { unit: columns.rows[at], alternative: self.index, region } });
        }
    }

    fn admits(&self, catalog: &Catalog, places: &Places, columns: &UnitColumns<'_>, at: usize) -> bool {
        match places.region(columns.regions[at]) {
            Extent::Nothing => false,
            Extent::Everything => true,
            Extent::SomeZones if columns.zones[at] != NONE => places.zone(ZoneId(columns.zones[at])),
            Extent::SomeZones => {
                let rows = catalog.unit_rows(columns.rows[at], self.alternative.capacity, self.alternative.grain);
                rows.filter_map(|row| catalog.row_zone(row)).any(|zone| places.zone(zone))
            }
        }
    }
}

/// Where a region comes among equal costs.
struct PlaceOrder {
    /// By region: its cloud, whether it comes after others of the cloud, and itself.
    places: Vec<u16>,
    clouds: Vec<u8>,
}

impl PlaceOrder {
    fn new(catalog: &Catalog) -> Self {
        let clouds: Vec<u8> = catalog.regions().map(|region| catalog.region_cloud(region).0).collect();
        let key = |region: &u16| {
            let cloud = clouds[*region as usize];
            let first = cloud == AWS.0 && catalog.region_name(crate::model::RegionId(*region)).starts_with("us-");
            (cloud, !first, *region)
        };
        let mut order: Vec<u16> = (0..clouds.len() as u16).collect();
        order.sort_by_key(key);
        let mut places = vec![0; order.len()];
        for (place, region) in (0..).zip(order) {
            places[region as usize] = place;
        }
        Self { places, clouds }
    }

    fn place(&self, region: u16) -> u16 {
        self.places[region as usize]
    }

    fn cloud(&self, region: u16) -> crate::model::CloudId {
        crate::model::CloudId(self.clouds[region as usize])
    }
}
