//! An alternative in a few words, for tables and messages: `A100:8 on gcp/us-central1 [Spot]`.

use crate::catalog::Catalog;
use crate::model::{AcceleratorCount, CapacityType, Place, Requirement};

use super::super::accelerator::thousandths;
use super::super::alternatives::Alternative;
use super::super::amount;

/// The most places that are named.
const SHOWN: usize = 3;

/// `V100:8`.
pub(super) fn accelerator(catalog: &Catalog, count: AcceleratorCount) -> String {
    format!("{}:{}", catalog.accelerator_name(count.accelerator), thousandths(count.count_milli))
}

pub(super) fn of(catalog: &Catalog, alternative: &Alternative, requirement: &Requirement) -> String {
    let mut parts = Vec::new();
    match (requirement.accelerators.as_slice(), &alternative.accelerator) {
        ([only], _) => parts.push(accelerator(catalog, *only)),
        ([_, ..], Some(wanted)) => parts.push(wanted.value.to_string()),
        _ => {}
    }
    let mut names: Vec<&str> = requirement.instance_types.iter().map(|kind| catalog.type_name(*kind)).collect();
    names.dedup();
    if !names.is_empty() {
        parts.push(names.join(" or "));
    }
    parts.extend(requirement.cpus.map(|cpus| format!("{} vCPUs", amount::show(cpus, 1000))));
    parts.extend(requirement.memory.map(|memory| format!("{} GB", amount::show(memory, 1024))));
    let mut label = if parts.is_empty() { "any machine".to_owned() } else { parts.join(", ") };
    if requirement.capacity == CapacityType::Spot {
        label.push_str(" [Spot]");
    }
    match requirement.places.as_slice() {
        [] => label,
        few if few.len() <= SHOWN => {
            let names: Vec<String> = few.iter().map(|p| place(catalog, *p)).collect();
            format!("{label} on {}", names.join(" or "))
        }
        [first, rest @ ..] => format!("{label} on {} or {} more places", place(catalog, *first), rest.len()),
    }
}

/// `gcp/us-central1/us-central1-a`, as far as it is given.
fn place(catalog: &Catalog, place: Place) -> String {
    let cloud = place.cloud.map_or("*", |cloud| catalog.cloud_name(cloud));
    match (place.region, place.zone) {
        (None, _) => cloud.to_owned(),
        (Some(region), None) => format!("{cloud}/{}", catalog.region_name(region)),
        (Some(region), Some(zone)) => format!("{cloud}/{}/{}", catalog.region_name(region), catalog.zone_name(zone)),
    }
}
