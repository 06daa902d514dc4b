//! What the clouds show of the clusters that are written down, and settling what does not agree.
//!
//! **Invariant:** a launch that was cut off is completed if all that it ordered runs, else given back; a cluster is
//! forgotten only when the cloud shows nothing of it.

use std::sync::Arc;

use crate::cloud::{Node, NodeState};

use super::context::Context;
use super::error::ClusterError;
use super::launch::user;
use super::settle::give_back;
use super::store::{Cluster, Held, Holder, Stage, Status, Written};
use crate::model::Span;

/// Before a cluster that is not shown is taken for gone, it is looked for once more after this long.
const SECOND_LOOK: Span = Span::from_secs(5);

/// Where a cluster stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is left of it, and it is forgotten.
    Gone,
    /// As the row now says.
    Is(Box<Cluster>),
}

/// What a look at one cluster brought.
#[derive(Debug)]
pub struct Refreshed {
    /// Its name.
    pub name: String,
    /// Where it stands, or why it could not be looked at.
    pub standing: Result<Standing, ClusterError>,
    /// The process that works on it, if there is one; then it was left alone.
    pub holder: Option<Holder>,
}

/// Looks at these clusters, all at once, and settles what launches that were cut off have left.
///
/// # Errors
/// When the state cannot be read. What goes wrong with one cluster is told with it.
pub async fn all(context: &Arc<Context>, clusters: Vec<Cluster>) -> Result<Vec<Refreshed>, ClusterError> {
    let mut tasks = tokio::task::JoinSet::new();
    for cluster in clusters {
        let context = Arc::clone(context);
        tasks.spawn(async move { claimed(&context, &cluster).await });
    }
    let mut found = tasks.join_all().await;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    strays(context).await?;
    Ok(found)
}

async fn claimed(context: &Context, cluster: &Cluster) -> Refreshed {
    let name = cluster.name.clone();
    let claim = match context.store.claim(&name, "status", context.now()) {
        Ok(Ok(claim)) => claim,
        Ok(Err(holder)) => {
            return Refreshed { name, standing: Ok(Standing::Is(Box::new(cluster.clone()))), holder: Some(holder) };
        }
        Err(error) => return Refreshed { name, standing: Err(error.into()), holder: None },
    };
    // The row may have changed until it was claimed.
    let standing = match context.store.cluster(&name) {
        Ok(Some(cluster)) => one(context, &cluster).await,
        Ok(None) => Ok(Standing::Gone),
        Err(error) => Err(error.into()),
    };
    drop(claim);
    Refreshed { name, standing, holder: None }
}

/// Launches that no cluster owns any more and that may hold machines are given back. A launch that goes on in another
/// process has its cluster's row.
async fn strays(context: &Context) -> Result<(), ClusterError> {
    let owned: Vec<String> = context.store.clusters()?.into_iter().map(|cluster| cluster.uid).collect();
    for launch in context.store.open_launches()? {
        if !owned.contains(&launch.uid) {
            // One that cannot be given back now stays open, and `gc` shows it.
            let _ = give_back(context, &launch).await;
        }
    }
    Ok(())
}

/// Looks at one cluster, which the caller has claimed.
///
/// # Errors
/// When its cloud cannot be asked, or does not give back what a launch left.
pub async fn one(context: &Context, cluster: &Cluster) -> Result<Standing, ClusterError> {
    leftovers(context, cluster).await?;
    let Some(cluster) = context.store.cluster(&cluster.name)? else { return Ok(Standing::Gone) };
    let Some(held) = cluster.held.clone() else {
        context.store.drop_cluster(&cluster.name)?;
        return Ok(Standing::Gone);
    };
    let nodes = look(context, &held).await?;
    if nodes.is_empty() {
        context.store.settle(&held.key, Stage::Released, context.now())?;
        context.store.drop_cluster(&cluster.name)?;
        return Ok(Standing::Gone);
    }
    context.store.put_nodes(&held.key, &nodes)?;
    let status = status_of(&nodes, cluster.nodes);
    // A `down` that was cut off when something of it was going already is brought to its end: what is on its way out
    // looks like what is being stopped, and is no cluster any more.
    if status != Status::Up
        && let Some(launch) = context.store.launch(&held.key)?.filter(|launch| launch.stage == Stage::Releasing)
    {
        give_back(context, &launch).await?;
        context.store.drop_cluster(&cluster.name)?;
        return Ok(Standing::Gone);
    }
    if nodes.iter().any(|node| node.state == NodeState::Running) {
        context.store.begin_usage(&held.key, context.now())?;
    } else {
        context.store.end_usage(&held.key, context.now())?;
    }
    let cluster = Cluster { status, ..cluster };
    context.store.put_cluster(&cluster)?;
    Ok(Standing::Is(Box::new(cluster)))
}

async fn look(context: &Context, held: &Held) -> Result<Vec<Node>, ClusterError> {
    let cloud = context.cloud(&held.cloud)?;
    let failed = |error| {
        let what = format!("{} cannot be asked for {}", held.cloud, held.key);
        ClusterError::provider(&what, &held.cloud, &context.book, &error)
    };
    let nodes = context.find(cloud, &held.region, &held.key).await.map_err(failed)?;
    if !nodes.is_empty() {
        return Ok(nodes);
    }
    context.clock.sleep(SECOND_LOOK).await;
    context.find(cloud, &held.region, &held.key).await.map_err(failed)
}

fn status_of(nodes: &[Node], wanted: u16) -> Status {
    let count = |state: NodeState| nodes.iter().filter(|node| node.state == state).count();
    if count(NodeState::Running) >= wanted as usize {
        Status::Up
    } else if count(NodeState::Stopped) + count(NodeState::Stopping) == nodes.len() {
        Status::Stopped
    } else {
        Status::Init
    }
}

/// Launches of the cluster that hold machines, or may, beside what the cluster holds.
async fn leftovers(context: &Context, cluster: &Cluster) -> Result<(), ClusterError> {
    let kept = cluster.held.as_ref().map(|held| &held.key);
    let open = context.store.launches_of(&cluster.uid)?;
    let open: Vec<Written> = open
        .into_iter()
        .filter(|launch| !matches!(launch.stage, Stage::Nothing | Stage::Released) && Some(&launch.key) != kept)
        .collect();
    if let ([launch], None) = (open.as_slice(), kept)
        && launch.stage != Stage::Releasing
        && complete(context, cluster, launch).await?
    {
        return Ok(());
    }
    for launch in &open {
        give_back(context, launch).await?;
    }
    Ok(())
}

/// A launch whose process was cut off after the cloud had made everything: the cluster is up all the same.
async fn complete(context: &Context, cluster: &Cluster, launch: &Written) -> Result<bool, ClusterError> {
    let cloud = context.cloud(&launch.cloud)?;
    let failed = |error| {
        let what = format!("{} cannot be asked for {}", launch.cloud, launch.key);
        ClusterError::provider(&what, &launch.cloud, &context.book, &error)
    };
    let nodes = context.find(cloud, &launch.region, &launch.key).await.map_err(failed)?;
    if status_of(&nodes, cluster.nodes) != Status::Up {
        return Ok(false);
    }
    context.store.made(&launch.key, &nodes, launch.asked_at)?;
    let gpus = launch.accelerators.as_deref().and_then(|text| text.rsplit(':').next()?.parse::<f64>().ok());
    let held = Held {
        cloud: launch.cloud.clone(),
        region: launch.region.clone(),
        zone: nodes.iter().find_map(|node| node.zone.clone()).or_else(|| launch.zone.clone()),
        instance_type: launch.instance_type.clone(),
        accelerators: launch.accelerators.clone(),
        gpus_per_node: gpus.unwrap_or(0.0).ceil() as u32,
        capacity: launch.capacity,
        price_hourly: launch.price_hourly,
        key: launch.key.clone(),
        user: user(context, &launch.cloud),
        launched_at: context.now(),
    };
    context.store.put_cluster(&Cluster { status: Status::Up, held: Some(held), ..cluster.clone() })?;
    Ok(true)
}
