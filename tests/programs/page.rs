//! The four console transcripts of SkyPilot's page on auto-failover, played to the letter of their order of attempts,
//! their tables and prices, on scripted markets.

use crate::common::Shell;

/// Lines of an answer that contain a text, without the part before it.
fn after<'a>(out: &'a str, text: &str) -> Vec<&'a str> {
    out.lines().filter_map(|line| line.split_once(text)).map(|(_, rest)| rest).collect()
}

/// Time of day of the line that contains a text, as the transcript prints it.
fn time_of<'a>(out: &'a str, text: &str) -> &'a str {
    out.lines().find(|line| line.contains(text)).and_then(|line| line.split(' ').nth(2)).unwrap_or("")
}

#[test]
fn cross_region() {
    let shell = Shell::new();
    let args = ["launch", "--simulate", "scenarios/page-cross-region.yaml", "-c", "gpu", "--gpus", "V100", "-y"];
    let answer = shell.sky(&[&args[..], &["--start-at", "2022-02-11T21:17:43.171661"]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(
        after(&answer.out, "Launching on "),
        [
            "GCP us-central1 (us-central1-a)",
            "GCP us-central1 (us-central1-b)",
            "GCP us-central1 (us-central1-c)",
            "GCP us-central1 (us-central1-f)",
            "GCP us-west1 (us-west1-a)"
        ]
    );
    // The moments that the page prints.
    assert_eq!(time_of(&answer.out, "Launching on GCP us-central1 (us-central1-a)"), "21:17:43");
    assert_eq!(time_of(&answer.out, "Got ZONE_RESOURCE_POOL_EXHAUSTED in us-central1-a"), "21:17:56");
    assert_eq!(time_of(&answer.out, "Launching on GCP us-central1 (us-central1-f)"), "21:18:24");
    assert_eq!(time_of(&answer.out, "Launching on GCP us-west1 (us-west1-a)"), "21:18:38");
    insta::assert_snapshot!(answer.out);
}

#[test]
fn cross_cloud() {
    let shell = Shell::new();
    let args = ["launch", "--simulate", "scenarios/page-cross-cloud.yaml", "-c", "v100-8", "--gpus", "V100:8", "-y"];
    let answer = shell.sky(&[&args[..], &["--start-at", "2022-02-23T16:39:59.577551"]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let attempts = after(&answer.out, "Launching on ");
    assert_eq!(attempts.first(), Some(&"GCP us-central1 (us-central1-a)"));
    assert_eq!(
        attempts[attempts.len() - 2..],
        [
            "AWS us-east-2 (us-east-2a,us-east-2b,us-east-2c)",
            "AWS us-west-2 (us-west-2a,us-west-2b,us-west-2c,us-west-2d)"
        ]
    );
    let clouds: Vec<&str> = attempts.iter().map(|attempt| &attempt[..3]).collect();
    assert!(clouds.iter().position(|c| *c == "AWS") > clouds.iter().rposition(|c| *c == "GCP"), "{attempts:?}");
    // The moments that the page prints.
    assert_eq!(time_of(&answer.out, "Got ZONE_RESOURCE_POOL_EXHAUSTED in us-central1-a"), "16:40:17");
    assert_eq!(time_of(&answer.out, "Launching on AWS us-east-2"), "16:42:15");
    assert_eq!(time_of(&answer.out, "Got error(s) in all zones of us-east-2:"), "16:42:26");
    assert_eq!(time_of(&answer.out, "Launching on AWS us-west-2"), "16:42:26");
    assert_eq!(time_of(&answer.out, "Successfully provisioned or found existing VM."), "16:47:04");
    insta::assert_snapshot!(answer.out);
}

#[test]
fn multiple_candidate_gpus() {
    let shell = Shell::new();
    let task = shell.file("task.yaml", "resources:\n  accelerators: {A10:1, L4:1, A10g:1}\n");
    let args = ["launch", "--simulate", "scenarios/page-multi-gpu.yaml", &task, "-c", "any"];
    let answer = shell.sky_answering(&[&args[..], &["--start-at", "2023-11-19T08:07:45"]].concat(), "n\n");
    let table = after(&answer.out, "optimizer] ");
    assert_eq!(
        table,
        [
            "Considered resources (1 node):",
            "-----------------------------------------------------------------------------------------------------",
            " CLOUD   INSTANCE                 vCPUs   Mem(GB)   ACCELERATORS   REGION/ZONE   COST ($)   CHOSEN",
            "-----------------------------------------------------------------------------------------------------",
            " Azure   Standard_NV6ads_A10_v5   6       55        A10:1          eastus        0.45          ✔",
            " GCP     g2-standard-4            4       16        L4:1           us-east4-a    0.70",
            " AWS     g5.xlarge                4       16        A10G:1         us-east-1     1.01",
            "-----------------------------------------------------------------------------------------------------",
        ]
    );
    assert!(answer.out.lines().all(|line| !line.contains("optimizer]") || line.starts_with("I 11-19 08:07:45 ")));
}

#[test]
fn multiple_candidate_resources() {
    let shell = Shell::new();
    let block = |cloud: &str, region: &str| {
        format!("      - cloud: {cloud}\n        region: {region}\n        accelerators: A100:8\n")
    };
    let text = format!("resources:\n  any_of:\n{}{}", block("aws", "us-east-2"), block("gcp", "us-central1"));
    let task = shell.file("task.yaml", &text.replace("      - ", "    - ").replace("        ", "      "));
    let args = ["launch", "--simulate", "scenarios/page-any-of.yaml", "-c", "mycluster", &task];
    let answer = shell.sky_answering(&[&args[..], &["--start-at", "2023-11-20T14:06:24"]].concat(), "y\n");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert_eq!(
        after(&answer.out, "optimizer] ")[1..],
        [
            "----------------------------------------------------------------------------------------------",
            " CLOUD   INSTANCE        vCPUs   Mem(GB)   ACCELERATORS   REGION/ZONE     COST ($)   CHOSEN",
            "----------------------------------------------------------------------------------------------",
            " GCP     a2-highgpu-8g   96      680       A100:8         us-central1-a   29.39         ✔",
            " AWS     p4d.24xlarge    96      1152      A100:8         us-east-2       32.77",
            "----------------------------------------------------------------------------------------------",
        ]
    );
    assert!(answer.out.contains("Launching a new cluster 'mycluster'. Proceed? [Y/n]: "), "{}", answer.out);
    // Only the two regions asked for, in the order of their price.
    let mut regions: Vec<String> =
        after(&answer.out, "Launching on ").iter().map(|a| a.split(" (").next().unwrap_or("").to_owned()).collect();
    regions.dedup();
    assert_eq!(regions, ["GCP us-central1", "AWS us-east-2"]);
}
