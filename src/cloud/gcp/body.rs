//! An order in Google's words.
//!
//! **Invariant:** the same order gives the same bytes, as Google wants of requests with the same id.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::{LeaseKey, Order, ProviderError, tag};
use super::api::Place;
use super::wire::{
    Accelerator, BulkInsert, Disk, DiskParams, Insert, Metadata, MetadataItem, NewAccess, NewInterface, Properties,
    Scheduling, ServiceAccount, Tags,
};
use super::{firewall, tables};
use crate::model::CapacityType;

/// What a machine's account may reach: everything that its own permissions allow, as Google recommends.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The network as a path.
pub(super) fn network(place: &Place) -> String {
    format!("global/networks/{}", place.network)
}

/// The name of one machine of a launch.
pub(super) fn name(key: &LeaseKey, rank: u16) -> String {
    format!("{key}-{rank}")
}

/// The place in the gang that a machine's name tells.
pub(super) fn rank_of(name: &str) -> Option<u16> {
    name.rsplit_once('-')?.1.parse().ok()
}

/// The id of the create call of this launch in this zone.
pub(super) fn request_id(key: &LeaseKey, zone: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("sky:create:{key}:{zone}").as_bytes()).to_string()
}

/// Refuses what no zone would take, before anything is asked.
pub(super) fn check(order: &Order) -> Result<(), ProviderError> {
    let invalid = |message: String| Err(ProviderError::refused("invalid", message));
    if let Some((device, _)) = &order.accelerator {
        if device.starts_with("tpu-") && !tables::tpu_has_one_host(device) {
            return invalid(format!(
                "{device} is driven by several hosts, and slices of several hosts are only planned and simulated by this \
                 version; one host drives up to 8 chips, as in tpu-v5litepod-8"
            ));
        }
        if !device.starts_with("tpu-") && tables::accelerator_type(device).is_none() {
            return invalid(format!("{device} cannot be attached to {} on Google Cloud", order.instance_type));
        }
    }
    if tables::disk_type(&order.instance_type, order.machine.disk_tier.as_deref()).is_none() {
        return invalid(format!(
            "disk tier '{}' is unknown; it is one of low, medium, high, ultra, best",
            order.machine.disk_tier.as_deref().unwrap_or_default()
        ));
    }
    if let Some((key, value)) = order.machine.labels.iter().find(|(key, value)| !is_label(key, value)) {
        return invalid(format!(
            "label '{key}: {value}' is not one of Google Cloud: lower-case letters, digits, - and _, at most 63, the key \
             beginning with a letter"
        ));
    }
    Ok(())
}

fn is_label(key: &str, value: &str) -> bool {
    let fits = |text: &str| {
        text.chars().count() <= 63
            && text.chars().all(|c| (c.is_alphanumeric() && !c.is_uppercase()) || c == '-' || c == '_')
    };
    fits(key) && fits(value) && key.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_uppercase())
}

/// Body of a create of one machine.
pub(super) fn insert(place: &Place, order: &Order, zone: &str) -> Insert {
    let mut machine = machine(place, order, &|collection, name| format!("zones/{zone}/{collection}/{name}"));
    machine.labels.insert(tag::RANK.to_owned(), "0".to_owned());
    Insert { name: name(&order.key, 0), machine }
}

/// Body of a create of several machines, all or none.
pub(super) fn bulk_insert(place: &Place, order: &Order) -> BulkInsert {
    let count = order.nodes.to_string();
    BulkInsert {
        count: count.clone(),
        min_count: count,
        per_instance_properties: (0..order.nodes)
            .map(|rank| (name(&order.key, rank), Value::Object(Map::new())))
            .collect(),
        instance_properties: machine(place, order, &|_, name| name.to_owned()),
    }
}

/// `typed` makes Google's name of a type from its collection and its own name.
fn machine(place: &Place, order: &Order, typed: &dyn Fn(&str, &str) -> String) -> Properties {
    let spec = &order.machine;
    let attached =
        order.accelerator.as_ref().and_then(|(device, count)| Some((tables::accelerator_type(device)?, *count)));
    let gpus = attached.is_some() || tables::has_gpus(&order.instance_type);
    let disk = tables::disk_type(&order.instance_type, spec.disk_tier.as_deref()).unwrap_or("pd-balanced");
    let labels = labels(order);
    Properties {
        machine_type: typed("machineTypes", &order.instance_type),
        disks: vec![Disk {
            boot: true,
            auto_delete: true,
            initialize_params: DiskParams {
                source_image: image(spec.image.as_deref(), &order.instance_type, gpus),
                disk_size_gb: spec.disk_size_gb.to_string(),
                disk_type: typed("diskTypes", disk),
                labels: labels.clone(),
            },
        }],
        network_interfaces: vec![NewInterface {
            network: network(place),
            subnetwork: place.subnetwork.as_ref().map(|name| format!("regions/{}/subnetworks/{name}", order.region)),
            access_configs: vec![NewAccess { name: "External NAT", kind: "ONE_TO_ONE_NAT" }],
        }],
        labels,
        tags: Tags { items: tags(place, order) },
        metadata: metadata(order),
        scheduling: scheduling(order.capacity, gpus),
        guest_accelerators: attached
            .map(|(device, accelerator_count)| Accelerator {
                accelerator_type: typed("acceleratorTypes", device),
                accelerator_count,
            })
            .into_iter()
            .collect(),
        service_accounts: place
            .account
            .iter()
            .map(|email| ServiceAccount { email: email.clone(), scopes: vec![SCOPE] })
            .collect(),
    }
}

/// Network tags, one a rule that lets traffic in.
pub(super) fn tags(place: &Place, order: &Order) -> Vec<String> {
    std::iter::once(&(22, 22)).chain(&order.machine.ports).map(|ports| firewall::tag(place, *ports)).collect()
}

/// The user's image: a path as it is, a bare name as one of the project's own.
fn image(named: Option<&str>, instance_type: &str, gpus: bool) -> String {
    match named {
        Some(path) if path.contains('/') => path.to_owned(),
        Some(name) => format!("global/images/{name}"),
        None => tables::default_image(instance_type, gpus).to_owned(),
    }
}

pub(super) fn labels(order: &Order) -> BTreeMap<String, String> {
    let ours = [(tag::OWNER, &order.owner), (tag::CLUSTER, &order.cluster), (tag::LEASE, &order.key.0)];
    let ours = ours.into_iter().map(|(key, value)| (key.to_owned(), value.clone()));
    order.machine.labels.iter().cloned().chain(ours).collect()
}

pub(super) fn metadata(order: &Order) -> Metadata {
    let spec = &order.machine;
    let mut items = vec![
        MetadataItem { key: "ssh-keys", value: format!("{}:{}", spec.ssh_user, spec.ssh_public_key.trim()) },
        // Where a project has OS Login on, keys in metadata are ignored.
        MetadataItem { key: "enable-oslogin", value: "FALSE".to_owned() },
    ];
    if let Some(script) = &spec.startup_script {
        items.push(MetadataItem { key: "startup-script", value: script.clone() });
    }
    Metadata { items }
}

/// Machines with GPUs cannot be moved while they run, and spot machines are not started again behind the user's back.
/// A spot machine that is taken back is stopped, so that its disk can still be read.
fn scheduling(capacity: CapacityType, gpus: bool) -> Scheduling {
    let spot = capacity == CapacityType::Spot;
    let text = |word: &str| Some(word.to_owned());
    Scheduling {
        provisioning_model: text(if spot { "SPOT" } else { "STANDARD" }),
        instance_termination_action: if spot { text("STOP") } else { None },
        on_host_maintenance: text(if spot || gpus { "TERMINATE" } else { "MIGRATE" }),
        automatic_restart: Some(!spot),
    }
}
