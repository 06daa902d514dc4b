//! Creating machines: what is asked of the market, and what its verdict is on the wire.
//!
//! **Invariant:** what the market decides is decided under this protocol's lock, so of two machines with one name only
//! one is made.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::site::{Ask, Instance, Login, OnPreemption, Outcome, Refusal, SiteError, Verdict, Wire};
use super::answer::{Answer, Reply, Request, already_exists, invalid, not_found, required};
use super::links::{last_part, region_of};
use super::operations::{self, Operation};
use super::state::{Gce, Kept};
use super::{images, instances, places, show};
use crate::denials::Answered;
use crate::model::{CapacityType, Timestamp};

/// `instances.insert`
pub(super) fn one(gce: &Gce, request: &Request, zone: &str) -> Result<Answer, Reply> {
    let name = show::name(&request.body, "resource.name")?;
    let ask = ask(gce, request, zone, &request.body, "resource")?;
    launch(gce, request, zone, &Ask { names: vec![name], ..ask }, false)
}

/// `instances.bulkInsert`
pub(super) fn bulk(gce: &Gce, request: &Request, zone: &str) -> Result<Answer, Reply> {
    let body = &request.body;
    let count = number(body, "count")?.ok_or_else(|| required("resource.count"))?;
    let least = number(body, "minCount")?.unwrap_or(count);
    if count == 0 || count > 1000 || least > count {
        return Err(invalid(
            "resource.count",
            &count.to_string(),
            "Must be between 1 and 1000, and at least minCount.",
        ));
    }
    let names = names(body, count)?;
    let properties = &body["instanceProperties"];
    let ask = ask(gce, request, zone, properties, "resource.instanceProperties")?;
    launch(gce, request, zone, &Ask { names, nodes: count, least, ..ask }, true)
}

/// A number that is written as a string.
fn number(body: &Value, field: &str) -> Result<Option<u16>, Reply> {
    let text = match &body[field] {
        Value::Null => return Ok(None),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.parse().map(Some).map_err(|_| invalid(&format!("resource.{field}"), &text, "Must be a whole number."))
}

fn names(body: &Value, count: u16) -> Result<Vec<String>, Reply> {
    if let Some(each) = body["perInstanceProperties"].as_object() {
        if each.len() != usize::from(count) {
            let why = "The number of names must be the count.";
            return Err(invalid("resource.perInstanceProperties", &each.len().to_string(), why));
        }
        return each.keys().map(|name| show::name(&json!({"name": name}), "resource.perInstanceProperties")).collect();
    }
    let pattern = body["namePattern"].as_str().ok_or_else(|| required("resource.namePattern"))?;
    let digits = pattern.chars().filter(|letter| *letter == '#').count();
    let mark = "#".repeat(digits);
    if digits == 0 || !pattern.contains(&mark) {
        return Err(invalid("resource.namePattern", pattern, "Must hold one run of '#'."));
    }
    Ok((1..=count).map(|number| pattern.replace(&mark, &format!("{number:0digits$}"))).collect())
}

/// What is asked of the market, from the properties of a machine.
fn ask(gce: &Gce, request: &Request, zone: &str, properties: &Value, at: &str) -> Result<Ask, Reply> {
    let kind = properties["machineType"].as_str().filter(|kind| !kind.is_empty());
    let kind = last_part(kind.ok_or_else(|| required(&format!("{at}.machineType")))?).to_owned();
    check_disks(properties, at)?;
    check_network(gce, properties, at)?;
    let labels = properties["labels"].as_object();
    let labels = labels.into_iter().flatten().map(|(key, value)| (key.clone(), text(value)));
    let scheduling = &properties["scheduling"];
    let spot = scheduling["provisioningModel"] == "SPOT" || scheduling["preemptible"] == true;
    let accelerator = accelerator(gce, zone, properties)?;
    let built_in = ["a2-", "a3-", "a4-", "g2-", "g4-"].iter().any(|family| kind.starts_with(family));
    if (accelerator.is_some() || built_in) && !spot && scheduling["onHostMaintenance"] != "TERMINATE" {
        let why = "Instances with guest accelerators do not support live migration.";
        return Err(Reply::error(400, "invalid", why));
    }
    let mut extra = properties.clone();
    if let Some(fields) = extra.as_object_mut() {
        fields.retain(|key, _| key != "name" && key != "labels");
    }
    Ok(Ask {
        cloud: "gcp",
        region: region_of(zone).to_owned(),
        zone: Some(zone.to_owned()),
        instance_type: kind,
        accelerator,
        terms: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        max_price: None,
        nodes: 1,
        least: 1,
        token: request.query.get("requestId").cloned(),
        names: Vec::new(),
        tags: labels.collect(),
        ssh: login(properties),
        on_preemption: if scheduling["instanceTerminationAction"] == "DELETE" {
            OnPreemption::Terminate
        } else {
            OnPreemption::Stop
        },
        extra,
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn check_disks(properties: &Value, at: &str) -> Result<(), Reply> {
    let disks = properties["disks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let boot = disks.iter().find(|disk| disk["boot"] == true).or(disks.first());
    let boot = boot.ok_or_else(|| invalid(&format!("{at}.disks"), "", "No boot disk is specified."))?;
    match (boot["initializeParams"]["sourceImage"].as_str(), boot["source"].as_str()) {
        (Some(image), _) => images::check(image),
        (None, Some(_)) => Ok(()),
        (None, None) => {
            let field = format!("{at}.disks[0].initializeParams.sourceImage");
            Err(invalid(&field, "", "A boot disk needs an image or a source."))
        }
    }
}

fn check_network(gce: &Gce, properties: &Value, at: &str) -> Result<(), Reply> {
    let interfaces = properties["networkInterfaces"].as_array().filter(|all| !all.is_empty()).ok_or_else(|| {
        invalid(&format!("{at}.networkInterfaces"), "", "At least one network interface is required.")
    })?;
    let network = interfaces[0]["network"].as_str().map_or(places::NETWORK, last_part);
    if network == places::NETWORK {
        return Ok(());
    }
    Err(not_found(&format!("projects/{}/global/networks/{network}", gce.project)))
}

/// Devices to attach, by the catalog's name.
fn accelerator(gce: &Gce, zone: &str, properties: &Value) -> Result<Option<(String, u32)>, Reply> {
    let Some(first) = properties["guestAccelerators"].as_array().and_then(|all| all.first()) else { return Ok(None) };
    let google = last_part(first["acceleratorType"].as_str().unwrap_or_default());
    let count = first["acceleratorCount"].as_u64().unwrap_or(1) as u32;
    let sold = gce.market.zones.get(zone).is_some_and(|shelf| shelf.accelerators.contains(google));
    match places::catalog_name(google).filter(|_| sold) {
        Some(ours) => Ok(Some((ours.to_owned(), count))),
        None => Err(not_found(&format!("projects/{}/zones/{zone}/acceleratorTypes/{google}", gce.project))),
    }
}

/// The first user of the `ssh-keys` in the metadata, with all keys of theirs.
pub(super) fn login(properties: &Value) -> Option<Login> {
    let items = properties["metadata"]["items"].as_array()?;
    let keys = items.iter().find(|item| item["key"] == "ssh-keys")?["value"].as_str()?;
    let lines: Vec<(&str, &str)> = keys.lines().filter_map(|line| line.split_once(':')).collect();
    let user = lines.first()?.0;
    let own: Vec<&str> = lines.iter().filter(|(name, _)| *name == user).map(|(_, key)| *key).collect();
    Some(Login { user: user.to_owned(), public_key: own.join("\n") })
}

fn launch(gce: &Gce, request: &Request, zone: &str, ask: &Ask, bulk: bool) -> Result<Answer, Reply> {
    let mut kept = gce.kept();
    if let Some(earlier) = operations::repeated(gce, &kept, request)? {
        return Ok(Answer::Now(earlier));
    }
    if let Some(taken) = ask.names.iter().find(|name| instances::named(gce, zone, name).is_some()) {
        return Err(already_exists(&instances::whole(gce, zone, taken)));
    }
    let now = gce.site.clock().now();
    let verdict = gce.site.launch(ask).map_err(|error| refused_at_once(gce, zone, ask, error))?;
    let target = match ask.names.first() {
        Some(name) if !bulk => format!("zones/{zone}/instances/{name}"),
        _ => format!("zones/{zone}"),
    };
    let kind = if bulk { "bulkInsert" } else { "insert" };
    let mut operation = Operation::new(request, kind, &format!("zones/{zone}"), &target, now);
    if bulk {
        operation.bulk = bulk_status(ask, &verdict);
    }
    Ok(answer(gce, &mut kept, operation, ask.least, &verdict))
}

/// What a verdict of the market is on the wire.
pub(super) fn answer(gce: &Gce, kept: &mut Kept, mut operation: Operation, least: u16, verdict: &Verdict) -> Answer {
    operation.done = verdict.at;
    let (made, refused): (&[Arc<Instance>], &[Refusal]) = match &verdict.outcome {
        Outcome::Accepted { instances, refused } => (instances, refused),
        Outcome::Refused(refused) => (&[], refused),
        Outcome::Nothing => return Answer::Hang,
    };
    if let ([only], "insert" | "start") = (made, operation.kind) {
        operation.target_id = only.number().to_string();
    }
    if made.is_empty()
        && let Some(first) = refused.first().filter(|refusal| refusal.answered() == Answered::AtOnce)
    {
        return match verdict.wire {
            Wire::Cut(at) => Answer::Cut(at),
            Wire::Hangs => Answer::Hang,
            Wire::Arrives => Answer::At(verdict.at, envelope(first)),
        };
    }
    if made.len() < usize::from(least) {
        operation.failure = failure(least, refused, operation.kind == "bulkInsert");
    }
    let reply = operations::begin(gce, kept, operation);
    match verdict.wire {
        Wire::Arrives => Answer::Now(reply),
        Wire::Cut(at) => Answer::Cut(at),
        Wire::Hangs => Answer::Hang,
    }
}

/// A refusal that is the answer itself.
pub(super) fn envelope(refusal: &Refusal) -> Reply {
    let body =
        refusal.envelope().unwrap_or_else(|| Reply::error(refusal.http(), refusal.code(), &refusal.message()).body);
    let headers = refusal.body.headers.as_ref().and_then(Value::as_object);
    let headers = headers.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect();
    Reply { status: refusal.http(), headers, ..Reply::ok(body) }
}

/// The errors of an operation. A bulk insert says first that it made too few, then why.
fn failure(least: u16, refused: &[Refusal], bulk: bool) -> Value {
    let envelopes = refused.iter().filter_map(Refusal::envelope);
    let mut errors: Vec<Value> =
        envelopes.filter_map(|envelope| envelope["error"]["errors"].as_array().cloned()).flatten().collect();
    if bulk && !errors.iter().any(|error| error["code"] == "VM_MIN_COUNT_NOT_REACHED") {
        let message = format!("Requested minimum count of {least} VMs could not be created.");
        errors.insert(0, json!({"code": "VM_MIN_COUNT_NOT_REACHED", "message": message}));
    }
    let envelope = refused.first().and_then(Refusal::envelope).unwrap_or_default();
    let field = |name: &str, usual: Value| envelope.get(name).cloned().unwrap_or(usual);
    json!({
        "error": {"errors": errors},
        "httpErrorStatusCode": field("httpErrorStatusCode", 503.into()),
        "httpErrorMessage": field("httpErrorMessage", "SERVICE UNAVAILABLE".into()),
    })
}

fn bulk_status(ask: &Ask, verdict: &Verdict) -> Value {
    let created = match &verdict.outcome {
        Outcome::Accepted { instances, .. } => instances.len(),
        _ => 0,
    };
    let failed = usize::from(ask.nodes) - created.min(usize::from(ask.nodes));
    json!({
        "targetVmCount": ask.nodes, "createdVmCount": created, "failedToCreateVmCount": failed, "deletedVmCount": 0,
        "status": "DONE",
    })
}

/// What is no question to the market.
fn refused_at_once(gce: &Gce, zone: &str, ask: &Ask, error: SiteError) -> Reply {
    let no_such_type = || {
        let value = format!("zones/{zone}/machineTypes/{}", ask.instance_type);
        let why = format!("Machine type with name '{}' does not exist in zone '{zone}'.", ask.instance_type);
        invalid("resource.machineType", &value, &why)
    };
    match error {
        SiteError::NoRegion(_) | SiteError::NoZone(_) => invalid("zone", zone, "Unknown zone."),
        SiteError::NoType(_) | SiteError::NotSold { .. } => no_such_type(),
        SiteError::TokenReused => {
            let id = ask.token.as_deref().unwrap_or_default();
            invalid("requestId", id, "It was used before with another request.")
        }
        SiteError::NoInstance(name) => not_found(&instances::whole(gce, zone, &name)),
        SiteError::WrongState(state) => instances::not_ready(gce, zone, state),
    }
}

/// An operation that the cloud could not carry out, for no reason that concerns the client.
pub(super) fn internal_error(at: Timestamp) -> Value {
    let message = format!("Internal error. Please try again or contact Google Support. (Code: '{}')", at.0);
    json!({
        "error": {"errors": [{"code": "INTERNAL_ERROR", "message": message}]},
        "httpErrorStatusCode": 500,
        "httpErrorMessage": "INTERNAL SERVER ERROR",
    })
}
