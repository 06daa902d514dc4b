//! Failover strategies: which candidate next. One file a policy.
//!
//! **Invariant:** a policy only chooses; it makes no call, keeps no time, and is told of luck by a seed.
//!
//! # Adding one
//!
//! A policy is a type that implements [`Policy`]. To try it, hand it to the engine as a [`Recipe`]; nothing of this crate
//! need change:
//!
//! ```
#![doc = include_str!("../../../examples/policy.rs")]
//! ```
//!
//! To ship it, put the type into a file of its own beside this one and add its line to `policies!` below (and the file's
//! `mod`). Its name is then known to `--policies`, to scenario files and their schema, to `sky-sim strategies` and to
//! completion, and the property tests of the engine and of the market run it through their storms.

mod cheapest;
mod cloud_first;
mod random;
mod round_robin;
mod sticky;
mod ttl;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

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

/// How to make a policy that has no name of its own here: one under trial, or a program's own.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// What it is called in tables and journals.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Makes one.
    pub make: fn() -> Box<dyn Policy>,
}

/// The names of the policies, all that is told of them, and how they are made, from one line each.
macro_rules! policies {
    ($($(#[$default:ident])? $policy:ident = $name:literal from $module:ident: $summary:literal;)+) => {
        /// The policies by name.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum PolicyName {
            $(#[doc = $summary] $(#[$default])? $policy,)+
            /// Ascending cost, skipping what failed less than this ago.
            Ttl(Span),
            /// One that is not listed.
            Custom(Recipe),
        }

        impl PolicyName {
            /// Every policy, in the order they are listed; those with a parameter at its usual value.
            pub const ALL: [Self; [$($name),+].len() + 1] = [$(Self::$policy,)+ Self::Ttl(Span::from_secs(180))];

            /// The name it is selected by, without its parameter.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$policy => $name,)+
                    Self::Ttl(_) => "ttl",
                    Self::Custom(recipe) => recipe.name,
                }
            }

            /// What it does, in a line.
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$policy => $summary,)+
                    Self::Ttl(_) => "ascending price, skipping what failed less than the given time ago: ttl(3m)",
                    Self::Custom(recipe) => recipe.summary,
                }
            }
        }

        /// What is expected where a policy is named.
        const EXPECTED: &str = concat!("a policy: ", $($name, ", ",)+ "ttl(3m)");

        /// Makes a policy.
        pub(crate) fn make(name: PolicyName) -> Box<dyn Policy> {
            match name {
                $(PolicyName::$policy => Box::new($module::$policy::default()),)+
                PolicyName::Ttl(age) => Box::new(ttl::Ttl::new(age)),
                PolicyName::Custom(recipe) => (recipe.make)(),
            }
        }
    };
}

policies! {
    #[default]
    CloudFirst = "cloud-first" from cloud_first:
        "every location of the cheapest cloud's instance type, then the next cheapest";
    Cheapest = "cheapest" from cheapest: "ascending price over all clouds, regions and zones";
    RoundRobin = "round-robin" from round_robin: "one location of each cloud in turn, cheapest first within a cloud";
    Random = "random" from random: "any order, drawn anew each round (an ordered list stays strict)";
    Sticky = "sticky" from sticky: "where a launch last succeeded, then its region, then ascending price";
}

/// Two recipes are the same where their names are.
impl PartialEq for Recipe {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Recipe {}

impl PartialOrd for Recipe {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Recipe {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(other.name)
    }
}

impl Hash for Recipe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
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
        Self::ALL
            .into_iter()
            .find(|policy| policy.name() == text)
            .ok_or_else(|| ParseUnitError { found: text.to_owned(), expected: EXPECTED })
    }
}

/// The next open, untried candidate at or after `cursor` in an order; moves the cursor past what it leaves behind.
/// Within a round an order is walked once, so a block that ends behind the cursor is for the next round.
pub fn walk(order: impl Fn(usize) -> Option<usize>, cursor: &mut usize, view: &View<'_>) -> Choice {
    while let Some(candidate) = order(*cursor) {
        *cursor += 1;
        if !view.field.is_tried(candidate) && view.field.is_open(candidate, view.now) {
            return Choice::Attempt(candidate);
        }
    }
    Choice::Exhausted
}
