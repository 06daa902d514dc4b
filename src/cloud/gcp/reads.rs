//! Questions that change nothing.
//!
//! **Invariant:** an empty answer of [`find`] means that nothing is there and nothing is being made: a listing that
//! lags, or a create that is still under way, is not taken for one.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::{Identity, LeaseKey, Node, NodeState, ProviderError, Quota, tag};
use super::api::{Api, path, says, together};
use super::wire::{Aggregated, Instance, Instances, MachineTypes, Operation, Operations, Project, Region, last_part};
use super::{body, operation};
use crate::model::CapacityType;

/// Who the token speaks for.
pub(super) async fn identity(api: &Api) -> Result<Identity, ProviderError> {
    let project: Project = api.get("", &[]).await?;
    let name = if project.name.is_empty() { api.project.clone() } else { project.name };
    Ok(Identity { name: format!("project {name}"), source: api.tokens.told.clone() })
}

/// Names of a region's zones.
pub(super) async fn zones(api: &Api, region: &str) -> Result<Vec<String>, ProviderError> {
    let region: Region = api.get(&path(&["regions", region]), &[]).await?;
    Ok(region.zones.iter().map(|zone| last_part(zone).to_owned()).collect())
}

/// The machines of a launch in a region.
pub(super) async fn find(api: &Arc<Api>, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
    let listed = labelled(api, region, key).await?;
    if !listed.is_empty() {
        return Ok(listed);
    }
    let zones = zones(api, region).await?;
    if finish_creates(api, key, &zones).await? {
        return labelled(api, region, key).await;
    }
    // By name a machine is seen at once, in a listing perhaps only later.
    let calls = zones.into_iter().map(|zone| by_name(Arc::clone(api), zone, body::name(key, 0))).collect();
    let mut nodes = Vec::new();
    for answer in together(calls).await {
        nodes.extend(answer?);
    }
    Ok(nodes)
}

async fn by_name(api: Arc<Api>, zone: String, name: String) -> Result<Option<Node>, ProviderError> {
    match api.get::<Instance>(&path(&["zones", &zone, "instances", &name]), &[]).await {
        Ok(instance) => Ok(Some(node(instance)).filter(|node| node.state != NodeState::Terminated)),
        Err(error) if says(&error, "notFound") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits for creates of this launch that are still under way; true if there were any.
async fn finish_creates(api: &Api, key: &LeaseKey, zones: &[String]) -> Result<bool, ProviderError> {
    let ids: Vec<String> = zones.iter().map(|zone| body::request_id(key, zone)).collect();
    let under_way: Vec<(String, Operations)> = aggregated(api, "operations", "status != \"DONE\"").await?;
    let operations = under_way.into_iter().flat_map(|(_, scope)| scope.operations);
    let ours = |op: &Operation| op.client_operation_id.as_ref().is_some_and(|id| ids.contains(id));
    let mut any = false;
    for created in operations.filter(ours) {
        any = true;
        // What became of it is seen by looking at the machines.
        match operation::finish(api, created).await {
            Ok(()) | Err(ProviderError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(any)
}

/// The machines that a listing shows of a launch in a region, by rank.
pub(super) async fn labelled(api: &Api, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
    let mut nodes = with_label(api, tag::LEASE, &key.0).await?;
    nodes.retain(|node| node.region == region);
    nodes.sort_by_key(|node| node.rank);
    Ok(nodes)
}

/// Every machine of an owner in some regions.
pub(super) async fn list(api: &Api, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
    let mut nodes = with_label(api, tag::OWNER, owner).await?;
    nodes.retain(|node| regions.contains(&node.region));
    Ok(nodes)
}

async fn with_label(api: &Api, label: &str, value: &str) -> Result<Vec<Node>, ProviderError> {
    let scopes: Vec<(String, Instances)> = aggregated(api, "instances", &format!("labels.{label}=\"{value}\"")).await?;
    let nodes = scopes.into_iter().flat_map(|(_, scope)| scope.instances).map(node);
    Ok(nodes.filter(|node| node.state != NodeState::Terminated).collect())
}

/// All pages of a list over all zones.
async fn aggregated<T: DeserializeOwned + Default>(
    api: &Api,
    collection: &str,
    filter: &str,
) -> Result<Vec<(String, T)>, ProviderError>
where
    Aggregated<T>: for<'de> Deserialize<'de>,
{
    let home = path(&["aggregated", collection]);
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let mut query = vec![("filter", filter)];
        query.extend(token.as_deref().map(|token| ("pageToken", token)));
        let page: Aggregated<T> = api.get(&home, &query).await?;
        all.extend(page.items);
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// A machine in our words.
pub(super) fn node(instance: Instance) -> Node {
    let label = |name: &str| instance.labels.get(name).cloned();
    let zone = last_part(&instance.zone).to_owned();
    let spot = instance.scheduling.provisioning_model.as_deref() == Some("SPOT");
    let interface = instance.network_interfaces.first();
    Node {
        region: region_of(&zone).to_owned(),
        key: LeaseKey(label(tag::LEASE).unwrap_or_default()),
        cluster: label(tag::CLUSTER).unwrap_or_default(),
        // A gang is made by one body, so its labels are the same and only the names differ.
        rank: label(tag::RANK).and_then(|r| r.parse().ok()).or_else(|| body::rank_of(&instance.name)).unwrap_or(0),
        state: state(&instance.status),
        instance_type: last_part(&instance.machine_type).to_owned(),
        capacity: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        public_ip: interface.and_then(|nic| nic.access_configs.iter().find_map(|access| access.nat_ip.clone())),
        private_ip: interface.and_then(|nic| nic.network_ip.clone()),
        zone: Some(zone),
        id: instance.name,
    }
}

/// `us-central1` of `us-central1-a`.
pub(super) fn region_of(zone: &str) -> &str {
    zone.rsplit_once('-').map_or(zone, |(region, _)| region)
}

fn state(status: &str) -> NodeState {
    match status {
        "RUNNING" => NodeState::Running,
        "STOPPING" | "SUSPENDING" | "PENDING_STOP" => NodeState::Stopping,
        // Google's word for a stopped machine that still has its disk.
        "TERMINATED" | "STOPPED" | "SUSPENDED" => NodeState::Stopped,
        "DEPROVISIONING" => NodeState::Terminated,
        _ => NodeState::Pending,
    }
}

/// Limits of the region, and those that hold for all regions together.
pub(super) async fn quotas(api: &Api, region: &str) -> Result<Vec<Quota>, ProviderError> {
    let regional: Region = api.get(&path(&["regions", region]), &[]).await?;
    let project: Project = api.get("", &[]).await?;
    let limits = regional.quotas.into_iter().chain(project.quotas);
    let quota = |limit: super::wire::Bound| Quota {
        counts: counts(&limit.metric, limit.limit),
        name: limit.metric,
        limit: limit.limit,
        usage: limit.usage,
    };
    Ok(limits.map(quota).collect())
}

/// What a metric limits. Spot machines count against the usual metric as long as none of their own was granted, so a
/// limit of their own that is zero says nothing.
fn counts(metric: &str, limit: f64) -> Option<(String, CapacityType)> {
    match metric.strip_prefix("PREEMPTIBLE_") {
        Some(family) => (limit > 0.0).then(|| (family.to_owned(), CapacityType::Spot)),
        None => Some((metric.to_owned(), CapacityType::OnDemand)),
    }
}

/// Zones of the region that have the machine type.
pub(super) async fn offered_zones(api: &Api, region: &str, instance_type: &str) -> Result<Vec<String>, ProviderError> {
    let scopes: Vec<(String, MachineTypes)> =
        aggregated(api, "machineTypes", &format!("name=\"{instance_type}\"")).await?;
    let selling = scopes.into_iter().filter(|(_, scope)| scope.machine_types.iter().any(|t| t.name == instance_type));
    let zones = selling.map(|(scope, _)| last_part(&scope).to_owned());
    Ok(zones.filter(|zone| region_of(zone) == region).collect())
}
