//! The JSON Schema of a task file, for editors and other programs.

use serde_json::{Map, Value, json};

use super::known;

/// The schema of one document of a task file (JSON Schema 2020-12).
///
/// It says which keys there are and of what form their values are. Whether a name exists is for [`super::resolve()`].
pub fn task_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "sky.task/1",
        "title": "Task",
        "description": "What to run, on which machines, and how to get them.",
        "type": ["object", "null"],
        "properties": properties(&known::TASK, &known::TASK_IGNORED, task_property),
        "patternProperties": { "^_": true },
        "additionalProperties": false,
        "$defs": {
            "resources": {
                "type": "object",
                "properties": resources(true),
                "patternProperties": { "^_": true },
                "additionalProperties": false,
                "not": { "required": ["any_of", "ordered"] },
            },
            "alternative": { "type": "object", "properties": resources(false), "patternProperties": { "^_": true }, "additionalProperties": false },
            "failover": {
                "type": "object",
                "properties": properties(&known::FAILOVER, &[], failover_property),
                "additionalProperties": false,
            },
            "text": { "type": ["string", "number", "boolean"] },
            "texts": { "type": "object", "additionalProperties": { "$ref": "#/$defs/text" } },
            "variables": {
                "type": "object",
                "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
                "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
            },
            "atLeast": { "type": ["string", "number"], "pattern": "^\\s*[0-9._]+\\s*[A-Za-z]*\\s*\\+?\\s*$" },
            "duration": { "type": ["string", "number"], "pattern": "^\\s*[0-9.]+\\s*[a-z]*\\s*$", "minimum": 0 },
            "dollars": {
                "type": ["string", "number"],
                "pattern": "^\\s*\\$?\\s*[0-9.]+\\s*(/(h|hr|hour))?\\s*$",
                "exclusiveMinimum": 0,
            },
            "infra": {
                "description": "CLOUD, CLOUD/REGION or CLOUD/REGION/ZONE; * for any.",
                "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            },
            "accelerators": {
                "description": "NAME or NAME:COUNT; a mapping for any of several, a list for an order of preference.",
                "anyOf": [
                    { "type": "string", "minLength": 1 },
                    {
                        "type": "object",
                        "minProperties": 1,
                        "additionalProperties": { "type": ["string", "number", "null"] },
                    },
                    { "type": "array", "minItems": 1, "items": { "type": ["string", "object"] } },
                ],
            },
        },
    })
}

fn resources(outer: bool) -> Value {
    let mut all = properties(&known::RESOURCES, &known::RESOURCES_IGNORED, resource_property);
    if outer {
        for (key, what) in
            [("any_of", "Alternatives, the cheapest first."), ("ordered", "Alternatives, in this order.")]
        {
            let list =
                json!({ "description": what, "type": "array", "minItems": 1, "items": reference("alternative") });
            all[key] = nullable(&list);
        }
    }
    all
}

/// One property a key; what changes nothing may hold anything.
fn properties(keys: &[&str], ignored: &[&str], describe: impl Fn(&str) -> (&'static str, Value)) -> Value {
    let one = |key: &&str| {
        if ignored.contains(key) {
            return ((*key).to_owned(), json!({ "description": "Accepted, but changes nothing.", "deprecated": true }));
        }
        let (what, mut schema) = describe(key);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), what.into());
        }
        ((*key).to_owned(), nullable(&schema))
    };
    Value::Object(keys.iter().map(one).collect::<Map<String, Value>>())
}

/// A key without a value is as good as none.
fn nullable(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn task_property(key: &str) -> (&'static str, Value) {
    match key {
        "name" => ("Name of the task; alone in the first of several documents, of the whole.", reference("text")),
        "resources" => ("The machines.", reference("resources")),
        "num_nodes" => (
            "How many machines: all in one place, or none.",
            json!({ "type": "integer", "minimum": 1, "maximum": 65535 }),
        ),
        "envs" => {
            ("Environment variables; one without a value must come from the command line.", reference("variables"))
        }
        "secrets" => ("Environment variables that are never shown.", reference("variables")),
        "workdir" => ("Directory that is copied to the machines.", json!({ "type": ["string", "object"] })),
        "file_mounts" => ("Path on the machine, and what is put there.", json!({ "type": "object" })),
        "setup" => ("Commands run once a machine.", reference("text")),
        "run" => ("Commands run for the work.", reference("text")),
        "inputs" => ("Data read: {LOCATION: GB}, or GB alone.", data_size()),
        "outputs" => ("Data written: {LOCATION: GB}, or GB alone.", data_size()),
        "estimated_runtime" => ("How long the work takes.", reference("duration")),
        "depends_on" => {
            let names = json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] });
            ("Names of the tasks of the file that come before.", names)
        }
        "failover" => ("How to try, how long, and where not.", reference("failover")),
        _ => ("Accepted.", json!({})),
    }
}

fn data_size() -> Value {
    let size = json!({ "type": ["string", "number"] });
    json!({ "anyOf": [size, { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": size }] })
}

fn resource_property(key: &str) -> (&'static str, Value) {
    match key {
        "accelerators" | "accelerator" | "gpus" => ("Accelerators of a machine.", reference("accelerators")),
        "accelerator_args" => ("Arguments of a TPU.", reference("texts")),
        "instance_type" => {
            let names = json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] });
            ("This instance type, or any of these.", names)
        }
        "cpus" => ("vCPUs: 8 for exactly eight, 8+ for at least eight.", reference("atLeast")),
        "memory" => ("Memory in GB: 32, 32+, 1TB+.", reference("atLeast")),
        "infra" => ("Where; replaces cloud, region and zone.", reference("infra")),
        "cloud" => ("Only this cloud.", json!({ "type": "string" })),
        "region" => ("Only this region.", json!({ "type": "string" })),
        "zone" => ("Only this zone.", json!({ "type": "string" })),
        "use_spot" => ("Spot instead of on-demand.", json!({ "type": "boolean" })),
        "max_hourly_cost" => ("The most one machine may cost, in dollars per hour.", reference("dollars")),
        "estimated_runtime" => ("How long the work takes on this.", reference("duration")),
        "disk_size" => ("Boot disk in GB.", json!({ "type": ["string", "number"] })),
        "disk_tier" => ("Speed of the boot disk.", json!({ "enum": super::machine::DISK_TIERS })),
        "image_id" => ("Image, or one a region.", json!({ "type": ["string", "object"] })),
        "ports" => ("Ports to open: 8080, 8000-8010.", json!({ "type": ["string", "integer", "array"] })),
        "labels" => ("Labels (tags) of the machine.", reference("texts")),
        "autostop" => {
            ("Stop when idle: minutes or a duration.", json!({ "type": ["boolean", "integer", "string", "object"] }))
        }
        "job_recovery" | "spot_recovery" => ("Strategy after preemption.", json!({ "type": ["string", "object"] })),
        _ => ("Accepted.", json!({})),
    }
}

fn failover_property(key: &str) -> (&'static str, Value) {
    match key {
        "policy" => ("Name of the policy.", json!({ "type": "string" })),
        "hedge" => {
            ("The most attempts at once.", json!({ "type": ["integer", "boolean"], "minimum": 1, "maximum": 64 }))
        }
        "max_wait" => ("Give up after this long.", reference("duration")),
        "max_attempts" => ("Give up after so many attempts.", json!({ "type": "integer", "minimum": 1 })),
        "budget" => ("Give up when failed attempts have cost this many dollars.", reference("dollars")),
        "retry_gap" => ("Pause between two rounds.", reference("duration")),
        "retry_until_up" => ("After every place refused, wait and go round again.", json!({ "type": "boolean" })),
        "attempt_timeout" => ("Give an attempt without an answer up after this long.", reference("duration")),
        "exclude" => ("Not here.", reference("infra")),
        "prefer" => {
            let block = json!({
                "type": "object",
                "properties": { "infra": reference("infra"), "premium": { "type": ["string", "number"] } },
                "required": ["infra"],
                "additionalProperties": false,
            });
            ("Rather here, while it costs at most so much more.", json!({ "anyOf": [reference("infra"), block] }))
        }
        _ => ("Accepted.", json!({})),
    }
}
