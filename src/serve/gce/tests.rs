//! The protocol over a real socket: envelopes, operations, lists, fingerprints, ids.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::login::GCP_TOKEN;
use super::super::site::{Injection, Mishap};
use super::super::{Clock, Site, Speed};
use super::filter;
use crate::catalog::Catalog;
use crate::sim::scenario::Scenario;
use crate::yaml::Source;

struct Server {
    site: Arc<Site>,
    http: reqwest::Client,
    base: String,
}

impl Server {
    async fn start(clouds: &str) -> Self {
        let text = format!("schema: 1\ntitle: t\nwhy: w\nclouds:\n{clouds}\ndemand: {{gpus: V100}}\n");
        let scenario = Scenario::load(&Source { name: "t.yaml", text: &text }, Catalog::embedded(), &[]);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{problems:?}"));
        let site = Arc::new(Site::new(Arc::new(scenario), 7, Clock::new(Speed::Max, 1_767_225_600)));
        let port = super::wire::Loopback::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).await.unwrap();
        let base = format!("http://{}/compute/v1/projects/sky-project", port.address().unwrap());
        tokio::spawn(port.serve(super::router(Arc::clone(&site)), std::future::pending()));
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { site, http: reqwest::Client::new(), base }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(GCP_TOKEN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Posts, waits, and gives the operation as it ends.
    async fn done(&self, path: &str, body: Option<Value>) -> Value {
        let (status, begun) = self.ask("POST", path, body).await;
        assert_eq!((status, &begun["status"]), (200, &json!("RUNNING")), "{begun}");
        let name = begun["name"].as_str().unwrap();
        let (status, done) = self.ask("POST", &format!("{ZONE}/operations/{name}/wait"), None).await;
        assert_eq!((status, &done["status"]), (200, &json!("DONE")), "{done}");
        done
    }
}

const ZONE: &str = "/zones/us-central1-a";

fn machine(name: &str) -> Value {
    json!({
        "name": name,
        "machineType": "zones/us-central1-a/machineTypes/n1-highmem-8",
        "labels": {"team": "vision"},
        "disks": [{"boot": true, "autoDelete": true, "initializeParams": {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}],
        "networkInterfaces": [{"network": "global/networks/default", "accessConfigs": [{"name": "External NAT"}]}],
        "metadata": {"items": [{"key": "ssh-keys", "value": "me:ssh-ed25519 AAAA"}]},
        "scheduling": {"onHostMaintenance": "TERMINATE"},
        "guestAccelerators": [{"acceleratorType": "zones/us-central1-a/acceleratorTypes/nvidia-tesla-v100", "acceleratorCount": 1}],
    })
}

#[tokio::test]
async fn a_machine_is_made_shown_stopped_started_and_deleted() {
    let server = Server::start("  gcp: always").await;
    let made = server.done(&format!("{ZONE}/instances"), Some(machine("a"))).await;
    assert!(made.get("error").is_none() && made["targetLink"].as_str().unwrap().ends_with("/instances/a"));
    let shown = server.get(&format!("{ZONE}/instances/a")).await;
    assert_eq!((&shown["status"], &shown["id"]), (&json!("RUNNING"), &made["targetId"]));
    assert!(shown["networkInterfaces"][0]["accessConfigs"][0]["natIP"].is_string());
    let ssh = server.site.instances(&super::super::Filter::default())[0].ssh.clone().unwrap();
    assert_eq!((ssh.user.as_str(), ssh.public_key.as_str()), ("me", "ssh-ed25519 AAAA"));
    server.done(&format!("{ZONE}/instances/a/stop"), None).await;
    let shown = server.get(&format!("{ZONE}/instances/a")).await;
    assert_eq!(shown["status"], "TERMINATED");
    assert!(shown["networkInterfaces"][0]["accessConfigs"][0].get("natIP").is_none());
    server.done(&format!("{ZONE}/instances/a/start"), None).await;
    assert_eq!(server.get(&format!("{ZONE}/instances/a")).await["status"], "RUNNING");
    let (_, going) = server.ask("DELETE", &format!("{ZONE}/instances/a"), None).await;
    assert_eq!(server.get(&format!("{ZONE}/instances/a")).await["status"], "STOPPING");
    let operation = going["name"].as_str().unwrap();
    assert_eq!(server.get(&format!("{ZONE}/operations/{operation}")).await["status"], "DONE");
    let (status, body) = server.ask("GET", &format!("{ZONE}/instances/a"), None).await;
    assert_eq!((status, &body["error"]["errors"][0]["reason"]), (404, &json!("notFound")));
    let (status, body) = server.ask("DELETE", &format!("{ZONE}/instances/a"), None).await;
    let text = "The resource 'projects/sky-project/zones/us-central1-a/instances/a' was not found";
    assert_eq!((status, &body["error"]["message"]), (404, &json!(text)));
}

#[tokio::test]
async fn a_request_with_the_same_id_makes_nothing_twice() {
    let server = Server::start("  gcp: always").await;
    let path = format!("{ZONE}/instances?requestId=1a8b8a0c-41a2-4a99-82d8-bec625dfd132");
    let (_, first) = server.ask("POST", &path, Some(machine("a"))).await;
    let (status, second) = server.ask("POST", &path, Some(machine("a"))).await;
    assert_eq!((status, &second["name"]), (200, &first["name"]));
    let (status, body) = server.ask("POST", &format!("{ZONE}/instances"), Some(machine("a"))).await;
    assert_eq!((status, &body["error"]["errors"][0]["reason"]), (409, &json!("alreadyExists")));
    let (status, _) = server.ask("POST", &format!("{ZONE}/instances?requestId=x"), Some(machine("b"))).await;
    assert_eq!(status, 400);
    assert_eq!(server.site.books().launched, 1);
}

#[tokio::test]
async fn capacity_and_quota_are_told_by_the_operation() {
    let server = Server::start("  gcp: never").await;
    let failed = server.done(&format!("{ZONE}/instances"), Some(machine("a"))).await;
    assert_eq!(failed["error"]["errors"][0]["code"], "ZONE_RESOURCE_POOL_EXHAUSTED");
    assert_eq!(
        (&failed["httpErrorStatusCode"], &failed["httpErrorMessage"]),
        (&json!(503), &json!("SERVICE UNAVAILABLE"))
    );
    let text = "The zone 'projects/sky-project/zones/us-central1-a' does not have enough resources";
    assert!(failed["error"]["errors"][0]["message"].as_str().unwrap().starts_with(text), "{failed}");
    let bulk = json!({"count": "2", "minCount": "2", "namePattern": "g-##", "instanceProperties": {
        "machineType": "n1-highmem-8", "disks": machine("a")["disks"], "networkInterfaces": machine("a")["networkInterfaces"]}});
    let failed = server.done(&format!("{ZONE}/instances/bulkInsert"), Some(bulk)).await;
    let codes: Vec<_> =
        failed["error"]["errors"].as_array().unwrap().iter().map(|e| e["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["VM_MIN_COUNT_NOT_REACHED", "ZONE_RESOURCE_POOL_EXHAUSTED"]);
    assert_eq!(
        failed["instancesBulkInsertOperationMetadata"]["perLocationStatus"]["zones/us-central1-a"]["createdVmCount"],
        0
    );
    assert_eq!(
        server.get("/aggregated/instances").await["items"]["zones/us-central1-a"]["warning"]["code"],
        "NO_RESULTS_ON_PAGE"
    );
}

#[tokio::test]
async fn throttle_and_missing_permission_are_told_at_once() {
    let server = Server::start("  gcp: always").await;
    for (key, reason) in [
        ("rateLimitExceeded.http", "rateLimitExceeded"),
        ("forbidden.http", "forbidden"),
        ("quotaExceeded.http", "quotaExceeded"),
    ] {
        let injection = Injection {
            cloud: None,
            region: None,
            zone: None,
            instance_type: None,
            times: 1,
            mishap: Mishap::Body(key.to_owned()),
        };
        server.site.inject(injection).unwrap();
        let (status, body) = server.ask("POST", &format!("{ZONE}/instances"), Some(machine("a"))).await;
        assert_eq!((status, &body["error"]["errors"][0]["reason"]), (403, &json!(reason)));
    }
    let (status, _) = server.ask("POST", &format!("{ZONE}/instances"), Some(machine("a"))).await;
    assert_eq!(status, 200, "nothing of it stays");
}

#[tokio::test]
async fn a_gang_has_the_names_it_was_given() {
    let server = Server::start("  gcp: always").await;
    let properties = json!({"machineType": "n1-highmem-8", "disks": machine("a")["disks"],
        "networkInterfaces": machine("a")["networkInterfaces"], "labels": {"gang": "g"}});
    let named = json!({"count": "2", "minCount": "2", "perInstanceProperties": {"x-0": {}, "x-1": {}}, "instanceProperties": properties});
    server.done(&format!("{ZONE}/instances/bulkInsert"), Some(named)).await;
    let patterned = json!({"count": "2", "namePattern": "y-##", "instanceProperties": properties});
    server.done(&format!("{ZONE}/instances/bulkInsert"), Some(patterned)).await;
    let list = server.get(&format!("{ZONE}/instances?filter=labels.gang%3D%22g%22")).await;
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x-0", "x-1", "y-01", "y-02"]);
}

#[tokio::test]
async fn lists_are_told_a_page_at_a_time() {
    let server = Server::start("  gcp: always").await;
    for name in ["a", "b", "c", "d", "e"] {
        server.done(&format!("{ZONE}/instances"), Some(machine(name))).await;
    }
    for (path, items) in [
        (format!("{ZONE}/instances"), "/items"),
        ("/aggregated/instances".to_owned(), "/items/zones~1us-central1-a/instances"),
    ] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("{path}?maxResults=2&pageToken={token}")).await;
            let here = page.pointer(items).and_then(Value::as_array).cloned().unwrap_or_default();
            assert!(here.len() <= 2);
            seen.extend(here.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            match page["nextPageToken"].as_str() {
                Some(next) => next.clone_into(&mut token),
                None => break,
            }
        }
        assert_eq!(seen, ["a", "b", "c", "d", "e"], "{path}");
    }
    let (status, _) = server.ask("GET", &format!("{ZONE}/instances?maxResults=501"), None).await;
    assert_eq!(status, 400);
    let (status, _) = server.ask("GET", &format!("{ZONE}/instances?filter=labels.x%3D"), None).await;
    assert_eq!(status, 400, "a filter that cannot be read must not show everything");
}

#[tokio::test]
async fn labels_and_metadata_change_only_with_the_right_fingerprint() {
    let server = Server::start("  gcp: always").await;
    server.done(&format!("{ZONE}/instances"), Some(machine("a"))).await;
    let shown = server.get(&format!("{ZONE}/instances/a")).await;
    let labels = json!({"labels": {"team": "speech"}, "labelFingerprint": shown["labelFingerprint"]});
    let (status, _) = server.ask("POST", &format!("{ZONE}/instances/a/setLabels"), Some(labels.clone())).await;
    assert_eq!(status, 200);
    assert_eq!(server.get(&format!("{ZONE}/instances/a")).await["labels"], json!({"team": "speech"}));
    let (status, body) = server.ask("POST", &format!("{ZONE}/instances/a/setLabels"), Some(labels)).await;
    assert_eq!((status, &body["error"]["errors"][0]["reason"]), (412, &json!("conditionNotMet")));
    let metadata = json!({"items": [{"key": "k", "value": "v"}], "fingerprint": shown["metadata"]["fingerprint"]});
    let (status, _) = server.ask("POST", &format!("{ZONE}/instances/a/setMetadata"), Some(metadata.clone())).await;
    assert_eq!(status, 200);
    let (status, _) = server.ask("POST", &format!("{ZONE}/instances/a/setMetadata"), Some(metadata)).await;
    assert_eq!(status, 412);
}

#[tokio::test]
async fn what_is_wrong_is_told_in_googles_envelope() {
    let server = Server::start("  gcp: always").await;
    let without = server.http.get(format!("{}/regions", server.base)).send().await.unwrap();
    assert_eq!(without.status(), 401);
    let expired = server.http.get(format!("{}/regions", server.base)).bearer_auth("expired").send().await.unwrap();
    let body: Value = expired.json().await.unwrap();
    assert_eq!((&body["error"]["code"], &body["error"]["errors"][0]["reason"]), (&json!(401), &json!("authError")));
    let with = |change: fn(&mut Value)| {
        let mut body = machine("a");
        change(&mut body);
        Some(body)
    };
    let wrong: [(&str, Option<Value>, u16, &str); 8] = [
        ("/zones/mars-a/instances", with(|_| {}), 400, "Unknown zone."),
        ("/zones/us-central1-a/instances", with(|body| body["name"] = "Big".into()), 400, "regex"),
        ("/zones/us-central1-a/instances", with(|body| body["machineType"] = "n99".into()), 400, "n99"),
        ("/zones/us-central1-a/instances", with(|body| body["disks"] = json!([])), 400, "boot disk"),
        (
            "/zones/us-central1-a/instances",
            with(|body| body["networkInterfaces"][0]["network"] = "global/networks/x".into()),
            404,
            "networks/x",
        ),
        (
            "/zones/us-central1-a/instances",
            with(|body| body["guestAccelerators"][0]["acceleratorType"] = "nvidia-b200".into()),
            404,
            "nvidia-b200",
        ),
        ("/zones/us-central1-a/instances", with(|body| body["scheduling"] = json!({})), 400, "live migration"),
        (
            "/zones/us-central1-a/instances",
            with(|body| {
                body["disks"][0]["initializeParams"]["sourceImage"] =
                    "projects/debian-cloud/global/images/family/debian-1".into();
            }),
            404,
            "debian-1",
        ),
    ];
    for (path, body, expected, word) in wrong {
        let (status, told) = server.ask("POST", path, body).await;
        assert_eq!((status, &told["error"]["code"]), (expected, &json!(expected)), "{told}");
        assert!(told["error"]["message"].as_str().unwrap().contains(word), "{word}: {told}");
    }
    let other = server.base.replace("sky-project", "another");
    let foreign = server.http.get(format!("{other}/regions")).bearer_auth(GCP_TOKEN).send().await.unwrap();
    assert_eq!(foreign.status(), 404);
    let public = server.base.replace("sky-project", "debian-cloud");
    let image = server
        .http
        .get(format!("{public}/global/images/family/debian-12"))
        .bearer_auth(GCP_TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(image.json::<Value>().await.unwrap()["family"], "debian-12");
    assert_eq!(server.site.books().launched, 0);
}

#[tokio::test]
async fn places_and_types_are_the_catalogs() {
    let server = Server::start("  gcp: always\n  gcp/us-central1/V100: {quota: 8}").await;
    let region = server.get("/regions/us-central1").await;
    assert!(
        region["zones"].as_array().unwrap().iter().any(|zone| zone.as_str().unwrap().ends_with("/zones/us-central1-a"))
    );
    let quotas = region["quotas"].as_array().unwrap();
    assert!(quotas.iter().any(|quota| quota["metric"] == "NVIDIA_V100_GPUS" && quota["limit"] == 8.0), "{quotas:?}");
    let types = server.get("/aggregated/machineTypes?filter=name%3D%22a2-highgpu-1g%22").await;
    let in_a = &types["items"]["zones/us-central1-a"]["machineTypes"][0];
    assert_eq!(
        (&in_a["guestCpus"], &in_a["accelerators"][0]["guestAcceleratorType"]),
        (&json!(12), &json!("nvidia-tesla-a100"))
    );
    let device = server.get("/zones/us-central1-a/acceleratorTypes/nvidia-tesla-v100").await;
    assert_eq!(device["maximumCardsPerInstance"], 8);
    assert_eq!(server.get("").await["name"], "sky-project");
    assert_eq!(server.get("/regions/us-central1/subnetworks/default").await["stackType"], "IPV4_ONLY");
}

#[tokio::test]
async fn firewall_rules_are_made_once() {
    let server = Server::start("  gcp: always").await;
    let rule =
        json!({"name": "sky-ssh", "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}], "targetTags": ["sky-ssh"]});
    let (status, made) = server.ask("POST", "/global/firewalls", Some(rule.clone())).await;
    assert_eq!((status, &made["status"]), (200, &json!("DONE")));
    assert_eq!(
        server.get(&format!("/global/operations/{}", made["name"].as_str().unwrap())).await["operationType"],
        "insert"
    );
    let (status, _) = server.ask("POST", "/global/firewalls", Some(rule)).await;
    assert_eq!(status, 409);
    assert_eq!(server.get("/global/firewalls/sky-ssh").await["direction"], "INGRESS");
    server.site.reset();
    let (status, _) = server.ask("GET", "/global/firewalls/sky-ssh", None).await;
    assert_eq!(status, 404, "a reset forgets it");
}

#[test]
fn filters_are_read_as_google_reads_them() {
    let resource = json!({"name": "sky-1", "status": "RUNNING", "labels": {"a": "x", "k8s.io/b": "y"}, "scheduling": {"preemptible": true}});
    for (text, admitted) in [
        ("", true),
        ("labels.a=\"x\"", true),
        ("labels.a=x", true),
        ("labels.a = y", false),
        ("labels.a:*", true),
        ("labels.z:*", false),
        ("labels.k8s.io/b=y", true),
        ("NOT labels.a=x", false),
        ("status != \"DONE\"", true),
        ("(labels.a=x) (status=RUNNING)", true),
        ("(labels.a=x) AND (status=DONE)", false),
        ("labels.a=q OR status=RUNNING", true),
        ("(labels.a=q OR status=RUNNING) name=sky-*", true),
        ("scheduling.preemptible = true", true),
        ("name eq sky-.*", true),
        ("name ne sky-.*", false),
        ("name:KY", true),
    ] {
        assert_eq!(filter::parse(text).map(|filter| filter.admits(&resource)), Ok(admitted), "{text}");
    }
    for wrong in ["labels.a", "labels.a=", "(a=b", "a=b)", "=b", "a=\"b"] {
        assert!(filter::parse(wrong).is_err(), "{wrong}");
    }
}
