//! The project, its regions and zones, and the types that are sold there.
//!
//! **Invariant:** what is sold where is the catalog's; limits are the site's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::answer::{Reply, Request, invalid, no_such_address, not_found};
use super::links::{link, number, project_link, region_of};
use super::page;
use super::state::Gce;
use crate::catalog::Catalog;
use crate::model::Timestamp;

/// The network that every project begins with, and has here alone.
pub(super) const NETWORK: &str = "default";

/// Google's accelerator types, the catalog's names of them, and the most of them in one machine.
const ACCELERATORS: &[(&str, &str, u32)] = &[
    ("nvidia-tesla-k80", "K80", 8),
    ("nvidia-tesla-p4", "P4", 4),
    ("nvidia-tesla-p100", "P100", 4),
    ("nvidia-tesla-t4", "T4", 4),
    ("nvidia-tesla-v100", "V100", 8),
    ("nvidia-l4", "L4", 8),
    ("nvidia-tesla-a100", "A100", 16),
    ("nvidia-a100-80gb", "A100-80GB", 8),
    ("nvidia-h100-80gb", "H100", 8),
    ("nvidia-h100-mega-80gb", "H100-MEGA", 8),
    ("nvidia-h200-141gb", "H200", 8),
    ("nvidia-b200", "B200", 8),
];

const DISKS: &[(&str, &str)] = &[
    ("pd-standard", "Standard Persistent Disk"),
    ("pd-balanced", "Balanced Persistent Disk"),
    ("pd-ssd", "SSD Persistent Disk"),
    ("pd-extreme", "Extreme Persistent Disk"),
    ("hyperdisk-balanced", "Hyperdisk Balanced"),
    ("hyperdisk-extreme", "Hyperdisk Extreme"),
];

/// What the catalog says of Google Cloud, by Google's names.
#[derive(Debug, Default)]
pub(super) struct Market {
    /// With their zones.
    pub regions: BTreeMap<String, BTreeSet<String>>,
    pub zones: BTreeMap<String, Shelf>,
    types: BTreeMap<String, Kind>,
}

/// What is sold in a zone.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub machine_types: BTreeSet<String>,
    pub accelerators: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
struct Kind {
    vcpus_milli: u32,
    memory_mib: u32,
    built_in: Option<(&'static str, u32)>,
}

impl Market {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let mut market = Self::default();
        let Some(cloud) = catalog.find_cloud("gcp") else { return market };
        for region in catalog.regions_of(cloud) {
            let zones = catalog.zones_of(region).map(|zone| catalog.zone_name(zone).to_owned());
            market.regions.insert(catalog.region_name(region).to_owned(), zones.collect());
        }
        for kind in catalog.types().filter(|kind| catalog.type_cloud(*kind) == cloud) {
            let name = catalog.type_name(kind);
            let devices = catalog.type_accelerator(kind);
            let google = devices.and_then(|count| google_name(catalog.accelerator_name(count.accelerator)));
            let attached = catalog.type_attached(kind).is_some();
            for zone in catalog.rows_of(kind).filter_map(|row| catalog.row_zone(row)) {
                let shelf = market.zones.entry(catalog.zone_name(zone).to_owned()).or_default();
                shelf.accelerators.extend(google);
                if !name.is_empty() && !name.starts_with("tpu-") {
                    shelf.machine_types.insert(name.to_owned());
                }
            }
            let built_in =
                google.zip(devices).filter(|_| !attached).map(|(name, count)| (name, count.count_milli / 1000));
            let info = catalog.type_info(kind);
            let known = market.types.entry(name.to_owned());
            let new = Kind { vcpus_milli: info.vcpus_milli, memory_mib: info.memory_mib, built_in };
            known.and_modify(|kind| kind.built_in = kind.built_in.or(built_in)).or_insert(new);
        }
        market
    }

    /// All zones, as a list over places has them.
    pub(super) fn scopes(&self) -> impl Iterator<Item = (String, &String)> {
        self.zones.keys().map(|zone| (format!("zones/{zone}"), zone))
    }
}

/// Google's accelerator type for the catalog's name.
pub(super) fn google_name(name: &str) -> Option<&'static str> {
    ACCELERATORS.iter().find(|(_, ours, _)| *ours == name).map(|(google, ..)| *google)
}

/// The catalog's name of an accelerator type.
pub(super) fn catalog_name(google: &str) -> Option<&'static str> {
    ACCELERATORS.iter().find(|(name, ..)| *name == google).map(|(_, ours, _)| *ours)
}

fn beginning(gce: &Gce) -> String {
    gce.site.clock().rfc3339(Timestamp::ZERO)
}

pub(super) fn project(gce: &Gce) -> Reply {
    let global = gce.market.regions.keys().next().map_or_else(Vec::new, |region| quotas(gce, region, true));
    Reply::ok(json!({
        "kind": "compute#project",
        "id": number(&gce.project),
        "creationTimestamp": beginning(gce),
        "name": gce.project,
        "commonInstanceMetadata": {"kind": "compute#metadata", "fingerprint": "42WmSpB8rSM="},
        "quotas": global,
        "selfLink": project_link(&gce.project),
        "defaultServiceAccount": format!("{}-compute@developer.gserviceaccount.com", number(&gce.project)),
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "defaultNetworkTier": "PREMIUM",
    }))
}

/// Limits of the region, or those of the whole project.
fn quotas(gce: &Gce, region: &str, global: bool) -> Vec<Value> {
    let limits = gce.site.limits("gcp", region).into_iter().filter(|limit| limit.region.is_none() == global);
    limits.map(|limit| json!({"metric": limit.name, "limit": limit.limit, "usage": limit.usage})).collect()
}

fn region_value(gce: &Gce, name: &str, zones: &BTreeSet<String>) -> Value {
    let below = format!("regions/{name}");
    json!({
        "kind": "compute#region",
        "id": number(&below),
        "creationTimestamp": beginning(gce),
        "name": name,
        "description": name,
        "status": "UP",
        "zones": zones.iter().map(|zone| link(&gce.project, &format!("zones/{zone}"))).collect::<Vec<_>>(),
        "quotas": quotas(gce, name, false),
        "selfLink": link(&gce.project, &below),
    })
}

pub(super) fn region(gce: &Gce, name: &str) -> Result<Reply, Reply> {
    let zones = gce.market.regions.get(name);
    let zones = zones.ok_or_else(|| not_found(&format!("projects/{}/regions/{name}", gce.project)))?;
    Ok(Reply::ok(region_value(gce, name, zones)))
}

pub(super) fn regions(gce: &Gce, request: &Request) -> Result<Reply, Reply> {
    let items = gce.market.regions.iter().map(|(name, zones)| region_value(gce, name, zones)).collect();
    page::list(request, "compute#regionList", items)
}

fn zone_value(gce: &Gce, name: &str) -> Value {
    let below = format!("zones/{name}");
    json!({
        "kind": "compute#zone",
        "id": number(&below),
        "creationTimestamp": beginning(gce),
        "name": name,
        "description": name,
        "status": "UP",
        "region": link(&gce.project, &format!("regions/{}", region_of(name))),
        "selfLink": link(&gce.project, &below),
    })
}

pub(super) fn zone(gce: &Gce, name: &str) -> Result<Reply, Reply> {
    let known = gce.market.zones.contains_key(name);
    let missing = || not_found(&format!("projects/{}/zones/{name}", gce.project));
    known.then(|| Reply::ok(zone_value(gce, name))).ok_or_else(missing)
}

pub(super) fn zones(gce: &Gce, request: &Request) -> Result<Reply, Reply> {
    let items = gce.market.zones.keys().map(|name| zone_value(gce, name)).collect();
    page::list(request, "compute#zoneList", items)
}

/// Types of a zone: all, or the one of this name.
pub(super) fn typed(gce: &Gce, request: &Request, zone: &str, of: &str, name: &[&str]) -> Result<Reply, Reply> {
    gce.known_zone(zone)?;
    let all = types_of(gce, zone, of);
    match name {
        [] => page::list(request, &format!("compute#{}List", of.trim_end_matches('s')), all),
        [name] => {
            let missing = || not_found(&format!("projects/{}/zones/{zone}/{of}/{name}", gce.project));
            all.into_iter().find(|value| value["name"] == *name).map(Reply::ok).ok_or_else(missing)
        }
        _ => Err(no_such_address(&request.parts.join("/"))),
    }
}

pub(super) fn typed_everywhere(gce: &Gce, request: &Request, of: &str) -> Result<Reply, Reply> {
    let kind = format!("compute#{}AggregatedList", of.trim_end_matches('s'));
    let places = gce.market.scopes().map(|(scope, zone)| (scope, types_of(gce, zone, of))).collect();
    page::everywhere(request, &kind, of, places)
}

fn types_of(gce: &Gce, zone: &str, of: &str) -> Vec<Value> {
    let Some(shelf) = gce.market.zones.get(zone) else { return Vec::new() };
    let common = |name: &str, description: &str| {
        let below = format!("zones/{zone}/{of}/{name}");
        json!({
            "kind": format!("compute#{}", of.trim_end_matches('s')),
            "id": number(&below),
            "creationTimestamp": beginning(gce),
            "name": name,
            "description": description,
            "selfLink": link(&gce.project, &below),
        })
    };
    let zone_link = link(&gce.project, &format!("zones/{zone}"));
    match of {
        "machineTypes" => {
            let known = shelf.machine_types.iter().filter_map(|name| Some((name, gce.market.types.get(name)?)));
            known.map(|(name, kind)| machine_type(common(name, ""), zone, kind)).collect()
        }
        "acceleratorTypes" => {
            let sold = ACCELERATORS.iter().filter(|(google, ..)| shelf.accelerators.contains(google));
            let with = |(google, ours, most): &(&str, &str, u32)| {
                let mut value = common(google, &format!("NVIDIA {ours}"));
                value["maximumCardsPerInstance"] = (*most).into();
                value["zone"] = zone_link.clone().into();
                value
            };
            sold.map(with).collect()
        }
        _ => {
            let with = |(name, description): &(&str, &str)| {
                let mut value = common(name, description);
                value["zone"] = zone_link.clone().into();
                value["validDiskSize"] = "10GB-65536GB".into();
                value["defaultDiskSizeGb"] = "100".into();
                value
            };
            DISKS.iter().map(with).collect()
        }
    }
}

fn machine_type(mut value: Value, zone: &str, kind: &Kind) -> Value {
    let (cpus, memory) = (kind.vcpus_milli.div_ceil(1000), kind.memory_mib);
    value["description"] = format!("{cpus} vCPUs, {} GB RAM", f64::from(memory) / 1024.0).into();
    value["zone"] = zone.into();
    value["guestCpus"] = cpus.into();
    value["memoryMb"] = memory.into();
    value["isSharedCpu"] = (!kind.vcpus_milli.is_multiple_of(1000)).into();
    value["maximumPersistentDisks"] = 128.into();
    value["maximumPersistentDisksSizeGb"] = "263168".into();
    if let Some((google, count)) = kind.built_in {
        value["accelerators"] = json!([{"guestAcceleratorType": google, "guestAcceleratorCount": count}]);
    }
    value
}

pub(super) fn networks(gce: &Gce, request: &Request, name: &[&str]) -> Result<Reply, Reply> {
    let below = format!("global/networks/{NETWORK}");
    let subnetworks = gce.market.regions.keys();
    let network = json!({
        "kind": "compute#network",
        "id": number(&below),
        "creationTimestamp": beginning(gce),
        "name": NETWORK,
        "description": "Default network for the project",
        "autoCreateSubnetworks": true,
        "mtu": 1460,
        "routingConfig": {"routingMode": "REGIONAL"},
        "subnetworks": subnetworks.map(|region| link(&gce.project, &subnetwork_path(region))).collect::<Vec<_>>(),
        "selfLink": link(&gce.project, &below),
    });
    one_of(gce, request, "compute#networkList", network, name)
}

fn subnetwork_path(region: &str) -> String {
    format!("regions/{region}/subnetworks/{NETWORK}")
}

pub(super) fn subnetworks(gce: &Gce, request: &Request, region: &str, name: &[&str]) -> Result<Reply, Reply> {
    let at = gce.market.regions.keys().position(|known| known == region);
    let at = at.ok_or_else(|| invalid("region", region, "Unknown region."))?;
    let below = subnetwork_path(region);
    let subnetwork = json!({
        "kind": "compute#subnetwork",
        "id": number(&below),
        "creationTimestamp": beginning(gce),
        "name": NETWORK,
        "network": link(&gce.project, &format!("global/networks/{NETWORK}")),
        "ipCidrRange": format!("10.{}.0.0/20", 128 + at % 64),
        "gatewayAddress": format!("10.{}.0.1", 128 + at % 64),
        "region": link(&gce.project, &format!("regions/{region}")),
        "privateIpGoogleAccess": false,
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "selfLink": link(&gce.project, &below),
    });
    one_of(gce, request, "compute#subnetworkList", subnetwork, name)
}

fn one_of(gce: &Gce, request: &Request, kind: &str, only: Value, name: &[&str]) -> Result<Reply, Reply> {
    match name {
        [] => page::list(request, kind, vec![only]),
        [name] if only["name"] == *name => Ok(Reply::ok(only)),
        [_] => Err(not_found(&format!("projects/{}/{}", gce.project, request.parts.join("/")))),
        _ => Err(no_such_address(&request.parts.join("/"))),
    }
}
