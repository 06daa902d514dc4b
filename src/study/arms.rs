//! Policies over the same luck, trial by trial.

use std::ops::Range;

use crate::engine::policy::PolicyName;
use crate::model::Cause;
use crate::sim::JobEnd;
use crate::sim::check::{Run, Watch};
use crate::sim::market::Market;
use crate::sim::scenario::Scenario;
use crate::sim::trial::{DemandResult, Fold, TrialResult, fold_trials};

use super::Trial;
use super::jobs::summarise_jobs;
use super::stats::{Level, SampleError};
use super::summary::{Refusals, Summary, summarise};

/// What is kept of one policy's trials: some 60 bytes a demand.
#[derive(Debug, Clone)]
pub struct Arm {
    /// The policy.
    pub policy: PolicyName,
    /// Its name, with its parameter.
    pub name: String,
    /// Every demand of every trial, in order of trial and demand.
    pub trials: Vec<Trial>,
    /// Leases left behind, by trial.
    pub orphans: Vec<u32>,
    /// Refusals of all trials.
    pub refusals: Refusals,
    /// What became of the job of every demand of every trial, in order; `None` for one that never started. Empty where
    /// no demand has one.
    pub jobs: Vec<Option<JobEnd>>,
    /// What the scenario's expectations need to know.
    pub watch: Watch,
}

impl Arm {
    /// Nothing yet.
    pub fn new(policy: PolicyName) -> Self {
        Self {
            policy,
            name: policy.to_string(),
            trials: Vec::new(),
            orphans: Vec::new(),
            refusals: Refusals::default(),
            jobs: Vec::new(),
            watch: Watch::default(),
        }
    }

    fn see(&mut self, scenario: &Scenario, result: &TrialResult) {
        self.watch.see(scenario, result);
        self.orphans.push(result.orphans);
        let has_jobs = scenario.has_jobs();
        for demand in &result.demands {
            self.trials.push(demand.ended());
            if has_jobs {
                self.jobs.push(demand.job);
            }
            self.count(demand);
        }
    }

    fn count(&mut self, demand: &DemandResult) {
        for (count, cause) in self.refusals.iter_mut().zip(Cause::ALL) {
            *count += u64::from(demand.denials.count(cause));
        }
    }

    fn join(&mut self, later: Self) {
        self.trials.extend(later.trials);
        self.orphans.extend(later.orphans);
        self.jobs.extend(later.jobs);
        self.refusals.iter_mut().zip(later.refusals).for_each(|(count, more)| *count += more);
        self.watch.join(later.watch);
    }

    /// What they add up to.
    pub fn summary(&self, level: Level) -> Result<Summary, SampleError> {
        let summary = summarise(&self.trials, &self.refusals, level)?;
        Ok(Summary { jobs: summarise_jobs(&self.jobs.iter().copied().flatten().collect::<Vec<_>>(), level), ..summary })
    }

    /// As the scenario's expectations look at it.
    pub fn run(&self) -> Run<'_> {
        Run { policy: self.policy, watch: &self.watch, ended: &self.trials }
    }
}

/// Several policies on the same trials of one scenario.
#[derive(Debug)]
pub struct Arms<'a> {
    scenario: &'a Scenario,
    market: &'a Market,
    seed: u64,
    /// One a policy, in the order asked for.
    pub arms: Vec<Arm>,
}

impl<'a> Arms<'a> {
    /// Without trials.
    pub fn new(scenario: &'a Scenario, market: &'a Market, policies: &[PolicyName], seed: u64) -> Self {
        Self { scenario, market, seed, arms: policies.iter().copied().map(Arm::new).collect() }
    }

    /// Adds trials, which must follow those there are, on the threads of the current pool. `done` is told of finished
    /// runs, from any thread.
    pub fn extend(&mut self, trials: Range<u64>, done: impl Fn(u64) + Sync) {
        let policies: Vec<PolicyName> = self.arms.iter().map(|arm| arm.policy).collect();
        let begin = || policies.iter().copied().map(Arm::new).collect::<Vec<Arm>>();
        let see = |arms: &mut Vec<Arm>, at: usize, result: TrialResult| arms[at].see(self.scenario, &result);
        let arms = &mut self.arms;
        let join = |batch: Vec<Arm>| arms.iter_mut().zip(batch).for_each(|(arm, later)| arm.join(later));
        fold_trials(self.market, &policies, self.seed, trials, &Fold { begin, see, done }, join);
    }
}
