//! Virtual machines: made by the market, told of in ARM's words.
//!
//! **Invariant:** one name is one machine, however often it is put; one that found no room stays behind, failed, until it
//! is deleted.

use axum::http::Method;
use serde_json::{Value, json};

use super::ask::{ask, check};
use super::call::Call;
use super::groups::paged;
use super::network::{group_of, scope_of};
use super::reply::{Reply, denied, error_of, no_group, no_resource, refused};
use super::store::{Store, Stored, guid, head};
use super::view::{power, shown};
use super::{Arm, Done};
use crate::denials::Answered;
use crate::model::Timestamp;
use crate::serve::site::{Outcome, Refusal, SiteError, Verdict, Wire};

pub(super) const KIND: &str = "Microsoft.Compute/virtualMachines";

impl Arm {
    /// `.../virtualMachines/NAME`
    pub(super) async fn machine(&self, call: &Call) -> Done {
        match call.method {
            Method::PUT => self.put_machine(call).await,
            Method::GET => {
                let expand = call.parameter("$expand").is_some_and(|what| what.eq_ignore_ascii_case("instanceView"));
                self.with_machine(call, |arm, stored| Ok(Reply::new(200, shown(arm, stored, expand))))
            }
            Method::PATCH => self.patch_machine(call),
            Method::DELETE => Ok(self.delete_machine(call)),
            _ => Err(super::not_allowed(call)),
        }
    }

    fn with_machine(&self, call: &Call, then: impl FnOnce(&Self, &Stored) -> Done) -> Done {
        let store = self.store();
        let id = machine_id(call);
        store.get(&group_of(&id)).ok_or_else(|| no_group(call.part(3)))?;
        let stored = store.get(&id).ok_or_else(|| no_resource(KIND, call.part(7), call.part(3)))?;
        then(self, stored)
    }

    /// All machines of a group or a subscription.
    pub(super) fn list_machines(&self, call: &Call) -> Done {
        let store = self.store();
        let prefix = scope_of(call, &store)?;
        let machines = store.below(&prefix).filter(|stored| stored.text("type") == KIND && !self.is_hidden(stored));
        let status = call.parameter("statusOnly").is_some_and(|only| only == "true");
        Ok(paged(call, machines.map(|stored| shown(self, stored, status))))
    }

    /// Whether a lagging list does not show it yet.
    pub(super) fn is_hidden(&self, stored: &Stored) -> bool {
        let instance = stored.instance.and_then(|id| self.site.instance(id));
        instance.is_some_and(|instance| instance.visible_at > self.site.clock().now())
    }

    async fn put_machine(&self, call: &Call) -> Done {
        let told = {
            let mut store = self.store();
            self.make(call, &mut store)?
        };
        match told {
            Told::Now(reply) => Ok(reply),
            Told::At(at, reply) => {
                self.site.clock().until(at).await;
                Ok(reply)
            }
            Told::Never => {
                let _ = crate::serve::wire::hang().await;
                Ok(Reply::cut())
            }
        }
    }

    fn make(&self, call: &Call, store: &mut Store) -> Result<Told, Reply> {
        let id = call.id();
        store.get(&group_of(&id)).ok_or_else(|| no_group(call.part(3)))?;
        self.check_location(&call.body, KIND)?;
        check(call, store, self.site.uses_loopback_addresses())?;
        if let Some(known) = store.get(&id) {
            if known.gone.is_some() {
                let words = format!(
                    "Operation 'Create' is not allowed on VM '{}' since the VM is marked for deletion.",
                    call.part(7)
                );
                return Err(denied(409, "OperationNotAllowed", &words));
            }
            if known.instance.is_some() || known.fails.is_some_and(|at| at > self.site.clock().now()) {
                return self.again(call, store, &id).map(Told::Now);
            }
        }
        let verdict = self.site.launch(&ask(call)).map_err(|error| self.no_question(call, &error))?;
        Ok(self.told(call, store, &id, verdict))
    }

    /// A put of what is there already: what may be changed is changed.
    fn again(&self, call: &Call, store: &mut Store, id: &str) -> Done {
        let known = store.get_mut(id).ok_or_else(|| no_resource(KIND, call.part(7), call.part(3)))?;
        for (path, name) in [
            ("/zones", "zones"),
            ("/properties/osProfile/adminUsername", "osProfile.adminUsername"),
            ("/properties/hardwareProfile/vmSize", "hardwareProfile.vmSize"),
        ] {
            let (asked, has) = (call.body.pointer(path), known.value.pointer(path));
            if asked.is_some() && asked != has {
                let words = format!("Changing property '{name}' is not allowed.");
                let error = json!({"code": "PropertyChangeNotAllowed", "message": words, "target": name});
                return Err(Reply::new(409, json!({"error": error})));
            }
        }
        self.retag(known, &call.body["tags"]);
        let stored = known.clone();
        // A machine that is still on its way up is waited for as by the call that made it.
        let instance = stored.instance.and_then(|id| self.site.instance(id));
        let ends = instance.and_then(|instance| instance.state.ends()).unwrap_or_else(|| self.site.clock().now());
        let value = shown(self, &stored, false);
        Ok(self.following(call, store, Reply::new(200, value), ends, None))
    }

    /// What the market's word on a new machine comes to.
    fn told(&self, call: &Call, store: &mut Store, id: &str, verdict: Verdict) -> Told {
        let Verdict { outcome, at, wire, .. } = verdict;
        let (instance, error) = match &outcome {
            Outcome::Accepted { instances, .. } => (instances.first().map(|one| one.id), None),
            Outcome::Refused(refusals) => match refusals.first() {
                Some(refusal) if refusal.answered() == Answered::AtOnce => {
                    return on_wire(wire, Told::At(at, in_words(call, refusal)));
                }
                first => (None, first.map(error_of)),
            },
            Outcome::Nothing => return Told::Never,
        };
        let mut stored = Stored::of(self.new_value(call, id));
        stored.instance = instance;
        stored.fails = error.is_some().then_some(at);
        let spot = call.body["properties"]["priority"] == "Spot";
        let (disk_id, disk) = disk_of(call, &stored.value);
        store.put(&disk_id, Stored::of(disk));
        store.put(id, stored.clone());
        if spot && instance.is_some() {
            store.watch(id);
        }
        let value = shown(self, &stored, false);
        let reply = self.following(call, store, Reply::new(201, value), at, error);
        on_wire(wire, Told::Now(reply))
    }

    fn new_value(&self, call: &Call, id: &str) -> Value {
        let mut value = head(id, KIND, &call.body);
        let mut properties = call.body["properties"].clone();
        // Write-only.
        if let Some(profile) = properties["osProfile"].as_object_mut() {
            profile.remove("customData");
            profile.remove("adminPassword");
            profile.insert("allowExtensionOperations".to_owned(), json!(true));
        }
        let disk = &mut properties["storageProfile"]["osDisk"];
        disk["osType"] = json!("Linux");
        if disk["name"].is_null() {
            disk["name"] = json!(format!("{}_OsDisk_1", call.part(7)));
        }
        let name = disk["name"].as_str().unwrap_or_default();
        disk["managedDisk"]["id"] = json!(format!("{}/providers/Microsoft.Compute/disks/{name}", group_of(id)));
        let now = self.site.clock().now();
        properties["vmId"] = json!(guid(&format!("{id}@{}", now.0)));
        properties["timeCreated"] = json!(self.site.clock().rfc3339(now));
        value["properties"] = properties;
        value
    }

    fn retag(&self, known: &mut Stored, tags: &Value) {
        let Some(fields) = tags.as_object() else { return };
        known.value["tags"] = tags.clone();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(instance) = known.instance {
            let tags = fields.iter().map(|(name, value)| (name.clone(), text(value))).collect();
            // An instance that is gone has no tags.
            let _ = self.site.retag(instance, |old| *old = tags);
        }
    }

    fn patch_machine(&self, call: &Call) -> Done {
        let mut store = self.store();
        let known = store.get_mut(&call.id()).ok_or_else(|| no_resource(KIND, call.part(7), call.part(3)))?;
        self.retag(known, &call.body["tags"]);
        let stored = known.clone();
        Ok(Reply::new(200, shown(self, &stored, false)))
    }

    fn delete_machine(&self, call: &Call) -> Reply {
        let mut store = self.store();
        if store.get(&call.id()).is_none() {
            return Reply::empty(204);
        }
        let (at, failed) = self.end_machine(&mut store, &call.id());
        let error = failed.then(|| internal("The VM could not be deleted."));
        self.following(call, &mut store, Reply::empty(202), at, error)
    }

    /// Ends a machine and all that is to be deleted with it; when that is done, and whether it fails.
    pub(super) fn end_machine(&self, store: &mut Store, id: &str) -> (Timestamp, bool) {
        let now = self.site.clock().now();
        let Some(stored) = store.get(id).cloned() else { return (now, false) };
        let at = match stored.instance.map(|instance| self.site.terminate(instance)) {
            Some(Ok(ended)) if ended.failed => return (ended.at, true),
            Some(Ok(ended)) => ended.at,
            // Forgotten, or never had a place.
            Some(Err(_)) | None => now,
        };
        for gone in with_it(store, &stored).into_iter().chain([id.to_owned()]) {
            if let Some(stored) = store.get_mut(&gone) {
                stored.gone = Some(at);
            }
        }
        (at, false)
    }

    /// Spot machines that were taken back and are not kept.
    pub(super) fn sweep(&self, store: &mut Store) {
        for id in store.watched() {
            let instance = store.get(&id).and_then(|stored| stored.instance);
            let gone = instance.and_then(|id| self.site.instance(id)).is_none_or(|one| !one.state.is_alive());
            if gone {
                store.unwatch(&id);
                self.end_machine(store, &id);
            }
        }
    }

    /// `.../deallocate`, `/start`, `/powerOff`, `/restart`, `/instanceView`
    pub(super) fn act(&self, call: &Call, action: &str) -> Done {
        let id = machine_id(call);
        if action == "instanceview" {
            return self.with_machine(call, |arm, stored| Ok(Reply::new(200, power(arm, stored))));
        }
        let mut store = self.store();
        let stored = store.get_mut(&id).ok_or_else(|| no_resource(KIND, call.part(7), call.part(3)))?;
        let Some(instance) = stored.instance.filter(|_| stored.gone.is_none()) else {
            let words =
                format!("Operation '{action}' is not allowed on VM '{}' since it is not provisioned.", call.part(7));
            return Err(denied(409, "OperationNotAllowed", &words));
        };
        let conflict = |error: &SiteError| {
            denied(409, "OperationNotAllowed", &format!("Operation '{action}' is not allowed: {error}."))
        };
        let now = self.site.clock().now();
        let (at, error) = match action {
            "deallocate" => {
                let ended = self.site.stop(instance).map_err(|error| conflict(&error))?;
                stored.powered_off = false;
                (ended.at, ended.failed.then(|| internal("The VM could not be deallocated.")))
            }
            "start" => {
                stored.powered_off = false;
                let verdict = self.site.start(instance).map_err(|error| conflict(&error))?;
                match verdict.outcome {
                    Outcome::Accepted { .. } => {
                        stored.fails = None;
                        (verdict.at, None)
                    }
                    Outcome::Refused(refusals) => {
                        let Some(first) = refusals.first() else { return Err(Reply::cut()) };
                        if first.answered() == Answered::AtOnce {
                            return Err(in_words(call, first));
                        }
                        stored.fails = Some(verdict.at);
                        (verdict.at, Some(error_of(first)))
                    }
                    Outcome::Nothing => return Err(Reply::cut()),
                }
            }
            "poweroff" => {
                stored.powered_off = true;
                (now, None)
            }
            _ => (now, None),
        };
        Ok(self.following(call, &mut store, Reply::empty(202), at, error))
    }

    /// What is no question to the market, in ARM's words.
    fn no_question(&self, call: &Call, error: &SiteError) -> Reply {
        let location = super::store::location(&call.body["location"]);
        let size = call.body["properties"]["hardwareProfile"]["vmSize"].as_str().unwrap_or_default();
        match error {
            SiteError::NoRegion(_) => super::no_location(&self.site, &location, KIND),
            SiteError::NoZone(zone) => {
                let words = format!("The zone(s) '{zone}' for resource '{KIND}/{}' is not supported.", call.part(7));
                denied(400, "AvailabilityZoneNotSupported", &words)
            }
            SiteError::NoType(_) => {
                let words = format!("The value {size} provided for the VM size is not valid.");
                super::reply::bad_property("vmSize", &words)
            }
            SiteError::NotSold { .. } => {
                let words = format!(
                    "The requested size for resource '{}' is currently not available in location '{location}' zones '' for \
                     subscription '{}'. Please try another size or deploy to a different location or zones. See \
                     https://aka.ms/azureskunotavailable for details.",
                    call.id(),
                    call.part(1)
                );
                denied(409, "SkuNotAvailable", &words)
            }
            other => denied(409, "Conflict", &other.to_string()),
        }
    }
}

/// A refusal with the names of this very call in it.
fn in_words(call: &Call, refusal: &Refusal) -> Reply {
    let mut refusal = refusal.clone();
    for (name, value) in [("subscription", call.part(1)), ("rg", call.part(3)), ("name", call.part(7))] {
        refusal.values.retain(|(known, _)| *known != name);
        refusal.values.push((name, value.to_owned()));
    }
    refused(&refusal)
}

/// When and whether an answer is sent.
enum Told {
    Now(Reply),
    At(Timestamp, Reply),
    Never,
}

fn on_wire(wire: Wire, told: Told) -> Told {
    match wire {
        Wire::Arrives => told,
        Wire::Cut(at) => Told::At(at, Reply::cut()),
        Wire::Hangs => Told::Never,
    }
}

fn internal(words: &str) -> Value {
    json!({"code": "InternalExecutionError", "message": format!("An internal execution error occurred. {words} Please retry later.")})
}

/// The id of the machine that a call acts on.
fn machine_id(call: &Call) -> String {
    call.id().split('/').take(9).collect::<Vec<&str>>().join("/")
}

/// The disk that a machine boots from.
fn disk_of(call: &Call, machine: &Value) -> (String, Value) {
    let disk = &machine["properties"]["storageProfile"]["osDisk"];
    let id = disk["managedDisk"]["id"].as_str().unwrap_or_default().to_owned();
    let mut value = head(&id, "Microsoft.Compute/disks", &call.body);
    value["sku"] = json!({"name": disk["managedDisk"]["storageAccountType"].as_str().unwrap_or("Standard_LRS")});
    value["managedBy"] = machine["id"].clone();
    value["properties"] = json!({
        "osType": "Linux", "creationData": {"createOption": "FromImage"}, "diskState": "Attached",
        "diskSizeGB": disk["diskSizeGB"].as_u64().unwrap_or(30), "provisioningState": "Succeeded",
    });
    (id, value)
}

/// Ids of what a machine takes along: where `deleteOption` says so, its disk, interfaces and their addresses.
fn with_it(store: &Store, machine: &Stored) -> Vec<String> {
    let properties = &machine.value["properties"];
    let is_deleted = |value: &Value| value["deleteOption"] == "Delete";
    let id = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
    let mut gone = Vec::new();
    let disk = &properties["storageProfile"]["osDisk"];
    if is_deleted(disk) {
        gone.push(id(&disk["managedDisk"]));
    }
    for interface in properties["networkProfile"]["networkInterfaces"].as_array().into_iter().flatten() {
        if !is_deleted(&interface["properties"]) {
            continue;
        }
        gone.push(id(interface));
        let Some(stored) = store.get(&id(interface)) else { continue };
        for one in stored.value["properties"]["ipConfigurations"].as_array().into_iter().flatten() {
            let address = &one["properties"]["publicIPAddress"];
            if is_deleted(&address["properties"]) {
                gone.push(id(address));
            }
        }
    }
    gone
}
