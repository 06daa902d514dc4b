//! What needs no server: names, bodies, answers read, credentials that are not there. Whole launches are tested against
//! the wire server, in `serve`.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::bodies::{Bodies, group};
use super::error::{denied, retry_after};
use super::facts::open_zones;
use super::size::Size;
use super::wire::{Operation, Sku};
use super::{Azure, nodes};
use crate::cloud::{LeaseKey, MachineSpec, NodeState, Order, ProviderError, Settings};
use crate::denials::{self, Answered};
use crate::model::{CapacityType, Cause};

fn order() -> Order {
    Order {
        key: LeaseKey("k7f3-12".to_owned()),
        owner: "0a1b2c3d".to_owned(),
        cluster: "train".to_owned(),
        region: "eastus".to_owned(),
        zones: Vec::new(),
        instance_type: "Standard_NC24ads_A100_v4".to_owned(),
        accelerator: None,
        capacity: CapacityType::Spot,
        nodes: 1,
        machine: MachineSpec {
            disk_size_gb: 256,
            disk_tier: None,
            image: None,
            ports: vec![(8080, 8080), (9000, 9010)],
            labels: vec![("team".to_owned(), "vision".to_owned()), ("sky-lease".to_owned(), "stolen".to_owned())],
            ssh_user: "azureuser".to_owned(),
            ssh_public_key: "ssh-ed25519 AAAA sky".to_owned(),
            startup_script: Some("#!/bin/sh\ntrue\n".to_owned()),
        },
    }
}

#[test]
fn names_tell_of_a_size() {
    let image = |name: &str| Size::of(name).image(None).expect("a default")["sku"].as_str().expect("a sku").to_owned();
    assert_eq!(image("Standard_NC24ads_A100_v4"), "2204");
    assert_eq!(image("Standard_NC6s_v3"), "2204");
    assert_eq!(image("Standard_NC6"), "2004", "a K80 boots the first generation");
    assert_eq!(image("Standard_D4s_v5"), "22_04-lts-gen2");
    assert_eq!(image("Standard_D4pds_v5"), "22_04-lts-arm64");
    assert_eq!(image("Standard_D4_v3"), "22_04-lts");
    assert_eq!(image("Standard_DS2_v2"), "22_04-lts-gen2");
    assert_eq!(Size::of("Standard_NC6s_v3").disk(Some("best")), Ok("Premium_LRS"));
    assert_eq!(Size::of("Standard_NC6").disk(Some("best")), Ok("StandardSSD_LRS"));
    assert!(Size::of("Standard_NC6").disk(Some("high")).is_err());
    assert_eq!(Size::of("nonsense").disk(None), Ok("StandardSSD_LRS"));
}

#[test]
fn an_image_is_a_urn_or_an_id() {
    let size = Size::of("Standard_D4s_v5");
    let urn = json!({"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"});
    assert_eq!(size.image(Some("Canonical:ubuntu-24_04-lts:server:latest")), Ok(urn));
    let gallery = "/CommunityGalleries/g/Images/i/Versions/1.0.0";
    assert_eq!(size.image(Some(gallery)), Ok(json!({"communityGalleryImageId": gallery})));
    let own = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/i";
    assert_eq!(size.image(Some(own)), Ok(json!({"id": own})));
    for wrong in ["ubuntu", "a:b:c", "a:b:c:", ""] {
        let Err(ProviderError::Refused(refusals)) = size.image(Some(wrong)) else { panic!("'{wrong}' was taken") };
        let rule = denials::classify("azure", &refusals[0].code, &refusals[0].message).expect("known");
        assert_eq!(rule.cause, Cause::InvalidRequest);
        assert!(refusals[0].message.contains("publisher:offer:sku:version"));
    }
}

#[test]
fn a_launch_asks_for_these() {
    let order = order();
    let bodies = Bodies::of(&order, "SUB").expect("an order that can be had");
    let all = json!({
        "group": {"name": group(&order.key), "body": bodies.group()},
        "network": {"path": bodies.paths.network(), "body": bodies.network()},
        "firewall": {"path": bodies.paths.firewall(), "body": bodies.firewall()},
        "address": {"path": bodies.paths.address(0, None), "body": bodies.address(0)},
        "interface": {"path": bodies.paths.interface(0, Some("2")), "body": bodies.interface(0, Some("2"))},
        "machine": {"path": bodies.paths.machine(0), "body": bodies.machine(0, Some("2"))},
    });
    assert_eq!(bodies.machine(0, None)["tags"]["sky-lease"], "k7f3-12", "ours win over the user's");
    assert!(bodies.machine(0, None).get("zones").is_none());
    insta::assert_snapshot!(serde_json::to_string_pretty(&all).expect("text"));
}

/// The cause that the words of a body's `scope` and its code call for.
fn expected(body: &denials::Body) -> Cause {
    match body.key.split('.').next().expect("a key") {
        "SkuNotAvailable" if body.scope.contains("subscription") => Cause::Unsupported,
        "SkuNotAvailable"
        | "AllocationFailed"
        | "ZonalAllocationFailed"
        | "OverconstrainedAllocationRequest"
        | "OverconstrainedZonalAllocationRequest" => Cause::Stockout,
        "OperationNotAllowed" | "QuotaExceeded" => Cause::QuotaExceeded,
        "ReadOnlyDisabledSubscription" | "AuthorizationFailed" => Cause::Unauthorized,
        "TooManyRequests" => Cause::RateLimited,
        other => panic!("no expectation for {other}"),
    }
}

#[test]
fn every_genuine_body_is_read_and_known() {
    let bodies = denials::bodies("azure");
    assert!(bodies.len() >= 13);
    for body in bodies {
        let envelope = body.envelope.as_ref().expect("ARM has an envelope");
        let read = match body.answer {
            Answered::InPolling => {
                serde_json::from_value::<Operation>(envelope.clone()).expect("an operation").denied()
            }
            _ => denied(body.http, &HeaderMap::new(), envelope).expect("an envelope"),
        };
        let errors: Vec<(&str, &str)> = read.errors.iter().map(|(c, m)| (c.as_str(), m.as_str())).collect();
        assert_eq!(errors, body.errors(), "{}", body.key);
        let (_, rule) = denials::classify_all("azure", &errors).unwrap_or_else(|| panic!("{} is not known", body.key));
        assert_eq!(rule.cause, expected(body), "{}", body.key);
        let refusals = read.refusals(Some("2"));
        assert!(refusals.iter().all(|refusal| refusal.zone.as_deref() == Some("2")));
    }
}

#[test]
fn pauses_are_read_in_seconds_or_exactly() {
    let with = |pairs: &[(&'static str, &'static str)]| {
        let headers: HeaderMap =
            pairs.iter().map(|(k, v)| (k.parse().expect("name"), v.parse().expect("value"))).collect();
        retry_after(&headers).map(|pause| pause.as_millis())
    };
    assert_eq!(with(&[("retry-after", "7")]), Some(7000));
    assert_eq!(with(&[("retry-after", "1"), ("x-ms-retry-after-ms", "50")]), Some(50));
    assert_eq!(with(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]), None);
}

#[test]
fn an_answer_that_is_no_envelope_is_no_refusal_in_azures_words() {
    assert_eq!(denied(404, &HeaderMap::new(), &Value::Null), None);
    assert_eq!(denied(404, &HeaderMap::new(), &json!({"hello": 1})), None);
    let bare = denied(404, &HeaderMap::new(), &json!({"code": "NotFound", "message": "gone"})).expect("bare");
    assert_eq!(bare.code(), "NotFound");
}

#[test]
fn the_power_state_counts_where_there_is_one() {
    let state = |provisioning: &str, power: Option<&str>| {
        let statuses: Vec<Value> = power.iter().map(|code| json!({"code": format!("PowerState/{code}")})).collect();
        let machine = json!({
            "name": "k-0", "location": "East US",
            "properties": {"provisioningState": provisioning, "instanceView": {"statuses": statuses}},
        });
        nodes::state(&serde_json::from_value(machine).expect("a machine"))
    };
    assert_eq!(state("Succeeded", Some("running")), NodeState::Running);
    assert_eq!(state("Creating", None), NodeState::Pending);
    assert_eq!(state("Failed", None), NodeState::Failed);
    assert_eq!(state("Failed", Some("deallocated")), NodeState::Stopped, "a start that found no room");
    assert_eq!(state("Updating", Some("deallocating")), NodeState::Stopping);
    assert_eq!(state("Deleting", Some("running")), NodeState::Terminated);
    assert_eq!(nodes::location("East US 2"), "eastus2");
}

#[test]
fn zones_are_those_that_are_not_restricted() {
    let sku = |zones: &[&str], restrictions: Value| -> Sku {
        let sku = json!({
            "name": "Standard_NC6s_v3", "resourceType": "virtualMachines",
            "locationInfo": [{"location": "eastus", "zones": zones}], "restrictions": restrictions,
        });
        serde_json::from_value(sku).expect("a sku")
    };
    let zonal = json!([{"type": "Zone", "values": ["eastus"], "reasonCode": "NotAvailableForSubscription",
                        "restrictionInfo": {"locations": ["eastus"], "zones": ["3"]}}]);
    let closed = json!([{"type": "Location", "values": ["eastus"], "reasonCode": "NotAvailableForSubscription",
                         "restrictionInfo": {"locations": ["eastus"]}}]);
    let some = |zones: &[&str]| Some(zones.iter().map(|zone| (*zone).to_owned()).collect::<Vec<String>>());
    assert_eq!(open_zones(&sku(&["3", "1"], json!([])), "eastus"), some(&["1", "3"]));
    assert_eq!(open_zones(&sku(&["3", "1"], zonal.clone()), "eastus"), some(&["1"]));
    assert_eq!(open_zones(&sku(&["3"], zonal), "eastus"), None, "it may still be had without a zone");
    assert_eq!(open_zones(&sku(&["1"], closed), "eastus"), some(&[]));
    assert_eq!(open_zones(&sku(&[], json!([])), "eastus"), None);
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let mut environment: std::collections::BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    environment.insert("AZURE_TOKEN_CREDENTIALS".to_owned(), "dev".to_owned());
    environment.insert("PATH".to_owned(), "/nonexistent".to_owned());
    Settings { environment, home: None }
}

async fn refused(settings: &Settings) -> (String, String) {
    match Azure::connect(settings).await {
        Err(ProviderError::NoCredentials { message, remedy }) => (message, remedy),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("connected"),
    }
}

#[tokio::test]
async fn without_credentials_it_says_what_to_do() {
    let (message, remedy) = refused(&settings(&[])).await;
    assert!(message.contains("the Azure CLI is not installed"), "{message}");
    assert!(remedy.contains("az login") && remedy.contains("AZURE_CLIENT_SECRET"), "{remedy}");
    let (message, _) = refused(&settings(&[("AZURE_CLIENT_SECRET", "canary-secret")])).await;
    assert!(message.contains("AZURE_TENANT_ID") && !message.contains("canary-secret"), "{message}");
    let (message, remedy) = refused(&settings(&[("SKY_AZURE_ENDPOINT", "nonsense")])).await;
    assert!(message.contains("SKY_AZURE_ENDPOINT") && remedy.contains("https://"), "{message}");
}

#[tokio::test]
async fn the_login_of_the_cli_is_used() {
    let dir = tempfile::tempdir().expect("a directory");
    let script = "#!/bin/sh\ncase \"$*\" in\n\
                  *'account show'*) echo '{\"id\": \"0000-sub\"}';;\n\
                  *get-access-token*) echo '{\"accessToken\": \"canary\", \"expires_on\": 4102444800, \"tokenType\": \"Bearer\"}';;\n\
                  esac\n";
    let az = dir.path().join("az");
    std::fs::write(&az, script).expect("written");
    let mut mode = std::fs::metadata(&az).expect("there").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o755);
    std::fs::set_permissions(&az, mode).expect("executable");
    let mut settings = settings(&[]);
    settings.environment.insert("PATH".to_owned(), format!("{}:/bin:/usr/bin", dir.path().display()));
    let azure = Azure::connect(&settings).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(azure.arm.subscription, "0000-sub");
    assert_eq!(azure.arm.credential.origin, "az login");
    assert_eq!(azure.arm.credential.token(false).await.expect("a token").secret(), "canary");
}
