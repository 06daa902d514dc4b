//! Cloud TPU by its REST interface v2: slices that one host drives.
//!
//! **Invariant:** a slice is named after its launch and its place in the gang, and that name is its idempotency: a
//! create that is made twice meets the first one's slice. Nothing here is asked of a project unless TPUs were ordered or
//! Compute Engine knows nothing of a launch.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::super::{LeaseKey, Node, NodeState, Order, ProviderError, Refusal, tag};
use super::api::{Api, PATIENCE, path, says, together};
use super::wire::last_part;
use super::{body, reads, tables};
use crate::model::CapacityType;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What the interface answers where it is switched off, or nobody may look: then nothing of ours can be there.
const CLOSED: &[&str] =
    &["SERVICE_DISABLED", "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", "accessNotConfigured", "forbidden"];

/// Body of `nodes.create`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewNode {
    accelerator_type: String,
    runtime_version: &'static str,
    network_config: NewNetwork,
    scheduling_config: Terms,
    labels: BTreeMap<String, String>,
    metadata: BTreeMap<&'static str, String>,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account: Option<Account>,
}

#[derive(Debug, Serialize)]
struct Account {
    email: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NewNetwork {
    network: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnetwork: Option<String>,
    enable_external_ips: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Terms {
    spot: bool,
}

/// A slice as it is told of.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Slice {
    /// `projects/P/locations/ZONE/nodes/NAME`
    name: String,
    state: String,
    labels: BTreeMap<String, String>,
    scheduling_config: Terms,
    network_endpoints: Vec<Endpoint>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Endpoint {
    ip_address: Option<String>,
    access_config: Access,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Access {
    external_ip: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Slices {
    nodes: Vec<Slice>,
    next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Operation {
    name: String,
    done: bool,
    error: Option<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    code: i32,
    message: String,
}

/// True if the order is for a TPU.
pub(super) fn is_wanted(order: &Order) -> bool {
    order.accelerator.as_ref().is_some_and(|(device, _)| device.starts_with("tpu-"))
}

pub(super) fn new_node(api: &Api, order: &Order) -> NewNode {
    let device = order.accelerator.as_ref().map_or("", |(device, _)| device);
    let slice = device.trim_start_matches("tpu-");
    let mut labels = body::labels(order);
    labels.remove(tag::RANK);
    let named = api.place.account.as_ref().filter(|account| *account != "default");
    NewNode {
        accelerator_type: slice.to_owned(),
        runtime_version: tables::tpu_runtime(slice),
        network_config: NewNetwork {
            network: api.place.network.clone(),
            subnetwork: api.place.subnetwork.clone(),
            enable_external_ips: true,
        },
        scheduling_config: Terms { spot: order.capacity == CapacityType::Spot },
        labels,
        metadata: body::metadata(order).items.into_iter().map(|item| (item.key, item.value)).collect(),
        tags: body::tags(&api.place, order),
        // Left out, it is the project's default account.
        service_account: named.map(|email| Account { email: email.clone() }),
    }
}

/// Makes all slices in one zone. What comes back refused may have left some.
pub(super) async fn create_all(api: &Arc<Api>, order: &Order, zone: &str) -> Result<Vec<Node>, ProviderError> {
    let calls = (0..order.nodes).map(|rank| {
        let (api, zone, name) = (Arc::clone(api), zone.to_owned(), body::name(&order.key, rank));
        let wanted = new_node(&api, order);
        async move {
            let home = path(&["locations", &zone, "nodes"]);
            match api.create::<Operation>(&home, &[("nodeId", &name)], &wanted).await {
                Ok(begun) => finish(&api, &zone, begun).await?,
                Err(error) if says(&error, "ALREADY_EXISTS") => {}
                Err(error) => return Err(error),
            }
            ready(&api, &zone, &name).await
        }
    });
    let (mut nodes, mut refused) = (Vec::new(), Vec::new());
    for answer in together(calls.collect()).await {
        match answer {
            Ok(node) => nodes.push(node),
            Err(ProviderError::Refused(refusals)) => refused.extend(refusals),
            Err(error) => return Err(error),
        }
    }
    if refused.is_empty() { Ok(nodes) } else { Err(ProviderError::Refused(refused)) }
}

fn home(zone: &str, name: &str) -> String {
    path(&["locations", zone, "nodes", name])
}

async fn ready(api: &Api, zone: &str, name: &str) -> Result<Node, ProviderError> {
    loop {
        let slice: Slice = api.get(&home(zone, name), &[]).await?;
        let state = slice.state.clone();
        let node = node(&slice);
        match node.state {
            NodeState::Running => return Ok(node),
            NodeState::Pending => tokio::time::sleep(FIRST_PAUSE).await,
            // 3 is the code that a create ends with which was overtaken by preemption.
            _ => return Err(ProviderError::refused("3", format!("{name} is {state} right after it was made"))),
        }
    }
}

/// Waits for an operation; its error comes as a refusal, its code the bare number that it has here.
async fn finish(api: &Api, zone: &str, mut operation: Operation) -> Result<(), ProviderError> {
    let at = path(&["locations", zone, "operations", last_part(&operation.name)]);
    let mut pause = FIRST_PAUSE;
    while !operation.done {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        let told = api.get(&at, &[]).await;
        operation = told.map_err(|error| ProviderError::Lost(format!("operation {}: {error}", operation.name)))?;
    }
    match operation.error {
        None => Ok(()),
        Some(Status { code, message }) => {
            let zone = Some(zone.to_owned());
            Err(ProviderError::Refused(vec![Refusal { code: code.to_string(), message, zone, retry_after: None }]))
        }
    }
}

/// Deletes a slice and waits until it is gone. Already gone is done.
pub(super) async fn delete(api: Arc<Api>, zone: String, name: String) -> Result<(), ProviderError> {
    let gone = match api.tell::<Operation>(Method::DELETE, &home(&zone, &name), PATIENCE).await {
        Ok(begun) => finish(&api, &zone, begun).await,
        Err(error) => Err(error),
    };
    gone.or_else(|error| if says(&error, "NOT_FOUND") || says(&error, "5") { Ok(()) } else { Err(error) })
}

/// `stop` or `start`, until it is done.
pub(super) async fn change(api: &Api, zone: &str, name: &str, verb: &str) -> Result<(), ProviderError> {
    let begun: Operation = api.post_empty(&format!("{}:{verb}", home(zone, name))).await?;
    finish(api, zone, begun).await
}

/// Starts a slice and tells of it once it is ready.
pub(super) async fn start(api: Arc<Api>, zone: String, name: String) -> Result<Node, ProviderError> {
    change(&api, &zone, &name, "start").await?;
    ready(&api, &zone, &name).await
}

/// The slices of a launch in a region, by rank.
pub(super) async fn find(api: &Api, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
    let mut nodes = all(api).await?;
    nodes.retain(|(_, node)| node.region == region && node.key == *key);
    nodes.sort_by_key(|(_, node)| node.rank);
    Ok(nodes.into_iter().map(|(_, node)| node).collect())
}

/// The slices of an owner in some regions.
pub(super) async fn list(api: &Api, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
    let mut nodes = all(api).await?;
    nodes.retain(|(theirs, node)| theirs == owner && regions.contains(&node.region));
    Ok(nodes.into_iter().map(|(_, node)| node).collect())
}

/// Every slice of the project with its owner; the interface has no filter.
async fn all(api: &Api) -> Result<Vec<(String, Node)>, ProviderError> {
    let everywhere = path(&["locations", "-", "nodes"]);
    let (mut slices, mut token) = (Vec::new(), None::<String>);
    loop {
        let query: Vec<(&str, &str)> = token.as_deref().map(|token| ("pageToken", token)).into_iter().collect();
        let page: Slices = match api.get(&everywhere, &query).await {
            Ok(page) => page,
            Err(error) if CLOSED.iter().any(|code| says(&error, code)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        slices.extend(page.nodes);
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    let owned = |slice: Slice| (slice.labels.get(tag::OWNER).cloned().unwrap_or_default(), node(&slice));
    Ok(slices.into_iter().map(owned).filter(|(_, node)| node.state != NodeState::Terminated).collect())
}

fn node(slice: &Slice) -> Node {
    let label = |name: &str| slice.labels.get(name).cloned().unwrap_or_default();
    let mut parts = slice.name.rsplit('/');
    let name = parts.next().unwrap_or_default().to_owned();
    let zone = parts.nth(1).unwrap_or_default().to_owned();
    let host = slice.network_endpoints.first();
    Node {
        region: reads::region_of(&zone).to_owned(),
        zone: Some(zone),
        key: LeaseKey(label(tag::LEASE)),
        cluster: label(tag::CLUSTER),
        rank: body::rank_of(&name).unwrap_or(0),
        state: state(&slice.state),
        instance_type: tables::TPU_HOST.to_owned(),
        capacity: if slice.scheduling_config.spot { CapacityType::Spot } else { CapacityType::OnDemand },
        public_ip: host.and_then(|host| host.access_config.external_ip.clone()),
        private_ip: host.and_then(|host| host.ip_address.clone()),
        id: name,
    }
}

fn state(state: &str) -> NodeState {
    match state {
        "READY" => NodeState::Running,
        "STOPPING" => NodeState::Stopping,
        "STOPPED" => NodeState::Stopped,
        // Taken back, but still there until somebody deletes it.
        "PREEMPTED" | "TERMINATED" => NodeState::Failed,
        "DELETING" | "HIDING" | "HIDDEN" => NodeState::Terminated,
        _ => NodeState::Pending,
    }
}
