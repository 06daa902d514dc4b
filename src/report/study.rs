//! What policies achieved, side by side: for people as a table, for programs as JSON and CSV.
//!
//! **Invariant:** every estimate is shown with its 95 % interval; a quantile that lies among the trials that were
//! never placed reads `never`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Outcome, Span};
use crate::study::stats::{self, Estimate};
use crate::study::{LeftBehind, Summary, Trial};

use super::Manifest;
use super::cells::Cells;
use super::jobs::JobsRecord;

/// A study for programs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StudyRecord {
    /// `sky-sim.run/1`.
    pub schema: &'static str,
    /// What made it.
    pub manifest: Manifest,
    /// One a policy, in the order asked for.
    pub policies: Vec<PolicyRecord>,
    /// What of the scenario's expectations was not met; absent if they were not looked at, since other policies or fewer
    /// trials than the scenario's own were run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmet: Option<Vec<String>>,
}

/// What one policy achieved.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PolicyRecord {
    /// Its name.
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
    /// The most launch calls for one request.
    pub attempts_most: u32,
    /// Price obtained, in dollars per hour for all nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_hourly: Option<Interval>,
    /// How far that lies above the cheapest that could have been had at the moment of the request, as a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_cheapest: Option<Interval>,
    /// The same in dollars per hour, over the requests that every policy compared placed; absent where none are
    /// compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regret_hourly: Option<Interval>,
    /// Seconds a request waits, those that are cut off or given up counted up to the limit of the comparison; absent
    /// where none are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_wait_s: Option<Interval>,
    /// Dollars a request spent on what was launched and not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wasted: Option<Interval>,
    /// What became of jobs; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<JobsRecord>,
    /// How often each end came up.
    pub outcomes: Vec<Count>,
    /// How often each cause of refusal came up.
    pub denials: Vec<Count>,
    /// Leases that nobody gave back; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<LeftBehindRecord>,
}

/// Leases that are billed and that nobody holds.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct LeftBehindRecord {
    /// How many, over all trials.
    pub leases: u64,
    /// The time of their machines until their trials ended, together, in seconds.
    pub machine_seconds: f64,
}

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Quantiles of times, in seconds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Times {
    /// Half are up by then.
    pub p50: TimeInterval,
    /// Nine of ten.
    pub p90: TimeInterval,
    /// 99 of 100.
    pub p99: TimeInterval,
}

/// A time with its 95 % interval, in seconds; an absent field is never.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct TimeInterval {
    /// The estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The lower end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// A name and how often it came up.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Count {
    /// The name.
    pub name: String,
    /// How often.
    pub count: u64,
}

impl StudyRecord {
    /// Puts a study together.
    pub fn new(manifest: Manifest, policies: Vec<PolicyRecord>, unmet: Option<Vec<String>>) -> Self {
        Self { schema: "sky-sim.run/1", manifest, policies, unmet }
    }
}

impl PolicyRecord {
    /// A summary for programs.
    pub fn of(policy: &str, summary: &Summary) -> Self {
        let [p50, p90, p99] = summary.time.map(TimeInterval::of);
        Self {
            policy: policy.to_owned(),
            requests: summary.trials,
            placed: summary.placed,
            success: summary.success.map(Interval::of),
            time_to_provision_s: Times { p50, p90, p99 },
            attempts: summary.attempts.map(Interval::of),
            attempts_most: summary.attempts_most,
            price_hourly: summary.price_hourly.map(Interval::of),
            over_cheapest: summary.premium.map(Interval::of),
            jobs: summary.jobs.as_ref().map(JobsRecord::of),
            regret_hourly: None,
            mean_wait_s: None,
            wasted: summary.wasted.map(Interval::of),
            outcomes: summary
                .outcomes
                .iter()
                .map(|(outcome, count)| Count { name: outcome_name(*outcome).to_owned(), count: *count as u64 })
                .collect(),
            denials: summary
                .denials
                .iter()
                .map(|(cause, count)| Count { name: cause.name().to_owned(), count: *count })
                .collect(),
            left_behind: summary
                .left_behind
                .map(|LeftBehind { leases, machine_seconds }| LeftBehindRecord { leases, machine_seconds }),
        }
    }
}

impl Interval {
    /// A single value has no interval, and is told as its own.
    pub(super) fn of(estimate: Estimate) -> Self {
        let value = estimate.value;
        let stats::Interval { low, high } = estimate.interval.unwrap_or(stats::Interval { low: value, high: value });
        let finite = |number: f64| if number.is_finite() { number } else { value };
        Self { value, low: finite(low), high: finite(high) }
    }
}

impl TimeInterval {
    /// What is infinite is absent.
    pub(super) fn of(estimate: Option<Estimate>) -> Self {
        let finite = |seconds: f64| seconds.is_finite().then_some(seconds);
        let interval = estimate.and_then(|estimate| estimate.interval);
        Self {
            value: estimate.and_then(|estimate| finite(estimate.value)),
            low: interval.and_then(|interval| finite(interval.low)),
            high: interval.and_then(|interval| finite(interval.high)),
        }
    }
}

/// The name of an end; what had not ended is `unfinished`.
pub fn outcome_name(outcome: Option<Outcome>) -> &'static str {
    outcome.map_or("unfinished", Outcome::name)
}

/// The table: a line a policy, below it the 95 % intervals.
pub fn table<'a>(arms: impl IntoIterator<Item = (&'a str, &'a Summary)>) -> Cells {
    let head = ["POLICY", "SUCCESS", "TIME p50", "p90", "p99", "ATTEMPTS", "$/h", "OVER CHEAPEST", "WASTED ($)"];
    let mut rows = Vec::new();
    for (policy, summary) in arms {
        let estimates = [summary.attempts, summary.price_hourly, summary.premium, summary.wasted];
        let [attempts, price, premium, wasted] = estimates;
        // Rounded first, so that a hair below nothing is not printed as `-0.0`.
        let above = |share: f64| format!("{:+.1} %", (share * 1000.0).round() / 10.0 + 0.0);
        let [p50, p90, p99] = summary.time;
        rows.push(vec![
            policy.to_owned(),
            shown(summary.success, percent),
            shown(p50, time),
            shown(p90, time),
            shown(p99, time),
            shown(attempts, |n| format!("{n:.2}")),
            shown(price, |n| format!("{n:.2}")),
            shown(premium, above),
            shown(wasted, |n| format!("{n:.3}")),
        ]);
        let between = |low: String, high: String| format!("{low} .. {high}");
        let ends = |estimate: Option<Estimate>, text: &dyn Fn(f64) -> String| {
            let interval = estimate.and_then(|estimate| estimate.interval);
            interval.map_or_else(String::new, |e| between(text(e.low), text(e.high)))
        };
        rows.push(vec![
            "  95 % interval".to_owned(),
            ends(summary.success, &percent),
            ends(p50, &time),
            ends(p90, &time),
            ends(p99, &time),
            ends(attempts, &|n| format!("{n:.2}")),
            ends(price, &|n| format!("{n:.2}")),
            ends(premium, &above),
            ends(wasted, &|n| format!("{n:.3}")),
        ]);
    }
    Cells::new(head, rows)
}

/// One decimal, and a second one where the first would hide how rare a failure is.
pub(super) fn percent(share: f64) -> String {
    let digits = if (0.995..0.999_95).contains(&share) || (0.000_05..0.005).contains(&share) { 2 } else { 1 };
    format!("{:.digits$} %", share * 100.0)
}

pub(super) fn time(seconds: f64) -> String {
    if seconds.is_finite() { Span::from_secs_f64(seconds).to_string() } else { "never".to_owned() }
}

pub(super) fn shown(estimate: Option<Estimate>, text: impl Fn(f64) -> String) -> String {
    estimate.map_or_else(|| "-".to_owned(), |estimate| text(estimate.value))
}

/// A line a policy of how its requests ended, why calls were refused and what was left behind.
pub fn ends<'a>(arms: impl IntoIterator<Item = (&'a str, &'a Summary)>) -> Vec<String> {
    let of = |(policy, summary): (&str, &Summary)| {
        let ended = summary.outcomes.iter().map(|(outcome, count)| format!("{} {count}", outcome_name(*outcome)));
        let refused = summary.denials.iter().map(|(cause, count)| format!("{cause} {count}"));
        let (ended, refused): (Vec<_>, Vec<_>) = (ended.collect(), refused.collect());
        let refused = if refused.is_empty() { "none".to_owned() } else { refused.join(", ") };
        let left = summary.left_behind.map_or_else(String::new, |left| {
            let leases = if left.leases == 1 { "lease" } else { "leases" };
            format!("; left behind: {} {leases}, {} of machines", left.leases, time(left.machine_seconds))
        });
        format!("{policy}: {}; refusals: {refused}{left}", ended.join(", "))
    };
    arms.into_iter().map(of).collect()
}

/// The first line of requests as CSV.
pub const CSV_HEAD: &str = "policy,trial,demand,outcome,seconds,attempts,price_hourly,cheapest_hourly,wasted\n";

/// Every request of these trials as CSV, one line each; `first` is the number of the first trial.
pub fn csv_lines(policy: &str, first: u64, trials: &[Trial], demands: usize) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let demands = demands.max(1);
    let dollars = |money: Option<crate::model::Money>| money.map_or_else(String::new, |m| m.as_dollars().to_string());
    for (n, trial) in trials.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{policy},{},{},{},{},{},{},{},{}",
            first + (n / demands) as u64,
            n % demands,
            outcome_name(trial.outcome),
            trial.elapsed.as_secs_f64(),
            trial.attempts,
            dollars(trial.price_hourly),
            dollars(trial.cheapest_hourly),
            trial.wasted.as_dollars(),
        );
    }
    text
}

/// The summaries as CSV: one line a policy, with a header.
pub fn summary_csv(policies: &[PolicyRecord]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "policy,requests,placed,success,success_low,success_high,p50_s,p90_s,p99_s,attempts,price_hourly,over_cheapest,wasted,orphans,orphan_s\n",
    );
    for of in policies {
        let number = |n: Option<f64>| n.map_or_else(String::new, |n| n.to_string());
        let mean = |interval: Option<Interval>| number(interval.map(|i| i.value));
        let times = &of.time_to_provision_s;
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
            of.policy,
            of.requests,
            of.placed,
            mean(of.success),
            number(of.success.map(|i| i.low)),
            number(of.success.map(|i| i.high)),
            number(times.p50.value),
            number(times.p90.value),
            number(times.p99.value),
            mean(of.attempts),
            mean(of.price_hourly),
            mean(of.over_cheapest),
            mean(of.wasted),
            of.left_behind.map_or(0, |left| left.leases),
            of.left_behind.map_or(0.0, |left| left.machine_seconds),
        );
    }
    text
}

#[cfg(test)]
mod tests;
