//! Azure's adapter and the ARM frontend, each held to account by Microsoft: every exchange of a life is checked against
//! the models of their SDK, and their SDK itself drives the server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use serde_json::{Value, json};
use sky::catalog::Catalog;
use sky::cloud::azure::Azure;
use sky::cloud::conformance::{Case, conforms};
use sky::cloud::{CloudProvider as _, LeaseKey, MachineSpec, Order, ProviderError, Settings};
use sky::model::CapacityType;
use sky::serve::site::{Injection, Mishap};
use sky::serve::wire::Loopback;
use sky::serve::{Clock, Site, Speed, arm, exports};
use sky::sim::scenario::Scenario;
use sky::yaml::Source;

use super::site::Site as Served;
use super::tools::{Bounded as _, python};

const MODULES: [&str; 3] = ["azure.mgmt.compute", "azure.mgmt.network", "azure.mgmt.resource.resources"];

struct World {
    site: Arc<Site>,
    at: SocketAddr,
    /// Every exchange, as a line of JSON.
    exchanges: Arc<Mutex<Vec<Value>>>,
}

/// A server of this market, on loopback, that records what is said.
async fn world(clouds: &str) -> World {
    let text = format!("schema: 1\ntitle: t\nwhy: w\nclouds:\n{clouds}\ndemand: {{gpus: V100}}\n");
    let scenario = Scenario::load(&Source { name: "t.yaml", text: &text }, Catalog::embedded(), &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems:?}"));
    let site = Arc::new(Site::new(Arc::new(scenario), 7, Clock::new(Speed::Max, 1_767_225_600)));
    let exchanges = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&exchanges);
    let router = arm::router(Arc::clone(&site)).layer(from_fn(move |request: Request, next: Next| {
        let into = Arc::clone(&into);
        async move { record(request, next, &into).await }
    }));
    let socket = Loopback::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).await.expect("a port");
    let at = socket.address().expect("an address");
    tokio::spawn(socket.serve(router, std::future::pending()));
    World { site, at, exchanges }
}

async fn record(request: Request, next: Next, into: &Mutex<Vec<Value>>) -> Response {
    let (parts, body) = request.into_parts();
    let sent = to_bytes(body, 4 << 20).await.expect("a body");
    let (method, path) = (parts.method.to_string(), parts.uri.to_string());
    let response = next.run(Request::from_parts(parts, Body::from(sent.clone()))).await;
    let (head, body) = response.into_parts();
    let told = to_bytes(body, 64 << 20).await.expect("a body");
    let value = |bytes: &Bytes| serde_json::from_slice(bytes).unwrap_or(Value::Null);
    let exchange = json!({
        "method": method, "path": path, "request": value(&sent), "status": head.status.as_u16(), "response": value(&told),
    });
    into.lock().expect("no panic").push(exchange);
    Response::from_parts(head, Body::from(told))
}

impl World {
    async fn azure(&self) -> Azure {
        let pairs = exports(&self.site, self.at);
        let environment = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Azure::connect(&Settings { environment, home: None }).await.expect("credentials")
    }

    fn meet(&self, region: &str, times: u32, body: &str) {
        let mishap = Mishap::Body(body.to_owned());
        let region = Some(region.to_owned());
        let injection = Injection { cloud: None, region, zone: None, instance_type: None, times, mishap };
        self.site.inject(injection).expect("known");
    }

    /// Lets Microsoft's models judge all that was said; `life` if a whole life was.
    fn judged(&self, python: &PathBuf, life: bool) {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("exchanges.jsonl");
        let lines: Vec<String> = self.exchanges.lock().expect("no panic").iter().map(Value::to_string).collect();
        std::fs::write(&file, lines.join("\n")).expect("written");
        let mut command = Command::new(python);
        command.arg(script("arm_models.py")).arg(&file).args(life.then_some("--life"));
        let output = command.bounded();
        let words = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{words}{}", String::from_utf8_lossy(&output.stderr));
        eprintln!("{words}");
    }
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/live").join(name)
}

fn order(key: &str) -> Order {
    Order {
        key: LeaseKey(key.to_owned()),
        owner: "owner-1".to_owned(),
        cluster: "train".to_owned(),
        region: "eastus".to_owned(),
        zones: Vec::new(),
        instance_type: "Standard_NC6s_v3".to_owned(),
        accelerator: None,
        capacity: CapacityType::OnDemand,
        nodes: 2,
        machine: MachineSpec {
            disk_size_gb: 128,
            disk_tier: Some("best".to_owned()),
            image: None,
            ports: vec![(8080, 8090), (22000, 22000)],
            labels: vec![("team".to_owned(), "vision".to_owned())],
            ssh_user: "azureuser".to_owned(),
            ssh_public_key: "ssh-ed25519 AAAA sky".to_owned(),
            startup_script: Some("#!/bin/sh\ntrue\n".to_owned()),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn microsofts_models_take_every_exchange() {
    let Some(python) = python(&MODULES) else { return };
    let world = world("  azure: always").await;
    let azure = world.azure().await;
    let on_demand = order("k1");
    let nodes = azure.launch(&on_demand).await.expect("room").nodes;
    let found = azure.find("eastus", &on_demand.key).await.expect("found");
    assert_eq!(found, nodes);
    azure.list("owner-1", &["eastus".to_owned()]).await.expect("listed");
    azure.stop(&nodes).await.expect("stopped");
    azure.start(&nodes).await.expect("started");
    azure.quotas("eastus").await.expect("limits");
    azure.offered_zones("eastus", "Standard_NC6s_v3").await.expect("what is sold");
    azure.release("eastus", &on_demand.key, &[]).await.expect("released");
    let zones = vec!["1".to_owned(), "2".to_owned()];
    let spot = Order { capacity: CapacityType::Spot, zones, ..order("k2") };
    world.meet("eastus", 1, "ZonalAllocationFailed");
    azure.launch(&spot).await.expect("room in the second zone");
    azure.release("eastus", &spot.key, &[]).await.expect("released");
    for body in ["AllocationFailed", "SkuNotAvailable", "OperationNotAllowed.family", "TooManyRequests"] {
        world.meet("eastus", 1, body);
        let refused = azure.launch(&order("k3")).await;
        assert!(matches!(refused, Err(ProviderError::Refused(_))), "{refused:?}");
    }
    world.judged(&python, true);
    let secrets = format!(
        "{:?}",
        world.exchanges.lock().expect("no panic").iter().filter(|one| one["status"] == 201).collect::<Vec<_>>()
    );
    assert!(!secrets.contains("access_token"), "a token was answered where none was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn microsofts_sdk_drives_the_server() {
    let Some(python) = python(&MODULES) else { return };
    let world = world("  azure: always\n  azure/eastus/V100: {quota: 240}").await;
    for (region, body) in [
        ("westus2", "SkuNotAvailable"),
        ("westus3", "AllocationFailed"),
        ("northeurope", "OperationNotAllowed.family"),
        ("westeurope", "TooManyRequests"),
    ] {
        world.meet(region, 1, body);
    }
    let environment = exports(&world.site, world.at);
    let of = |name: &str| environment.iter().find(|(found, _)| *found == name).expect("named").1.clone();
    let names = ["AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"];
    let mut command = tokio::process::Command::new(&python);
    command.arg(script("arm_sdk.py")).arg(format!("http://{}", world.at)).args(names.map(of)).kill_on_drop(true);
    let output = command.output().await.expect("runs");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(words.contains("the SDK is content"), "{words}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    assert!(world.site.books().running.is_empty());
    world.judged(&python, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adapter_keeps_every_promise_of_the_port() {
    let world = world("  azure: always\n  azure/westus2/V100: never").await;
    let refused = Order { region: "westus2".to_owned(), ..order("no") };
    let case = Case::new(order("k")).refused(refused);
    conforms(&world.azure().await, &case).await.unwrap_or_else(|why| panic!("{why}"));
    assert!(world.site.books().running.is_empty());
}

const LAUNCH: [&str; 10] = ["launch", "-c", "c", "--gpus", "V100", "--num-nodes", "2", "--infra", "azure", "-y"];

#[test]
fn a_cluster_on_azure_lives_from_launch_to_down() {
    let site = Served::serve("v100-scarce.yaml", "300x");
    let check = site.sky(&["check", "azure"]);
    assert!(check.out.contains("sky-sim"), "{check:?}");
    let up = site.sky(&[&LAUNCH[..], &["--retry-until-up"]].concat());
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(up.out.contains("2x Azure(Standard_NC6s_v3"), "{}", up.out);
    let running: Vec<String> = site.running().into_values().flatten().collect();
    assert_eq!(running.len(), 2);
    assert_eq!(site.owned(), running);
    assert_eq!(site.sky(&["stop", "c", "-y"]).code, Some(0));
    assert!(site.running().is_empty());
    let started = site.sky(&["start", "c", "-y", "--retry-until-up"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    assert_eq!(site.owned(), running);
    let down = site.sky(&["down", "c", "-y"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    assert!(site.running().is_empty());
    assert!(site.sky(&["gc", "--dry-run"]).out.contains("Nothing of ours is left behind"));
}

#[test]
fn whenever_it_is_killed_no_group_is_left() {
    let site = Served::serve("v100-scarce.yaml", "600x");
    let mut busy = 0;
    for millis in [50, 120, 200, 300, 450, 650, 900, 1300] {
        let mut child = site.command(&[&LAUNCH[..], &["--fresh"]].concat()).spawn().expect("starts");
        sleep(Duration::from_millis(millis));
        busy += u32::from(child.try_wait().expect("waits").is_none());
        let _ = child.kill();
        child.wait().expect("ends");
        site.settle(2, &format!("after {millis} ms"));
        site.sky(&["down", "-a", "-y"]);
        let left = site.json(&["gc", "-o", "json"]);
        assert_eq!(left["orphans"], json!([]), "after {millis} ms");
    }
    assert!(busy > 2, "killed at work {busy} times");
}
