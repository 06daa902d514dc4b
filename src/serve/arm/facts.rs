//! What a subscription is, may have and can buy: subscriptions, locations, providers, usages, SKUs, images.
//!
//! **Invariant:** limits are the market's; what is sold is the catalog's.

use serde_json::{Value, json};

use super::call::Call;
use super::groups::listed;
use super::reply::{Reply, denied};
use super::store::location;
use super::{Arm, Done, no_location};
use crate::catalog::Catalog;
use crate::model::{CapacityType, RegionId, TypeId};

/// Platform images whose versions can be listed: publisher, offer, SKU.
const IMAGES: [(&str, &str, &str); 6] = [
    ("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts"),
    ("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2"),
    ("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-arm64"),
    ("canonical", "ubuntu-24_04-lts", "server"),
    ("microsoft-dsvm", "ubuntu-hpc", "2204"),
    ("microsoft-dsvm", "ubuntu-2004", "2004"),
];
const IMAGE_VERSION: &str = "22.04.202501010";

impl Arm {
    pub(super) fn locations(&self, subscription: &str) -> Reply {
        let each = regions(self.site.catalog()).map(|(_, name)| {
            json!({"id": format!("/subscriptions/{subscription}/locations/{name}"), "name": name, "displayName": name, "type": "Region"})
        });
        listed(&each.collect::<Vec<Value>>())
    }

    /// `.../locations/L/usages`
    pub(super) fn usages(&self, call: &Call) -> Done {
        let region = location(&json!(call.part(5)));
        if !regions(self.site.catalog()).any(|(_, name)| name == region) {
            return Err(no_location(&self.site, &region, "locations/usages"));
        }
        let each = self.site.limits("azure", &region).into_iter().map(|limit| {
            json!({"unit": "Count", "currentValue": limit.usage.round() as i64, "limit": limit.limit.round() as i64,
                   "name": {"value": limit.name, "localizedValue": limit.name}})
        });
        Ok(listed(&each.collect::<Vec<Value>>()))
    }

    /// `.../Microsoft.Compute/skus`
    pub(super) fn skus(&self, call: &Call) -> Reply {
        let filter = call.parameter("$filter").unwrap_or_default();
        let wanted = filter.split_once(" eq ").map(|(_, value)| location(&json!(value.trim_matches('\''))));
        let catalog = self.site.catalog();
        let Some(cloud) = catalog.find_cloud("azure") else { return listed(&[]) };
        let mut all = Vec::new();
        for (region, name) in regions(catalog).filter(|(_, name)| wanted.as_ref().is_none_or(|wanted| wanted == name)) {
            for kind in catalog.types().filter(|kind| catalog.type_cloud(*kind) == cloud) {
                all.extend(sku(catalog, kind, region, name));
            }
        }
        listed(&all)
    }
}

/// A subscription is whatever is asked for by its id.
pub(super) fn subscription(id: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": crate::serve::login::AZURE_TENANT,
        "displayName": "sky-sim", "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
        "authorizationSource": "RoleBased",
    })
}

/// Providers are registered with every subscription.
pub(super) fn provider(call: &Call) -> Reply {
    let namespace = call.part(3);
    Reply::new(
        200,
        json!({"id": call.id(), "namespace": namespace, "registrationState": "Registered", "resourceTypes": []}),
    )
}

/// `.../locations/L/publishers/P/artifacttypes/vmimage/offers/O/skus/S/versions[/V]`
pub(super) fn image(call: &Call) -> Done {
    let path = call.path();
    let named = (path[7].as_str(), path[11].as_str(), path[13].as_str());
    if !IMAGES.contains(&named) {
        let words = format!("Artifact: VMImage was not found: {}:{}:{}.", call.part(7), call.part(11), call.part(13));
        return Err(denied(404, "NotFound", &words));
    }
    let id = call.id();
    let body = |id: String| json!({"location": location(&json!(call.part(5))), "name": IMAGE_VERSION, "id": id});
    match path.get(15).map(String::as_str) {
        None => Ok(Reply::new(200, json!([body(format!("{id}/{IMAGE_VERSION}"))]))),
        Some(version) if version == IMAGE_VERSION || version == "latest" => {
            let mut image = body(id);
            image["properties"] = json!({"osDiskImage": {"operatingSystem": "Linux"}, "hyperVGeneration": "V2"});
            Ok(Reply::new(200, image))
        }
        Some(version) => Err(denied(404, "NotFound", &format!("Artifact: VMImage was not found: version {version}."))),
    }
}

/// The cloud's regions with their names.
pub(super) fn regions(catalog: &Catalog) -> impl Iterator<Item = (RegionId, &str)> {
    let cloud = catalog.find_cloud("azure");
    cloud.into_iter().flat_map(|cloud| catalog.regions_of(cloud)).map(|region| (region, catalog.region_name(region)))
}

/// A type as a region sells it; `None` where it does not. Where no price is known on any terms it is closed to the
/// subscription.
fn sku(catalog: &Catalog, kind: TypeId, region: RegionId, place: &str) -> Option<Value> {
    let rows: Vec<u32> = catalog.rows_of(kind).filter(|row| catalog.row_region(*row) == region).collect();
    if rows.is_empty() {
        return None;
    }
    let zones: Vec<&str> =
        rows.iter().filter_map(|row| catalog.row_zone(*row)).map(|zone| catalog.zone_name(zone)).collect();
    let sold = |row: &u32, terms| catalog.price(*row, terms).is_some();
    let open = rows.iter().any(|row| sold(row, CapacityType::OnDemand) || sold(row, CapacityType::Spot));
    let spot = rows.iter().any(|row| sold(row, CapacityType::Spot));
    let name = catalog.type_name(kind);
    let capability = |name: &str, value: String| json!({"name": name, "value": value});
    let mut capabilities = vec![
        capability("vCPUs", (catalog.type_vcpus_milli(kind) / 1000).to_string()),
        capability("MemoryGB", format!("{}", f64::from(catalog.type_memory_mib(kind)) / 1024.0)),
        capability("LowPriorityCapable", if spot { "True" } else { "False" }.to_owned()),
    ];
    if let Some(devices) = catalog.type_accelerator(kind) {
        capabilities.push(capability("GPUs", (devices.count_milli / 1000).to_string()));
    }
    let closed = json!({"type": "Location", "values": [place], "restrictionInfo": {"locations": [place]},
                        "reasonCode": "NotAvailableForSubscription"});
    Some(json!({
        "resourceType": "virtualMachines", "name": name, "tier": "Standard",
        "size": name.strip_prefix("Standard_").unwrap_or(name), "family": catalog.family_name(catalog.type_family(kind)),
        "locations": [place], "locationInfo": [{"location": place, "zones": zones, "zoneDetails": []}],
        "capabilities": capabilities, "restrictions": if open { json!([]) } else { json!([closed]) },
    }))
}
