//! The tree: scalars, lists and mappings, each with its place in the text.

use super::Spot;

/// One document of a stream (`---` separates them).
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The top of the tree; a null scalar if the document is empty.
    pub root: Node,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value was written; for an alias, where the alias is.
    pub spot: Spot,
    /// The value.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A single value, kept as text: what it means depends on who reads it.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Map),
}

/// A single value as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, without quotes and with escapes resolved; empty for a null.
    pub text: String,
    /// Written with quotes or as a block, so certainly a string.
    pub quoted: bool,
    /// An unquoted nothing: `null`, `~` or no text at all.
    pub null: bool,
}

/// A mapping in the order of the file. Keys are unique.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// The pairs.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands.
    pub key_spot: Spot,
    /// The value; a null scalar where there is none.
    pub value: Node,
}

impl Map {
    /// The value under `key`, null or not.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// The pair under `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key == key)
    }
}

impl Node {
    /// A string that stands nowhere in a file, such as the value of a flag.
    pub fn text(text: &str) -> Self {
        let scalar = Scalar { text: text.to_owned(), quoted: true, null: false };
        Self { spot: Spot::default(), value: Value::Scalar(scalar) }
    }

    /// A mapping with one pair that stands nowhere in a file.
    pub fn pair(key: &str, value: Self) -> Self {
        let entry = Entry { key: key.to_owned(), key_spot: Spot::default(), value };
        Self { spot: Spot::default(), value: Value::Map(Map { entries: vec![entry] }) }
    }

    /// True for `null`, `~` and an empty value.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(s) if s.null)
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        if let Value::Scalar(scalar) = &self.value { Some(scalar) } else { None }
    }

    /// The text of a scalar that is not null.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().filter(|s| !s.null).map(|s| s.text.as_str())
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Node]> {
        if let Value::List(items) = &self.value { Some(items) } else { None }
    }

    /// The pairs, if it is a mapping.
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    /// As JSON, for checks against a schema: unquoted numbers, booleans and nothing become what they look like.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Scalar(scalar) => scalar.to_json(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(map) => map.entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect(),
        }
    }

    /// What it is, for messages: `a list`, `a mapping`, `nothing`, `'text'`.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Scalar(s) if s.null => "nothing".to_owned(),
            Value::Scalar(s) => super::quote(&s.text),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }
}

impl Scalar {
    fn to_json(&self) -> serde_json::Value {
        if self.null {
            return serde_json::Value::Null;
        }
        let plain = (!self.quoted).then_some(self.text.as_str());
        match plain {
            Some("true" | "True" | "TRUE" | "yes" | "on") => true.into(),
            Some("false" | "False" | "FALSE" | "no" | "off") => false.into(),
            Some(text) if text.parse::<i64>().is_ok() => text.parse::<i64>().unwrap_or_default().into(),
            Some(text) if text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
                text.parse::<f64>().map_or_else(|_| text.into(), Into::into)
            }
            _ => self.text.as_str().into(),
        }
    }
}
