//! The interfaces and limits behind every candidate.

use std::sync::Arc;

use crate::model::{CapacityType, Offering, ZoneId};
use crate::sim::law::Law;
use crate::sim::luck::Entity;
use crate::sim::market::{Answers, Api, Change, Faults, Increase, Latency, Quota};

use super::compile::Compiler;
use super::quotas::{PaceSpec, QuotaScope, QuotaSpec};
use super::settings::{Fault, Line, Outcome, Refused};

impl Compiler<'_> {
    pub(super) fn api(&mut self, offering: &Offering, zone: Option<ZoneId>) -> u32 {
        let cloud = self.cloud(offering);
        let mut latency = Latency::of(cloud);
        for (_, outcome) in Outcome::ALL {
            let of =
                |line: &'_ Line| line.latency.iter().find(|(known, _)| known == outcome).map(|(_, law)| law.clone());
            if let Some(law) = self.setting(offering, zone, of) {
                *slot(&mut latency, *outcome) = law;
            }
        }
        let mut faults = Faults {
            unauthorized: self.setting(offering, zone, |line| line.unauthorized).unwrap_or(false),
            expired: self.setting(offering, zone, |line| line.unauthorized.map(|_| line.expired)).flatten(),
            ..Default::default()
        };
        for (_, fault) in Fault::ALL {
            let of = |line: &'_ Line| line.faults.iter().find(|(known, _)| known == fault).map(|(_, p)| *p);
            let p = self.setting(offering, zone, of).unwrap_or(0.0);
            match fault {
                Fault::Throttle => faults.throttle = p,
                Fault::Lost => faults.lost = p,
                Fault::Hang => faults.hang = p,
                Fault::Partial => faults.partial = p,
                Fault::ReleaseFailed => faults.release_failed = p,
                Fault::ListLag => faults.list_lag = p,
                Fault::SlowBoot => faults.slow_boot = p,
                Fault::BootFailed => faults.boot_failed = p,
                Fault::SlowRelease => faults.slow_release = p,
            }
        }
        let mut answers = Answers::of(cloud, zone.is_some());
        if let Some(account) = self.setting(offering, zone, |line| line.account.as_deref()) {
            answers.account = Arc::from(account);
        }
        if let Some(body) = self.body(offering, zone, Refused::Stockout) {
            (answers.stockout, answers.stockout_hint) = (body, body);
        }
        answers.throttle = self.body(offering, zone, Refused::Throttle).unwrap_or(answers.throttle);
        answers.unauthorized = self.body(offering, zone, Refused::Unauthorized).unwrap_or(answers.unauthorized);
        // Many candidates answer alike; one interface serves them all.
        let pace = self.pace(offering, zone);
        let key = format!("{latency:?}{faults:?}{answers:?}{pace:?}");
        let next = self.market.apis.len() as u32;
        let index = *self.positions.apis.entry(key).or_insert(next);
        if index == next {
            let entity = Entity::named(&format!("api {cloud}"));
            self.market.apis.push(Api { entity, latency, faults, answers, pace });
        }
        index
    }

    /// The pace at which a cloud, or its region, takes calls.
    fn pace(&mut self, offering: &Offering, zone: Option<ZoneId>) -> Option<u32> {
        let PaceSpec { pace, regional } = self.setting(offering, zone, |line| line.pace)?;
        let region = if regional { self.catalog.region_name(offering.region) } else { "*" };
        // Lines that set different paces for parts of a cloud make a bucket each.
        let key = format!("{}/{region} {pace:?}", self.cloud(offering));
        let next = self.market.paces.len() as u32;
        let index = *self.positions.paces.entry(key).or_insert(next);
        if index == next {
            self.market.paces.push(pace);
        }
        Some(index)
    }

    fn body(&self, offering: &Offering, zone: Option<ZoneId>, refused: Refused) -> Option<&'static str> {
        self.setting(offering, zone, |line| {
            line.bodies.iter().find(|(known, _)| *known == refused).map(|(_, body)| *body)
        })
    }

    /// The limits a candidate counts against, with the amount of one node.
    pub(super) fn meters(&mut self, offering: &Offering) -> Box<[(u32, u64)]> {
        let Some(specs) = self.setting(offering, None, |line| line.quota.as_ref()).cloned() else {
            return Box::default();
        };
        let kind = self.catalog.type_info(offering.instance_type);
        // GCP meters machines with accelerators by those, the other clouds everything by vCPUs.
        let by_device = self.cloud(offering) == "gcp" && kind.accelerator.is_some();
        let each = if by_device { kind.accelerator.map_or(0, |a| a.count_milli) } else { kind.vcpus_milli };
        specs.iter().filter_map(|spec| Some((self.quota(offering, spec, by_device)?, u64::from(each)))).collect()
    }

    fn quota(&mut self, offering: &Offering, spec: &QuotaSpec, by_device: bool) -> Option<u32> {
        if spec.limit.is_infinite() {
            return None;
        }
        let cloud = self.cloud(offering);
        let region = self.catalog.region_name(offering.region);
        let family = self.catalog.family_name(offering.family);
        let spot = offering.capacity == CapacityType::Spot;
        let terms = offering.capacity.name();
        let (key, name) = match spec.scope {
            QuotaScope::Family if cloud == "gcp" && spot && by_device => {
                (format!("{cloud}/{region}/{family}/{terms}"), format!("PREEMPTIBLE_{family}"))
            }
            QuotaScope::Family => (format!("{cloud}/{region}/{family}/{terms}"), family.to_owned()),
            QuotaScope::Region => (format!("{cloud}/{region}/{terms}"), "Total Regional".to_owned()),
            QuotaScope::Global => {
                let what = if by_device { "GPUS" } else { "CPUS" };
                (format!("{cloud}/{what}"), format!("{what}_ALL_REGIONS"))
            }
        };
        let next = self.market.quotas.len() as u32;
        let entity = Entity::named(&format!("quota {key}"));
        let index = *self.positions.quotas.entry(key).or_insert(next);
        if index == next {
            let (global, total) = (spec.scope == QuotaScope::Global, spec.scope == QuotaScope::Region);
            let usual = Answers::quota(cloud, global, total, spot);
            let body = self.body(offering, None, Refused::Quota).unwrap_or(usual);
            let milli = |amount: f64| (amount * 1000.0).round() as u64;
            let increase = spec.increase.as_ref();
            let increase =
                increase.map(|spec| Increase { to: milli(spec.to), asked: spec.asked, after: spec.after.clone() });
            let changes = spec.background.is_some() || increase.is_some();
            let change = changes.then(|| Box::new(Change { entity, background: spec.background.clone(), increase }));
            let (limit, usage) = (milli(spec.limit), milli(spec.usage));
            self.market.quotas.push(Quota { name: name.into(), limit, usage, body, change });
        }
        Some(index)
    }
}

fn slot(latency: &mut Latency, outcome: Outcome) -> &mut Law {
    match outcome {
        Outcome::Launched => &mut latency.launched,
        Outcome::Stockout => &mut latency.stockout,
        Outcome::Quota => &mut latency.quota,
        Outcome::Throttle => &mut latency.throttle,
        Outcome::Unauthorized => &mut latency.unauthorized,
        Outcome::Lost => &mut latency.lost,
        Outcome::SlowBoot => &mut latency.slow_boot,
        Outcome::BootFailed => &mut latency.boot_failed,
        Outcome::SlowRelease => &mut latency.slow_release,
        Outcome::Release => &mut latency.release,
        Outcome::Find => &mut latency.find,
    }
}
