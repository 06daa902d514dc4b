//! One location of each cloud in turn: spreads attempts where one cloud is short as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Candidate, CloudId};

use super::{Choice, Policy, View, walk};

/// Deals the ranking out to the clouds, then collects one of each in turn.
#[derive(Debug, Default)]
pub(super) struct RoundRobin {
    order: Vec<u32>,
    cursor: usize,
}

impl Policy for RoundRobin {
    fn begin(&mut self, candidates: &Arc<[Candidate]>, _luck: u64) {
        self.cursor = 0;
        let mut dealt: BTreeMap<(u16, CloudId), u32> = BTreeMap::new();
        let mut keyed: Vec<(u16, u32, u32)> = Vec::with_capacity(candidates.len());
        for (index, candidate) in candidates.iter().enumerate() {
            let turn = dealt.entry((candidate.preference, candidate.offering.cloud)).or_insert(0);
            keyed.push((candidate.preference, *turn, index as u32));
            *turn += 1;
        }
        keyed.sort_unstable();
        self.order.clear();
        self.order.extend(keyed.into_iter().map(|(_, _, index)| index));
    }

    fn begin_round(&mut self) {
        self.cursor = 0;
    }

    fn choose(&mut self, view: &View<'_>) -> Choice {
        let order = &self.order;
        walk(|at| order.get(at).map(|index| *index as usize), &mut self.cursor, view)
    }
}
