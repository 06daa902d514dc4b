//! Flags laid over files.

use insta::assert_snapshot;

use super::*;
use crate::model::{CapacityType, Money, Span};

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn with(text: &str, flags: &Flags) -> Request {
    let tasks = tasks_with(text, flags).unwrap_or_else(|problems| panic!("{problems}"));
    resolve(&tasks[0], catalog(), &all_clouds()).unwrap_or_else(|problems| panic!("{}", joined(&problems)))
}

#[test]
fn flags_alone_make_a_task() {
    let flags = Flags {
        name: given("x"),
        gpus: given("V100:8"),
        infra: given("gcp/us-central1"),
        cpus: given("8+"),
        memory: given("32+"),
        use_spot: Some(true),
        num_nodes: Some(2),
        max_hourly_cost: given("$10"),
        estimated_runtime: given("2h"),
        disk_size: given("100"),
        ports: vec!["8080".into(), "9000-9001".into()],
        envs: vec!["A=b=c".into()],
        secrets: vec![Secret::new("TOKEN=hunter2")],
        run: given("echo"),
        ..Flags::default()
    };
    let request = with("", &flags);
    assert_eq!(labels(&request), "0 V100:8, 8+ vCPUs, 32+ GB [Spot] on gcp/us-central1");
    assert_eq!((request.nodes, request.name.as_deref()), (2, Some("x")));
    assert_eq!(request.requirements[0].runtime, Span::HOUR * 2);
    assert_eq!(request.requirements[0].max_price_hourly, Some(Money::from_dollars(10.0)));
    assert_eq!(request.machines[0].ports, ["8080", "9000-9001"]);
    assert_eq!(request.work.envs, [("A".into(), "b=c".into())]);
    assert_eq!(request.work.secrets[0].1.expose(), "hunter2");
    assert_eq!(request.work.run.as_deref(), Some("echo"));
}

#[test]
fn flags_lie_over_every_alternative() {
    let file = "resources:\n  any_of:\n    - {cloud: aws, accelerators: V100}\n    - {cloud: gcp, accelerators: T4, use_spot: true}\n";
    let flags = Flags { gpus: given("A100:8"), use_spot: Some(false), ..Flags::default() };
    assert_eq!(labels(&with(file, &flags)), "0 A100:8 on aws\n0 A100:8 on gcp");
    let flags = Flags { gpus: given("none"), ..Flags::default() };
    assert_eq!(labels(&with(file, &flags)), "0 any machine on aws\n0 any machine [Spot] on gcp");
    let set = Flags { gpus: given("{A10:1, L4:1}"), ..Flags::default() };
    assert_eq!(labels(&with("resources: {accelerators: V100, cloud: gcp}\n", &set)), "0 A10:1 on gcp\n0 L4:1 on gcp");
}

#[test]
fn a_coarser_place_takes_the_finer_ones_of_the_file_away() {
    let file = "resources: {cloud: gcp, region: us-central1, zone: us-central1-a}\n";
    let label = |flags: Flags| labels(&with(file, &flags));
    assert_eq!(label(Flags { cloud: given("aws"), ..Flags::default() }), "0 any machine on aws");
    assert_eq!(label(Flags { region: given("us-west1"), ..Flags::default() }), "0 any machine on gcp/us-west1");
    assert_eq!(label(Flags { infra: given("azure/eastus"), ..Flags::default() }), "0 any machine on azure/eastus");
    assert_eq!(label(Flags { infra: given("*"), ..Flags::default() }), "0 any machine");
    assert_eq!(label(Flags { cloud: given("none"), ..Flags::default() }), "0 any machine");
    let both = Flags { cloud: given("aws"), region: given("us-east-1"), ..Flags::default() };
    assert_eq!(label(both), "0 any machine on aws/us-east-1");
    let over_infra = Flags { zone: given("us-east-1a"), ..Flags::default() };
    assert_eq!(labels(&with("resources: {infra: aws}\n", &over_infra)), "0 any machine on aws/us-east-1/us-east-1a");
}

#[test]
fn limits_and_variables() {
    let file = "resources: {accelerators: V100}\nenvs: {A: 1, B:}\nfailover: {max_wait: 1h, exclude: [aws], policy: cheapest}\n";
    let flags = Flags {
        envs: vec!["B=2".into(), "C=3".into()],
        max_wait: given("30m"),
        max_attempts: Some(5),
        budget: given("3.5"),
        retry_until_up: Some(true),
        retry_gap: given("10s"),
        policy: given("cloud-first"),
        hedge: given("4"),
        exclude: vec!["gcp/us-west1".into(), "azure".into()],
        ..Flags::default()
    };
    let request = with(file, &flags);
    let envs: Vec<String> = request.work.envs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(envs, ["A=1", "B=2", "C=3"]);
    assert_eq!((request.limits.max_wait, request.limits.max_attempts), (Some(Span::from_secs(1800)), Some(5)));
    assert_eq!((request.policy.as_deref(), request.hedge), (Some("cloud-first"), 4));
    assert_eq!(request.requirements[0].excluded.len(), 3);
    assert_eq!(request.requirements[0].capacity, CapacityType::OnDemand);
}

#[test]
fn errors_point_at_the_flag() {
    let of = |flags: Flags| wrong_with("resources: {accelerators: V100}\n", &flags);
    assert_snapshot!(of(Flags { gpus: given("V10O:8"), ..Flags::default() }), @r"
    --gpus 'V10O:8': unknown accelerator 'V10O'
      = did you mean 'V100'?
    ");
    assert_snapshot!(of(Flags { gpus: given("V100:x"), ..Flags::default() }), @r"
    --gpus 'V100:x': the count of an accelerator must be a positive number, not 'x'
      = write for example V100:8, A10:0.5 or H100:1..8
    ");
    assert_snapshot!(of(Flags { infra: given("aws/us-eats-1"), ..Flags::default() }), @r"
    --infra 'aws/us-eats-1': unknown region 'us-eats-1' of AWS
      = did you mean 'us-east-1' or 'us-east-2'?
    ");
    assert_snapshot!(of(Flags { infra: given("aws"), region: given("us-east-1"), ..Flags::default() }), @"--infra 'aws': --infra and --region exclude each other");
    assert_snapshot!(of(Flags { cpus: given("many"), ..Flags::default() }), @r"
    --cpus 'many': cpus must be a number of vCPUs, not 'many'
      = write 8 for exactly eight, 8+ for at least eight
    ");
    assert_snapshot!(of(Flags { max_wait: given("soon"), budget: given("-1"), ..Flags::default() }), @r"
    --max-wait 'soon': 'soon' is not a duration such as 30s, 5m, 1.5h or 2d
    --budget '-1': budget must be more than zero, not '-1'
    ");
    assert_snapshot!(of(Flags { num_nodes: Some(0), ..Flags::default() }), @"--num-nodes '0': a task needs at least one node");
    assert_snapshot!(of(Flags { envs: vec!["1X".into()], ..Flags::default() }), @"--env '1X': a variable must be NAME=VALUE, its name letters, digits and underscores");
    assert_snapshot!(of(Flags { instance_type: given("p3.16xlarge"), ..Flags::default() }), @r"
    --instance-type 'p3.16xlarge': p3.16xlarge has V100:8, but V100 is asked for
      = leave one of the two out
    ");
}

#[test]
fn errors_of_file_and_flags_come_together() {
    let flags = Flags { cpus: given("x"), ..Flags::default() };
    assert_snapshot!(wrong_with("resources: {memory: y}\nnmae: z\n", &flags), @r"
    task.yaml:1:21: memory must be an amount of GB, not 'y'
      1 | resources: {memory: y}
        |                     ^
      = write 32 for exactly 32 GB, 32+ or 1TB+ for at least that
    task.yaml:2:1: unknown key 'nmae' in a task
      2 | nmae: z
        | ^^^^
      = did you mean 'name'?
    --cpus 'x': cpus must be a number of vCPUs, not 'x'
      = write 8 for exactly eight, 8+ for at least eight
    ");
}
