//! What is wrong with a price table, where, and what to do about it.
//!
//! **Invariant:** a value; nothing is printed here.

use std::fmt;

use super::Tables;

/// A table that cannot be used: which file, line and column, what was found there, what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError {
    /// The file, as it was named when read.
    pub file: String,
    /// Counted from 1, the header being line 1; `None` if the whole file is meant.
    pub line: Option<u64>,
    /// The column's name in the header.
    pub column: Option<String>,
    /// What is wrong: what was found and what was expected.
    pub problem: String,
    /// The likely remedy.
    pub hint: String,
}

impl CatalogError {
    /// An error about a whole file.
    pub fn file(file: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: None, problem: problem.into(), hint: hint.into() }
    }

    /// An error about one line.
    pub fn line(file: &str, line: u64, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::file(file, problem, hint) }
    }

    /// An error about one cell.
    pub fn cell(file: &str, line: u64, column: &str, found: &[u8], expected: &str, hint: &str) -> Self {
        let found = String::from_utf8_lossy(found);
        let problem = if found.is_empty() {
            format!("the cell is empty, expected {expected}")
        } else {
            format!("found '{found}', expected {expected}")
        };
        Self { column: Some(column.to_owned()), ..Self::line(file, line, problem, hint) }
    }

    pub(super) fn no_tables(tables: &Tables) -> Self {
        let given: Vec<_> = tables.names().collect();
        let given = if given.is_empty() { "nothing".to_owned() } else { given.join(", ") };
        Self::file(
            "catalog",
            format!("no instance types: found {given}, expected aws.csv, gcp.csv or azure.csv"),
            "give a folder with at least one of aws.csv, gcp.csv, azure.csv (or aws/vms.csv, gcp/vms.csv, azure/vms.csv)",
        )
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ": {column}")?;
        }
        write!(f, ": {}\n  hint: {}", self.problem, self.hint)
    }
}

impl std::error::Error for CatalogError {}
