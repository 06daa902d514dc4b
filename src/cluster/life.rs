//! Stopping, starting and giving back clusters.
//!
//! **Invariant:** a cluster that was ever up stays where it is: it is started there or not at all. Its row goes only
//! when the cloud shows nothing of it any more.

use crate::cloud::Node;

use super::context::Context;
use super::error::{Class, ClusterError};
use super::refresh::{self, Standing};
use super::settle::{Found, give_back};
use super::store::{Claim, Cluster, Held, Stage, Status};

/// What was done to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// As asked.
    Changed,
    /// It was so already.
    Already,
    /// The cloud shows nothing of it any more, so its row went.
    Gone,
}

/// Terminates a cluster: all its machines, and whatever its launches may have left.
///
/// # Errors
/// When it is not there, another process works on it, or something cannot be given back.
pub async fn down(context: &Context, name: &str) -> Result<Done, ClusterError> {
    let _claim = context.claim(name, "down")?;
    let cluster = known(context, name)?;
    let released = give_all_back(context, &cluster).await?;
    context.store.drop_cluster(name)?;
    Ok(if released == 0 { Done::Gone } else { Done::Changed })
}

/// Stops a cluster; its disks are kept.
///
/// # Errors
/// As [`down`].
pub async fn stop(context: &Context, name: &str) -> Result<Done, ClusterError> {
    let _claim = context.claim(name, "stop")?;
    let Standing::Is(cluster) = refresh::one(context, &known(context, name)?).await? else { return Ok(Done::Gone) };
    let held = held(&cluster)?;
    if cluster.status == Status::Stopped {
        return Ok(Done::Already);
    }
    keep(context, held)?;
    let cloud = context.cloud(&held.cloud)?;
    let nodes = context.store.nodes(&held.key)?;
    let what = format!("cluster '{name}' cannot be stopped");
    let stopped = context.stop(cloud, &nodes).await;
    // Whatever the answer was: what the cloud shows is what is written down.
    let standing = refresh::one(context, &cluster).await;
    stopped.map_err(|error| ClusterError::provider(&what, &held.cloud, &context.book, &error))?;
    match standing? {
        Standing::Gone => Ok(Done::Gone),
        Standing::Is(_) => Ok(Done::Changed),
    }
}

/// Starts a stopped cluster, where it is.
///
/// # Errors
/// As [`down`], and when there is no capacity.
pub async fn start(context: &Context, name: &str) -> Result<Done, ClusterError> {
    let claim = context.claim(name, "start")?;
    let Standing::Is(cluster) = refresh::one(context, &known(context, name)?).await? else {
        return Err(ClusterError::usage(
            format!("cluster '{name}' was terminated outside of sky; nothing of it is left"),
            "launch it again: sky launch -c NAME ...",
        ));
    };
    if cluster.status == Status::Up {
        return Ok(Done::Already);
    }
    start_claimed(context, &claim, &cluster).await.map(|_| Done::Changed)
}

/// Starts what does not run of a cluster that is claimed.
pub(super) async fn start_claimed(
    context: &Context,
    claim: &Claim,
    cluster: &Cluster,
) -> Result<(Cluster, Vec<Node>), ClusterError> {
    let held = held(cluster)?;
    keep(context, held)?;
    let cloud = context.cloud(&held.cloud)?;
    let nodes = context.store.nodes(&held.key)?;
    let place = held.zone.as_ref().unwrap_or(&held.region);
    let what = format!("cluster '{}' cannot be started on {} {place}", claim.name(), held.cloud);
    if nodes.len() < cluster.nodes as usize {
        let message = format!("{what}: only {} of its {} nodes are left", nodes.len(), cluster.nodes);
        return Err(ClusterError::usage(
            message,
            format!("give it back and launch it again: sky down {}", cluster.name),
        ));
    }
    let started = context.start(cloud, &nodes).await;
    let standing = refresh::one(context, cluster).await;
    started.map_err(|error| ClusterError::provider(&what, &held.cloud, &context.book, &error))?;
    match standing? {
        Standing::Is(cluster) if cluster.status == Status::Up => {
            let nodes = context.store.nodes(&held.key)?;
            Ok((*cluster, nodes))
        }
        _ => Err(ClusterError::new(
            Class::NoCapacity,
            format!("{what}: not all of its nodes run"),
            format!("`sky status -r` shows them; `sky start {}` tries again", cluster.name),
        )),
    }
}

/// A cluster that is wanted again after a `down` that did not come to anything is no longer on its way out.
pub(super) fn keep(context: &Context, held: &Held) -> Result<(), ClusterError> {
    if context.store.launch(&held.key)?.is_some_and(|launch| launch.stage == Stage::Releasing) {
        context.store.settle(&held.key, Stage::Made, context.now())?;
    }
    Ok(())
}

/// Gives back everything that the launches of a cluster hold or may hold; how many machines there were.
pub(super) async fn give_all_back(context: &Context, cluster: &Cluster) -> Result<usize, ClusterError> {
    let mut released = 0;
    let mut failed: Option<ClusterError> = None;
    for launch in context.store.launches_of(&cluster.uid)? {
        if matches!(launch.stage, Stage::Nothing | Stage::Released) {
            continue;
        }
        match give_back(context, &launch).await {
            Ok(Found::Released(count)) => {
                released += count;
                context.store.disbelieve_quota(&launch.cloud)?;
            }
            Ok(Found::Nothing) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        None => Ok(released),
        Some(error) => Err(error),
    }
}

/// The cluster of this name.
pub(super) fn known(context: &Context, name: &str) -> Result<Cluster, ClusterError> {
    if let Some(cluster) = context.store.cluster(name)? {
        return Ok(cluster);
    }
    let known: Vec<String> = context.store.clusters()?.into_iter().map(|cluster| cluster.name).collect();
    Err(ClusterError::unknown(name, &known))
}

fn held(cluster: &Cluster) -> Result<&Held, ClusterError> {
    cluster.held.as_ref().ok_or_else(|| {
        ClusterError::usage(
            format!("cluster '{}' was never up", cluster.name),
            format!("`sky status -r` settles what its launch left; or sky down {}", cluster.name),
        )
    })
}
