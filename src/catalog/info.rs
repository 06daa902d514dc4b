//! What a catalog holds and how old it is.
//!
//! **Invariant:** no clock: whoever asks for an age says what day it is.

use jiff::civil::Date;

use super::compile::extras::SIDE_TABLES;
use super::{Catalog, Source};
use crate::model::{CapacityType, CloudId};

/// What a catalog holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogInfo<'a> {
    /// SHA-256 of the source files, hexadecimal.
    pub hash: &'a str,
    /// One entry a cloud, in order.
    pub clouds: Vec<CloudInfo>,
    /// Accelerator models.
    pub accelerators: u32,
    /// The side tables.
    pub side_tables: Vec<SideTableInfo>,
    /// Where the data comes from.
    pub sources: Vec<Source<'a>>,
}

/// What a catalog holds of one cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloudInfo {
    /// The cloud.
    pub cloud: CloudId,
    /// Data rows in its table.
    pub rows_read: u32,
    /// Rows after accelerators were put together with machines.
    pub rows: u32,
    /// Of these, how many have an on-demand price.
    pub rows_on_demand: u32,
    /// Of these, how many have a spot price.
    pub rows_spot: u32,
    /// Instance types, each accelerator attached to one counting again.
    pub types: u32,
    /// Regions.
    pub regions: u32,
    /// Zones.
    pub zones: u32,
}

/// What a catalog holds of a side table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideTableInfo {
    /// Its name, without the ending.
    pub name: &'static str,
    /// Data rows in the file.
    pub rows_read: u32,
    /// Rows about a region or an instance type that no price table has.
    pub rows_left_out: u32,
}

impl Catalog {
    /// What this catalog holds.
    pub fn info(&self) -> CatalogInfo<'_> {
        let side = |(name, counts): (&&'static str, &[u32; 2])| {
            let [rows_read, rows_left_out] = *counts;
            SideTableInfo { name, rows_read, rows_left_out }
        };
        CatalogInfo {
            hash: self.hash(),
            clouds: self.clouds().map(|cloud| self.cloud_info(cloud)).collect(),
            accelerators: self.accelerators().len() as u32,
            side_tables: SIDE_TABLES.iter().zip(self.columns.side_rows.as_chunks().0).map(side).collect(),
            sources: self.sources(),
        }
    }

    fn cloud_info(&self, cloud: CloudId) -> CloudInfo {
        let types = self.cloud_types(cloud);
        let rows = self.columns.type_rows[types.start]..self.columns.type_rows[types.end];
        let priced = |capacity| rows.clone().filter(|row| self.price(*row, capacity).is_some()).count() as u32;
        CloudInfo {
            cloud,
            rows_read: self.columns.rows_read[cloud.index()],
            rows: rows.len() as u32,
            rows_on_demand: priced(CapacityType::OnDemand),
            rows_spot: priced(CapacityType::Spot),
            types: types.len() as u32,
            regions: self.regions_of(cloud).len() as u32,
            zones: self.regions_of(cloud).map(|region| self.zones_of(region).len() as u32).sum(),
        }
    }
}

impl Source<'_> {
    /// How many days old the data is on a day; `None` if its date is not one, negative if it lies ahead.
    pub fn age_days(&self, today: Date) -> Option<i64> {
        let date: Date = self.date.parse().ok()?;
        Some(today.since(date).ok()?.get_days() as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_catalog_is_the_shipped_tables() {
        let info = Catalog::embedded().info();
        let read: Vec<_> = info.clouds.iter().map(|c| (c.rows_read, c.regions, c.zones)).collect();
        assert_eq!(read, [(42_157, 30, 94), (56_671, 58, 0), (29_608, 44, 132)]);
        assert_eq!(info.hash.len(), 64);
        let side: Vec<_> = info.side_tables.iter().map(|t| (t.rows_read, t.rows_left_out)).collect();
        assert_eq!(side, [(5_492, 252), (14_962, 677), (7, 0)]);
    }

    #[test]
    fn every_source_has_a_date() {
        let today = Date::constant(2026, 11, 23);
        for source in Catalog::embedded().sources() {
            let age = source.age_days(today);
            assert!(age.is_some_and(|days| days > 0 && days < 3000), "{source:?} is {age:?} days old");
        }
    }
}
