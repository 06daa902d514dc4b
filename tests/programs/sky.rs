//! `sky` as a user meets it: what it prints, asks and exits with.

use std::fmt::Write as _;
use std::io::Read as _;
use std::process::Stdio;

use crate::common::{Shell, undated};

/// The page's task: any of three GPUs.
const ANY: &str = "resources:\n  accelerators: {A10:1, L4:1, A10g:1}\n";

#[test]
fn dryrun_prints_the_pages_table() {
    let shell = Shell::new();
    let answer = shell.sky(&["launch", "--dryrun", &shell.file("task.yaml", ANY)]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    insta::assert_snapshot!(undated(&answer.out));
}

#[test]
fn an_ordered_list_is_tried_in_its_order() {
    let shell = Shell::new();
    let task = shell.file("task.yaml", "resources:\n  accelerators: [A10:1, A10g:1, L4:1]\n");
    let answer = shell.sky(&["launch", "--dryrun", &task]);
    let rows: Vec<&str> = answer.out.lines().filter(|line| line.contains(":1  ")).collect();
    let order: Vec<usize> = ["A10:1", "A10G:1", "L4:1"]
        .iter()
        .map(|name| rows.iter().position(|row| row.contains(&format!(" {name} "))).expect("a row"))
        .collect();
    assert!(order.is_sorted() && rows[order[0]].contains('✔'), "{}", answer.out);
}

#[test]
fn blocks_of_the_page_are_compared() {
    let shell = Shell::new();
    let any_of = "resources:\n  any_of:\n    - cloud: aws\n      region: us-east-2\n      accelerators: A100:8\n    \
                  - cloud: gcp\n      region: us-central1\n      accelerators: A100:8\n";
    let answer = shell.sky(&["launch", "-c", "mycluster", "--dryrun", &shell.file("task.yaml", any_of)]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    insta::assert_snapshot!(undated(&answer.out));
}

#[test]
fn the_plan_is_whole() {
    let shell = Shell::new();
    let answer = shell.sky(&["plan", "--gpus", "V100"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    insta::assert_snapshot!(answer.out);
}

#[test]
fn the_plan_is_the_same_for_programs() {
    let shell = Shell::new();
    let plan: serde_json::Value =
        serde_json::from_str(&shell.sky(&["plan", "--gpus", "V100:8", "-o", "json"]).out).expect("JSON");
    assert_eq!(plan["schema"], "sky.plan/1");
    let candidates = plan["candidates"].as_array().expect("a list");
    let costs: Vec<f64> = candidates.iter().map(|c| c["cost"].as_f64().expect("a price")).collect();
    assert!(costs.len() > 10 && costs.is_sorted(), "{costs:?}");
    assert_eq!((&candidates[0]["cloud"], &candidates[0]["accelerators"]), (&"GCP".into(), &"V100:8".into()));
}

#[test]
fn a_pinned_zone_is_never_left() {
    let shell = Shell::new();
    let pinned = ["plan", "--gpus", "V100", "--infra", "gcp/us-central1/us-central1-c", "-o", "json"];
    let plan: serde_json::Value = serde_json::from_str(&shell.sky(&pinned).out).expect("JSON");
    let candidates = plan["candidates"].as_array().expect("a list");
    assert!(!candidates.is_empty());
    assert!(candidates.iter().all(|c| c["zones"] == serde_json::json!(["us-central1-c"])));
}

#[test]
fn errors_name_place_cause_and_remedy() {
    let shell = Shell::new();
    let task = |name: &str, text: &str| shell.file(name, text);
    let cases = [
        ("a misspelt GPU", vec!["launch".into(), "--dryrun".into(), "--gpus".into(), "V10O".into()]),
        ("a misspelt GPU in a file", vec!["plan".into(), task("gpu.yaml", "resources:\n  accelerators: V10O:8\n")]),
        ("an unknown key", vec!["plan".into(), task("key.yaml", "resources:\n  acelerators: V100\n")]),
        ("a bad unit", vec!["plan".into(), task("unit.yaml", "resources:\n  memory: 32 parsecs\n")]),
        ("an impossible request", vec!["plan".into(), "--gpus".into(), "V100:3".into()]),
        ("a missing file", vec!["plan".into(), "missing.yaml".into()]),
        ("no YAML", vec!["plan".into(), task("broken.yaml", "resources: [\n")]),
        ("an unknown cloud", vec!["gpus".into(), "list".into(), "--cloud".into(), "gpc".into()]),
        ("an unknown flag", vec!["launch".into(), "--gpu".into(), "V100".into()]),
    ];
    let mut told = String::new();
    for (case, args) in cases {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let answer = shell.sky(&args);
        assert_eq!(answer.code, Some(2), "{case}: {answer:?}");
        assert_eq!(answer.out, "", "{case}: errors do not mix with the output");
        let _ = writeln!(told, "--- {case}\n{}", answer.err);
    }
    insta::assert_snapshot!(told);
}

#[test]
fn without_credentials_a_launch_says_what_to_do_about_each_cloud() {
    let shell = Shell::new();
    let answer = shell.sky(&["launch", "--gpus", "V100", "-y"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(5), ""), "{answer:?}");
    for word in ["AWS: ", "Azure: ", "`az login`", "GCP: ", "gcloud auth application-default login", "--simulate"] {
        assert!(answer.err.contains(word), "no {word}: {}", answer.err);
    }
}

#[test]
fn a_broken_table_is_an_error_with_its_line() {
    let shell = Shell::new();
    let header =
        "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone";
    let good = "p3.2xlarge,V100,1,8,61,,3.06,0.9,us-east-1,us-east-1a";
    let bad = "p3.8xlarge,V100,4,32,244,,twelve,3.6,us-east-1,us-east-1a";
    let file = shell.file("tables/aws.csv", &format!("{header}\n{good}\n{bad}\n"));
    let dir = std::path::Path::new(&file).parent().expect("a directory").to_str().expect("UTF-8").to_owned();
    let answer = shell.sky(&["plan", "--gpus", "V100", "--catalogs", &dir]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.err.contains("aws.csv:3") && answer.err.contains("'twelve'"), "{}", answer.err);
    let missing = shell.sky(&["plan", "--gpus", "V100", "--catalogs", "/no/such/directory"]);
    assert_eq!((missing.code, missing.err.contains("/no/such/directory")), (Some(2), true), "{}", missing.err);
}

#[test]
fn errors_are_json_where_json_is_read() {
    let shell = Shell::new();
    let task = shell.file("task.yaml", "resources:\n  acelerators: V100\n");
    let answer = shell.sky(&["plan", &task, "-o", "json"]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(2), ""));
    let error: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    let problem = &error["error"]["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&2.into(), &3.into()), "{error:#}");
    assert!(problem["hint"].as_str().is_some_and(|hint| hint.contains("accelerators")), "{error:#}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let shell = Shell::new();
    let mut child = shell
        .command(env!("CARGO_BIN_EXE_sky"))
        .args(["gpus", "list", "--all"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut first = [0; 64];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("some output");
    let output = child.wait_with_output().expect("ended");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn nothing_is_coloured_when_piped() {
    let shell = Shell::new();
    for args in [&["launch", "--dryrun", "--gpus", "V100"][..], &["plan", "--gpus", "nope"], &["--help"]] {
        let answer = shell.sky(args);
        assert!(!answer.out.contains('\u{1b}') && !answer.err.contains('\u{1b}'), "{answer:?}");
    }
}

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let shell = Shell::new();
    let answer = shell.sky(&["--help"]);
    assert_eq!(answer.code, Some(0));
    for word in ["launch", "plan", "gpus", "catalog", "completion", "Exit codes:"] {
        assert!(answer.out.contains(word), "{word}: {}", answer.out);
    }
    assert_eq!(shell.sky(&["--version"]).out.trim(), concat!("sky ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn gpus_are_listed() {
    let shell = Shell::new();
    let all = shell.sky(&["gpus", "list"]);
    assert!(all.out.lines().any(|line| line.starts_with(" V100 ")), "{}", all.out);
    assert_eq!(shell.sky(&["show-gpus"]).out, all.out, "the alias is the same command");
    insta::assert_snapshot!(shell.sky(&["gpus", "list", "A10", "--cloud", "azure"]).out);
}

#[test]
fn the_catalog_says_what_it_is() {
    let shell = Shell::new();
    let info: serde_json::Value =
        serde_json::from_str(&shell.sky(&["catalog", "info", "-o", "json"]).out).expect("JSON");
    assert_eq!(info["hash"].as_str().map(str::len), Some(64));
    assert!(info["clouds"].as_array().expect("clouds").iter().all(|c| c["rows"].as_u64() > Some(10_000)));
    assert_eq!(shell.sky(&["catalog", "lint"]).code, Some(0));
}

#[test]
fn completions_are_made() {
    let shell = Shell::new();
    assert!(shell.sky(&["completion", "bash"]).out.contains("_sky"));
}
