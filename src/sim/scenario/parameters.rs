//! Named values: `$name` anywhere in a scenario stands for the parameter of that name.
//!
//! **Invariant:** only an unquoted scalar that is nothing but `$name` is replaced, and keeps its own place in the file.

use crate::yaml::{Entry, Map, Node, Reader, Spot, Value, did_you_mean, quote};

use super::codes;

/// Parameters of a file, the command line's values laid over them.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: Vec<Parameter>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    value: Node,
    /// The file that gives it; places in another one mean nothing.
    file: usize,
}

/// Reads `matrix: {name: [values]}`.
pub(super) fn matrix(reader: &Reader, root: &Map, parameters: &Parameters) -> Vec<(String, Vec<String>)> {
    let Some(node) = root.get("matrix").filter(|node| !node.is_null()) else { return Vec::new() };
    let Some(fields) = reader.fields(node, "matrix") else { return Vec::new() };
    let mut axes = Vec::new();
    for Entry { key, key_spot, value } in &fields.map().entries {
        if !parameters.names().any(|name| name == key) {
            let message = format!("no parameter is called {}", quote(key));
            reader.error_code(codes::UNKNOWN_PARAMETER, *key_spot, message, parameters.hint(key));
            continue;
        }
        let items = reader.list(value, key).unwrap_or_default();
        let values: Vec<String> = items.iter().filter_map(|item| reader.string(item, key)).map(str::to_owned).collect();
        if values.is_empty() && value.as_list().is_some() {
            reader.error(value.spot, format!("{key} of matrix needs at least one value"));
        }
        axes.push((key.clone(), values));
    }
    axes
}

impl Parameters {
    /// Takes in the `parameters` of a file, over those of the files before it.
    pub(super) fn take(&mut self, reader: &Reader, root: &Map, file: usize) {
        let Some(entry) = root.entry("parameters").filter(|entry| !entry.value.is_null()) else { return };
        let Some(fields) = reader.fields(&entry.value, "parameters") else { return };
        for Entry { key, value, .. } in &fields.map().entries {
            self.values.retain(|known| known.name != *key);
            self.values.push(Parameter { name: key.clone(), value: value.clone(), file });
        }
    }

    /// Sets a value from the command line. Only what a file names can be set.
    pub(super) fn set(&mut self, reader: &Reader, root: &Map, name: &str, value: &str) {
        if let Some(known) = self.values.iter_mut().find(|known| known.name == name) {
            let mut set = Node::text(value);
            set.spot = known.value.spot;
            known.value = set;
            return;
        }
        let spot = root.entry("parameters").map(|entry| entry.key_spot).unwrap_or_default();
        let message = format!("the scenario has no parameter {} to set", quote(name));
        reader.error_code(codes::UNKNOWN_PARAMETER, spot, message, self.hint(name));
    }

    fn hint(&self, name: &str) -> Option<String> {
        did_you_mean(name, self.names())
    }

    /// The names there are.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|known| known.name.as_str())
    }

    /// The tree of a file with every `$name` replaced.
    pub(super) fn apply(&self, reader: &Reader, node: &Node, file: usize) -> Node {
        let value = match &node.value {
            Value::Scalar(scalar) => match scalar.text.strip_prefix('$').filter(|name| !scalar.quoted && is_name(name))
            {
                Some(name) => return self.lookup(reader, node, name, file),
                None => Value::Scalar(scalar.clone()),
            },
            Value::List(items) => Value::List(items.iter().map(|item| self.apply(reader, item, file)).collect()),
            Value::Map(map) => {
                let apply = |entry: &Entry| Entry { value: self.apply(reader, &entry.value, file), ..entry.clone() };
                Value::Map(Map { entries: map.entries.iter().map(apply).collect() })
            }
        };
        Node { spot: node.spot, value }
    }

    fn lookup(&self, reader: &Reader, node: &Node, name: &str, file: usize) -> Node {
        if let Some(known) = self.values.iter().find(|known| known.name == name) {
            let value = if known.file == file { known.value.clone() } else { placed(&known.value, node.spot) };
            return Node { spot: node.spot, ..value };
        }
        let message = format!("no parameter is called {}", quote(name));
        reader.error_code(codes::UNKNOWN_PARAMETER, node.spot, message, self.hint(name));
        // Left as it is: what is wrong with its text stands at the same place, and is not told.
        node.clone()
    }
}

/// The same value as if all of it stood at this place.
fn placed(node: &Node, spot: Spot) -> Node {
    let value = match &node.value {
        Value::Scalar(scalar) => Value::Scalar(scalar.clone()),
        Value::List(items) => Value::List(items.iter().map(|item| placed(item, spot)).collect()),
        Value::Map(map) => {
            let entry =
                |entry: &Entry| Entry { key: entry.key.clone(), key_spot: spot, value: placed(&entry.value, spot) };
            Value::Map(Map { entries: map.entries.iter().map(entry).collect() })
        }
    };
    Node { spot, value }
}

/// Lower case only, so that a command line's `$HOME` is left alone.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}
