//! What every trial must come to, looked at while trials go by, so that none has to be kept.
//!
//! **Invariant:** of each expectation the first trial that breaks it is kept with how many do; watches joined in the
//! order of their trials say what one watch over all of them says.

use crate::model::Money;

use super::check::{Fail, place};
use super::probe::Probes;
use super::scenario::{Expect, Scenario};
use super::trial::{DemandResult, TrialResult};
use super::world::JobEnd;

/// What was seen of the trials of one policy.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// How many.
    pub trials: u64,
    /// The rare branches that some trial reached.
    pub probes: Probes,
    /// Leases left behind, in all.
    pub orphans: u64,
    /// The time of their machines until their trials ended, in all, in microseconds.
    pub orphan_time: u128,
    /// What became of jobs, in all.
    pub jobs: JobTotals,
    broken: Vec<Broken>,
}

/// What became of many jobs, in whole numbers, so that no sum depends on its order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobTotals {
    /// How many.
    pub count: u64,
    /// How many were done.
    pub done: u64,
    /// How many have a deadline,
    pub bound: u64,
    /// and how many of these were not done by then.
    pub missed: u64,
    /// Time that those that were done took, in microseconds.
    pub took: u128,
    /// Work lost, in microseconds.
    pub lost: u128,
    /// How often machines were taken back.
    pub preemptions: u64,
    /// Cost of all machines, in millionths of a dollar.
    pub cost: i128,
}

impl JobTotals {
    fn see(&mut self, job: &JobEnd) {
        self.count += 1;
        self.done += u64::from(job.took.is_some());
        self.bound += u64::from(job.missed.is_some());
        self.missed += u64::from(job.missed == Some(true));
        self.took += u128::from(job.took.map_or(0, |took| took.0));
        self.lost += u128::from(job.lost.0);
        self.preemptions += u64::from(job.preemptions);
        self.cost += i128::from(job.cost.0);
    }

    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.done += other.done;
        self.bound += other.bound;
        self.missed += other.missed;
        self.took += other.took;
        self.lost += other.lost;
        self.preemptions += other.preemptions;
        self.cost += other.cost;
    }

    /// A number of jobs as a share of all; `None` without jobs.
    pub(super) fn share(&self, of: u64) -> Option<f64> {
        self.mean(of as f64)
    }

    /// A sum over all jobs as a mean; `None` without jobs.
    pub(super) fn mean(&self, sum: f64) -> Option<f64> {
        (self.count > 0).then(|| sum / self.count as f64)
    }
}

/// An expectation that some trial does not meet.
#[derive(Debug, Clone)]
struct Broken {
    what: &'static str,
    expected: String,
    shown: String,
    trial: u64,
    count: u64,
}

impl Watch {
    /// Looks at the next trial.
    pub fn see(&mut self, scenario: &Scenario, result: &TrialResult) {
        self.trials += 1;
        self.probes = self.probes.union(result.probes);
        self.orphans += u64::from(result.orphans);
        self.orphan_time += u128::from(result.orphan_time.0);
        result.demands.iter().filter_map(|demand| demand.job.as_ref()).for_each(|job| self.jobs.see(job));
        let mut broken = |what: &'static str, expected: String, show: &dyn Fn(&DemandResult) -> String| {
            let shown = result.demands.first().map_or_else(String::new, show);
            self.add(Broken { what, expected, shown, trial: result.trial, count: 1 });
        };
        let Expect { outcome, obtained, attempts, wait, price, .. } = &scenario.expect;
        let first = result.demands.first();
        if let Some(outcome) = outcome
            && result.demands.iter().any(|demand| demand.outcome != Some(*outcome))
        {
            broken("outcome", outcome.name().to_owned(), &ended);
        }
        if let Some(selector) = obtained {
            let lease = first.and_then(|demand| demand.lease);
            if !lease.is_some_and(|lease| selector.admits(&scenario.catalog, &lease.offering, lease.zone)) {
                broken("obtained", selector.text.clone(), &|demand| match demand.lease {
                    Some(lease) => place(&scenario.catalog, lease.offering.region, lease.zone),
                    None => ended(demand),
                });
            }
        }
        if let Some(range) = attempts
            && !first.is_some_and(|demand| range.contains(&demand.attempts))
        {
            broken("attempts", format!("{range:?}"), &|demand| demand.attempts.to_string());
        }
        if let Some(range) = wait
            && !first.is_some_and(|demand| range.contains(&demand.waited))
        {
            let expected = format!("{} to {}", range.start(), range.end());
            broken("wait", expected, &|demand| demand.waited.to_string());
        }
        if let Some(price) = price
            && first.is_none_or(|demand| node_price(demand).to_string() != price.to_string())
        {
            broken("price", price.to_string(), &|demand| node_price(demand).to_string());
        }
    }

    /// Adds what was seen of the trials after these.
    pub fn join(&mut self, later: Self) {
        self.trials += later.trials;
        self.probes = self.probes.union(later.probes);
        self.orphans += later.orphans;
        self.orphan_time += later.orphan_time;
        self.jobs.join(&later.jobs);
        later.broken.into_iter().for_each(|broken| self.add(broken));
    }

    fn add(&mut self, broken: Broken) {
        match self.broken.iter_mut().find(|known| known.what == broken.what) {
            Some(known) => known.count += broken.count,
            None => self.broken.push(broken),
        }
    }

    /// Tells what was broken, in the order of the expectations.
    pub(super) fn report(&self, fail: Fail<'_>) {
        for what in ["outcome", "obtained", "attempts", "wait", "price"] {
            for Broken { expected, shown, trial, count, .. } in self.broken.iter().filter(|broken| broken.what == what)
            {
                let found = format!("{shown} in trial {trial} ({count} of {} trials)", self.trials);
                fail(format!("expect.{what}"), expected.clone(), found);
            }
        }
    }
}

fn ended(demand: &DemandResult) -> String {
    demand.outcome.map_or("no end", |outcome| outcome.name()).to_owned()
}

/// Hourly price of one node.
fn node_price(demand: &DemandResult) -> Money {
    demand.lease.map_or(Money::ZERO, |lease| lease.offering.price_hourly)
}
