//! A storm: `sky launch` killed in the middle, answers cut off, calls that hang, refusals; and then nothing is held that
//! nobody owns, and nothing was launched twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::harness::{Serve, clouds, scenario};
use crate::tools::Bounded as _;

/// Schedules in an ordinary run; the whole storm is `SKY_TEST_STORM=1000`, some twelve minutes.
const FEW: u64 = 16;

/// Numbers that a seed gives: splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

#[derive(Debug, Default)]
struct Met {
    killed: u64,
    killed_with_machines: u64,
    lost: u64,
    hung: u64,
    refused: u64,
    launched: u64,
    orphans: u64,
}

fn run(serve: &Serve, home: &Path, arguments: &[&str]) -> (Option<i32>, Vec<u8>) {
    let done = serve.sky(home, arguments).bounded();
    assert!(done.status.success() || !done.stderr.is_empty(), "{arguments:?} fails without a word");
    (done.status.code(), done.stdout)
}

/// One schedule of faults: what the next launches meet.
fn order(cloud: &str, dice: &mut Dice) -> String {
    let stockout = match cloud {
        "aws" => "InsufficientInstanceCapacity.nolist",
        "azure" => "SkuNotAvailable",
        _ => "ZONE_RESOURCE_POOL_EXHAUSTED",
    };
    let mishap = |dice: &mut Dice| match dice.roll(24) {
        0..10 => r#""lost""#.to_owned(),
        10..19 => format!(r#"{{"body":"{stockout}"}}"#),
        // Given up on after a while of the wall's time, so not often.
        19 => r#""hang""#.to_owned(),
        _ => r#""none""#.to_owned(),
    };
    let orders: Vec<String> =
        (0..=dice.roll(4)).map(|_| format!(r#"{{"cloud":"{cloud}","mishap":{}}}"#, mishap(dice))).collect();
    format!("[{}]", orders.join(","))
}

/// Nothing runs twice for one launch and rank, now or ever.
fn nothing_twice(serve: &Serve, seed: u64) {
    let mut made: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for entry in serve.get("/_sky/journal").as_array().expect("entries") {
        if entry["what"] == "launch" && entry["outcome"] == "accepted" {
            let ids = entry["instances"].as_array().expect("ids").iter().filter_map(Value::as_u64);
            made.entry(entry["lease"].as_str().unwrap_or_default().to_owned()).or_default().extend(ids);
        }
    }
    for (lease, ids) in made {
        assert!(ids.len() <= 1, "schedule {seed}: {lease} made {ids:?}");
    }
}

fn launch(cloud: &str) -> [&str; 11] {
    ["launch", "-y", "-c", "c", "--gpus", "V100", "--cloud", cloud, "--fresh", "-o", "ndjson"]
}

fn schedule(serve: &Serve, seed: u64, (cloud, typical): (&str, Duration), met: &mut Met) {
    let mut dice = Dice(seed);
    serve.post("/_sky/reset", "");
    let home = tempfile::tempdir().expect("a directory");
    serve.post("/_sky/inject", &order(cloud, &mut dice));
    let mut child =
        serve.sky(home.path(), &launch(cloud)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
    // Half of them by the clock, half a moment after the first machine was made.
    let (by_clock, moment) = (dice.roll(2) == 0, Duration::from_micros(dice.roll(20_000)));
    let deadline = Instant::now() + typical.mul_f64(dice.roll(1200) as f64 / 1000.0);
    while child.try_wait().expect("waits").is_none() {
        if by_clock && Instant::now() >= deadline {
            break;
        }
        if !by_clock && serve.get("/_sky/books")["launched"] != 0 {
            std::thread::sleep(moment);
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    if child.try_wait().expect("waits").is_none() {
        met.killed += 1;
        child.kill().expect("killed");
        let held = serve.get("/_sky/books")["running"].as_array().map_or(0, Vec::len);
        met.killed_with_machines += u64::from(held > 0);
    }
    child.wait().expect("ends");
    // Either is enough by itself; together they are what a user would type.
    if dice.roll(2) == 0 {
        run(serve, home.path(), &["status", "-r"]);
    }
    let (code, told) = run(serve, home.path(), &["gc", "-y", "-o", "json"]);
    assert_eq!(code, Some(0), "schedule {seed}: {}", String::from_utf8_lossy(&told));
    let (_, status) = run(serve, home.path(), &["status", "-r", "-o", "json"]);
    let status = String::from_utf8_lossy(&status).into_owned();
    let books = serve.get("/_sky/books");
    for held in books["running"].as_array().expect("machines") {
        if held["state"] == "shutting-down" {
            continue;
        }
        let name = held["vendor_id"].as_str().expect("an id");
        assert!(status.contains(name), "schedule {seed}: nobody owns {held}: {status}");
        met.launched += 1;
    }
    nothing_twice(serve, seed);
    for entry in serve.get("/_sky/journal").as_array().expect("entries") {
        met.lost += u64::from(entry["lost"] == true);
        met.hung += u64::from(entry["outcome"] == "hangs");
        met.refused += u64::from(entry["outcome"] == "refused");
    }
    let found: Value = serde_json::from_slice(&told).expect("a document");
    met.orphans += found["orphans"].as_array().map_or(0, |orphans| orphans.len() as u64);
    run(serve, home.path(), &["down", "-y", "-a"]);
    let left = serve.get("/_sky/books");
    let left = left["running"].as_array().expect("machines").iter().filter(|held| held["state"] != "shutting-down");
    assert_eq!(left.count(), 0, "schedule {seed}: something outlived its cluster");
}

#[test]
fn whatever_is_killed_or_cut_off_nothing_is_held_that_nobody_owns() {
    let asked = std::env::var("SKY_TEST_STORM").ok().and_then(|text| text.parse().ok());
    let schedules: u64 = asked.unwrap_or(FEW);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get) as u64;
    let serve_one = |thread: u64| {
        let serve = Serve::start(&scenario("v100-scarce.yaml"), &["--seed", "7", "--speed", "max"]);
        let typical = clouds().into_iter().map(|cloud| {
            let (home, begin) = (tempfile::tempdir().expect("a directory"), Instant::now());
            let (code, told) = run(&serve, home.path(), &launch(cloud));
            assert_eq!(code, Some(0), "{}", String::from_utf8_lossy(&told));
            (cloud, begin.elapsed())
        });
        let typical: Vec<(&str, Duration)> = typical.collect();
        let mut met = Met::default();
        for seed in (thread..schedules).step_by(threads as usize) {
            schedule(&serve, seed, typical[(seed / threads) as usize % typical.len()], &mut met);
        }
        met
    };
    let met = std::thread::scope(|scope| {
        let tasks: Vec<_> = (0..threads).map(|thread| scope.spawn(move || serve_one(thread))).collect();
        tasks.into_iter().map(|task| task.join().expect("a thread")).fold(Met::default(), |sum, met| Met {
            killed: sum.killed + met.killed,
            killed_with_machines: sum.killed_with_machines + met.killed_with_machines,
            lost: sum.lost + met.lost,
            hung: sum.hung + met.hung,
            refused: sum.refused + met.refused,
            launched: sum.launched + met.launched,
            orphans: sum.orphans + met.orphans,
        })
    });
    eprintln!("{schedules} schedules: {met:?}");
    assert!(met.killed >= schedules / 3 && met.refused > 0, "no storm came: {met:?}");
    if schedules >= 100 {
        assert!(
            met.hung > 0 && met.lost > 20 && met.killed_with_machines > 20 && met.launched > 20,
            "no storm came: {met:?}"
        );
    }
}
