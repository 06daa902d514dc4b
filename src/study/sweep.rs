//! Policies over the same luck, trial by trial.

use crate::engine::policy::PolicyName;
use crate::sim::market::Market;
use crate::sim::trial::{DemandResult, TrialResult, run_trials};

use super::summary::{Summary, Trial, summarise};

/// What one policy came to over all trials.
#[derive(Debug, Clone)]
pub struct Arm {
    /// The policy.
    pub policy: PolicyName,
    /// Its name, with its parameter.
    pub name: String,
    /// Every demand of every trial, in order of trial and demand.
    pub trials: Vec<Trial>,
    /// The trials whole.
    pub results: Vec<TrialResult>,
    /// What they add up to.
    pub summary: Summary,
}

impl Trial {
    /// What a simulated demand came to.
    pub fn of(result: &DemandResult) -> Self {
        Self {
            outcome: result.outcome,
            elapsed: result.waited,
            attempts: result.attempts,
            price_hourly: result.price_hourly,
            cheapest_hourly: result.cheapest_hourly,
            wasted: result.wasted,
            denials: result.denials,
        }
    }
}

/// Runs every policy over the same trials on the threads of the current pool. `done` is told of finished trials, from
/// any thread.
pub fn sweep(market: &Market, policies: &[PolicyName], seed: u64, trials: u64, done: impl Fn(u64) + Sync) -> Vec<Arm> {
    let arm = |policy: &PolicyName| {
        let results = run_trials(market, *policy, seed, 0..trials, &done);
        let trials: Vec<Trial> = results.iter().flat_map(|result| &result.demands).map(Trial::of).collect();
        Arm { policy: *policy, name: policy.to_string(), summary: summarise(&trials), trials, results }
    };
    policies.iter().map(arm).collect()
}
