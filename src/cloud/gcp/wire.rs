//! The parts of Compute Engine's JSON that are sent and read.
//!
//! **Invariant:** what is read tolerates fields that are new and fields that are missing; 64-bit numbers are strings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Body of `instances.insert`.
#[derive(Debug, Serialize)]
pub(super) struct Insert {
    /// Of the machine, unique in its zone.
    pub name: String,
    #[serde(flatten)]
    pub machine: Properties,
}

/// Body of `instances.bulkInsert`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BulkInsert {
    pub count: String,
    pub min_count: String,
    /// From the machines' names to what sets them apart, which is nothing else.
    pub per_instance_properties: serde_json::Map<String, Value>,
    pub instance_properties: Properties,
}

/// What a machine is made of. Types are paths in an insert, bare names in a bulk insert.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Properties {
    pub machine_type: String,
    pub disks: Vec<Disk>,
    pub network_interfaces: Vec<NewInterface>,
    pub labels: BTreeMap<String, String>,
    pub tags: Tags,
    pub metadata: Metadata,
    pub scheduling: Scheduling,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guest_accelerators: Vec<Accelerator>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_accounts: Vec<ServiceAccount>,
}

/// Whom a machine speaks for.
#[derive(Debug, Serialize)]
pub(super) struct ServiceAccount {
    pub email: String,
    pub scopes: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Disk {
    pub boot: bool,
    pub auto_delete: bool,
    pub initialize_params: DiskParams,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DiskParams {
    pub source_image: String,
    pub disk_size_gb: String,
    pub disk_type: String,
    pub labels: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewInterface {
    pub network: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnetwork: Option<String>,
    pub access_configs: Vec<NewAccess>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewAccess {
    pub name: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Tags {
    pub items: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata {
    pub items: Vec<MetadataItem>,
}

#[derive(Debug, Serialize)]
pub(super) struct MetadataItem {
    pub key: &'static str,
    pub value: String,
}

/// On what terms a machine runs. Sent and read.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Scheduling {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioning_model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_termination_action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_host_maintenance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic_restart: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accelerator {
    pub accelerator_type: String,
    pub accelerator_count: u32,
}

/// Body of `firewalls.insert`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Firewall {
    pub name: String,
    pub description: &'static str,
    pub network: String,
    pub direction: &'static str,
    pub source_ranges: Vec<&'static str>,
    pub target_tags: Vec<String>,
    pub allowed: Vec<Allowed>,
}

#[derive(Debug, Serialize)]
pub(super) struct Allowed {
    #[serde(rename = "IPProtocol")]
    pub protocol: &'static str,
    pub ports: Vec<String>,
}

/// A machine as it is told of.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Instance {
    pub name: String,
    /// A URL.
    pub zone: String,
    /// A URL.
    pub machine_type: String,
    pub status: String,
    pub labels: BTreeMap<String, String>,
    pub scheduling: Scheduling,
    pub network_interfaces: Vec<Interface>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Interface {
    #[serde(rename = "networkIP")]
    pub network_ip: Option<String>,
    pub access_configs: Vec<Access>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Access {
    #[serde(rename = "natIP")]
    pub nat_ip: Option<String>,
}

/// A page of a list over all zones.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de> + Default"))]
pub(super) struct Aggregated<T> {
    /// By scope, `zones/us-central1-a`.
    #[serde(default)]
    pub items: BTreeMap<String, T>,
    pub next_page_token: Option<String>,
}

/// Machines of one zone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Instances {
    pub instances: Vec<Instance>,
}

/// Machine types of one zone.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MachineTypes {
    pub machine_types: Vec<Named>,
}

/// Operations of one zone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Operations {
    pub operations: Vec<Operation>,
}

/// Anything with a name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub name: String,
}

/// A region with its limits.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Region {
    /// URLs.
    pub zones: Vec<String>,
    pub quotas: Vec<Bound>,
}

/// A project with its limits.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Project {
    pub name: String,
    pub quotas: Vec<Bound>,
}

/// A limit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Bound {
    pub metric: String,
    pub limit: f64,
    pub usage: Option<f64>,
}

/// Work that Google does after it answered.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Operation {
    pub name: String,
    /// `PENDING`, `RUNNING` or `DONE`.
    pub status: String,
    /// A URL; absent for global work.
    pub zone: Option<String>,
    pub client_operation_id: Option<String>,
    pub error: Option<Errors>,
    pub http_error_status_code: Option<u16>,
    pub http_error_message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Errors {
    pub errors: Vec<CodedError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CodedError {
    pub code: String,
    pub message: String,
}

/// What comes with an HTTP status of 400 and above.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    pub error: EnvelopeError,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EnvelopeError {
    pub message: String,
    pub errors: Vec<ReasonedError>,
    pub status: Option<String>,
    pub details: Vec<Detail>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReasonedError {
    pub message: String,
    pub reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Detail {
    pub reason: Option<String>,
}

/// The last part of a URL or path.
pub(super) fn last_part(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}
