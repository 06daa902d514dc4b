//! Cloud TPU v2 on the same market: slices made, shown, stopped, started, deleted.
//!
//! **Invariant:** a slice is a machine of the site like any other; what Cloud TPU says otherwise than Compute Engine is
//! said here. Where no genuine words of Cloud TPU for a refusal are known, Compute Engine's are told.

use serde_json::{Value, json};

use super::super::site::{Ask, Filter, Instance, OnPreemption, Outcome, Refusal, State, Verdict, Wire};
use super::answer::{Answer, Reply, Request};
use super::links::{last_part, region_of};
use super::operations::{self, Operation};
use super::state::{Gce, Kept};
use super::{insert, instances, show};
use crate::denials::Answered;
use crate::model::CapacityType;

/// What the catalog calls the machine of every slice.
pub(super) const HOST: &str = "TPU-VM";

/// Everything below `/v2/projects/PROJECT`.
pub(super) fn route(gce: &Gce, request: &Request) -> Result<Answer, Reply> {
    gce.forget_what_was_reset();
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    let ["locations", zone, rest @ ..] = &parts[..] else { return Err(not_found(&request.parts.join("/"))) };
    if *zone != "-" && !gce.market.zones.contains_key(*zone) {
        return Err(not_found(&format!("projects/{}/locations/{zone}", gce.project)));
    }
    match (request.method.as_str(), rest) {
        ("POST", ["nodes"]) => create(gce, request, zone),
        ("GET", ["nodes"]) => Ok(Answer::Now(list(gce, zone))),
        ("GET", ["nodes", name]) => {
            instances::come_up(gce, zone, name);
            Ok(Answer::Now(Reply::ok(value(gce, found(gce, zone, name)?.as_ref()))))
        }
        ("DELETE", ["nodes", name]) => change(gce, request, zone, name, "delete"),
        ("POST", ["nodes", call]) => match call.split_once(':') {
            Some((name, "stop")) => change(gce, request, zone, name, "stop"),
            Some((name, "start")) => change(gce, request, zone, name, "start"),
            _ => Err(not_found(call)),
        },
        ("GET", ["operations", name]) => {
            let kept = gce.kept();
            let operation = kept.named(name).filter(|operation| operation.place == place(zone));
            let operation = operation.ok_or_else(|| not_found(&format!("operations/{name}")))?;
            gce.site.clock().hasten(operation.done);
            Ok(Answer::Now(Reply::ok(operation_value(gce, operation))))
        }
        _ => Err(not_found(&request.parts.join("/"))),
    }
}

fn place(zone: &str) -> String {
    format!("locations/{zone}")
}

fn error(code: u16, status: &str, message: &str) -> Reply {
    let body = json!({"error": {"code": code, "message": message, "status": status}});
    Reply { status: code, ..Reply::ok(body) }
}

fn not_found(what: &str) -> Reply {
    error(404, "NOT_FOUND", &format!("Resource '{what}' was not found"))
}

fn invalid(message: &str) -> Reply {
    error(400, "INVALID_ARGUMENT", message)
}

fn found(gce: &Gce, zone: &str, name: &str) -> Result<std::sync::Arc<Instance>, Reply> {
    let missing = || not_found(&format!("projects/{}/locations/{zone}/nodes/{name}", gce.project));
    instances::named(gce, zone, name).filter(|instance| instance.instance_type == HOST).ok_or_else(missing)
}

fn list(gce: &Gce, zone: &str) -> Reply {
    let filter = Filter { cloud: Some("gcp"), zone: (zone != "-").then(|| zone.to_owned()), ..Filter::default() };
    let slices = gce.site.instances(&filter).into_iter().filter(|instance| instance.instance_type == HOST);
    let nodes: Vec<Value> = slices.map(|instance| value(gce, &instance)).collect();
    Reply::ok(if nodes.is_empty() { json!({}) } else { json!({"nodes": nodes}) })
}

fn create(gce: &Gce, request: &Request, zone: &str) -> Result<Answer, Reply> {
    let id = request.query.get("nodeId").map_or("", String::as_str);
    let name = show::name(&json!({"name": id}), "nodeId").map_err(|_| invalid("Invalid node ID."))?;
    let ask = ask(request, zone, &name)?;
    let mut kept = gce.kept();
    if instances::named(gce, zone, &name).is_some() {
        let text = format!("Resource 'projects/{}/locations/{zone}/nodes/{name}' already exists", gce.project);
        return Err(error(409, "ALREADY_EXISTS", &text));
    }
    let slice = &request.body["acceleratorType"];
    let unknown = |_| invalid(&format!("Accelerator type {slice} is not offered in zone {zone}."));
    let verdict = gce.site.launch(&ask).map_err(unknown)?;
    let target = format!("locations/{zone}/nodes/{name}");
    let operation = Operation::new(request, "create", &place(zone), &target, gce.site.clock().now());
    Ok(told(gce, &mut kept, operation, &verdict))
}

fn ask(request: &Request, zone: &str, name: &str) -> Result<Ask, Reply> {
    let body = &request.body;
    let text = |field: &str| body[field].as_str().filter(|text| !text.is_empty());
    let slice = text("acceleratorType").ok_or_else(|| invalid("Field acceleratorType is required."))?;
    text("runtimeVersion").ok_or_else(|| invalid("Field runtimeVersion is required."))?;
    let labels = body["labels"].as_object().into_iter().flatten();
    let terms = &body["schedulingConfig"];
    let spot = terms["spot"] == true || terms["preemptible"] == true;
    // The same as the metadata of a machine, as a map.
    let keys = json!({"metadata": {"items": [{"key": "ssh-keys", "value": body["metadata"]["ssh-keys"]}]}});
    Ok(Ask {
        cloud: "gcp",
        region: region_of(zone).to_owned(),
        zone: Some(zone.to_owned()),
        instance_type: HOST.to_owned(),
        accelerator: Some((format!("tpu-{slice}"), 1)),
        terms: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        max_price: None,
        nodes: 1,
        least: 1,
        token: None,
        names: vec![name.to_owned()],
        tags: labels.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect(),
        ssh: insert::login(&keys),
        on_preemption: OnPreemption::Stop,
        extra: body.clone(),
    })
}

/// What a verdict of the market is in Cloud TPU's words.
fn told(gce: &Gce, kept: &mut Kept, mut operation: Operation, verdict: &Verdict) -> Answer {
    operation.done = verdict.at;
    let answer = match &verdict.outcome {
        Outcome::Nothing => return Answer::Hang,
        Outcome::Refused(refused) => match refused.first() {
            Some(first) if first.answered() == Answered::AtOnce => Some(insert::envelope(first)),
            Some(first) if first.code().starts_with("QUOTA") => Some(over_quota(first)),
            Some(first) => {
                operation.failure = failure(first);
                None
            }
            None => None,
        },
        Outcome::Accepted { .. } => None,
    };
    match (verdict.wire, answer) {
        (Wire::Hangs, _) => Answer::Hang,
        (Wire::Cut(at), refused) => {
            if refused.is_none() {
                operations::keep(gce, kept, operation);
            }
            Answer::Cut(at)
        }
        (Wire::Arrives, Some(refused)) => Answer::At(verdict.at, refused),
        (Wire::Arrives, None) => Answer::Now(Reply::ok(operation_value(gce, operations::keep(gce, kept, operation)))),
    }
}

fn over_quota(refusal: &Refusal) -> Reply {
    let text = refusal.fill("Quota limit '{quota}' has been exceeded. Limit: {limit} in region {region}.");
    error(429, "RESOURCE_EXHAUSTED", &text)
}

/// Codes are those of google.rpc: 8 is for resources that are exhausted.
fn failure(refusal: &Refusal) -> Value {
    let zone = refusal.zone.as_deref().unwrap_or_default();
    let message = if refusal.code().starts_with("ZONE_RESOURCE_POOL_EXHAUSTED") {
        format!(
            "There is no more capacity in the zone \"{zone}\"; you can try in another zone where Cloud TPU Nodes are \
             offered (see https://cloud.google.com/tpu/docs/regions)"
        )
    } else {
        refusal.message()
    };
    let preempted = refusal.code() == "UNSUPPORTED_OPERATION";
    json!({"code": if preempted { 3 } else { 8 }, "message": message})
}

fn change(gce: &Gce, request: &Request, zone: &str, name: &str, verb: &'static str) -> Result<Answer, Reply> {
    let instance = found(gce, zone, name)?;
    let mut kept = gce.kept();
    let target = format!("locations/{zone}/nodes/{name}");
    let mut operation = Operation::new(request, verb, &place(zone), &target, gce.site.clock().now());
    let wrong = |_| {
        let text = format!("The TPU node is {}, which does not allow to {verb} it.", instance.state.name());
        error(400, "FAILED_PRECONDITION", &text)
    };
    if verb == "start" {
        let verdict = gce.site.start(instance.id).map_err(wrong)?;
        return Ok(told(gce, &mut kept, operation, &verdict));
    }
    let ended = if verb == "stop" { gce.site.stop(instance.id) } else { gce.site.terminate(instance.id) };
    let ended = ended.map_err(wrong)?;
    operation.done = ended.at;
    if ended.failed {
        operation.failure = json!({"code": 13, "message": "an internal error has occurred"});
    }
    Ok(Answer::Now(Reply::ok(operation_value(gce, operations::keep(gce, &mut kept, operation)))))
}

fn operation_value(gce: &Gce, operation: &Operation) -> Value {
    let clock = gce.site.clock();
    let done = clock.now() >= operation.done;
    let whole = |below: &str| format!("projects/{}/{below}", gce.project);
    let mut value = json!({
        "name": whole(&format!("{}/operations/{}", operation.place, operation.name)),
        "metadata": {
            "@type": "type.googleapis.com/google.cloud.common.OperationMetadata",
            "createTime": clock.rfc3339(operation.begun),
            "target": whole(&operation.target),
            "verb": operation.kind,
            "cancelRequested": false,
            "apiVersion": "v2",
        },
        "done": done,
    });
    if !done {
        return value;
    }
    value["metadata"]["endTime"] = clock.rfc3339(operation.done).into();
    if operation.failure.is_null() {
        let kind = if operation.kind == "delete" { "protobuf.Empty" } else { "cloud.tpu.v2.Node" };
        let mut response = json!({"@type": format!("type.googleapis.com/google.{kind}")});
        if operation.kind != "delete" {
            response["name"] = whole(&operation.target).into();
        }
        value["response"] = response;
    } else {
        value["error"] = operation.failure.clone();
    }
    value
}

fn value(gce: &Gce, instance: &Instance) -> Value {
    let zone = instance.zone.as_deref().unwrap_or_default();
    let state = match instance.state {
        State::Pending(_) => "CREATING",
        State::Running => "READY",
        State::Stopping(_) => "STOPPING",
        State::Stopped if instance.preempted => "PREEMPTED",
        State::Stopped => "STOPPED",
        State::Terminating(_) | State::Terminated => "DELETING",
    };
    let mut value = instance.extra.clone();
    value["name"] = format!("projects/{}/locations/{zone}/nodes/{}", gce.project, instance.name).into();
    value["id"] = instance.number().to_string().into();
    value["state"] = state.into();
    value["health"] = "HEALTHY".into();
    value["apiVersion"] = "V2".into();
    value["createTime"] = gce.site.clock().rfc3339(instance.created).into();
    value["labels"] = json!(instance.tags);
    let mut endpoint = json!({"ipAddress": instance.private_ip, "port": 8470});
    if let (Some(address), true) = (&instance.public_ip, value["networkConfig"]["enableExternalIps"] == true) {
        endpoint["accessConfig"] = json!({"externalIp": address});
    }
    value["networkEndpoints"] = json!([endpoint]);
    value["acceleratorType"] =
        instance.accelerator.as_ref().map_or("", |(name, _)| last_part(name).trim_start_matches("tpu-")).into();
    value
}
