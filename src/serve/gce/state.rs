//! What this protocol keeps of its own.
//!
//! **Invariant:** bounded: operations that are long done are forgotten, oldest first; a reset of the site voids it all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::super::Site;
use super::answer::{Reply, invalid};
use super::operations::Operation;
use super::page::Item;
use super::places::Market;
use super::show;
use crate::serve::{Instance, InstanceId};

/// So many operations are kept.
const KEPT: usize = 4096;

/// Compute Engine on a site.
pub(super) struct Gce {
    pub site: Arc<Site>,
    pub project: String,
    /// Regions, zones and types, which never change.
    pub market: Market,
    kept: Mutex<Kept>,
    shown: Mutex<BTreeMap<InstanceId, Shown>>,
}

/// A machine as it was last shown: good as long as it is the same, and stands where it stood.
struct Shown {
    instance: Arc<Instance>,
    status: &'static str,
    item: Item,
}

/// So many machines are remembered as they were shown.
const SHOWN: usize = 2048;

/// What changes.
#[derive(Default)]
pub(super) struct Kept {
    generation: u64,
    /// By name.
    pub firewalls: BTreeMap<String, Value>,
    /// By the order they were made in.
    pub operations: BTreeMap<u64, Operation>,
    by_name: BTreeMap<String, u64>,
    /// By the address that was asked and the id the client gave.
    by_request: BTreeMap<(String, String), u64>,
    next: u64,
}

impl Gce {
    pub(super) fn new(site: Arc<Site>) -> Self {
        let project = site.account("gcp").name;
        let market = Market::of(site.catalog());
        let kept = Kept { generation: site.generation(), ..Kept::default() };
        Self { site, project, market, kept: Mutex::new(kept), shown: Mutex::default() }
    }

    /// A machine as Compute Engine shows it now.
    pub(super) fn shown(&self, instance: &Arc<Instance>) -> Item {
        let status = show::status(self, instance);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shown.get(&instance.id)
            && known.status == status
            && Arc::ptr_eq(&known.instance, instance)
        {
            return known.item.clone();
        }
        let item = Item::from(show::instance(self, instance));
        if shown.len() >= SHOWN {
            shown.clear();
        }
        shown.insert(instance.id, Shown { instance: Arc::clone(instance), status, item: item.clone() });
        item
    }

    /// What is kept. The site may be asked while it is held, never the other way round.
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget_what_was_reset(&self) {
        let generation = self.site.generation();
        let mut kept = self.kept();
        if kept.generation != generation {
            *kept = Kept { generation, ..Kept::default() };
        }
    }

    pub(super) fn known_zone(&self, zone: &str) -> Result<(), Reply> {
        if self.market.zones.contains_key(zone) { Ok(()) } else { Err(invalid("zone", zone, "Unknown zone.")) }
    }
}

impl Kept {
    /// Keeps an operation; its name is made here.
    pub(super) fn add(&mut self, mut operation: Operation, name: impl FnOnce(u64) -> String) -> &Operation {
        self.next += 1;
        let serial = self.next;
        operation.name = name(serial);
        self.by_name.insert(operation.name.clone(), serial);
        if let Some(id) = &operation.client_id {
            self.by_request.insert((operation.asked.clone(), id.clone()), serial);
        }
        self.shrink();
        self.operations.entry(serial).or_insert(operation)
    }

    fn shrink(&mut self) {
        if self.operations.len() < KEPT {
            return;
        }
        if let Some((_, old)) = self.operations.pop_first() {
            self.by_name.remove(&old.name);
            if let Some(id) = old.client_id {
                self.by_request.remove(&(old.asked, id));
            }
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Operation> {
        self.operations.get(self.by_name.get(name)?)
    }

    /// The operation that an earlier request with this id began.
    pub(super) fn requested(&self, asked: &str, id: &str) -> Option<&Operation> {
        self.operations.get(self.by_request.get(&(asked.to_owned(), id.to_owned()))?)
    }
}
