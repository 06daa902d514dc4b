//! What exists: groups and resources by id, and the operations that are under way.
//!
//! **Invariant:** what is to be gone at a moment is gone when it is next looked at; a machine's power is the market's to
//! tell, never kept here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::Timestamp;
use crate::serve::site::InstanceId;

/// A group or a resource.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// As it is answered, without what the market tells.
    pub(super) value: Value,
    /// When it will be gone, once it is being deleted.
    pub(super) gone: Option<Timestamp>,
    /// The machine's instance in the market; none for one that found no room.
    pub(super) instance: Option<InstanceId>,
    /// When its failure shows.
    pub(super) fails: Option<Timestamp>,
    /// Shut down from inside: it holds its place and is billed.
    pub(super) powered_off: bool,
}

impl Stored {
    pub(super) fn of(value: Value) -> Self {
        Self { value, gone: None, instance: None, fails: None, powered_off: false }
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_default()
    }
}

/// An asynchronous operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) began: Timestamp,
    /// When its end is known.
    pub(super) ends: Timestamp,
    /// Why it fails; none if it succeeds.
    pub(super) error: Option<Value>,
}

/// Operations that are remembered.
const REMEMBERED: usize = 20_000;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// The reset of the site that this belongs to.
    pub(super) generation: u64,
    resources: BTreeMap<String, Stored>,
    operations: BTreeMap<u64, Operation>,
    /// Spot machines that may be taken back.
    spot: BTreeSet<String>,
    next: u64,
}

/// How ids are compared.
fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

impl Store {
    /// Nothing, after a reset.
    pub(super) fn of(generation: u64) -> Self {
        Self { generation, ..Self::default() }
    }

    /// Forgets what is gone by now.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.resources.retain(|_, stored| stored.gone.is_none_or(|at| at > now));
    }

    pub(super) fn get(&self, id: &str) -> Option<&Stored> {
        self.resources.get(&key(id))
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Stored> {
        self.resources.get_mut(&key(id))
    }

    pub(super) fn put(&mut self, id: &str, stored: Stored) {
        self.resources.insert(key(id), stored);
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.resources.remove(&key(id));
    }

    /// Those whose id begins so, by id.
    pub(super) fn below(&self, prefix: &str) -> impl Iterator<Item = &Stored> {
        let prefix = key(prefix);
        self.resources
            .range(prefix.clone()..)
            .take_while(move |(id, _)| id.starts_with(&prefix))
            .map(|(_, stored)| stored)
    }

    /// The ids of those.
    pub(super) fn ids_below(&self, prefix: &str) -> Vec<String> {
        self.below(prefix).map(|stored| stored.text("id").to_owned()).collect()
    }

    /// Remembers an operation and names it.
    pub(super) fn begin(&mut self, operation: Operation) -> u64 {
        self.next += 1;
        self.operations.insert(self.next, operation);
        while self.operations.len() > REMEMBERED {
            self.operations.pop_first();
        }
        self.next
    }

    pub(super) fn watch(&mut self, id: &str) {
        self.spot.insert(key(id));
    }

    pub(super) fn unwatch(&mut self, id: &str) {
        self.spot.remove(&key(id));
    }

    pub(super) fn watched(&self) -> Vec<String> {
        self.spot.iter().cloned().collect()
    }

    pub(super) fn operation(&self, number: u64) -> Option<&Operation> {
        self.operations.get(&number)
    }

    /// Ids of resources that name this one anywhere in their body.
    pub(super) fn users_of(&self, id: &str, among: &str) -> Vec<String> {
        let id = key(id);
        let names = |stored: &&Stored| mentions(&stored.value["properties"], &id);
        self.below(among)
            .filter(|stored| stored.gone.is_none())
            .filter(names)
            .map(|stored| stored.text("id").to_owned())
            .collect()
    }
}

/// Whether some `"id"` below is this one, or lies below it.
fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, inner)| {
            let is =
                |text: &str| key(text).strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            (name == "id" && inner.as_str().is_some_and(is)) || mentions(inner, id)
        }),
        Value::Array(items) => items.iter().any(|item| mentions(item, id)),
        _ => false,
    }
}

/// A name made to look like a GUID; the same for the same name.
pub(super) fn guid(name: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// The head of every resource.
pub(super) fn head(id: &str, kind: &str, body: &Value) -> Value {
    let name = id.rsplit('/').next().unwrap_or_default();
    let mut value = json!({"id": id, "name": name, "type": kind, "location": location(&body["location"])});
    for field in ["tags", "sku", "zones"] {
        if !body[field].is_null() {
            value[field] = body[field].clone();
        }
    }
    value
}

/// `East US` is `eastus`.
pub(super) fn location(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase()
}
