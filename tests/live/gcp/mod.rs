//! Google Cloud end to end over HTTP: the adapter, Google's own client, and Google's description of its interface, held
//! against each other.

mod served;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use sky::cloud::conformance::{Case, conforms};
use sky::cloud::{CloudProvider as _, NodeState, Order, ProviderError};
use sky::denials;
use sky::model::{CapacityType, Cause};
use sky::serve::site::Mishap;

use crate::tools;
use served::{Served, order, python};

const A: &str = "us-central1-a";
const B: &str = "us-central1-b";

fn lines(exchanges: &[Value]) -> String {
    exchanges.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n"
}

fn script(name: &str) -> String {
    format!("{}/tests/live/gcp/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Holds exchanges against the discovery document and gives the checker's last line.
async fn check(interpreter: &Path, exchanges: &[Value]) -> String {
    let (good, told) = python(interpreter, &[&script("check.py")], &lines(exchanges)).await;
    assert!(good, "{told}");
    told.lines().last().unwrap_or_default().to_owned()
}

fn refusals(error: ProviderError) -> Vec<sky::cloud::Refusal> {
    match error {
        ProviderError::Refused(refusals) => refusals,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_adapter_asks_and_is_told_is_as_google_describes_it() {
    let Some(interpreter) = tools::python(&["googleapiclient"]) else { return };
    let served =
        Served::start("  gcp: always\n  gcp/us-central1-b/V100: never\n  gcp/europe-west4/V100: {quota: 0}").await;
    let gcp = served.gcp().await;
    gcp.check().await.expect("good credentials");
    let launched = gcp.launch(&order("k-one", &[B, A])).await.expect("stock in the second zone");
    assert_eq!(launched.refusals[0].code, "ZONE_RESOURCE_POOL_EXHAUSTED");
    assert_eq!((launched.refusals[0].zone.as_deref(), launched.nodes[0].zone.as_deref()), (Some(B), Some(A)));
    let gang = Order { nodes: 3, capacity: CapacityType::Spot, ..order("k-gang", &[A]) };
    let nodes = gcp.launch(&gang).await.expect("stock").nodes;
    assert!(
        nodes.len() == 3 && nodes.iter().all(|node| node.capacity == CapacityType::Spot && node.public_ip.is_some())
    );
    let limited = Order { region: "europe-west4".to_owned(), ..order("k-limit", &["europe-west4-a"]) };
    let refused = refusals(gcp.launch(&limited).await.expect_err("over quota"));
    assert_eq!(
        denials::classify("gcp", &refused[0].code, &refused[0].message).map(|rule| rule.cause),
        Some(Cause::QuotaExceeded)
    );
    let empty = Order { nodes: 2, ..order("k-none", &[B]) };
    let codes: Vec<_> = refusals(gcp.launch(&empty).await.expect_err("no stock")).into_iter().map(|r| r.code).collect();
    assert_eq!(codes, ["VM_MIN_COUNT_NOT_REACHED", "ZONE_RESOURCE_POOL_EXHAUSTED"]);
    gcp.stop(&nodes).await.expect("stops");
    let stopped = gcp.find("us-central1", &gang.key).await.expect("found");
    assert!(stopped.iter().all(|node| node.state == NodeState::Stopped));
    gcp.start(&stopped).await.expect("starts");
    assert_eq!(gcp.list("tester", &["us-central1".to_owned()]).await.expect("listed").len(), 4);
    assert!(gcp.quotas("europe-west4").await.expect("quotas").iter().any(|quota| quota.limit == 0.0));
    let zones = gcp.offered_zones("us-central1", "n1-highmem-8").await.expect("zones").expect("known");
    assert!(zones.contains(&A.to_owned()));
    for key in ["k-one", "k-gang", "k-none"] {
        gcp.release("us-central1", &order(key, &[]).key, &[]).await.expect("released");
    }
    assert_eq!(served.running(), Vec::<String>::new());

    let exchanges = served.exchanges();
    let summary = check(&interpreter, &exchanges).await;
    for method in [
        "instances.insert",
        "instances.bulkInsert",
        "instances.get",
        "instances.stop",
        "instances.start",
        "instances.delete",
        "instances.aggregatedList",
        "zoneOperations.wait",
        "globalOperations.aggregatedList",
        "firewalls.get",
        "firewalls.insert",
        "regions.get",
        "projects.get",
        "machineTypes.aggregatedList",
    ] {
        assert!(summary.contains(&format!("compute.{method} ")) || summary.ends_with(method), "{method}: {summary}");
    }
    the_checker_finds_what_is_wrong(&interpreter, &exchanges).await;
}

/// A checker that finds nothing anywhere would pass too.
async fn the_checker_finds_what_is_wrong(interpreter: &Path, exchanges: &[Value]) {
    let insert =
        exchanges.iter().find(|e| e["path"].as_str().is_some_and(|path| path.contains("/instances?requestId")));
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut exchange = insert.expect("an insert").clone();
        change(&mut exchange);
        exchange
    };
    let exchanges = [
        wrong(&|e| e["request"]["machinetype"] = "x".into()),
        wrong(&|e| e["request"]["disks"][0]["initializeParams"]["diskSizeGb"] = 100.into()),
        wrong(&|e| e["request"]["scheduling"]["provisioningModel"] = "CHEAP".into()),
        wrong(&|e| e["request"]["id"] = "1".into()),
        wrong(&|e| e["request"]["name"] = Value::Null),
        wrong(&|e| e["request"] = Value::Null),
        wrong(&|e| e["response"]["progress"] = "none".into()),
        wrong(&|e| e["path"] = "/compute/v1/projects/p/zones/z/instances?request_id=1".into()),
        wrong(&|e| e["path"] = "/compute/v1/projects/p/zones/z/machines".into()),
        wrong(&|e| e["status"] = 400.into()),
    ];
    let (good, told) = python(interpreter, &[&script("check.py")], &lines(&exchanges)).await;
    let findings = told.lines().count() - 1;
    assert!(
        !good && findings >= exchanges.len(),
        "{findings} findings in {} wrong exchanges:\n{told}",
        exchanges.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn googles_own_client_is_served_and_the_adapter_asks_for_the_same() {
    let Some(interpreter) = tools::python(&["googleapiclient", "google.cloud.compute_v1"]) else { return };
    let served = Served::start("  gcp: always").await;
    let project = served.site.account("gcp").name;
    let inject = format!("{}/_sky/inject", served.url);
    let (good, told) =
        python(&interpreter, &[&script("sdk.py"), &served.url, &project, &inject, sky::serve::login::GCP_TOKEN], "")
            .await;
    assert!(good, "{told}");
    for line in [
        "old fingerprint: PreconditionFailed",
        "deleted: NotFound",
        "gang ['sdk-g-01', 'sdk-g-02', 'sdk-g-03']",
        "ZONE_RESOURCE_POOL_EXHAUSTED -> ServiceUnavailable 503",
        "QUOTA_EXCEEDED.region -> Forbidden 403",
        "rateLimitExceeded.http -> Forbidden 403",
        "forbidden.http -> Forbidden 403",
        "expired token -> RefreshError",
        "second of a name -> Conflict",
    ] {
        assert!(told.lines().any(|said| said == line), "no line '{line}' in\n{told}");
    }
    assert_eq!(served.running(), Vec::<String>::new());
    let theirs = served.exchanges();
    check(&interpreter, &theirs).await;

    // The life of the same machine, ordered from the adapter.
    let spot = Order {
        instance_type: "n1-standard-4".to_owned(),
        accelerator: Some(("T4".to_owned(), 1)),
        capacity: CapacityType::Spot,
        ..order("k-same", &[A])
    };
    let gcp = served.gcp().await;
    let nodes = gcp.launch(&spot).await.expect("stock").nodes;
    gcp.stop(&nodes).await.expect("stops");
    gcp.start(&nodes).await.expect("starts");
    gcp.release(&spot.region, &spot.key, &[]).await.expect("released");
    let ours = &served.exchanges()[theirs.len()..];
    same_wish(insert_of(&theirs, "sdk-0"), &insert_of(ours, "k-same-0"));
    let calls = |exchanges: &[Value], name: &str| -> Vec<String> {
        let of = exchanges
            .iter()
            .filter(|e| e["path"].as_str().is_some_and(|path| path.contains(&format!("/instances/{name}"))));
        of.map(|e| format!("{} {}", e["method"], e["path"]).replace(name, "NAME"))
            .filter(|call| !call.contains("GET"))
            .collect()
    };
    let theirs: Vec<_> = calls(&theirs, "sdk-0").into_iter().filter(|call| !call.contains("setLabels")).collect();
    assert_eq!(calls(ours, "k-same-0"), theirs, "stop, start, delete");
}

fn insert_of(exchanges: &[Value], name: &str) -> Value {
    let insert = exchanges.iter().find(|e| e["method"] == "POST" && e["request"]["name"] == name);
    insert.expect("an insert")["request"].clone()
}

/// Whatever Google's client asked for, the adapter asks for too; what differs by intent is taken out of both.
fn same_wish(mut theirs: Value, ours: &Value) {
    theirs["name"].clone_from(&ours["name"]);
    theirs["labels"] = json!({"team": "vision"});
    theirs["metadata"]["items"][0]["value"] = "gcpuser:ssh-ed25519 AAAA me".into();
    let image = "projects/deeplearning-platform-release/global/images/family/common-cu128-ubuntu-2204-nvidia-570";
    theirs["disks"][0]["initializeParams"]["sourceImage"] = image.into();
    covers(&theirs, ours, "");
}

fn covers(theirs: &Value, ours: &Value, at: &str) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(_)) => {
            theirs.iter().for_each(|(key, value)| covers(value, &ours[key.as_str()], &format!("{at}.{key}")));
        }
        (Value::Array(theirs), Value::Array(_)) => {
            theirs.iter().enumerate().for_each(|(index, value)| covers(value, &ours[index], &format!("{at}[{index}]")));
        }
        (Value::String(theirs), Value::String(ours)) => {
            let short = |text: &str| text.trim_start_matches("projects/sky-project/").to_owned();
            assert_eq!(short(theirs), short(ours), "{at}");
        }
        _ => assert_eq!(theirs, ours, "{at}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adapter_keeps_the_promises_of_the_port() {
    let served = Served::start("  gcp: always\n  gcp/us-central1-c/V100: never").await;
    let gcp = served.gcp().await;
    for (stem, nodes) in [("conf-one", 1), ("conf-gang", 3)] {
        let wanted = Order { nodes, ..order(stem, &[A]) };
        let refused = Order { nodes, ..order(&format!("{stem}-no"), &["us-central1-c"]) };
        conforms(&gcp, &Case::new(wanted).refused(refused)).await.unwrap_or_else(|broken| panic!("{stem}: {broken}"));
        assert_eq!(served.running(), Vec::<String>::new(), "{stem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tpu_is_made_by_its_own_interface() {
    let served =
        Served::start("  gcp: always\n  gcp/us-central1-b/tpu-v2-8: never\n  gcp/europe-west4/tpu-v2-8: {quota: 0}")
            .await;
    let gcp = served.gcp().await;
    let tpu = |key: &str, zones: &[&str]| Order {
        instance_type: "TPU-VM".to_owned(),
        accelerator: Some(("tpu-v2-8".to_owned(), 1)),
        ..order(key, zones)
    };
    let launched = gcp.launch(&tpu("tpu-one", &[B, "us-central1-c"])).await.expect("stock in the second zone");
    let refusal = &launched.refusals[0];
    assert_eq!((refusal.code.as_str(), refusal.zone.as_deref()), ("8", Some(B)));
    assert_eq!(denials::classify("gcp", "8", &refusal.message).map(|rule| rule.cause), Some(Cause::Stockout));
    assert_eq!(launched.nodes[0].zone.as_deref(), Some("us-central1-c"));
    let limited = Order { region: "europe-west4".to_owned(), ..tpu("tpu-limit", &["europe-west4-a"]) };
    let refused = refusals(gcp.launch(&limited).await.expect_err("over quota"));
    let rule = denials::classify("gcp", &refused[0].code, &refused[0].message);
    assert_eq!(rule.map(|rule| rule.cause), Some(Cause::QuotaExceeded), "{refused:?}");
    let listed = gcp.list("tester", &["us-central1".to_owned()]).await.expect("listed");
    assert_eq!(listed.len(), 1, "slices are no machines of Compute Engine");
    let wanted = Order { nodes: 2, ..tpu("tpu-conf", &["us-central1-c"]) };
    conforms(&gcp, &Case::new(wanted).refused(tpu("tpu-no", &[B]))).await.unwrap_or_else(|broken| panic!("{broken}"));
    gcp.release("us-central1", &launched.nodes[0].key, &[]).await.expect("released");
    assert_eq!(served.running(), Vec::<String>::new());
    if let Some(interpreter) = tools::python(&["googleapiclient"]) {
        let summary = check(&interpreter, &served.exchanges()).await;
        for method in ["create", "get", "list", "stop", "start", "delete"] {
            assert!(summary.contains(&format!("tpu.projects.locations.nodes.{method}")), "{method}: {summary}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_after_the_create_leaves_exactly_one_machine() {
    let served = Served::start("  gcp: always").await;
    let gcp = served.gcp().await;
    for (round, nodes) in [1, 1, 4].into_iter().enumerate() {
        let wanted = Order { nodes, ..order(&format!("cut-{round}"), &[A]) };
        served.inject(Some(A), Mishap::Lost);
        let error = gcp.launch(&wanted).await.expect_err("cut");
        assert!(matches!(error, ProviderError::Lost(_)), "{error:?}");
        assert_eq!(served.running().len(), usize::from(nodes), "it was made all the same");
        let found = gcp.find(&wanted.region, &wanted.key).await.expect("found");
        assert_eq!(found.len(), usize::from(nodes));
        let again = gcp.launch(&wanted).await.expect("the same call again").nodes;
        assert_eq!(again.len(), usize::from(nodes));
        assert_eq!(served.running().len(), usize::from(nodes), "made twice");
        gcp.release(&wanted.region, &wanted.key, &[]).await.expect("released");
        assert_eq!(served.running(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_that_lags_hides_nothing() {
    let served = Served::start("  gcp: {pool: always, faults: {list_lag: 1.0}}").await;
    let gcp = served.gcp().await;
    served.inject(None, Mishap::Lost);
    let wanted = order("lag", &[A]);
    gcp.launch(&wanted).await.expect_err("cut");
    let lease = format!("/aggregated/instances?filter=labels.sky-lease%3D%22{}%22", wanted.key);
    let found = gcp.find(&wanted.region, &wanted.key).await.expect("found");
    let listing =
        served.exchanges().into_iter().find(|e| e["path"].as_str().is_some_and(|path| path.ends_with(&lease)));
    let listed = listing.expect("a listing")["response"].to_string().contains("compute#instance\"");
    assert!(!listed, "the listing did not lag, so this shows nothing");
    assert_eq!(found.len(), 1);
    gcp.release(&wanted.region, &wanted.key, &[]).await.expect("released");
    assert_eq!(served.running(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_launch_says_so_and_makes_nothing() {
    let served = Served::start("  gcp: always").await;
    let gcp = served.gcp().await;
    served.inject(None, Mishap::Body("rateLimitExceeded.http".to_owned()));
    let refused = refusals(gcp.launch(&order("slow", &[A, B])).await.expect_err("throttled"));
    let rule = denials::classify("gcp", &refused[0].code, &refused[0].message).expect("known");
    assert!(rule.cause == Cause::RateLimited && rule.in_place.is_some() && refused.len() == 1, "{refused:?}");
    assert_eq!(served.running(), Vec::<String>::new());
    let launched = gcp.launch(&order("slow", &[A, B])).await.expect("the same call a little later");
    assert_eq!(launched.nodes.len(), 1);
}

/// Many launches at once, each dropped or not at its own moment: whatever is held is found by its key and given back.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_launches_at_once_leave_nothing_that_is_not_found() {
    let served = Served::start("  gcp: {pool: always, faults: {lost: 0.2, throttle: 0.1, list_lag: 0.3}}").await;
    let gcp = std::sync::Arc::new(served.gcp().await);
    let mut storm = tokio::task::JoinSet::new();
    for number in 0..50_u64 {
        let gcp = std::sync::Arc::clone(&gcp);
        storm.spawn(async move {
            let wanted = order(&format!("storm-{number}"), &[A, B]);
            let patience = Duration::from_millis(number * 7 % 97);
            let outcome = if number % 3 == 0 {
                tokio::time::timeout(patience, gcp.launch(&wanted)).await.ok()
            } else {
                Some(gcp.launch(&wanted).await)
            };
            match outcome {
                None => "dropped",
                Some(Ok(_)) => "made",
                Some(Err(ProviderError::Lost(_))) => "lost",
                Some(Err(_)) => "refused",
            }
        });
    }
    let outcomes = storm.join_all().await;
    for kind in ["made", "lost", "refused", "dropped"] {
        assert!(outcomes.contains(&kind), "no launch was {kind}: {outcomes:?}");
    }
    let held = served.running();
    assert!(!held.is_empty());
    let once: std::collections::BTreeSet<_> = held.iter().collect();
    assert_eq!(once.len(), held.len(), "a machine twice");
    for number in 0..50 {
        let wanted = order(&format!("storm-{number}"), &[]);
        gcp.release(&wanted.region, &wanted.key, &[]).await.expect("released");
    }
    assert_eq!(served.running(), Vec::<String>::new(), "found by nobody");
}
