//! Journal, offers and ends as documents for programs, one schema each.
//!
//! **Invariant:** seconds count from the request, prices are dollars per hour for all nodes unless the name says
//! otherwise, and a field that does not apply is absent.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Attempt, Candidate, Entry, Happening, Lease, Offering, Scope, Timestamp, ZoneId};

use super::log::scope_title;
use super::names::{Names, accelerators_text};

/// One way to meet a request, in the order they are tried.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Offer {
    /// The cloud.
    pub cloud: String,
    /// The region.
    pub region: String,
    /// Zones that one attempt covers; empty on clouds without zones.
    pub zones: Vec<String>,
    /// The instance type.
    pub instance_type: String,
    /// `on-demand` or `spot`.
    pub capacity: &'static str,
    /// `V100:8`; absent without accelerators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerators: Option<String>,
    /// vCPUs of one node; 0 if unknown.
    pub vcpus: f64,
    /// Memory of one node in GiB; 0 if unknown.
    pub memory_gib: f64,
    /// Price of one node, in dollars per hour.
    pub price_hourly_node: f64,
    /// Price of all nodes for the estimated run, in dollars: what the ranking compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Rank in an ordered list of alternatives; 0 when they are unordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<u16>,
}

impl Offer {
    /// A candidate.
    pub fn of_candidate(names: &dyn Names, candidate: &Candidate) -> Self {
        let offer = Self::of_offering(names, &candidate.offering, candidate.zones.as_slice());
        Self { cost: Some(candidate.cost.as_dollars()), preference: Some(candidate.preference), ..offer }
    }

    /// What is held.
    pub fn of_lease(names: &dyn Names, lease: &Lease) -> Self {
        Self::of_offering(names, &lease.offering, lease.zone.as_slice())
    }

    fn of_attempt(names: &dyn Names, attempt: &Attempt) -> Self {
        Self::of_offering(names, &attempt.offering, attempt.zones.as_slice())
    }

    fn of_offering(names: &dyn Names, offering: &Offering, zones: &[ZoneId]) -> Self {
        let facts = names.instance_type(offering.instance_type);
        Self {
            cloud: names.cloud(offering.cloud).to_owned(),
            region: names.region(offering.region).to_owned(),
            zones: zones.iter().map(|zone| names.zone(*zone).to_owned()).collect(),
            instance_type: facts.name.to_owned(),
            capacity: offering.capacity.name(),
            accelerators: facts.accelerator.map(|accelerator| accelerators_text(Some(accelerator))),
            vcpus: f64::from(facts.vcpus_milli) / 1e3,
            memory_gib: f64::from(facts.memory_mib) / 1024.0,
            price_hourly_node: offering.price_hourly.as_dollars(),
            cost: None,
            preference: None,
        }
    }
}

/// One entry of the journal, as a line of NDJSON.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Event {
    /// Seconds since the request.
    pub at_s: f64,
    /// Which of several requests.
    pub demand: u32,
    /// What happened: `arrived`, `round`, `attempted`, `denied`, `blocked`, `retrying`, `waiting`, `partly-launched`,
    /// `lost`, `found`, `launched`, `releasing`, `released`, `not-released`, `orphaned`, `preempted`, `ended`.
    pub event: &'static str,
    /// The call it is about; doubles as the idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
    /// What was asked for or obtained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// Nodes wanted or obtained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u16>,
    /// Candidates the request came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u32>,
    /// The round that began, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// Why it was refused: `stockout`, `quota`, `throttle`, `unauthorized`, `invalid-request`, `unsupported`,
    /// `preempted`, `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    /// The cloud's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The cloud's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the refusal speaks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Until when: of a block or a wait, in seconds since the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_s: Option<f64>,
    /// What a released lease had cost, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// How it ended: `placed`, `no-capacity`, `no-quota` and so on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
}

impl Event {
    /// An entry, with names.
    pub fn of(names: &dyn Names, entry: &Entry) -> Self {
        let base = Self { at_s: at(entry.at), demand: entry.demand.0, ..Self::default() };
        base.filled(names, &entry.happening)
    }

    fn filled(self, names: &dyn Names, happening: &Happening) -> Self {
        let scoped = |scope: &Scope| Some(scope_title(names, scope));
        let leased = |lease: &Lease| (Some(Offer::of_lease(names, lease)), Some(lease.nodes));
        match happening {
            Happening::Arrived { candidates, nodes } => {
                Self { event: "arrived", candidates: Some(*candidates), nodes: Some(*nodes), ..self }
            }
            Happening::Round(n) => Self { event: "round", round: Some(*n), ..self },
            Happening::Attempted(call, attempt) => Self {
                event: "attempted",
                call: Some(call.0),
                offer: Some(Offer::of_attempt(names, attempt)),
                nodes: Some(attempt.nodes),
                ..self
            },
            Happening::Denied(call, denial) => Self {
                event: "denied",
                call: Some(call.0),
                cause: Some(denial.cause.name()),
                code: Some(denial.code.to_string()),
                message: Some(denial.text.to_string()),
                scope: scoped(&denial.scope),
                ..self
            },
            Happening::Blocked(scope, until) => {
                Self { event: "blocked", scope: scoped(scope), until_s: Some(at(*until)), ..self }
            }
            Happening::Retrying(call, pause) => {
                let until_s = Some(self.at_s + pause.as_secs_f64());
                Self { event: "retrying", call: Some(call.0), until_s, ..self }
            }
            Happening::Waiting(until) => Self { event: "waiting", until_s: Some(at(*until)), ..self },
            Happening::PartlyLaunched(call, lease) => {
                let (offer, nodes) = leased(lease);
                Self { event: "partly-launched", call: Some(call.0), offer, nodes, ..self }
            }
            Happening::Lost(call, why) => {
                Self { event: "lost", call: Some(call.0), message: Some(why.to_string()), ..self }
            }
            Happening::Found(call, lease) => {
                let (offer, nodes) = lease.as_ref().map_or((None, None), leased);
                Self { event: "found", call: Some(call.0), offer, nodes, ..self }
            }
            Happening::Launched(call, lease) => {
                let (offer, nodes) = leased(lease);
                Self { event: "launched", call: Some(call.0), offer, nodes, ..self }
            }
            Happening::Releasing(lease) => Self { event: "releasing", call: Some(lease.0.0), ..self },
            Happening::Released(lease, cost) => {
                Self { event: "released", call: Some(lease.0.0), cost: Some(cost.as_dollars()), ..self }
            }
            Happening::NotReleased(lease, why) => {
                Self { event: "not-released", call: Some(lease.0.0), message: Some(why.to_string()), ..self }
            }
            Happening::Orphaned(lease) => Self { event: "orphaned", call: Some(lease.0.0), ..self },
            Happening::Preempted(lease) => Self { event: "preempted", call: Some(lease.0.0), ..self },
            Happening::Ended(outcome) => Self { event: "ended", outcome: Some(outcome.name()), ..self },
        }
    }
}

fn at(timestamp: Timestamp) -> f64 {
    timestamp.since(Timestamp::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::story;
    use super::super::names::fake::Fake;
    use super::*;

    #[test]
    fn every_entry_becomes_a_named_event_that_meets_the_schema() {
        let schema = serde_json::to_value(schemars::schema_for!(Event)).expect("a schema");
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.add_resource("event.json", schema).expect("a resource");
        let index = compiler.compile("event.json", &mut schemas).expect("a valid schema");
        for entry in story() {
            let event = serde_json::to_value(Event::of(&Fake, &entry)).expect("JSON");
            assert_ne!(event["event"], "", "{entry:?}");
            assert!(schemas.validate(&event, index).is_ok(), "{event}");
        }
    }

    #[test]
    fn a_refusal_keeps_the_clouds_words() {
        let denied = story().into_iter().find(|e| matches!(e.happening, Happening::Denied(..))).expect("a refusal");
        let event = serde_json::to_value(Event::of(&Fake, &denied)).expect("JSON");
        assert_eq!(event["code"], "ZONE_RESOURCE_POOL_EXHAUSTED");
        assert_eq!((event["cause"].as_str(), event["at_s"].as_f64()), (Some("stockout"), Some(13.0)));
        assert!(event.get("offer").is_none(), "what does not apply is absent");
    }
}
