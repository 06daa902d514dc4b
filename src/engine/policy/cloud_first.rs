//! All locations of the cheapest cloud's instance type, cheapest first; then the next cheapest cloud or type.

use std::sync::Arc;

use crate::model::{Candidate, CapacityType, CloudId, TypeId};

use super::{Choice, Policy, View, walk};

/// Groups the ranking by cloud and instance type. A group stands where its cheapest member stands, so a dearer
/// type of the same cloud does not go before another cloud's cheaper one.
#[derive(Debug, Default)]
pub(super) struct CloudFirst {
    order: Vec<u32>,
    /// What `order` was made for; many trials pursue the same demand.
    ranked: Option<Arc<[Candidate]>>,
    cursor: usize,
}

/// What is exhausted together. Preference keeps an `ordered` list strict even where two of its entries name the same type.
type Group = (u16, CloudId, TypeId, CapacityType);

impl Policy for CloudFirst {
    fn begin(&mut self, candidates: &Arc<[Candidate]>, _luck: u64) {
        self.cursor = 0;
        if !self.ranked.as_ref().is_some_and(|known| Arc::ptr_eq(known, candidates)) {
            self.order = order(candidates);
            self.ranked = Some(Arc::clone(candidates));
        }
    }

    fn begin_round(&mut self) {
        self.cursor = 0;
    }

    fn choose(&mut self, view: &View<'_>) -> Choice {
        let order = &self.order;
        walk(|at| order.get(at).map(|i| *i as usize), &mut self.cursor, view)
    }
}

fn order(candidates: &[Candidate]) -> Vec<u32> {
    let mut first_of: std::collections::BTreeMap<Group, u32> = std::collections::BTreeMap::new();
    let mut keyed: Vec<(u16, u32, u32)> = Vec::with_capacity(candidates.len());
    for (index, candidate) in candidates.iter().enumerate() {
        let offering = &candidate.offering;
        let group = (candidate.preference, offering.cloud, offering.instance_type, offering.capacity);
        let first = *first_of.entry(group).or_insert(index as u32);
        keyed.push((candidate.preference, first, index as u32));
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, _, index)| index).collect()
}
