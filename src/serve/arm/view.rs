//! A machine as ARM shows it, with the market's word on its power.
//!
//! **Invariant:** nothing is changed by looking.

use serde_json::{Value, json};

use super::Arm;
use super::store::Stored;
use crate::serve::site::State;

/// Provisioning state and power state of a machine.
fn states(arm: &Arm, stored: &Stored) -> (&'static str, Option<&'static str>) {
    let now = arm.site.clock().now();
    let state = stored.instance.and_then(|id| arm.site.instance(id)).map(|instance| instance.state);
    let failed = stored.fails.is_some_and(|at| at <= now);
    let (provisioning, power) = match state {
        None if failed => ("Failed", None),
        None => ("Creating", None),
        Some(State::Pending(_)) => ("Creating", Some("starting")),
        Some(State::Running) if stored.powered_off => ("Succeeded", Some("stopped")),
        Some(State::Running) => ("Succeeded", Some("running")),
        Some(State::Stopping(_)) => ("Updating", Some("deallocating")),
        Some(State::Stopped) if failed => ("Failed", Some("deallocated")),
        Some(State::Stopped) => ("Succeeded", Some("deallocated")),
        Some(State::Terminating(_) | State::Terminated) => ("Deleting", None),
    };
    if stored.gone.is_some() { ("Deleting", power) } else { (provisioning, power) }
}

/// The instance view.
pub(super) fn power(arm: &Arm, stored: &Stored) -> Value {
    let (provisioning, power) = states(arm, stored);
    let level = if provisioning == "Failed" { "Error" } else { "Info" };
    let mut statuses = vec![json!({
        "code": format!("ProvisioningState/{}", provisioning.to_ascii_lowercase()),
        "level": level, "displayStatus": format!("Provisioning {}", provisioning.to_ascii_lowercase()),
    })];
    if let Some(power) = power {
        statuses.push(
            json!({"code": format!("PowerState/{power}"), "level": "Info", "displayStatus": format!("VM {power}")}),
        );
    }
    json!({"statuses": statuses})
}

/// A machine.
pub(super) fn shown(arm: &Arm, stored: &Stored, expand: bool) -> Value {
    let mut value = stored.value.clone();
    value["properties"]["provisioningState"] = json!(states(arm, stored).0);
    if expand {
        value["properties"]["instanceView"] = power(arm, stored);
    }
    value
}
