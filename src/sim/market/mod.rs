//! The market of a scenario: everything that does not change from trial to trial.
//!
//! **Invariant:** a market is immutable and shared by all threads; what changes lives in the world. Everything is
//! found by index: a demand's candidates, their zones, the pools behind them.

mod api;
mod pace;
mod price;
mod quota;
mod replay;
mod rhythm;
mod shock;
mod stock;
mod work;

use std::sync::Arc;

use crate::model::{Attempt, Candidate, Demand, Span, Timestamp, ZoneId};

use super::law::Law;
use super::luck::Entity;

pub use api::{Answers, Api, Faults, Latency};
pub use pace::{Pace, Tokens};
pub use price::{Price, PriceTrack, Reverting};
pub use quota::{Change, Increase, Quota, QuotaTrack, Standing};
pub use replay::{Offset, Played, Replay};
pub use rhythm::{Rhythm, Rhythmic};
pub use shock::{Course, Shock};
pub use stock::{Counted, Renewal, Stock, Track, Window};
pub use work::{Gap, Job, Recovery};

/// Everything a trial can meet.
#[derive(Debug, Clone, Default)]
pub struct Market {
    /// What arrives, in the order of time.
    pub demands: Vec<Wish>,
    /// How each candidate of each demand meets the market.
    pub ways: Vec<Way>,
    /// The zones behind the ways.
    pub asks: Vec<Ask>,
    /// The stock behind the zones.
    pub pools: Vec<Pool>,
    /// Limits of the account.
    pub quotas: Vec<Quota>,
    /// The clouds' interfaces: how long they take, what goes wrong.
    pub apis: Vec<Api>,
    /// How many calls the clouds take.
    pub paces: Vec<Pace>,
}

/// A demand that will arrive.
#[derive(Debug, Clone)]
pub struct Wish {
    /// When.
    pub at: Timestamp,
    /// What.
    pub demand: Demand,
    /// Position of its first candidate's way.
    pub first_way: u32,
    /// How long the lease is needed; `None` for ever.
    pub hold: Option<Law>,
    /// How long after the demand before it this one arrives; `None`: at its time.
    pub gap: Option<Gap>,
    /// What it is wanted for, if that outlives the machines.
    pub job: Option<Job>,
    /// The end of the scenario's time.
    pub until: Timestamp,
    /// Names its stream of luck.
    pub entity: Entity,
}

/// How a candidate meets the market.
#[derive(Debug, Clone)]
pub struct Way {
    /// Names its streams of luck.
    pub entity: Entity,
    /// Position of its first ask; one a zone, or one for the region where the cloud has no zones.
    pub first_ask: u32,
    /// How many.
    pub asks: u8,
    /// Position of the interface that answers.
    pub api: u32,
    /// Limits it counts against, with the amount of one node in thousandths of the limit's unit.
    pub meters: Box<[(u32, u64)]>,
}

/// One zone of one candidate.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The zone; `None` where the cloud has none.
    pub zone: Option<ZoneId>,
    /// Position of its pool.
    pub pool: u32,
    /// How much of the pool one node takes: 1, or its accelerators where types share a pool.
    pub weight: u32,
    /// How the cloud words its answers here.
    pub words: Words,
}

/// The names that go into the clouds' words.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// `us-central1`
    pub region: Arc<str>,
    /// `us-central1-a`; the region's name where the cloud has no zones.
    pub zone: Arc<str>,
    /// `n1-highmem-8`
    pub instance_type: Arc<str>,
    /// Zones that the cloud recommends instead, whether that is true or not; empty for none.
    pub hint: Arc<str>,
}

/// A stock of machines.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Names its streams of luck.
    pub entity: Entity,
    /// How many there are, as time goes by.
    pub stock: Stock,
    /// What falls upon it, shared with other pools.
    pub shocks: Box<[Arc<Shock>]>,
    /// Mean life of a spot lease; `None` where nothing is taken back.
    pub life: Option<Law>,
    /// True if spot leases are taken back when the stock falls below what is leased.
    pub reclaims: bool,
    /// How long before it is taken back the cloud says so.
    pub notice: Span,
    /// What spot capacity costs; the catalog's price if `None`.
    pub price: Option<Arc<Price>>,
}

impl Market {
    /// The way of an attempt, or `None` for an attempt that is not of this market.
    pub fn way(&self, attempt: &Attempt) -> Option<(usize, &Way)> {
        let wish = self.demands.get(attempt.demand.0 as usize)?;
        let index = wish.first_way as usize + attempt.candidate as usize;
        let known = (attempt.candidate as usize) < wish.demand.candidates.len();
        self.ways.get(index).filter(|_| known).map(|way| (index, way))
    }

    /// The asks of a way, in the order its zones are tried.
    pub fn asks_of(&self, way: &Way) -> &[Ask] {
        &self.asks[way.first_ask as usize..way.first_ask as usize + way.asks as usize]
    }

    /// True if all candidates of a demand are equally preferred, so that its ranking is by cost alone.
    pub fn is_unordered(&self, demand: usize) -> bool {
        let candidates = &self.demands[demand].demand.candidates;
        candidates.first().map(|first| first.preference) == candidates.last().map(|last| last.preference)
    }

    /// The candidates of a demand with their ways.
    pub fn candidates(&self, demand: usize) -> impl Iterator<Item = (&Candidate, &Way)> {
        let wish = &self.demands[demand];
        wish.demand.candidates.iter().zip(&self.ways[wish.first_way as usize..])
    }
}
