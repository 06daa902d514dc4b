use std::sync::Arc;

use super::*;
use crate::catalog::Catalog;
use crate::cloud::{Clock, LeaseKey, Node, NodeState};
use crate::denials;
use crate::model::{CapacityType, Cause, Money, Timestamp};

fn open() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(&dir.path().join("sky")).expect("opens");
    (dir, store)
}

fn written(key: &str, uid: &str) -> Written {
    Written {
        key: LeaseKey(key.to_owned()),
        cluster: "c".to_owned(),
        uid: uid.to_owned(),
        cloud: "gcp".to_owned(),
        region: "us-central1".to_owned(),
        zone: None,
        instance_type: "n1-highmem-8".to_owned(),
        accelerators: Some("V100:1".to_owned()),
        capacity: CapacityType::Spot,
        nodes: 2,
        price_hourly: Money(2_000_000),
        stage: Stage::Asked,
        asked_at: 1000,
    }
}

fn node(key: &str, rank: u16) -> Node {
    Node {
        id: format!("i-{rank}"),
        region: "us-central1".to_owned(),
        zone: Some("us-central1-a".to_owned()),
        key: LeaseKey(key.to_owned()),
        cluster: "c-0".to_owned(),
        rank,
        state: NodeState::Running,
        instance_type: "n1-highmem-8".to_owned(),
        capacity: CapacityType::Spot,
        public_ip: Some("198.51.100.1".to_owned()),
        private_ip: None,
    }
}

fn cluster(name: &str) -> Cluster {
    let held = Held {
        cloud: "gcp".to_owned(),
        region: "us-central1".to_owned(),
        zone: Some("us-central1-a".to_owned()),
        instance_type: "n1-highmem-8".to_owned(),
        accelerators: Some("V100:1".to_owned()),
        gpus_per_node: 1,
        capacity: CapacityType::Spot,
        price_hourly: Money(2_000_000),
        key: LeaseKey("k1".to_owned()),
        user: "ubuntu".to_owned(),
        launched_at: 1100,
    };
    Cluster {
        name: name.to_owned(),
        uid: uid(),
        cloud_name: format!("{name}-0"),
        status: Status::Up,
        wanted: "V100:1".to_owned(),
        nodes: 2,
        made_at: 1000,
        held: Some(held),
        autostop: Some(Autostop { idle_s: 600, down: true }),
    }
}

#[test]
fn what_is_written_is_read_back_by_another_process() {
    let (_dir, store) = open();
    let (c, nodes) = (cluster("c"), vec![node("k1", 0), node("k1", 1)]);
    store.put_cluster(&c).expect("writes");
    store.intend(&written("k1", &c.uid)).expect("writes");
    store.made(&LeaseKey("k1".to_owned()), &nodes, 1100).expect("writes");
    let other = store.again().expect("opens");
    assert_eq!(other.clusters(), Ok(vec![c.clone()]));
    assert_eq!(other.nodes(&LeaseKey("k1".to_owned())), Ok(nodes));
    let launch = other.launch(&LeaseKey("k1".to_owned())).expect("reads").expect("there");
    assert_eq!((launch.stage, launch.zone.as_deref()), (Stage::Made, Some("us-central1-a")));
    assert_eq!(other.owner(), store.owner());
    let init = Cluster { status: Status::Init, held: None, autostop: None, ..c };
    other.put_cluster(&init).expect("writes");
    assert_eq!(store.cluster("c"), Ok(Some(init)));
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, store) = open();
    store.owner().expect("writes");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let directory = store.path().parent().expect("a directory");
    assert_eq!(mode(directory), 0o700);
    let files: Vec<_> = std::fs::read_dir(directory).expect("reads").map(|entry| entry.expect("one").path()).collect();
    assert!(files.len() > 1, "the journal of a file in use is a file of its own");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_launch_is_written_once_and_closed_once() {
    let (_dir, store) = open();
    store.intend(&written("k1", "u")).expect("writes");
    assert!(store.intend(&written("k1", "u")).is_err(), "a key names one call for ever");
    assert_eq!(store.open_launches().expect("reads").len(), 1);
    store.settle(&LeaseKey("k1".to_owned()), Stage::Nothing, 1200).expect("writes");
    assert_eq!(store.open_launches().expect("reads"), []);
    assert_eq!(store.launches_of("u").expect("reads").len(), 1);
}

#[test]
fn what_ran_costs_what_it_cost_at_the_launch_and_nothing_while_stopped() {
    let (_dir, store) = open();
    let key = LeaseKey("k1".to_owned());
    store.intend(&written("k1", "u")).expect("writes");
    store.made(&key, &[node("k1", 0)], 10_000).expect("writes");
    store.begin_usage(&key, 10_500).expect("a second begin changes nothing");
    store.end_usage(&key, 13_600).expect("writes");
    store.begin_usage(&key, 20_000).expect("writes");
    let usage = store.usage(21_800).expect("reads");
    assert_eq!((usage[0].ran.as_secs_f64(), usage[0].running), (5400.0, true));
    // Two nodes at 2 $/h for an hour and a half.
    assert_eq!(usage[0].cost(), Money(6_000_000));
    store.settle(&key, Stage::Released, 21_800).expect("writes");
    let usage = store.usage(99_999).expect("reads");
    assert_eq!((usage[0].cost(), usage[0].running), (Money(6_000_000), false));
}

#[test]
fn one_process_at_a_time_works_on_a_cluster() {
    let (_dir, store) = open();
    let claim = store.claim("c", "launch", 1000).expect("writes").expect("free");
    let other = store.again().expect("opens");
    let Err(holder) = other.claim("c", "down", 1001).expect("reads") else { panic!("it is held") };
    assert_eq!((holder.verb.as_str(), holder.pid), ("launch", std::process::id()));
    assert!(other.claim("d", "down", 1001).expect("writes").is_ok(), "another cluster is free");
    drop(claim);
    assert!(other.claim("c", "down", 1002).expect("writes").is_ok());
}

#[test]
fn a_dead_holder_holds_nothing() {
    let (_dir, store) = open();
    let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("starts");
    let claim = store.claim("c", "launch", 1000).expect("writes").expect("free");
    let started = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("a process");
    let started = started.rsplit_once(')').expect("a name").1.split_whitespace().nth(19).expect("a start").to_owned();
    let pose = |pid: u32, started: &str| {
        let set = "UPDATE claim SET pid = ?1, started = ?2";
        store.change(|tx| tx.execute(set, rusqlite::params![pid, started])).expect("writes");
    };
    pose(child.id(), &started);
    assert!(store.claim("c", "down", 1001).expect("reads").is_err(), "alive");
    pose(child.id(), "1");
    assert!(store.holder("c", 1001).expect("reads").is_none(), "a later process with the same number");
    pose(child.id(), &started);
    child.kill().expect("ends");
    child.wait().expect("ends");
    let taken = store.claim("c", "down", 1001).expect("writes");
    assert!(taken.is_ok(), "dead");
    drop(claim);
    assert!(store.holder("c", 1002).expect("reads").is_some(), "the old claim does not end the new one");
}

#[test]
fn of_many_that_want_a_cluster_at_once_one_gets_it() {
    let (_dir, store) = open();
    let barrier = Arc::new(std::sync::Barrier::new(8));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, barrier) = (store.again().expect("opens"), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                let claim = store.claim("c", "launch", 1000).expect("writes");
                barrier.wait();
                claim.is_ok()
            })
        })
        .collect();
    let won = tasks.into_iter().map(|task| task.join().expect("ends")).filter(|won| *won).count();
    assert_eq!(won, 1);
}

#[test]
fn many_open_a_new_file_at_once_and_agree_on_its_owner() {
    let dir = tempfile::tempdir().expect("a directory");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let path = dir.path().join("sky");
            std::thread::spawn(move || Store::open(&path).and_then(|store| store.owner()))
        })
        .collect();
    let owners: Vec<_> = tasks.into_iter().map(|task| task.join().expect("ends").expect("opens")).collect();
    assert!(owners.iter().all(|owner| *owner == owners[0]), "{owners:?}");
}

#[test]
fn a_file_of_a_newer_sky_is_refused() {
    let (_dir, store) = open();
    store.lock().pragma_update(None, "user_version", 99).expect("writes");
    let error = store.again().err().expect("refused");
    assert!(error.message.contains("99"), "{error}");
}

#[test]
fn denials_are_believed_by_every_launch_until_they_end() {
    let (_dir, store) = open();
    let catalog = Catalog::embedded();
    let clock = Clock::starting_now(1.0);
    let v100 = catalog.find_accelerator("V100").expect("sold");
    for kind in catalog.types().filter(|kind| catalog.type_accelerator(*kind).is_some_and(|a| a.accelerator == v100)) {
        let row = catalog.row(catalog.rows_of(kind).start);
        let offering = crate::model::Offering {
            cloud: catalog.type_cloud(kind),
            capacity: CapacityType::OnDemand,
            region: row.region,
            zone: row.zone,
            instance_type: kind,
            family: catalog.type_family(kind),
            accelerator: Some(v100),
            attached: catalog.type_attached(kind),
            price_hourly: Money(1),
        };
        let cloud = catalog.cloud_name(offering.cloud);
        for rule in denials::rules(cloud) {
            let denial = denials::denial(rule, &rule.code, "no", &offering, row.zone);
            store.remember(catalog, &denial, &clock, Timestamp::ZERO).expect("writes");
        }
    }
    let now = clock.unix_now();
    let beliefs = store.beliefs(catalog, now, 0).expect("reads");
    assert!(beliefs.len() > 20, "{}", beliefs.len());
    assert!(beliefs.iter().all(|belief| belief.scope.cloud.is_some() && belief.until > now));
    let kept = |cause| beliefs.iter().any(|belief| belief.cause == cause);
    assert!(kept(Cause::Stockout) && kept(Cause::QuotaExceeded) && kept(Cause::Unsupported));
    assert!(!kept(Cause::Unauthorized) && !kept(Cause::InvalidRequest), "those are mended between launches");
    assert!(beliefs.iter().any(|belief| belief.scope.accelerated), "a limit on all GPUs stays one");
    // What was read back speaks for what was refused, and for the very same.
    let zones = beliefs.iter().filter(|belief| belief.scope.zone.is_some() && belief.scope.instance_type.is_some());
    assert!(zones.count() > 0);
    let last = beliefs.last().expect("one").id;
    assert_eq!(store.beliefs(catalog, now, last).expect("reads"), [], "nothing new");
    assert_eq!(store.beliefs(catalog, now + 10 * 24 * 3600, 0).expect("reads"), [], "all are over");
    store.disbelieve_quota("gcp").expect("writes");
    let left = store.beliefs(catalog, now, 0).expect("reads");
    let gcp = catalog.find_cloud("gcp");
    assert!(
        !left.iter().any(|b| b.cause == Cause::QuotaExceeded && b.scope.cloud == gcp) && left.len() < beliefs.len()
    );
}
