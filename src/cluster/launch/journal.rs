//! The calls of a launch, written into the store.

use std::cell::RefCell;
use std::rc::Rc;

use crate::catalog::Catalog;
use crate::cloud::live::{Intent, Journal, Settled};
use crate::cluster::context::Context;
use crate::cluster::store::{Cluster, Stage, Written};
use crate::model::{CallId, Denial, Timestamp, TypeId};

/// Writes intents before calls are made, and what came of them.
pub(super) struct Recorder<'a> {
    context: &'a Context,
    cluster: &'a Cluster,
    remember: bool,
    asides: Asides,
}

/// Refusals that a launch got over by itself, until they are told.
#[derive(Clone, Default)]
pub(super) struct Asides {
    untold: Rc<RefCell<Vec<(Timestamp, CallId, Denial)>>>,
}

impl Asides {
    pub(super) fn take(&self) -> Vec<(Timestamp, CallId, Denial)> {
        self.untold.take()
    }
}

impl<'a> Recorder<'a> {
    pub(super) fn new(context: &'a Context, cluster: &'a Cluster, remember: bool) -> Self {
        Self { context, cluster, remember, asides: Asides::default() }
    }

    pub(super) fn asides(&self) -> Asides {
        self.asides.clone()
    }
}

impl Journal for Recorder<'_> {
    fn before(&mut self, intent: Intent<'_>) -> Result<(), String> {
        let store = &self.context.store;
        let written = match intent {
            Intent::Launch { cloud, order, attempt } => store.intend(&Written {
                key: order.key.clone(),
                cluster: self.cluster.name.clone(),
                uid: self.cluster.uid.clone(),
                cloud: cloud.to_owned(),
                region: order.region.clone(),
                zone: if let [zone] = order.zones.as_slice() { Some(zone.clone()) } else { None },
                instance_type: order.instance_type.clone(),
                accelerators: accelerators(self.context.catalog, attempt.offering.instance_type),
                capacity: order.capacity,
                nodes: order.nodes,
                price_hourly: attempt.offering.price_hourly,
                stage: Stage::Asked,
                asked_at: self.context.now(),
            }),
            Intent::Release { key } => store.settle(key, Stage::Releasing, self.context.now()),
        };
        written.map_err(|error| error.to_string())
    }

    fn after(&mut self, settled: Settled<'_>) {
        let (store, now) = (&self.context.store, self.context.now());
        // What cannot be written now stays open, and is looked into at the end of the launch or by `status -r`.
        let _ = match settled {
            Settled::Made { key, nodes } => store.made(key, nodes, now),
            Settled::Nothing { key } => store.settle(key, Stage::Nothing, now),
            Settled::Released { key } => store.settle(key, Stage::Released, now),
            Settled::Denied { call, denial, aside } => {
                let at = self.context.clock.now();
                if aside {
                    self.asides.untold.borrow_mut().push((at, call, denial.clone()));
                }
                if self.remember {
                    store.remember(self.context.catalog, denial, &self.context.clock, at)
                } else {
                    Ok(())
                }
            }
        };
    }
}

/// `V100:8`, as users write it.
pub(in crate::cluster) fn accelerators(catalog: &Catalog, kind: TypeId) -> Option<String> {
    let devices = catalog.type_accelerator(kind)?;
    let milli = catalog.type_info(kind).presented_milli;
    let count = format!("{}.{:03}", milli / 1000, milli % 1000);
    let count = count.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{}:{count}", catalog.accelerator_name(devices.accelerator)))
}
