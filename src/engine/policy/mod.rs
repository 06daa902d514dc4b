//! Failover strategies: which candidate next. One file a policy.
//!
//! **Invariant:** a policy only chooses; it makes no call, keeps no time, and is told of luck by a seed.
//!
//! To add one: write its file with a type that implements [`Policy`], give it a variant in [`PolicyName`], a name in
//! [`PolicyName::ALL`] and an arm in [`make`].

mod cheapest;
mod cloud_first;

use std::sync::Arc;

use crate::model::{Candidate, Timestamp};

use super::Field;

/// What a policy sees when it chooses.
pub struct View<'a> {
    /// The time.
    pub now: Timestamp,
    /// The candidates and what is known of each.
    pub field: &'a Field,
}

/// What a policy wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Attempt this candidate (its position in the ranking). It must be open.
    Attempt(usize),
    /// Nothing before then.
    Wait(Timestamp),
    /// This round has nothing left to try.
    Exhausted,
}

/// A failover strategy for one demand.
pub trait Policy: Send {
    /// A new demand. `candidates` are in the optimizer's ranking; `luck` seeds the stream of a policy that draws.
    fn begin(&mut self, candidates: &Arc<[Candidate]>, luck: u64);

    /// A new round over the candidates begins.
    fn begin_round(&mut self);

    /// The next step. Called again after every denial.
    fn choose(&mut self, view: &View<'_>) -> Choice;
}

/// The policies by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PolicyName {
    /// All locations of the cheapest cloud's instance type, then the next cheapest. The default.
    #[default]
    CloudFirst,
    /// Ascending cost over everything.
    Cheapest,
}

impl PolicyName {
    /// Every policy, in the order they are listed.
    pub const ALL: [Self; 2] = [Self::CloudFirst, Self::Cheapest];

    /// The name it is selected by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CloudFirst => "cloud-first",
            Self::Cheapest => "cheapest",
        }
    }

    /// What it does, in a line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::CloudFirst => "every location of the cheapest cloud's instance type, then the next cheapest",
            Self::Cheapest => "ascending price over all clouds, regions and zones",
        }
    }

    /// The policy of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// Makes a policy.
pub(crate) fn make(name: PolicyName) -> Box<dyn Policy> {
    match name {
        PolicyName::CloudFirst => Box::new(cloud_first::CloudFirst::default()),
        PolicyName::Cheapest => Box::new(cheapest::Cheapest::default()),
    }
}

/// The next open, untried candidate at or after `cursor` in an order; moves the cursor past what it leaves behind.
/// Within a round an order is walked once, so a block that ends behind the cursor is for the next round.
fn walk(order: impl Fn(usize) -> Option<usize>, cursor: &mut usize, view: &View<'_>) -> Choice {
    while let Some(candidate) = order(*cursor) {
        *cursor += 1;
        if !view.field.is_tried(candidate) && view.field.is_open(candidate, view.now) {
            return Choice::Attempt(candidate);
        }
    }
    Choice::Exhausted
}
