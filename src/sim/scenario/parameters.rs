//! Named values: `$name` anywhere in a scenario stands for the parameter of that name.
//!
//! **Invariant:** only an unquoted scalar that is nothing but `$name` is replaced, and keeps its own place in the file.

use crate::yaml::{Entry, Map, Node, Reader, Scalar, Value, did_you_mean, quote};

use super::codes;

/// Parameters of a file, the command line's values laid over them.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: Vec<(String, Node)>,
}

impl Parameters {
    /// From the file's `parameters` and `name=value` settings. Only what the file names can be set.
    pub(super) fn read(reader: &Reader, root: &Map, settings: &[(String, String)]) -> Self {
        let mut values: Vec<(String, Node)> = Vec::new();
        if let Some(entry) = root.entry("parameters").filter(|entry| !entry.value.is_null())
            && let Some(fields) = reader.fields(&entry.value, "parameters")
        {
            values.extend(fields.map().entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())));
        }
        let mut parameters = Self { values };
        for (name, value) in settings {
            parameters.set(reader, root, name, value);
        }
        parameters
    }

    fn set(&mut self, reader: &Reader, root: &Map, name: &str, value: &str) {
        if let Some((_, node)) = self.values.iter_mut().find(|(known, _)| known == name) {
            let mut set = Node::text(value);
            set.spot = node.spot;
            *node = set;
            return;
        }
        let spot = root.entry("parameters").map(|entry| entry.key_spot).unwrap_or_default();
        let message = format!("the scenario has no parameter {} to set", quote(name));
        reader.error_code(codes::UNKNOWN_PARAMETER, spot, message, self.hint(name));
    }

    fn hint(&self, name: &str) -> Option<String> {
        did_you_mean(name, self.values.iter().map(|(known, _)| known.as_str()))
    }

    /// The tree with every `$name` replaced.
    pub(super) fn apply(&self, reader: &Reader, node: &Node) -> Node {
        let value = match &node.value {
            Value::Scalar(scalar) => match scalar.text.strip_prefix('$').filter(|name| !scalar.quoted && is_name(name))
            {
                Some(name) => return self.lookup(reader, node, name),
                None => Value::Scalar(scalar.clone()),
            },
            Value::List(items) => Value::List(items.iter().map(|item| self.apply(reader, item)).collect()),
            Value::Map(map) => {
                let apply = |entry: &Entry| Entry { value: self.apply(reader, &entry.value), ..entry.clone() };
                Value::Map(Map { entries: map.entries.iter().map(apply).collect() })
            }
        };
        Node { spot: node.spot, value }
    }

    fn lookup(&self, reader: &Reader, node: &Node, name: &str) -> Node {
        if let Some((_, value)) = self.values.iter().find(|(known, _)| known == name) {
            return Node { spot: node.spot, value: value.value.clone() };
        }
        let message = format!("no parameter is called {}", quote(name));
        reader.error_code(codes::UNKNOWN_PARAMETER, node.spot, message, self.hint(name));
        // As if it were not given, so that one mistake is one error.
        let nothing = Scalar { text: String::new(), quoted: false, null: true };
        Node { spot: node.spot, value: Value::Scalar(nothing) }
    }
}

/// Lower case only, so that a command line's `$HOME` is left alone.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}
