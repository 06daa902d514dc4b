//! The adapter against scripted answers; against a whole cloud it is tried in `tests/live`.

mod script;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::cloud::{MachineSpec, NodeState, tag};
use crate::denials::{self, Answered, Fill};
use crate::model::CapacityType;
use script::{Answer, Asked, Server};

const TOKEN: &str = "canary-token-7f3a";

fn settings(endpoint: &str) -> Settings {
    let pairs = [
        ("CLOUDSDK_AUTH_ACCESS_TOKEN", TOKEN),
        ("GOOGLE_CLOUD_PROJECT", "p"),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", endpoint),
    ];
    let environment: BTreeMap<_, _> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    Settings { environment, home: None }
}

fn order() -> Order {
    Order {
        key: LeaseKey("lk-1".to_owned()),
        owner: "me".to_owned(),
        cluster: "c".to_owned(),
        region: "us-central1".to_owned(),
        zones: vec!["us-central1-a".to_owned()],
        instance_type: "n1-highmem-8".to_owned(),
        accelerator: Some(("V100".to_owned(), 1)),
        capacity: CapacityType::OnDemand,
        nodes: 1,
        machine: MachineSpec {
            disk_size_gb: 256,
            disk_tier: None,
            image: None,
            ports: vec![(8080, 8080)],
            labels: vec![("team".to_owned(), "vision".to_owned())],
            ssh_user: "gcpuser".to_owned(),
            ssh_public_key: "ssh-ed25519 AAAA me\n".to_owned(),
            startup_script: None,
        },
    }
}

fn zone_of(asked: &Asked) -> String {
    asked.path.split("/zones/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("us-central1-a").to_owned()
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all answers of a script")]
fn ok(value: &Value) -> Answer {
    Some((200, value.to_string()))
}

fn done(asked: &Asked) -> Value {
    json!({"name": "op", "status": "DONE", "zone": format!("https://x/zones/{}", zone_of(asked))})
}

fn instance(name: &str, zone: &str, status: &str) -> Value {
    json!({
        "name": name, "zone": format!("https://x/projects/p/zones/{zone}"), "status": status,
        "machineType": format!("https://x/zones/{zone}/machineTypes/n1-highmem-8"),
        "labels": {tag::LEASE: "lk-1", tag::CLUSTER: "c", tag::OWNER: "me"},
        "scheduling": {"provisioningModel": "STANDARD"},
        "networkInterfaces": [{"networkIP": "10.0.0.2", "accessConfigs": [{"natIP": "203.0.113.9"}]}],
    })
}

#[expect(clippy::unnecessary_wraps, reason = "one type for all answers of a script")]
fn not_found() -> Answer {
    Some((404, json!({"error": {"code": 404, "message": "not there", "errors": [{"message": "not there", "domain": "global", "reason": "notFound"}]}}).to_string()))
}

/// A cloud where all goes well.
fn usual(asked: &Asked) -> Answer {
    let path = asked.path.split('?').next().unwrap();
    match (asked.method.as_str(), path) {
        ("GET", "/regions/us-central1") => ok(
            &json!({"zones": ["https://x/zones/us-central1-a", "https://x/zones/us-central1-b"], "quotas": [{"metric": "CPUS", "limit": 24.0, "usage": 3.0}]}),
        ),
        ("GET", "") => {
            ok(&json!({"name": "p", "quotas": [{"metric": "GPUS_ALL_REGIONS", "limit": 0.0, "usage": 0.0}]}))
        }
        ("GET", path) if path.starts_with("/aggregated/") => ok(&json!({"items": {}})),
        ("GET", path) if path.contains("/firewalls/") => not_found(),
        ("GET", path) if path.contains("/instances/") => {
            ok(&instance(path.rsplit('/').next().unwrap(), &zone_of(asked), "RUNNING"))
        }
        ("POST", "/global/firewalls") => ok(&json!({"name": "op", "status": "DONE"})),
        _ => ok(&done(asked)),
    }
}

async fn connected(server: &Server) -> Gcp {
    connect(&settings(&server.endpoint)).await.unwrap()
}

fn refusals(error: ProviderError) -> Vec<crate::cloud::Refusal> {
    match error {
        ProviderError::Refused(refusals) => refusals,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn one_machine_is_asked_for_in_googles_words() {
    let server = Server::start(usual).await;
    let launched = connected(&server).await.launch(&order()).await.unwrap();
    let node = &launched.nodes[0];
    assert_eq!((node.id.as_str(), node.rank, node.state), ("lk-1-0", 0, NodeState::Running));
    assert_eq!((node.public_ip.as_deref(), node.private_ip.as_deref()), (Some("203.0.113.9"), Some("10.0.0.2")));
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.authorization == format!("Bearer {TOKEN}")));
    let insert = asked.iter().find(|asked| asked.path.contains("/instances?requestId=")).expect("an insert");
    let expected = json!({
        "name": "lk-1-0",
        "machineType": "zones/us-central1-a/machineTypes/n1-highmem-8",
        "disks": [{"boot": true, "autoDelete": true, "initializeParams": {
            "sourceImage": "projects/deeplearning-platform-release/global/images/family/common-cu128-ubuntu-2204-nvidia-570",
            "diskSizeGb": "256", "diskType": "zones/us-central1-a/diskTypes/pd-balanced",
            "labels": {"sky-cluster": "c", "sky-lease": "lk-1", "sky-owner": "me", "team": "vision"}}}],
        "networkInterfaces": [{"network": "global/networks/default",
            "accessConfigs": [{"name": "External NAT", "type": "ONE_TO_ONE_NAT"}]}],
        "labels": {"sky-cluster": "c", "sky-lease": "lk-1", "sky-owner": "me", "sky-rank": "0", "team": "vision"},
        "tags": {"items": ["sky-ssh", "sky-port-8080"]},
        "metadata": {"items": [{"key": "ssh-keys", "value": "gcpuser:ssh-ed25519 AAAA me"},
            {"key": "enable-oslogin", "value": "FALSE"}]},
        "scheduling": {"provisioningModel": "STANDARD", "onHostMaintenance": "TERMINATE", "automaticRestart": true},
        "guestAccelerators": [{"acceleratorType": "zones/us-central1-a/acceleratorTypes/nvidia-tesla-v100", "acceleratorCount": 1}],
        "serviceAccounts": [{"email": "default", "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
    });
    assert_eq!(insert.body, expected);
    let rules: Vec<&str> = asked.iter().filter_map(|asked| asked.body["targetTags"][0].as_str()).collect();
    assert_eq!(rules, ["sky-ssh", "sky-port-8080"]);
}

#[tokio::test]
async fn a_gang_is_one_call_with_names_of_its_own() {
    let server = Server::start(usual).await;
    let gang = Order { nodes: 3, capacity: CapacityType::Spot, accelerator: None, ..order() };
    let launched = connected(&server).await.launch(&gang).await.unwrap();
    assert_eq!(launched.nodes.iter().map(|node| node.rank).collect::<Vec<_>>(), [0, 1, 2]);
    let asked = server.asked();
    let bulk =
        asked.iter().find(|asked| asked.path.contains("/instances/bulkInsert?requestId=")).expect("a bulk insert");
    assert_eq!((&bulk.body["count"], &bulk.body["minCount"]), (&json!("3"), &json!("3")));
    assert_eq!(bulk.body["perInstanceProperties"], json!({"lk-1-0": {}, "lk-1-1": {}, "lk-1-2": {}}));
    let machine = &bulk.body["instanceProperties"];
    assert_eq!(machine["machineType"], "n1-highmem-8", "a bulk insert takes bare names");
    assert_eq!(machine["disks"][0]["initializeParams"]["diskType"], "pd-balanced");
    assert_eq!(
        machine["scheduling"],
        json!({"provisioningModel": "SPOT", "instanceTerminationAction": "STOP", "onHostMaintenance": "TERMINATE", "automaticRestart": false})
    );
    assert!(machine.get("guestAccelerators").is_none());
}

/// Every genuine body, answered to a launch as it would be, comes out with its code and means what its scope says;
/// nothing is left behind.
#[tokio::test]
async fn every_genuine_refusal_is_read() {
    let mut met = 0;
    for body in denials::bodies("gcp").iter().filter(|body| body.key != "alreadyExists.http") {
        let fill = |value: &Value| {
            let text = value.to_string();
            let values = [
                ("project", "p"),
                ("zone", "us-central1-a"),
                ("region", "us-central1"),
                ("type", "n1-highmem-8"),
                ("quota", "NVIDIA_V100_GPUS"),
                ("limit", "0.0"),
                ("count", "1"),
                ("name", "lk-1-0"),
            ];
            Fill(&values).apply(&text)
        };
        let envelope = body.envelope.as_ref().expect("an envelope");
        let (text, at_once, status) = (fill(envelope), body.answer == Answered::AtOnce, body.http);
        let server = Server::start(move |asked| {
            let path = asked.path.split('?').next().unwrap();
            match (asked.method.as_str(), path) {
                ("POST", "/zones/us-central1-a/instances") if at_once => Some((status, text.clone())),
                ("POST", "/zones/us-central1-a/instances") => {
                    ok(&json!({"name": "op", "status": "RUNNING", "zone": "https://x/zones/us-central1-a"}))
                }
                ("POST", path) if path.ends_with("/op/wait") => {
                    let mut operation: Value = serde_json::from_str(&text).unwrap();
                    operation["name"] = "op".into();
                    operation["status"] = "DONE".into();
                    operation["zone"] = "https://x/zones/us-central1-a".into();
                    ok(&operation)
                }
                ("DELETE", _) => not_found(),
                _ => usual(asked),
            }
        })
        .await;
        let refused = refusals(connected(&server).await.launch(&order()).await.unwrap_err());
        let told: Vec<(&str, &str)> = refused.iter().map(|r| (r.code.as_str(), r.message.as_str())).collect();
        let wanted: Vec<&str> = body.errors().iter().map(|(code, _)| *code).collect();
        assert_eq!(told.iter().map(|(code, _)| *code).collect::<Vec<_>>(), wanted, "{}", body.key);
        let expected = denials::classify_all("gcp", &body.errors()).map(|(at, rule)| (at, rule.cause, rule.reach));
        let found = denials::classify_all("gcp", &told).map(|(at, rule)| (at, rule.cause, rule.reach));
        assert!(found.is_some() && found == expected, "{}: {found:?}", body.key);
        assert!(refused.iter().all(|refusal| refusal.zone.as_deref() == Some("us-central1-a")), "{}", body.key);
        let deleted = server.lines().contains(&"DELETE /zones/us-central1-a/instances/lk-1-0".to_owned());
        assert_eq!(deleted, !at_once, "{}: what a failed operation may have left is deleted", body.key);
        met += 1;
    }
    assert!(met >= 14, "only {met} bodies");
}

fn out_of_stock(zone: &str) -> Answer {
    ok(&json!({"name": "op", "status": "DONE", "zone": format!("https://x/zones/{zone}"), "httpErrorStatusCode": 503,
        "error": {"errors": [{"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "nothing left"}]}}))
}

#[tokio::test]
async fn zones_are_tried_in_turn_and_each_refusal_names_its_own() {
    let server = Server::start(|asked| match (asked.method.as_str(), zone_of(asked).as_str()) {
        ("POST", zone @ ("us-central1-a" | "us-central1-b")) if asked.path.contains("/instances?") => {
            out_of_stock(zone)
        }
        ("DELETE", _) => not_found(),
        _ => usual(asked),
    })
    .await;
    let zones = ["a", "b", "c"].map(|letter| format!("us-central1-{letter}")).to_vec();
    let launched = connected(&server).await.launch(&Order { zones, ..order() }).await.unwrap();
    let refused: Vec<_> = launched.refusals.iter().map(|refusal| refusal.zone.clone().unwrap()).collect();
    assert_eq!(refused, ["us-central1-a", "us-central1-b"]);
    assert_eq!(launched.nodes[0].zone.as_deref(), Some("us-central1-c"));
}

#[tokio::test]
async fn a_limit_of_the_region_ends_the_round_of_its_zones() {
    let server = Server::start(|asked| {
        if asked.method == "POST" && asked.path.contains("/instances?") {
            let error = "Quota 'NVIDIA_V100_GPUS' exceeded. Limit: 0.0 in region us-central1.";
            let body = json!({"error": {"code": 403, "message": error, "errors": [{"message": error, "domain": "usageLimits", "reason": "quotaExceeded"}]}});
            return Some((403, body.to_string()));
        }
        usual(asked)
    })
    .await;
    let zones = ["a", "b", "c"].map(|letter| format!("us-central1-{letter}")).to_vec();
    let refused = refusals(connected(&server).await.launch(&Order { zones, ..order() }).await.unwrap_err());
    assert_eq!(refused.len(), 1);
    assert_eq!(server.lines().iter().filter(|line| line.ends_with("/instances")).count(), 2, "one insert, one listing");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_lost_and_sent_once_and_found_by_name() {
    let server =
        Server::start(|asked| if asked.path.contains("/instances?requestId") { None } else { usual(asked) }).await;
    let gcp = connected(&server).await;
    let error = gcp.launch(&order()).await.unwrap_err();
    assert!(matches!(&error, ProviderError::Lost(_)), "{error:?}");
    let inserts = server.lines().iter().filter(|line| *line == "POST /zones/us-central1-a/instances").count();
    assert_eq!(inserts, 1, "a create is not repeated here");
    let found = gcp.find("us-central1", &order().key).await.unwrap();
    assert_eq!(found.len(), 2, "this server has a machine of that name in both zones, though its listings are empty");
}

#[tokio::test]
async fn a_create_that_is_still_under_way_is_waited_for() {
    let id = body::request_id(&order().key, "us-central1-b");
    let over = AtomicUsize::new(0);
    let server = Server::start(move |asked| {
        let path = asked.path.split('?').next().unwrap();
        let item = |kind: &str, value: Value| ok(&json!({"items": {"zones/us-central1-b": {kind: [value]}}}));
        match path {
            "/aggregated/operations" => item("operations", json!({"name": "op", "status": "RUNNING", "zone": "https://x/zones/us-central1-b", "clientOperationId": id})),
            "/zones/us-central1-b/operations/op/wait" => {
                over.store(1, Ordering::SeqCst);
                ok(&done(asked))
            }
            "/aggregated/instances" if over.load(Ordering::SeqCst) == 1 => item("instances", instance("lk-1-0", "us-central1-b", "RUNNING")),
            _ => usual(asked),
        }
    })
    .await;
    let found = connected(&server).await.find("us-central1", &order().key).await.unwrap();
    assert_eq!(found.iter().map(|node| node.id.as_str()).collect::<Vec<_>>(), ["lk-1-0"]);
}

#[tokio::test]
async fn a_machine_that_is_taken_back_while_it_starts_is_given_back() {
    let server = Server::start(|asked| {
        let path = asked.path.split('?').next().unwrap();
        if asked.method == "GET" && path.ends_with("/instances/lk-1-0") {
            return ok(&instance("lk-1-0", "us-central1-a", "TERMINATED"));
        }
        usual(asked)
    })
    .await;
    let refused = refusals(connected(&server).await.launch(&order()).await.unwrap_err());
    let rule = denials::classify("gcp", &refused[0].code, &refused[0].message).unwrap();
    assert_eq!(rule.cause, crate::model::Cause::Preempted);
    assert!(server.lines().contains(&"DELETE /zones/us-central1-a/instances/lk-1-0".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_before_anything_is_asked() {
    let server = Server::start(usual).await;
    let gcp = connected(&server).await;
    let tpu = Order { accelerator: Some(("tpu-v3-32".to_owned(), 1)), ..order() };
    let odd = Order { accelerator: Some(("MI300".to_owned(), 1)), ..order() };
    let mut loud = order();
    loud.machine.labels.push(("Team".to_owned(), "x".to_owned()));
    for (wrong, word) in [(tpu, "hosts"), (odd, "MI300"), (loud, "Team")] {
        let refused = refusals(gcp.launch(&wrong).await.unwrap_err());
        assert!(refused[0].message.contains(word), "{refused:?}");
        assert_eq!(denials::classify("gcp", &refused[0].code, "").unwrap().reach, denials::Reach::Request);
    }
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn without_credentials_it_says_what_to_do() {
    let with = |pairs: &[(&str, &str)]| {
        let base = [("NO_GCE_CHECK", "true")];
        let all = base.iter().chain(pairs).map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings { environment: all.collect(), home: None }
    };
    let wanting = |error: ProviderError| match error {
        ProviderError::NoCredentials { message, remedy } => (message, remedy),
        other => panic!("{other:?}"),
    };
    let tell = async |settings: Settings| wanting(Gcp::connect(&settings).await.err().expect("no credentials"));
    let (message, remedy) = tell(with(&[("CLOUDSDK_AUTH_ACCESS_TOKEN", TOKEN)])).await;
    assert!(message.contains("project") && remedy.contains("GOOGLE_CLOUD_PROJECT"));
    let (message, _) = tell(with(&[("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")])).await;
    assert!(message.contains("/nowhere/key.json"), "{message}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    std::fs::write(&path, r#"{"type": "service_account", "private_key": "canary-key"}"#).unwrap();
    let (message, remedy) = tell(with(&[("GOOGLE_APPLICATION_CREDENTIALS", &path)])).await;
    assert!(!message.contains("canary") && remedy.contains("gcloud auth application-default login"), "{message}");
    std::fs::write(&path, r#"{"type": "external_account"}"#).unwrap();
    let (message, _) = tell(with(&[("GOOGLE_APPLICATION_CREDENTIALS", &path)])).await;
    assert!(message.contains("external_account"), "{message}");
}

#[tokio::test]
async fn a_token_is_in_no_error() {
    let denied = json!({"error": {"code": 401, "message": "Request had invalid authentication credentials.", "errors": [{"message": "Invalid Credentials", "domain": "global", "reason": "authError"}], "status": "UNAUTHENTICATED"}}).to_string();
    let server = Server::start(move |_| Some((401, denied.clone()))).await;
    let gcp = connected(&server).await;
    let errors = [gcp.check().await.unwrap_err(), gcp.launch(&order()).await.unwrap_err()];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains(TOKEN));
        let refused = refusals(error);
        let rule = denials::classify("gcp", &refused[0].code, &refused[0].message).unwrap();
        assert_eq!(rule.cause, crate::model::Cause::Unauthorized);
    }
    let nobody = connect(&settings("http://127.0.0.1:9/compute/v1")).await.unwrap();
    let error = nobody.launch(&order()).await.unwrap_err();
    assert!(matches!(&error, ProviderError::Lost(why) if why.contains("127.0.0.1") && !why.contains(TOKEN)), "{error}");
}

#[tokio::test]
async fn limits_of_the_region_and_of_the_project_are_told() {
    let server = Server::start(usual).await;
    let gcp = connected(&server).await;
    let quotas = gcp.quotas("us-central1").await.unwrap();
    let names: Vec<_> = quotas.iter().map(|quota| (quota.name.as_str(), quota.limit, quota.usage)).collect();
    assert_eq!(names, [("CPUS", 24.0, Some(3.0)), ("GPUS_ALL_REGIONS", 0.0, Some(0.0))]);
    assert_eq!(gcp.check().await.unwrap().name, "project p");
}

#[test]
fn what_a_listing_shows_is_told_in_our_words() {
    for (status, state) in [
        ("PROVISIONING", NodeState::Pending),
        ("STAGING", NodeState::Pending),
        ("RUNNING", NodeState::Running),
        ("STOPPING", NodeState::Stopping),
        ("TERMINATED", NodeState::Stopped),
        ("SUSPENDED", NodeState::Stopped),
        ("DEPROVISIONING", NodeState::Terminated),
        ("REPAIRING", NodeState::Pending),
    ] {
        let node = reads::node(serde_json::from_value(instance("lk-1-5", "europe-west4-b", status)).unwrap());
        assert_eq!((node.state, node.rank, node.region.as_str()), (state, 5, "europe-west4"));
    }
}

#[test]
fn families_get_the_disks_and_images_they_can_take() {
    assert_eq!(tables::disk_type("n1-standard-4", None), Some("pd-balanced"));
    assert_eq!(tables::disk_type("c4-standard-8", Some("high")), Some("hyperdisk-balanced"));
    assert_eq!(tables::disk_type("n2-standard-8", Some("turbo")), None);
    assert!(tables::default_image("t2a-standard-4", false).contains("arm64"));
    assert!(tables::default_image("g2-standard-4", tables::has_gpus("g2-standard-4")).contains("nvidia"));
    assert!(tables::default_image("e2-standard-4", tables::has_gpus("e2-standard-4")).contains("ubuntu-os-cloud"));
}
