//! Work that is done after the answer: RUNNING, then DONE, with the errors it met.
//!
//! **Invariant:** what an operation comes to is fixed when it begins; only the moment it is told is later.

use serde_json::{Value, json};

use super::answer::{Answer, Reply, Request, invalid, no_such_address, not_found};
use super::links::{last_part, link, number};
use super::page;
use super::state::{Gce, Kept};
use crate::model::Timestamp;

/// One piece of work.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// Set when it is kept.
    pub name: String,
    /// `insert`
    pub kind: &'static str,
    /// `zones/us-central1-a`, or `global`.
    pub place: String,
    /// Below the project.
    pub target: String,
    /// The target's number.
    pub target_id: String,
    pub begun: Timestamp,
    pub done: Timestamp,
    /// The address that was asked, which the client's id is of.
    pub asked: String,
    pub client_id: Option<String>,
    /// `error`, `httpErrorStatusCode`, `httpErrorMessage`; null if it succeeds.
    pub failure: Value,
    /// Of a bulk insert: what became of its machines.
    pub bulk: Value,
}

impl Operation {
    /// Of this kind on this target, done at once and well; for the fields that differ.
    pub(super) fn new(request: &Request, kind: &'static str, place: &str, target: &str, now: Timestamp) -> Self {
        Self {
            name: String::new(),
            kind,
            place: place.to_owned(),
            target: target.to_owned(),
            target_id: number(target),
            begun: now,
            done: now,
            asked: request.parts.join("/"),
            client_id: request.query.get("requestId").cloned(),
            failure: Value::Null,
            bulk: Value::Null,
        }
    }
}

/// The operation of an earlier request with the same id; an id that is none is refused.
pub(super) fn repeated(gce: &Gce, kept: &Kept, request: &Request) -> Result<Option<Reply>, Reply> {
    let Some(id) = request.query.get("requestId") else { return Ok(None) };
    match uuid::Uuid::parse_str(id) {
        Ok(uuid) if !uuid.is_nil() => {}
        _ => return Err(invalid("requestId", id, "Must be a valid UUID that is not zero.")),
    }
    let earlier = kept.requested(&request.parts.join("/"), id);
    Ok(earlier.map(|operation| Reply::ok(value(gce, operation))))
}

/// Keeps an operation and shows it.
pub(super) fn begin(gce: &Gce, kept: &mut Kept, operation: Operation) -> Reply {
    Reply::ok(value(gce, keep(gce, kept, operation)))
}

/// Keeps an operation under a name that is made here.
pub(super) fn keep<'a>(gce: &Gce, kept: &'a mut Kept, operation: Operation) -> &'a Operation {
    let millis = (gce.site.clock().unix(operation.begun) * 1e3) as u64;
    let seed = gce.site.seed();
    let name = |serial: u64| {
        let luck: u64 = number(&format!("{seed} {serial}")).parse().unwrap_or(serial);
        format!("operation-{millis}-{serial:013x}-{:08x}-{:08x}", luck >> 31, luck & 0x7fff_ffff)
    };
    kept.add(operation, name)
}

/// An operation by name.
pub(super) fn show(gce: &Gce, name: &str) -> Result<Reply, Reply> {
    let kept = gce.kept();
    let operation =
        kept.named(name).ok_or_else(|| not_found(&format!("projects/{}/operations/{name}", gce.project)))?;
    Ok(Reply::ok(value(gce, operation)))
}

/// `operations` of a zone, of a region or of the project.
pub(super) fn answer(gce: &Gce, request: &Request, place: &str, rest: &[&str]) -> Result<Answer, Reply> {
    let kept = gce.kept();
    let named = |name: &str| {
        let found = kept.named(name).filter(|operation| operation.place == place);
        found.ok_or_else(|| not_found(&format!("projects/{}/{place}/operations/{name}", gce.project)))
    };
    match (request.method.as_str(), rest) {
        ("GET", []) => {
            let here = kept.operations.values().filter(|operation| operation.place == place);
            let items = here.map(|operation| value(gce, operation)).collect();
            page::list(request, "compute#operationList", items).map(Answer::Now)
        }
        ("GET", [name]) => {
            let operation = named(name)?;
            gce.site.clock().hasten(operation.done);
            Ok(Answer::Now(Reply::ok(value(gce, operation))))
        }
        ("POST", [name, "wait"]) => {
            let operation = named(name)?;
            Ok(Answer::Watch { operation: operation.name.clone(), done: operation.done })
        }
        _ => Err(no_such_address(&request.parts.join("/"))),
    }
}

/// `aggregated/operations`.
pub(super) fn everywhere(gce: &Gce, request: &Request) -> Result<Reply, Reply> {
    let kept = gce.kept();
    let mut places: Vec<(String, Vec<Value>)> = vec![("global".to_owned(), Vec::new())];
    places.extend(gce.market.zones.keys().map(|zone| (format!("zones/{zone}"), Vec::new())));
    for operation in kept.operations.values() {
        if let Some((_, here)) = places.iter_mut().find(|(place, _)| *place == operation.place) {
            here.push(value(gce, operation));
        }
    }
    page::everywhere(request, "compute#operationAggregatedList", "operations", places)
}

/// An operation as it stands now.
fn value(gce: &Gce, operation: &Operation) -> Value {
    let clock = gce.site.clock();
    let done = clock.now() >= operation.done;
    let mut value = json!({
        "kind": "compute#operation",
        "id": number(&operation.name),
        "name": operation.name,
        "operationType": operation.kind,
        "targetLink": link(&gce.project, &operation.target),
        "targetId": operation.target_id,
        "status": if done { "DONE" } else { "RUNNING" },
        "user": format!("sky@{}.iam.gserviceaccount.com", gce.project),
        "progress": if done { 100 } else { 0 },
        "insertTime": clock.rfc3339(operation.begun),
        "startTime": clock.rfc3339(operation.begun),
        "selfLink": link(&gce.project, &format!("{}/operations/{}", operation.place, operation.name)),
    });
    if operation.place.starts_with("zones/") {
        let zone = last_part(&operation.place);
        value["zone"] = link(&gce.project, &format!("zones/{zone}")).into();
    }
    if let Some(id) = &operation.client_id {
        value["clientOperationId"] = id.clone().into();
    }
    if !operation.bulk.is_null() {
        value["operationGroupId"] = uuid_of(&operation.name).into();
    }
    if done {
        value["endTime"] = clock.rfc3339(operation.done).into();
        if let Value::Object(failure) = &operation.failure {
            for (key, part) in failure {
                value[key.as_str()] = part.clone();
            }
        }
        if !operation.bulk.is_null() {
            let zone = &operation.place;
            value["instancesBulkInsertOperationMetadata"] = json!({"perLocationStatus": {zone: operation.bulk}});
        }
    }
    value
}

fn uuid_of(name: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}
