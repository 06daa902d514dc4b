//! One machine of the site, from its launch until it is forgotten.
//!
//! **Invariant:** a state with an end is left by time alone, when the site is next looked at.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{CapacityType, LeaseId, Money, Timestamp};

use super::ask::{Login, OnPreemption};

/// Names an instance for as long as the site lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct InstanceId(pub u64);

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On its way up; runs from then on.
    Pending(Timestamp),
    /// Up.
    Running,
    /// On its way down; stopped from then on.
    Stopping(Timestamp),
    /// Down, disk kept, no capacity held, not billed.
    Stopped,
    /// Being deleted; gone from then on.
    Terminating(Timestamp),
    /// Gone.
    Terminated,
}

/// A machine.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Its name in the site. Vendor ids are made of it: see [`Instance::hex`].
    pub id: InstanceId,
    /// `aws`, `azure`, `gcp`
    pub cloud: &'static str,
    /// Its region.
    pub region: String,
    /// Its zone, where the cloud has zones.
    pub zone: Option<String>,
    /// The vendor's name of its type.
    pub instance_type: String,
    /// Its devices by the catalog's name, attached or built in.
    pub accelerator: Option<(String, u32)>,
    /// vCPUs, in thousandths.
    pub vcpus_milli: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// On what terms.
    pub terms: CapacityType,
    /// Price an hour.
    pub price_hourly: Money,
    /// Its place in its launch call, from 0.
    pub index: u16,
    /// What the client named it; empty if it did not.
    pub name: String,
    /// The token of the call that made it.
    pub token: Option<String>,
    /// Tags or labels.
    pub tags: BTreeMap<String, String>,
    /// Who may log in.
    pub ssh: Option<Login>,
    /// What the frontend keeps with it.
    pub extra: serde_json::Value,
    /// Where it stands.
    pub state: State,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it was last up, or will be.
    pub running_at: Timestamp,
    /// When it was last stopped.
    pub stopped_at: Option<Timestamp>,
    /// When it was gone.
    pub terminated_at: Option<Timestamp>,
    /// What becomes of it if the cloud takes it back.
    pub on_preemption: OnPreemption,
    /// True if the cloud took it back.
    pub preempted: bool,
    /// From when the cloud says that it will take it back, and when it will.
    pub notice: Option<(Timestamp, Timestamp)>,
    /// Listings do not show it before then.
    pub visible_at: Timestamp,
    /// Where it is reached from outside while it is up or on its way up.
    pub public_ip: Option<String>,
    /// Where it is reached from inside.
    pub private_ip: String,
    /// What it holds of the market, while it holds anything.
    pub(super) lease: Option<LeaseId>,
    pub(super) way: usize,
    pub(super) ask: usize,
    /// Scrambles [`Instance::hex`], so that ids of different seeds differ.
    pub(super) salt: u64,
}

impl State {
    /// `pending`, `running`, `stopping`, `stopped`, `shutting-down`, `terminated`
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending(_) => "pending",
            Self::Running => "running",
            Self::Stopping(_) => "stopping",
            Self::Stopped => "stopped",
            Self::Terminating(_) => "shutting-down",
            Self::Terminated => "terminated",
        }
    }

    /// When it will be left, where time alone decides.
    pub const fn ends(self) -> Option<Timestamp> {
        match self {
            Self::Pending(at) | Self::Stopping(at) | Self::Terminating(at) => Some(at),
            _ => None,
        }
    }

    /// True unless it is gone or going.
    pub const fn is_alive(self) -> bool {
        !matches!(self, Self::Terminating(_) | Self::Terminated)
    }
}

impl Instance {
    /// So many hexadecimal digits (at most 32) that belong to this instance alone: `hex(17)` for `i-0abc…`.
    pub fn hex(&self, digits: usize) -> String {
        let scramble = |value: u64| {
            let value = (value ^ (value >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            value ^ (value >> 31)
        };
        let first = scramble(self.id.0.wrapping_add(self.salt));
        let text = format!("{first:016x}{:016x}", scramble(first ^ self.id.0));
        text[..digits.min(32)].to_owned()
    }

    /// How calls name it: an instance id on AWS, its name elsewhere.
    pub fn vendor_id(&self) -> String {
        if self.cloud == "aws" { format!("i-{}", self.hex(17)) } else { self.name.clone() }
    }

    /// A number below 2⁶³ that belongs to this instance alone: Google's numeric id.
    pub fn number(&self) -> u64 {
        u64::from_str_radix(&self.hex(16), 16).unwrap_or(self.id.0) >> 1
    }

    /// A tag's value; empty if there is none.
    pub fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", String::as_str)
    }

    /// Leaves a state whose time is over; true if it did.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        let Some(at) = self.state.ends().filter(|at| *at <= now) else { return false };
        match self.state {
            State::Pending(_) => self.state = State::Running,
            State::Stopping(_) => {
                self.state = State::Stopped;
                self.stopped_at = Some(at);
                self.public_ip = None;
                self.lease = None;
            }
            State::Terminating(_) => {
                self.state = State::Terminated;
                self.terminated_at = Some(at);
                self.public_ip = None;
                self.lease = None;
            }
            State::Running | State::Stopped | State::Terminated => {}
        }
        true
    }
}
