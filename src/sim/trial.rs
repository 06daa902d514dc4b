//! Trials: one engine against one world, once or a hundred thousand times.
//!
//! **Invariant:** a trial depends on market, policy, seed and its number alone; results are collected by number, so
//! the number of threads never changes a byte.

use std::ops::Range;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::engine::policy::PolicyName;
use crate::engine::{Engine, Tally};
use crate::model::{DemandId, Entry, Lease, Money, Outcome, Span};
use crate::world::{World, drive};

use super::luck::Purpose;
use super::market::Market;
use super::oracle;
use super::probe::Probes;
use super::world::SimWorld;

/// Trials that one thread takes at a time.
const BATCH: u64 = 256;

/// What became of one demand.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandResult {
    /// How its pursuit ended; `None` if it had not when the trial did.
    pub outcome: Option<Outcome>,
    /// From its arrival to the end of the pursuit. For one that was not placed, the wait is censored here.
    pub waited: Span,
    /// Launch calls made.
    pub attempts: u32,
    /// Rounds over the candidates.
    pub rounds: u32,
    /// What it was placed on.
    pub lease: Option<Lease>,
    /// Price of all nodes obtained, in dollars per hour.
    pub price_hourly: Option<Money>,
    /// The cheapest that could have been had when it arrived, in dollars per hour.
    pub cheapest_hourly: Option<Money>,
    /// Spent on what was launched and not kept, in dollars.
    pub wasted: Money,
    /// Denials by cause.
    pub denials: Tally,
}

/// What became of one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialResult {
    /// Its number.
    pub trial: u64,
    /// One a demand, in the order of the scenario.
    pub demands: SmallVec<[DemandResult; 1]>,
    /// Virtual time that passed.
    pub lasted: Span,
    /// Everything that was billed until the trial ended, in dollars.
    pub billed: Money,
    /// Leases that the world still bills and the engine does not hold.
    pub orphans: u32,
    /// Rare branches that were reached.
    pub probes: Probes,
}

/// Runs trials one after the other, keeping the memory of the last for the next.
pub struct Runner {
    world: SimWorld,
    engines: Vec<(PolicyName, Engine)>,
    seed: u64,
}

impl Runner {
    /// For trials of this market under this seed.
    pub fn new(market: &Market, seed: u64) -> Self {
        Self { world: SimWorld::new(market), engines: Vec::new(), seed }
    }

    /// Runs one trial without a journal.
    pub fn run(&mut self, policy: PolicyName, trial: u64) -> TrialResult {
        self.go(policy, trial, false, |_| {})
    }

    /// Runs one trial and hands over its journal, entry by entry.
    pub fn run_recorded(&mut self, policy: PolicyName, trial: u64, record: impl FnMut(Entry)) -> TrialResult {
        self.go(policy, trial, true, record)
    }

    /// The world as the last trial left it: its books and its market.
    pub fn world(&mut self) -> &mut SimWorld {
        &mut self.world
    }

    fn go(&mut self, policy: PolicyName, trial: u64, journal: bool, record: impl FnMut(Entry)) -> TrialResult {
        self.world.reset(self.seed, trial);
        let at = self.engines.iter().position(|(name, _)| *name == policy).unwrap_or_else(|| {
            self.engines.push((policy, Engine::new(policy, self.seed)));
            self.engines.len() - 1
        });
        let engine = &mut self.engines[at].1;
        engine.reset(self.world.luck().seed(Purpose::Policy));
        engine.set_journal(journal);
        drive(engine, &mut self.world, record);
        result(engine, &self.world, trial)
    }
}

fn result(engine: &Engine, world: &SimWorld, trial: u64) -> TrialResult {
    let market = world.market();
    let demands = (0..market.demands.len()).map(|index| demand_result(engine, world, index)).collect();
    let held = engine.leases().count() as u32;
    TrialResult {
        trial,
        demands,
        lasted: world.now().since(crate::model::Timestamp::ZERO),
        billed: world.billed(),
        orphans: world.ledger().open().saturating_sub(held) + engine.orphans().count() as u32,
        probes: world.probes(),
    }
}

fn demand_result(engine: &Engine, world: &SimWorld, index: usize) -> DemandResult {
    let wish = &world.market().demands[index];
    let cheapest_hourly = oracle::cheapest(world.market(), world.luck(), index, wish.at).map(|(_, price)| price);
    let Some(progress) = engine.progress(DemandId(index as u32)) else {
        return DemandResult {
            outcome: None,
            waited: world.now().since(wish.at),
            attempts: 0,
            rounds: 0,
            lease: None,
            price_hourly: None,
            cheapest_hourly,
            wasted: Money::ZERO,
            denials: Tally::default(),
        };
    };
    DemandResult {
        outcome: progress.outcome,
        waited: progress.ended_at.unwrap_or(world.now()).since(wish.at),
        attempts: progress.attempts,
        rounds: progress.rounds,
        lease: progress.lease,
        price_hourly: progress.lease.map(|lease| lease.offering.price_hourly * i64::from(lease.nodes)),
        cheapest_hourly,
        wasted: progress.wasted,
        denials: progress.tally,
    }
}

/// Runs these trials on the threads of the current pool; results are in the order of their numbers. `done` is told
/// how many more are finished, from any thread, for a progress bar.
pub fn run_trials(
    market: &Market,
    policy: PolicyName,
    seed: u64,
    trials: Range<u64>,
    done: impl Fn(u64) + Sync,
) -> Vec<TrialResult> {
    let batches = (trials.end.saturating_sub(trials.start)).div_ceil(BATCH);
    let batch = |number: u64| {
        let first = trials.start + number * BATCH;
        let mut runner = Runner::new(market, seed);
        let last = (first + BATCH).min(trials.end);
        let results: Vec<_> = (first..last).map(|trial| runner.run(policy, trial)).collect();
        done(last - first);
        results
    };
    let parts: Vec<Vec<TrialResult>> = (0..batches).into_par_iter().map(batch).collect();
    parts.into_iter().flatten().collect()
}
