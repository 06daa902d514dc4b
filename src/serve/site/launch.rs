//! What a launch call comes to.
//!
//! **Invariant:** the same call with the same token makes nothing twice, and the calls that one launch of `sky` is
//! spread over meet the luck of one launch, told in the time of one.

use std::sync::Arc;

use crate::model::{Span, Timestamp, ZoneId, ZoneSet};
use crate::sim::{Asked, Spoken, Taken};

use super::offers::Found;
use super::{
    Ask, Inner, Instance, InstanceId, Mishap, Outcome, Record, Refusal, Site, SiteError, State, Verdict, Wire,
};

/// A listing that lags shows a new instance after so long.
const LAG: Span = Span::from_secs(45);

/// Launches over several calls that are remembered.
const GROUPS: usize = 8192;

/// What a call with a token made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    ask: Ask,
    ids: Vec<InstanceId>,
    at: Timestamp,
}

/// A launch that is spread over several calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    n: u64,
    since: Timestamp,
    /// Zones of the way that were refused.
    refused: u32,
    /// True once a call of it made something.
    made: bool,
}

impl Site {
    /// Asks for machines. The market decides at once; `at` says when the cloud tells.
    ///
    /// # Errors
    /// What is no question to the market: names that do not exist, a token that was used for something else.
    pub fn launch(&self, ask: &Ask) -> Result<Verdict, SiteError> {
        let (mut inner, now) = self.settled();
        if let Some(verdict) = inner.repeated(ask, now)? {
            self.note(&mut inner, record("launch", ask, &verdict, now));
            return Ok(verdict);
        }
        let found = {
            let Inner { offers, world, .. } = &mut *inner;
            offers.find(&self.scenario.catalog, ask, world)?
        };
        let injected = inner.injected(ask);
        let asked = inner.ask(found, ask, now, injected.as_ref());
        let verdict = inner.verdict(self, found, ask, asked, now);
        self.note(&mut inner, record("launch", ask, &verdict, now));
        Ok(verdict)
    }
}

impl Inner {
    /// What the same call made before.
    fn repeated(&self, ask: &Ask, now: Timestamp) -> Result<Option<Verdict>, SiteError> {
        let Some(token) = &ask.token else { return Ok(None) };
        let Some(made) = self.tokens.get(&(ask.cloud, token.clone())) else { return Ok(None) };
        if made.ask != *ask {
            return Err(SiteError::TokenReused);
        }
        let instances = made.ids.iter().filter_map(|id| self.instances.get(id)).cloned().collect();
        let outcome = Outcome::Accepted { instances, refused: Vec::new() };
        Ok(Some(Verdict { outcome, at: made.at.max(now), wire: Wire::Arrives, repeated: true }))
    }

    /// The first order that speaks of this launch, one less of it left.
    fn injected(&mut self, ask: &Ask) -> Option<Mishap> {
        let at = self.injections.iter().position(|injection| injection.meets(ask))?;
        let injection = &mut self.injections[at];
        injection.times = injection.times.saturating_sub(1);
        let mishap = injection.mishap.clone();
        if injection.times == 0 {
            self.injections.remove(at);
        }
        Some(mishap)
    }

    /// What the market, or an order, makes of it.
    fn ask(&mut self, found: Found, ask: &Ask, now: Timestamp, injected: Option<&Mishap>) -> Asked {
        let nothing = Asked {
            taken: Vec::new(),
            denials: smallvec::SmallVec::new(),
            spoken: Vec::new(),
            latency: Span::ZERO,
            lost: None,
            hung: false,
        };
        match injected {
            Some(Mishap::Hang) => return Asked { hung: true, ..nothing },
            Some(Mishap::Body(key)) => {
                let first = self.first_ask(found);
                if let Some(spoken) = self.world.wording(found.way, first, key) {
                    return Asked { spoken: vec![spoken], latency: Span::from_secs(2), ..nothing };
                }
            }
            Some(Mishap::Lost | Mishap::None) | None => {}
        }
        if let Some(refused) = self.too_cheap(found, ask) {
            return Asked { spoken: vec![refused], latency: Span::from_secs(1), ..nothing };
        }
        let (n, since) = self.number(found, ask, now);
        let candidate = self.offers.candidates[found.way];
        let whole = self.gang(found, ask);
        let mut asked = self.world.ask(found.way, &candidate, found.zones, whole, n);
        if whole > ask.nodes {
            for spare in asked.taken.drain(1.min(asked.taken.len())..) {
                self.world.undo(spare.lease);
            }
        }
        if !asked.taken.is_empty()
            && let Some(group) = self.group(found, ask)
        {
            group.made = true;
        }
        if asked.taken.is_empty() && !asked.hung && ask.least < ask.nodes {
            let room = self.room(found);
            if room >= u32::from(ask.least.max(1)) {
                let nodes = room.min(u32::from(ask.nodes)) as u16;
                let refused = std::mem::take(&mut asked.spoken);
                asked = self.world.ask(found.way, &candidate, found.zones, nodes, n);
                asked.spoken.splice(0..0, refused);
            }
        }
        self.share_time(found, ask, &mut asked, since, now);
        if injected == Some(&Mishap::Lost) {
            asked.lost = Some(asked.lost.unwrap_or(Span::from_secs(1)));
        }
        asked
    }

    /// Which launch of the way this is, and since when: the calls of one launch of `sky` share both.
    fn number(&mut self, found: Found, ask: &Ask, now: Timestamp) -> (u64, Timestamp) {
        let key = ask.tags.get(LEASE).map(|lease| (lease.clone(), found.way));
        if let Some(group) = key.as_ref().and_then(|key| self.groups.get(key)) {
            return (group.n, group.since);
        }
        let n = self.world.next_launch(found.way);
        if let Some(key) = key {
            if self.groups.len() >= GROUPS {
                // The older half is of launches that have long been told.
                let mut begun: Vec<Timestamp> = self.groups.values().map(|group| group.since).collect();
                let (_, middle, _) = begun.select_nth_unstable(GROUPS / 2);
                let middle = *middle;
                self.groups.retain(|_, group| group.since > middle);
            }
            self.groups.insert(key, Group { n, since: now, refused: 0, made: false });
        }
        (n, now)
    }

    fn group(&mut self, found: Found, ask: &Ask) -> Option<&mut Group> {
        ask.tags.get(LEASE).and_then(|lease| self.groups.get_mut(&(lease.clone(), found.way)))
    }

    /// How many nodes there has to be room for: those of the whole gang until one of its calls was granted, where a client
    /// makes them one by one and says how many there will be. So a gang is decided as a whole, as in a trial, and its first
    /// machine is not made where the last would be refused.
    fn gang(&mut self, found: Found, ask: &Ask) -> u16 {
        let whole = ask.tags.get(crate::cloud::tag::NODES).and_then(|nodes| nodes.parse().ok()).unwrap_or(1);
        let begun = self.group(found, ask).is_none_or(|group| group.made);
        if ask.nodes == 1 && !begun { whole } else { ask.nodes }
    }

    /// A launch that asks the zones of a region one by one hears of the last when it would have heard of all at once.
    fn share_time(&mut self, found: Found, ask: &Ask, asked: &mut Asked, since: Timestamp, now: Timestamp) {
        let of_way = self.world.asks(found.way).count() as u64;
        let group = self.group(found, ask);
        let Some(group) = group.filter(|_| of_way > 1 && found.zones.len() == 1) else { return };
        let passed = now.since(since);
        let left = |whole: Span| Span(whole.0.saturating_sub(passed.0));
        let stockout = asked.denials.first().is_some_and(|denial| denial.cause == crate::model::Cause::Stockout);
        if asked.taken.is_empty() && stockout {
            group.refused += 1;
            let share = asked.latency.0 * u64::from(group.refused).min(of_way) / of_way;
            // The answer that is lost is the one that ends the launch.
            if u64::from(group.refused) < of_way {
                asked.lost = None;
            }
            asked.latency = left(Span(share));
        } else {
            asked.latency = left(asked.latency);
        }
        asked.lost = asked.lost.map(left);
    }

    fn first_ask(&self, found: Found) -> usize {
        let asks = self.world.asks(found.way);
        let wanted = |zone: Option<ZoneId>| zone.is_none_or(|zone| found.zones.as_slice().contains(&zone));
        asks.filter(|(_, ask)| wanted(ask.zone)).map(|(at, _)| at).next().unwrap_or_default()
    }

    /// Nodes that the first zone with any has room for.
    fn room(&mut self, found: Found) -> u32 {
        let asks: Vec<(usize, u32, Option<ZoneId>)> =
            self.world.asks(found.way).map(|(at, ask)| (at, ask.weight, ask.zone)).collect();
        let zones: &ZoneSet = &found.zones;
        let here = asks.into_iter().filter(|(.., zone)| zone.is_none_or(|zone| zones.as_slice().contains(&zone)));
        let rooms: Vec<u32> = here.map(|(at, weight, _)| self.world.free(at) / weight).collect();
        rooms.into_iter().find(|room| *room > 0).unwrap_or(0)
    }

    /// The refusal of a bid below the price.
    fn too_cheap(&self, found: Found, ask: &Ask) -> Option<Spoken> {
        let price = self.offers.candidates[found.way].offering.price_hourly.as_dollars();
        let bid = ask.max_price.filter(|bid| *bid < price)?;
        let mut spoken = self.world.wording(found.way, self.first_ask(found), "SpotMaxPriceTooLow")?;
        spoken.values.extend([("bid", format!("{bid}")), ("price", format!("{price}"))]);
        Some(spoken)
    }

    fn verdict(&mut self, site: &Site, found: Found, ask: &Ask, asked: Asked, now: Timestamp) -> Verdict {
        let at = now + asked.latency;
        let wire = match asked.lost {
            _ if asked.hung => Wire::Hangs,
            Some(after) => Wire::Cut(now + after),
            None => Wire::Arrives,
        };
        let zone = |spoken: &Spoken| {
            let named = spoken.values.iter().find(|(name, _)| *name == "zone").map(|(_, zone)| zone.clone());
            named.filter(|zone| *zone != ask.region)
        };
        let refused: Vec<Refusal> = asked
            .spoken
            .into_iter()
            .map(|spoken| Refusal { zone: zone(&spoken), body: spoken.body, values: spoken.values })
            .collect();
        let outcome = if asked.hung {
            Outcome::Nothing
        } else if asked.taken.is_empty() {
            Outcome::Refused(refused)
        } else {
            let lags = self.lags(found, ask);
            let nodes = asked.taken.iter().enumerate();
            let instances: Vec<Arc<Instance>> =
                nodes.map(|(index, taken)| self.make(site, found, ask, (index, *taken), (now, at), lags)).collect();
            if let Some(token) = &ask.token {
                let ids = instances.iter().map(|instance| instance.id).collect();
                self.tokens.insert((ask.cloud, token.clone()), Made { ask: ask.clone(), ids, at });
            }
            Outcome::Accepted { instances, refused }
        };
        Verdict { outcome, at, wire, repeated: false }
    }

    fn lags(&self, found: Found, ask: &Ask) -> bool {
        let market = self.world.market();
        let p = market.apis[market.ways[found.way].api as usize].faults.list_lag;
        let group = ask.tags.get(LEASE).and_then(|lease| self.groups.get(&(lease.clone(), found.way)));
        self.world.chance(found.way, group.map_or(self.next_instance, |group| group.n), p)
    }

    fn make(
        &mut self,
        site: &Site,
        found: Found,
        ask: &Ask,
        (index, taken): (usize, Taken),
        (now, up): (Timestamp, Timestamp),
        lags: bool,
    ) -> Arc<Instance> {
        let catalog = site.catalog();
        let offering = self.offers.candidates[found.way].offering;
        let market = self.world.market();
        let (zone, pool) = {
            let asked = &market.asks[taken.ask];
            (asked.zone.map(|zone| catalog.zone_name(zone).to_owned()), &market.pools[asked.pool as usize])
        };
        let info = catalog.type_info(offering.instance_type);
        let devices = info
            .accelerator
            .map(|a| (catalog.accelerator_name(a.accelerator).to_owned(), a.count_milli.div_ceil(1000)));
        let notice = taken.preempted_at.map(|at| (Timestamp(at.0.saturating_sub(pool.notice.0)), at));
        let id = InstanceId(self.next_instance);
        self.next_instance += 1;
        let instance = Arc::new(Instance {
            id,
            cloud: ask.cloud,
            region: ask.region.clone(),
            zone: zone.or_else(|| ask.zone.clone()),
            instance_type: ask.instance_type.clone(),
            accelerator: devices,
            vcpus_milli: info.vcpus_milli,
            memory_mib: info.memory_mib,
            terms: ask.terms,
            price_hourly: offering.price_hourly,
            index: index as u16,
            name: ask.names.get(index).cloned().unwrap_or_default(),
            token: ask.token.clone(),
            tags: ask.tags.clone(),
            ssh: ask.ssh.clone(),
            extra: ask.extra.clone(),
            state: State::Pending(up),
            created: now,
            running_at: up,
            stopped_at: None,
            terminated_at: None,
            on_preemption: ask.on_preemption,
            preempted: false,
            notice,
            visible_at: if lags { now + LAG } else { now },
            public_ip: Some(self.public_address(id.0)),
            private_ip: self.private_address(id.0),
            lease: Some(taken.lease),
            way: found.way,
            ask: taken.ask,
            salt: self.seed,
        });
        self.by_lease.insert(taken.lease, id);
        self.ends.insert((up, id));
        self.there.insert(id);
        if !instance.name.is_empty() {
            self.named.entry(instance.name.clone()).or_default().insert(id);
        }
        self.instances.insert(id, Arc::clone(&instance));
        instance
    }

    /// One of 10.0.0.0/8; where something is to listen, the same as outside.
    pub(super) fn private_address(&self, number: u64) -> String {
        if self.loopback_addresses {
            return self.public_address(number);
        }
        format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)
    }

    /// One of 100.64.0.0/10, which belongs to nobody, or of 127.64.0.0/10 where something is to listen.
    pub(super) fn public_address(&self, number: u64) -> String {
        let first = if self.loopback_addresses { 127 } else { 100 };
        let number = number + 1;
        format!("{first}.{}.{}.{}", 64 + (number >> 16 & 63), number >> 8 & 255, number & 255)
    }
}

/// The tag that the calls of one launch share.
const LEASE: &str = crate::cloud::tag::LEASE;

/// What the journal says of a launch.
pub(super) fn record(what: &'static str, ask: &Ask, verdict: &Verdict, now: Timestamp) -> Record {
    let seconds = |at: Timestamp| at.since(Timestamp::ZERO).as_secs_f64();
    let tag = |name: &str| ask.tags.get(name).cloned().unwrap_or_default();
    let (outcome, made, refused): (&str, &[Arc<Instance>], &[Refusal]) = match &verdict.outcome {
        Outcome::Accepted { instances, refused } => ("accepted", instances, refused),
        Outcome::Refused(refused) => ("refused", &[], refused),
        Outcome::Nothing => ("hangs", &[], &[]),
    };
    let devices = ask.accelerator.as_ref().map_or(String::new(), |(name, count)| format!("+{name}:{count}"));
    Record {
        at: seconds(now),
        what,
        cloud: ask.cloud,
        region: ask.region.clone(),
        zone: made.first().map_or_else(|| ask.zone.clone(), |instance| instance.zone.clone()),
        instance_type: format!("{}{devices}", ask.instance_type),
        terms: ask.terms.name(),
        nodes: ask.nodes,
        outcome,
        codes: refused.iter().map(|refusal| refusal.code().to_owned()).collect(),
        message: refused.first().map_or_else(String::new, Refusal::message),
        instances: made.iter().map(|instance| instance.id.0).collect(),
        until: seconds(verdict.at),
        lost: matches!(verdict.wire, Wire::Cut(_)),
        repeated: verdict.repeated,
        owner: tag(crate::cloud::tag::OWNER),
        cluster: tag(crate::cloud::tag::CLUSTER),
        lease: tag(LEASE),
        ..Record::default()
    }
}
