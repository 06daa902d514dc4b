//! The schema accepts what the reader accepts, and refuses the commonest mistakes.

use boon::{Compiler, SchemaIndex, Schemas};

use super::*;
use crate::yaml;

const EXAMPLES: [&str; 9] = [
    "",
    "run: echo\n",
    "resources:\n  accelerators: {A10:1, L4:1, A10g:1}\n",
    "resources:\n  accelerators: [A10:1, A10g:1, L4:1]\n",
    "resources:\n  ordered:\n    - cloud: gcp\n      accelerators: A100-80GB\n    - instance_type: g5.xlarge\n    - cloud: azure\n      \
     region: eastus\n      accelerator: A100\n",
    "resources:\n  infra: '*/us-east-1'\n  cpus: 4+\n  memory: 1TB+\n  use_spot: yes\n  max_hourly_cost: $2.5/h\n  disk_tier: best\n  \
     ports: [80, 8000-8010]\n  autostop: {idle_minutes: 10}\n  labels: {a: 1}\n  image_id: docker:x\n  priority: 5\n",
    "name: x\nnum_nodes: 2\nenvs: {A: 1, B: true}\nsecrets: {T: x}\nworkdir: .\nfile_mounts: {/a: b}\nsetup: x\nrun: y\n\
     inputs: {s3://a: 10}\noutputs: 150GB\nestimated_runtime: 4h\ndepends_on: []\nservice: {replicas: 2}\n",
    "failover: {policy: cheapest, hedge: 3, max_wait: 2h, max_attempts: 5, budget: 5, retry_gap: 30, retry_until_up: true,\n  \
     exclude: [aws/us-east-1], prefer: {infra: gcp, premium: 10%}, attempt_timeout: 15m}\n",
    "resources:\n  accelerators: nvidia:80GB+:2\n  any_of: [{use_spot: true}, {use_spot: false, estimated_runtime: 1h}]\n",
];

const MISTAKES: [&str; 8] = [
    "acelerators: V100\n",
    "resources: {acelerators: V100}\n",
    "resources: V100\n",
    "num_nodes: 0\n",
    "resources: {cpus: many}\n",
    "resources: {any_of: [{cloud: aws}], ordered: [{cloud: gcp}]}\n",
    "failover: {max_wait: soon}\n",
    "resources: {accelerators: []}\n",
];

fn compiled() -> (Schemas, SchemaIndex) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("task.json", task_schema()).unwrap();
    let index = compiler.compile("task.json", &mut schemas).unwrap();
    (schemas, index)
}

fn json(text: &str) -> serde_json::Value {
    let documents = yaml::parse(&Source { name: "t", text }).unwrap();
    documents.first().map_or(serde_json::Value::Null, |document| document.root.to_json())
}

#[test]
fn examples_validate() {
    let (schemas, index) = compiled();
    for text in EXAMPLES {
        request(text);
        schemas.validate(&json(text), index).unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}

#[test]
fn mistakes_do_not() {
    let (schemas, index) = compiled();
    for text in MISTAKES {
        assert!(!wrong(text).is_empty());
        assert!(schemas.validate(&json(text), index).is_err(), "{text}");
    }
}

#[test]
fn every_key_has_a_description_of_its_own() {
    let text = task_schema().to_string();
    assert!(!text.contains("\"Accepted.\""), "a key without a line in its match");
    for key in known::RESOURCES.iter().chain(&known::TASK).chain(&known::FAILOVER) {
        assert!(text.contains(&format!("\"{key}\":")), "{key}");
    }
}
