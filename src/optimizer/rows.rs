//! The table that a user is shown before a launch: the best of each kind, not every candidate.
//!
//! **Invariant:** a row a cloud, accelerator with its count, and terms; the chosen candidate's row is first.

use crate::model::{AcceleratorCount, Candidate, CapacityType, CloudId};

use super::plan::Plan;

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The first candidate of its kind.
    pub candidate: Candidate,
    /// Its accelerators, with the count that users call it by.
    pub accelerators: Option<AcceleratorCount>,
    /// How many candidates are of this kind.
    pub alike: u32,
    /// True for the candidate that is tried first.
    pub chosen: bool,
}

type Kind = (CloudId, Option<AcceleratorCount>, CapacityType);

impl Plan<'_> {
    /// The first candidate of each cloud, accelerator and capacity type, in the plan's order: the chosen one first, then by
    /// preference and cost.
    pub fn rows(&self) -> Vec<Row> {
        let catalog = self.catalog();
        let mut rows: Vec<(Kind, Row)> = Vec::new();
        for (position, ranked) in self.ranked().iter().enumerate() {
            let kind = catalog.row_type(ranked.unit);
            let called = |device: AcceleratorCount| AcceleratorCount {
                count_milli: catalog.presented_count(kind),
                accelerator: device.accelerator,
            };
            let accelerators = catalog.type_accelerator(kind).map(called);
            let key = (catalog.type_cloud(kind), accelerators, self.capacity_at(position));
            if let Some((_, row)) = rows.iter_mut().find(|(known, _)| *known == key) {
                row.alike += 1;
            } else {
                let row = Row { candidate: self.candidate(position), accelerators, alike: 1, chosen: position == 0 };
                rows.push((key, row));
            }
        }
        rows.into_iter().map(|(_, row)| row).collect()
    }
}
