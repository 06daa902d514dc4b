//! Names to small numbers while reading.
//!
//! **Invariant:** numbers count up in order of first appearance; nothing depends on the order of a map.

use std::collections::HashMap;

/// A set of names, each with a number.
#[derive(Default)]
pub(super) struct Interner {
    ids: HashMap<Box<[u8]>, u32>,
    names: Vec<String>,
    last: u32,
}

impl Interner {
    /// The number of `name`, new or known; `None` if it is not UTF-8.
    pub(super) fn intern(&mut self, name: &[u8]) -> Option<u32> {
        // Tables come sorted, so the name is mostly that of the row before.
        if self.names.get(self.last as usize).is_some_and(|last| last.as_bytes() == name) {
            return Some(self.last);
        }
        let id = if let Some(&id) = self.ids.get(name) {
            id
        } else {
            let text = std::str::from_utf8(name).ok()?;
            let id = self.names.len() as u32;
            self.names.push(text.to_owned());
            self.ids.insert(name.into(), id);
            id
        };
        self.last = id;
        Some(id)
    }

    /// All names, by number.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of a number.
    pub(super) fn name(&self, id: u32) -> &str {
        &self.names[id as usize]
    }
}
