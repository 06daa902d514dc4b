//! What one attempt can ask for, cheapest first.
//!
//! **Invariant:** within a bucket units are in order of price, cloud, on AWS the regions of the United States first,
//! region, zone, type; a unit without a price on the asked terms is not there.

use std::ops::Range;

use super::compile::columns::UnitList;
use super::compile::units::ZONES_PER_UNIT;
use super::compile::{NO_PRICE, NONE};
use super::{AWS, Catalog};
use crate::model::{AcceleratorCount, AcceleratorId, CapacityType, Money, Offering, RegionId, TypeId, ZoneId, ZoneSet};

/// A set of instance types that answer the same request for accelerators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(pub u16);

impl Bucket {
    /// Machines that a CPU-only request gets by default.
    pub const DEFAULT_CPU: Self = Self(0);
    /// All other machines without accelerators.
    pub const OTHER_CPU: Self = Self(1);
}

/// How much one on-demand attempt covers. Spot is always one zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Grain {
    /// On AWS all zones of a region; elsewhere one row.
    #[default]
    Wide,
    /// One row: a zone, or a region on a cloud without zones.
    Zonal,
}

/// The units of one bucket as columns, all of the same length, cheapest first.
#[derive(Debug, Clone, Copy)]
pub struct UnitColumns<'a> {
    /// The unit's name: its first row.
    pub rows: &'a [u32],
    /// Its [`TypeId`].
    pub types: &'a [u16],
    /// Its [`crate::model::RegionId`].
    pub regions: &'a [u16],
    /// Its [`crate::model::ZoneId`]; [`super::NONE`] where the cloud has none or the unit covers the zones of a region.
    pub zones: &'a [u16],
    /// Its price in micro-dollars per hour.
    pub prices: &'a [i64],
    /// The terms of these units.
    pub capacity: CapacityType,
}

impl UnitColumns<'_> {
    /// How many units.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Counts that differ by less than this many thousandths are the same, as in `SkyPilot`.
const COUNT_TOLERANCE: u32 = 10;

impl Catalog {
    /// The units of a bucket, cheapest first. A unit is named by its first row.
    pub fn units(&self, bucket: Bucket, capacity: CapacityType, grain: Grain) -> &[u32] {
        let list = self.unit_list(capacity, grain);
        &list.rows[bucket_range(list, bucket)]
    }

    /// The units of a bucket as columns, for filters that look at each.
    pub fn unit_columns(&self, bucket: Bucket, capacity: CapacityType, grain: Grain) -> UnitColumns<'_> {
        let list = self.unit_list(capacity, grain);
        let range = bucket_range(list, bucket);
        UnitColumns {
            rows: &list.rows[range.clone()],
            types: &list.types[range.clone()],
            regions: &list.regions[range.clone()],
            zones: &list.zones[range.clone()],
            prices: &list.prices[range],
            capacity,
        }
    }

    fn unit_list(&self, capacity: CapacityType, grain: Grain) -> &UnitList {
        match (capacity, grain) {
            (CapacityType::Spot, _) => &self.columns.spot,
            (CapacityType::OnDemand, Grain::Wide) => &self.columns.wide,
            (CapacityType::OnDemand, Grain::Zonal) => &self.columns.zonal,
        }
    }

    /// All buckets: the two without accelerators, then by accelerator and count.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = Bucket> + use<> {
        (0..self.columns.bucket_accelerator.len() as u16).map(Bucket)
    }

    /// The instance types of a bucket, by id.
    pub fn bucket_types(&self, bucket: Bucket) -> impl ExactSizeIterator<Item = TypeId> {
        let starts = &self.columns.bucket_starts;
        let range = starts[bucket.0 as usize] as usize..starts[bucket.0 as usize + 1] as usize;
        self.columns.bucket_types[range].iter().map(|kind| TypeId(*kind))
    }

    /// The accelerator of a bucket, with the count that users call it by; `None` for the two CPU buckets.
    pub fn bucket_accelerator(&self, bucket: Bucket) -> Option<AcceleratorCount> {
        let accelerator = self.columns.bucket_accelerator[bucket.0 as usize];
        let count_milli = self.columns.bucket_presented[bucket.0 as usize];
        (accelerator != NONE).then_some(AcceleratorCount { accelerator: AcceleratorId(accelerator), count_milli })
    }

    /// The buckets of an accelerator, by count.
    pub fn accelerator_buckets(&self, accelerator: AcceleratorId) -> impl ExactSizeIterator<Item = Bucket> + use<> {
        let all = &self.columns.bucket_accelerator[2..];
        let start = 2 + all.partition_point(|a| *a < accelerator.0) as u16;
        let end = 2 + all.partition_point(|a| *a <= accelerator.0) as u16;
        (start..end).map(Bucket)
    }

    /// The buckets that answer a request: those whose count, true or as presented, is that of the request. So
    /// `A10:1` finds Azure's slices of an A10 too, and `A10:0.167` finds only the smallest.
    pub fn buckets_of(&self, wanted: AcceleratorCount) -> impl Iterator<Item = Bucket> {
        self.accelerator_buckets(wanted.accelerator).filter(move |bucket| {
            let close = |count: u32| count.abs_diff(wanted.count_milli) < COUNT_TOLERANCE;
            let at = bucket.0 as usize;
            close(self.columns.bucket_count[at]) || close(self.columns.bucket_presented[at])
        })
    }

    /// What a unit offers, and the zones that an attempt for it covers: cheapest first, empty on a cloud without zones.
    ///
    /// # Panics
    /// If the unit is not sold on these terms: it comes from another list.
    pub fn unit_offering(&self, unit: u32, capacity: CapacityType, grain: Grain) -> (Offering, ZoneSet) {
        let kind = self.row_type(unit);
        let price = self.price(unit, capacity).expect("a unit of the list for this capacity has its price");
        let whole_region = self.is_wide(unit, capacity, grain);
        let row_zone = self.row_zone(unit);
        let offering = Offering {
            cloud: self.type_cloud(kind),
            capacity,
            region: self.row_region(unit),
            zone: if whole_region { None } else { row_zone },
            instance_type: kind,
            family: self.type_family(kind),
            accelerator: self.type_accelerator(kind).map(|a| a.accelerator),
            attached: self.type_attached(kind),
            price_hourly: price,
        };
        let zones = if whole_region { self.zones_from(unit) } else { row_zone.map_or(ZoneSet::EMPTY, ZoneSet::one) };
        (offering, zones)
    }

    /// What the unit at a position of some columns offers, and the zones that an attempt for it covers: the same as
    /// [`Catalog::unit_offering`] of its row, from columns that lie next to each other.
    pub fn offering_at(&self, columns: &UnitColumns<'_>, at: usize) -> (Offering, ZoneSet) {
        let (kind, zone) = (TypeId(columns.types[at]), columns.zones[at]);
        let accelerator = self.columns.type_accelerator[kind.index()];
        let offering = Offering {
            cloud: self.type_cloud(kind),
            capacity: columns.capacity,
            region: RegionId(columns.regions[at]),
            zone: (zone != NONE).then_some(ZoneId(zone)),
            instance_type: kind,
            family: self.type_family(kind),
            accelerator: (accelerator != NONE).then_some(AcceleratorId(accelerator)),
            attached: self.type_attached(kind),
            price_hourly: Money(columns.prices[at]),
        };
        // Without a zone it is a region: all its zones on AWS, none elsewhere.
        let zones = match offering.zone {
            Some(zone) => ZoneSet::one(zone),
            None if offering.cloud == AWS => self.zones_from(columns.rows[at]),
            None => ZoneSet::EMPTY,
        };
        (offering, zones)
    }

    /// How many zones an attempt for a unit covers; 0 on a cloud without zones.
    pub fn unit_zones(&self, unit: u32, capacity: CapacityType, grain: Grain) -> usize {
        if self.row_zone(unit).is_none() { 0 } else { self.unit_rows(unit, capacity, grain).len() }
    }

    /// The price of a unit per hour.
    ///
    /// # Panics
    /// If the unit is not sold on these terms: it comes from another list.
    pub fn unit_price(&self, unit: u32, capacity: CapacityType) -> Money {
        self.price(unit, capacity).expect("a unit of the list for this capacity has its price")
    }

    /// The rows that a unit covers, one a zone.
    pub fn unit_rows(&self, unit: u32, capacity: CapacityType, grain: Grain) -> Range<u32> {
        if !self.is_wide(unit, capacity, grain) {
            return unit..unit + 1;
        }
        unit..unit + 1 + self.rows_after(unit).count() as u32
    }

    /// The zones of the wide unit that starts at a row.
    fn zones_from(&self, first: u32) -> ZoneSet {
        let rows = std::iter::once(first as usize).chain(self.rows_after(first));
        rows.map(|row| ZoneId(self.columns.row_zone[row])).collect()
    }

    /// The other rows of the wide unit that starts at a row.
    fn rows_after(&self, first: u32) -> impl Iterator<Item = usize> {
        let (columns, first) = (&self.columns, first as usize);
        let end = columns.type_rows[columns.row_type[first] as usize + 1] as usize;
        let rest = first + 1..end.min(first + ZONES_PER_UNIT);
        rest.take_while(move |row| {
            columns.row_region[*row] == columns.row_region[first] && columns.row_price[*row] != NO_PRICE
        })
    }

    /// True if a unit covers the zones of a region.
    fn is_wide(&self, unit: u32, capacity: CapacityType, grain: Grain) -> bool {
        let on_demand = capacity == CapacityType::OnDemand && grain == Grain::Wide;
        on_demand && self.region_cloud(self.row_region(unit)) == AWS
    }
}

fn bucket_range(list: &UnitList, bucket: Bucket) -> Range<usize> {
    list.starts[bucket.0 as usize] as usize..list.starts[bucket.0 as usize + 1] as usize
}
