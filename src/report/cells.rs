//! A table before it is drawn: for a terminal, for Markdown, for a page.
//!
//! **Invariant:** every row has a cell for each column, in their order.

use super::grid::Grid;

/// Head and rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Cells {
    /// A table; every row as long as its head.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>, rows: Vec<Vec<String>>) -> Self {
        Self { head: head.into_iter().map(Into::into).collect(), rows }
    }

    /// What the columns are called.
    pub fn head(&self) -> &[String] {
        &self.head
    }

    /// The rows, from the first.
    pub fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// Between rules, for a terminal.
    pub fn lines(&self) -> Vec<String> {
        let mut grid = Grid::new(self.head.clone());
        self.rows.iter().for_each(|row| grid.push(row.clone()));
        grid.lines()
    }

    /// As a Markdown table.
    pub fn markdown(&self) -> Vec<String> {
        let row = |cells: &[String]| format!("| {} |", cells.join(" | ").replace('~', r"\~"));
        let rule = format!("|{}", " --- |".repeat(self.head.len()));
        let mut lines = vec![row(&self.head), rule];
        lines.extend(self.rows.iter().map(|cells| row(cells)));
        lines
    }
}
