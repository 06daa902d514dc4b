//! Ascending cost, skipping what failed less than a fixed time ago: how Karpenter remembers unavailable offerings
//! (3 minutes on AWS, 30 on GCP, 60 on Azure).

use std::sync::Arc;

use crate::model::{Candidate, Span, Timestamp};

use super::{Choice, Policy, View};

/// Forgets a failure after `age`, and then tries the cheapest again even in the middle of a round.
#[derive(Debug)]
pub(super) struct Ttl {
    age: Span,
    count: usize,
}

impl Ttl {
    pub(super) fn new(age: Span) -> Self {
        Self { age, count: 0 }
    }

    /// The moment from which a candidate may be tried.
    fn ripe_at(&self, candidate: usize, view: &View<'_>) -> Timestamp {
        let remembered = view.field.last_denial(candidate).map_or(Timestamp::ZERO, |(at, _)| at + self.age);
        remembered.max(view.field.open_from(candidate))
    }
}

impl Policy for Ttl {
    fn begin(&mut self, candidates: &Arc<[Candidate]>, _luck: u64) {
        self.count = candidates.len();
    }

    fn begin_round(&mut self) {}

    fn choose(&mut self, view: &View<'_>) -> Choice {
        let mut next = Timestamp::NEVER;
        for candidate in 0..self.count {
            if !view.may_retry && view.field.is_tried(candidate) {
                continue;
            }
            let ripe = self.ripe_at(candidate, view);
            if ripe <= view.now {
                return Choice::Attempt(candidate);
            }
            next = next.min(ripe);
        }
        if view.may_retry && next < Timestamp::NEVER { Choice::Wait(next) } else { Choice::Exhausted }
    }
}
