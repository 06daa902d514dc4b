//! The JSON Schema of a scenario file, for editors and other programs.

use serde_json::{Map, Value, json};

use crate::denials::bodies;
use crate::request::demand_keys;
use crate::sim::market::Recovery;
use crate::sim::probe::Probe;

use super::quotas::{self, QuotaScope};
use super::settings::{Fault, Outcome, Refused};
use super::shocks::{self, Per};
use super::{KEYS, Metric, demand, expect, laws, rhythms, settings, stocks, work};

/// The schema of a scenario file (JSON Schema 2020-12). It says which keys there are and of what form their values are;
/// whether a name exists, and whether numbers make a law, is for [`super::Scenario::load`].
pub fn scenario_schema() -> Value {
    let mut properties = Map::new();
    for key in KEYS {
        properties.insert((*key).to_owned(), property(key));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "sky.scenario/1",
        "title": "Scenario",
        "description": "A market, what is wanted of it, and what must come of that.",
        "type": "object",
        "properties": properties,
        "required": ["schema", "title", "why"],
        "oneOf": [{ "required": ["demand"] }, { "required": ["demands"] }],
        "additionalProperties": false,
        "$defs": definitions(),
    })
}

fn property(key: &str) -> Value {
    let described = |text: &str, mut value: Value| {
        value["description"] = text.into();
        value
    };
    match key {
        "schema" => described("Version of the format.", json!({ "const": super::SCHEMA })),
        "title" => described("One line.", json!({ "type": "string" })),
        "why" => described("What it is for, what is known and what is assumed.", json!({ "type": "string" })),
        "catalog" => object(&["without", "add"], |key| match key {
            "without" => list(&reference("selector")),
            _ => list(&object(&["instance_type", "accelerator", "zone", "like"], |_| json!({ "type": "string" }))),
        }),
        "import" => described(
            "Files whose catalog, parameters, clouds and shocks are taken in, relative to this one.",
            json!({ "anyOf": [{ "type": "string" }, list(&json!({ "type": "string" }))] }),
        ),
        "matrix" => described(
            "Values of parameters that sky-sim sweep runs every combination of.",
            json!({ "type": "object", "additionalProperties": { "type": "array", "minItems": 1 } }),
        ),
        "shocks" => list(&reference("shock")),
        "parameters" => described("Values that $name stands for.", json!({ "type": "object" })),
        "clouds" => json!({ "type": "object", "additionalProperties": reference("line") }),
        "demand" => reference("demand"),
        "demands" => list(&reference("demand")),
        "policies" => {
            json!({ "anyOf": [{ "const": "all" }, list(&json!({ "type": "string" })), reference("parameter")] })
        }
        "trials" => number(1),
        "seed" => number(0),
        "horizon" => described("No demand waits longer than until then.", reference("duration")),
        "expect" => expectations(),
        "probes" => {
            described("Branches that some trial must reach.", list(&names(Probe::ALL.iter().map(|probe| probe.name()))))
        }
        _ => object(&Metric::ALL.map(|(name, _)| name), |_| json!({ "type": ["string", "number"] })),
    }
}

fn expectations() -> Value {
    object(expect::KEYS, |key| match key {
        "outcome" => names(crate::model::Outcome::ALL.iter().map(|outcome| outcome.name())),
        "obtained" => reference("selector"),
        "path" => list(&reference("selector")),
        "table" => list(&object(&["offering", "cost"], |key| match key {
            "offering" => reference("selector"),
            _ => json!({ "type": ["number", "string"] }),
        })),
        _ => json!({ "type": ["string", "number"] }),
    })
}

fn definitions() -> Value {
    json!({
        "selector": {
            "description": "cloud/region/zone/type or accelerator/terms; parts may be left out, * stands for any.",
            "type": "string",
        },
        "parameter": { "description": "$name of a parameter.", "type": "string", "pattern": "^\\$[a-z0-9_-]+$" },
        "duration": { "type": ["string", "number"] },
        "line": { "anyOf": [{ "enum": ["always", "never"] }, object(settings::KEYS, line_property)] },
        "shock": object(shocks::KEYS, |key| match key {
            "on" => reference("selector"),
            "per" => names(Per::words()),
            "every" | "lasts" => reference("law"),
            _ => json!({ "anyOf": [{ "type": "number", "minimum": 0, "maximum": 1 }, reference("parameter")] }),
        }),
        "law": {
            "description": "30s, 13s..18s, or one law by name.",
            "anyOf": [
                { "type": ["string", "number"] },
                { "type": "object", "minProperties": 1, "maxProperties": 1, "properties": any_of_keys(laws::KINDS), "additionalProperties": false },
            ],
        },
        "pool": {
            "description": "How many machines there are as time goes by.",
            "anyOf": [
                { "enum": ["always", "never"] },
                reference("parameter"),
                { "type": "object", "minProperties": 1, "maxProperties": 1, "properties": any_of_keys(stocks::KINDS), "additionalProperties": false },
            ],
        },
        "quota": {
            "description": "In vCPUs, or in accelerators where the cloud meters those.",
            "anyOf": [
                { "type": "number", "minimum": 0 },
                { "type": "string" },
                object(quotas::QUOTA_KEYS, |key| match key {
                    "scope" => names(QuotaScope::words()),
                    "usage" => json!({ "anyOf": [{ "type": "number", "minimum": 0 }, reference("pool")] }),
                    "increase" => object(quotas::INCREASE_KEYS, |key| match key {
                        "after" => reference("law"),
                        _ => json!({ "type": ["number", "string"] }),
                    }),
                    _ => json!({ "type": ["number", "string"] }),
                }),
            ],
        },
        "demand": {
            "description": "A task under `task`, or its keys written flat.",
            "type": "object",
            "properties": demand_properties(),
            "additionalProperties": false,
        },
    })
}

fn demand_properties() -> Value {
    let mut keys = demand::OURS.to_vec();
    keys.extend(demand_keys());
    let property = |key: &str| match key {
        "at" => reference("duration"),
        "hold" => reference("law"),
        "arrivals" => object(work::ARRIVAL_KEYS, |key| match key {
            "every" => reference("law"),
            _ => json!({ "type": ["number", "string"] }),
        }),
        "job" => object(work::JOB_KEYS, |key| match key {
            "recovery" => names(Recovery::ALL.map(|(name, _)| name)),
            "saves_on_notice" => json!({ "type": ["boolean", "string"] }),
            _ => reference("duration"),
        }),
        _ => json!(true),
    };
    keys.iter().map(|key| ((*key).to_owned(), property(key))).collect::<Map<String, Value>>().into()
}

fn line_property(key: &str) -> Value {
    let laws = |words: Vec<&'static str>| object(&words, |_| reference("law"));
    match key {
        "pool" => reference("pool"),
        "share" => names(["type", "accelerator"]),
        "quota" => json!({ "anyOf": [reference("quota"), list(&reference("quota"))] }),
        "api" => laws(Outcome::words()),
        "shocks" => list(&reference("shock")),
        "rhythm" => object(rhythms::RHYTHM_KEYS, |key| match key {
            "daily" => json!({ "anyOf": [list(&json!({ "type": "number" })), object(rhythms::DAILY_KEYS, |_| {
                json!({ "type": ["number", "string"] })
            })] }),
            "weekly" => list(&json!({ "type": "number" })),
            _ => json!({ "type": ["number", "string"] }),
        }),
        "rate" => object(quotas::PACE_KEYS, |key| match key {
            "scope" => names(["cloud", "region"]),
            _ => json!({ "type": ["number", "string"] }),
        }),
        "faults" => {
            let mut known = Fault::words();
            known.push("unauthorized");
            object(&known, |key| match key {
                "unauthorized" => json!({ "anyOf": [
                    { "type": ["boolean", "string"] },
                    object(&["after", "for"], |_| reference("duration")),
                ] }),
                _ => json!({ "anyOf": [{ "type": "number", "minimum": 0, "maximum": 1 }, reference("parameter")] }),
            })
        }
        "spot" => object(settings::SPOT_KEYS, |key| match key {
            "life" => reference("law"),
            "price" => object(rhythms::PRICE_KEYS, |key| match key {
                "trace" => any_of_keys_object(stocks::TRACE_KEYS),
                _ => any_of_keys_object(rhythms::REVERTING_KEYS),
            }),
            _ => json!({ "type": ["number", "string"] }),
        }),
        "answers" => {
            let keys = ["aws", "azure", "gcp"].into_iter().flat_map(bodies).map(|body| body.key.as_str());
            let keys = names(keys);
            object(&Refused::words(), |_| keys.clone())
        }
        _ => json!({ "type": "string" }),
    }
}

fn object(keys: &[&str], property: impl Fn(&str) -> Value) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), property(key))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn any_of_keys(keys: &[&str]) -> Value {
    keys.iter().map(|key| ((*key).to_owned(), json!(true))).collect::<Map<String, Value>>().into()
}

fn any_of_keys_object(keys: &[&str]) -> Value {
    object(keys, |_| json!(true))
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn names<'n>(words: impl IntoIterator<Item = &'n str>) -> Value {
    json!({ "anyOf": [{ "enum": words.into_iter().collect::<Vec<_>>() }, reference("parameter")] })
}

fn number(least: i64) -> Value {
    json!({ "anyOf": [{ "type": "integer", "minimum": least }, reference("parameter")] })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}
