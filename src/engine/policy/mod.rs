//! Failover strategies: which candidate next. One file a policy.
//!
//! **Invariant:** a policy only chooses; it makes no call, keeps no time, and is told of luck by a seed.
//!
//! To add one: write its file with a type that implements [`Policy`], give it a variant in [`PolicyName`], a name in
//! [`PolicyName::ALL`] and an arm in `make`.

mod cheapest;
mod cloud_first;
mod random;
mod round_robin;
mod sticky;
mod ttl;

use std::sync::Arc;

use std::fmt;
use std::str::FromStr;

use crate::model::{Candidate, Offering, ParseUnitError, Span, Timestamp, ZoneId};

use super::Field;

/// What a policy sees when it chooses.
pub struct View<'a> {
    /// The time.
    pub now: Timestamp,
    /// The candidates and what is known of each.
    pub field: &'a Field,
    /// What earlier demands of the same engine have taught.
    pub memory: &'a Memory,
    /// True if the pursuit goes on after every candidate has been refused.
    pub may_retry: bool,
}

/// What outlives a demand within one engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Where a launch last succeeded.
    pub last_launched: Option<(Offering, Option<ZoneId>)>,
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
    /// One location of each cloud in turn.
    RoundRobin,
    /// Any order, drawn anew each round.
    Random,
    /// Where it last worked first, then ascending cost.
    Sticky,
    /// Ascending cost, skipping what failed less than this ago.
    Ttl(Span),
}

impl PolicyName {
    /// Every policy, in the order they are listed; those with a parameter at its usual value.
    pub const ALL: [Self; 6] = [
        Self::CloudFirst,
        Self::Cheapest,
        Self::RoundRobin,
        Self::Random,
        Self::Sticky,
        Self::Ttl(Span::from_secs(180)),
    ];

    /// The name it is selected by, without its parameter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CloudFirst => "cloud-first",
            Self::Cheapest => "cheapest",
            Self::RoundRobin => "round-robin",
            Self::Random => "random",
            Self::Sticky => "sticky",
            Self::Ttl(_) => "ttl",
        }
    }

    /// What it does, in a line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::CloudFirst => "every location of the cheapest cloud's instance type, then the next cheapest",
            Self::Cheapest => "ascending price over all clouds, regions and zones",
            Self::RoundRobin => "one location of each cloud in turn, cheapest first within a cloud",
            Self::Random => "any order, drawn anew each round (an ordered list stays strict)",
            Self::Sticky => "where a launch last succeeded, then its region, then ascending price",
            Self::Ttl(_) => "ascending price, skipping what failed less than the given time ago: ttl(3m)",
        }
    }
}

/// `cloud-first`, or `ttl(3m00s)` with its parameter.
impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ttl(age) => f.pad(&format!("ttl({age})")),
            other => f.pad(other.name()),
        }
    }
}

/// Reads what [`PolicyName::name`] or `Display` wrote.
impl FromStr for PolicyName {
    type Err = ParseUnitError;
    fn from_str(text: &str) -> Result<Self, ParseUnitError> {
        let text = text.trim();
        if let Some(age) = text.strip_prefix("ttl(").and_then(|rest| rest.strip_suffix(')')) {
            return Ok(Self::Ttl(age.parse()?));
        }
        Self::ALL.into_iter().find(|policy| policy.name() == text).ok_or_else(|| ParseUnitError {
            found: text.to_owned(),
            expected: "a policy: cloud-first, cheapest, round-robin, random, sticky or ttl(3m)",
        })
    }
}

/// Makes a policy.
pub(crate) fn make(name: PolicyName) -> Box<dyn Policy> {
    match name {
        PolicyName::CloudFirst => Box::new(cloud_first::CloudFirst::default()),
        PolicyName::Cheapest => Box::new(cheapest::Cheapest::default()),
        PolicyName::RoundRobin => Box::new(round_robin::RoundRobin::default()),
        PolicyName::Random => Box::new(random::Random::default()),
        PolicyName::Sticky => Box::new(sticky::Sticky::default()),
        PolicyName::Ttl(age) => Box::new(ttl::Ttl::new(age)),
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
