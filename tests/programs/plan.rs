//! `sky plan` and `sky explain`: tables, JSON that its schema allows, reasons and pictures.

use crate::common::Shell;
use serde_json::Value;

/// Cheapest on three different offers: GCP, GCP and AWS, unless data has to move between them.
const CHAIN: &str = "\
name: pipeline
---
name: prepare
resources: {cpus: 16+}
outputs: {s3://scratch/prepared: SIZE}
---
name: train
resources: {accelerators: V100:4}
estimated_runtime: 3h
outputs: {s3://scratch/model: SIZE}
---
name: evaluate
resources: {accelerators: T4:1}
";

/// One task, two that read what it writes, one that reads what both write.
const DIAMOND: &str = "\
name: ingest
resources: {cpus: 8+}
inputs: {gs://corpus/raw: 200}
outputs: {gs://corpus/clean: 300}
---
name: left
depends_on: [ingest]
resources: {accelerators: T4:1}
outputs: {gs://corpus/left: 50}
---
name: right
depends_on: [ingest]
resources: {accelerators: {A10:1, A10G:1}}
outputs: {gs://corpus/right: 50}
---
name: join
depends_on: [left, right]
num_nodes: 2
resources: {accelerators: V100:1}
";

/// Azure sells no single A100 in that region.
const LOST: &str = "\
resources:
  any_of:
    - {infra: azure/eastus, accelerators: A100:1}
    - {infra: gcp/us-central1, accelerators: A100:1}
";

fn chain(gigabytes: u32) -> String {
    CHAIN.replace("SIZE", &gigabytes.to_string())
}

fn out(shell: &Shell, args: &[&str]) -> String {
    let answer = shell.sky(args);
    assert_eq!(answer.code, Some(0), "{args:?}: {}", answer.err);
    answer.out
}

fn json(shell: &Shell, args: &[&str]) -> Value {
    serde_json::from_str(&out(shell, &[args, &["-o", "json"]].concat())).expect("JSON")
}

/// The lines of the first table.
fn first_table(text: &str) -> String {
    let is_rule = |line: &&str| line.starts_with("---");
    let mut rules = 0;
    let until = |line: &&str| {
        rules += usize::from(is_rule(line));
        rules < 3 || is_rule(line)
    };
    text.lines().take_while(until).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_pages_two_tables() {
    let shell = Shell::new();
    let any = shell.file("any.yaml", "resources:\n  accelerators: {A10:1, L4:1, A10g:1}\n");
    let blocks = "resources:\n  any_of:\n    - cloud: aws\n      region: us-east-2\n      accelerators: A100:8\n    \
                  - cloud: gcp\n      region: us-central1\n      accelerators: A100:8\n";
    let blocks = shell.file("blocks.yaml", blocks);
    let tables = [any, blocks].map(|file| first_table(&out(&shell, &["plan", &file])));
    insta::assert_snapshot!(tables.join("\n\n"));
}

#[test]
fn a_chain_stays_in_one_cloud_when_egress_outweighs_the_price() {
    let shell = Shell::new();
    let heavy = out(&shell, &["plan", &shell.file("heavy.yaml", &chain(500))]);
    let light = out(&shell, &["plan", &shell.file("light.yaml", &chain(0))]);
    insta::assert_snapshot!(format!(
        "--- 500 GB between tasks\n{heavy}\n--- nothing between them\n{}",
        first_table(&light)
    ));
}

#[test]
fn a_diamond_is_one_plan() {
    let shell = Shell::new();
    insta::assert_snapshot!(out(&shell, &["plan", &shell.file("diamond.yaml", DIAMOND)]));
}

#[test]
fn a_dry_run_of_several_tasks_is_their_plan() {
    let shell = Shell::new();
    let file = shell.file("chain.yaml", &chain(500));
    assert_eq!(out(&shell, &["launch", "--dryrun", &file]), out(&shell, &["plan", &file]));
}

#[test]
fn costs_add_up_and_tariffs_differ() {
    let shell = Shell::new();
    // Between two regions of one cloud: free by one tariff only.
    let far = "name: a\nresources: {cpus: 8+, infra: aws/us-east-1}\noutputs: {s3://b: 500}\n---\n\
               name: b\nresources: {cpus: 8+, infra: aws/us-west-2}\n";
    let file = shell.file("far.yaml", far);
    let mut totals = Vec::new();
    for tariff in ["regions", "skypilot"] {
        let plan = json(&shell, &["plan", &file, "--egress", tariff]);
        let of = |key: &str| plan[key].as_f64().expect("a number");
        let sum = |list: &str, key: &dyn Fn(&Value) -> f64| {
            plan[list].as_array().expect("a list").iter().map(key).sum::<f64>()
        };
        let machines = sum("tasks", &|task| task["chosen"]["cost"].as_f64().expect("a cost"));
        let moved = sum("transfers", &|transfer| transfer["cost"].as_f64().expect("a cost"));
        assert!((machines - of("machines_cost")).abs() < 1e-6 && (moved - of("egress_cost")).abs() < 1e-6, "{plan:#}");
        assert!((machines + moved - of("cost")).abs() < 1e-6);
        assert_eq!((&plan["optimal"], &plan["egress"]), (&true.into(), &tariff.into()));
        totals.push(of("cost"));
    }
    assert!((totals[0] - totals[1] - 10.0).abs() < 1e-6, "500 GB at $0.02: {totals:?}");
}

#[test]
fn time_is_minimised_when_asked() {
    let shell = Shell::new();
    let task = "resources:\n  any_of:\n    - {accelerators: T4:1, estimated_runtime: 10h}\n    \
                - {accelerators: A100:8, estimated_runtime: 1h}\n";
    let file = shell.file("task.yaml", task);
    let first = |args: &[&str]| json(&shell, args)["candidates"][0]["accelerators"].clone();
    assert_eq!(first(&["plan", &file]), "T4:1");
    assert_eq!(first(&["plan", &file, "--minimize", "time"]), "A100:8");
    let chain = shell.file("chain.yaml", &chain(0));
    let cost = |args: &[&str], key: &str| json(&shell, args)[key].as_f64().expect("a number");
    assert!(
        cost(&["plan", &chain, "--minimize", "time"], "duration_s") <= cost(&["plan", &chain], "duration_s")
            && cost(&["plan", &chain, "--minimize", "time"], "cost") >= cost(&["plan", &chain], "cost")
    );
}

#[test]
fn an_overlay_changes_what_is_cheapest() {
    let shell = Shell::new();
    let prices = shell.file("prices.yaml", "aws: -10%\naws/us-west-2/p3.2xlarge: 0.5\n");
    let plan = json(&shell, &["plan", "--gpus", "V100", "--price-overlay", &prices]);
    let first = &plan["candidates"][0];
    assert_eq!((&first["cloud"], &first["region"], &first["cost"]), (&"AWS".into(), &"us-west-2".into(), &1.53.into()));
    let second = &plan["candidates"][1];
    assert_eq!((&second["cloud"], &second["cost"]), (&"AWS".into(), &2.754.into()));
    let wrong = shell.sky(&["plan", "--gpus", "V100", "--price-overlay", &shell.file("wrong.yaml", "asw: 0.5\n")]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("wrong.yaml:1:1") && wrong.err.contains("did you mean 'aws'"), "{}", wrong.err);
}

#[test]
fn data_that_is_read_draws_the_task_to_it() {
    let shell = Shell::new();
    let task = |inputs: &str| shell.file("task.yaml", &format!("resources: {{accelerators: V100:1}}\n{inputs}"));
    let chosen = |file: &str| json(&shell, &["plan", file])["tasks"][0]["chosen"]["cloud"].clone();
    assert_eq!([chosen(&task("inputs: {s3://b: 50}\n")), chosen(&task("inputs: {gs://b: 50}\n"))], ["AWS", "GCP"]);
    let told = out(&shell, &["launch", "--dryrun", &task("inputs: {s3://b: 50}\n")]);
    assert!(told.lines().any(|line| line.contains(" AWS ") && line.contains('✔')), "{told}");
    let elsewhere = shell.sky(&["plan", &task("inputs: {r2://b: 50}\n")]);
    assert!(elsewhere.err.contains("'r2://b' is not priced"), "{}", elsewhere.err);
}

#[test]
fn a_liked_place_wins_within_its_premium() {
    let shell = Shell::new();
    let task = |premium: &str| {
        let text =
            format!("resources: {{accelerators: V100:1}}\nfailover: {{prefer: {{infra: aws, premium: {premium}}}}}\n");
        shell.file("task.yaml", &text)
    };
    let first = |file: &str| json(&shell, &["plan", file])["candidates"][0]["cloud"].clone();
    assert_eq!([first(&task("10%")), first(&task("1%"))], ["AWS", "GCP"]);
    let told = out(&shell, &["explain", &task("10%")]);
    assert!(told.contains("cheaper candidates come later, since preferred places"), "{told}");
}

#[test]
fn json_is_what_its_schema_says() {
    let shell = Shell::new();
    let published = include_str!("../../schemas/plan.schema.json");
    let printed = out(&shell, &["plan", "--schema"]);
    assert_eq!(printed.trim(), published.trim(), "run: sky plan --schema > schemas/plan.schema.json");
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("plan.json", serde_json::from_str(published).expect("JSON")).expect("a schema");
    let mut schemas = boon::Schemas::new();
    let schema = compiler.compile("plan.json", &mut schemas).expect("a sound schema");
    let file = |name: &str, text: &str| shell.file(name, text);
    let (heavy, diamond, lost) = (file("c.yaml", &chain(500)), file("d.yaml", DIAMOND), file("l.yaml", LOST));
    let cases: [&[&str]; 8] = [
        &["plan", "--gpus", "V100"],
        &["plan", "--cpus", "8+", "--use-spot", "--num-nodes", "2"],
        &["plan", "--gpus", "tpu-v3-8"],
        &["plan", &lost],
        &["plan", &heavy],
        &["plan", &heavy, "--minimize", "time", "--egress", "skypilot"],
        &["plan", &diamond],
        &["launch", "--dryrun", &diamond],
    ];
    for case in cases {
        let document = json(&shell, case);
        schemas.validate(&document, schema).unwrap_or_else(|error| panic!("{case:?}: {error:#}"));
        for wrong in ["schema", "catalog_hash"] {
            let mut other = document.clone();
            other[wrong] = 7.into();
            assert!(schemas.validate(&other, schema).is_err(), "a wrong {wrong} was let through");
        }
    }
}

#[test]
fn a_lost_alternative_is_told_with_its_reason_and_the_nearest() {
    let shell = Shell::new();
    let file = shell.file("lost.yaml", LOST);
    for command in [&["plan", &file][..], &["launch", "--dryrun", &file], &["explain", &file]] {
        let answer = shell.sky(command);
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        for word in ["warning: nothing that is offered meets the alternative 'A100:1 on azure/eastus'", "A100': 8.0"] {
            assert!(answer.err.contains(word), "{command:?}: {}", answer.err);
        }
    }
    let warnings = &json(&shell, &["plan", &file])["warnings"];
    assert!(warnings[0].as_str().is_some_and(|text| text.contains("azure/eastus")), "{warnings}");
    let fine = shell.sky(&["plan", "--gpus", "{A10:1, L4:1}"]);
    assert_eq!(fine.err, "");
}

#[test]
fn reasons_are_told() {
    let shell = Shell::new();
    let mut told = String::new();
    let asked =
        ["aws/us-east-1/p3.2xlarge", "p3.8xlarge", "azure", "gcp/us-central1/us-central1-a", "aws/us-west-1/V100"];
    for asked in asked {
        told += &out(&shell, &["explain", "--gpus", "V100", "--why-not", asked]);
    }
    insta::assert_snapshot!(format!("{}\n{told}", out(&shell, &["explain", "--gpus", "V100"])));
    let wrong = shell.sky(&["explain", "--gpus", "V100", "--why-not", "aws/us-esat-1"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("did you mean 'us-east-1'"), "{}", wrong.err);
}

#[test]
fn reasons_of_several_tasks_are_told() {
    let shell = Shell::new();
    let file = shell.file("chain.yaml", &chain(500));
    insta::assert_snapshot!(out(&shell, &["explain", &file]));
    let told = json(&shell, &["explain", &file, "--why-not", "aws"]);
    let extra: Vec<f64> = told
        .as_array()
        .expect("a list")
        .iter()
        .map(|t| t["why_not"][0]["plan_extra_cost"].as_f64().expect("a cost"))
        .collect();
    assert!(extra.len() == 3 && extra.iter().all(|extra| *extra > 0.0), "the best plan is not on AWS: {extra:?}");
}

#[test]
fn pictures_show_cost_against_choice() {
    let shell = Shell::new();
    let diamond = shell.file("diamond.yaml", DIAMOND);
    let svg = shell.home().join("x.svg");
    let path = svg.to_str().expect("UTF-8");
    let drawn = |args: &[&str]| {
        let answer = shell.sky(&[args, &["--plot", path]].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        std::fs::read_to_string(&svg).expect("a picture")
    };
    let one = drawn(&["plan", "--gpus", "V100"]);
    for word in ["Cost against choice: V100:1", "GCP: ", "AWS: ", "Azure: "] {
        assert!(one.contains(word), "'{word}' is not in the picture");
    }
    let several = drawn(&["plan", &diamond]);
    for word in ["What 4 tasks cost", "AWS + Azure + GCP", "nothing meets all tasks", "moving data"] {
        assert!(several.contains(word), "'{word}' is not in the picture");
    }
    let missing = shell.sky(&["plan", "--gpus", "V100", "--plot", "no/such/directory/x.svg"]);
    assert_eq!(missing.code, Some(2), "{}", missing.err);
}
