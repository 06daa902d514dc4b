//! The site as an adapter, and the engine's decisions against it compared with a trial's.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::provider::SiteProvider;
use super::wire::Loopback;
use super::{Clock, Site, Speed, router};
use crate::catalog::Catalog;
use crate::cloud::conformance::{Case, conforms};
use crate::cloud::live::{Interrupt, Launch, LiveWorld, Surroundings, Unwritten};
use crate::cloud::{Clock as EngineClock, CloudProvider, Clouds, LeaseKey, MachineSpec, Order};
use crate::engine::Engine;
use crate::engine::policy::PolicyName;
use crate::model::{CapacityType, DemandId, Entry, Event, Happening};
use crate::sim::Purpose;
use crate::sim::scenario::Scenario;
use crate::sim::trial::Runner;
use crate::world::{drive, tell};
use crate::yaml::Source;

fn scenario(name: &str, text: &str) -> Arc<Scenario> {
    let beside = |path: &Path| std::fs::read_to_string(path).map_err(|error| error.to_string());
    let loaded = Scenario::load_with(&Source { name, text }, Catalog::embedded(), &[], &beside);
    Arc::new(loaded.unwrap_or_else(|problems| panic!("{name}: {problems:?}")))
}

fn order(cloud: &str, nodes: u16) -> Order {
    let (region, zones, kind, accelerator): (&str, &[&str], &str, Option<(String, u32)>) = match cloud {
        "aws" => ("us-east-1", &["us-east-1a", "us-east-1b"], "p3.2xlarge", None),
        "gcp" => ("us-central1", &["us-central1-a"], "n1-highmem-8", Some(("V100".to_owned(), 1))),
        _ => ("eastus", &[], "Standard_NC6s_v3", None),
    };
    Order {
        key: LeaseKey("s0123-1".to_owned()),
        owner: "me".to_owned(),
        cluster: "c".to_owned(),
        region: region.to_owned(),
        zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
        instance_type: kind.to_owned(),
        accelerator,
        capacity: CapacityType::OnDemand,
        nodes,
        machine: MachineSpec::default(),
    }
}

/// A runtime and a site with one machine to ask for in each cloud, and one region without any.
fn promises(cloud: &'static str, speed: Speed) -> impl Future<Output = ()> {
    let text = "schema: 1\ntitle: t\nwhy: w\nclouds:\n  aws/us-west-2: never\n  gcp/us-west1: never\n  \
                azure/westus2: never\ndemand: {gpus: V100}\n";
    let site = Arc::new(Site::new(scenario("t.yaml", text), 7, Clock::new(speed, 0)));
    let mut refused = order(cloud, 2);
    (refused.region, refused.zones) = match cloud {
        "aws" => ("us-west-2".to_owned(), vec!["us-west-2a".to_owned()]),
        "gcp" => ("us-west1".to_owned(), vec!["us-west1-a".to_owned()]),
        _ => ("westus2".to_owned(), Vec::new()),
    };
    async move {
        let provider = SiteProvider::new(cloud, Arc::clone(&site));
        let case = Case::new(order(cloud, 2)).refused(refused);
        let kept = conforms(&provider as &dyn CloudProvider, &case).await;
        assert_eq!(kept, Ok(()), "{cloud} at {speed}");
        assert!(site.books().running.is_empty(), "{cloud} at {speed}");
    }
}

#[test]
fn every_cloud_of_a_site_keeps_the_promises_of_the_port() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::join!(
            promises("aws", Speed::Max),
            promises("gcp", Speed::Max),
            promises("azure", Speed::Times(2000.0)),
            promises("gcp", Speed::Times(2000.0)),
        );
    });
}

/// What was tried and what was heard, in order.
fn decisions(catalog: &Catalog, journal: &[Entry]) -> Vec<String> {
    let tell = |entry: &Entry| match &entry.happening {
        Happening::Attempted(_, attempt) => {
            let offering = &attempt.offering;
            let zones: Vec<&str> = attempt.zones.as_slice().iter().map(|zone| catalog.zone_name(*zone)).collect();
            let place = (catalog.region_name(offering.region), zones);
            let kind = catalog.type_name(offering.instance_type);
            Some(format!("try {}x {kind} {} in {place:?}", attempt.nodes, offering.capacity.name()))
        }
        Happening::Denied(_, denial) => Some(format!("no: {} {:?}", denial.code, denial.scope)),
        Happening::Launched(_, lease) => Some(format!("up in {:?}", lease.zone.map(|zone| catalog.zone_name(zone)))),
        Happening::Ended(outcome) => Some(format!("end: {}", outcome.name())),
        Happening::Lost(..) => Some("lost".to_owned()),
        Happening::Found(_, lease) => Some(format!("found {}", lease.is_some())),
        Happening::PartlyLaunched(_, lease) => Some(format!("{} of the gang", lease.nodes)),
        _ => None,
    };
    journal.iter().filter_map(tell).collect()
}

/// The first demand of a scenario, pursued in the site by the engine and the runtime that launch in real clouds.
fn served(runtime: &Runtime, scenario: &Arc<Scenario>, policy: PolicyName, seed: u64) -> Vec<Entry> {
    let site = Arc::new(Site::new(Arc::clone(scenario), seed, Clock::new(Speed::Max, 0)));
    let port = runtime.block_on(Loopback::bind([127, 0, 0, 1].into(), 0)).expect("a port");
    let at = port.address().expect("an address");
    let server = runtime.spawn(port.serve(router(&site), std::future::pending()));
    let mut clouds = Clouds::default();
    for cloud in ["aws", "azure", "gcp"] {
        clouds.add(Arc::new(SiteProvider::new(cloud, Arc::clone(&site))));
    }
    let around = Surroundings {
        catalog: &scenario.catalog,
        clouds,
        book: Arc::default(),
        clock: EngineClock::following(at),
        runtime: runtime.handle().clone(),
        interrupt: Interrupt::default(),
    };
    let launch = Launch {
        demand: DemandId(0),
        owner: "me".to_owned(),
        cluster: "c".to_owned(),
        uid: "0123456789abcdef".to_owned(),
        machine: Box::new(|_, _| MachineSpec::default()),
    };
    let mut unwritten = Unwritten;
    let mut journal = Vec::new();
    let mut world = LiveWorld::new(around, launch, &mut unwritten);
    let mut engine = Engine::new(policy, seed);
    engine.reset(crate::sim::Luck::new(seed, 0).seed(Purpose::Policy));
    engine.set_journal(true);
    let demand = scenario.market().demands[0].demand.clone();
    tell(&mut engine, &mut world, Event::Arrived(demand), |entry| journal.push(entry));
    drive(&mut engine, &mut world, |entry| journal.push(entry));
    server.abort();
    journal
}

#[test]
fn the_engine_decides_in_the_site_as_in_a_trial_of_the_same_seed() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"))
        .expect("the shipped scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    paths.sort();
    let (mut compared, mut denied) = (0, 0);
    for path in paths {
        let name = path.display().to_string();
        let scenario = scenario(&name, &std::fs::read_to_string(&path).expect("text"));
        // TPU slices are no machines of Compute Engine: an order does not name them. A job goes on where a launch ends.
        let is_job = scenario.demands.iter().any(|demand| demand.job.is_some());
        if scenario.demands.len() != 1 || is_job || name.ends_with("tpu.yaml") {
            continue;
        }
        for seed in [1, 7] {
            let policy = scenario.policies[0];
            let mut told = Vec::new();
            Runner::new(&scenario.market(), seed).run_recorded(policy, 0, |entry| told.push(entry));
            let told = decisions(&scenario.catalog, &told);
            let found = decisions(&scenario.catalog, &served(&runtime, &scenario, policy, seed));
            let other = told.iter().zip(&found).position(|(told, found)| told != found);
            let at = other.unwrap_or(told.len().min(found.len()));
            assert_eq!(told.get(at), found.get(at), "{name}, seed {seed}: decision {at} of {}", told.len());
            compared += 1;
            denied += told.iter().filter(|line| line.starts_with("no: ")).count();
        }
    }
    assert!(compared >= 30 && denied > 100, "{compared} compared, {denied} refusals");
}

/// Runs a command on a machine, or says how that failed.
async fn on(dir: &Path, address: &str, port: u16, command: &str) -> Result<String, String> {
    let mut ssh = tokio::process::Command::new("ssh");
    ssh.args(["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2"]);
    ssh.arg("-o").arg(format!("UserKnownHostsFile={}", dir.join("known").display()));
    ssh.arg("-i").arg(dir.join("key")).args(["-p", &port.to_string(), address, command]);
    let done = ssh.stdin(std::process::Stdio::null()).output().await.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    if done.status.success() { Ok(text) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

/// The same until it works: the server may take a moment.
async fn patiently(dir: &Path, address: &str, port: u16, command: &str) -> String {
    let mut last = String::new();
    for _ in 0..600 {
        match on(dir, address, port, command).await {
            Ok(text) => return text,
            Err(error) => last = error,
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{command} on {address}: {last}");
}

#[test]
fn a_running_instance_can_be_logged_in_to_and_a_stopped_one_cannot() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let Some(sshd) = super::ssh::find_sshd().await else {
            eprintln!("skipped: sshd is not installed");
            return;
        };
        let dir = tempfile::tempdir().expect("a directory");
        let mut keygen = tokio::process::Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.path().join("key"));
        assert!(keygen.status().await.expect("ssh-keygen").success());
        let key = std::fs::read_to_string(dir.path().join("key.pub")).expect("made");
        let text = "schema: 1\ntitle: t\nwhy: w\nclouds:\n  gcp: always\ndemand: {gpus: V100}\n";
        let site = Arc::new(Site::new(scenario("t.yaml", text), 7, Clock::new(Speed::Max, 0)));
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port").port();
        let setup = super::ssh::Setup { dir: dir.path().join("machines"), sshd, port };
        let mut machines = super::ssh::Machines::new(Arc::clone(&site), setup).await.expect("a directory");
        let mut order = order("gcp", 2);
        order.machine.ssh_public_key = key.trim().to_owned();
        let provider = SiteProvider::new("gcp", Arc::clone(&site));
        let work = async {
            let nodes = provider.launch(&order).await.expect("there is room").nodes;
            let at = |rank: usize| nodes[rank].public_ip.clone().expect("an address");
            assert_ne!(at(0), at(1));
            let dir = dir.path();
            let work = "echo kept > file; nohup sleep 1000 < /dev/null > /dev/null 2>&1 & echo $!";
            let process = patiently(dir, &at(0), port, work).await;
            assert!(is_marked(&process, dir), "no process {process} of ours");
            assert_eq!(patiently(dir, &at(1), port, "ls file || echo none").await, "none", "they share a home");
            provider.stop(&nodes).await.expect("they run");
            for look in 0.. {
                let answers = on(dir, &at(0), port, "true").await.is_ok();
                if !answers && !is_marked(&process, dir) {
                    break;
                }
                assert!(look < 300, "a stopped machine answers ({answers}) or works");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            let started = provider.start(&nodes).await.expect("there is room");
            let address = started[0].public_ip.clone().expect("an address");
            assert_eq!(patiently(dir, &address, port, "cat file").await, "kept");
            provider.release(&order.region, &order.key, &[]).await.expect("they go");
        };
        tokio::select! {
            () = work => {}
            () = machines.keep(|complaint| panic!("{complaint}")) => {}
        }
        machines.end().await;
        assert!(!dir.path().join("machines").exists());
    });
}

/// True if a process is one of a machine kept below `dir`.
fn is_marked(process: &str, dir: &Path) -> bool {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    String::from_utf8_lossy(&environment).contains(&dir.display().to_string())
}
