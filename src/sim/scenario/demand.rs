//! What a scenario wants: a task of the task language, or its keys written flat.

use crate::model::Span;
use crate::request::{Task, demand_keys, is_failover_key, is_resource_key, task_of};
use crate::sim::law::Law;
use crate::sim::market::{Gap, Job};
use crate::yaml::{Entry, Map, Node, Reader, Source, Value};

use super::{laws, work};

/// One demand of a scenario.
#[derive(Debug, Clone)]
pub struct DemandSpec {
    /// The task.
    pub task: Task,
    /// When it arrives.
    pub at: Span,
    /// How long it is needed; `None` for ever.
    pub hold: Option<Law>,
    /// How long after the one before it it arrives; `None`: at its time.
    pub gap: Option<Gap>,
    /// What it is wanted for, if that outlives the machines.
    pub job: Option<Job>,
    /// Its place in the list of the file.
    pub(super) line: usize,
    /// Which of those that the line stands for.
    pub(super) nth: usize,
}

impl DemandSpec {
    /// Names its luck: its place in the list, and which of those it is.
    pub(super) fn label(&self) -> String {
        if self.nth == 0 { self.line.to_string() } else { format!("{}#{}", self.line, self.nth) }
    }
}

/// Keys of our own, beside those of the task language.
pub(super) const OURS: &[&str] = &["task", "at", "hold", "count", "arrivals", "job", "name", "nodes", "num_nodes"];

/// Reads one line of demands, which may stand for many; `line` is its place in the list.
pub(super) fn read(source: &Source, reader: &Reader, node: &Node, line: usize) -> Vec<DemandSpec> {
    one(source, reader, node, line).unwrap_or_default()
}

fn one(source: &Source, reader: &Reader, node: &Node, line: usize) -> Option<Vec<DemandSpec>> {
    let fields = reader.fields(node, "a demand")?;
    let task = if let Some(task) = fields.get("task") {
        fields.only(&["task", "at", "hold", "count", "arrivals", "job"]);
        task_of(source, reader, task)
    } else {
        let mut known = OURS.to_vec();
        known.extend(demand_keys());
        fields.only(&known);
        task_of(source, reader, &unfolded(node, fields.map()))
    };
    let at = fields.parsed("at").unwrap_or(Span::ZERO);
    let hold = fields.get("hold").map(|node| laws::read(reader, node, "hold"));
    let job = fields.get("job").map(|node| work::job(reader, node));
    if let (Some(node), Some(_)) = (fields.get("job"), &hold) {
        reader.error(node.spot, "either hold or job, not both: a job holds its machines until its work is done");
    }
    let crowd = work::Crowd::read(&fields);
    let task = task?;
    let each = |n: usize| DemandSpec {
        task: task.clone(),
        at,
        hold: hold.clone().flatten(),
        gap: crowd.gap(n),
        job: job.clone().flatten(),
        line,
        nth: n,
    };
    Some((0..crowd.count).map(each).collect())
}

/// `{gpus: V100, max_wait: 1h}` as `{resources: {gpus: V100}, failover: {max_wait: 1h}}`, every part in its own place.
fn unfolded(node: &Node, map: &Map) -> Node {
    let part = |wanted: &dyn Fn(&str) -> bool| -> Vec<Entry> {
        map.entries.iter().filter(|entry| wanted(&entry.key)).cloned().collect()
    };
    let group = |key: &str, entries: Vec<Entry>| Entry {
        key: key.to_owned(),
        key_spot: node.spot,
        value: Node { spot: node.spot, value: Value::Map(Map { entries }) },
    };
    let mut entries = vec![group("resources", part(&is_resource_key))];
    let failover = part(&is_failover_key);
    if !failover.is_empty() {
        entries.push(group("failover", failover));
    }
    entries.extend(part(&|key| key == "name" || key == "num_nodes"));
    entries.extend(part(&|key| key == "nodes").into_iter().map(|entry| Entry { key: "num_nodes".to_owned(), ..entry }));
    Node { spot: node.spot, value: Value::Map(Map { entries }) }
}
