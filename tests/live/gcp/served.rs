//! A market behind Compute Engine's interface in this process, which writes down every exchange.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use serde_json::{Value, json};
use sky::catalog::Catalog;
use sky::cloud::gcp::Gcp;
use sky::cloud::{LeaseKey, MachineSpec, Order, Settings};
use sky::model::CapacityType;
use sky::serve::login::GCP_TOKEN;
use sky::serve::site::{Injection, Mishap};
use sky::serve::wire::Loopback;
use sky::serve::{Clock, Site, Speed};
use sky::sim::scenario::Scenario;
use sky::yaml::Source;
use tokio::io::AsyncWriteExt as _;

type Log = Arc<Mutex<Vec<Value>>>;

pub(super) struct Served {
    pub(super) site: Arc<Site>,
    /// `http://127.0.0.1:1234`
    pub(super) url: String,
    log: Log,
}

impl Served {
    /// Serves these clouds of a scenario, as fast as it can.
    pub(super) async fn start(clouds: &str) -> Self {
        let text = format!("schema: 1\ntitle: t\nwhy: w\nclouds:\n{clouds}\ndemand: {{gpus: V100}}\n");
        let scenario = Scenario::load(&Source { name: "t.yaml", text: &text }, Catalog::embedded(), &[]);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{problems:?}"));
        let site = Arc::new(Site::new(Arc::new(scenario), 7, Clock::new(Speed::Max, 1_767_225_600)));
        let port = Loopback::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).await.expect("a port");
        let url = format!("http://{}", port.address().expect("an address"));
        let log = Log::default();
        let router = sky::serve::router(&site).layer(middleware::from_fn_with_state(Arc::clone(&log), record));
        tokio::spawn(port.serve(router, std::future::pending()));
        Self { site, url, log }
    }

    /// The adapter, pointed here as a user would point it.
    pub(super) async fn gcp(&self) -> Gcp {
        let pairs = [
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", format!("{}/compute/v1/", self.url)),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_TPU", format!("{}/", self.url)),
            ("CLOUDSDK_AUTH_ACCESS_TOKEN", GCP_TOKEN.to_owned()),
            ("GOOGLE_CLOUD_PROJECT", self.site.account("gcp").name),
        ];
        let environment = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Gcp::connect(&Settings { environment, home: None }).await.expect("credentials")
    }

    pub(super) fn inject(&self, zone: Option<&str>, mishap: Mishap) {
        let injection = Injection {
            cloud: Some("gcp".to_owned()),
            region: None,
            zone: zone.map(str::to_owned),
            instance_type: None,
            times: 1,
            mishap,
        };
        self.site.inject(injection).expect("a body of Google's");
    }

    pub(super) fn exchanges(&self) -> Vec<Value> {
        self.log.lock().expect("whole").clone()
    }

    /// What holds capacity, by name.
    pub(super) fn running(&self) -> Vec<String> {
        self.site.books().running.into_iter().map(|owned| owned.name).collect()
    }
}

/// Only what a cloud is asked; `/_sky/` is ours.
async fn record(State(log): State<Log>, request: Request, next: Next) -> Response {
    if !sky::serve::gce::PATHS.iter().any(|own| request.uri().path().starts_with(own)) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let asked = to_bytes(body, usize::MAX).await.expect("a body");
    let (method, path) = (parts.method.to_string(), parts.uri.to_string());
    let response = next.run(Request::from_parts(parts, Body::from(asked.clone()))).await;
    let (parts, body) = response.into_parts();
    let told = to_bytes(body, usize::MAX).await.expect("a body");
    let read = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null);
    let exchange = json!({
        "method": method, "path": path, "request": read(&asked),
        "status": parts.status.as_u16(), "response": read(&told),
    });
    log.lock().expect("whole").push(exchange);
    Response::from_parts(parts, Body::from(told))
}

/// One V100 in these zones of us-central1.
pub(super) fn order(key: &str, zones: &[&str]) -> Order {
    Order {
        key: LeaseKey(key.to_owned()),
        owner: "tester".to_owned(),
        cluster: "c".to_owned(),
        region: "us-central1".to_owned(),
        zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
        instance_type: "n1-highmem-8".to_owned(),
        accelerator: Some(("V100".to_owned(), 1)),
        capacity: CapacityType::OnDemand,
        nodes: 1,
        machine: MachineSpec {
            disk_size_gb: 100,
            disk_tier: None,
            image: None,
            ports: vec![(8888, 8890)],
            labels: vec![("team".to_owned(), "vision".to_owned())],
            ssh_user: "gcpuser".to_owned(),
            ssh_public_key: "ssh-ed25519 AAAA me".to_owned(),
            startup_script: Some("#!/bin/sh\ntrue\n".to_owned()),
        },
    }
}

/// Runs a Python program with lines on its standard input: whether it succeeded, and what it printed on either output.
pub(super) async fn python(interpreter: &std::path::Path, arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = tokio::process::Command::new(interpreter)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).await.expect("reads its input");
    drop(stdin);
    let output = tokio::time::timeout(Duration::from_secs(240), child.wait_with_output()).await;
    let output = output.expect("ends").expect("output");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}
