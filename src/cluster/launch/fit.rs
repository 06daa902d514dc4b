//! Does a cluster that is there meet what is asked for?

use crate::catalog::Catalog;
use crate::cluster::error::ClusterError;
use crate::cluster::store::{Cluster, Held};
use crate::model::{CapacityType, Place, Requirement, TypeId};
use crate::request::Request;

/// What is wrong with reusing the cluster, with both sides named; `None` if it meets the request.
pub fn mismatch(catalog: &Catalog, cluster: &Cluster, request: &Request) -> Option<ClusterError> {
    let held = cluster.held.as_ref()?;
    let enough = request.nodes <= cluster.nodes;
    if enough && request.requirements.iter().any(|wanted| meets(catalog, held, wanted)) {
        return None;
    }
    let asked: Vec<&str> = request.requirements.iter().map(|wanted| wanted.label.as_str()).collect();
    Some(ClusterError::usage(
        format!(
            "cluster '{}' does not fit the request\n    it has:    {}x {}\n    asked for: {}x {}",
            cluster.name,
            cluster.nodes,
            describe(held),
            request.nodes,
            asked.join(" or "),
        ),
        format!("launch under another name, or give this one back first: sky down {}", cluster.name),
    ))
}

/// `p3.2xlarge (V100:1) on aws us-east-2 (us-east-2a)`
pub(in crate::cluster) fn describe(held: &Held) -> String {
    let with = held.accelerators.as_ref().map_or_else(String::new, |accelerators| format!(" ({accelerators})"));
    let spot = if held.capacity == CapacityType::Spot { "[Spot]" } else { "" };
    let zone = held.zone.as_ref().map_or_else(String::new, |zone| format!(" ({zone})"));
    format!("{}{spot}{with} on {} {}{zone}", held.instance_type, held.cloud, held.region)
}

fn meets(catalog: &Catalog, held: &Held, wanted: &Requirement) -> bool {
    let Some(kind) = kind_of(catalog, held) else { return false };
    let devices = catalog.type_accelerator(kind);
    let enough = |wanted: &crate::model::AcceleratorCount| {
        devices.is_some_and(|has| has.accelerator == wanted.accelerator && has.count_milli >= wanted.count_milli)
    };
    let here = |place: &Place| covers(catalog, place, held);
    (wanted.accelerators.is_empty() || wanted.accelerators.iter().any(enough))
        && (wanted.instance_types.is_empty() || wanted.instance_types.contains(&kind))
        && (wanted.places.is_empty() || wanted.places.iter().any(here))
        && wanted.cpus.is_none_or(|bound| at_least(catalog.type_vcpus_milli(kind), bound))
        && wanted.memory.is_none_or(|bound| at_least(catalog.type_memory_mib(kind), bound))
        && (held.capacity == wanted.capacity || held.capacity == CapacityType::OnDemand)
}

/// A machine that has more than was asked for does as well.
fn at_least(has: u32, bound: crate::model::Bound) -> bool {
    u64::from(has) >= bound.amount
}

fn covers(catalog: &Catalog, place: &Place, held: &Held) -> bool {
    place.cloud.is_none_or(|cloud| catalog.cloud_name(cloud) == held.cloud)
        && place.region.is_none_or(|region| catalog.region_name(region) == held.region)
        && place.zone.is_none_or(|zone| held.zone.as_deref() == Some(catalog.zone_name(zone)))
}

/// The type of what is held, with its accelerators: on GCP several share a name.
fn kind_of(catalog: &Catalog, held: &Held) -> Option<TypeId> {
    let cloud = catalog.find_cloud(&held.cloud)?;
    catalog
        .find_types(Some(cloud), &held.instance_type)
        .find(|kind| super::journal::accelerators(catalog, *kind) == held.accelerators)
}
