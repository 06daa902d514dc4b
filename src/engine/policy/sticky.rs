//! Where a launch last succeeded first, then the rest of that region, then ascending cost.

use std::sync::Arc;

use crate::model::{Candidate, Offering, ZoneId};

use super::{Choice, Policy, View, walk};

/// Follows the ranking but for the place that worked last. Without one it is `cheapest`.
#[derive(Debug, Default)]
pub(super) struct Sticky {
    ranked: Option<Arc<[Candidate]>>,
    order: Vec<u32>,
    cursor: usize,
    /// What `order` was made for, so that it is made once a round.
    home: Option<(Offering, Option<ZoneId>)>,
    is_ordered: bool,
}

/// 0 for the same place, 1 for the same region, 2 for elsewhere.
fn distance(candidate: &Candidate, home: &(Offering, Option<ZoneId>)) -> u8 {
    let (offering, zone) = home;
    let here = &candidate.offering;
    if here.region != offering.region {
        return 2;
    }
    let same_zone = zone.is_none_or(|zone| candidate.zones.as_slice().contains(&zone));
    u8::from(here.instance_type != offering.instance_type || !same_zone)
}

impl Policy for Sticky {
    fn begin(&mut self, candidates: &Arc<[Candidate]>, _luck: u64) {
        self.ranked = Some(Arc::clone(candidates));
        self.is_ordered = false;
        self.cursor = 0;
    }

    fn begin_round(&mut self) {
        self.is_ordered = false;
        self.cursor = 0;
    }

    fn choose(&mut self, view: &View<'_>) -> Choice {
        if !self.is_ordered {
            self.home = view.memory.last_launched;
            let candidates = view.field.candidates();
            self.order.clear();
            self.order.extend(0..candidates.len() as u32);
            if let Some(home) = &self.home {
                // The sort is stable, so what is equally near stays in the order of its cost.
                self.order.sort_by_key(|index| {
                    let candidate = &candidates[*index as usize];
                    (candidate.preference, distance(candidate, home))
                });
            }
            self.is_ordered = true;
        }
        let order = &self.order;
        walk(|at| order.get(at).map(|index| *index as usize), &mut self.cursor, view)
    }
}
