//! Ascending cost over all clouds, regions and zones: the order of the optimizer's ranking itself.

use std::sync::Arc;

use crate::model::Candidate;

use super::{Choice, Policy, View, walk};

/// Tries the ranking from the top.
#[derive(Debug, Default)]
pub(super) struct Cheapest {
    cursor: usize,
    count: usize,
}

impl Policy for Cheapest {
    fn begin(&mut self, candidates: &Arc<[Candidate]>, _luck: u64) {
        self.count = candidates.len();
        self.cursor = 0;
    }

    fn begin_round(&mut self) {
        self.cursor = 0;
    }

    fn choose(&mut self, view: &View<'_>) -> Choice {
        let count = self.count;
        walk(|at| (at < count).then_some(at), &mut self.cursor, view)
    }
}
