//! The source text of a catalog: CSV files by name.
//!
//! **Invariant:** no IO; a later file of the same name replaces the earlier one.

use sha2::{Digest, Sha256};

/// One CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// How errors call it: a file name, or a path.
    pub name: String,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// The files a catalog is built from, by role: `aws`, `azure`, `gcp`, `egress`, `spot_interruption`,
/// `default_quotas`, `sources`. Only one of the first three is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables {
    /// Sorted by role.
    files: Vec<(String, Table)>,
}

impl Tables {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `role`'s file under its usual name (`aws` is `aws.csv`).
    #[must_use]
    pub fn with(mut self, role: &str, text: impl Into<Vec<u8>>) -> Self {
        let name = format!("{role}.csv");
        self.insert(role, Table { name, text: text.into() });
        self
    }

    /// Sets `role`'s file.
    pub fn insert(&mut self, role: &str, table: Table) {
        match self.files.binary_search_by(|(name, _)| name.as_str().cmp(role)) {
            Ok(at) => self.files[at].1 = table,
            Err(at) => self.files.insert(at, (role.to_owned(), table)),
        }
    }

    /// `role`'s file, if given.
    pub fn get(&self, role: &str) -> Option<&Table> {
        let at = self.files.binary_search_by(|(name, _)| name.as_str().cmp(role)).ok()?;
        Some(&self.files[at].1)
    }

    /// The names of the files, in order of their roles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(_, table)| table.name.as_str())
    }

    /// SHA-256 over all files, as 64 hexadecimal digits: role, length and bytes of each, in order of roles, so
    /// that it does not depend on where the files lay.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (role, table) in &self.files {
            hash.update(role.as_bytes());
            hash.update([0]);
            hash.update((table.text.len() as u64).to_le_bytes());
            hash.update(&table.text);
        }
        hash.finalize().iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect()
    }
}

fn hex_digit(value: u8) -> char {
    char::from_digit(value as u32, 16).unwrap_or('0')
}
