//! Looking at the site: instances, limits, pools, books, journal.
//!
//! **Invariant:** looking changes nothing but what time alone would have changed.

use std::sync::Arc;

use serde::Serialize;

use crate::model::{CapacityType, Money, Span, Timestamp};

use super::{Inner, Instance, InstanceId, Record, Site, State};

/// Which instances; everything that is absent or empty admits all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this cloud.
    pub cloud: Option<&'static str>,
    /// In this region.
    pub region: Option<String>,
    /// In this zone.
    pub zone: Option<String>,
    /// With these tags.
    pub tags: Vec<(String, String)>,
    /// Made with this token.
    pub token: Option<String>,
    /// With this name.
    pub name: Option<String>,
    /// These alone.
    pub ids: Vec<InstanceId>,
    /// Terminated ones too, for the hour that they are remembered.
    pub terminated: bool,
    /// Those too that a lagging listing does not show yet: for a look-up by id or name, which does not lag.
    pub hidden: bool,
}

/// A limit of the account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// The cloud.
    pub cloud: &'static str,
    /// The region, where the limit is of one.
    pub region: Option<String>,
    /// What the cloud calls it in its words (`NVIDIA_V100_GPUS`, `standardNCSv3Family`).
    pub name: String,
    /// On what terms it counts.
    pub terms: &'static str,
    /// The most, in vCPUs or GPUs as the cloud meters it.
    pub limit: f64,
    /// How much is held: by us and by others of the account.
    pub usage: f64,
}

/// Who the cloud's words name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Account number, project or subscription.
    pub name: String,
    /// True if the credentials are bad, by the scenario's wish.
    pub unauthorized: bool,
}

/// One stock of machines as it truly is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pool {
    /// The cloud.
    pub cloud: &'static str,
    /// The region.
    pub region: String,
    /// The zone, where the cloud has zones.
    pub zone: Option<String>,
    /// The type that first led to it.
    pub instance_type: String,
    /// Its accelerators (`V100:1`); empty if it has none.
    pub accelerator: String,
    /// On what terms.
    pub terms: &'static str,
    /// Machines there at each moment that was asked for, ours not subtracted; the last is now.
    pub course: Vec<u32>,
    /// How many of the last are ours.
    pub held: u32,
}

/// What is held and what it cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Books {
    /// Virtual seconds since the start.
    pub at: f64,
    /// What holds capacity and is billed.
    pub running: Vec<Owned>,
    /// Everything billed so far, in dollars.
    pub billed: f64,
    /// What is held costs this an hour, in dollars.
    pub hourly: f64,
    /// Launches that made something, ever.
    pub launched: u64,
}

/// One machine in the books.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Owned {
    /// Its number in the site.
    pub id: u64,
    /// The cloud.
    pub cloud: &'static str,
    /// The region.
    pub region: String,
    /// The zone.
    pub zone: Option<String>,
    /// The type.
    pub instance_type: String,
    /// On what terms.
    pub terms: &'static str,
    /// How calls name it: an instance id on AWS, its name elsewhere.
    pub vendor_id: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: &'static str,
    /// The tag `sky-owner`.
    pub owner: String,
    /// The tag `sky-cluster`.
    pub cluster: String,
    /// The tag `sky-lease`.
    pub lease: String,
    /// The tag `sky-rank`.
    pub rank: String,
    /// Virtual seconds since the start when it was asked for.
    pub since: f64,
    /// Dollars an hour.
    pub hourly: f64,
}

impl Site {
    /// The instances that a listing shows now, in the order they were made.
    pub fn instances(&self, filter: &Filter) -> Vec<Arc<Instance>> {
        let (inner, now) = self.settled();
        let found = |id: &InstanceId| inner.instances.get(id);
        let admitted = |instance: &&Arc<Instance>| filter.admits(instance, now);
        if !filter.ids.is_empty() {
            return filter.ids.iter().filter_map(found).filter(admitted).cloned().collect();
        }
        if filter.terminated {
            return inner.instances.values().filter(admitted).cloned().collect();
        }
        match &filter.name {
            Some(name) => {
                inner.named.get(name).into_iter().flatten().filter_map(found).filter(admitted).cloned().collect()
            }
            None => inner.there.iter().filter_map(found).filter(admitted).cloned().collect(),
        }
    }

    /// One instance, terminated ones too while they are remembered. Does not lag.
    pub fn instance(&self, id: InstanceId) -> Option<Arc<Instance>> {
        self.settled().0.instances.get(&id).cloned()
    }

    /// The limits that a region of a cloud is under, those of the whole cloud included. What is not listed is not
    /// limited. Looks at every type that is sold there, so that limits show before anything was asked for.
    pub fn limits(&self, cloud: &str, region: &str) -> Vec<Limit> {
        let (mut inner, _) = self.settled();
        inner.limits(self, cloud, region)
    }

    /// Who the cloud's words name, and whether the credentials are good.
    pub fn account(&self, cloud: &str) -> Account {
        let (inner, _) = self.settled();
        let apis = inner.world.market().apis.iter().filter(|api| &*api.answers.cloud == cloud);
        let mut name = crate::sim::market::Answers::of(cloud, true).account.to_string();
        // Bad for all or for none: credentials are of a cloud.
        let mut unauthorized = None;
        for api in apis {
            name = api.answers.account.to_string();
            unauthorized = Some(unauthorized.unwrap_or(true) && api.faults.unauthorized);
        }
        Account { name, unauthorized: unauthorized.unwrap_or(false) }
    }

    /// Every pool that was asked for or that the scenario wants, with its true course at `steps` moments: from `from`
    /// until now.
    pub fn pools(&self, from: Timestamp, steps: u32) -> Vec<Pool> {
        let (inner, now) = self.settled();
        let steps = steps.max(1);
        let span = now.since(from).0;
        let moment = |step: u32| Timestamp(now.0 - span / u64::from(steps) * u64::from(steps - 1 - step));
        let (pools, held) = (inner.offers.pools.iter().enumerate(), inner.held());
        let catalog = self.catalog();
        let tell = |(index, (offering, zone)): (usize, &(crate::model::Offering, Option<crate::model::ZoneId>))| Pool {
            cloud: catalog.cloud_name(offering.cloud),
            region: catalog.region_name(offering.region).to_owned(),
            zone: zone.map(|zone| catalog.zone_name(zone).to_owned()),
            instance_type: catalog.type_name(offering.instance_type).to_owned(),
            accelerator: catalog.type_accelerator(offering.instance_type).map_or_else(String::new, |count| {
                format!("{}:{}", catalog.accelerator_name(count.accelerator), f64::from(count.count_milli) / 1e3)
            }),
            terms: offering.capacity.name(),
            course: inner.world.course(index, (0..steps).map(moment)),
            held: held[index],
        };
        pools.map(tell).collect()
    }

    /// What is held and what it cost.
    pub fn books(&self) -> Books {
        let (inner, now) = self.settled();
        let held = inner.holding();
        let running: Vec<Owned> = held.map(owned).collect();
        Books {
            at: seconds(now),
            hourly: running.iter().fold(0.0, |sum, owned| sum + owned.hourly),
            running,
            billed: inner.world.billed().as_dollars(),
            launched: inner.world.launched(),
        }
    }

    /// The journal's entries after this number, as far as they are kept.
    pub fn journal(&self, after: u64) -> Vec<Arc<Record>> {
        self.settled().0.journal.after(after)
    }

    /// The price of a type an hour on these terms, by zone (by region, on a cloud without zones), in dollars. `kind`
    /// is the vendor's name; types of this name with attached devices are left out.
    pub fn prices(&self, cloud: &str, region: &str, kind: &str, terms: CapacityType) -> Vec<(Option<String>, f64)> {
        let catalog = self.catalog();
        let Some(found) = catalog.find_cloud(cloud) else { return Vec::new() };
        let kinds = catalog.find_types(Some(found), kind).filter(|kind| catalog.type_attached(*kind).is_none());
        let rows = kinds.flat_map(|kind| catalog.rows_of(kind));
        let here = rows.filter(|row| catalog.region_name(catalog.row_region(*row)) == region);
        let priced = here.filter_map(|row| {
            let price: Money = catalog.price(row, terms)?;
            Some((catalog.row_zone(row).map(|zone| catalog.zone_name(zone).to_owned()), price.as_dollars()))
        });
        priced.collect()
    }
}

impl Filter {
    fn admits(&self, instance: &Instance, now: Timestamp) -> bool {
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        (self.terminated || instance.state != State::Terminated)
            && (self.hidden || instance.visible_at <= now)
            && is(self.cloud, instance.cloud)
            && is(self.region.as_deref(), &instance.region)
            && is(self.zone.as_deref(), instance.zone.as_deref().unwrap_or_default())
            && is(self.name.as_deref(), &instance.name)
            && (self.token.is_none() || self.token == instance.token)
            && self.tags.iter().all(|(name, value)| instance.tags.get(name) == Some(value))
            && (self.ids.is_empty() || self.ids.contains(&instance.id))
    }
}

impl Inner {
    /// The instances that hold capacity and are billed.
    fn holding(&self) -> impl Iterator<Item = &Instance> {
        let there = self.there.iter().filter_map(|id| self.instances.get(id));
        there.map(Arc::as_ref).filter(|instance| instance.lease.is_some())
    }

    /// How many machines of each pool are ours.
    fn held(&self) -> Vec<u32> {
        let market = self.world.market();
        let mut held = vec![0; market.pools.len()];
        for instance in self.holding() {
            let ask = &market.asks[instance.ask];
            held[ask.pool as usize] += ask.weight;
        }
        held
    }

    fn limits(&mut self, site: &Site, cloud: &str, region: &str) -> Vec<Limit> {
        let catalog = site.catalog();
        let Some(found) = catalog.find_cloud(cloud) else { return Vec::new() };
        let Some(place) = catalog.regions_of(found).find(|id| catalog.region_name(*id) == region) else {
            return Vec::new();
        };
        let mut seen = std::collections::BTreeSet::new();
        let mut limits = Vec::new();
        for kind in catalog.types().filter(|kind| catalog.type_cloud(*kind) == found) {
            for terms in [CapacityType::OnDemand, CapacityType::Spot] {
                let mut rows = catalog.rows_of(kind).filter(|row| catalog.row_region(*row) == place);
                let Some(row) = rows.find(|row| catalog.price(*row, terms).is_some()) else { continue };
                // A scenario may limit one model of a family alone.
                let model = catalog.type_accelerator(kind).map(|count| count.accelerator);
                if !seen.insert((catalog.type_family(kind), terms, model, catalog.type_attached(kind).is_some())) {
                    continue;
                }
                let way = self.offers.at_row(catalog, row, terms, &mut self.world);
                let market = self.world.market();
                for (quota, _) in &market.ways[way].meters {
                    limits.push((*quota as usize, terms));
                }
            }
        }
        limits.sort_unstable();
        limits.dedup_by_key(|(quota, _)| *quota);
        let tell = |(quota, terms): (usize, CapacityType)| {
            let limit = &self.world.market().quotas[quota];
            Limit {
                cloud: catalog.cloud_name(found),
                region: (!limit.name.ends_with("_ALL_REGIONS")).then(|| region.to_owned()),
                name: limit.name.to_string(),
                terms: terms.name(),
                limit: limit.limit as f64 / 1e3,
                usage: self.world.used(quota) as f64 / 1e3,
            }
        };
        limits.into_iter().map(tell).collect()
    }
}

fn seconds(at: Timestamp) -> f64 {
    Span(at.0).as_secs_f64()
}

fn owned(instance: &Instance) -> Owned {
    let tag = |name: &str| instance.tag(name).to_owned();
    Owned {
        id: instance.id.0,
        cloud: instance.cloud,
        region: instance.region.clone(),
        zone: instance.zone.clone(),
        instance_type: instance.instance_type.clone(),
        terms: instance.terms.name(),
        vendor_id: instance.vendor_id(),
        // Amazon's machines have no name but this tag.
        name: if instance.name.is_empty() { tag("Name") } else { instance.name.clone() },
        state: instance.state.name(),
        owner: tag(crate::cloud::tag::OWNER),
        cluster: tag(crate::cloud::tag::CLUSTER),
        lease: tag(crate::cloud::tag::LEASE),
        rank: tag(crate::cloud::tag::RANK),
        since: seconds(instance.created),
        hourly: instance.price_hourly.as_dollars(),
    }
}
