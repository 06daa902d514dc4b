//! What every trial must come to, looked at while trials go by, so that none has to be kept.
//!
//! **Invariant:** of each expectation the first trial that breaks it is kept with how many do; watches joined in the
//! order of their trials say what one watch over all of them says.

use crate::model::Money;

use super::check::{Fail, place};
use super::probe::Probes;
use super::scenario::{Expect, Scenario};
use super::trial::{DemandResult, TrialResult};

/// What was seen of the trials of one policy.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// How many.
    pub trials: u64,
    /// The rare branches that some trial reached.
    pub probes: Probes,
    /// Leases left behind, in all.
    pub orphans: u64,
    broken: Vec<Broken>,
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
