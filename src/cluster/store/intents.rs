//! Launch calls and what became of them: written before each call, so that after a crash what it made is found.

use rusqlite::{Row, params};

use super::clusters::{capacity, put_nodes};
use super::{Store, Stored};
use crate::cloud::{LeaseKey, Node};
use crate::model::{CapacityType, Money};

/// What is known of a launch call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// About to be made, or made without an answer: machines may exist.
    Asked,
    /// It made machines, and they are held.
    Made,
    /// It made nothing.
    Nothing,
    /// What it made is being given back.
    Releasing,
    /// What it made has been given back.
    Released,
}

/// One launch call, as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Names it, at the cloud too.
    pub key: LeaseKey,
    /// The cluster it was for, as the user calls it.
    pub cluster: String,
    /// The same for ever.
    pub uid: String,
    /// `gcp`
    pub cloud: String,
    /// `us-central1`
    pub region: String,
    /// `us-central1-a`, where one was asked or obtained.
    pub zone: Option<String>,
    /// `n1-highmem-8`
    pub instance_type: String,
    /// `V100:1`
    pub accelerators: Option<String>,
    /// On what terms.
    pub capacity: CapacityType,
    /// How many were ordered.
    pub nodes: u16,
    /// Price of one node, in dollars per hour.
    pub price_hourly: Money,
    /// What became of it.
    pub stage: Stage,
    /// When it was written, in seconds since the Unix epoch.
    pub asked_at: i64,
}

const COLUMNS: &str = "key, cluster, uid, cloud, region, zone, instance_type, accelerators, capacity, nodes, \
                       price_hourly, stage, asked_at";

impl Store {
    /// Writes down that a launch is about to be asked for.
    ///
    /// # Errors
    /// When the file cannot be written; then the call must not be made.
    pub fn intend(&self, launch: &Written) -> Stored<()> {
        let sql = format!(
            "INSERT INTO launch ({COLUMNS}, changed_at) VALUES \
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)"
        );
        self.change(|tx| {
            tx.execute(
                &sql,
                params![
                    launch.key.0,
                    launch.cluster,
                    launch.uid,
                    launch.cloud,
                    launch.region,
                    launch.zone,
                    launch.instance_type,
                    launch.accelerators,
                    launch.capacity.name(),
                    launch.nodes,
                    launch.price_hourly.0,
                    launch.stage.name(),
                    launch.asked_at,
                ],
            )
        })?;
        Ok(())
    }

    /// Writes down what became of a launch, and begins or ends what it costs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn settle(&self, key: &LeaseKey, stage: Stage, now: i64) -> Stored<()> {
        self.change(|tx| {
            tx.execute(
                "UPDATE launch SET stage = ?2, changed_at = ?3 WHERE key = ?1",
                params![key.0, stage.name(), now],
            )?;
            if matches!(stage, Stage::Released | Stage::Nothing) {
                tx.execute("UPDATE usage SET to_at = ?2 WHERE key = ?1 AND to_at IS NULL", params![key.0, now])?;
                tx.execute("DELETE FROM node WHERE key = ?1", [&key.0])?;
            }
            Ok(())
        })
    }

    /// Writes down what a launch made; it costs from `since` on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn made(&self, key: &LeaseKey, nodes: &[Node], since: i64) -> Stored<()> {
        let zone = nodes.iter().find_map(|node| node.zone.as_deref());
        self.change(|tx| {
            tx.execute(
                "UPDATE launch SET stage = ?2, changed_at = ?3, zone = coalesce(?4, zone) WHERE key = ?1",
                params![key.0, Stage::Made.name(), since, zone],
            )?;
            put_nodes(tx, key, nodes)?;
            tx.execute(
                "INSERT INTO usage (key, from_at) SELECT ?1, ?2 WHERE NOT EXISTS \
                 (SELECT 1 FROM usage WHERE key = ?1 AND to_at IS NULL)",
                params![key.0, since],
            )?;
            Ok(())
        })
    }

    /// Every launch that holds machines, or may: its own cluster's or nobody's.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open_launches(&self) -> Stored<Vec<Written>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM launch WHERE stage IN ('asked', 'made', 'releasing') ORDER BY asked_at, key"
        );
        self.all(&sql, [], written)
    }

    /// The launch of this key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn launch(&self, key: &LeaseKey) -> Stored<Option<Written>> {
        self.one(&format!("SELECT {COLUMNS} FROM launch WHERE key = ?1"), [&key.0], written)
    }

    /// Every launch ever asked for a cluster of this id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn launches_of(&self, uid: &str) -> Stored<Vec<Written>> {
        self.all(&format!("SELECT {COLUMNS} FROM launch WHERE uid = ?1 ORDER BY asked_at, key"), [uid], written)
    }
}

fn written(row: &Row<'_>) -> rusqlite::Result<Written> {
    Ok(Written {
        key: LeaseKey(row.get("key")?),
        cluster: row.get("cluster")?,
        uid: row.get("uid")?,
        cloud: row.get("cloud")?,
        region: row.get("region")?,
        zone: row.get("zone")?,
        instance_type: row.get("instance_type")?,
        accelerators: row.get("accelerators")?,
        capacity: capacity(&row.get::<_, String>("capacity")?),
        nodes: row.get("nodes")?,
        price_hourly: Money(row.get("price_hourly")?),
        stage: Stage::named(&row.get::<_, String>("stage")?),
        asked_at: row.get("asked_at")?,
    })
}

impl Stage {
    /// The name in the file and in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Made => "made",
            Self::Nothing => "nothing",
            Self::Releasing => "releasing",
            Self::Released => "released",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "made" => Self::Made,
            "nothing" => Self::Nothing,
            "releasing" => Self::Releasing,
            "released" => Self::Released,
            _ => Self::Asked,
        }
    }
}
