//! Any order, drawn anew each round: the baseline that knows nothing.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::model::Candidate;

use super::{Choice, Policy, View, walk};

/// Shuffles the ranking, but never across the ranks of an `ordered` list.
#[derive(Debug)]
pub(super) struct Random {
    order: Vec<u32>,
    /// Ends of the runs of equal preference in `order`.
    runs: Vec<usize>,
    stream: Xoshiro256PlusPlus,
    cursor: usize,
}

impl Default for Random {
    fn default() -> Self {
        let stream = Xoshiro256PlusPlus::seed_from_u64(0);
        Self { order: Vec::new(), runs: Vec::new(), stream, cursor: 0 }
    }
}

impl Policy for Random {
    fn begin(&mut self, candidates: &Arc<[Candidate]>, luck: u64) {
        self.stream = Xoshiro256PlusPlus::seed_from_u64(luck);
        self.order.clear();
        self.order.extend(0..candidates.len() as u32);
        self.order.sort_by_key(|index| candidates[*index as usize].preference);
        self.runs.clear();
        for at in 1..=candidates.len() {
            let rank = |position: usize| candidates[self.order[position] as usize].preference;
            if at == candidates.len() || rank(at) != rank(at - 1) {
                self.runs.push(at);
            }
        }
    }

    fn begin_round(&mut self) {
        self.cursor = 0;
        let mut start = 0;
        for end in &self.runs {
            self.order[start..*end].shuffle(&mut self.stream);
            start = *end;
        }
    }

    fn choose(&mut self, view: &View<'_>) -> Choice {
        let order = &self.order;
        walk(|at| order.get(at).map(|index| *index as usize), &mut self.cursor, view)
    }
}
