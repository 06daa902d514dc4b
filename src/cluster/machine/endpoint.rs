//! Where the machines of a cluster are, and how one gets in.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// One machine, as ssh needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// How the cloud names it. Its host key is remembered under this name, so that a new address changes nothing and
    /// a new machine is met as one.
    pub id: String,
    /// Where it is reached from here.
    pub host: String,
    /// The port of its ssh server.
    pub port: u16,
    /// Who logs in.
    pub user: String,
    /// The private key that lets us in.
    pub key: PathBuf,
    /// Where the other nodes reach it.
    pub internal_host: String,
    /// The port of its ssh server seen from there.
    pub internal_port: u16,
}

/// The machines of one cluster, and where this side keeps what it knows of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machines {
    /// The cluster's name.
    pub cluster: String,
    /// By rank; the first is the head node. Never empty.
    pub nodes: Vec<Endpoint>,
    /// Accelerators of a node.
    pub gpus_per_node: u32,
    /// Our directory (`~/.sky`).
    pub sky_home: PathBuf,
}

impl Machines {
    /// The first of them, for a task that needs fewer than there are.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.nodes.truncate(count.max(1));
        self
    }

    /// What is kept of this cluster beside the store: pinned host keys.
    pub(super) fn directory(&self) -> PathBuf {
        directory(&self.sky_home, &self.cluster)
    }

    /// The pinned host keys.
    pub(super) fn known_hosts(&self) -> PathBuf {
        self.directory().join("known_hosts")
    }

    /// Where the shared connection to a node listens; `None` where the path would be too long for a socket.
    pub(super) fn control_path(&self, node: &Endpoint) -> Option<PathBuf> {
        let mut hash = Sha256::new();
        for part in [&self.cluster, &node.id, &node.host, &node.user, &node.port.to_string()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let name = hash.finalize().iter().take(6).fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
        let path = self.sky_home.join("ctl").join(name);
        (path.as_os_str().len() < LONGEST_SOCKET).then_some(path)
    }
}

/// `head`, `worker1`: how people are told of a node.
pub(super) fn node_name(rank: usize) -> String {
    if rank == 0 { "head".to_owned() } else { format!("worker{rank}") }
}

/// A socket's path has at most 104 bytes on some systems, and ssh adds 17 while it makes one.
const LONGEST_SOCKET: usize = 104 - 17;

/// What is kept of a cluster beside the store.
pub(super) fn directory(sky_home: &Path, cluster: &str) -> PathBuf {
    sky_home.join("machines").join(cluster)
}

impl Endpoint {
    /// The name its host key is kept under: one word.
    pub(super) fn alias(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
        format!("sky-{}", self.id.chars().map(plain).collect::<String>())
    }
}
