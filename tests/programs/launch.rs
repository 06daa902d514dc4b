//! `sky launch --simulate`: the same launch against a market, with its question, logs and exit codes.

use crate::common::Shell;
use serde_json::Value;

const SCARCE: &str = "scenarios/v100-scarce.yaml";

/// A market where nothing of what is asked for is ever free.
const EMPTY: &str =
    "schema: 1\ntitle: empty\nwhy: nothing is free\nclouds:\n  '*': {pool: never}\ndemand: {gpus: V100}\n";

/// A market where no quota is left for anything.
const NO_QUOTA: &str = "schema: 1\ntitle: no quota\nwhy: new accounts have none\nclouds:\n  '*':\n    pool: always\n    quota: 0\n\
                        demand: {gpus: V100}\n";

fn launch<'a>(scenario: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&["launch", "--simulate", scenario, "-c", "gpu", "--start-at", "2022-02-11T21:17:43.171661"][..], rest].concat()
}

#[test]
fn it_asks_before_it_launches() {
    let shell = Shell::new();
    let question = "Launching a new cluster 'gpu'. Proceed? [Y/n]: ";
    let args = launch(SCARCE, &["--gpus", "V100"]);
    for (answer, code) in [("y\n", Some(0)), ("\n", Some(0)), ("n\n", Some(130)), ("", Some(130))] {
        let told = shell.sky_answering(&args, answer);
        assert_eq!(told.code, code, "{answer:?}: {told:?}");
        assert!(told.out.contains(question), "{}", told.out);
        assert_eq!(told.out.contains("Creating a new cluster"), code == Some(0), "{}", told.out);
    }
    assert!(!shell.sky(&[&args[..], &["-y"]].concat()).out.contains("Proceed?"));
}

#[test]
fn the_detailed_log_is_where_it_is_said_to_be() {
    let shell = Shell::new();
    let answer = shell.sky(&launch(SCARCE, &["--gpus", "V100", "-y"]));
    let path = "sky_logs/sky-2022-02-11-21-17-43-171661/provision.log";
    assert!(answer.out.contains(&format!("To view detailed progress: tail -n100 -f ~/{path}")), "{}", answer.out);
    let log = std::fs::read_to_string(shell.home().join(path)).expect("the log");
    assert!(
        log.contains("Creating a new cluster: \"gpu\" [1x GCP(n1-highmem-8, {'V100': 1.0})].") && log.contains("call ")
    );
    let elsewhere = shell.home().join("elsewhere");
    shell.sky(&launch(SCARCE, &["--gpus", "V100", "-y", "--log-dir", elsewhere.to_str().expect("UTF-8")]));
    assert!(elsewhere.join("sky-2022-02-11-21-17-43-171661/provision.log").exists());
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let shell = Shell::new();
    let told = |seed: &str| shell.sky(&launch(SCARCE, &["--gpus", "V100", "-y", "--seed", seed])).out;
    assert_eq!(told("4"), told("4"));
    assert!((5..15).any(|seed: u32| told("4") != told(&seed.to_string())), "luck never differs");
}

#[test]
fn no_capacity_anywhere_exits_with_3_and_says_what_to_do() {
    let shell = Shell::new();
    let scenario = shell.file("empty.yaml", EMPTY);
    let answer = shell.sky(&launch(&scenario, &["--gpus", "V100", "-y"]));
    assert_eq!(answer.code, Some(3), "{answer:?}");
    for word in [
        "Failed to provision: no capacity in any of the candidate locations.",
        "Reasons for provision failures:",
        "ZONE_RESOURCE_POOL_EXHAUSTED",
        "InsufficientInstanceCapacity",
        "Got error(s) in all zones of us-east-1:",
        "--retry-until-up",
    ] {
        assert!(answer.out.contains(word), "{word}: {}", answer.out);
    }
    let bounded = shell.sky(&launch(&scenario, &["--gpus", "V100", "-y", "--retry-until-up", "--max-wait", "2h"]));
    assert_eq!(bounded.code, Some(6), "{bounded:?}");
    let few = shell.sky(&launch(&scenario, &["--gpus", "V100", "-y", "--max-attempts", "3", "-o", "json"]));
    let record: Value = serde_json::from_str(&few.out).expect("JSON");
    assert_eq!((few.code, record["attempts"].as_u64()), (Some(6), Some(3)), "{record:#}");
}

#[test]
fn quota_everywhere_exits_with_4() {
    let shell = Shell::new();
    let scenario = shell.file("quota.yaml", NO_QUOTA);
    let answer = shell.sky(&launch(&scenario, &["--gpus", "V100", "-y"]));
    assert_eq!(answer.code, Some(4), "{answer:?}");
    assert!(answer.out.contains("quota exceeded") && answer.out.contains("raise the quota"), "{}", answer.out);
}

#[test]
fn a_pinned_zone_is_never_left_in_a_launch() {
    let shell = Shell::new();
    let scenario = shell.file("empty.yaml", EMPTY);
    let pinned = ["--gpus", "V100", "-y", "--infra", "gcp/us-central1/us-central1-a", "-o", "ndjson"];
    let answer = shell.sky(&launch(&scenario, &pinned));
    let events: Vec<Value> = answer.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let attempts: Vec<&Value> = events.iter().filter(|event| event["event"] == "attempted").collect();
    assert_eq!(attempts.len(), 1, "{}", answer.out);
    assert_eq!(attempts[0]["offer"]["zones"], serde_json::json!(["us-central1-a"]));
    assert_eq!(events.last().map(|event| event["outcome"].clone()), Some("no-capacity".into()));
}

#[test]
fn a_launch_is_a_document_for_programs() {
    let shell = Shell::new();
    let answer = shell.sky(&launch(SCARCE, &["--gpus", "V100", "-y", "-o", "json"]));
    let record: Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!((&record["schema"], &record["outcome"]), (&"sky.launch/1".into(), &"placed".into()));
    assert_eq!((&record["obtained"]["accelerators"], answer.code), (&"V100:1".into(), Some(0)));
    assert!(record["seconds"].as_f64() > Some(10.0) && record["price_hourly"].as_f64() > Some(2.0), "{record:#}");
}

#[test]
fn without_a_task_the_scenarios_own_demand_is_meant() {
    let shell = Shell::new();
    let answer = shell.sky(&launch(SCARCE, &["-y"]));
    assert!(answer.out.contains("V100:1"), "{}", answer.out);
}

#[test]
fn an_unknown_policy_is_an_error() {
    let shell = Shell::new();
    let answer = shell.sky(&launch(SCARCE, &["--gpus", "V100", "-y", "--policy", "cheepest"]));
    assert_eq!((answer.code, answer.err.contains("'cheapest'")), (Some(2), true), "{}", answer.err);
}
