//! A task that is a part of another file, such as the demand of a scenario.

use crate::yaml::{Node, Reader, Source};

use super::flags::{Flags, Overlay};
use super::located::Sheet;
use super::task::{Task, draft};
use super::{chain, known};

/// Reads the task that stands at `node` of a file. Problems go to the reader; those that are found later, when names are
/// looked up, point into `source` too.
pub fn task_of(source: &Source, reader: &Reader, node: &Node) -> Option<Task> {
    let fields = reader.fields(node, "a task")?;
    let drafted = draft(&fields, &Flags::default(), &Overlay::new(&Flags::default()));
    let mut task = chain::link(reader, &[drafted]).pop()?;
    task.sheet = Sheet { name: source.name.to_owned(), text: reader.redacted() };
    Some(task)
}

/// True for a key of a block of resources, and for the lists of alternatives.
pub fn is_resource_key(key: &str) -> bool {
    known::RESOURCES.contains(&key) || ["any_of", "ordered"].contains(&key)
}

/// True for a key of the `failover` block.
pub fn is_failover_key(key: &str) -> bool {
    known::FAILOVER.contains(&key)
}

/// Every key that stands in a block of resources or the `failover` block.
pub fn demand_keys() -> Vec<&'static str> {
    let mut keys: Vec<&str> = known::RESOURCES.to_vec();
    keys.extend(["any_of", "ordered"]);
    keys.extend(known::FAILOVER);
    keys
}
