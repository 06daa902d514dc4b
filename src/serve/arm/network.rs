//! Networks, subnets, security groups, addresses, interfaces, disks: kept, and given the state that a client looks for.
//!
//! **Invariant:** nothing is made that names what is not there, and nothing goes while another resource holds it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::Call;
use super::groups::paged;
use super::reply::{Reply, bad, bad_property, denied, no_group, no_resource};
use super::store::{Store, Stored, guid, head};
use super::{Arm, Done};

/// A kind of resource that the market knows nothing of.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Who may hold it, and what ARM says when it is to be deleted while held.
    holders: &'static [&'static str],
    in_use: &'static str,
}

const NETWORK: &str = "Microsoft.Network";

/// Those kinds.
pub(super) const KINDS: [Kind; 5] = [
    Kind {
        name: "Microsoft.Network/virtualNetworks",
        holders: &["Microsoft.Network/networkInterfaces"],
        in_use: "InUseSubnetCannotBeDeleted",
    },
    Kind {
        name: "Microsoft.Network/networkSecurityGroups",
        holders: &["Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks"],
        in_use: "InUseNetworkSecurityGroupCannotBeDeleted",
    },
    Kind {
        name: "Microsoft.Network/publicIPAddresses",
        holders: &["Microsoft.Network/networkInterfaces"],
        in_use: "PublicIPAddressCannotBeDeleted",
    },
    Kind {
        name: "Microsoft.Network/networkInterfaces",
        holders: &["Microsoft.Compute/virtualMachines"],
        in_use: "NicInUse",
    },
    Kind {
        name: "Microsoft.Compute/disks",
        holders: &["Microsoft.Compute/virtualMachines"],
        in_use: "OperationNotAllowed",
    },
];

/// The kind of this provider and type, in whatever case.
pub(super) fn kind(provider: &str, name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(&format!("{provider}/{name}")))
}

impl Arm {
    /// One resource.
    pub(super) fn resource(&self, call: &Call, kind: &'static Kind) -> Done {
        let id = call.id();
        let missing = || no_resource(kind.name, call.part(7), call.part(3));
        let mut store = self.store();
        store.get(&group_of(&id)).ok_or_else(|| no_group(call.part(3)))?;
        match call.method.as_str() {
            "PUT" => {
                self.check_location(&call.body, kind.name)?;
                let known = store.get(&id).cloned();
                if known.as_ref().is_some_and(|known| known.gone.is_some()) {
                    return Err(denied(
                        409,
                        "AnotherOperationInProgress",
                        "Another operation on this resource is in progress.",
                    ));
                }
                let value = made(&store, call, kind, &id)?;
                store.put(&id, Stored::of(value.clone()));
                let reply = Reply::new(if known.is_some() { 200 } else { 201 }, value);
                Ok(self.following(call, &mut store, reply, self.site.clock().now(), None))
            }
            "GET" => {
                let stored = store.get(&id).ok_or_else(missing)?;
                let expand =
                    call.parameter("$expand").is_some_and(|what| what.to_ascii_lowercase().contains("publicip"));
                Ok(Reply::new(200, self.shown(&store, stored, expand)))
            }
            "PATCH" => {
                let stored = store.get_mut(&id).ok_or_else(missing)?;
                if !call.body["tags"].is_null() {
                    stored.value["tags"] = call.body["tags"].clone();
                }
                Ok(Reply::new(200, stored.value.clone()))
            }
            "DELETE" => {
                if store.get(&id).is_none() {
                    return Ok(Reply::empty(204));
                }
                let scope = format!("/subscriptions/{}/", call.part(1));
                let holders = store.users_of(&id, &scope);
                let holder = holders.iter().find(|holder| kind.holders.iter().any(|kind| holder.contains(kind)));
                if let Some(holder) = holder {
                    let words =
                        format!("{} {} is in use by {holder} and cannot be deleted.", short(kind.name), call.part(7));
                    return Err(bad(kind.in_use, &words));
                }
                store.remove(&id);
                let now = self.site.clock().now();
                Ok(self.following(call, &mut store, Reply::empty(202), now, None))
            }
            _ => Err(super::not_allowed(call)),
        }
    }

    /// All of a kind, in a group or a subscription.
    pub(super) fn list_kind(&self, call: &Call, kind: &'static Kind) -> Done {
        let store = self.store();
        let prefix = scope_of(call, &store)?;
        let all = store.below(&prefix).filter(|stored| stored.text("type") == kind.name);
        Ok(paged(call, all.map(|stored| self.shown(&store, stored, false))))
    }

    /// A subnet of a network: a resource of its own that is kept in the network.
    pub(super) fn subnet(&self, call: &Call) -> Done {
        let network = call.id().split("/subnets/").next().unwrap_or_default().to_owned();
        let mut store = self.store();
        let parent = store
            .get_mut(&network)
            .ok_or_else(|| no_resource("Microsoft.Network/virtualNetworks", call.part(7), call.part(3)))?;
        let (id, name) = (call.id(), call.part(9).to_owned());
        let subnets = &mut parent.value["properties"]["subnets"];
        let position = subnets.as_array().and_then(|all| all.iter().position(|one| one["name"] == name.as_str()));
        match (call.method.as_str(), position) {
            ("PUT", _) => {
                let made = subnet(&network, &json!({"name": name, "properties": call.body["properties"]}));
                match (position, subnets.as_array_mut()) {
                    (Some(at), Some(all)) => all[at] = made.clone(),
                    (None, Some(all)) => all.push(made.clone()),
                    (_, None) => *subnets = json!([made.clone()]),
                }
                Ok(Reply::new(if position.is_some() { 200 } else { 201 }, made))
            }
            ("GET", Some(at)) => Ok(Reply::new(200, subnets[at].clone())),
            ("GET", None) => Err(denied(404, "NotFound", &format!("Resource {id} not found."))),
            ("DELETE", found) => {
                if let (Some(at), Some(all)) = (found, subnets.as_array_mut()) {
                    all.remove(at);
                }
                Ok(Reply::empty(if found.is_some() { 200 } else { 204 }))
            }
            _ => Err(super::not_allowed(call)),
        }
    }

    /// A resource with the addresses that its machine has in the market.
    pub(super) fn shown(&self, store: &Store, stored: &Stored, expand: bool) -> Value {
        let mut value = stored.value.clone();
        let is = |name: &str| stored.text("type") == format!("{NETWORK}/{name}");
        if is("publicIPAddresses") {
            let holder = store
                .users_of(stored.text("id"), &group_of(stored.text("id")))
                .into_iter()
                .find(|id| id.contains("/networkInterfaces/"));
            if let Some(interface) = holder {
                value["properties"]["ipConfiguration"] = json!({"id": format!("{interface}/ipConfigurations/primary")});
                if let Some(address) =
                    self.instance_of(store, &interface).and_then(|instance| instance.public_ip.clone())
                {
                    value["properties"]["ipAddress"] = json!(address);
                }
            }
        } else if is("networkInterfaces") {
            let instance = self.instance_of(store, stored.text("id"));
            for configuration in value["properties"]["ipConfigurations"].as_array_mut().into_iter().flatten() {
                if let Some(instance) = &instance {
                    configuration["properties"]["privateIPAddress"] = json!(instance.private_ip);
                }
                let id = configuration["properties"]["publicIPAddress"]["id"].as_str().unwrap_or_default().to_owned();
                if let Some(address) = store.get(&id).filter(|_| expand) {
                    configuration["properties"]["publicIPAddress"] = self.shown(store, address, false);
                }
            }
        }
        value
    }

    /// The instance in the market of the machine that has this interface.
    fn instance_of(&self, store: &Store, interface: &str) -> Option<Arc<crate::serve::site::Instance>> {
        let holders = store.users_of(interface, &group_of(interface));
        let machine = holders.into_iter().find(|id| id.contains("/virtualMachines/"))?;
        self.site.instance(store.get(&machine)?.instance?)
    }
}

/// `/subscriptions/S/resourceGroups/G` of a resource's id.
pub(super) fn group_of(id: &str) -> String {
    id.split('/').take(5).collect::<Vec<&str>>().join("/")
}

/// The prefix of ids that a list is asked for.
pub(super) fn scope_of(call: &Call, store: &Store) -> Result<String, Reply> {
    let subscription = format!("/subscriptions/{}", call.part(1));
    if call.path().get(2).is_some_and(|part| part == "resourcegroups") {
        let group = format!("{subscription}/resourceGroups/{}", call.part(3));
        store.get(&group).ok_or_else(|| no_group(call.part(3)))?;
        return Ok(format!("{group}/"));
    }
    Ok(format!("{subscription}/resourceGroups/"))
}

fn short(kind: &str) -> &str {
    kind.rsplit('/').next().unwrap_or_default()
}

fn subnet(network: &str, body: &Value) -> Value {
    let name = body["name"].as_str().unwrap_or_default();
    let mut properties = body["properties"].clone();
    properties["provisioningState"] = json!("Succeeded");
    json!({"id": format!("{network}/subnets/{name}"), "name": name, "type": "Microsoft.Network/virtualNetworks/subnets",
           "properties": properties})
}

/// The resource that a body makes, with what ARM adds.
fn made(store: &Store, call: &Call, kind: &Kind, id: &str) -> Result<Value, Reply> {
    let mut value = head(id, kind.name, &call.body);
    let mut properties = call.body.get("properties").cloned().unwrap_or_else(|| json!({}));
    if !properties.is_object() {
        return Err(bad("InvalidRequestFormat", "Cannot parse the request."));
    }
    match short(kind.name) {
        "virtualNetworks" => {
            if properties["addressSpace"]["addressPrefixes"].as_array().is_none_or(Vec::is_empty) {
                return Err(bad(
                    "NoAddressPrefixOrPoolProvided",
                    "No address prefix or pool provided for the virtual network.",
                ));
            }
            let subnets = properties["subnets"].as_array().cloned().unwrap_or_default();
            properties["subnets"] = subnets.iter().map(|body| subnet(id, body)).collect();
        }
        "networkSecurityGroups" => check_rules(id, &mut properties)?,
        "publicIPAddresses" => {
            let standard = call.body["sku"]["name"] == "Standard";
            if standard && properties["publicIPAllocationMethod"] != "Static" {
                let words = format!("Standard sku publicIp {id} must have AllocationMethod set to Static.");
                return Err(bad("StandardSkuPublicIPAddressesMustBeStatic", &words));
            }
            properties["publicIPAddressVersion"] = json!("IPv4");
        }
        "networkInterfaces" => check_interface(store, id, &mut properties)?,
        _ => {}
    }
    properties["provisioningState"] = json!("Succeeded");
    if kind.name.starts_with(NETWORK) {
        properties["resourceGuid"] = json!(guid(id));
        value["etag"] = json!("W/\"1\"");
    }
    value["properties"] = properties;
    Ok(value)
}

fn check_rules(id: &str, properties: &mut Value) -> Result<(), Reply> {
    let mut priorities = std::collections::BTreeSet::new();
    for rule in properties["securityRules"].as_array_mut().into_iter().flatten() {
        let name = rule["name"].as_str().unwrap_or_default().to_owned();
        let priority = rule["properties"]["priority"].as_i64().unwrap_or_default();
        if !(100..=4096).contains(&priority) {
            let words = format!(
                "Security rule {name} has invalid Priority. Value provided: {priority} Allowed range 100-4096."
            );
            return Err(bad("SecurityRuleInvalidPriority", &words));
        }
        if !priorities.insert((rule["properties"]["direction"].to_string(), priority)) {
            let words = format!("Security rule {name} has the same priority {priority} and direction as another rule.");
            return Err(bad("SecurityRuleConflict", &words));
        }
        for needed in ["protocol", "access", "direction"] {
            if rule["properties"][needed].is_null() {
                return Err(bad_property(needed, &format!("Required parameter '{needed}' is missing (null).")));
            }
        }
        rule["id"] = json!(format!("{id}/securityRules/{name}"));
        rule["properties"]["provisioningState"] = json!("Succeeded");
    }
    Ok(())
}

fn check_interface(store: &Store, id: &str, properties: &mut Value) -> Result<(), Reply> {
    let unknown = |what: &str| {
        let words = format!(
            "Resource {what} referenced by resource {id} was not found. Please make sure that the referenced resource \
             exists, and that both resources are in the same region."
        );
        bad("InvalidResourceReference", &words)
    };
    if let Some(group) = properties["networkSecurityGroup"]["id"].as_str() {
        store.get(group).ok_or_else(|| unknown(group))?;
    }
    let configurations = properties["ipConfigurations"].as_array_mut().filter(|all| !all.is_empty());
    for configuration in configurations
        .ok_or_else(|| bad_property("ipConfigurations", "Required parameter 'ipConfigurations' is missing (null)."))?
    {
        let name = configuration["name"].as_str().unwrap_or("primary").to_owned();
        let subnet = configuration["properties"]["subnet"]["id"].as_str().unwrap_or_default().to_owned();
        let network = subnet.split("/subnets/").next().unwrap_or_default();
        let is = |one: &Value| one["id"].as_str().is_some_and(|found| found.eq_ignore_ascii_case(&subnet));
        let found = store.get(network).and_then(|stored| stored.value["properties"]["subnets"].as_array());
        if !found.is_some_and(|all| all.iter().any(is)) {
            return Err(unknown(&subnet));
        }
        if let Some(address) = configuration["properties"]["publicIPAddress"]["id"].as_str() {
            store.get(address).ok_or_else(|| unknown(address))?;
        }
        configuration["id"] = json!(format!("{id}/ipConfigurations/{name}"));
        configuration["properties"]["privateIPAllocationMethod"] = json!("Dynamic");
        configuration["properties"]["primary"] = json!(true);
        configuration["properties"]["provisioningState"] = json!("Succeeded");
    }
    Ok(())
}
