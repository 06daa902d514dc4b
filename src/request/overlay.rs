//! A file of what is really paid, laid over the list prices of a catalog.
//!
//! **Invariant:** names, ids and what is offered stay as they are; of several entries that cover an offering the last wins.
//!
//! ```yaml
//! aws: 0.85                    # pay 85 % of the list price
//! gcp: -10%                    # 10 % off
//! aws/us-east-1/p3.2xlarge: -40%
//! gcp/us-central1/V100: 70%
//! ```

use crate::catalog::{Catalog, Row};
use crate::model::Money;
use crate::yaml::{self, Node, Problem, Reader, Source};

use super::named::Named;

/// Factors are at most this, so that a price stays a price.
const MOST: f64 = 10.0;

/// The catalog with the prices that are paid.
///
/// # Errors
/// Every entry that names no offering or gives no share of a price.
pub fn overlaid(source: &Source, catalog: &Catalog) -> Result<Catalog, Vec<Problem>> {
    let documents = yaml::parse(source)?;
    let reader = Reader::new(*source);
    let mut entries: Vec<(Named, f64)> = Vec::new();
    for document in documents.iter().filter(|document| !document.root.is_null()) {
        let Some(fields) = reader.fields(&document.root, "the price overlay") else { continue };
        for entry in &fields.map().entries {
            let factor = factor(&reader, &entry.value);
            match Named::read(&entry.key, catalog) {
                Ok(named) => entries.extend(factor.map(|factor| (named, factor))),
                Err(error) => reader.error_hint(entry.key_spot, error.message, error.hint),
            }
        }
    }
    let (problems, _) = reader.finish();
    if problems.is_empty() { Ok(paid(catalog, &entries)) } else { Err(problems) }
}

fn paid(catalog: &Catalog, entries: &[(Named, f64)]) -> Catalog {
    let mut changed: Vec<Row> = Vec::new();
    let mut touched = vec![false; catalog.row_count() as usize];
    for row in 0..catalog.row_count() {
        let last = entries.iter().rev().find(|(named, _)| named.covers_row(catalog, row));
        let Some((_, factor)) = last else { continue };
        let times = |price: Option<Money>| price.map(|price| Money((price.0 as f64 * factor).round() as i64));
        let listed = catalog.row(row);
        changed.push(Row { price: times(listed.price), spot_price: times(listed.spot_price), ..listed });
        touched[row as usize] = true;
    }
    let mut row = 0;
    let untouched = |_: &Row| {
        row += 1;
        !touched[row - 1]
    };
    catalog.edited(untouched, &changed)
}

/// `0.85` and `85%` are shares of the list price, `-15%` and `+5%` are changes of it.
fn factor(reader: &Reader, node: &Node) -> Option<f64> {
    let text = node.as_str().unwrap_or_default().trim();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let factor = match text.strip_suffix('%') {
        Some(percent) if percent.starts_with(['-', '+']) => number(percent).map(|change| 1.0 + change / 100.0),
        Some(percent) => number(percent).map(|share| share / 100.0),
        None => number(text),
    };
    let factor = factor.filter(|factor| (0.0..=MOST).contains(factor));
    if factor.is_none() {
        let message = format!("a price is a share of the list price between 0 and 10, not {}", node.describe());
        reader.error_hint(node.spot, message, "write for example 0.85 or -15%".to_owned());
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CapacityType::{OnDemand, Spot};

    fn read(text: &str) -> Result<Catalog, Vec<Problem>> {
        overlaid(&Source { name: "prices.yaml", text }, Catalog::embedded())
    }

    #[test]
    fn the_last_entry_that_covers_an_offering_wins() {
        let list = Catalog::embedded();
        let paid = read("aws: 0.5\naws/us-east-1: +10%\n'*/p3.2xlarge': -20%\n").expect("an overlay");
        assert_eq!(paid.row_count(), list.row_count());
        let p3: Vec<_> = list.find_types(None, "p3.2xlarge").collect();
        for row in 0..list.row_count() {
            let (region, kind) = (list.row_region(row), list.row_type(row));
            let factor = match list.cloud_name(list.region_cloud(region)) {
                _ if p3.contains(&kind) => 0.8,
                "aws" if list.region_name(region) == "us-east-1" => 1.1,
                "aws" => 0.5,
                _ => 1.0,
            };
            let same = paid.find_row(kind, region, list.row_zone(row)).expect("still offered");
            for capacity in [OnDemand, Spot] {
                let expected = list.price(row, capacity).map(|price| (price.0 as f64 * factor).round() as i64);
                assert_eq!(paid.price(same, capacity).map(|price| price.0), expected);
            }
        }
    }

    #[test]
    fn wrong_entries_are_all_named() {
        let problems = read("awss: 0.5\ngcp: twelve\naws: -200%\n").expect_err("wrong");
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 2, 3], "{problems:?}");
        assert!(read("").is_ok_and(|same| &same == Catalog::embedded()));
        assert!(read("- aws\n").is_err());
    }
}
