//! A catalog of another day: what a scenario takes away from the catalog and adds to it.

use crate::catalog::{Catalog, Row};
use crate::model::{Offering, ZoneId};
use crate::yaml::{Fields, Map, Node, Reader};

use super::codes;
use super::selector::Selector;

/// Reads `catalog: {without: [...], add: [...]}` and gives the catalog that results; `None` if nothing changes.
pub(super) fn read(reader: &Reader, root: &Map, catalog: &Catalog) -> Option<Catalog> {
    let node = root.get("catalog").filter(|node| !node.is_null())?;
    let fields = reader.fields(node, "catalog")?;
    fields.only(&["without", "add"]);
    let without: Vec<Selector> = fields
        .list("without")
        .unwrap_or_default()
        .iter()
        .filter_map(|item| Selector::read(reader, catalog, reader.string(item, "a selector")?, item.spot))
        .collect();
    let added: Vec<Row> =
        fields.list("add").unwrap_or_default().iter().flat_map(|item| additions(reader, catalog, item)).collect();
    let mut hits = vec![false; without.len()];
    let edited = catalog.edited(
        |row| {
            let offering = offering(catalog, row);
            let hit = without.iter().position(|selector| selector.admits(catalog, &offering, row.zone));
            if let Some(hit) = hit {
                hits[hit] = true;
            }
            hit.is_none()
        },
        &added,
    );
    for (selector, _) in without.iter().zip(&hits).filter(|(_, hit)| !**hit) {
        let spot = fields.get("without").map(|node| node.spot).unwrap_or_default();
        reader.error_code(codes::BAD_OVERLAY, spot, format!("the catalog has nothing like '{}'", selector.text), None);
    }
    Some(edited)
}

/// `{instance_type: p3.16xlarge, zone: us-east-2c}`: a row like the type's others in that region, or like those of
/// the region named by `like`.
fn additions(reader: &Reader, catalog: &Catalog, item: &Node) -> Vec<Row> {
    let Some(fields) = reader.fields(item, "an addition") else { return Vec::new() };
    fields.only(&["instance_type", "accelerator", "zone", "like"]);
    let spot = item.spot;
    let unknown = |what: &str, name: &str, hint: Option<String>| {
        reader.error_code(codes::UNKNOWN_NAME, spot, format!("no {what} is called '{name}'"), hint);
    };
    let (Some(kind), Some(zone_name)) = (read_text(&fields, item, "instance_type"), read_text(&fields, item, "zone"))
    else {
        return Vec::new();
    };
    let Some(zone) = catalog.find_zone(None, zone_name) else {
        unknown("zone", zone_name, crate::yaml::did_you_mean(zone_name, catalog.fuzzy_zones(None, zone_name)));
        return Vec::new();
    };
    let region = catalog.zone_region(zone);
    let cloud = catalog.region_cloud(region);
    let like = match fields.string("like") {
        None => Some(region),
        Some(name) => {
            let found = catalog.find_region(Some(cloud), name);
            if found.is_none() {
                unknown("region", name, crate::yaml::did_you_mean(name, catalog.fuzzy_regions(Some(cloud), name)));
            }
            found
        }
    };
    let accelerator = fields.string("accelerator");
    let wanted = |kind| {
        let Some(name) = accelerator else { return true };
        catalog
            .type_accelerator(kind)
            .is_some_and(|of| catalog.accelerator_name(of.accelerator).eq_ignore_ascii_case(name))
    };
    let kinds: Vec<_> = catalog.find_types(Some(cloud), kind).filter(|kind| wanted(*kind)).collect();
    if kinds.is_empty() {
        unknown("instance type", kind, crate::yaml::did_you_mean(kind, catalog.fuzzy_types(Some(cloud), kind)));
        return Vec::new();
    }
    let Some(like) = like else { return Vec::new() };
    let model = |kind| catalog.rows_of(kind).map(|row| catalog.row(row)).find(|row| row.region == like);
    let rows: Vec<Row> =
        kinds.into_iter().filter_map(model).map(|row| Row { region, zone: Some(zone), ..row }).collect();
    if rows.is_empty() {
        let message = format!("{kind} has no price in {}", catalog.region_name(like));
        let hint = "name a region that has one with `like`".to_owned();
        reader.error_code(codes::BAD_OVERLAY, spot, message, hint);
    }
    rows
}

fn read_text<'n>(fields: &Fields<'_, '_, 'n>, item: &Node, key: &str) -> Option<&'n str> {
    fields.require(key, item.spot).and_then(|node| fields.reader().string(node, key))
}

/// A row as the offering that selectors speak of; without terms, so a selector that names some never matches a row.
fn offering(catalog: &Catalog, row: &Row) -> Offering {
    let info = catalog.type_info(row.instance_type);
    let zone: Option<ZoneId> = row.zone;
    Offering {
        cloud: info.cloud,
        capacity: crate::model::CapacityType::OnDemand,
        region: row.region,
        zone,
        instance_type: row.instance_type,
        family: info.family,
        accelerator: info.accelerator.map(|accelerator| accelerator.accelerator),
        attached: info.accelerator.filter(|_| info.attached),
        price_hourly: row.price.unwrap_or_default(),
    }
}
