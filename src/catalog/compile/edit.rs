//! The same catalog with some rows left out and some added, for markets of another day.
//!
//! **Invariant:** names and ids stay as they are, so that ids of the two catalogs compare.

use std::borrow::Cow;

use super::columns::Columns;
use super::units;

/// A row as the columns hold it: type, region, zone or `NONE`, on-demand and spot price or `NO_PRICE`.
#[allow(dead_code, reason = "the library edits, the build script does not")]
pub(crate) type RawLine = (u16, u16, u16, i64, i64);

/// The columns with these rows instead of theirs.
#[allow(dead_code, reason = "the library edits, the build script does not")]
pub(crate) fn with_rows(columns: &Columns, mut rows: Vec<RawLine>) -> Columns {
    rows.sort_unstable_by_key(|(kind, region, zone, price, _)| (*kind, *region, *price, *zone));
    rows.dedup_by_key(|(kind, region, zone, ..)| (*kind, *region, *zone));
    let mut edited = columns.clone();
    let kinds = columns.type_rows.len() - 1;
    let starts = (0..=kinds).map(|kind| rows.partition_point(|row| (row.0 as usize) < kind) as u32);
    edited.type_rows = starts.collect();
    edited.row_type = rows.iter().map(|row| row.0).collect();
    edited.row_region = rows.iter().map(|row| row.1).collect();
    edited.row_zone = rows.iter().map(|row| row.2).collect();
    edited.row_price = Cow::Owned(rows.iter().map(|row| row.3).collect());
    edited.row_spot = Cow::Owned(rows.iter().map(|row| row.4).collect());
    units::Index::of(&edited).store(&mut edited);
    edited
}
