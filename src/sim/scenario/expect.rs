//! What a scenario must come to: `expect` in every trial, `probes` in some, `thresholds` over all.

use std::ops::RangeInclusive;

use crate::catalog::Catalog;
use crate::model::{Money, Outcome, Span};
use crate::sim::probe::Probe;
use crate::yaml::{Fields, Map, Node, Reader, did_you_mean, quote};

use super::codes;
use super::selector::Selector;

/// What every trial under the first policy must come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// How every demand ends.
    pub outcome: Option<Outcome>,
    /// What the first demand is placed on.
    pub obtained: Option<Selector>,
    /// The attempts of the first demand, in order.
    pub path: Option<Vec<Selector>>,
    /// How many attempts the first demand takes.
    pub attempts: Option<RangeInclusive<u32>>,
    /// How long the first demand waits.
    pub wait: Option<RangeInclusive<Span>>,
    /// Hourly price of one node obtained.
    pub price: Option<Money>,
    /// The cheapest candidate of each cloud and accelerator, cheapest first.
    pub table: Option<Vec<TableRow>>,
}

/// A row of the candidate table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRow {
    /// What and where, as a selector.
    pub offering: Selector,
    /// Hourly price, compared as it is printed.
    pub cost: Money,
}

/// A bound on a number over all trials of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The number.
    pub metric: Metric,
    /// The least it may be.
    pub least: Option<f64>,
    /// The most it may be.
    pub most: Option<f64>,
}

/// A number over all trials of a policy. Durations are in seconds, money in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Share of demands that were placed.
    Placed,
    /// Median wait; demands that were not placed count as longer than any.
    WaitP50,
    /// The wait that nine of ten do not pass.
    WaitP90,
    /// Attempts a demand.
    AttemptsMean,
    /// Price obtained over the cheapest that could have been had, in the mean.
    PriceRatio,
    /// Dollars spent on what was not kept, a demand.
    WastedMean,
    /// Leases left behind, in all.
    Orphans,
    /// Share of jobs that were done.
    JobsDone,
    /// Share of jobs that were not done by their deadline.
    DeadlinesMissed,
    /// From the arrival of a job until it was done, in the mean of those that were.
    JobTimeMean,
    /// Work that a job lost, in the mean.
    WorkLostMean,
    /// Dollars that the machines of a job cost, in the mean.
    JobCostMean,
    /// How often the machines of a job were taken back, in the mean.
    PreemptionsMean,
}

impl Metric {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 13] = [
        ("placed", Self::Placed),
        ("wait_p50", Self::WaitP50),
        ("wait_p90", Self::WaitP90),
        ("attempts_mean", Self::AttemptsMean),
        ("price_ratio", Self::PriceRatio),
        ("wasted_mean", Self::WastedMean),
        ("orphans", Self::Orphans),
        ("jobs_done", Self::JobsDone),
        ("deadlines_missed", Self::DeadlinesMissed),
        ("job_time_mean", Self::JobTimeMean),
        ("work_lost_mean", Self::WorkLostMean),
        ("job_cost_mean", Self::JobCostMean),
        ("preemptions_mean", Self::PreemptionsMean),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, metric)| *metric == self).map_or("", |(name, _)| name)
    }

    /// True if it is a time, in seconds.
    pub fn is_duration(self) -> bool {
        matches!(self, Self::WaitP50 | Self::WaitP90 | Self::JobTimeMean | Self::WorkLostMean)
    }
}

/// Keys of `expect`.
pub(super) const KEYS: &[&str] = &["outcome", "obtained", "path", "attempts", "wait", "price", "table"];

/// Reads `expect`. Offerings are those of the scenario's own catalog.
pub(super) fn read(reader: &Reader, root: &Map, catalog: &Catalog) -> Expect {
    let Some(fields) = root.get("expect").filter(|node| !node.is_null()).and_then(|node| reader.fields(node, "expect"))
    else {
        return Expect::default();
    };
    fields.only(KEYS);
    let select = |node: &Node| Selector::read(reader, catalog, reader.string(node, "a selector")?, node.spot);
    let names: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.name()).collect();
    let outcome = fields.one_of("outcome", &names).and_then(|name| Outcome::ALL.into_iter().find(|o| o.name() == name));
    Expect {
        outcome,
        obtained: fields.get("obtained").and_then(select),
        path: fields.list("path").map(|items| items.iter().filter_map(select).collect()),
        attempts: fields.get("attempts").and_then(|node| range(reader, node, "attempts")),
        wait: fields.get("wait").and_then(|node| range(reader, node, "wait")),
        price: fields.parsed("price"),
        table: fields.list("table").map(|items| items.iter().filter_map(|item| row(reader, item, &select)).collect()),
    }
}

fn row(reader: &Reader, item: &Node, select: &impl Fn(&Node) -> Option<Selector>) -> Option<TableRow> {
    let fields = reader.fields(item, "a row of the table")?;
    fields.only(&["offering", "cost"]);
    let offering = fields.require("offering", item.spot).and_then(select);
    let cost = fields.require("cost", item.spot).and_then(|node| reader.parsed(node, "cost"));
    Some(TableRow { offering: offering?, cost: cost? })
}

/// `5`, or `3..7`, both ends included.
fn range<T>(reader: &Reader, node: &Node, name: &str) -> Option<RangeInclusive<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display> + Copy,
{
    let text = reader.string(node, name)?;
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    match (low.trim().parse::<T>(), high.trim().parse::<T>()) {
        (Ok(low), Ok(high)) => Some(low..=high),
        (Err(error), _) | (_, Err(error)) => {
            reader.error(node.spot, format!("{name}: {error}"));
            None
        }
    }
}

/// Reads `probes`.
pub(super) fn probes(reader: &Reader, root: &Map) -> Vec<Probe> {
    let Some(items) = root.get("probes").filter(|node| !node.is_null()).and_then(|node| reader.list(node, "probes"))
    else {
        return Vec::new();
    };
    let read = |item: &Node| {
        let name = reader.string(item, "a probe")?;
        let found = Probe::find(name);
        if found.is_none() {
            let hint = did_you_mean(name, Probe::ALL.into_iter().map(Probe::name));
            reader.error_code(codes::UNKNOWN_NAME, item.spot, format!("{} is not a probe", quote(name)), hint);
        }
        found
    };
    items.iter().filter_map(read).collect()
}

/// Reads `thresholds`: `{placed: ">= 0.99", wait_p50: "<= 10m"}`.
pub(super) fn thresholds(reader: &Reader, root: &Map) -> Vec<Threshold> {
    let Some(fields) = root.get("thresholds").filter(|n| !n.is_null()).and_then(|n| reader.fields(n, "thresholds"))
    else {
        return Vec::new();
    };
    let names: Vec<&str> = Metric::ALL.iter().map(|(name, _)| *name).collect();
    fields.only(&names);
    Metric::ALL.into_iter().filter_map(|(name, metric)| threshold(&fields, name, metric)).collect()
}

fn threshold(fields: &Fields, name: &str, metric: Metric) -> Option<Threshold> {
    let node = fields.get(name)?;
    let text = fields.reader().string(node, name)?;
    let value = |text: &str| {
        if metric.is_duration() {
            return text.trim().parse::<Span>().ok().map(Span::as_secs_f64);
        }
        text.trim().trim_start_matches('$').parse().ok().filter(|value: &f64| value.is_finite())
    };
    let bound = if let Some(rest) = text.strip_prefix(">=") {
        value(rest).map(|least| (Some(least), None))
    } else if let Some(rest) = text.strip_prefix("<=") {
        value(rest).map(|most| (None, Some(most)))
    } else {
        value(text).map(|exact| (Some(exact), Some(exact)))
    };
    let Some((least, most)) = bound else {
        let example = if metric.is_duration() { "<= 10m" } else { ">= 0.99" };
        fields.reader().error_hint(
            node.spot,
            format!("{} is not a bound", quote(text)),
            format!("such as \"{example}\""),
        );
        return None;
    };
    Some(Threshold { metric, least, most })
}
