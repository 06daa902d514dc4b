//! The adapter against the wire server, in one process: whole launches, every refusal, lost answers; and what ARM says
//! to requests that are wrong.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::catalog::Catalog;
use crate::cloud::azure::Azure;
use crate::cloud::{CloudProvider as _, LeaseKey, MachineSpec, NodeState, Order, ProviderError, Settings};
use crate::denials;
use crate::model::{CapacityType, Cause};
use crate::serve::login::{AZURE_CLIENT, AZURE_SECRET, AZURE_TENANT};
use crate::serve::site::{Injection, Mishap};
use crate::serve::wire::Loopback;
use crate::serve::{Clock, Speed, exports};
use crate::sim::scenario::Scenario;
use crate::yaml::Source;

const TYPE: &str = "Standard_NC6s_v3";

struct World {
    site: Arc<Site>,
    at: SocketAddr,
    address: String,
    azure: Azure,
    http: reqwest::Client,
}

async fn world(clouds: &str) -> World {
    world_at(clouds, Speed::Max).await
}

async fn world_at(clouds: &str, speed: Speed) -> World {
    let text = format!("schema: 1\ntitle: t\nwhy: w\nclouds:\n{clouds}\ndemand: {{gpus: V100}}\n");
    let scenario = Scenario::load(&Source { name: "t.yaml", text: &text }, Catalog::embedded(), &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems:?}"));
    let site = Arc::new(Site::new(Arc::new(scenario), 7, Clock::new(speed, 1_767_225_600)));
    let socket = Loopback::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).await.expect("a port");
    let at = socket.address().expect("an address");
    tokio::spawn(socket.serve(router(Arc::clone(&site)), std::future::pending()));
    let azure = Azure::connect(&settings(&site, at)).await.expect("credentials");
    World { site, at, address: format!("http://{at}"), azure, http: reqwest::Client::new() }
}

fn settings(site: &Site, at: SocketAddr) -> Settings {
    let pairs = exports(site, at).into_iter().map(|(name, value)| (name.to_owned(), value));
    Settings { environment: pairs.collect(), home: None }
}

fn order(key: &str) -> Order {
    Order {
        key: LeaseKey(key.to_owned()),
        owner: "owner-1".to_owned(),
        cluster: "train".to_owned(),
        region: "eastus".to_owned(),
        zones: Vec::new(),
        instance_type: TYPE.to_owned(),
        accelerator: None,
        capacity: CapacityType::OnDemand,
        nodes: 1,
        machine: MachineSpec {
            disk_size_gb: 128,
            disk_tier: None,
            image: None,
            ports: vec![(8080, 8090)],
            labels: vec![("team".to_owned(), "vision".to_owned())],
            ssh_user: "azureuser".to_owned(),
            ssh_public_key: "ssh-ed25519 AAAA sky".to_owned(),
            startup_script: None,
        },
    }
}

impl World {
    fn meet(&self, mishap: Mishap, zone: Option<&str>) {
        let zone = zone.map(str::to_owned);
        let injection = Injection { cloud: None, region: None, zone, instance_type: None, times: 1, mishap };
        self.site.inject(injection).expect("known");
    }

    async fn token(&self) -> String {
        let form = [("grant_type", "client_credentials"), ("client_id", AZURE_CLIENT), ("client_secret", AZURE_SECRET)];
        let answer =
            self.http.post(format!("{}/{AZURE_TENANT}/oauth2/v2.0/token", self.address)).form(&form).send().await;
        let body: Value = answer.expect("answers").json().await.expect("JSON");
        body["access_token"].as_str().expect("a token").to_owned()
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.address)).bearer_auth(self.token().await);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("answers");
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.expect("text")).unwrap_or(Value::Null))
    }

    /// Everything that is left of anything.
    async fn left(&self) -> usize {
        let count = |(_, body): (u16, Value)| body["value"].as_array().map_or(0, Vec::len);
        count(self.ask(Method::GET, "/subscriptions/s/resourcegroups?api-version=2021-04-01", None).await)
            + count(self.ask(Method::GET, "/subscriptions/s/resources?api-version=2021-04-01", None).await)
            + self.left_in_own().await
    }

    async fn left_in_own(&self) -> usize {
        let subscription = self.site.account("azure").name;
        let path = format!("/subscriptions/{subscription}/resourcegroups?api-version=2021-04-01");
        let (_, groups) = self.ask(Method::GET, &path, None).await;
        groups["value"].as_array().map_or(0, Vec::len)
    }
}

fn refusals(result: Result<crate::cloud::Launched, ProviderError>) -> Vec<crate::cloud::Refusal> {
    match result {
        Err(ProviderError::Refused(refusals)) => refusals,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn machines_are_made_found_stopped_started_and_given_back() {
    let world = world("  azure: always").await;
    let azure = &world.azure;
    let who = azure.check().await.expect("good credentials");
    assert_eq!(who.source, "environment");
    let order = Order { nodes: 2, ..order("k1") };
    let launched = azure.launch(&order).await.expect("room");
    assert!(launched.refusals.is_empty());
    let nodes = launched.nodes;
    assert_eq!(nodes.iter().map(|node| node.rank).collect::<Vec<u16>>(), [0, 1]);
    for node in &nodes {
        assert_eq!((node.state, node.region.as_str(), node.cluster.as_str()), (NodeState::Running, "eastus", "train"));
        assert!(node.public_ip.is_some() && node.private_ip.is_some(), "{node:?}");
        assert_eq!(node.instance_type, TYPE);
    }
    assert_ne!(nodes[0].private_ip, nodes[1].private_ip);

    let again = azure.launch(&order).await.expect("the same");
    assert_eq!(again.nodes, nodes);
    assert_eq!(world.site.books().running.len(), 2, "made twice");

    assert_eq!(azure.find("eastus", &order.key).await.expect("found"), nodes);
    assert_eq!(azure.find("westus2", &order.key).await.expect("asked"), []);
    let all = azure.list("owner-1", &["eastus".to_owned(), "westus2".to_owned()]).await.expect("listed");
    assert_eq!(all, nodes);
    assert_eq!(azure.list("owner-2", &["eastus".to_owned()]).await.expect("listed"), []);

    azure.stop(&nodes).await.expect("stopped");
    let stopped = azure.find("eastus", &order.key).await.expect("found");
    assert!(stopped.iter().all(|node| node.state == NodeState::Stopped), "{stopped:?}");
    assert!(world.site.books().running.is_empty());
    let started = azure.start(&stopped).await.expect("started");
    assert!(started.iter().all(|node| node.state == NodeState::Running && node.public_ip.is_some()), "{started:?}");

    azure.release("eastus", &order.key, &[]).await.expect("released");
    azure.release("eastus", &order.key, &[]).await.expect("already gone is done");
    assert!(world.site.books().running.is_empty());
    assert_eq!(azure.find("eastus", &order.key).await.expect("asked"), []);
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn every_genuine_refusal_is_heard_and_leaves_nothing() {
    let world = world("  azure: always").await;
    for (number, body) in denials::bodies("azure").iter().enumerate() {
        world.meet(Mishap::Body(body.key.clone()), None);
        let heard = refusals(world.azure.launch(&order(&format!("k{number}"))).await);
        let errors: Vec<(&str, &str)> = heard.iter().map(|one| (one.code.as_str(), one.message.as_str())).collect();
        let codes: Vec<&str> = errors.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, body.errors().iter().map(|(code, _)| *code).collect::<Vec<&str>>(), "{}", body.key);
        let wanted = denials::classify_all("azure", &body.errors()).map(|(_, rule)| (rule.cause, rule.reach));
        assert_eq!(
            denials::classify_all("azure", &errors).map(|(_, rule)| (rule.cause, rule.reach)),
            wanted,
            "{}",
            body.key
        );
        let throttled = wanted.is_some_and(|(cause, _)| cause == Cause::RateLimited);
        assert_eq!(heard[0].retry_after, throttled.then(|| Duration::from_secs(2)), "{}", body.key);
        assert_eq!(world.left().await, 0, "{} left something behind", body.key);
    }
    assert!(world.site.books().running.is_empty());
}

#[tokio::test]
async fn the_next_zone_has_what_the_first_has_not() {
    let world = world("  azure: always").await;
    world.meet(Mishap::Body("ZonalAllocationFailed".to_owned()), Some("1"));
    let zones = ["1", "2", "3"].map(str::to_owned).to_vec();
    let launched = world.azure.launch(&Order { zones, nodes: 2, ..order("k1") }).await.expect("room in the second");
    assert_eq!(launched.refusals[0].code, "ZonalAllocationFailed");
    assert_eq!(launched.refusals[0].zone.as_deref(), Some("1"));
    assert!(launched.nodes.iter().all(|node| node.zone.as_deref() == Some("2")), "{:?}", launched.nodes);
    assert_eq!(world.site.books().running.len(), 2, "the first zone's other machine was left");
    let path = format!(
        "/subscriptions/{}/resourceGroups/sky-k1/resources?api-version=2021-04-01",
        world.site.account("azure").name
    );
    let (_, left) = world.ask(Method::GET, &path, None).await;
    let names: Vec<&str> =
        left["value"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(!names.iter().any(|name| name.contains("-z1")), "{names:?}");
}

#[tokio::test]
async fn a_gang_is_all_or_none() {
    let world = world("  azure: always").await;
    world.meet(Mishap::None, None);
    world.meet(Mishap::Body("AllocationFailed".to_owned()), None);
    let heard = refusals(world.azure.launch(&Order { nodes: 3, ..order("k1") }).await);
    assert_eq!(heard[0].code, "AllocationFailed");
    assert!(world.site.books().launched >= 1, "no machine was made before the refusal");
    assert!(world.site.books().running.is_empty());
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn a_quota_ends_the_round_of_zones() {
    let world = world("  azure: always").await;
    world.meet(Mishap::Body("OperationNotAllowed.region".to_owned()), Some("1"));
    let zones = ["1", "2"].map(str::to_owned).to_vec();
    let heard = refusals(world.azure.launch(&Order { zones, ..order("k1") }).await);
    assert_eq!(heard.len(), 1);
    assert_eq!(world.site.books().launched, 0);
}

#[tokio::test]
async fn a_lost_answer_is_found_once() {
    let world = world("  azure: always").await;
    world.meet(Mishap::Lost, None);
    let order = order("k1");
    let Err(ProviderError::Lost(words)) = world.azure.launch(&order).await else { panic!("heard of it") };
    assert!(words.contains("did not answer"), "{words}");
    let found = world.azure.find("eastus", &order.key).await.expect("asked");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].key, order.key);
    let again = world.azure.launch(&order).await.expect("the same");
    assert_eq!(again.nodes.len(), 1);
    assert_eq!(world.site.books().launched, 1, "made twice");
    world.azure.release("eastus", &order.key, &[]).await.expect("released");
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn what_was_begun_without_a_machine_is_told_of() {
    let world = world("  azure: always").await;
    let subscription = world.site.account("azure").name;
    let path = format!("/subscriptions/{subscription}/resourceGroups/sky-k9?api-version=2021-04-01");
    let tags = json!({"sky-owner": "owner-1", "sky-lease": "k9", "sky-cluster": "train"});
    let (status, _) = world.ask(Method::PUT, &path, Some(json!({"location": "eastus", "tags": tags}))).await;
    assert_eq!(status, 201);
    let key = LeaseKey("k9".to_owned());
    let found = world.azure.find("eastus", &key).await.expect("asked");
    assert_eq!(found.iter().map(|node| node.state).collect::<Vec<_>>(), [NodeState::Failed]);
    let listed = world.azure.list("owner-1", &["eastus".to_owned()]).await.expect("listed");
    assert_eq!(listed, found);
    world.azure.release("eastus", &key, &[]).await.expect("released");
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn somebody_elses_resource_keeps_its_group() {
    let world = world("  azure: always").await;
    let order = order("k1");
    world.azure.launch(&order).await.expect("room");
    let subscription = world.site.account("azure").name;
    let group = format!("/subscriptions/{subscription}/resourceGroups/sky-k1");
    let disk = format!("{group}/providers/Microsoft.Compute/disks/precious?api-version=2024-03-02");
    let body =
        json!({"location": "eastus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8}});
    assert_eq!(world.ask(Method::PUT, &disk, Some(body)).await.0, 201);
    world.azure.release("eastus", &order.key, &[]).await.expect("released");
    assert!(world.site.books().running.is_empty());
    let (_, left) = world.ask(Method::GET, &format!("{group}/resources?api-version=2021-04-01"), None).await;
    let names: Vec<&Value> = left["value"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["precious"]);
    assert_eq!(world.azure.find("eastus", &order.key).await.expect("asked"), [], "the group is no longer ours");
    assert_eq!(world.azure.list("owner-1", &["eastus".to_owned()]).await.expect("asked"), []);
    world.azure.release("eastus", &order.key, &[]).await.expect("already gone is done");
}

#[tokio::test]
async fn in_passing_time_the_server_says_when_to_look_again() {
    let world = world_at("  azure: always", Speed::Times(300.0)).await;
    let begin = tokio::time::Instant::now();
    let launched = world.azure.launch(&order("k1")).await.expect("room");
    assert_eq!(launched.nodes[0].state, NodeState::Running);
    assert!(world.site.clock().now().since(Timestamp::ZERO).as_secs_f64() > 20.0, "no time passed");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    world.azure.release("eastus", &launched.nodes[0].key, &[]).await.expect("released");
    assert!(world.site.books().running.is_empty());
}

#[tokio::test]
async fn long_lists_are_read_to_their_end() {
    let world = world("  azure: always").await;
    let (token, subscription) = (world.token().await, world.site.account("azure").name);
    for number in 0..250 {
        let tags = json!({"sky-owner": "owner-1", "sky-lease": format!("k{number}"), "sky-cluster": "train"});
        let url = format!(
            "{}/subscriptions/{subscription}/resourceGroups/sky-k{number}?api-version=2021-04-01",
            world.address
        );
        let put = world.http.put(url).bearer_auth(&token).json(&json!({"location": "eastus", "tags": tags}));
        assert_eq!(put.send().await.expect("answers").status(), 201);
    }
    let listed = world.azure.list("owner-1", &["eastus".to_owned()]).await.expect("listed");
    let keys: std::collections::BTreeSet<&LeaseKey> = listed.iter().map(|node| &node.key).collect();
    assert_eq!((listed.len(), keys.len()), (250, 250));
}

/// What the engine does with an answer: keeps a whole gang, looks for what was lost, and gives back all else.
async fn settle(world: &World, order: &Order, counts: &mut BTreeMap<&'static str, u32>) -> bool {
    let mut count = |what| *counts.entry(what).or_default() += 1;
    let kept = match world.azure.launch(order).await {
        Ok(launched) => return launched.nodes.len() == usize::from(order.nodes),
        Err(ProviderError::Refused(_)) => {
            count("refused");
            assert_eq!(world.azure.find("eastus", &order.key).await.expect("asked"), [], "a refusal left something");
            return false;
        }
        Err(ProviderError::Lost(_)) => {
            count("lost");
            let found = world.azure.find("eastus", &order.key).await.expect("asked");
            found.iter().filter(|node| node.state == NodeState::Running).count() == usize::from(order.nodes)
        }
        Err(other) => panic!("{other}"),
    };
    if !kept {
        give_back(world, order, counts).await;
    }
    kept
}

async fn give_back(world: &World, order: &Order, counts: &mut BTreeMap<&'static str, u32>) {
    while world.azure.release("eastus", &order.key, &[]).await.is_err() {
        *counts.entry("not released").or_default() += 1;
    }
}

#[tokio::test]
async fn in_a_storm_nothing_is_lost_or_made_twice() {
    let faults = "{throttle: 0.1, lost: 0.2, release_failed: 0.3, list_lag: 0.3}";
    let world = world(&format!("  azure: {{pool: {{markov: {{up: 2h, down: 2h}}}}, faults: {faults}}}")).await;
    let mut counts = BTreeMap::new();
    for round in 0..40 {
        let order = Order { nodes: 1 + round % 3, ..order(&format!("k{round}")) };
        if settle(&world, &order, &mut counts).await {
            *counts.entry("kept").or_default() += 1;
            assert_eq!(world.site.books().running.len(), usize::from(order.nodes), "{counts:?}");
            give_back(&world, &order, &mut counts).await;
        }
        assert!(world.site.books().running.is_empty(), "round {round}: {counts:?}");
        world.site.clock().advance(crate::model::Span::HOUR);
    }
    for what in ["kept", "lost", "refused", "not released"] {
        assert!(counts.get(what).is_some_and(|count| *count > 0), "no storm: {counts:?}");
    }
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn a_start_that_finds_no_room_leaves_the_machine_stopped() {
    let world = world("  azure/eastus/V100: {pool: {always: 1}}").await;
    let (first, second) = (order("k1"), order("k2"));
    let nodes = world.azure.launch(&first).await.expect("room").nodes;
    world.azure.stop(&nodes).await.expect("stopped");
    world.azure.launch(&second).await.expect("room again");
    let Err(ProviderError::Refused(heard)) = world.azure.start(&nodes).await else { panic!("found room") };
    let errors: Vec<(&str, &str)> = heard.iter().map(|one| (one.code.as_str(), one.message.as_str())).collect();
    let cause = denials::classify_all("azure", &errors).map(|(_, rule)| rule.cause);
    assert_eq!(cause, Some(Cause::Stockout), "{heard:?}");
    let found = world.azure.find("eastus", &first.key).await.expect("found");
    assert_eq!(found.iter().map(|node| node.state).collect::<Vec<_>>(), [NodeState::Stopped]);
    world.azure.release("eastus", &second.key, &[]).await.expect("released");
    let started = world.azure.start(&found).await.expect("room");
    assert_eq!(started[0].state, NodeState::Running);
    world.azure.release("eastus", &first.key, &[]).await.expect("released");
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn spot_is_taken_back_with_all_that_belongs_to_it() {
    let world = world("  azure/V100: {spot: {life: 10m}}").await;
    let order = Order { capacity: CapacityType::Spot, ..order("k1") };
    let launched = world.azure.launch(&order).await.expect("room");
    assert_eq!(launched.nodes[0].capacity, CapacityType::Spot);
    world.site.clock().advance(crate::model::Span::HOUR);
    let found = world.azure.find("eastus", &order.key).await.expect("asked");
    assert_eq!(found.iter().map(|node| node.state).collect::<Vec<_>>(), [NodeState::Failed], "the group is left");
}

#[tokio::test]
async fn limits_and_what_is_sold_are_told() {
    let world = world("  azure/eastus/V100: {quota: 24}").await;
    let quotas = world.azure.quotas("eastus").await.expect("limits");
    assert!(quotas.iter().any(|quota| quota.limit > 0.0 && quota.usage.is_some()), "{quotas:?}");
    assert!(matches!(world.azure.quotas("nowhere").await, Err(ProviderError::Refused(_))));
    assert_eq!(world.azure.offered_zones("eastus", TYPE).await, Ok(None), "sold, without zones");
    assert_eq!(world.azure.offered_zones("eastus", "Standard_Nonsense").await, Ok(Some(Vec::new())));
}

#[tokio::test]
async fn wrong_credentials_are_no_credentials_and_stay_secret() {
    let world = world("  azure: always").await;
    let mut wrong = settings(&world.site, world.at);
    wrong.environment.insert("AZURE_CLIENT_SECRET".to_owned(), "canary-secret".to_owned());
    let azure = Azure::connect(&wrong).await.expect("nothing is asked yet");
    let error = azure.launch(&order("k1")).await.expect_err("refused");
    let ProviderError::NoCredentials { message, remedy } = &error else { panic!("{error:?}") };
    assert!(message.contains("AADSTS7000215"), "{message}");
    assert!(remedy.contains("AZURE_CLIENT_SECRET"), "{remedy}");
    assert!(!format!("{error:?}").contains("canary-secret"), "{error:?}");
}

#[tokio::test]
async fn a_scenario_without_permission_says_so() {
    let world = world("  azure: {faults: {unauthorized: true}}").await;
    let Err(ProviderError::Refused(heard)) = world.azure.check().await else { panic!("allowed") };
    assert_eq!(heard[0].code, "AuthorizationFailed");
    assert!(!heard[0].message.contains('{'), "{}", heard[0].message);
    let heard = refusals(world.azure.launch(&order("k1")).await);
    assert_eq!(heard[0].code, "AuthorizationFailed");
}

#[tokio::test]
async fn requests_that_are_wrong_are_refused_as_arm_does() {
    let world = world("  azure: always").await;
    let code = |(status, body): (u16, Value)| (status, body["error"]["code"].as_str().unwrap_or_default().to_owned());
    let is = |got: (u16, String), status: u16, wanted: &str| assert_eq!(got, (status, wanted.to_owned()));
    let get = |path: &'static str| world.ask(Method::GET, path, None);
    is(code(get("/subscriptions/s/resourcegroups").await), 400, "MissingApiVersionParameter");
    is(code(get("/subscriptions/s/resourcegroups?api-version=1").await), 400, "InvalidApiVersionParameter");
    is(code(get("/subscriptions/s/resourcegroups/g?api-version=2021-04-01").await), 404, "ResourceGroupNotFound");
    let put = |path: &'static str, body: Value| world.ask(Method::PUT, path, Some(body));
    let group = "/subscriptions/s/resourcegroups/g?api-version=2021-04-01";
    is(code(put(group, json!({})).await), 400, "LocationRequired");
    is(code(put(group, json!({"location": "mars"})).await), 400, "LocationNotAvailableForResourceType");
    assert_eq!(put(group, json!({"location": "East US"})).await.0, 201);
    is(code(put(group, json!({"location": "westus2"})).await), 409, "InvalidResourceGroupLocation");
    let nic =
        "/subscriptions/s/resourcegroups/g/providers/Microsoft.Network/networkInterfaces/n?api-version=2024-01-01";
    let subnet =
        json!({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/d"});
    let body = json!({"location": "eastus", "properties": {"ipConfigurations": [{"name": "c", "properties": {"subnet": subnet}}]}});
    is(code(put(nic, body).await), 400, "InvalidResourceReference");
    let machine =
        "/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/m?api-version=2024-07-01";
    is(code(put(machine, json!({"location": "eastus", "properties": {}})).await), 400, "InvalidParameter");
    is(code(get(machine).await), 404, "ResourceNotFound");

    let plain = world.http.get(format!("{}/subscriptions?api-version=2022-12-01", world.address));
    assert_eq!(plain.try_clone().expect("no body").send().await.expect("answers").status(), 401);
    for wrong in ["nonsense", "a.b.c"] {
        let answer = plain.try_clone().expect("no body").bearer_auth(wrong).send().await.expect("answers");
        assert_eq!(answer.status(), 401);
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error"]["code"], "InvalidAuthenticationToken");
    }
    let forgery = auth::issue(8, arm_now());
    assert_eq!(plain.bearer_auth(forgery).send().await.expect("answers").status(), 401, "another server's token");
    let tags: BTreeMap<&str, &str> = BTreeMap::new();
    assert_eq!(put(group, json!({"location": "eastus", "tags": tags})).await.0, 200);
}

#[test]
fn its_paths_are_its_own() {
    assert!(speaks("/subscriptions/s/resourceGroups/g") && speaks("/Subscriptions"));
    assert!(speaks("/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token"));
    assert!(!speaks("/") && !speaks("/compute/v1/projects/p") && !speaks("/_sky/clock"));
}

fn arm_now() -> u64 {
    EPOCH
}
