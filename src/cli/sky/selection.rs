//! Which clusters a command is for: names, patterns, or all.

use clap::Args;

use crate::cli::{Console, Failure};
use crate::cluster::names::fits;
use crate::cluster::{Cluster, ClusterError, Store};

/// Names on a command line.
#[derive(Debug, Clone, Args)]
pub(super) struct Selection {
    /// Names of clusters, or patterns such as `'train-*'`.
    #[arg(value_name = "CLUSTER")]
    names: Vec<String>,
    /// All clusters.
    #[arg(short, long, conflicts_with = "names")]
    all: bool,
}

impl Selection {
    /// True if the command line names none.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty() && !self.all
    }

    /// The clusters that are meant. A name that fits none is an error; a pattern that fits none is not.
    pub(super) fn find(&self, store: &Store) -> Result<Vec<Cluster>, Failure> {
        let clusters = store.clusters().map_err(ClusterError::from)?;
        if self.all || self.names.is_empty() {
            return Ok(clusters);
        }
        for name in self.names.iter().filter(|name| !name.contains(['*', '?'])) {
            if !clusters.iter().any(|cluster| cluster.name == *name) {
                let known: Vec<String> = clusters.iter().map(|cluster| cluster.name.clone()).collect();
                return Err(ClusterError::unknown(name, &known).into());
            }
        }
        let meant = |cluster: &Cluster| self.names.iter().any(|name| fits(name, &cluster.name));
        Ok(clusters.into_iter().filter(meant).collect())
    }

    /// The same where saying nothing does not mean all.
    pub(super) fn chosen(&self, store: &Store, verb: &str) -> Result<Vec<Cluster>, Failure> {
        if self.is_empty() {
            return Err(Failure::usage(format!("no cluster to {verb} was named"), "name some, or say --all"));
        }
        self.find(store)
    }
}

/// The clouds that clusters are on, where that is known.
pub(super) fn clouds_of(store: &Store, clusters: &[Cluster]) -> Result<Vec<String>, Failure> {
    let mut clouds: Vec<String> = clusters.iter().filter_map(|c| c.held.as_ref()).map(|h| h.cloud.clone()).collect();
    for launch in store.open_launches().map_err(ClusterError::from)? {
        clouds.push(launch.cloud);
    }
    clouds.sort();
    clouds.dedup();
    Ok(clouds)
}

/// `'a'`, or `3 clusters: 'a', 'b', 'c'`.
pub(super) fn called(clusters: &[Cluster]) -> String {
    let names: Vec<String> = clusters.iter().map(|cluster| format!("'{}'", cluster.name)).collect();
    match names.as_slice() {
        [one] => one.clone(),
        many => format!("{} clusters: {}", many.len(), many.join(", ")),
    }
}

/// Asks unless it was said not to; false is the user's no.
pub(super) fn agreed(question: &str, yes: bool, console: &mut Console) -> Result<bool, Failure> {
    Ok(yes || console.confirm(question)?)
}
