//! The adapter alone.

use std::collections::BTreeMap;

use sky::cloud::aws::{Aws, connect};
use sky::cloud::{CloudProvider, Launched, LeaseKey, MachineSpec, NodeState, Order, ProviderError, Refusal, Settings};
use sky::denials;
use sky::model::CapacityType;

use super::Moto;
use super::proxy::{Fault, Rule};

const OHIO: [&str; 3] = ["us-east-2a", "us-east-2b", "us-east-2c"];
/// A key pair of nobody.
pub(super) const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAPRCx0Tcvk4S3CxVde9MAZ2FpzQbO8NteGhspTPi/vr test";

pub(super) fn order(key: &str, region: &str, zones: &[&str]) -> Order {
    Order {
        key: LeaseKey(key.to_owned()),
        owner: "o-1".to_owned(),
        cluster: "v100-8".to_owned(),
        region: region.to_owned(),
        zones: zones.iter().map(ToString::to_string).collect(),
        instance_type: "p3.16xlarge".to_owned(),
        accelerator: None,
        capacity: CapacityType::OnDemand,
        nodes: 1,
        machine: MachineSpec {
            disk_size_gb: 256,
            disk_tier: None,
            image: None,
            ports: Vec::new(),
            labels: vec![("team".to_owned(), "vision".to_owned())],
            ssh_user: "ubuntu".to_owned(),
            ssh_public_key: PUBLIC_KEY.to_owned(),
            startup_script: None,
        },
    }
}

pub(super) fn settings(url: &str) -> Settings {
    let set = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "canary-secret-key"),
        ("AWS_SESSION_TOKEN", "canary-session-token"),
        ("AWS_ENDPOINT_URL", url),
    ];
    let environment: BTreeMap<_, _> = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Settings { environment, home: None }
}

async fn cloud(moto: &Moto) -> Aws {
    connect(&settings(&moto.proxy.url)).await.expect("credentials")
}

fn refusals(result: Result<Launched, ProviderError>) -> Vec<Refusal> {
    match result {
        Err(ProviderError::Refused(refusals)) => refusals,
        other => panic!("not refused: {other:?}"),
    }
}

fn codes(refusals: &[Refusal]) -> Vec<(&str, Option<&str>)> {
    refusals.iter().map(|refusal| (refusal.code.as_str(), refusal.zone.as_deref())).collect()
}

#[test]
fn a_region_is_one_attempt_zone_by_zone() {
    let Some(moto) = Moto::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("runs");
    runtime.block_on(async {
        let aws = cloud(&moto).await;
        stockouts_then_the_third_zone(&aws, &moto).await;
        every_zone_out(&aws, &moto).await;
        a_limit_ends_the_region(&aws, &moto).await;
        a_throttle_is_one_refusal(&aws, &moto).await;
        a_cut_connection_makes_exactly_one(&aws, &moto).await;
        the_life_of_a_gang(&aws, &moto).await;
        spot(&aws, &moto).await;
        what_the_region_needs_is_made_once(&aws, &moto).await;
    });
}

async fn stockouts_then_the_third_zone(aws: &Aws, moto: &Moto) {
    let out = "InsufficientInstanceCapacity";
    moto.proxy.rules(vec![Rule::refuse("us-east-2a", out), Rule::refuse("us-east-2b", out)]);
    let launched = aws.launch(&order("k-third", "us-east-2", &OHIO)).await.expect("the third zone");
    assert_eq!(codes(&launched.refusals), [(out, Some("us-east-2a")), (out, Some("us-east-2b"))]);
    assert!(
        launched.refusals[0]
            .message
            .contains("p3.16xlarge capacity in the Availability Zone you requested (us-east-2a)")
    );
    let node = &launched.nodes[0];
    assert_eq!((node.zone.as_deref(), node.state, node.rank), (Some("us-east-2c"), NodeState::Running, 0));
    assert!(node.public_ip.is_some() && node.private_ip.is_some());
    // HTTP 500 thrice over, and each zone was asked once.
    assert_eq!(moto.proxy.log("RunInstances").len(), 3);

    aws.release("us-east-2", &LeaseKey("k-third".into()), &[]).await.expect("released");
    assert_eq!(aws.find("us-east-2", &LeaseKey("k-third".into())).await.expect("asked"), []);
    aws.release("us-east-2", &LeaseKey("k-third".into()), &[]).await.expect("already gone is done");
}

async fn every_zone_out(aws: &Aws, moto: &Moto) {
    let out = "InsufficientInstanceCapacity.nolist";
    moto.proxy.rules(OHIO.map(|zone| Rule::refuse(zone, out)).to_vec());
    let refused = refusals(aws.launch(&order("k-none", "us-east-2", &OHIO)).await);
    assert_eq!(refused.iter().map(|r| r.zone.as_deref().expect("a zone")).collect::<Vec<_>>(), OHIO);
}

async fn a_limit_ends_the_region(aws: &Aws, moto: &Moto) {
    moto.proxy.rules(vec![Rule {
        region: Some("us-east-2"),
        ..Rule::of("RunInstances", Fault::Refuse("VcpuLimitExceeded"))
    }]);
    let refused = refusals(aws.launch(&order("k-limit", "us-east-2", &OHIO)).await);
    assert_eq!(codes(&refused), [("VcpuLimitExceeded", Some("us-east-2a"))]);
    assert_eq!(moto.proxy.log("RunInstances").len(), 1, "the other zones share the limit");
    let west = aws.launch(&order("k-limit-2", "us-west-2", &["us-west-2b"])).await.expect("the next region");
    assert_eq!(west.nodes[0].zone.as_deref(), Some("us-west-2b"));
    aws.release("us-west-2", &LeaseKey("k-limit-2".into()), &[]).await.expect("released");
}

async fn a_throttle_is_one_refusal(aws: &Aws, moto: &Moto) {
    moto.proxy.rules(vec![Rule::of("RunInstances", Fault::Refuse("RequestLimitExceeded")).once()]);
    let refused = refusals(aws.launch(&order("k-throttle", "us-east-2", &OHIO)).await);
    assert_eq!(codes(&refused), [("RequestLimitExceeded", Some("us-east-2a"))]);
    let again = aws.launch(&order("k-throttle", "us-east-2", &OHIO)).await.expect("the same call again");
    assert_eq!(again.nodes.len(), 1);
    aws.release("us-east-2", &LeaseKey("k-throttle".into()), &[]).await.expect("released");
    // A call that changes nothing is repeated by the SDK itself.
    moto.proxy.rules(vec![Rule::of("DescribeInstances", Fault::Refuse("RequestLimitExceeded")).once()]);
    aws.find("us-east-2", &LeaseKey("k-throttle".into())).await.expect("asked again");
}

async fn a_cut_connection_makes_exactly_one(aws: &Aws, moto: &Moto) {
    let key = LeaseKey("k-cut".into());
    moto.proxy.rules(vec![Rule::of("RunInstances", Fault::CutAfter).once()]);
    let lost = aws.launch(&order("k-cut", "us-east-2", &OHIO)).await;
    assert!(matches!(lost, Err(ProviderError::Lost(_))), "{lost:?}");
    assert_eq!(moto.proxy.log("RunInstances").len(), 1, "neither repeated nor tried elsewhere");
    let found = aws.find("us-east-2", &key).await.expect("asked");
    assert_eq!(found.len(), 1, "made, though nobody was told");

    // The first zone has none left now: the machine of the first call is still the one that counts.
    moto.proxy.rules(vec![Rule::refuse("us-east-2a", "InsufficientInstanceCapacity")]);
    let again = aws.launch(&order("k-cut", "us-east-2", &OHIO)).await.expect("the same call again");
    assert_eq!(again.nodes[0].id, found[0].id);
    assert_eq!(aws.find("us-east-2", &key).await.expect("asked").len(), 1);
    aws.release("us-east-2", &key, &[]).await.expect("released");
}

async fn the_life_of_a_gang(aws: &Aws, moto: &Moto) {
    moto.proxy.rules(Vec::new());
    let gang = Order { nodes: 3, ..order("k-gang", "us-west-2", &["us-west-2a"]) };
    let nodes = aws.launch(&gang).await.expect("launched").nodes;
    assert_eq!(nodes.iter().map(|node| node.rank).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(nodes.iter().all(|node| node.zone.as_deref() == Some("us-west-2a") && node.cluster == "v100-8"));

    assert!(aws.on_shutdown(&nodes, true).await.expect("told"), "Amazon can be told");
    assert_eq!(moto.proxy.log("ModifyInstanceAttribute").len(), 3);
    aws.stop(&nodes).await.expect("stopped");
    let stopped = aws.find("us-west-2", &gang.key).await.expect("asked");
    assert!(stopped.iter().all(|node| node.state == NodeState::Stopped) && stopped.len() == 3);

    moto.proxy.rules(vec![Rule::of("StartInstances", Fault::Refuse("InsufficientInstanceCapacity.start")).once()]);
    let refused = aws.start(&stopped).await;
    let Err(ProviderError::Refused(refused)) = refused else { panic!("started: {refused:?}") };
    assert_eq!(codes(&refused), [("InsufficientInstanceCapacity", Some("us-west-2a"))]);
    assert_eq!(moto.proxy.log("StartInstances").len(), 1);
    let started = aws.start(&stopped).await.expect("started");
    assert!(started.iter().all(|node| node.state == NodeState::Running && node.public_ip.is_some()));

    let regions = ["us-east-2".to_owned(), "us-west-2".to_owned(), "xx-nowhere-1".to_owned()];
    let listed = aws.list("o-1", &regions).await.expect("listed");
    assert_eq!(listed.len(), 3, "a region that the account has not is passed over");
    assert_eq!(aws.list("somebody-else", &regions).await.expect("listed"), []);
    aws.release("us-west-2", &gang.key, &[]).await.expect("released");
    assert_eq!(aws.list("o-1", &regions).await.expect("listed"), []);
}

async fn spot(aws: &Aws, moto: &Moto) {
    let refuse = |key| Rule { spot: Some(true), ..Rule::of("RunInstances", Fault::Refuse(key)) };
    moto.proxy.rules(vec![refuse("MaxSpotInstanceCountExceeded").once(), refuse("SpotMaxPriceTooLow").once()]);
    let spot = Order { capacity: CapacityType::Spot, ..order("k-spot", "us-east-2", &OHIO) };
    assert_eq!(codes(&refusals(aws.launch(&spot).await)), [("MaxSpotInstanceCountExceeded", Some("us-east-2a"))]);
    let launched = aws.launch(&spot).await.expect("launched");
    assert_eq!(codes(&launched.refusals), [("SpotMaxPriceTooLow", Some("us-east-2a"))]);
    assert_eq!(launched.nodes[0].capacity, CapacityType::Spot);
    aws.release("us-east-2", &spot.key, &[]).await.expect("released");
}

async fn what_the_region_needs_is_made_once(aws: &Aws, moto: &Moto) {
    moto.proxy.rules(Vec::new());
    let with_ports = |key: &str| {
        let mut order = order(key, "eu-west-1", &["eu-west-1a"]);
        order.machine.ports = vec![(8080, 8080)];
        order
    };
    let (first, second) = (with_ports("k-ports-1"), with_ports("k-ports-2"));
    let (one, two) = tokio::join!(aws.launch(&first), aws.launch(&second));
    one.expect("launched");
    two.expect("launched, though both made the group and the key at once");
    let zones = aws.offered_zones("eu-west-1", "m5.large").await.expect("asked").expect("AWS says");
    assert!(zones.contains(&"eu-west-1a".to_owned()));
    aws.release("eu-west-1", &first.key, &[]).await.expect("released");
    aws.release("eu-west-1", &second.key, &[]).await.expect("released");
    assert!(moto.proxy.log("DeleteSecurityGroup").iter().any(|exchange| exchange.status == 200));
}

/// What is asked for is what Amazon's own Python SDK asks for in the life of a machine, and more where we want more.
#[test]
fn requests_are_those_of_the_vendors_sdk() {
    let Some(moto) = Moto::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("runs");
    runtime.block_on(async {
        let aws = cloud(&moto).await;
        let wanted = Order { capacity: CapacityType::Spot, ..order("k-parity", "us-east-2", &["us-east-2b"]) };
        aws.launch(&wanted).await.expect("launched");
        let runs = moto.proxy.log("RunInstances");
        let run = &runs[0];
        for (name, value) in [
            ("Version", "2016-11-15"),
            ("InstanceType", "p3.16xlarge"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("ClientToken", "k-parity-us-east-2b"),
            ("Placement.AvailabilityZone", "us-east-2b"),
            ("InstanceMarketOptions.MarketType", "spot"),
            ("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time"),
            ("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate"),
            ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
            ("BlockDeviceMapping.1.Ebs.VolumeSize", "256"),
            ("MetadataOptions.HttpTokens", "required"),
            ("NetworkInterface.1.AssociatePublicIpAddress", "true"),
            ("ImageId", "ami-0d3e0e2f3a4b5c602"),
        ] {
            assert_eq!(run.field(name), value, "{name}");
        }
        let kinds: Vec<&str> =
            (1..=4).map(|i| run.form[&format!("TagSpecification.{i}.ResourceType")].as_str()).collect();
        assert_eq!(kinds, ["instance", "volume", "network-interface", "spot-instances-request"]);
        let tag = |name: &str| {
            let key = (1..=9).find(|i| run.field(&format!("TagSpecification.1.Tag.{i}.Key")) == name).expect("tagged");
            run.field(&format!("TagSpecification.1.Tag.{key}.Value"))
        };
        assert_eq!(
            (tag("sky-lease"), tag("sky-cluster"), tag("sky-owner"), tag("team")),
            ("k-parity", "v100-8", "o-1", "vision")
        );

        let looks = moto.proxy.log("DescribeInstances");
        assert!(
            looks
                .iter()
                .any(|look| look.field("Filter.1.Name") == "tag:sky-lease"
                    && look.field("Filter.1.Value.1") == "k-parity")
        );
        assert!(looks.iter().any(|look| look.field("InstanceId.1").starts_with("i-")));
        aws.release("us-east-2", &wanted.key, &[]).await.expect("released");
        assert!(moto.proxy.log("TerminateInstances")[0].field("InstanceId.1").starts_with("i-"));

        let on_demand = order("k-stop", "us-east-2", &["us-east-2b"]);
        aws.launch(&on_demand).await.expect("launched");
        assert_eq!(moto.proxy.log("RunInstances")[1].field("InstanceInitiatedShutdownBehavior"), "stop");
        aws.release("us-east-2", &on_demand.key, &[]).await.expect("released");
    });
}

/// Every genuine body comes through the real SDK as its code and words, and means what its scope says.
#[test]
fn every_body_is_understood_through_the_sdk() {
    let Some(moto) = Moto::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("runs");
    runtime.block_on(async {
        let aws = cloud(&moto).await;
        let bodies = denials::bodies("aws");
        assert!(bodies.len() >= 12);
        for body in bodies {
            moto.proxy.rules(vec![Rule::of("RunInstances", Fault::Refuse(body.key.as_str()))]);
            let refused = refusals(aws.launch(&order("k-body", "us-east-2", &OHIO)).await);
            let rule = denials::classify("aws", &refused[0].code, &refused[0].message);
            let meant = denials::classify("aws", &body.code, &body.message).expect("classified");
            assert_eq!((refused[0].code.as_str(), rule), (body.code.as_str(), Some(meant)), "{}", body.key);
            let words = body.message.split('{').next().unwrap_or_default();
            assert!(refused[0].message.starts_with(words), "{}: {}", body.key, refused[0].message);
            // Zone by zone only where the body speaks for its zone.
            let asked = if meant.reach == denials::Reach::Zone { 3 } else { 1 };
            assert_eq!((refused.len(), moto.proxy.log("RunInstances").len()), (asked, asked), "{}", body.key);
        }
    });
}

#[test]
fn nothing_that_is_said_holds_a_secret() {
    let runtime = tokio::runtime::Runtime::new().expect("runs");
    runtime.block_on(async {
        // Nobody listens there.
        let url = format!("http://127.0.0.1:{}", crate::tools::free_port());
        let aws = connect(&settings(&url)).await.expect("credentials");
        let error = aws.launch(&order("k-secret", "us-east-2", &OHIO)).await.expect_err("unreachable");
        let Err(ProviderError::Refused(refused)) = Err::<(), _>(error.clone()) else { panic!("{error:?}") };
        assert_eq!(refused[0].code, "EndpointUnreachable", "{error:?}");
        assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
        let error = aws.check().await.expect_err("unreachable");
        assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
    });
}

#[test]
fn without_credentials_it_says_what_to_do() {
    let runtime = tokio::runtime::Runtime::new().expect("runs");
    runtime.block_on(async {
        let home = tempfile::tempdir().expect("a directory");
        let without = |set: &[(&str, &str)]| Settings {
            environment: set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            home: Some(home.path().to_owned()),
        };
        let no_role = ("AWS_EC2_METADATA_DISABLED", "true");
        let failed = async |set: &[(&str, &str)]| match connect(&without(set)).await {
            Err(ProviderError::NoCredentials { message, remedy }) => (message, remedy),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("credentials from nowhere"),
        };
        let (message, remedy) = failed(&[no_role]).await;
        assert_eq!(message, "no AWS credentials were found");
        assert!(remedy.contains("aws configure") && remedy.contains("AWS_ACCESS_KEY_ID"));
        let (message, _) = failed(&[no_role, ("AWS_ACCESS_KEY_ID", "AKID")]).await;
        assert_eq!(message, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
        let (message, remedy) = failed(&[no_role, ("AWS_PROFILE", "work")]).await;
        assert!(message.contains("work") && remedy.contains("work"), "{message}; {remedy}");

        let aws = home.path().join(".aws");
        std::fs::create_dir(&aws).expect("made");
        std::fs::write(aws.join("credentials"), "[work]\naws_access_key_id = A\naws_secret_access_key = canary\n")
            .expect("written");
        connect(&without(&[no_role, ("AWS_PROFILE", "work")])).await.expect("from the profile");
    });
}
