//! What the API remembers that the market does not know.
//!
//! **Invariant:** forgotten when the site is reset, like everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::form::{Form, Tags};
use crate::serve::{InstanceId, Site};

/// What is remembered, behind one lock.
pub(super) struct Memory(Mutex<Kept>);

/// All that is remembered. Names are of one region, so the region is part of every key.
#[derive(Default)]
pub(super) struct Kept {
    generation: u64,
    /// Instances by their EC2 id.
    pub(super) instances: BTreeMap<String, InstanceId>,
    /// How many of them there may be before those are looked for that the site has forgotten.
    most: usize,
    /// Security groups by region and id.
    pub(super) groups: BTreeMap<(String, String), Group>,
    /// Key pairs by region and name.
    pub(super) keys: BTreeMap<(String, String), KeyPair>,
    /// Launch templates by region and name.
    pub(super) templates: BTreeMap<(String, String), Template>,
    /// Spot requests that were cancelled while their instances run on.
    pub(super) cancelled: BTreeSet<String>,
}

/// A security group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) tags: Tags,
    pub(super) rules: Vec<Rule>,
}

/// What a group lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) protocol: String,
    /// First and last port, where the protocol has ports.
    pub(super) ports: Option<(i32, i32)>,
    pub(super) from: Source,
}

/// Who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Addresses of version 4.
    Addresses(String),
    /// Addresses of version 6.
    Addresses6(String),
    /// Members of a group.
    Group(String),
}

/// A public key.
#[derive(Debug, Clone)]
pub(super) struct KeyPair {
    pub(super) public_key: String,
    pub(super) fingerprint: String,
    pub(super) tags: Tags,
    pub(super) created: String,
}

/// A launch template: the parameters of a launch, kept.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) id: String,
    pub(super) data: Form,
    pub(super) created: String,
}

impl Kept {
    /// Forgets the ids of instances that the site has forgotten, once that may be half of them.
    pub(super) fn forget_instances(&mut self, site: &Site) {
        if self.instances.len() > self.most {
            self.instances.retain(|_, id| site.instance(*id).is_some());
            self.most = 2 * self.instances.len() + 1024;
        }
    }
}

impl Memory {
    pub(super) fn new(generation: u64) -> Self {
        Self(Mutex::new(Kept { generation, ..Kept::default() }))
    }

    /// Forgets what is of an earlier generation of the site.
    pub(super) fn follow(&self, generation: u64) {
        let mut kept = self.lock();
        if kept.generation != generation {
            *kept = Kept { generation, ..Kept::default() };
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
