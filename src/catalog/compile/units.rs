//! Orders what one attempt can ask for, cheapest first, bucket by bucket.
//!
//! **Invariant:** within a bucket: price, cloud, on AWS the regions of the United States first, region, zone, type.

use super::columns::{Columns, UnitList};
use super::{NO_PRICE, NONE};

/// The most zones one attempt covers.
pub(crate) const ZONES_PER_UNIT: usize = 8;

/// The on-demand units that cover what one attempt can, the on-demand units of one zone, the spot units.
pub(super) fn lists(columns: &Columns) -> [UnitList; 3] {
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
    let mut buckets: Vec<Vec<u128>> = vec![Vec::new(); columns.bucket_accelerator.len()];
    for (row, &price) in prices.iter().enumerate() {
        if price == NO_PRICE || !keep(row) {
            continue;
        }
        let kind = columns.row_type[row];
        let zone = if wide && covers_zones(columns, row) { NONE } else { columns.row_zone[row] };
        let place = places[columns.row_region[row] as usize];
        buckets[columns.type_bucket[kind as usize] as usize].push(pack(price, place, zone, kind, row as u32));
    }
    let mut out = Lists::default();
    for keys in &mut buckets {
        out.starts.push(out.rows.len() as u32);
        keys.sort_unstable();
        for &key in &*keys {
            out.push(columns, key);
        }
    }
    out.starts.push(out.rows.len() as u32);
    out.finish()
}

/// Everything units are ordered by in one number, with the row below it: price 48 bits, place, zone and type 16 each,
/// row 32. Prices are limited when they are read (`vms::PRICE_LIMIT`).
fn pack(price: i64, place: u16, zone: u16, kind: u16, row: u32) -> u128 {
    (price as u128) << 80 | (place as u128) << 64 | (zone as u128) << 48 | (kind as u128) << 32 | row as u128
}

#[derive(Default)]
struct Lists {
    starts: Vec<u32>,
    rows: Vec<u32>,
    types: Vec<u16>,
    regions: Vec<u16>,
    zones: Vec<u16>,
    prices: Vec<i64>,
}

impl Lists {
    fn push(&mut self, columns: &Columns, key: u128) {
        let row = key as u32;
        self.rows.push(row);
        self.types.push((key >> 32) as u16);
        self.regions.push(columns.row_region[row as usize]);
        self.zones.push((key >> 48) as u16);
        self.prices.push((key >> 80) as i64);
    }

    fn finish(self) -> UnitList {
        UnitList {
            starts: self.starts.into(),
            rows: self.rows.into(),
            types: self.types.into(),
            regions: self.regions.into(),
            zones: self.zones.into(),
            prices: self.prices.into(),
        }
    }
}
