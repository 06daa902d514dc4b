//! Every form of the language, read and resolved.

use insta::assert_snapshot;

use super::*;
use crate::model::{Bound, CapacityType, Money, Span};

fn resources(text: &str) -> Request {
    request(&format!("resources: {text}\n"))
}

#[test]
fn one_accelerator() {
    for text in [
        "{accelerators: V100:8}",
        "{accelerators: {V100: 8}}",
        "{accelerators: {V100:8}}",
        "{accelerators: ['v100:8']}",
        "{accelerator: V100:8}",
        "{gpus: V100:8.0}",
        "\n  accelerators:\n    V100: 8",
        "\n  accelerators:\n    - V100:8",
    ] {
        assert_eq!(labels(&resources(text)), "0 V100:8", "{text}");
        assert!(!resources(text).ordered);
    }
    assert_eq!(labels(&resources("{accelerators: V100}")), "0 V100:1");
    assert_eq!(labels(&resources("{accelerators: A10:0.5}")), "0 A10:0.5");
}

#[test]
fn a_mapping_is_a_set_and_a_list_an_order() {
    for text in ["{A10:1, L4:1, A10g:1}", "{A10: 1, L4: 1, A10g: 1}", "{A10, L4, A10g}"] {
        let set = resources(&format!("{{accelerators: {text}}}"));
        assert_eq!(labels(&set), "0 A10:1\n0 L4:1\n0 A10G:1");
        assert!(!set.ordered);
    }
    let list = resources("{accelerators: [A10:1, A10g:1, L4:1]}");
    assert_eq!(labels(&list), "0 A10:1\n1 A10G:1\n2 L4:1");
    assert!(list.ordered);
}

#[test]
fn by_memory_any_model_will_do() {
    let request = resources("{accelerators: '80GB'}");
    let names: Vec<&str> =
        request.requirements[0].accelerators.iter().map(|a| catalog().accelerator_name(a.accelerator)).collect();
    assert_eq!(names, ["A100-80GB", "H100", "H100-MEGA"]);
    let more = resources("{accelerators: 'nvidia:80GB+:8'}");
    let names: Vec<&str> =
        more.requirements[0].accelerators.iter().map(|a| catalog().accelerator_name(a.accelerator)).collect();
    assert_eq!(labels(&more), "0 nvidia:80GB+:8");
    assert!(names.contains(&"H200") && names.contains(&"B200") && !names.contains(&"A100"), "{names:?}");
    assert!(more.requirements[0].accelerators.iter().all(|a| a.count_milli == 8000));
    let small = resources("{accelerators: 24GB}");
    let names: Vec<&str> =
        small.requirements[0].accelerators.iter().map(|a| catalog().accelerator_name(a.accelerator)).collect();
    assert!(names.contains(&"A10") && names.contains(&"A10G") && names.contains(&"L4"), "{names:?}");
}

#[test]
fn a_range_of_counts() {
    let request = resources("{accelerators: 'H100:1..4'}");
    let counts: Vec<u32> = request.requirements[0].accelerators.iter().map(|a| a.count_milli).collect();
    assert_eq!(counts, [1000, 2000, 4000]);
    assert_eq!(labels(&request), "0 H100:1..4");
}

#[test]
fn a_tpu_implies_its_cloud() {
    assert_eq!(labels(&resources("{accelerators: TPU-v3-8}")), "0 tpu-v3-8:1 on gcp");
    let request = resources("{accelerators: tpu-v3-8, accelerator_args: {runtime_version: tpu-vm-base}}");
    assert_eq!(request.machines[0].accelerator_args, [("runtime_version".into(), "tpu-vm-base".into())]);
}

#[test]
fn ordered_blocks_of_the_page() {
    let request = request(
        "resources:\n  ordered: # Candidate resources in a preference order\n    - cloud: gcp\n      \
         accelerators: A100-80GB\n    - instance_type: g5.xlarge\n    - cloud: azure\n      region: eastus\n      \
         accelerator: A100\n",
    );
    assert!(request.ordered);
    assert_snapshot!(labels(&request), @r"
    0 A100-80GB:1 on gcp
    1 g5.xlarge
    2 A100:1 on azure/eastus
    ");
}

#[test]
fn any_of_blocks_of_the_page() {
    let request = request(
        "resources:\n  any_of:\n    - cloud: aws\n      region: us-east-2\n      accelerators: A100:8\n    - cloud: gcp\n      \
         region: us-central1\n      accelerators: A100:8\n",
    );
    assert!(!request.ordered);
    assert_snapshot!(labels(&request), @r"
    0 A100:8 on aws/us-east-2
    0 A100:8 on gcp/us-central1
    ");
}

#[test]
fn blocks_lie_over_the_outer_fields() {
    let request = request(
        "resources:\n  accelerators: {V100: 1, A100: 1}\n  infra: aws\n  cpus: 8+\n  labels: {a: 1, b: 2}\n  any_of:\n    \
         - {use_spot: true, labels: {b: 3}}\n    - {region: us-east-1, cpus: 4}\n    - {infra: gcp/us-west1, accelerators: T4}\n",
    );
    assert_snapshot!(labels(&request), @r"
    0 V100:1, 8+ vCPUs [Spot] on aws
    0 A100:1, 8+ vCPUs [Spot] on aws
    0 V100:1, 4 vCPUs on aws/us-east-1
    0 A100:1, 4 vCPUs on aws/us-east-1
    0 T4:1, 8+ vCPUs on gcp/us-west1
    ");
    assert_eq!(request.machines[0].labels, [("a".into(), "1".into()), ("b".into(), "3".into())]);
}

#[test]
fn spot_first_then_on_demand() {
    let request = request("resources:\n  accelerators: V100\n  ordered: [{use_spot: true}, {use_spot: false}]\n");
    let terms: Vec<_> = request.requirements.iter().map(|r| (r.preference, r.capacity)).collect();
    assert_eq!(terms, [(0, CapacityType::Spot), (1, CapacityType::OnDemand)]);
}

#[test]
fn a_set_inside_ordered_shares_its_rank_and_a_list_does_not() {
    let request = request(
        "resources:\n  ordered:\n    - accelerators: {V100: 1, T4: 1}\n    - accelerators: [A100:1, L4:1]\n    - cpus: 4+\n",
    );
    assert_snapshot!(labels(&request), @r"
    0 V100:1
    0 T4:1
    1 A100:1
    2 L4:1
    3 4+ vCPUs
    ");
}

#[test]
fn the_same_alternative_twice_is_one() {
    assert_eq!(labels(&resources("{accelerators: {v100: 1, V100: 1.0}}")), "0 V100:1\n0 V100:1");
    assert_eq!(labels(&resources("{accelerators: {V100:1}, any_of: [{cpus: 8+}, {cpus: 8+}]}")), "0 V100:1, 8+ vCPUs");
}

#[test]
fn cpus_memory_and_price() {
    let request = resources("{cpus: 4+, memory: 32GB+, max_hourly_cost: 2.5}");
    let requirement = &request.requirements[0];
    assert_eq!(requirement.cpus, Some(Bound::at_least(4000)));
    assert_eq!(requirement.memory, Some(Bound::at_least(32 * 1024)));
    assert_eq!(requirement.max_price_hourly, Some(Money::from_dollars(2.5)));
    assert_eq!(requirement.label, "4+ vCPUs, 32+ GB");
    assert_eq!(resources("{cpus: 0.5}").requirements[0].cpus, Some(Bound { amount: 500, exact: true }));
}

#[test]
fn nothing_at_all_is_any_machine() {
    for text in ["", "run: echo\n", "resources:\n", "resources: {}\n", "resources: {accelerators: null}\n"] {
        assert_eq!(labels(&request(text)), "0 any machine", "{text:?}");
    }
}

#[test]
fn a_whole_task() {
    let request = request(
        "name: train\nnum_nodes: 2\nresources:\n  accelerators: A100:8\n  disk_size: 1TB\n  disk_tier: best\n  \
         image_id: docker:pytorch/pytorch\n  ports: [8080, 9000-9010]\n  autostop: {idle_minutes: 10, down: true}\n  \
         job_recovery: failover\nenvs:\n  BUCKET: data\n  EMPTY: ''\n  DEBUG: true\nsecrets:\n  TOKEN: hunter2\nworkdir: .\n\
         file_mounts:\n  /data: s3://${BUCKET}/x\n  /code: ~/code\nsetup: pip install x\nrun: |\n  python train.py\n  echo done\n\
         outputs: {s3://out: 150}\nestimated_runtime: 4h\n",
    );
    assert_eq!((request.name.as_deref(), request.nodes), (Some("train"), 2));
    assert_eq!(request.requirements[0].runtime, Span::HOUR * 4);
    let machine = &request.machines[0];
    assert_eq!((machine.disk_size_gb, machine.disk_tier), (Some(1024), Some("best")));
    assert_eq!(machine.ports, ["8080", "9000-9010"]);
    assert_eq!(machine.autostop, Some(Autostop { idle: Span::from_secs(600), down: true }));
    assert_eq!(machine.image, Some(Image::One("docker:pytorch/pytorch".into())));
    assert_eq!(machine.job_recovery.as_deref(), Some("FAILOVER"));
    let work = &request.work;
    assert_eq!(work.run.as_deref(), Some("python train.py\necho done\n"));
    assert_eq!(work.envs[1], ("EMPTY".into(), String::new()));
    assert_eq!(work.file_mounts[0], ("/data".into(), "s3://data/x".into()));
    assert_eq!(work.outputs, Some(DataSize { location: "s3://out".into(), gigabytes: 150.0 }));
    assert_eq!(work.secrets[0].1.expose(), "hunter2");
    assert!(request.warnings.is_empty(), "{:?}", request.warnings);
}

#[test]
fn runtimes_differ_between_alternatives() {
    let request = request(
        "estimated_runtime: 3h\nresources:\n  any_of:\n    - {accelerators: V100, estimated_runtime: 10h}\n    - accelerators: A100\n",
    );
    assert_eq!(request.requirements[0].runtime, Span::HOUR * 10);
    assert_eq!(request.requirements[1].runtime, Span::HOUR * 3);
}

#[test]
fn the_failover_block() {
    let request = request(
        "resources: {accelerators: V100}\nfailover:\n  policy: cheapest\n  hedge: 3\n  max_wait: 2h\n  max_attempts: 20\n  \
         budget: $5\n  retry_gap: 1m\n  retry_until_up: true\n  exclude: [aws/us-east-1, azure]\n  \
         prefer: {infra: gcp/us-west1, premium: 10%}\n",
    );
    assert_eq!(request.policy.as_deref(), Some("cheapest"));
    assert_eq!(request.hedge, 3);
    let limits = request.limits;
    assert!(limits.retry_until_up);
    assert_eq!((limits.max_wait, limits.max_attempts), (Some(Span::HOUR * 2), Some(20)));
    assert_eq!((limits.budget, limits.retry_gap), (Some(Money::from_dollars(5.0)), Span::from_secs(60)));
    assert_eq!(request.requirements[0].excluded.len(), 2);
    let prefer = request.prefer.unwrap();
    assert_eq!((prefer.places.len(), prefer.premium_milli), (1, 100));
}

#[test]
fn unused_keys_of_skypilot_warn_once_each() {
    let request = request(
        "resources:\n  accelerators: V100\n  network_tier: best\n  any_of:\n    - {priority: 3, network_tier: best}\n    \
         - {cpus: 8+, priority: 4}\nservice:\n  replicas: 2\nconfig: {aws: {use_internal_ips: true}}\n_policy: x\nfile_mounts:\n  \
         /a: {name: bucket, mode: MOUNT}\n",
    );
    assert_snapshot!(request.warnings.join("\n"), @r"
    task.yaml:3:3: 'network_tier' is accepted, but changes nothing here
    task.yaml:5:8: 'priority' is accepted, but changes nothing here
    task.yaml:7:1: 'service' is accepted, but changes nothing here
    task.yaml:9:1: 'config' is accepted, but changes nothing here
    task.yaml:10:1: '_policy' is accepted, but changes nothing here
    task.yaml:12:3: a bucket under 'file_mounts' is accepted, but not mounted here
    ");
}

#[test]
fn envs_of_every_kind_are_text() {
    let request = request("envs: {A: 1, B: 1.50, C: true, D: 007, E: 'x y'}\n");
    let values: Vec<&str> = request.work.envs.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["1", "1.50", "true", "007", "x y"]);
}
