//! What ran when, at the price it was launched for.

use rusqlite::params;

use super::clusters::capacity;
use super::{Store, Stored};
use crate::cloud::LeaseKey;
use crate::model::{CapacityType, Money, Span};

/// What one launch has cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The cluster, as the user called it.
    pub cluster: String,
    /// The same for ever.
    pub uid: String,
    /// The launch.
    pub key: LeaseKey,
    /// `aws`
    pub cloud: String,
    /// `us-east-2`
    pub region: String,
    /// `p3.2xlarge`
    pub instance_type: String,
    /// `V100:8`
    pub accelerators: Option<String>,
    /// On what terms.
    pub capacity: CapacityType,
    /// How many nodes were ordered.
    pub nodes: u16,
    /// Price of one node, in dollars per hour, as it was at the launch.
    pub price_hourly: Money,
    /// When it was asked for.
    pub asked_at: i64,
    /// How long it ran, up to now if it still does.
    pub ran: Span,
    /// It runs now.
    pub running: bool,
}

impl Usage {
    /// What it has cost, all nodes.
    pub fn cost(&self) -> Money {
        (self.price_hourly * i64::from(self.nodes)).over(self.ran)
    }
}

impl Store {
    /// It begins to cost.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin_usage(&self, key: &LeaseKey, now: i64) -> Stored<()> {
        self.change(|tx| {
            tx.execute(
                "INSERT INTO usage (key, from_at) SELECT ?1, ?2 WHERE NOT EXISTS \
                 (SELECT 1 FROM usage WHERE key = ?1 AND to_at IS NULL)",
                params![key.0, now],
            )
        })?;
        Ok(())
    }

    /// It costs no more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn end_usage(&self, key: &LeaseKey, now: i64) -> Stored<()> {
        self.change(|tx| {
            tx.execute("UPDATE usage SET to_at = ?2 WHERE key = ?1 AND to_at IS NULL", params![key.0, now])
        })?;
        Ok(())
    }

    /// Every launch that ever held machines, by when it was asked for.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn usage(&self, now: i64) -> Stored<Vec<Usage>> {
        let sql = "SELECT launch.*, sum(coalesce(to_at, ?1) - from_at) AS ran, max(to_at IS NULL) AS running \
                   FROM launch JOIN usage USING (key) GROUP BY key ORDER BY asked_at, key";
        self.all(sql, [now], |row| {
            Ok(Usage {
                cluster: row.get("cluster")?,
                uid: row.get("uid")?,
                key: LeaseKey(row.get("key")?),
                cloud: row.get("cloud")?,
                region: row.get("region")?,
                instance_type: row.get("instance_type")?,
                accelerators: row.get("accelerators")?,
                capacity: capacity(&row.get::<_, String>("capacity")?),
                nodes: row.get("nodes")?,
                price_hourly: Money(row.get("price_hourly")?),
                asked_at: row.get("asked_at")?,
                ran: Span::from_secs(row.get::<_, i64>("ran")?.max(0) as u64),
                running: row.get("running")?,
            })
        })
    }
}
