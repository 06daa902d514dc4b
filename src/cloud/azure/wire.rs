//! What is read of Resource Manager's answers.
//!
//! **Invariant:** every field may be absent, as in Microsoft's own models; what is not needed is not named.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::error::{Denied, ErrorBody};

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    #[serde(default = "Vec::new")]
    pub(super) value: Vec<T>,
    #[serde(default, rename = "nextLink")]
    pub(super) next_link: Option<String>,
}

/// An asynchronous operation.
#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    pub(super) status: String,
    #[serde(default)]
    error: Option<ErrorBody>,
}

impl Operation {
    /// Why it failed.
    pub(super) fn denied(self) -> Denied {
        let mut errors = Vec::new();
        self.error.unwrap_or_default().flatten(&mut errors);
        if errors.is_empty() {
            errors.push((format!("Operation{}", self.status), "Azure gave no reason".to_owned()));
        }
        Denied { status: 200, errors, retry_after: None }
    }
}

/// Tags by name.
pub(super) type Tags = BTreeMap<String, String>;

/// A resource group, or any resource as the list of a group names it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resource {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) location: String,
    pub(super) tags: Tags,
}

/// A subscription.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Subscription {
    #[serde(rename = "subscriptionId")]
    pub(super) id: String,
    pub(super) display_name: String,
    pub(super) state: String,
}

/// A machine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Vm {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) location: String,
    pub(super) zones: Vec<String>,
    pub(super) tags: Tags,
    pub(super) properties: VmProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VmProperties {
    pub(super) provisioning_state: String,
    pub(super) priority: Option<String>,
    pub(super) hardware_profile: HardwareProfile,
    pub(super) network_profile: NetworkProfile,
    pub(super) instance_view: Option<InstanceView>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct HardwareProfile {
    pub(super) vm_size: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct NetworkProfile {
    pub(super) network_interfaces: Vec<Reference>,
}

/// A resource named by its id.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    pub(super) id: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct InstanceView {
    pub(super) statuses: Vec<Status>,
}

/// `PowerState/running`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Status {
    pub(super) code: String,
}

/// A network interface, its public address expanded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Interface {
    pub(super) properties: InterfaceProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct InterfaceProperties {
    pub(super) ip_configurations: Vec<IpConfiguration>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct IpConfiguration {
    pub(super) properties: IpConfigurationProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct IpConfigurationProperties {
    #[serde(rename = "privateIPAddress")]
    pub(super) private_ip: Option<String>,
    #[serde(rename = "publicIPAddress")]
    pub(super) public_ip: Option<PublicIp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct PublicIp {
    pub(super) properties: PublicIpProperties,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct PublicIpProperties {
    #[serde(rename = "ipAddress")]
    pub(super) address: Option<String>,
}

/// A limit of the subscription in a region.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage {
    pub(super) current_value: f64,
    pub(super) limit: f64,
    pub(super) name: UsageName,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct UsageName {
    pub(super) value: String,
}

/// What a region sells.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Sku {
    pub(super) name: String,
    pub(super) resource_type: String,
    pub(super) location_info: Vec<LocationInfo>,
    pub(super) restrictions: Vec<Restriction>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct LocationInfo {
    pub(super) location: String,
    pub(super) zones: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Restriction {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) restriction_info: RestrictionInfo,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RestrictionInfo {
    pub(super) zones: Vec<String>,
}
