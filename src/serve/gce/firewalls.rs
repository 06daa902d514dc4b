//! Firewall rules: kept and shown, without any effect on loopback.
//!
//! **Invariant:** a rule is there from the moment its operation begins.

use serde_json::{Value, json};

use super::answer::{Reply, Request, already_exists, invalid, no_such_address, not_found};
use super::links::{last_part, link, number};
use super::operations::{self, Operation};
use super::state::Gce;
use super::{page, places, show};

/// Everything below `global/firewalls`.
pub(super) fn answer(gce: &Gce, request: &Request, name: &[&str]) -> Result<Reply, Reply> {
    let mut kept = gce.kept();
    let whole = |name: &str| format!("projects/{}/global/firewalls/{name}", gce.project);
    if request.method != "GET"
        && let Some(earlier) = operations::repeated(gce, &kept, request)?
    {
        return Ok(earlier);
    }
    let now = gce.site.clock().now();
    let operation =
        |kind, name: &str| Operation::new(request, kind, "global", &format!("global/firewalls/{name}"), now);
    match (request.method.as_str(), name) {
        ("GET", []) => page::list(request, "compute#firewallList", kept.firewalls.values().cloned().collect()),
        ("GET", [name]) => kept.firewalls.get(*name).cloned().map(Reply::ok).ok_or_else(|| not_found(&whole(name))),
        ("POST", []) => {
            let rule = new_rule(gce, &request.body)?;
            let name = rule["name"].as_str().unwrap_or_default().to_owned();
            if kept.firewalls.contains_key(&name) {
                return Err(already_exists(&whole(&name)));
            }
            kept.firewalls.insert(name.clone(), rule);
            Ok(operations::begin(gce, &mut kept, operation("insert", &name)))
        }
        ("PATCH" | "PUT", [name]) => {
            let rule = kept.firewalls.get_mut(*name).ok_or_else(|| not_found(&whole(name)))?;
            if let Value::Object(changes) = &request.body {
                for (key, value) in changes {
                    rule[key.as_str()] = value.clone();
                }
            }
            Ok(operations::begin(gce, &mut kept, operation("patch", name)))
        }
        ("DELETE", [name]) => {
            kept.firewalls.remove(*name).ok_or_else(|| not_found(&whole(name)))?;
            Ok(operations::begin(gce, &mut kept, operation("delete", name)))
        }
        _ => Err(no_such_address(&request.parts.join("/"))),
    }
}

fn new_rule(gce: &Gce, body: &Value) -> Result<Value, Reply> {
    let name = show::name(body, "resource.name")?;
    if body["allowed"].is_null() && body["denied"].is_null() {
        let why = "Firewall rule must specify at least one of 'allowed' or 'denied'.";
        return Err(invalid("resource.allowed", "", why));
    }
    let network = body["network"].as_str().map_or(places::NETWORK, last_part);
    if network != places::NETWORK {
        return Err(not_found(&format!("projects/{}/global/networks/{network}", gce.project)));
    }
    let clock = gce.site.clock();
    let below = format!("global/firewalls/{name}");
    let mut rule = json!({
        "kind": "compute#firewall",
        "id": number(&below),
        "creationTimestamp": clock.rfc3339(clock.now()),
        "direction": "INGRESS",
        "priority": 1000,
        "disabled": false,
        "logConfig": {"enable": false},
    });
    if let Value::Object(fields) = body {
        for (key, value) in fields {
            rule[key.as_str()] = value.clone();
        }
    }
    rule["network"] = link(&gce.project, &format!("global/networks/{network}")).into();
    rule["selfLink"] = link(&gce.project, &below).into();
    Ok(rule)
}
