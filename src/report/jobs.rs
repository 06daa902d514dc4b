//! What became of jobs, side by side: for people as a table, for programs as JSON.
//!
//! **Invariant:** every estimate is shown with its 95 % interval.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Span;
use crate::study::stats::Estimate;
use crate::study::{JobSummary, Summary};

use super::cells::Cells;
use super::study::Interval;

/// What became of the jobs under one policy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct JobsRecord {
    /// How many.
    pub jobs: usize,
    /// The share that was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Interval>,
    /// The share that missed its deadline, of those that have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<Interval>,
    /// Seconds from arrival until all work was done, of those that were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_s: Option<Interval>,
    /// Seconds of work lost with machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_lost_s: Option<Interval>,
    /// How often machines were taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preemptions: Option<Interval>,
    /// Launch calls to find new machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_attempts: Option<Interval>,
    /// Dollars that all machines cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Interval>,
}

impl JobsRecord {
    /// A summary for programs.
    pub fn of(jobs: &JobSummary) -> Self {
        Self {
            jobs: jobs.jobs,
            done: jobs.done.map(Interval::of),
            missed: jobs.missed.map(Interval::of),
            time_s: jobs.took.map(Interval::of),
            work_lost_s: jobs.lost.map(Interval::of),
            preemptions: jobs.preemptions.map(Interval::of),
            recovery_attempts: jobs.recovery_attempts.map(Interval::of),
            cost: jobs.cost.map(Interval::of),
        }
    }
}

/// An estimate and how it is printed.
type Cell<'a> = (Option<Estimate>, &'a dyn Fn(f64) -> String);

/// The table for a terminal; nothing where there are no jobs.
pub fn table<'a>(arms: impl IntoIterator<Item = (&'a str, &'a Summary)>) -> Vec<String> {
    cells(arms).map_or_else(Vec::new, |cells| cells.lines())
}

/// The table: a line a policy, below it the 95 % intervals; `None` where there are no jobs.
pub fn cells<'a>(arms: impl IntoIterator<Item = (&'a str, &'a Summary)>) -> Option<Cells> {
    let head = ["POLICY", "JOBS DONE", "LATE", "TIME", "WORK LOST", "PREEMPTIONS", "RECOVERY CALLS", "COST ($)"];
    let mut rows: Vec<Vec<String>> = Vec::new();
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let time = |seconds: f64| Span::from_secs_f64(seconds).to_string();
    let number = |number: f64| format!("{number:.2}");
    for (policy, summary) in arms {
        let Some(jobs) = &summary.jobs else { continue };
        let cells: [Cell<'_>; 7] = [
            (jobs.done, &percent),
            (jobs.missed, &percent),
            (jobs.took, &time),
            (jobs.lost, &time),
            (jobs.preemptions, &number),
            (jobs.recovery_attempts, &number),
            (jobs.cost, &number),
        ];
        let value =
            |(estimate, text): &Cell<'_>| estimate.map_or_else(|| "-".to_owned(), |estimate| text(estimate.value));
        let interval = |(estimate, text): &Cell<'_>| {
            let interval = estimate.and_then(|estimate| estimate.interval);
            interval.map_or_else(String::new, |between| format!("{} .. {}", text(between.low), text(between.high)))
        };
        rows.push(std::iter::once(policy.to_owned()).chain(cells.iter().map(value)).collect());
        rows.push(std::iter::once("  95 % interval".to_owned()).chain(cells.iter().map(interval)).collect());
    }
    (!rows.is_empty()).then(|| Cells::new(head, rows))
}
