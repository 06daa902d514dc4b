//! Whether a run came to what its scenario says: expectations of every trial, probes of some, bounds over all.
//!
//! **Invariant:** whatever is not met is reported, each with what was expected and what was found; a scenario that asks
//! for a probe that no trial reached has failed, however well everything went.

use std::collections::BTreeSet;
use std::fmt;

use crate::catalog::Catalog;
use crate::engine::policy::PolicyName;
use crate::model::{Attempt, Happening, Money, Outcome};

use super::market::Market;
use super::probe::Probes;
use super::scenario::{Expect, Metric, Scenario, Selector, TableRow};
use super::trial::{DemandResult, Runner, TrialResult};

/// Something that did not come out as the scenario says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What: `expect.path`, `probes`, `thresholds.placed (cheapest)`.
    pub what: String,
    /// What the scenario says.
    pub expected: String,
    /// What happened.
    pub found: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.what, self.expected, self.found)
    }
}

/// Everything that was not met. `runs` are the results of each policy, the first policy's first.
pub fn check(scenario: &Scenario, market: &Market, runs: &[(PolicyName, Vec<TrialResult>)]) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fail = |what: String, expected: String, found: String| failures.push(Failure { what, expected, found });
    if let Some((policy, results)) = runs.first() {
        every_trial(scenario, results, &mut fail);
        if let Some(path) = &scenario.expect.path {
            check_path(scenario, market, *policy, path, &mut fail);
        }
        if let Some(table) = &scenario.expect.table {
            check_table(&scenario.catalog, market, table, &mut fail);
        }
    }
    let all = || runs.iter().flat_map(|(_, results)| results);
    let reached = all().fold(Probes::default(), |reached, result| reached.union(result.probes));
    for probe in scenario.probes.iter().filter(|probe| !reached.has(**probe)) {
        let found = format!("none of {} trials reached it", all().count());
        fail("probes".to_owned(), format!("{} in some trial", probe.name()), found);
    }
    for (policy, results) in runs {
        for bound in &scenario.thresholds {
            let found = measure(bound.metric, results);
            let met = found.is_some_and(|found| {
                bound.least.is_none_or(|least| found >= least) && bound.most.is_none_or(|most| found <= most)
            });
            if !met {
                let expected = match (bound.least, bound.most) {
                    (Some(least), None) => format!("at least {least}"),
                    (None, Some(most)) => format!("at most {most}"),
                    (least, _) => format!("{}", least.unwrap_or_default()),
                };
                let found = found.map_or("nothing to measure".to_owned(), |found| format!("{found:.4}"));
                fail(format!("thresholds.{} ({policy})", bound.metric.name()), expected, found);
            }
        }
    }
    failures
}

type Fail<'a> = &'a mut dyn FnMut(String, String, String);

fn every_trial(scenario: &Scenario, results: &[TrialResult], fail: Fail<'_>) {
    let Expect { outcome, obtained, attempts, wait, price, .. } = &scenario.expect;
    let mut require =
        |what: &str, expected: String, holds: &dyn Fn(&TrialResult) -> bool, show: &dyn Fn(&DemandResult) -> String| {
            let broken: Vec<&TrialResult> = results.iter().filter(|result| !holds(result)).collect();
            if let Some(first) = broken.first() {
                let shown = first.demands.first().map_or_else(String::new, show);
                let count = broken.len();
                let found = format!("{shown} in trial {} ({count} of {} trials)", first.trial, results.len());
                fail(format!("expect.{what}"), expected, found);
            }
        };
    let first = |result: &TrialResult| result.demands.first().cloned();
    let ended = |demand: &DemandResult| demand.outcome.map_or("no end".to_owned(), |outcome| outcome.name().to_owned());
    if let Some(outcome) = outcome {
        let all = |result: &TrialResult| result.demands.iter().all(|demand| demand.outcome == Some(*outcome));
        require("outcome", outcome.name().to_owned(), &all, &ended);
    }
    if let Some(selector) = obtained {
        let holds = |result: &TrialResult| {
            let lease = first(result).and_then(|demand| demand.lease);
            lease.is_some_and(|lease| selector.admits(&scenario.catalog, &lease.offering, lease.zone))
        };
        let show = |demand: &DemandResult| match demand.lease {
            Some(lease) => place(&scenario.catalog, lease.offering.region, lease.zone),
            None => ended(demand),
        };
        require("obtained", selector.text.clone(), &holds, &show);
    }
    if let Some(range) = attempts {
        let holds = |result: &TrialResult| first(result).is_some_and(|demand| range.contains(&demand.attempts));
        require("attempts", format!("{range:?}"), &holds, &|demand| demand.attempts.to_string());
    }
    if let Some(range) = wait {
        let holds = |result: &TrialResult| first(result).is_some_and(|demand| range.contains(&demand.waited));
        let expected = format!("{} to {}", range.start(), range.end());
        require("wait", expected, &holds, &|demand| demand.waited.to_string());
    }
    if let Some(price) = price {
        let node = |demand: &DemandResult| demand.lease.map_or(Money::ZERO, |lease| lease.offering.price_hourly);
        let holds = |result: &TrialResult| first(result).is_some_and(|d| node(&d).to_string() == price.to_string());
        require("price", price.to_string(), &holds, &|demand| node(demand).to_string());
    }
}

/// Runs the first trial again with its journal and compares the attempts of the first demand.
fn check_path(scenario: &Scenario, market: &Market, policy: PolicyName, path: &[Selector], fail: Fail<'_>) {
    let mut attempts: Vec<Attempt> = Vec::new();
    Runner::new(market, scenario.seed).run_recorded(policy, 0, |entry| {
        if let Happening::Attempted(_, attempt) = entry.happening
            && attempt.demand.0 == 0
        {
            attempts.push(attempt);
        }
    });
    let catalog = &scenario.catalog;
    let fits =
        |(selector, attempt): (&Selector, &Attempt)| selector.admits(catalog, &attempt.offering, attempt.offering.zone);
    if attempts.len() != path.len() || !path.iter().zip(&attempts).all(fits) {
        let show = |attempt: &Attempt| place(catalog, attempt.offering.region, attempt.offering.zone);
        let found: Vec<String> = attempts.iter().map(show).collect();
        let expected: Vec<&str> = path.iter().map(|selector| selector.text.as_str()).collect();
        fail("expect.path".to_owned(), expected.join(", "), found.join(", "));
    }
}

/// The first candidate of each cloud, accelerator and terms, in the order of the ranking.
fn check_table(catalog: &Catalog, market: &Market, table: &[TableRow], fail: Fail<'_>) {
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for candidate in market.demands.first().map_or(&[][..], |wish| &wish.demand.candidates) {
        let offering = &candidate.offering;
        let count = catalog.type_info(offering.instance_type).presented_milli;
        if seen.insert((offering.cloud, offering.accelerator, count, offering.capacity)) {
            rows.push(offering);
        }
    }
    let fits = |(row, offering): (&TableRow, &&crate::model::Offering)| {
        row.offering.admits(catalog, offering, offering.zone)
            && row.cost.to_string() == offering.price_hourly.to_string()
    };
    if rows.len() != table.len() || !table.iter().zip(&rows).all(fits) {
        let expected: Vec<String> = table.iter().map(|row| format!("{} {}", row.offering.text, row.cost)).collect();
        let show = |offering: &&crate::model::Offering| {
            let kind = catalog.type_name(offering.instance_type);
            format!("{}/{kind} {}", place(catalog, offering.region, offering.zone), offering.price_hourly)
        };
        let found: Vec<String> = rows.iter().map(show).collect();
        fail("expect.table".to_owned(), expected.join(", "), found.join(", "));
    }
}

fn place(catalog: &Catalog, region: crate::model::RegionId, zone: Option<crate::model::ZoneId>) -> String {
    let cloud = catalog.cloud_name(catalog.region_cloud(region));
    let name = zone.map_or_else(|| catalog.region_name(region), |zone| catalog.zone_name(zone));
    format!("{cloud}/{name}")
}

/// A number over all trials of a policy; `None` where there is nothing to measure.
pub fn measure(metric: Metric, results: &[TrialResult]) -> Option<f64> {
    let demands = || results.iter().flat_map(|result| &result.demands);
    let count = demands().count();
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, number) = values.fold((0.0, 0.0), |(sum, number), value| (sum + value, number + 1.0));
        (number > 0.0).then(|| sum / number)
    };
    let placed = |demand: &&DemandResult| demand.outcome == Some(Outcome::Placed);
    match metric {
        Metric::Placed => (count > 0).then(|| demands().filter(placed).count() as f64 / count as f64),
        Metric::WaitP50 => quantile(demands(), 0.5),
        Metric::WaitP90 => quantile(demands(), 0.9),
        Metric::AttemptsMean => mean(&mut demands().map(|demand| f64::from(demand.attempts))),
        Metric::PriceRatio => {
            let ratio = |demand: &DemandResult| {
                let (paid, best) = (demand.price_hourly?, demand.cheapest_hourly?);
                (best.0 > 0).then(|| paid.0 as f64 / best.0 as f64)
            };
            mean(&mut demands().filter_map(ratio))
        }
        Metric::WastedMean => mean(&mut demands().map(|demand| demand.wasted.as_dollars())),
        Metric::Orphans => Some(results.iter().map(|result| f64::from(result.orphans)).sum()),
    }
}

/// The wait that a share of the demands does not pass, in seconds: the nearest rank. Those that were not placed rank
/// behind all others and make it infinite.
fn quantile<'r>(demands: impl Iterator<Item = &'r DemandResult>, share: f64) -> Option<f64> {
    let wait = |demand: &DemandResult| {
        if demand.outcome == Some(Outcome::Placed) { demand.waited.as_secs_f64() } else { f64::INFINITY }
    };
    let mut waits: Vec<f64> = demands.map(wait).collect();
    waits.sort_by(f64::total_cmp);
    let rank = (share * waits.len() as f64).ceil() as usize;
    waits.get(rank.max(1) - 1).copied()
}
