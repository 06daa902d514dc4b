//! What a client asks of the market and what it is told, in names.
//!
//! **Invariant:** no vendor's wire format and no id of a catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::denials::{Answered, Body};
use crate::model::{CapacityType, Timestamp};

use super::instance::Instance;

/// One launch call.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The catalog's name of the cloud: `aws`, `azure`, `gcp`.
    pub cloud: &'static str,
    /// `us-east-2`
    pub region: String,
    /// The zone; `None` where the cloud has none, or where it is left to the cloud, which then takes the first that
    /// has room.
    pub zone: Option<String>,
    /// The vendor's name of the type, without devices that are attached to it.
    pub instance_type: String,
    /// Devices to attach (GCP's N1), by the catalog's name (`V100`), and how many a node.
    pub accelerator: Option<(String, u32)>,
    /// On-demand or spot.
    pub terms: CapacityType,
    /// The most that a node may cost an hour, in dollars; `None` for the list price.
    pub max_price: Option<f64>,
    /// How many at most.
    pub nodes: u16,
    /// How many at least; less than `nodes` is filled with what there is.
    pub least: u16,
    /// The idempotency token, if the client sent one: the same ask with it makes nothing twice.
    pub token: Option<String>,
    /// What the client names each node, in order; may be shorter than `nodes`.
    pub names: Vec<String>,
    /// Tags or labels. Calls with the same `sky-lease` are one launch of `sky` spread over several calls (one a zone, or
    /// one a node): they meet the luck of one launch.
    pub tags: BTreeMap<String, String>,
    /// Who logs in with which key, for machines that can be used.
    pub ssh: Option<Login>,
    /// What becomes of a spot node that the cloud takes back.
    pub on_preemption: OnPreemption,
    /// Whatever else the frontend wants to remember with each node: image, disks, user data.
    pub extra: serde_json::Value,
}

/// What becomes of a spot node that the cloud takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnPreemption {
    /// It is gone.
    #[default]
    Terminate,
    /// It is stopped, its disk kept.
    Stop,
}

/// Who may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// The user's name on the machine.
    pub user: String,
    /// One or more lines as in `authorized_keys`.
    pub public_key: String,
}

/// What a launch call came to.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What the market made of it.
    pub outcome: Outcome,
    /// When the cloud knows: the moment a refusal is told. For an accepted launch, when all its nodes run.
    pub at: Timestamp,
    /// What becomes of the answer on its way.
    pub wire: Wire,
    /// True if an earlier call with the same token made these nodes.
    pub repeated: bool,
}

/// What the market made of a launch call.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Nodes were made: all, or where `least` allows it (or the scenario breaks gangs) some, with what was refused.
    Accepted {
        /// The nodes, pending.
        instances: Vec<Arc<Instance>>,
        /// Why there are not more.
        refused: Vec<Refusal>,
    },
    /// Nothing was made. Never empty.
    Refused(Vec<Refusal>),
    /// Nothing is known: the call is never answered.
    Nothing,
}

/// What becomes of an answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// It arrives.
    Arrives,
    /// The connection is cut at this moment, before any of it was sent: see [`crate::serve::wire::cut`].
    Cut(Timestamp),
    /// It never comes: see [`crate::serve::wire::hang`].
    Hangs,
}

/// One refusal in the cloud's own words.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The genuine body: its code, HTTP status, when it is answered (at once, in the operation, in polling), envelope
    /// and headers.
    pub body: &'static Body,
    /// What the body's placeholders stand for; see [`Refusal::fill`].
    pub values: Vec<(&'static str, String)>,
    /// The zone that was asked, where one was.
    pub zone: Option<String>,
}

impl Refusal {
    /// The vendor's code.
    pub fn code(&self) -> &'static str {
        &self.body.code
    }

    /// The HTTP status, or the one that the operation reports.
    pub fn http(&self) -> u16 {
        self.body.http
    }

    /// When it is answered.
    pub fn answered(&self) -> Answered {
        self.body.answer
    }

    /// The vendor's sentence.
    pub fn message(&self) -> String {
        self.fill(&self.body.message)
    }

    /// Every error of the answer as (code, message).
    pub fn errors(&self) -> Vec<(String, String)> {
        self.body.errors().into_iter().map(|(code, message)| (code.to_owned(), self.fill(message))).collect()
    }

    /// The JSON around it with every text filled in; `None` on AWS, where the envelope is always the same XML.
    pub fn envelope(&self) -> Option<serde_json::Value> {
        self.body.envelope.as_ref().map(|envelope| self.filled(envelope))
    }

    /// A text with the body's placeholders (`{zone}`) filled in.
    pub fn fill(&self, text: &str) -> String {
        let values: Vec<(&str, &str)> = self.values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        crate::denials::Fill(&values).apply(text)
    }

    fn filled(&self, value: &serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), self.filled(value))).collect(),
            other => other.clone(),
        }
    }
}

/// Why a call means nothing to the market: for the frontend to say in its vendor's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// The catalog has no such region of that cloud.
    #[error("no region '{0}'")]
    NoRegion(String),
    /// The region has no such zone.
    #[error("no zone '{0}'")]
    NoZone(String),
    /// The cloud has no such type, or none with these devices attached.
    #[error("no instance type '{0}'")]
    NoType(String),
    /// The type is not sold there on these terms.
    #[error("'{instance_type}' is not sold in {place}")]
    NotSold {
        /// The type.
        instance_type: String,
        /// The zone or region.
        place: String,
    },
    /// The token was used before with another ask.
    #[error("the token was used with other parameters")]
    TokenReused,
    /// There is no such instance (any more).
    #[error("no instance {0}")]
    NoInstance(String),
    /// The instance is in a state that does not allow this; the state's name.
    #[error("the instance is {0}")]
    WrongState(&'static str),
}
