//! Orders what one attempt can ask for, cheapest first, bucket by bucket.
//!
//! **Invariant:** within a bucket: price, cloud, on AWS the regions of the United States first, region, zone, type.

use super::columns::{Columns, UnitList};
use super::{NO_PRICE, NO_ROW, NONE};

/// The most zones one attempt covers.
pub(crate) const ZONES_PER_UNIT: usize = 8;

/// Everything that follows from the rows.
pub(super) struct Index {
    wide: UnitList,
    zonal: UnitList,
    spot: UnitList,
    cheapest: Vec<u32>,
    cheapest_spot: Vec<u32>,
}

impl Index {
    /// Units in order, and the cheapest row of each type.
    pub(super) fn of(columns: &Columns) -> Self {
        let [wide, zonal, spot] = lists(columns);
        Self {
            wide,
            zonal,
            spot,
            cheapest: cheapest(&columns.type_rows, &columns.row_price),
            cheapest_spot: cheapest(&columns.type_rows, &columns.row_spot),
        }
    }

    /// Puts it where it belongs.
    pub(super) fn store(self, columns: &mut Columns) {
        (columns.wide, columns.zonal, columns.spot) = (self.wide, self.zonal, self.spot);
        columns.type_cheapest = self.cheapest.into();
        columns.type_cheapest_spot = self.cheapest_spot.into();
    }
}

/// The first of the cheapest rows of each type.
fn cheapest(type_rows: &[u32], prices: &[i64]) -> Vec<u32> {
    let of = |rows: &[u32]| {
        let least = (rows[0]..rows[1]).min_by_key(|row| prices[*row as usize]);
        least.filter(|row| prices[*row as usize] != NO_PRICE).unwrap_or(NO_ROW)
    };
    type_rows.windows(2).map(of).collect()
}

/// The on-demand units that cover what one attempt can, the on-demand units of one zone, the spot units.
fn lists(columns: &Columns) -> [UnitList; 3] {
    let places = &places(columns);
    std::thread::scope(|scope| {
        let wide = scope.spawn(|| list(columns, places, &columns.row_price, |row| leads(columns, row), true));
        let spot = scope.spawn(|| list(columns, places, &columns.row_spot, |_| true, false));
        let zonal = list(columns, places, &columns.row_price, |_| true, false);
        [super::join(wide), zonal, super::join(spot)]
    })
}

/// The rank of each region among equal prices.
fn places(columns: &Columns) -> Vec<u16> {
    let mut order: Vec<u16> = (0..columns.region_cloud.len() as u16).collect();
    order.sort_by_key(|&region| {
        let cloud = columns.region_cloud[region as usize];
        let abroad = cloud != 0 || !columns.regions.get(region as usize).starts_with("us-");
        (cloud, abroad, region)
    });
    let mut ranks = vec![0; order.len()];
    for (rank, region) in (0..).zip(order) {
        ranks[region as usize] = rank;
    }
    ranks
}

/// True for the first row of a wide unit: every row, but on AWS only the first of a type in a region (and every
/// eighth, should a region have more zones than one attempt covers).
fn leads(columns: &Columns, row: usize) -> bool {
    let kind = columns.row_type[row];
    if !covers_zones(columns, row) {
        return true;
    }
    let start = columns.type_rows[kind as usize] as usize;
    let region = columns.row_region[row];
    let before = columns.row_region[start..row].iter().rev().take_while(|r| **r == region).count();
    before.is_multiple_of(ZONES_PER_UNIT)
}

/// True where one on-demand attempt covers all zones of a region: on AWS.
fn covers_zones(columns: &Columns, row: usize) -> bool {
    columns.region_cloud[columns.row_region[row] as usize] == 0
}

/// The units of the rows that have a price and are kept.
fn list(columns: &Columns, places: &[u16], prices: &[i64], keep: impl Fn(usize) -> bool, wide: bool) -> UnitList {
    let mut keys = Vec::with_capacity(prices.len());
    for (row, &price) in prices.iter().enumerate() {
        if price != NO_PRICE && keep(row) {
            let zone = if wide && covers_zones(columns, row) { NONE } else { columns.row_zone[row] };
            let place = places[columns.row_region[row] as usize];
            let bucket = columns.type_bucket[columns.row_type[row] as usize];
            keys.push(pack(bucket, price, place, zone, row as u32));
        }
    }
    keys.sort_unstable();
    unpack(columns, &keys)
}

/// Everything units are ordered by in one number: bucket 16 bits, price 48, place and zone 16 each, row 32. Among equals
/// of these, the order of rows is that of types. Prices are limited when they are read (`vms::PRICE_LIMIT`).
fn pack(bucket: u16, price: i64, place: u16, zone: u16, row: u32) -> u128 {
    (bucket as u128) << 112 | (price as u128) << 64 | (place as u128) << 48 | (zone as u128) << 32 | row as u128
}

fn unpack(columns: &Columns, keys: &[u128]) -> UnitList {
    let buckets = columns.bucket_accelerator.len();
    let start = |bucket: usize| keys.partition_point(|key| ((key >> 112) as usize) < bucket) as u32;
    let row = |key: &u128| *key as u32 as usize;
    UnitList {
        starts: (0..=buckets).map(start).collect(),
        rows: keys.iter().map(|key| *key as u32).collect(),
        types: keys.iter().map(|key| columns.row_type[row(key)]).collect(),
        regions: keys.iter().map(|key| columns.row_region[row(key)]).collect(),
        zones: keys.iter().map(|key| (key >> 32) as u16).collect(),
        prices: keys.iter().map(|key| ((key >> 64) as u64 & 0xffff_ffff_ffff) as i64).collect(),
    }
}
