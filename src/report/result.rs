//! Results read back: their manifests, and the numbers that a later result is held against.
//!
//! **Invariant:** what was absent in a document because it is infinite is infinite again.

use serde::Deserialize;

use crate::study::Pair;
use crate::study::stats::{Estimate, Interval};

use super::Manifest;

/// A result of `run` or `compare`, as far as it is read back.
#[derive(Debug, Clone)]
pub struct ResultRecord {
    /// `sky-sim.run/1` or `sky-sim.compare/1`.
    pub schema: String,
    /// One a scenario.
    pub studies: Vec<StudyResult>,
    /// What of the scenario's expectations was not met; `None` if they were not looked at.
    pub unmet: Option<Vec<String>>,
}

/// One scenario's part.
#[derive(Debug, Clone, Deserialize)]
pub struct StudyResult {
    /// What made it.
    pub manifest: Manifest,
    policies: Vec<Policy>,
}

#[derive(Deserialize)]
struct Document {
    schema: String,
    unmet: Option<Vec<String>>,
    #[serde(default)]
    studies: Vec<StudyResult>,
    manifest: Option<Manifest>,
    #[serde(default)]
    policies: Vec<Policy>,
}

#[derive(Debug, Clone, Deserialize)]
struct Policy {
    #[serde(rename = "policy")]
    name: String,
    success: Option<Ends>,
    time_to_provision_s: Times,
    attempts: Option<Ends>,
    price_hourly: Option<Ends>,
    wasted: Option<Ends>,
}

#[derive(Debug, Clone, Deserialize)]
struct Times {
    p50: Ends,
    p90: Ends,
    p99: Ends,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Ends {
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl ResultRecord {
    /// Reads a result; the error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut studies = document.studies;
        if let Some(manifest) = document.manifest {
            studies.push(StudyResult { manifest, policies: document.policies });
        }
        let known = ["sky-sim.run/1", "sky-sim.compare/1"].contains(&document.schema.as_str());
        if !known || studies.is_empty() {
            return Err(format!("'{}' is not a result of run or compare", document.schema));
        }
        Ok(Self { schema: document.schema, studies, unmet: document.unmet })
    }

    /// Every number that both results have, this one being the later.
    pub fn pairs(&self, before: &Self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for study in &self.studies {
            let name = &study.manifest.scenario;
            let earlier = before.studies.iter().filter(|earlier| earlier.manifest.scenario == *name);
            for old in earlier.flat_map(|earlier| &earlier.policies) {
                for new in study.policies.iter().filter(|new| new.name == old.name) {
                    pairs.extend(new.pairs(old, name));
                }
            }
        }
        pairs
    }
}

impl Policy {
    fn pairs(&self, before: &Self, scenario: &str) -> Vec<Pair> {
        let (old, new) = (&before.time_to_provision_s, &self.time_to_provision_s);
        let numbers = [
            ("success", false, before.success, self.success),
            ("wait p50", true, Some(old.p50), Some(new.p50)),
            ("wait p90", true, Some(old.p90), Some(new.p90)),
            ("wait p99", true, Some(old.p99), Some(new.p99)),
            ("attempts", true, before.attempts, self.attempts),
            ("$/h", true, before.price_hourly, self.price_hourly),
            ("wasted", true, before.wasted, self.wasted),
        ];
        let pair = |(measure, more_is_worse, old, new): (&str, bool, Option<Ends>, Option<Ends>)| {
            let what = format!("{scenario}: {} {measure}", self.name);
            Some(Pair { what, more_is_worse, before: old?.estimate(), after: new?.estimate() })
        };
        numbers.into_iter().filter_map(pair).collect()
    }
}

impl Ends {
    fn estimate(self) -> Estimate {
        let never = |end: Option<f64>| end.unwrap_or(f64::INFINITY);
        let interval = Interval { low: never(self.low), high: never(self.high) };
        Estimate { value: never(self.value), interval: Some(interval) }
    }
}
