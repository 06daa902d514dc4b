//! A machine's body, checked, and as the market is asked for it.
//!
//! **Invariant:** what Compute refuses before it looks for room is refused before the market is asked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::Call;
use super::reply::{Reply, bad, bad_property};
use super::store::{Store, location};
use crate::model::CapacityType;
use crate::serve::site::{Ask, Login, OnPreemption};

/// Refuses a body that Compute would not take.
pub(super) fn check(call: &Call, store: &Store, own_user: bool) -> Result<(), Reply> {
    let properties = &call.body["properties"];
    let needed = [
        ("hardwareProfile/vmSize", "vmSize"),
        ("storageProfile/osDisk", "osDisk"),
        ("osProfile/computerName", "osProfile.computerName"),
        ("osProfile/adminUsername", "osProfile.adminUsername"),
        ("networkProfile/networkInterfaces", "networkProfile"),
    ];
    for (path, name) in needed {
        if properties.pointer(&format!("/{path}")).is_none_or(Value::is_null) {
            return Err(bad_property(name, &format!("Required parameter '{name}' is missing (null).")));
        }
    }
    check_login(own_user, &properties["osProfile"])?;
    let image = &properties["storageProfile"]["imageReference"];
    let is_named =
        ["id", "communityGalleryImageId", "sharedGalleryImageId"].iter().any(|field| image[field].is_string());
    let is_urn = ["publisher", "offer", "sku", "version"]
        .iter()
        .all(|field| image[field].as_str().is_some_and(|part| !part.is_empty()));
    if properties["storageProfile"]["osDisk"]["createOption"] == "FromImage" && !is_named && !is_urn {
        return Err(bad_property("imageReference", "Required parameter 'imageReference' is missing (null)."));
    }
    check_terms(properties)?;
    check_interfaces(call, store)
}

fn check_login(own_user: bool, profile: &Value) -> Result<(), Reply> {
    let user = profile["adminUsername"].as_str().unwrap_or_default();
    // Machines that can be used are logged in to as the user that serves them, whoever that is.
    if !own_user && ["root", "admin", "administrator", "user", "guest", "test"].contains(&user) {
        let words = "The Admin Username specified is not allowed.";
        return Err(bad_property("adminUsername", words));
    }
    let linux = &profile["linuxConfiguration"];
    let keys = linux["ssh"]["publicKeys"].as_array().map_or(&[][..], Vec::as_slice);
    if linux["disablePasswordAuthentication"] == true && keys.is_empty() {
        let words = "Authentication using either SSH or by user name and password must be enabled in Linux profile.";
        return Err(bad_property("linuxConfiguration", words));
    }
    for key in keys {
        let path = key["path"].as_str().unwrap_or_default();
        if path != format!("/home/{user}/.ssh/authorized_keys") {
            let words = format!(
                "Destination path for SSH public keys is currently limited to its default value \
                 /home/{user}/.ssh/authorized_keys due to a known issue in Linux provisioning agent."
            );
            return Err(bad_property("linuxConfiguration.ssh.publicKeys.path", &words));
        }
        let data = key["keyData"].as_str().unwrap_or_default();
        if !["ssh-rsa ", "ssh-ed25519 "].iter().any(|kind| data.starts_with(kind)) {
            let words = "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.";
            return Err(bad_property("linuxConfiguration.ssh.publicKeys.keyData", words));
        }
    }
    Ok(())
}

fn check_terms(properties: &Value) -> Result<(), Reply> {
    let priority = properties["priority"].as_str().unwrap_or("Regular");
    if !["Regular", "Low", "Spot"].contains(&priority) {
        return Err(bad_property(
            "priority",
            &format!("The value '{priority}' of parameter 'priority' is not allowed."),
        ));
    }
    let eviction = &properties["evictionPolicy"];
    if priority == "Regular" && !eviction.is_null() {
        let words = "Eviction policy can be set only on Azure Spot Virtual Machines.";
        return Err(bad_property("evictionPolicy", words));
    }
    if !eviction.is_null() && eviction != "Deallocate" && eviction != "Delete" {
        return Err(bad_property(
            "evictionPolicy",
            &format!("The value {eviction} of parameter 'evictionPolicy' is not allowed."),
        ));
    }
    Ok(())
}

fn check_interfaces(call: &Call, store: &Store) -> Result<(), Reply> {
    for interface in call.body["properties"]["networkProfile"]["networkInterfaces"].as_array().into_iter().flatten() {
        let id = interface["id"].as_str().unwrap_or_default();
        let Some(found) = store.get(id) else {
            let words = format!(
                "Resource {id} referenced by resource {} was not found. Please make sure that the referenced resource \
                 exists, and that both resources are in the same region.",
                call.id()
            );
            return Err(bad("InvalidResourceReference", &words));
        };
        if found.text("location") != location(&call.body["location"]) {
            return Err(bad(
                "InvalidResourceReference",
                &format!("Resource {id} is in another region than {}.", call.id()),
            ));
        }
        let users = store.users_of(id, &format!("/subscriptions/{}/", call.part(1)));
        let other =
            users.iter().find(|user| user.contains("/virtualMachines/") && !user.eq_ignore_ascii_case(&call.id()));
        if let Some(other) = other {
            let words = format!("Network Interface {id} is used by existing resource {other}.");
            return Err(bad("NicInUse", &words));
        }
    }
    Ok(())
}

/// What the market is asked for.
pub(super) fn ask(call: &Call) -> Ask {
    let body = &call.body;
    let properties = &body["properties"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let profile = &properties["osProfile"];
    let keys = profile["linuxConfiguration"]["ssh"]["publicKeys"].as_array();
    let keys: Vec<String> = keys.into_iter().flatten().map(|key| text(&key["keyData"])).collect();
    let ssh = (!keys.is_empty()).then(|| Login { user: text(&profile["adminUsername"]), public_key: keys.join("\n") });
    let spot = properties["priority"] == "Spot" || properties["priority"] == "Low";
    let tags = body["tags"].as_object().into_iter().flatten();
    let tags: BTreeMap<String, String> = tags.map(|(name, value)| (name.clone(), text(value))).collect();
    Ask {
        cloud: "azure",
        region: location(&body["location"]),
        zone: body["zones"][0].as_str().map(str::to_owned),
        instance_type: text(&properties["hardwareProfile"]["vmSize"]),
        accelerator: None,
        terms: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        max_price: properties["billingProfile"]["maxPrice"].as_f64().filter(|price| spot && *price > 0.0),
        nodes: 1,
        least: 1,
        token: None,
        names: vec![call.part(7).to_owned()],
        tags,
        ssh,
        on_preemption: match properties["evictionPolicy"].as_str() {
            Some("Delete") => OnPreemption::Terminate,
            _ => OnPreemption::Stop,
        },
        extra: json!({"image": properties["storageProfile"]["imageReference"], "customData": profile["customData"]}),
    }
}
