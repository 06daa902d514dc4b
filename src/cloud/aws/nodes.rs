//! Instances as nodes: reading them, and waiting until they are what they are meant to become.
//!
//! **Invariant:** an instance that EC2 does not show yet is on its way, not gone: its listing lags behind its launch.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::describe_instances::builders::DescribeInstancesFluentBuilder;
use aws_sdk_ec2::types::{Filter, Instance, InstanceLifecycleType, InstanceStateName};
use backon::{BackoffBuilder, ExponentialBuilder};

use super::errors::{Told, code};
use crate::cloud::{Clock, LeaseKey, Node, NodeState, ProviderError, Refusal, tag};
use crate::model::CapacityType;

/// States of instances that are still ours to pay for, or will be again.
const ALIVE: [&str; 4] = ["pending", "running", "stopping", "stopped"];
/// The longest that instances may take to come up or go down.
const WAIT: Duration = Duration::from_secs(15 * 60);
/// How long an instance that was just made may stay invisible.
const LAG: Duration = Duration::from_secs(30);

/// Pauses between looks: half a second, growing to five.
fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(5))
        .with_factor(1.5)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Instances with this tag value, in [`ALIVE`] states.
pub(super) async fn tagged(ec2: &Client, name: &str, value: &str) -> Result<Vec<Instance>, ProviderError> {
    let filters = vec![
        Filter::builder().name(format!("tag:{name}")).values(value).build(),
        Filter::builder().name("instance-state-name").set_values(Some(ALIVE.map(str::to_owned).to_vec())).build(),
    ];
    all(ec2.describe_instances().set_filters(Some(filters)).max_results(1000)).await
}

/// Instances by their ids. Ones that EC2 does not know are an error of its own.
async fn by_ids(ec2: &Client, ids: &[String]) -> Result<Vec<Instance>, ProviderError> {
    all(ec2.describe_instances().set_instance_ids(Some(ids.to_vec()))).await
}

/// Every instance of the region that counts against a limit.
pub(super) async fn counted(ec2: &Client) -> Result<Vec<Instance>, ProviderError> {
    let states = Filter::builder().name("instance-state-name").values("pending").values("running").build();
    all(ec2.describe_instances().filters(states).max_results(1000)).await
}

/// All instances of all pages.
async fn all(request: DescribeInstancesFluentBuilder) -> Result<Vec<Instance>, ProviderError> {
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        for reservation in page.told()?.reservations.unwrap_or_default() {
            found.extend(reservation.instances.unwrap_or_default());
        }
    }
    Ok(found)
}

/// What became of instances that were waited for.
pub(super) enum Outcome {
    /// All run and have addresses.
    Up(Vec<Instance>),
    /// At least one went down again while starting: why.
    Died(Refusal),
}

/// Waits until all run and have addresses, or one of them will not.
pub(super) async fn until_up(ec2: &Client, clock: Clock, ids: &[String]) -> Result<Outcome, ProviderError> {
    let watch = async {
        let mut unseen = Duration::ZERO;
        for pause in pauses() {
            match by_ids(ec2, ids).await {
                Ok(instances) => {
                    if let Some(dead) = instances.iter().find(|i| state(i) == NodeState::Terminated) {
                        return Ok(Outcome::Died(cause_of_death(dead)));
                    }
                    if instances.len() == ids.len() && instances.iter().all(is_up) {
                        return Ok(Outcome::Up(instances));
                    }
                }
                Err(error) if code(&error) == Some("InvalidInstanceID.NotFound") && unseen < LAG => unseen += pause,
                Err(error) => return Err(error),
            }
            tokio::time::sleep(clock.scaled(pause)).await;
        }
        unreachable!("the pauses have no end")
    };
    bounded(watch, ids, "running").await
}

/// Waits until none of them is in a passing state that `settled` does not accept.
pub(super) async fn until(
    ec2: &Client,
    clock: Clock,
    ids: &[String],
    what: &str,
    settled: impl Fn(NodeState) -> bool,
) -> Result<Vec<Instance>, ProviderError> {
    let watch = async {
        for pause in pauses() {
            let instances = by_ids(ec2, ids).await?;
            if instances.iter().all(|instance| settled(state(instance))) {
                return Ok(instances);
            }
            tokio::time::sleep(clock.scaled(pause)).await;
        }
        unreachable!("the pauses have no end")
    };
    bounded(watch, ids, what).await
}

async fn bounded<T>(
    watch: impl Future<Output = Result<T, ProviderError>>,
    ids: &[String],
    what: &str,
) -> Result<T, ProviderError> {
    tokio::time::timeout(WAIT, watch).await.unwrap_or_else(|_| {
        let minutes = WAIT.as_secs() / 60;
        Err(ProviderError::Lost(format!("{} not {what} after {minutes} minutes", ids.join(", "))))
    })
}

fn is_up(instance: &Instance) -> bool {
    let public = instance.public_ip_address().is_some_and(|address| !address.is_empty());
    state(instance) == NodeState::Running && public && instance.private_ip_address().is_some()
}

/// Why an instance went down while starting, under EC2's own code: `Server.InsufficientInstanceCapacity` says the same
/// as the refusal without the prefix.
fn cause_of_death(instance: &Instance) -> Refusal {
    let reason = instance.state_reason();
    let full = reason.and_then(|reason| reason.code()).unwrap_or("InternalError");
    let short = full.strip_prefix("Server.").or_else(|| full.strip_prefix("Client.")).unwrap_or(full);
    let id = instance.instance_id().unwrap_or_default();
    let message = reason.and_then(|reason| reason.message()).unwrap_or("it went down while starting");
    Refusal { code: short.to_owned(), message: format!("{message} ({id})"), zone: zone(instance), retry_after: None }
}

fn zone(instance: &Instance) -> Option<String> {
    instance.placement().and_then(|placement| placement.availability_zone()).map(str::to_owned)
}

fn state(instance: &Instance) -> NodeState {
    match instance.state().and_then(|state| state.name()) {
        Some(InstanceStateName::Running) => NodeState::Running,
        Some(InstanceStateName::Stopping) => NodeState::Stopping,
        Some(InstanceStateName::Stopped) => NodeState::Stopped,
        Some(InstanceStateName::ShuttingDown | InstanceStateName::Terminated) => NodeState::Terminated,
        _ => NodeState::Pending,
    }
}

/// The ids of instances.
pub(super) fn ids(instances: &[Instance]) -> Vec<String> {
    instances.iter().filter_map(|instance| instance.instance_id().map(str::to_owned)).collect()
}

/// Instances of a region as nodes, by cluster, launch and rank.
pub(super) fn nodes(region: &str, instances: &[Instance]) -> Vec<Node> {
    let mut nodes: Vec<Node> = instances.iter().map(|instance| node(region, instance)).collect();
    nodes.sort_by(|a, b| (&a.cluster, &a.key, a.rank).cmp(&(&b.cluster, &b.key, b.rank)));
    nodes
}

fn node(region: &str, instance: &Instance) -> Node {
    let tagged = |name: &str| {
        let found = instance.tags().iter().find(|tag| tag.key() == Some(name));
        found.and_then(|tag| tag.value()).unwrap_or_default().to_owned()
    };
    // All nodes of a launch come from one call, so EC2's numbering of them is theirs.
    let rank = tagged(tag::RANK).parse().ok();
    let rank = rank.or_else(|| instance.ami_launch_index().and_then(|index| u16::try_from(index).ok()));
    let spot = instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot);
    let address = |ip: Option<&str>| ip.filter(|ip| !ip.is_empty()).map(str::to_owned);
    Node {
        id: instance.instance_id().unwrap_or_default().to_owned(),
        region: region.to_owned(),
        zone: zone(instance),
        key: LeaseKey(tagged(tag::LEASE)),
        cluster: tagged(tag::CLUSTER),
        rank: rank.unwrap_or(0),
        state: state(instance),
        instance_type: instance.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        capacity: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        public_ip: address(instance.public_ip_address()),
        private_ip: address(instance.private_ip_address()),
    }
}
