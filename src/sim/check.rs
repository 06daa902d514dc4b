//! Whether a run came to what its scenario says: expectations of every trial, probes of some, bounds over all.
//!
//! **Invariant:** whatever is not met is reported, each with what was expected and what was found; a scenario that asks
//! for a probe that no trial reached has failed, however well everything went.

use std::collections::BTreeSet;
use std::fmt;

use crate::catalog::Catalog;
use crate::engine::policy::PolicyName;
use crate::model::{Attempt, Happening, Span};

use super::market::Market;
use super::probe::Probes;
use super::scenario::{Metric, Scenario, Selector, TableRow, Threshold};
use super::trial::{Ended, Runner};
pub use super::watch::Watch;
use super::{Digest, Ends, PREMIUM_PARTS};

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

/// One policy's trials, as they are checked.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The policy.
    pub policy: PolicyName,
    /// What was looked at trial by trial.
    pub watch: &'a Watch,
    /// Every demand of every trial.
    pub ends: Ends<'a>,
}

/// Everything that was not met; the first policy's run comes first.
pub fn check(scenario: &Scenario, market: &Market, runs: &[Run<'_>]) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fail = |what: String, expected: String, found: String| failures.push(Failure { what, expected, found });
    if let Some(run) = runs.first() {
        run.watch.report(&mut fail);
        if let Some(path) = &scenario.expect.path {
            check_path(scenario, market, run.policy, path, &mut fail);
        }
        if let Some(table) = &scenario.expect.table {
            check_table(&scenario.catalog, market, table, &mut fail);
        }
    }
    let reached = runs.iter().fold(Probes::default(), |reached, run| reached.union(run.watch.probes));
    for probe in scenario.probes.iter().filter(|probe| !reached.has(**probe)) {
        let found = format!("none of {} trials reached it", runs.iter().map(|run| run.watch.trials).sum::<u64>());
        fail("probes".to_owned(), format!("{} in some trial", probe.name()), found);
    }
    for run in runs {
        failures.extend(bounds(&scenario.thresholds, &run.policy.to_string(), run.ends, run.watch));
    }
    failures
}

/// The bounds that one policy's trials do not keep.
pub fn bounds(thresholds: &[Threshold], policy: &str, ends: Ends<'_>, watch: &Watch) -> Vec<Failure> {
    let broken = |bound: &Threshold| {
        let found = measure(bound.metric, ends, watch);
        let met = found.is_some_and(|found| {
            bound.least.is_none_or(|least| found >= least) && bound.most.is_none_or(|most| found <= most)
        });
        // Where the two differ by less than is told, only all digits show it.
        let short = |value| told(bound.metric, value);
        let is_close = [bound.least, bound.most].into_iter().flatten().any(|end| found.map(short) == Some(short(end)));
        let told = |value: f64| match bound.metric.is_duration() {
            true if is_close => format!("{value} s"),
            false if is_close => value.to_string(),
            _ => short(value),
        };
        let expected = match (bound.least, bound.most) {
            (Some(least), None) => format!("at least {}", told(least)),
            (None, Some(most)) => format!("at most {}", told(most)),
            (least, _) => told(least.unwrap_or_default()),
        };
        let found = found.map_or("nothing to measure".to_owned(), told);
        let what = format!("thresholds.{} ({policy})", bound.metric.name());
        (!met).then_some(Failure { what, expected, found })
    };
    thresholds.iter().filter_map(broken).collect()
}

/// A value of a metric as a scenario would write it.
fn told(metric: Metric, value: f64) -> String {
    match value {
        value if !value.is_finite() => "never".to_owned(),
        value if metric.is_duration() => Span::from_secs_f64(value).to_string(),
        value => ((value * 1e4).round() / 1e4).to_string(),
    }
}

pub(super) type Fail<'a> = &'a mut dyn FnMut(String, String, String);

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

pub(super) fn place(catalog: &Catalog, region: crate::model::RegionId, zone: Option<crate::model::ZoneId>) -> String {
    let cloud = catalog.cloud_name(catalog.region_cloud(region));
    let name = zone.map_or_else(|| catalog.region_name(region), |zone| catalog.zone_name(zone));
    format!("{cloud}/{name}")
}

/// A number over all trials of a policy; `None` where there is nothing to measure.
pub fn measure(metric: Metric, ends: Ends<'_>, watch: &Watch) -> Option<f64> {
    match metric {
        Metric::Placed => mean(
            ends,
            |one| Some(f64::from(u8::from(one.is_placed()))),
            |all| (all.requests() > 0).then(|| all.placed() as f64 / all.requests() as f64),
        ),
        Metric::WaitP50 => quantile(ends, 0.5),
        Metric::WaitP90 => quantile(ends, 0.9),
        Metric::AttemptsMean => mean(ends, |one| Some(f64::from(one.attempts)), |all| all.attempts.mean()),
        Metric::PriceRatio => {
            mean(ends, |one| Some(one.premium()? + 1.0), |all| Some(all.premiums.mean()? / PREMIUM_PARTS + 1.0))
        }
        Metric::WastedMean => mean(ends, |one| Some(one.wasted.as_dollars()), |all| Some(all.wasted.mean()? / 1e6)),
        Metric::Orphans => Some(watch.orphans as f64),
        Metric::JobsDone => watch.jobs.share(watch.jobs.done),
        Metric::DeadlinesMissed => watch.jobs.share(watch.jobs.missed).filter(|_| watch.jobs.bound > 0),
        Metric::JobTimeMean => (watch.jobs.done > 0).then(|| watch.jobs.took as f64 / 1e6 / watch.jobs.done as f64),
        Metric::WorkLostMean => watch.jobs.mean(watch.jobs.lost as f64 / 1e6),
        Metric::JobCostMean => watch.jobs.mean(watch.jobs.cost as f64 / 1e6),
        Metric::PreemptionsMean => watch.jobs.mean(watch.jobs.preemptions as f64),
    }
}

/// A mean over the requests that `each` tells something of, or as the digest has it.
fn mean(ends: Ends<'_>, each: fn(&Ended) -> Option<f64>, all: fn(&Digest) -> Option<f64>) -> Option<f64> {
    match ends {
        Ends::Each(ended) => {
            let values = ended.iter().filter_map(each);
            let (sum, number) = values.fold((0.0, 0.0), |(sum, number), value| (sum + value, number + 1.0));
            (number > 0.0).then(|| sum / number)
        }
        Ends::All(digest) => all(digest),
    }
}

/// The wait that a share of the demands does not pass, in seconds: the nearest rank. Those that were not placed rank
/// behind all others and make it infinite.
fn quantile(ends: Ends<'_>, share: f64) -> Option<f64> {
    let rank = |requests: u64| ((share * requests as f64).ceil() as u64).max(1) - 1;
    match ends {
        Ends::Each([]) => None,
        Ends::Each(ended) => {
            let wait = |demand: &Ended| if demand.is_placed() { demand.elapsed.as_secs_f64() } else { f64::INFINITY };
            let mut waits: Vec<f64> = ended.iter().map(wait).collect();
            Some(*waits.select_nth_unstable_by(rank(ended.len() as u64) as usize, f64::total_cmp).1)
        }
        Ends::All(digest) => (digest.requests() > 0).then(|| digest.wait_at(rank(digest.requests()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Money, Outcome};

    /// Why one demand that waited so long, in microseconds, does not keep to a bound.
    fn unmet(metric: Metric, bounds: [Option<f64>; 2], waited: u64) -> String {
        let ended = Ended {
            outcome: Some(Outcome::Placed),
            elapsed: Span(waited),
            attempts: 1,
            price_hourly: Some(Money(3_000_100)),
            cheapest_hourly: Some(Money(3_000_000)),
            wasted: Money::ZERO,
        };
        let [least, most] = bounds;
        let threshold = Threshold { metric, least, most };
        let all = super::bounds(&[threshold], "cheapest", Ends::Each(&[ended]), &Watch::default());
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_bound_that_is_nearly_met_is_not_said_to_be() {
        let wait = |most, waited| unmet(Metric::WaitP50, [None, Some(most)], waited);
        assert_eq!(wait(5400.0, 5_400_000_000), "");
        assert_eq!(wait(5400.0, 6_000_000_000), "thresholds.wait_p50 (cheapest): expected at most 1h30m, found 1h40m");
        assert_eq!(
            wait(5400.0, 5_430_500_000),
            "thresholds.wait_p50 (cheapest): expected at most 5400 s, found 5430.5 s",
            "both are 1h30m in short"
        );
        let ratio = unmet(Metric::PriceRatio, [Some(1.0), Some(1.0)], 0);
        assert!(ratio.starts_with("thresholds.price_ratio (cheapest): expected 1, found 1.00003"), "{ratio}");
    }
}
