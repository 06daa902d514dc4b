//! Trials: one engine against one world, once or a hundred thousand times.
//!
//! **Invariant:** a trial depends on market, policy, seed and its number alone; results are collected by number, so
//! the number of threads never changes a byte.

use std::ops::Range;

use rayon::prelude::*;
use smallvec::SmallVec;

use crate::engine::policy::PolicyName;
use crate::engine::{Engine, Tally};
use crate::model::{DemandId, Entry, Lease, LeaseId, Money, Outcome, Span};
use crate::world::{World, drive};

use super::luck::Purpose;
use super::market::Market;
use super::oracle;
use super::probe::Probes;
use super::world::{JobEnd, SimWorld};

/// Requests that one thread takes at a time: a world of its own costs as much as some tens of them.
const BATCH: u64 = 256;
/// The fewest trials that it takes, however many requests each makes.
const LEAST_BATCH: u64 = 4;
/// Batches that are under way or waiting to be joined at a time: enough to keep many cores busy to the last.
const WINDOW: u64 = 256;

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
    /// What became of its job, if it has one.
    pub job: Option<JobEnd>,
}

/// What is kept of a demand when there are many trials: what every number over them is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How it ended; `None` if it had not when the scenario's time was over.
    pub outcome: Option<Outcome>,
    /// From the request until all nodes were up, or until it was given up.
    pub elapsed: Span,
    /// Launch calls made.
    pub attempts: u32,
    /// Price of all nodes together, in dollars per hour, when it was placed.
    pub price_hourly: Option<Money>,
    /// The cheapest that could have been had at the moment of the request, in dollars per hour for all nodes.
    pub cheapest_hourly: Option<Money>,
    /// Money spent on what was launched and not kept.
    pub wasted: Money,
}

impl Ended {
    /// True if all nodes came up.
    pub fn is_placed(&self) -> bool {
        self.outcome == Some(Outcome::Placed)
    }

    /// By how much the price obtained lies above the cheapest that could have been had, as a fraction. Below zero
    /// where waiting paid off: something cheaper came free in the meantime.
    pub fn premium(&self) -> Option<f64> {
        let (price, cheapest) = (self.price_hourly?, self.cheapest_hourly?);
        (cheapest > Money::ZERO).then(|| price.as_dollars() / cheapest.as_dollars() - 1.0)
    }

    /// The same in dollars per hour: what not having known the market cost.
    pub fn regret_hourly(&self) -> Option<f64> {
        Some((self.price_hourly? - self.cheapest_hourly?).as_dollars())
    }
}

impl DemandResult {
    /// What is kept of it.
    pub fn ended(&self) -> Ended {
        Ended {
            outcome: self.outcome,
            elapsed: self.waited,
            attempts: self.attempts,
            price_hourly: self.price_hourly,
            cheapest_hourly: self.cheapest_hourly,
            wasted: self.wasted,
        }
    }
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
    /// Leases that the world still bills, and the engine does not hold or cannot give back.
    pub orphans: u32,
    /// For how long their machines have been held, together.
    pub orphan_time: Span,
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
    let (orphans, orphan_time) = left_behind(engine, world);
    TrialResult {
        trial,
        demands,
        lasted: world.now().since(crate::model::Timestamp::ZERO),
        billed: world.billed(),
        orphans,
        orphan_time,
        probes: world.probes(),
    }
}

/// How many leases are billed for nobody, and the time of their machines so far.
fn left_behind(engine: &Engine, world: &SimWorld) -> (u32, Span) {
    let mut known: SmallVec<[LeaseId; 4]> = engine.leases().map(|lease| lease.id).collect();
    known.retain(|id| !engine.orphans().any(|orphan| orphan == *id));
    known.sort_unstable();
    let open = world.ledger().holdings().iter().filter(|holding| holding.until.is_none());
    let left = open.map(|holding| holding.lease).filter(|lease| known.binary_search(&lease.id).is_err());
    left.fold((0, Span(0)), |(leases, time), lease| {
        (leases + 1, time + world.now().since(lease.since) * u64::from(lease.nodes))
    })
}

fn demand_result(engine: &Engine, world: &SimWorld, index: usize) -> DemandResult {
    let wish = &world.market().demands[index];
    let arrived = world.arrival(index);
    let cheapest_hourly = oracle::cheapest(world.market(), world.luck(), index, arrived).map(|(_, price)| price);
    let Some(progress) = engine.progress(DemandId(index as u32)) else {
        return DemandResult {
            outcome: None,
            waited: world.now().since(arrived),
            attempts: 0,
            rounds: 0,
            lease: None,
            price_hourly: None,
            cheapest_hourly,
            wasted: Money::ZERO,
            denials: Tally::default(),
            job: world.job(index),
        };
    };
    // What has been given back, or taken back, was obtained all the same.
    let placed = || world.ledger().placed(DemandId(index as u32), wish.demand.nodes);
    let lease = progress.lease.or_else(|| placed().filter(|_| progress.outcome == Some(Outcome::Placed)));
    DemandResult {
        outcome: progress.outcome,
        waited: progress.ended_at.unwrap_or(world.now()).since(arrived),
        attempts: progress.attempts,
        rounds: progress.rounds,
        lease,
        price_hourly: lease.map(|lease| lease.offering.price_hourly * i64::from(lease.nodes)),
        cheapest_hourly,
        wasted: progress.wasted,
        denials: progress.tally,
        job: job_end(engine, world, index),
    }
}

fn job_end(engine: &Engine, world: &SimWorld, index: usize) -> Option<JobEnd> {
    let end = world.job(index)?;
    let attempts = |id| engine.progress(id).map_or(0, |progress| progress.attempts);
    Some(JobEnd { recovery_attempts: world.recoveries(index).map(attempts).sum(), ..end })
}

/// Runs every policy on these trials, on the threads of the current pool, and keeps of each only what `see` takes in:
/// batches of trials are begun empty, see their results (the position of the policy with each) policy by policy in the
/// order of the trials, and are joined in that order too. So memory is what is kept, and no byte depends on the number
/// of threads. `done` is told how many more runs are finished, from any thread, for a progress bar.
pub fn fold_trials<B: Send>(
    market: &Market,
    policies: &[PolicyName],
    seed: u64,
    trials: Range<u64>,
    fold: &Fold<impl Fn() -> B + Sync, impl Fn(&mut B, usize, TrialResult) + Sync, impl Fn(u64) + Sync>,
    mut join: impl FnMut(B),
) {
    let each = (BATCH / market.demands.len().max(1) as u64).max(LEAST_BATCH);
    let batch = |first: u64| {
        let mut runner = Runner::new(market, seed);
        let mut kept = (fold.begin)();
        let last = (first + each).min(trials.end);
        for (at, policy) in policies.iter().enumerate() {
            (first..last).for_each(|trial| (fold.see)(&mut kept, at, runner.run(*policy, trial)));
            (fold.done)(last - first);
        }
        kept
    };
    let mut first = trials.start;
    while first < trials.end {
        let batches = (trials.end - first).div_ceil(each).min(WINDOW);
        let kept: Vec<B> = (0..batches).into_par_iter().map(|number| batch(first + number * each)).collect();
        kept.into_iter().for_each(&mut join);
        first += batches * each;
    }
}

/// What [`fold_trials`] does with results.
pub struct Fold<Begin, See, Done> {
    /// Makes what a batch is kept in.
    pub begin: Begin,
    /// Takes a result in.
    pub see: See,
    /// Hears of progress.
    pub done: Done,
}

/// Runs these trials of one policy and keeps everything; results are in the order of their numbers.
pub fn run_trials(
    market: &Market,
    policy: PolicyName,
    seed: u64,
    trials: Range<u64>,
    done: impl Fn(u64) + Sync,
) -> Vec<TrialResult> {
    let mut results = Vec::new();
    let fold = Fold { begin: Vec::new, see: |kept: &mut Vec<_>, _, result| kept.push(result), done };
    fold_trials(market, &[policy], seed, trials, &fold, |batch| results.extend(batch));
    results
}
