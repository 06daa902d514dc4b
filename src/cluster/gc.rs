//! Machines that carry our owner's tag and that no cluster owns.
//!
//! **Invariant:** what a launch in progress holds is no orphan: the clouds are asked first and the state is read after,
//! and every launch is written down before it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cloud::{LeaseKey, Node};

use super::context::Context;
use super::error::ClusterError;
use super::store::Stage;

/// What one launch left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The cloud.
    pub cloud: String,
    /// The region.
    pub region: String,
    /// The launch; empty if the machines lost their tag, and then nothing but their owner's tag says whose they are.
    pub key: LeaseKey,
    /// The machines.
    pub nodes: Vec<Node>,
    /// The cluster it was for, as the user called it, where that is known.
    pub cluster: Option<String>,
}

impl Orphan {
    /// True if the machines lost the tag of their launch.
    pub fn is_unnamed(&self) -> bool {
        self.key.0.is_empty()
    }

    /// The launch, or the machines themselves if it is not known.
    pub fn name(&self) -> String {
        if self.is_unnamed() {
            let ids: Vec<&str> = self.nodes.iter().map(|node| node.id.as_str()).collect();
            ids.join(", ")
        } else {
            self.key.to_string()
        }
    }
}

/// What a look over all clouds brought.
#[derive(Debug, Default)]
pub struct Search {
    /// What nobody owns.
    pub orphans: Vec<Orphan>,
    /// Clouds that were looked through, with the number of regions.
    pub searched: Vec<(String, usize)>,
    /// Clouds that could not be, and why.
    pub unsearched: Vec<(String, ClusterError)>,
}

/// Looks through every region of every cloud that can be called.
///
/// # Errors
/// When the state cannot be read.
pub async fn search(context: &Arc<Context>) -> Result<Search, ClusterError> {
    let owner = context.store.owner()?;
    let mut tasks = tokio::task::JoinSet::new();
    let names: Vec<String> = context.clouds.ready().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let (context, owner) = (Arc::clone(context), owner.clone());
        tasks.spawn(async move {
            let regions = regions(&context, &name);
            let listed = list(&context, &name, &owner, &regions).await;
            (name, regions.len(), listed)
        });
    }
    let mut search = Search::default();
    let mut nodes: Vec<(String, Node)> = Vec::new();
    for (name, regions, listed) in tasks.join_all().await {
        match listed {
            Ok(found) => {
                nodes.extend(found.into_iter().map(|node| (name.clone(), node)));
                search.searched.push((name, regions));
            }
            Err(error) => search.unsearched.push((name, error)),
        }
    }
    search.searched.sort();
    search.orphans = unowned(context, nodes)?;
    Ok(search)
}

fn regions(context: &Context, cloud: &str) -> Vec<String> {
    let Some(id) = context.catalog.find_cloud(cloud) else { return Vec::new() };
    context.catalog.regions_of(id).map(|region| context.catalog.region_name(region).to_owned()).collect()
}

async fn list(context: &Context, name: &str, owner: &str, regions: &[String]) -> Result<Vec<Node>, ClusterError> {
    let cloud = context.cloud(name)?;
    let limit = std::time::Duration::from_secs(300);
    let look = || cloud.provider.list(owner, regions);
    let listed = cloud.pace.patiently(name, &context.book, &context.clock, limit, look).await;
    listed.map_err(|error| ClusterError::provider(&format!("{name} cannot be searched"), name, &context.book, &error))
}

/// What neither a cluster holds nor a launch in progress may be about to hold.
fn unowned(context: &Context, nodes: Vec<(String, Node)>) -> Result<Vec<Orphan>, ClusterError> {
    let clusters = context.store.clusters()?;
    let held: BTreeSet<LeaseKey> = clusters.iter().filter_map(|c| c.held.as_ref()).map(|h| h.key.clone()).collect();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for key in &held {
        known.extend(context.store.nodes(key)?.into_iter().map(|node| node.id));
    }
    let mut grouped: BTreeMap<(String, String, LeaseKey), Vec<Node>> = BTreeMap::new();
    for (cloud, node) in nodes {
        // One that lost its tag may be a cluster's all the same.
        if node.key.0.is_empty() && known.contains(&node.id) {
            continue;
        }
        grouped.entry((cloud, node.region.clone(), node.key.clone())).or_default().push(node);
    }
    let mut orphans = Vec::new();
    for ((cloud, region, key), nodes) in grouped {
        let launch = context.store.launch(&key)?;
        let busy = match &launch {
            Some(launch) => context.store.holder(&launch.cluster, context.now())?.is_some(),
            None => false,
        };
        if !held.contains(&key) && !busy {
            orphans.push(Orphan { cloud, region, key, nodes, cluster: launch.map(|launch| launch.cluster) });
        }
    }
    Ok(orphans)
}

/// Gives back what nobody owns.
///
/// # Errors
/// When the cloud does not do it.
pub async fn collect(context: &Context, orphan: &Orphan) -> Result<(), ClusterError> {
    let cloud = context.cloud(&orphan.cloud)?;
    let failed = |error| {
        let what = format!("{} in {} {} cannot be given back", orphan.name(), orphan.cloud, orphan.region);
        ClusterError::provider(&what, &orphan.cloud, &context.book, &error)
    };
    if orphan.is_unnamed() {
        return context.terminate(cloud, &orphan.nodes).await.map_err(failed);
    }
    context.release(cloud, &orphan.region, &orphan.key, &orphan.nodes).await.map_err(failed)?;
    context.store.settle(&orphan.key, Stage::Released, context.now())?;
    Ok(())
}
