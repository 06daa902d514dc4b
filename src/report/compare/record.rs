//! A comparison for programs.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Manifest;
use crate::report::study::{Interval, PolicyRecord};
use crate::study::stats::{Estimate, Verdict};
use crate::study::{Judged, Judgement, Unit};

use super::Compared;

/// Everything `sky-sim compare` found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CompareRecord {
    /// `sky-sim.compare/1`.
    pub schema: &'static str,
    /// One a scenario, in the order given; their differences are one family to Holm's correction.
    pub studies: Vec<ComparedRecord>,
}

/// The policies on one scenario.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ComparedRecord {
    /// What made it.
    pub manifest: Manifest,
    /// The policy the others are compared with.
    pub baseline: String,
    /// The share of studies whose intervals cover the truth, at the least.
    pub level: f64,
    /// Up to when waits are averaged, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_wait_limit_s: Option<f64>,
    /// One a policy.
    pub policies: Vec<PolicyRecord>,
    /// What nobody can beat on price who does not know the market.
    pub clairvoyant: Clairvoyant,
    /// One a policy and measure, none of the baseline's.
    pub differences: Vec<Difference>,
    /// Where the study is too small for what it says.
    pub cautions: Vec<String>,
}

/// Who takes at once the cheapest that can be had at the moment of the request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Clairvoyant {
    /// The share of requests for which there was any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obtainable: Option<Interval>,
    /// What it costs, in dollars per hour for all nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_hourly: Option<Interval>,
}

/// One measure of one policy against the baseline, paired by request.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Difference {
    /// The policy.
    pub policy: String,
    /// The measure.
    pub measure: String,
    /// `share`, `seconds`, `calls`, `dollars per hour` or `dollars`.
    pub unit: &'static str,
    /// The policy's value minus the baseline's.
    pub difference: Bounded,
    /// The policy's value divided by the baseline's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<Bounded>,
    /// How often luck alone makes such a difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The same, corrected for all that is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_holm: Option<f64>,
    /// `lower`, `higher`, or `unclear` where it may be luck.
    pub verdict: &'static str,
}

/// A number with its interval; what is infinite or unknown is absent.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Bounded {
    /// The number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The lower end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl ComparedRecord {
    /// Puts one scenario's comparison together.
    pub fn new(manifest: Manifest, compared: Compared<'_>, cautions: Vec<String>) -> Self {
        let Compared { arms, judgement } = compared;
        let name = |at: usize| arms.get(at).map_or("", |(name, _)| name).to_owned();
        let policy = |(at, (name, summary)): (usize, &(&str, &crate::study::Summary))| PolicyRecord {
            regret_hourly: estimate(&judgement.regrets, at),
            mean_wait_s: estimate(&judgement.mean_waits, at),
            ..PolicyRecord::of(name, summary)
        };
        Self {
            manifest,
            baseline: name(judgement.baseline),
            level: judgement.level.confidence(),
            mean_wait_limit_s: judgement.limit,
            policies: arms.iter().enumerate().map(policy).collect(),
            clairvoyant: clairvoyant(judgement),
            differences: judgement.rows.iter().map(|row| difference(name(row.arm), row)).collect(),
            cautions,
        }
    }
}

fn estimate(estimates: &[Option<Estimate>], at: usize) -> Option<Interval> {
    estimates.get(at).copied().flatten().map(Interval::of)
}

fn clairvoyant(judgement: &Judgement) -> Clairvoyant {
    Clairvoyant {
        obtainable: judgement.bound.obtainable.map(Interval::of),
        price_hourly: judgement.bound.price_hourly.map(Interval::of),
    }
}

fn difference(policy: String, row: &Judged) -> Difference {
    Difference {
        policy,
        measure: row.measure.to_string(),
        unit: match row.measure.unit() {
            Unit::Share => "share",
            Unit::Seconds => "seconds",
            Unit::Calls => "calls",
            Unit::DollarsPerHour => "dollars per hour",
            Unit::Dollars => "dollars",
        },
        difference: Bounded::of(row.difference),
        factor: row.ratio.map(|ratio| Bounded::of(Some(ratio))),
        p: row.p,
        p_holm: row.adjusted,
        verdict: match row.verdict {
            Verdict::Lower => "lower",
            Verdict::Higher => "higher",
            Verdict::Unclear => "unclear",
        },
    }
}

impl Bounded {
    fn of(estimate: Option<Estimate>) -> Self {
        let finite = |number: f64| number.is_finite().then_some(number);
        let interval = estimate.and_then(|estimate| estimate.interval);
        Self {
            value: estimate.and_then(|estimate| finite(estimate.value)),
            low: interval.and_then(|interval| finite(interval.low)),
            high: interval.and_then(|interval| finite(interval.high)),
        }
    }
}

/// The differences as CSV: one line each, with a header.
pub fn csv(record: &CompareRecord) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "scenario,baseline,policy,measure,unit,difference,low,high,factor,factor_low,factor_high,p,p_holm,verdict\n",
    );
    let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    for study in &record.studies {
        for row in &study.differences {
            let factor = row.factor.unwrap_or(Bounded { value: None, low: None, high: None });
            let numbers = [
                row.difference.value,
                row.difference.low,
                row.difference.high,
                factor.value,
                factor.low,
                factor.high,
                row.p,
                row.p_holm,
            ];
            let numbers = numbers.map(number).join(",");
            let (scenario, baseline) = (&study.manifest.scenario, &study.baseline);
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{scenario},{baseline},{},{},{},{numbers},{}",
                row.policy, row.measure, row.unit, row.verdict
            );
        }
    }
    text
}
