//! Giving back all that a launch made.
//!
//! **Invariant:** nothing of somebody else's is deleted: a group that holds a resource which is not named after its
//! launch is kept, and only what is ours in it goes.

use reqwest::Method;
use serde_json::json;

use super::Azure;
use super::arm::version;
use super::bodies::group_path;
use super::error::ArmError;
use super::together::together;
use super::wire::Resource;
use crate::cloud::{LeaseKey, tag};

/// What a group is emptied of, in this order: nothing goes while another holds it.
const ORDER: [(&str, &str); 6] = [
    ("Microsoft.Compute/virtualMachines", version::COMPUTE),
    ("Microsoft.Network/networkInterfaces", version::NETWORK),
    ("Microsoft.Compute/disks", version::DISKS),
    ("Microsoft.Network/publicIPAddresses", version::NETWORK),
    ("Microsoft.Network/networkSecurityGroups", version::NETWORK),
    ("Microsoft.Network/virtualNetworks", version::NETWORK),
];

impl Azure {
    /// Deletes the group of a launch call, or what is ours in it.
    pub(super) async fn release_group(&self, key: &LeaseKey) -> Result<(), ArmError> {
        let group = group_path(key);
        let list = self.arm.below(&format!("{group}/resources"), version::RESOURCES);
        let Some(resources) = self.arm.list::<Resource>(list).await? else { return Ok(()) };
        let (ours, foreign): (Vec<&Resource>, Vec<&Resource>) =
            resources.iter().partition(|resource| is_ours(resource, key));
        if foreign.is_empty() {
            // Machines at once, without a shutdown: nobody wants what is on them.
            let whole = format!("{group}?forceDeletionTypes=Microsoft.Compute/virtualMachines");
            return self.arm.delete(&whole, version::RESOURCES).await;
        }
        for (kind, version) in ORDER {
            let these = ours.iter().filter(|resource| resource.kind.eq_ignore_ascii_case(kind));
            let each = together(these.map(|resource| {
                let path = format!("{group}/providers/{kind}/{}", resource.name);
                async move { self.arm.delete(&path, version).await }
            }))
            .await;
            each.into_iter().collect::<Result<(), ArmError>>()?;
        }
        self.disown(key).await
    }

    /// Takes our tags from a group that is kept, so that nobody looks for machines of ours in it.
    async fn disown(&self, key: &LeaseKey) -> Result<(), ArmError> {
        let group = group_path(key);
        let Some(mut left) = self.arm.get::<Resource>(&group, version::RESOURCES).await? else { return Ok(()) };
        left.tags.retain(|name, _| ![tag::OWNER, tag::CLUSTER, tag::LEASE].contains(&name.as_str()));
        let url = self.arm.below(&group, version::RESOURCES);
        self.arm.patiently(&Method::PATCH, &url, Some(&json!({"tags": left.tags}))).await.map(|_| ())
    }
}

/// Everything that a launch names begins with its key.
fn is_ours(resource: &Resource, key: &LeaseKey) -> bool {
    resource.name.get(..key.0.len()).is_some_and(|start| start.eq_ignore_ascii_case(&key.0))
}
