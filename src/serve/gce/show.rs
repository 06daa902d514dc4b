//! A machine as Compute Engine shows it.
//!
//! **Invariant:** what the client sent is shown as it was sent, with what Google adds: links, numbers, fingerprints.

use serde_json::{Value, json};

use super::super::site::{Instance, State};
use super::answer::{Reply, invalid, required};
use super::instances::begun;
use super::links::{fingerprint, link, region_of};
use super::places;
use super::state::Gce;
use crate::model::CapacityType;

/// The name in a body, if it is one.
pub(super) fn name(body: &Value, field: &str) -> Result<String, Reply> {
    let name = body["name"].as_str().ok_or_else(|| required(field))?;
    let lower = |letter: char| letter.is_ascii_lowercase();
    let inner = |letter: char| lower(letter) || letter.is_ascii_digit() || letter == '-';
    let good = name.len() <= 63 && name.starts_with(lower) && name.chars().all(inner) && !name.ends_with('-');
    let why = "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'";
    if good { Ok(name.to_owned()) } else { Err(invalid(field, name, why)) }
}

pub(super) fn labels(instance: &Instance) -> Value {
    json!(instance.tags)
}

pub(super) fn instance(gce: &Gce, instance: &Instance) -> Value {
    let clock = gce.site.clock();
    let zone = instance.zone.as_deref().unwrap_or_default();
    let place = |below: &str| link(&gce.project, &format!("zones/{zone}{below}"));
    let extra = &instance.extra;
    let labels = labels(instance);
    let mut shown = json!({
        "kind": "compute#instance",
        "id": instance.number().to_string(),
        "creationTimestamp": clock.rfc3339(instance.created),
        "name": instance.name,
        "machineType": place(&format!("/machineTypes/{}", instance.instance_type)),
        "status": status(gce, instance),
        "zone": place(""),
        "networkInterfaces": interfaces(gce, instance),
        "disks": disks(gce, instance, zone),
        "metadata": metadata(extra),
        "tags": tags(extra),
        "scheduling": scheduling(instance),
        "labelFingerprint": fingerprint(&labels),
        "fingerprint": fingerprint(&json!([instance.name, instance.id.0])),
        "cpuPlatform": "Intel Skylake",
        "startRestricted": false,
        "deletionProtection": false,
        "lastStartTimestamp": clock.rfc3339(begun(instance)),
        "selfLink": place(&format!("/instances/{}", instance.name)),
    });
    if !instance.tags.is_empty() {
        shown["labels"] = labels;
    }
    if let Some(stopped) = instance.stopped_at {
        shown["lastStopTimestamp"] = clock.rfc3339(stopped).into();
    }
    for kept in ["description", "serviceAccounts", "canIpForward", "minCpuPlatform", "shieldedInstanceConfig"] {
        if let Some(value) = extra.get(kept) {
            shown[kept] = value.clone();
        }
    }
    if let Some(devices) = accelerators(gce, instance, zone) {
        shown["guestAccelerators"] = devices;
    }
    shown
}

pub(super) fn status(gce: &Gce, instance: &Instance) -> &'static str {
    match instance.state {
        // The hardware is found first, then the system is brought up.
        State::Pending(up) => {
            let (whole, passed) = (up.since(begun(instance)), gce.site.clock().now().since(begun(instance)));
            if passed.0 * 4 < whole.0 { "PROVISIONING" } else { "STAGING" }
        }
        State::Running => "RUNNING",
        State::Stopping(_) | State::Terminating(_) => "STOPPING",
        State::Stopped | State::Terminated => "TERMINATED",
    }
}

fn interfaces(gce: &Gce, instance: &Instance) -> Value {
    let region = region_of(instance.zone.as_deref().unwrap_or_default());
    let asked = &instance.extra["networkInterfaces"][0];
    let mut interface = json!({
        "kind": "compute#networkInterface",
        "name": "nic0",
        "network": link(&gce.project, &format!("global/networks/{}", places::NETWORK)),
        "subnetwork": link(&gce.project, &format!("regions/{region}/subnetworks/{}", places::NETWORK)),
        "networkIP": instance.private_ip,
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint(&json!([instance.private_ip])),
    });
    if let Some(access) = asked["accessConfigs"].as_array().and_then(|all| all.first()) {
        let mut access = access.clone();
        access["kind"] = "compute#accessConfig".into();
        access["networkTier"] = "PREMIUM".into();
        if access["type"].is_null() {
            access["type"] = "ONE_TO_ONE_NAT".into();
        }
        if let Some(address) = &instance.public_ip {
            access["natIP"] = address.clone().into();
        }
        interface["accessConfigs"] = json!([access]);
    }
    json!([interface])
}

fn disks(gce: &Gce, instance: &Instance, zone: &str) -> Value {
    let asked = instance.extra["disks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = asked.iter().enumerate().map(|(index, disk)| {
        let name = if index == 0 { instance.name.clone() } else { format!("{}-{index}", instance.name) };
        let size = disk["initializeParams"]["diskSizeGb"].as_str().unwrap_or("10");
        let text = |field: &str, usual: &str| disk[field].as_str().unwrap_or(usual).to_owned();
        json!({
            "kind": "compute#attachedDisk",
            "type": text("type", "PERSISTENT"),
            "mode": text("mode", "READ_WRITE"),
            "interface": text("interface", "SCSI"),
            "deviceName": text("deviceName", &format!("persistent-disk-{index}")),
            "source": text("source", &link(&gce.project, &format!("zones/{zone}/disks/{name}"))),
            "index": index,
            "boot": disk["boot"].as_bool().unwrap_or(index == 0),
            "autoDelete": disk["autoDelete"].as_bool().unwrap_or(false),
            "diskSizeGb": disk["diskSizeGb"].as_str().unwrap_or(size),
        })
    });
    Value::Array(shown.collect())
}

fn metadata(extra: &Value) -> Value {
    let items = &extra["metadata"]["items"];
    let mut metadata = json!({"kind": "compute#metadata", "fingerprint": fingerprint(items)});
    if items.is_array() {
        metadata["items"] = items.clone();
    }
    metadata
}

fn tags(extra: &Value) -> Value {
    let items = &extra["tags"]["items"];
    let mut tags = json!({"fingerprint": fingerprint(items)});
    if items.is_array() {
        tags["items"] = items.clone();
    }
    tags
}

fn scheduling(instance: &Instance) -> Value {
    let spot = instance.terms == CapacityType::Spot;
    let mut scheduling = json!({
        "provisioningModel": if spot { "SPOT" } else { "STANDARD" },
        "preemptible": spot,
        "onHostMaintenance": if spot { "TERMINATE" } else { "MIGRATE" },
        "automaticRestart": !spot,
    });
    if let Some(asked) = instance.extra["scheduling"].as_object() {
        for (key, value) in asked {
            scheduling[key.as_str()] = value.clone();
        }
    }
    scheduling
}

fn accelerators(gce: &Gce, instance: &Instance, zone: &str) -> Option<Value> {
    let (ours, count) = instance.accelerator.as_ref()?;
    let google = places::google_name(ours)?;
    let kind = link(&gce.project, &format!("zones/{zone}/acceleratorTypes/{google}"));
    Some(json!([{"acceleratorType": kind, "acceleratorCount": count}]))
}
