//! What a cluster's machines become when they shut themselves down.
//!
//! **Invariant:** a machine that is to stop by itself is never left with a cloud that would terminate it.

use std::time::Duration;

use super::context::Context;
use super::error::ClusterError;
use super::machine::Idle;
use super::store::{Autostop, Cluster};

impl From<Autostop> for Idle {
    /// What is written down, before any cloud was told.
    fn from(stop: Autostop) -> Self {
        Self { after: Duration::from_secs(u64::from(stop.idle_s)), down: stop.down, settled: false }
    }
}

/// Tells the cloud, where it can be told, what is to become of machines that shut themselves down, and gives back what the
/// machines are to be set up with. Where the cloud cannot be told to terminate, the machines say what they promise.
///
/// # Errors
/// When the cloud may still terminate machines that are from now on to be stopped.
pub async fn settle_idle(
    context: &Context,
    cluster: &Cluster,
    idle: Option<Idle>,
) -> Result<Option<Idle>, ClusterError> {
    let was_down = cluster.autostop.is_some_and(|stop| stop.down);
    if idle.is_none() && !was_down {
        // Nothing was ever told, and nothing is to be.
        return Ok(None);
    }
    let Some(held) = &cluster.held else { return Ok(idle) };
    let Some(cloud) = context.clouds.get(&held.cloud) else { return Ok(idle) };
    let nodes = context.store.nodes(&held.key)?;
    let down = idle.is_some_and(|idle| idle.down);
    match context.on_shutdown(cloud, &nodes, down).await {
        Ok(told) => Ok(idle.map(|idle| Idle { settled: down && told, ..idle })),
        Err(error) if !down && was_down => {
            let what = format!("cluster '{}' would still be terminated when it shuts down", cluster.name);
            Err(ClusterError::provider(&what, &held.cloud, &context.book, &error))
        }
        Err(_) => Ok(idle),
    }
}
