//! Machines: looked at, stopped, started, deleted, relabelled.
//!
//! **Invariant:** a look by name does not lag; a list may, where the scenario says so.

use std::sync::Arc;

use super::super::site::{Ended, Filter, Instance, State};
use super::answer::{Answer, Reply, Request, condition_not_met, no_such_address, not_found};
use super::operations::{self, Operation};
use super::state::{Gce, Kept};
use super::{insert, links, page, show, tpu};
use crate::model::Timestamp;

/// Everything below `zones/ZONE/instances`.
pub(super) fn answer(gce: &Gce, request: &Request, zone: &str, rest: &[&str]) -> Result<Answer, Reply> {
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let filter = Filter { cloud: Some("gcp"), zone: Some(zone.to_owned()), ..Filter::default() };
            let machines =
                gce.site.instances(&filter).into_iter().filter(|instance| instance.instance_type != tpu::HOST);
            let items = machines.map(|instance| gce.shown(&instance)).collect();
            page::list(request, "compute#instanceList", items).map(Answer::Now)
        }
        ("POST", []) => insert::one(gce, request, zone),
        ("POST", ["bulkInsert"]) => insert::bulk(gce, request, zone),
        ("GET", [name]) => {
            come_up(gce, zone, name);
            let instance = found(gce, zone, name)?;
            let reply = Reply::text(gce.shown(&instance).text().to_owned());
            if let State::Stopping(at) | State::Terminating(at) = instance.state {
                gce.site.clock().hasten(at);
            }
            Ok(Answer::Now(reply))
        }
        ("DELETE", [name]) => end(gce, request, zone, name, "delete"),
        ("POST", [name, "stop"]) => end(gce, request, zone, name, "stop"),
        ("POST", [name, "start"]) => start(gce, request, zone, name),
        ("POST", [name, "setLabels"]) => set_labels(gce, request, zone, name),
        ("POST", [name, "setMetadata"]) => set_metadata(gce, request, zone, name),
        _ => Err(no_such_address(&request.parts.join("/"))),
    }
}

/// `aggregated/instances`
pub(super) fn everywhere(gce: &Gce, request: &Request) -> Result<Reply, Reply> {
    let mut places: Vec<(String, Vec<page::Item>)> =
        gce.market.scopes().map(|(scope, _)| (scope, Vec::new())).collect();
    let all = gce.site.instances(&Filter { cloud: Some("gcp"), ..Filter::default() });
    for instance in all.into_iter().filter(|instance| instance.instance_type != tpu::HOST) {
        let scope = format!("zones/{}", instance.zone.as_deref().unwrap_or_default());
        if let Ok(at) = places.binary_search_by(|(place, _)| place.as_str().cmp(&scope)) {
            places[at].1.push(gce.shown(&instance));
        }
    }
    page::everywhere(request, "compute#instanceAggregatedList", "instances", places)
}

/// The machine or slice of this name that is there or on its way.
pub(super) fn named(gce: &Gce, zone: &str, name: &str) -> Option<Arc<Instance>> {
    let filter = Filter {
        cloud: Some("gcp"),
        zone: Some(zone.to_owned()),
        name: Some(name.to_owned()),
        hidden: true,
        ..Filter::default()
    };
    gce.site.instances(&filter).pop()
}

/// For whoever polls a machine that is on its way up: where time passes by being waited for, it now is up.
pub(super) fn come_up(gce: &Gce, zone: &str, name: &str) {
    if let Some(State::Pending(at)) = named(gce, zone, name).map(|instance| instance.state) {
        gce.site.clock().hasten(at);
    }
}

fn found(gce: &Gce, zone: &str, name: &str) -> Result<Arc<Instance>, Reply> {
    let found = named(gce, zone, name).filter(|instance| instance.instance_type != tpu::HOST);
    found.ok_or_else(|| not_found(&whole(gce, zone, name)))
}

/// The resource as messages name it.
pub(super) fn whole(gce: &Gce, zone: &str, name: &str) -> String {
    format!("projects/{}/zones/{zone}/instances/{name}", gce.project)
}

pub(super) fn not_ready(gce: &Gce, zone: &str, state: &str) -> Reply {
    let text = format!("The resource in 'projects/{}/zones/{zone}' is not ready: it is {state}", gce.project);
    Reply::error(400, "resourceNotReady", &text)
}

/// Begins an operation on a machine, or shows that of an earlier request with the same id.
fn change(
    gce: &Gce,
    request: &Request,
    zone: &str,
    instance: &Instance,
    kind: &'static str,
    make: impl FnOnce(&mut Kept, Operation) -> Result<Answer, Reply>,
) -> Result<Answer, Reply> {
    let mut kept = gce.kept();
    if let Some(earlier) = operations::repeated(gce, &kept, request)? {
        return Ok(Answer::Now(earlier));
    }
    let target = format!("zones/{zone}/instances/{}", instance.name);
    let mut operation = Operation::new(request, kind, &format!("zones/{zone}"), &target, gce.site.clock().now());
    operation.target_id = instance.number().to_string();
    make(&mut kept, operation)
}

fn end(gce: &Gce, request: &Request, zone: &str, name: &str, kind: &'static str) -> Result<Answer, Reply> {
    let instance = found(gce, zone, name)?;
    change(gce, request, zone, &instance, kind, |kept, mut operation| {
        let ended = if kind == "stop" { gce.site.stop(instance.id) } else { gce.site.terminate(instance.id) };
        let Ended { at, failed } = ended.map_err(|_| not_ready(gce, zone, instance.state.name()))?;
        operation.done = at;
        if failed {
            operation.failure = insert::internal_error(at);
        }
        Ok(Answer::Now(operations::begin(gce, kept, operation)))
    })
}

fn start(gce: &Gce, request: &Request, zone: &str, name: &str) -> Result<Answer, Reply> {
    let instance = found(gce, zone, name)?;
    change(gce, request, zone, &instance, "start", |kept, operation| {
        let verdict = gce.site.start(instance.id).map_err(|_| not_ready(gce, zone, instance.state.name()))?;
        Ok(insert::answer(gce, kept, operation, 1, &verdict))
    })
}

fn set_labels(gce: &Gce, request: &Request, zone: &str, name: &str) -> Result<Answer, Reply> {
    let instance = found(gce, zone, name)?;
    let given = request.body["labelFingerprint"].as_str();
    if given != Some(links::fingerprint(&show::labels(&instance)).as_str()) {
        return Err(condition_not_met("Labels fingerprint either invalid or resource labels have changed"));
    }
    let labels = request.body["labels"].as_object().cloned().unwrap_or_default();
    let labels = labels.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())));
    change(gce, request, zone, &instance, "setLabels", |kept, operation| {
        let set = gce.site.retag(instance.id, |tags| *tags = labels.collect());
        set.map_err(|_| not_found(&whole(gce, zone, name)))?;
        Ok(Answer::Now(operations::begin(gce, kept, operation)))
    })
}

fn set_metadata(gce: &Gce, request: &Request, zone: &str, name: &str) -> Result<Answer, Reply> {
    let instance = found(gce, zone, name)?;
    let given = request.body["fingerprint"].as_str();
    if given != Some(links::fingerprint(&instance.extra["metadata"]["items"]).as_str()) {
        return Err(condition_not_met("Supplied fingerprint does not match current metadata fingerprint."));
    }
    let items = request.body["items"].clone();
    change(gce, request, zone, &instance, "setMetadata", |kept, operation| {
        let set = gce.site.annotate(instance.id, |extra| extra["metadata"]["items"] = items);
        set.map_err(|_| not_found(&whole(gce, zone, name)))?;
        Ok(Answer::Now(operations::begin(gce, kept, operation)))
    })
}

/// When a machine was last begun: made, or started again.
pub(super) fn begun(instance: &Instance) -> Timestamp {
    instance.stopped_at.map_or(instance.created, |stopped| stopped.max(instance.created))
}
