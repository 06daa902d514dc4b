//! Resource groups, what is in them, and search by tag.
//!
//! **Invariant:** a group that is deleted takes everything in it along, machines first.

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Reply, bad, denied, no_group};
use super::store::{Stored, location};
use super::{Arm, Done};

const KIND: &str = "Microsoft.Resources/resourceGroups";

impl Arm {
    /// `/subscriptions/S/resourceGroups/G`
    pub(super) fn group(&self, call: &Call) -> Done {
        let (id, name) = (call.id(), call.part(3));
        let mut store = self.store();
        match call.method.as_str() {
            "PUT" => {
                self.check_location(&call.body, KIND)?;
                let known = store.get(&id).cloned();
                if let Some(known) = &known {
                    if known.gone.is_some() {
                        let words = format!(
                            "The resource group '{name}' is in deprovisioning state and cannot perform this operation."
                        );
                        return Err(denied(409, "ResourceGroupBeingDeleted", &words));
                    }
                    if known.text("location") != location(&call.body["location"]) {
                        let words = format!(
                            "Invalid resource group location '{}'. The Resource group already exists in location '{}'.",
                            location(&call.body["location"]),
                            known.text("location")
                        );
                        return Err(denied(409, "InvalidResourceGroupLocation", &words));
                    }
                }
                let value = json!({
                    "id": id, "name": name, "type": KIND, "location": location(&call.body["location"]),
                    "tags": call.body.get("tags").cloned().unwrap_or_else(|| json!({})),
                    "properties": {"provisioningState": "Succeeded"},
                });
                store.put(&id, Stored::of(value.clone()));
                Ok(Reply::new(if known.is_some() { 200 } else { 201 }, value))
            }
            "GET" => Ok(Reply::new(200, shown(store.get(&id).ok_or_else(|| no_group(name))?))),
            "HEAD" => Ok(Reply::empty(if store.get(&id).is_some() { 204 } else { 404 })),
            "PATCH" => {
                let stored = store.get_mut(&id).ok_or_else(|| no_group(name))?;
                if !call.body["tags"].is_null() {
                    stored.value["tags"] = call.body["tags"].clone();
                }
                Ok(Reply::new(200, stored.value.clone()))
            }
            "DELETE" => {
                store.get(&id).ok_or_else(|| no_group(name))?;
                drop(store);
                Ok(self.delete_group(call, &id))
            }
            _ => Err(super::not_allowed(call)),
        }
    }

    /// Everything in it goes; the group with the last machine.
    fn delete_group(&self, call: &Call, id: &str) -> Reply {
        let mut store = self.store();
        let mut ends = self.site.clock().now();
        let mut failed = false;
        let machines = store.ids_below(&format!("{id}/providers/Microsoft.Compute/virtualMachines/"));
        for machine in machines {
            let ended = self.end_machine(&mut store, &machine);
            failed |= ended.1;
            ends = ends.max(ended.0);
        }
        if !failed {
            for resource in store.ids_below(&format!("{id}/")) {
                if let Some(stored) = store.get_mut(&resource) {
                    stored.gone = Some(stored.gone.unwrap_or(ends).min(ends));
                }
            }
            if let Some(stored) = store.get_mut(id) {
                stored.gone = Some(ends);
            }
        }
        let error = failed.then(|| {
            json!({"code": "ResourceGroupDeletionBlocked",
                   "message": "Deletion of resource group failed as resources with identifiers in it could not be deleted."})
        });
        self.accepted_by_location(call, &mut store, ends, error)
    }

    /// `/subscriptions/S/resourcegroups`
    pub(super) fn list_groups(&self, call: &Call) -> Done {
        let filter = Filter::of(call)?;
        let store = self.store();
        let prefix = format!("/subscriptions/{}/resourceGroups/", call.part(1));
        let groups = store.below(&prefix).filter(|stored| stored.text("type") == KIND && filter.admits(&stored.value));
        Ok(paged(call, groups.map(shown)))
    }

    /// `/subscriptions/S/resources`, or those of one group.
    pub(super) fn list_resources(&self, call: &Call) -> Done {
        let filter = Filter::of(call)?;
        let store = self.store();
        let prefix = if call.path().get(2).is_some_and(|part| part == "resourcegroups") {
            let group = format!("/subscriptions/{}/resourceGroups/{}", call.part(1), call.part(3));
            store.get(&group).ok_or_else(|| no_group(call.part(3)))?;
            format!("{group}/")
        } else {
            format!("/subscriptions/{}/resourceGroups/", call.part(1))
        };
        let resources = store.below(&prefix).filter(|stored| stored.text("type") != KIND);
        // A list of resources tells less of each than its own provider does.
        let short = |stored: &Stored| {
            let mut short = stored.value.clone();
            if let Some(fields) = short.as_object_mut() {
                fields.retain(|name, _| {
                    ["id", "name", "type", "location", "tags", "sku", "managedBy"].contains(&name.as_str())
                });
            }
            short
        };
        let admitted = resources.filter(|stored| !self.is_hidden(stored) && filter.admits(&stored.value));
        Ok(paged(call, admitted.map(short)))
    }
}

fn shown(stored: &Stored) -> Value {
    let mut value = stored.value.clone();
    if stored.gone.is_some() {
        value["properties"]["provisioningState"] = json!("Deleting");
    }
    value
}

/// So many on a page.
const PAGE: usize = 100;

/// The page of a list that is asked for, with the address of the next.
pub(super) fn paged(call: &Call, all: impl Iterator<Item = Value>) -> Reply {
    let from = call.position();
    let mut page: Vec<Value> = all.skip(from).take(PAGE + 1).collect();
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    let mut body = json!({"value": page});
    if more {
        body["nextLink"] = json!(call.from(from + PAGE));
    }
    Reply::new(200, body)
}

/// A whole list on one page.
pub(super) fn listed(value: &[Value]) -> Reply {
    Reply::new(200, json!({"value": value}))
}

/// `tagName eq 'a' and tagValue eq 'b'`
#[derive(Debug, Default)]
struct Filter {
    terms: Vec<(String, String)>,
}

impl Filter {
    fn of(call: &Call) -> Result<Self, Reply> {
        let Some(text) = call.parameter("$filter").filter(|text| !text.trim().is_empty()) else {
            return Ok(Self::default());
        };
        let invalid =
            || bad("InvalidFilterInQueryString", &format!("Invalid $filter '{text}' specified in the query string."));
        let mut terms = Vec::new();
        for term in text.split(" and ") {
            let (name, value) = term.trim().split_once(" eq ").ok_or_else(invalid)?;
            let value =
                value.trim().strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).ok_or_else(invalid)?;
            let name = name.trim().to_ascii_lowercase();
            if !["tagname", "tagvalue", "resourcetype", "name", "location"].contains(&name.as_str()) {
                return Err(invalid());
            }
            terms.push((name, value.replace("''", "'")));
        }
        Ok(Self { terms })
    }

    fn admits(&self, value: &Value) -> bool {
        let tag = self.terms.iter().find(|(name, _)| name == "tagname").map(|(_, value)| value);
        self.terms.iter().all(|(name, wanted)| match name.as_str() {
            "tagname" => value["tags"].get(wanted).is_some(),
            "tagvalue" => tag.is_some_and(|tag| value["tags"][tag] == wanted.as_str()),
            "resourcetype" => value["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case(wanted)),
            "location" => location(&value["location"]) == location(&json!(wanted)),
            _ => value["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(wanted)),
        })
    }
}
