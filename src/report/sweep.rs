//! A sweep over parameters: what was run, and a line a point and policy of what came of it.
//!
//! **Invariant:** the header says everything that decides the rows, so pieces with the same header belong together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::study::stats::Estimate;
use crate::study::{JobSummary, Point, Summary};

use super::Manifest;
use super::cells::Cells;
use super::jobs::JobsRecord;
use super::study::{Count, Interval, PolicyRecord, Times, percent, shown, time};

/// The line of JSON that a file of trials starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepHeader {
    /// `sky-sim.sweep/1`.
    pub schema: String,
    /// What made it. Its hash of the scenario is that of the file without settings.
    pub manifest: Manifest,
    /// Requests of a trial.
    pub demands: usize,
    /// True if the rows tell of jobs; absent if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_jobs: bool,
    /// The points, in the order of the rows' cells.
    pub points: Vec<Point>,
}

/// What a file of trials calls its format.
pub const SWEEP_SCHEMA: &str = "sky-sim.sweep/1";

/// One policy at one point.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The point.
    pub point: &'a Point,
    /// The policy's name.
    pub policy: &'a str,
    /// What it achieved there.
    pub summary: &'a Summary,
}

/// What the table of a sweep calls its format.
pub const SWEPT_SCHEMA: &str = "sky-sim.swept/1";

/// Everything that came of a sweep, for programs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SweptRecord {
    /// `sky-sim.swept/1`.
    pub schema: &'static str,
    /// What made it.
    pub manifest: Manifest,
    /// One a point and policy; points in the order of the axes, the last running fastest.
    pub rows: Vec<SweptRow>,
}

/// One policy at one point.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SweptRow {
    /// The parameters and their values.
    pub point: BTreeMap<String, String>,
    /// The policy's name.
    pub policy: String,
    /// Requests made, over all trials.
    pub requests: usize,
    /// How many of them were placed.
    pub placed: usize,
    /// The share that was placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<Interval>,
    /// Seconds from request to placement: the quantiles over all requests, absent where that is never. Where requests are too
    /// many to be kept one by one, they are told to within 0.012 %.
    pub time_to_provision_s: Times,
    /// Launch calls a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Interval>,
    /// Price obtained, in dollars per hour for all nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_hourly: Option<Interval>,
    /// How far that lies above the cheapest that could have been had at the moment of the request, as a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_cheapest: Option<Interval>,
    /// Dollars a request spent on what was launched and not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasted: Option<Interval>,
    /// What became of jobs; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobsRecord>,
    /// How often each end came up.
    pub outcomes: Vec<Count>,
}

impl SweptRecord {
    /// Puts a sweep together.
    pub fn new(manifest: Manifest, rows: &[At<'_>]) -> Self {
        Self { schema: SWEPT_SCHEMA, manifest, rows: rows.iter().map(SweptRow::of).collect() }
    }
}

impl SweptRow {
    fn of(at: &At<'_>) -> Self {
        let record = PolicyRecord::of(at.policy, at.summary);
        Self {
            point: at.point.iter().cloned().collect(),
            policy: record.policy,
            requests: record.requests,
            placed: record.placed,
            success: record.success,
            time_to_provision_s: record.time_to_provision_s,
            attempts: record.attempts,
            price_hourly: record.price_hourly,
            over_cheapest: record.over_cheapest,
            wasted: record.wasted,
            jobs: record.jobs,
            outcomes: record.outcomes,
        }
    }
}

const NUMBERS: [&str; 7] = ["SUCCESS", "WAIT p50", "p90", "p99", "ATTEMPTS", "$/h", "OVER CHEAPEST"];

fn cells<const N: usize>(rows: &[At<'_>], head: [&str; N], of: impl Fn(&Summary) -> Option<[String; N]>) -> Cells {
    let axes = rows.first().map_or(&[][..], |row| row.point);
    let head = axes.iter().map(|(name, _)| name.as_str()).chain(["POLICY"]).chain(head);
    let row = |at: &At<'_>| {
        let values = at.point.iter().map(|(_, value)| value.clone());
        Some(values.chain([at.policy.to_owned()]).chain(of(at.summary)?).collect())
    };
    Cells::new(head, rows.iter().filter_map(row).collect())
}

/// For people.
pub fn table(rows: &[At<'_>]) -> Cells {
    cells(rows, NUMBERS, |summary| {
        let [p50, p90, p99] = summary.time;
        let above = |share: f64| format!("{:+.1} %", (share * 1000.0).round() / 10.0 + 0.0);
        Some([
            shown(summary.success, percent),
            shown(p50, time),
            shown(p90, time),
            shown(p99, time),
            shown(summary.attempts, two),
            shown(summary.price_hourly, two),
            shown(summary.premium, above),
        ])
    })
}

/// What became of jobs, for people; `None` without any.
pub fn jobs_table(rows: &[At<'_>]) -> Option<Cells> {
    const HEAD: [&str; 7] = ["JOBS DONE", "LATE", "TIME", "WORK LOST", "PREEMPTIONS", "RECOVERY CALLS", "COST ($)"];
    let table = cells(rows, HEAD, |summary| {
        let jobs = summary.jobs.as_ref()?;
        Some([
            shown(jobs.done, percent),
            shown(jobs.missed, percent),
            shown(jobs.took, time),
            shown(jobs.lost, time),
            shown(jobs.preemptions, two),
            shown(jobs.recovery_attempts, two),
            shown(jobs.cost, two),
        ])
    });
    (table.rows().count() > 0).then_some(table)
}

fn two(number: f64) -> String {
    format!("{number:.2}")
}

/// For a document or a pull request.
pub fn markdown(manifest: &Manifest, rows: &[At<'_>]) -> String {
    let mut lines = vec![format!("# {}, swept", manifest.scenario), String::new()];
    lines.push(format!("{} trials a point and policy, seed {}.", manifest.trials, manifest.seed));
    lines.push(String::new());
    lines.extend(table(rows).markdown());
    if let Some(jobs) = jobs_table(rows) {
        lines.extend([String::new(), "What became of jobs:".to_owned(), String::new()]);
        lines.extend(jobs.markdown());
    }
    lines.extend([String::new(), format!("Again: `{}`", manifest.command)]);
    lines.join("\n") + "\n"
}

/// For spreadsheets: every estimate with its interval.
pub fn csv(rows: &[At<'_>]) -> String {
    const COLUMNS: [&str; 8] =
        ["success", "p50_s", "p90_s", "p99_s", "attempts", "price_hourly", "over_cheapest", "wasted"];
    const OF_JOBS: [&str; 7] =
        ["jobs_done", "deadlines_missed", "job_time_s", "work_lost_s", "preemptions", "recovery_attempts", "job_cost"];
    let has_jobs = rows.iter().any(|row| row.summary.jobs.is_some());
    let field = |text: &str| {
        if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
    };
    let axes = rows.first().map_or(&[][..], |row| row.point);
    let mut head: Vec<String> = axes.iter().map(|(name, _)| field(name)).collect();
    head.push("policy".to_owned());
    let columns = COLUMNS.iter().chain(OF_JOBS.iter().filter(|_| has_jobs));
    head.extend(columns.flat_map(|name| [(*name).to_owned(), format!("{name}_low"), format!("{name}_high")]));
    let mut lines = vec![head.join(",")];
    for At { point, policy, summary } in rows {
        let [p50, p90, p99] = summary.time;
        let numbers =
            [summary.success, p50, p90, p99, summary.attempts, summary.price_hourly, summary.premium, summary.wasted];
        let mut cells: Vec<String> = point.iter().map(|(_, value)| field(value)).collect();
        cells.push(field(policy));
        cells.extend(numbers.into_iter().flat_map(three));
        if has_jobs {
            let of = |jobs: &JobSummary| {
                let JobSummary { done, missed, took, lost, preemptions, recovery_attempts, cost, .. } = *jobs;
                [done, missed, took, lost, preemptions, recovery_attempts, cost]
            };
            cells.extend(summary.jobs.as_ref().map_or([None; 7], of).into_iter().flat_map(three));
        }
        lines.push(cells.join(","));
    }
    lines.join("\n") + "\n"
}

/// Value and ends; what is infinite or unknown is empty.
fn three(estimate: Option<Estimate>) -> [String; 3] {
    let interval = estimate.and_then(|estimate| estimate.interval);
    let numbers = [estimate.map(|e| e.value), interval.map(|i| i.low), interval.map(|i| i.high)];
    numbers.map(|number| number.filter(|n| n.is_finite()).map_or_else(String::new, |n| n.to_string()))
}
