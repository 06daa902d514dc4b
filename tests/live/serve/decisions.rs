//! The decisions of a real `sky launch` over the wire against those of its simulation in one process.

use std::process::Output;

use serde_json::Value;

use super::harness::{Serve, clouds, lines, scenario};
use crate::tools::Bounded as _;

/// What was tried and heard, in order.
fn decisions(output: &Output) -> Vec<String> {
    let told = lines(&output.stdout);
    let of = |event: &Value| {
        let offer = &event["offer"];
        let what = event["event"].as_str()?;
        let place = format!("{} {} {}", offer["cloud"], offer["region"], offer["zones"]);
        let machine = format!("{} {} {}", event["nodes"], offer["instance_type"], offer["capacity"]);
        match what {
            "attempted" | "launched" | "partly-launched" => Some(format!("{what} {machine} in {place}")),
            "denied" => Some(format!("{what} {} for {}", event["code"], event["scope"])),
            "lost" | "found" => Some(what.to_owned()),
            "ended" => Some(format!("{what} {}", event["outcome"])),
            _ => None,
        }
    };
    told.iter().filter_map(of).collect()
}

/// A scenario and what it demands: flags, or a task.
struct Story {
    scenario: &'static str,
    flags: &'static [&'static str],
    /// Blocks of `resources`; empty where flags say it all.
    resources: &'static str,
    /// The clouds that it is told on: `each` by itself, `any` of all, or one by name.
    on: On,
}

#[derive(Clone, Copy, PartialEq)]
enum On {
    /// Each by itself, then all of them.
    Each,
    /// All that are built.
    All,
    /// As the task says.
    Own(&'static [&'static str]),
}

const fn story(scenario: &'static str, flags: &'static [&'static str], resources: &'static str, on: On) -> Story {
    Story { scenario, flags, resources, on }
}

const GCP: On = On::Own(&["gcp"]);

/// Every scenario that ships and whose demand is one launch. Left out are those that are about several demands, about
/// what becomes of a lease, or that have nothing feasible.
const STORIES: [Story; 18] = [
    story("v100-scarce.yaml", &["--gpus", "V100"], "", On::Each),
    story("cloud-out.yaml", &["--gpus", "V100"], "", On::Each),
    story("quota-region.yaml", &["--gpus", "V100"], "", On::Each),
    story("quota-everywhere.yaml", &["--gpus", "V100"], "", On::Each),
    story("shocks.yaml", &["--gpus", "V100", "--retry-until-up"], "", On::Each),
    story("high-cpu.yaml", &["--cpus", "96+", "--num-nodes", "2"], "", On::Each),
    story("pinned-zone.yaml", &["--gpus", "V100", "--infra", "gcp/us-west1/us-west1-b"], "", GCP),
    story("page-cross-region.yaml", &["--gpus", "V100"], "", On::All),
    story("page-cross-cloud.yaml", &["--gpus", "V100:8"], "", On::All),
    story(
        "page-any-of.yaml",
        &[],
        "any_of: [{cloud: aws, region: us-east-2, accelerators: 'A100:8'}, {cloud: gcp, region: us-central1, accelerators: 'A100:8'}]",
        On::All,
    ),
    story("page-multi-gpu.yaml", &[], "accelerators: {A10:1, L4:1, A10g:1}", On::All),
    story("any-of-scarce.yaml", &[], "accelerators: {A10: 1, A10G: 1, L4: 1}", On::All),
    story("ordered-scarce.yaml", &[], "accelerators: [A10:1, A10g:1, L4:1]", On::All),
    story("retry-until-up.yaml", &["--gpus", "V100", "--cloud", "gcp", "--retry-until-up"], "", GCP),
    story("trace-replay.yaml", &["--gpus", "V100", "--cloud", "gcp", "--retry-until-up"], "", GCP),
    story(
        "spot-then-on-demand.yaml",
        &[],
        "ordered: [{accelerators: 'A100:8', use_spot: true, region: us-central1}, {accelerators: 'A100:8', use_spot: false, infra: gcp}]",
        GCP,
    ),
    story(
        "v100-probed.yaml",
        &["--gpus", "V100", "--cloud", "aws", "--use-spot", "--retry-until-up"],
        "",
        On::Own(&["aws"]),
    ),
    story("h100-probed.yaml", &["--gpus", "H100", "--cloud", "gcp", "--use-spot", "--retry-until-up"], "", GCP),
];

/// What keeps both launches to the same clouds: one by name, or all that this build can call.
fn kept_to(cloud: Option<&str>) -> Vec<String> {
    if let Some(cloud) = cloud {
        return vec!["--cloud".to_owned(), cloud.to_owned()];
    }
    let absent = ["aws", "azure", "gcp"].into_iter().filter(|cloud| !clouds().contains(cloud));
    absent.flat_map(|cloud| ["--exclude".to_owned(), cloud.to_owned()]).collect()
}

/// How many refusals the story tells; both launches must tell the same.
fn compare(story: &Story, clouds: &[String], seed: &str) -> usize {
    let (name, path) = (story.scenario, scenario(story.scenario));
    let serve = Serve::start(&path, &["--seed", seed, "--speed", "max"]);
    let home = tempfile::tempdir().expect("a directory");
    let path = path.display().to_string();
    let mut wanted: Vec<String> = story.flags.iter().map(|flag| (*flag).to_owned()).chain(clouds.to_vec()).collect();
    if !story.resources.is_empty() {
        let task = home.path().join("task.yaml");
        std::fs::write(&task, format!("resources: {{{}}}\n", story.resources)).expect("written");
        wanted.push(task.display().to_string());
    }
    let run = |fixed: &[&str]| {
        let all: Vec<&str> = fixed.iter().copied().chain(wanted.iter().map(String::as_str)).collect();
        serve.sky(home.path(), &all).bounded()
    };
    let simulated = run(&["launch", "-y", "-o", "ndjson", "--simulate", &path, "--seed", seed]);
    let live = run(&["launch", "-y", "-o", "ndjson", "-c", "c", "--fresh"]);
    let (told, found) = (decisions(&simulated), decisions(&live));
    let stderr = String::from_utf8_lossy(&live.stderr);
    assert!(!told.is_empty(), "{name}: {}", String::from_utf8_lossy(&simulated.stderr));
    let at = told.iter().zip(&found).position(|(told, found)| told != found);
    let at = at.unwrap_or(told.len().min(found.len()));
    assert_eq!(
        told.get(at),
        found.get(at),
        "{name} {clouds:?}, seed {seed}: decision {at} of {}: {stderr}",
        told.len()
    );
    told.iter().filter(|line| line.starts_with("denied")).count()
}

#[test]
fn a_launch_over_the_wire_decides_as_its_simulation() {
    let (mut compared, mut denied) = (0, 0);
    let only = std::env::var("SKY_TEST_STORY").ok();
    for story in STORIES.iter().filter(|story| only.as_deref().is_none_or(|only| story.scenario.starts_with(only))) {
        let ways: Vec<Vec<String>> = match story.on {
            On::Own(needed) if needed.iter().all(|cloud| clouds().contains(cloud)) => vec![Vec::new()],
            On::Own(_) => Vec::new(),
            On::All => vec![kept_to(None)],
            On::Each => clouds().into_iter().map(Some).chain([None]).map(kept_to).collect(),
        };
        for way in ways {
            denied += compare(story, &way, "7");
            compared += 1;
        }
    }
    assert!(only.is_some() || compared >= 20 && denied > 60, "{compared} compared, {denied} refusals");
}
