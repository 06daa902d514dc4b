//! Faults on order: the next so many launches in a place meet what the tester says.
//!
//! **Invariant:** an injection is used up by the launches that meet it, in the order it was given.

use serde::{Deserialize, Serialize};

use super::{Ask, Site};

/// What the next launches in a place meet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Injection {
    /// In which cloud; any if absent.
    #[serde(default)]
    pub cloud: Option<String>,
    /// In which region; any if absent.
    #[serde(default)]
    pub region: Option<String>,
    /// In which zone; any if absent.
    #[serde(default)]
    pub zone: Option<String>,
    /// Which type; any if absent.
    #[serde(default)]
    pub instance_type: Option<String>,
    /// How many launches.
    #[serde(default = "once")]
    pub times: u32,
    /// What they meet.
    pub mishap: Mishap,
}

/// What a launch meets by order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mishap {
    /// Nothing: what the market says. A schedule can let launches pass with it.
    None,
    /// A refusal with this body of the cloud (`InsufficientInstanceCapacity`, `QUOTA_EXCEEDED.region`).
    Body(String),
    /// The market decides, then the connection is cut before the answer.
    Lost,
    /// It is never answered and makes nothing.
    Hang,
}

fn once() -> u32 {
    1
}

impl Injection {
    /// True if it speaks of this launch.
    pub(super) fn meets(&self, ask: &Ask) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        is(&self.cloud, Some(ask.cloud))
            && is(&self.region, Some(&ask.region))
            && is(&self.zone, ask.zone.as_deref())
            && is(&self.instance_type, Some(&ask.instance_type))
    }
}

impl Site {
    /// Lets the next launches that it speaks of meet a fault. Several are met in the order they were given.
    ///
    /// # Errors
    /// A body that no cloud of it has.
    pub fn inject(&self, injection: Injection) -> Result<(), String> {
        if let Mishap::Body(key) = &injection.mishap {
            let clouds = ["aws", "azure", "gcp"].into_iter();
            let mut asked = clouds.filter(|cloud| injection.cloud.as_deref().is_none_or(|named| named == *cloud));
            if !asked.any(|cloud| crate::denials::body(cloud, key).is_some()) {
                return Err(format!("no cloud of this injection has a body '{key}'"));
            }
        }
        self.lock().injections.push(injection);
        Ok(())
    }

    /// The orders that are still open.
    pub fn injections(&self) -> Vec<Injection> {
        self.lock().injections.clone()
    }

    /// Takes all open orders back.
    pub fn forget_injections(&self) {
        self.lock().injections.clear();
    }
}
