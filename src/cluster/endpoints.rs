//! From a cluster's row to what ssh needs.

use crate::cloud::Node;

use super::context::Context;
use super::error::ClusterError;
use super::keys::key_pair;
use super::machine::{Endpoint, Identity, Machines};
use super::store::{Cluster, Held, Status};

/// Where ssh servers listen, unless the user's settings say otherwise.
const SSH: u16 = 22;

/// The machines of a cluster that is up, as ssh needs to know them.
///
/// # Errors
/// When it is not up, or the key that lets us in is gone.
pub fn machines(context: &Context, cluster: &Cluster) -> Result<Machines, ClusterError> {
    let held = up(cluster)?;
    let key = key_pair(&context.home, &context.config)?.private;
    let port = context.config.ssh.port.unwrap_or(SSH);
    let endpoint = |node: Node| {
        let host = node.public_ip.clone().or_else(|| node.private_ip.clone()).ok_or_else(|| {
            ClusterError::usage(
                format!("node {} of cluster '{}' has no address", node.rank, cluster.name),
                "`sky status -r` asks the cloud for it",
            )
        })?;
        Ok(Endpoint {
            id: node.id,
            internal_host: node.private_ip.unwrap_or_else(|| host.clone()),
            host,
            port,
            user: context.config.ssh.user.clone().unwrap_or_else(|| held.user.clone()),
            key: key.clone(),
            internal_port: port,
        })
    };
    let nodes = context.store.nodes(&held.key)?;
    let nodes: Vec<Endpoint> = nodes.into_iter().map(endpoint).collect::<Result<_, ClusterError>>()?;
    if nodes.is_empty() {
        return Err(ClusterError::usage(
            format!("nothing is known of the machines of cluster '{}'", cluster.name),
            "`sky status -r` asks the cloud",
        ));
    }
    Ok(Machines {
        cluster: cluster.name.clone(),
        nodes,
        gpus_per_node: held.gpus_per_node,
        sky_home: context.home.clone(),
    })
}

/// What a job may know of its cluster; `stamp` says when the task was started.
///
/// # Errors
/// When the cluster is not up.
pub fn identity(cluster: &Cluster, stamp: String) -> Result<Identity, ClusterError> {
    let held = up(cluster)?;
    Ok(Identity { cloud: held.cloud.clone(), region: held.region.clone(), zone: held.zone.clone(), stamp })
}

fn up(cluster: &Cluster) -> Result<&Held, ClusterError> {
    match &cluster.held {
        Some(held) if cluster.status == Status::Up => Ok(held),
        Some(_) => Err(ClusterError::usage(
            format!("cluster '{}' is not up (status: {})", cluster.name, cluster.status.name()),
            format!("sky start {}", cluster.name),
        )),
        None => Err(ClusterError::usage(
            format!("cluster '{}' is still being launched", cluster.name),
            "wait for its launch, or `sky status -r` settles it",
        )),
    }
}
