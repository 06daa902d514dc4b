//! Policies over the same luck, trial by trial.
//!
//! **Invariant:** memory does not grow with the number of trials: requests are kept one by one up to a number, and
//! summed up beyond it, all of them, so that no summary is of a part.

use std::ops::Range;

use crate::engine::policy::PolicyName;
use crate::model::Cause;
use crate::sim::check::{Run, Watch};
use crate::sim::market::Market;
use crate::sim::scenario::Scenario;
use crate::sim::trial::{DemandResult, Fold, TrialResult, fold_trials};
use crate::sim::{Digest, Ends, JobEnd};

use super::Trial;
use super::jobs::{summarise_digest, summarise_jobs};
use super::stats::{Estimate, Level, SampleError};
use super::summary::{LeftBehind, Refusals, Summary, quantiles, summarise};

/// Requests of a policy that are kept one by one, at some 60 bytes each.
pub const KEPT: usize = 1_000_000;

/// What is kept of one policy's trials.
#[derive(Debug, Clone)]
pub struct Arm {
    /// The policy.
    pub policy: PolicyName,
    /// Its name, with its parameter.
    pub name: String,
    /// Every demand of every trial, in order of trial and demand; of more than are kept, the first.
    pub trials: Vec<Trial>,
    /// All of them summed up, once they are more than are kept.
    pub digest: Option<Box<Digest>>,
    /// Leases left behind, by trial, of the same trials.
    pub orphans: Vec<u32>,
    /// Refusals of all trials.
    pub refusals: Refusals,
    /// What became of the jobs of the same demands, in order; `None` for one that never started. Empty where no demand
    /// has one.
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
            digest: None,
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

    /// Adds trials that follow these, so that no more than `keep` requests are kept.
    pub fn take(&mut self, later: Self, keep: usize) {
        if self.digest.is_none() && self.trials.len() + later.trials.len() > keep {
            let mut digest = Box::<Digest>::default();
            sum_up(&mut digest, self);
            self.digest = Some(digest);
        }
        if let Some(digest) = &mut self.digest {
            sum_up(digest, &later);
        }
        let trials = later.orphans.len();
        let demands = later.trials.len().checked_div(trials).unwrap_or(0).max(1);
        let room = (keep.saturating_sub(self.trials.len()) / demands).min(trials);
        self.trials.extend(later.trials.into_iter().take(room * demands));
        self.orphans.extend(later.orphans.into_iter().take(room));
        self.jobs.extend(later.jobs.into_iter().take(room * demands));
        self.refusals.iter_mut().zip(later.refusals).for_each(|(count, more)| *count += more);
        self.watch.join(later.watch);
    }

    /// What they add up to.
    pub fn summary(&self, level: Level) -> Result<Summary, SampleError> {
        let summary = summarise(self.ends(), &self.refusals, level)?;
        let jobs = match &self.digest {
            Some(digest) => summarise_digest(&digest.jobs, level),
            None => summarise_jobs(&self.jobs.iter().copied().flatten().collect::<Vec<_>>(), level),
        };
        let left_behind = (self.watch.orphans > 0)
            .then(|| LeftBehind { leases: self.watch.orphans, machine_seconds: self.watch.orphan_time as f64 / 1e6 });
        Ok(Summary { jobs, left_behind, ..summary })
    }

    /// Quantiles of the seconds to provision over all requests, with their intervals.
    pub fn waits<const N: usize>(&self, of: [f64; N], level: Level) -> Result<[Option<Estimate>; N], SampleError> {
        quantiles(self.ends(), of, level)
    }

    /// All requests, in the form they are known.
    pub fn ends(&self) -> Ends<'_> {
        self.digest.as_deref().map_or(Ends::Each(&self.trials), Ends::All)
    }

    /// As the scenario's expectations look at it.
    pub fn run(&self) -> Run<'_> {
        Run { policy: self.policy, watch: &self.watch, ends: self.ends() }
    }
}

fn sum_up(digest: &mut Digest, arm: &Arm) {
    arm.trials.iter().for_each(|request| digest.see(request));
    arm.jobs.iter().flatten().for_each(|job| digest.see_job(job));
}

/// Several policies on the same trials of one scenario.
#[derive(Debug)]
pub struct Arms<'a> {
    scenario: &'a Scenario,
    market: &'a Market,
    seed: u64,
    keep: usize,
    /// One a policy, in the order asked for.
    pub arms: Vec<Arm>,
}

impl<'a> Arms<'a> {
    /// Without trials.
    pub fn new(scenario: &'a Scenario, market: &'a Market, policies: &[PolicyName], seed: u64) -> Self {
        Self { scenario, market, seed, keep: KEPT, arms: policies.iter().copied().map(Arm::new).collect() }
    }

    /// Keeps so many requests of a policy one by one in place of [`KEPT`].
    #[must_use]
    pub fn keeping(self, keep: usize) -> Self {
        Self { keep, ..self }
    }

    /// Adds trials, which must follow those there are, on the threads of the current pool. `done` is told of finished
    /// runs, from any thread.
    pub fn extend(&mut self, trials: Range<u64>, done: impl Fn(u64) + Sync) {
        for window in windows(trials, self.arms.len() * self.scenario.demands.len()) {
            let all = self.run(window, &done);
            self.take(all);
        }
    }

    /// Runs trials and keeps all of them, apart from those there are.
    pub fn run(&self, trials: Range<u64>, done: impl Fn(u64) + Sync) -> Vec<Arm> {
        let policies: Vec<PolicyName> = self.arms.iter().map(|arm| arm.policy).collect();
        let begin = || policies.iter().copied().map(Arm::new).collect::<Vec<Arm>>();
        let see = |arms: &mut Vec<Arm>, at: usize, result: TrialResult| arms[at].see(self.scenario, &result);
        let mut all = begin();
        let join = |batch| take_each(&mut all, batch, usize::MAX);
        fold_trials(self.market, &policies, self.seed, trials, &Fold { begin, see, done }, join);
        all
    }

    /// Adds what [`Arms::run`] made, which must follow what there is.
    pub fn take(&mut self, later: Vec<Arm>) {
        take_each(&mut self.arms, later, self.keep);
    }
}

fn take_each(arms: &mut [Arm], later: Vec<Arm>, keep: usize) {
    arms.iter_mut().zip(later).for_each(|(arm, later)| arm.take(later, keep));
}

/// Trials that are run before any of them is dropped: no fewer than keep several threads busy, and no more than keep
/// many cores busy.
const WINDOW: [u64; 2] = [1 << 6, 1 << 16];

/// Trials, cut into pieces so that no more than [`KEPT`] requests are on hand at a time, of which each trial makes so
/// many, unless a piece would be too small to be run by several threads.
pub fn windows(trials: Range<u64>, requests: usize) -> impl Iterator<Item = Range<u64>> {
    let [least, most] = WINDOW;
    let each = ((KEPT / requests.max(1)) as u64).clamp(least, most);
    let Range { start, end } = trials;
    (start..end).step_by(each as usize).map(move |first| first..(first + each).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::sim::check::measure;
    use crate::sim::scenario::Metric;
    use crate::yaml::Source;

    fn scenario() -> Scenario {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/spot-job.yaml");
        let text = std::fs::read_to_string(path).expect("a scenario that ships");
        Scenario::load(&Source { name: path, text: &text }, Catalog::embedded(), &[]).expect("a sound one")
    }

    #[test]
    fn beyond_what_is_kept_nothing_is_lost() {
        let scenario = scenario();
        let market = scenario.market();
        let policies = [PolicyName::Cheapest, PolicyName::CloudFirst];
        let with = |keep| {
            let mut arms = Arms::new(&scenario, &market, &policies, 3).keeping(keep);
            arms.extend(0..150, |_| {});
            arms.extend(150..400, |_| {});
            arms.arms
        };
        let (every, few) = (with(KEPT), with(100));
        for (every, few) in every.iter().zip(&few) {
            assert!(every.digest.is_none() && few.digest.is_some());
            assert_eq!((few.trials.len(), &few.trials[..]), (100, &every.trials[..100]));
            assert_eq!((few.jobs.len(), few.orphans.len()), (100, 100));
            let of = |arm: &Arm| arm.summary(Level::P95).expect("numbers");
            let (exact, summed) = (of(every), of(few));
            assert_eq!((exact.trials, exact.placed, exact.success), (summed.trials, summed.placed, summed.success));
            assert_eq!((&exact.outcomes, &exact.denials), (&summed.outcomes, &summed.denials));
            let jobs = |summary: &Summary| summary.jobs.expect("jobs");
            assert_eq!((jobs(&exact).done, jobs(&exact).missed), (jobs(&summed).done, jobs(&summed).missed));
            assert!(jobs(&exact).preemptions.is_some_and(|number| number.value > 0.1), "something was taken back");
            let pairs = exact.time.into_iter().zip(summed.time).chain([
                (jobs(&exact).took, jobs(&summed).took),
                (jobs(&exact).cost, jobs(&summed).cost),
                (jobs(&exact).preemptions, jobs(&summed).preemptions),
                (exact.price_hourly, summed.price_hourly),
            ]);
            for (exact, summed) in pairs {
                let (exact, summed) = (exact.expect("known").value, summed.expect("known").value);
                assert!((exact - summed).abs() <= exact.abs() / 4096.0, "{exact} {summed}");
            }
            for metric in [Metric::Placed, Metric::WaitP50, Metric::WaitP90, Metric::AttemptsMean, Metric::WastedMean] {
                let of = |arm: &Arm| measure(metric, arm.ends(), &arm.watch).expect("trials");
                assert!((of(every) - of(few)).abs() <= of(every) / 4096.0, "{metric:?} {} {}", of(every), of(few));
            }
            let quantiles = |arm: &Arm| arm.waits([0.5], Level::P95).expect("numbers")[0].map(|e| e.value);
            assert_eq!(
                (quantiles(every), quantiles(few)),
                (exact.time[0].map(|e| e.value), summed.time[0].map(|e| e.value))
            );
        }
    }

    #[test]
    fn windows_hold_every_trial_once() {
        let cut = |trials, requests| windows(trials, requests).collect::<Vec<_>>();
        assert_eq!(cut(3..2003, 1000), [3..1003, 1003..2003]);
        assert_eq!(cut(3..150, 1_000_000), [3..67, 67..131, 131..150], "threads have something to do");
        assert_eq!(cut(0..65_537, 1), [0..65_536, 65_536..65_537]);
        assert_eq!(cut(3..3, 3), []);
    }
}
