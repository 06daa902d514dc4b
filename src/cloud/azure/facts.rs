//! What the subscription may have, and what a region sells to it.
//!
//! **Invariant:** asking changes nothing; a region's list is long, so it is read once by each adapter.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Azure;
use super::arm::version;
use super::error::ArmError;
use super::nodes::location;
use super::wire::{Sku, Usage};
use crate::cloud::{ProviderError, Quota};
use crate::model::CapacityType;

/// Types of a region and the zones that sell each; `None` where a type is sold without zones.
pub(super) type Sold = Arc<BTreeMap<String, Option<Vec<String>>>>;

impl Azure {
    pub(super) async fn usages(&self, region: &str) -> Result<Vec<Quota>, ProviderError> {
        let path = format!("/providers/Microsoft.Compute/locations/{region}/usages");
        let usages = self.arm.list::<Usage>(self.arm.below(&path, version::COMPUTE)).await?;
        let usages = usages.ok_or_else(|| {
            ProviderError::refused(
                "NoRegisteredProviderFound",
                format!("Azure has no limits for the region '{region}'"),
            )
        })?;
        let quota = |usage: Usage| Quota {
            // Spot machines count in one limit of all families, by another name.
            counts: usage.name.value.ends_with("Family").then(|| (usage.name.value.clone(), CapacityType::OnDemand)),
            name: usage.name.value,
            limit: usage.limit,
            usage: Some(usage.current_value),
        };
        Ok(usages.into_iter().map(quota).collect())
    }

    pub(super) async fn zones_of(&self, region: &str, instance_type: &str) -> Result<Option<Vec<String>>, ArmError> {
        let mut sold = self.sold.lock().await;
        let list = match sold.get(region) {
            Some(list) => Arc::clone(list),
            None => Arc::clone(sold.entry(region.to_owned()).or_insert(self.skus(region).await?)),
        };
        let found = list.iter().find(|(name, _)| name.eq_ignore_ascii_case(instance_type));
        // A type that is not in the list is sold nowhere in the region.
        Ok(found.map_or(Some(Vec::new()), |(_, zones)| zones.clone()))
    }

    async fn skus(&self, region: &str) -> Result<Sold, ArmError> {
        let path = format!("/providers/Microsoft.Compute/skus?$filter=location%20eq%20'{region}'");
        let skus = self.arm.list::<Sku>(self.arm.below(&path, version::SKUS)).await?.unwrap_or_default();
        let machines = skus.into_iter().filter(|sku| sku.resource_type.eq_ignore_ascii_case("virtualMachines"));
        Ok(Arc::new(machines.map(|sku| (sku.name.clone(), open_zones(&sku, region))).collect()))
    }
}

/// Zones of the region that sell it to us. Empty where the whole region is closed to us; `None` where it is sold without
/// a zone, also when every zone is closed: then the region may still have it.
pub(super) fn open_zones(sku: &Sku, region: &str) -> Option<Vec<String>> {
    if sku.restrictions.iter().any(|restriction| restriction.kind.eq_ignore_ascii_case("Location")) {
        return Some(Vec::new());
    }
    let here = sku.location_info.iter().find(|info| location(&info.location) == location(region))?;
    let closed = |zone: &String| sku.restrictions.iter().any(|one| one.restriction_info.zones.contains(zone));
    let mut zones: Vec<String> = here.zones.iter().filter(|zone| !closed(zone)).cloned().collect();
    zones.sort();
    (!zones.is_empty()).then_some(zones)
}
