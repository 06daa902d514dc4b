//! The stories of the page, told by `sky` itself.

use std::path::Path;
use std::process::Command;

use super::Moto;
use super::adapter::PUBLIC_KEY;
use super::proxy::{Fault, Rule};
use crate::site::{Answer, Site};
use crate::tools::Bounded as _;

/// `sky` in a home of its own, with moto as its Amazon.
fn sky(home: &Path, url: &str, args: &[&str]) -> Answer {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sky"));
    command.args(args).env_clear().env("PATH", path).env("HOME", home).env("NO_COLOR", "1");
    command
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "canary-secret-key")
        .env("AWS_ENDPOINT_URL", url)
        .env("SKY_CLOCK_SPEED", "20");
    Answer::of(&command.bounded())
}

#[test]
fn eight_v100_from_ohio_to_oregon() {
    let Some(moto) = Moto::start() else { return };
    let home = tempfile::tempdir().expect("a directory");
    let keys = home.path().join(".sky");
    std::fs::create_dir_all(&keys).expect("made");
    std::fs::write(keys.join("sky-key"), "private\n").expect("written");
    std::fs::write(keys.join("sky-key.pub"), PUBLIC_KEY).expect("written");
    let out = |region| Rule {
        region: Some(region),
        ..Rule::of("RunInstances", Fault::Refuse("InsufficientInstanceCapacity"))
    };
    moto.proxy.rules(vec![out("us-east-1"), out("us-east-2")]);
    let sky = |args: &[&str]| sky(home.path(), &moto.proxy.url, args);

    let up = sky(&["launch", "-c", "v100-8", "--gpus", "V100:8", "--infra", "aws", "-y"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    for said in [
        "Launching on AWS us-east-2 (us-east-2a,us-east-2b)",
        "Got error(s) in all zones of us-east-2:",
        "We currently do not have sufficient p3.16xlarge capacity in the Availability Zone you requested (us-east-2a).",
        "Launching on AWS us-west-2 (us-west-2a,us-west-2b,us-west-2c)",
        "Successfully provisioned or found existing VM.",
    ] {
        assert!(up.out.contains(said), "not said: {said}\n{}", up.out);
    }
    let asked: Vec<String> =
        moto.proxy.log("RunInstances").iter().map(|run| run.field("Placement.AvailabilityZone").to_owned()).collect();
    assert_eq!(asked.last().map(String::as_str), Some("us-west-2a"));
    let mut once = asked.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), asked.len(), "each zone is asked once");

    let status = sky(&["status", "-r"]);
    assert!(status.out.contains("v100-8") && status.out.contains("UP"), "{status:?}");
    let check = sky(&["check", "aws"]);
    assert_eq!(check.code, Some(0), "{check:?}");
    let stop = sky(&["stop", "v100-8", "-y"]);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    let start = sky(&["start", "v100-8", "-y"]);
    assert_eq!(start.code, Some(0), "{start:?}");
    let down = sky(&["down", "v100-8", "-y"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    assert_eq!(moto.proxy.log("TerminateInstances").len(), 1);
    assert!(sky(&["gc", "--dry-run"]).out.contains("Nothing of ours is left behind"));
    let everything = format!("{up:?}{status:?}{check:?}{stop:?}{start:?}{down:?}");
    assert!(!everything.contains("canary"), "a secret was said");
}

/// The page's second transcript over real HTTP, with the catalog of its day, which the server tells: every zone of Google is
/// out, then one region of Amazon's, then there is one.
#[test]
fn from_google_to_amazon_over_the_wire() {
    let site = Site::serve("page-cross-cloud.yaml", "300x");
    let up = site.sky(&["launch", "-c", "v100-8", "--gpus", "V100:8", "-y"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    for said in [
        "Got ZONE_RESOURCE_POOL_EXHAUSTED in us-central1-a",
        "Got ZONE_RESOURCE_POOL_EXHAUSTED in europe-west4-c",
        "Launching on AWS us-east-2 (us-east-2a,us-east-2b,us-east-2c)",
        "Got error(s) in all zones of us-east-2:",
        "Launching on AWS us-west-2 (us-west-2a,us-west-2b,us-west-2c,us-west-2d)",
        "Successfully provisioned or found existing VM.",
    ] {
        assert!(up.out.contains(said), "not said: {said}\n{}", up.out);
    }
    let books = site.page("/_sky/books");
    let running = books["running"].as_array().expect("a list");
    assert_eq!(running.len(), 1);
    assert_eq!((&running[0]["zone"], &running[0]["instance_type"]), (&"us-west-2a".into(), &"p3.16xlarge".into()));
    assert_eq!(site.sky(&["down", "v100-8", "-y"]).code, Some(0));
    // Amazon takes its time over what it was told to terminate.
    for look in 1.. {
        let left = site.page("/_sky/books")["running"].as_array().expect("a list").clone();
        if left.is_empty() {
            break;
        }
        assert!(look < 100, "still running: {left:?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}
