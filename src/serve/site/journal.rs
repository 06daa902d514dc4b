//! What was asked and what was said, in the order it happened.
//!
//! **Invariant:** keeps the last entries in memory and no more; a writer gets them all.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;

use serde::Serialize;

/// Entries kept in memory.
const KEPT: usize = 10_000;

/// One thing that happened.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// Counts from 1.
    pub seq: u64,
    /// Virtual seconds since the start.
    pub at: f64,
    /// `launch`, `terminate`, `stop`, `start`, `preempted`
    pub what: &'static str,
    /// The cloud.
    pub cloud: &'static str,
    /// The region.
    pub region: String,
    /// The zone, where one was named or obtained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The vendor's name of the type, with attached devices (`n1-highmem-8+V100:1`).
    pub instance_type: String,
    /// `on-demand` or `spot`
    pub terms: &'static str,
    /// How many nodes were asked for.
    pub nodes: u16,
    /// `accepted`, `refused`, `hangs`; `done` or `failed` for what is not a launch.
    pub outcome: &'static str,
    /// Codes of refusals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// The first refusal's sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Instances that were made or changed, by their number in the site.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<u64>,
    /// When that is known or done, in virtual seconds since the start.
    pub until: f64,
    /// True if the answer was cut off.
    pub lost: bool,
    /// True if an earlier call with the same token made the instances.
    pub repeated: bool,
    /// The tag `sky-owner`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// The tag `sky-cluster`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// The tag `sky-lease`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lease: String,
}

/// The last entries.
#[derive(Default)]
pub(super) struct Journal {
    kept: VecDeque<Arc<Record>>,
    count: u64,
    pub(super) writer: Option<Box<dyn Write + Send>>,
}

impl Journal {
    pub(super) fn add(&mut self, mut record: Record) -> Arc<Record> {
        self.count += 1;
        record.seq = self.count;
        if let Some(writer) = &mut self.writer {
            let line = serde_json::to_string(&record).unwrap_or_default();
            // A full disk must not stop the market; the entry stays in memory.
            let _ = writeln!(writer, "{line}").and_then(|()| writer.flush());
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        let record = Arc::new(record);
        self.kept.push_back(Arc::clone(&record));
        record
    }

    /// The entries kept whose number is above `after`.
    pub(super) fn after(&self, after: u64) -> Vec<Arc<Record>> {
        let from = self.kept.partition_point(|record| record.seq <= after);
        self.kept.range(from..).cloned().collect()
    }
}
