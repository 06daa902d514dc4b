//! A catalog of another day: some offerings taken away, some added.

use super::compile::edit::{RawLine, with_rows};
use super::compile::{NO_PRICE, NONE};
use super::{Catalog, Row};

impl Catalog {
    /// The same catalog without the rows that `keep` turns down and with the added ones. Names and ids stay as they
    /// are; of two rows for one type and place one is kept.
    #[must_use]
    pub fn edited(&self, mut keep: impl FnMut(&Row) -> bool, added: &[Row]) -> Self {
        let kept = (0..self.row_count()).map(|row| self.row(row)).filter(|row| keep(row));
        let rows: Vec<RawLine> = kept.chain(added.iter().copied()).map(raw).collect();
        Self { columns: with_rows(&self.columns, rows) }
    }
}

fn raw(row: Row) -> RawLine {
    (
        row.instance_type.0,
        row.region.0,
        row.zone.map_or(NONE, |zone| zone.0),
        row.price.map_or(NO_PRICE, |price| price.0),
        row.spot_price.map_or(NO_PRICE, |price| price.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CapacityType;

    #[test]
    fn an_edit_that_changes_nothing_gives_the_same_catalog() {
        let catalog = Catalog::embedded();
        assert_eq!(&catalog.edited(|_| true, &[]), catalog);
    }

    #[test]
    fn rows_go_and_come() {
        let catalog = Catalog::embedded();
        let kind = catalog.find_types(None, "p3.16xlarge").next().unwrap();
        let zone = catalog.find_zone(None, "us-east-2c").unwrap();
        let region = catalog.zone_region(zone);
        assert_eq!(catalog.find_row(kind, region, Some(zone)), None, "the catalog has it already");
        let like = catalog.rows_of(kind).map(|row| catalog.row(row)).find(|row| row.region == region).unwrap();
        let edited = catalog.edited(|row| row.region == region, &[Row { zone: Some(zone), ..like }]);
        assert!(edited.find_row(kind, region, Some(zone)).is_some());
        assert!(edited.rows_of(kind).all(|row| edited.row_region(row) == region));
        let bucket = edited.type_bucket(kind);
        let units = edited.units(bucket, CapacityType::OnDemand, super::super::Grain::Wide);
        let zones = units
            .iter()
            .map(|unit| edited.unit_offering(*unit, CapacityType::OnDemand, super::super::Grain::Wide).1.len());
        assert_eq!(zones.max(), Some(3));
    }
}
