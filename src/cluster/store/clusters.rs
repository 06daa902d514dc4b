//! The clusters a user owns, as rows.

use rusqlite::{Row, params};

use super::{Store, Stored};
use crate::cloud::{LeaseKey, Node, NodeState};
use crate::model::{CapacityType, Money};

/// Where a cluster stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Being launched, or left by a launch that did not end; or only some of its machines run.
    Init,
    /// All its machines run.
    Up,
    /// All its machines are stopped; their disks are kept.
    Stopped,
}

/// When an idle cluster ends, as the machine was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autostop {
    /// After so many idle seconds.
    pub idle_s: u32,
    /// Terminated, not stopped.
    pub down: bool,
}

/// What a cluster that was up once holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// `aws`
    pub cloud: String,
    /// `us-east-2`
    pub region: String,
    /// `us-east-2a`, where the cloud has zones.
    pub zone: Option<String>,
    /// `p3.2xlarge`
    pub instance_type: String,
    /// `V100:8`
    pub accelerators: Option<String>,
    /// Accelerators of a node.
    pub gpus_per_node: u32,
    /// On what terms.
    pub capacity: CapacityType,
    /// Price of one node when it was launched, in dollars per hour.
    pub price_hourly: Money,
    /// The launch that made it.
    pub key: LeaseKey,
    /// Who logs in.
    pub user: String,
    /// When it first was up, in seconds since the Unix epoch.
    pub launched_at: i64,
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// As the user calls it.
    pub name: String,
    /// Random, never used again: the stem of the keys of its launches.
    pub uid: String,
    /// As the clouds call it.
    pub cloud_name: String,
    /// Where it stands.
    pub status: Status,
    /// What was asked for, in words.
    pub wanted: String,
    /// How many nodes.
    pub nodes: u16,
    /// When it was first asked for, in seconds since the Unix epoch.
    pub made_at: i64,
    /// What it holds, once it was up.
    pub held: Option<Held>,
    /// When it stops by itself.
    pub autostop: Option<Autostop>,
}

const COLUMNS: &str = "name, uid, cloud_name, status, wanted, nodes, made_at, cloud, region, zone, instance_type, \
                       accelerators, gpus_per_node, capacity, price_hourly, key, user, launched_at, idle_s, down";

impl Store {
    /// All clusters, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn clusters(&self) -> Stored<Vec<Cluster>> {
        self.all(&format!("SELECT {COLUMNS} FROM cluster ORDER BY name"), [], cluster)
    }

    /// The cluster of this name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cluster(&self, name: &str) -> Stored<Option<Cluster>> {
        self.one(&format!("SELECT {COLUMNS} FROM cluster WHERE name = ?1"), [name], cluster)
    }

    /// Writes a cluster as it is now.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_cluster(&self, cluster: &Cluster) -> Stored<()> {
        let held = cluster.held.as_ref();
        let idle = cluster.autostop.map(|autostop| autostop.idle_s);
        let sql = format!(
            "INSERT OR REPLACE INTO cluster ({COLUMNS}) VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
        );
        self.change(|tx| {
            tx.execute(
                &sql,
                params![
                    cluster.name,
                    cluster.uid,
                    cluster.cloud_name,
                    cluster.status.name(),
                    cluster.wanted,
                    cluster.nodes,
                    cluster.made_at,
                    held.map(|h| &h.cloud),
                    held.map(|h| &h.region),
                    held.and_then(|h| h.zone.as_ref()),
                    held.map(|h| &h.instance_type),
                    held.and_then(|h| h.accelerators.as_ref()),
                    held.map(|h| h.gpus_per_node),
                    held.map(|h| h.capacity.name()),
                    held.map(|h| h.price_hourly.0),
                    held.map(|h| &h.key.0),
                    held.map(|h| &h.user),
                    held.map(|h| h.launched_at),
                    idle,
                    cluster.autostop.is_some_and(|autostop| autostop.down),
                ],
            )
        })?;
        Ok(())
    }

    /// Forgets a cluster that holds nothing any more; what it cost is kept.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn drop_cluster(&self, name: &str) -> Stored<()> {
        self.change(|tx| tx.execute("DELETE FROM cluster WHERE name = ?1", [name]))?;
        Ok(())
    }

    /// The machines of a launch, by rank.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn nodes(&self, key: &LeaseKey) -> Stored<Vec<Node>> {
        let sql = "SELECT key, rank, id, region, zone, state, instance_type, capacity, cluster, public_ip, private_ip \
                   FROM node WHERE key = ?1 ORDER BY rank, id";
        self.all(sql, [&key.0], node)
    }

    /// Writes the machines of a launch as they are now.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_nodes(&self, key: &LeaseKey, nodes: &[Node]) -> Stored<()> {
        self.change(|tx| put_nodes(tx, key, nodes))
    }
}

pub(super) fn put_nodes(tx: &rusqlite::Transaction<'_>, key: &LeaseKey, nodes: &[Node]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM node WHERE key = ?1", [&key.0])?;
    for node in nodes {
        tx.execute(
            "INSERT OR REPLACE INTO node (key, rank, id, region, zone, state, instance_type, capacity, cluster, \
             public_ip, private_ip) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                key.0,
                node.rank,
                node.id,
                node.region,
                node.zone,
                state_name(node.state),
                node.instance_type,
                node.capacity.name(),
                node.cluster,
                node.public_ip,
                node.private_ip,
            ],
        )?;
    }
    Ok(())
}

fn cluster(row: &Row<'_>) -> rusqlite::Result<Cluster> {
    let held = |key: String| -> rusqlite::Result<Held> {
        Ok(Held {
            cloud: row.get("cloud")?,
            region: row.get("region")?,
            zone: row.get("zone")?,
            instance_type: row.get("instance_type")?,
            accelerators: row.get("accelerators")?,
            gpus_per_node: row.get("gpus_per_node")?,
            capacity: capacity(&row.get::<_, String>("capacity")?),
            price_hourly: Money(row.get("price_hourly")?),
            key: LeaseKey(key),
            user: row.get("user")?,
            launched_at: row.get("launched_at")?,
        })
    };
    let down: bool = row.get("down")?;
    Ok(Cluster {
        name: row.get("name")?,
        uid: row.get("uid")?,
        cloud_name: row.get("cloud_name")?,
        status: Status::named(&row.get::<_, String>("status")?),
        wanted: row.get("wanted")?,
        nodes: row.get("nodes")?,
        made_at: row.get("made_at")?,
        held: row.get::<_, Option<String>>("key")?.map(held).transpose()?,
        autostop: row.get::<_, Option<u32>>("idle_s")?.map(|idle_s| Autostop { idle_s, down }),
    })
}

fn node(row: &Row<'_>) -> rusqlite::Result<Node> {
    Ok(Node {
        id: row.get("id")?,
        region: row.get("region")?,
        zone: row.get("zone")?,
        key: LeaseKey(row.get("key")?),
        cluster: row.get("cluster")?,
        rank: row.get("rank")?,
        state: state_named(&row.get::<_, String>("state")?),
        instance_type: row.get("instance_type")?,
        capacity: capacity(&row.get::<_, String>("capacity")?),
        public_ip: row.get("public_ip")?,
        private_ip: row.get("private_ip")?,
    })
}

pub(super) fn capacity(name: &str) -> CapacityType {
    if name == CapacityType::Spot.name() { CapacityType::Spot } else { CapacityType::OnDemand }
}

const STATES: [(NodeState, &str); 6] = [
    (NodeState::Pending, "pending"),
    (NodeState::Running, "running"),
    (NodeState::Stopping, "stopping"),
    (NodeState::Stopped, "stopped"),
    (NodeState::Failed, "failed"),
    (NodeState::Terminated, "terminated"),
];

/// The name of a machine's state in files and documents.
pub fn state_name(state: NodeState) -> &'static str {
    STATES.iter().find(|(known, _)| *known == state).map_or("unknown", |(_, name)| name)
}

fn state_named(name: &str) -> NodeState {
    STATES.iter().find(|(_, known)| *known == name).map_or(NodeState::Pending, |(state, _)| *state)
}

impl Status {
    /// The name in tables and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Up => "UP",
            Self::Stopped => "STOPPED",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "UP" => Self::Up,
            "STOPPED" => Self::Stopped,
            _ => Self::Init,
        }
    }
}
