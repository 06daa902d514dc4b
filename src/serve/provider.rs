//! The simulated market as an adapter without a wire: what `sky` would meet at one of the site's clouds.
//!
//! **Invariant:** calls are tagged, waited out and lost as over the wire; only the bytes are missing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::cloud::{
    CloudProvider, Identity, Launched, LeaseKey, Node, NodeState, Order, ProviderError, Quota, Refusal, tag,
};
use crate::model::CapacityType;

use super::site::{Ask, Filter, Instance, Login, OnPreemption, Outcome, Site, SiteError, State, Verdict, Wire};

/// One cloud of a site.
pub struct SiteProvider {
    cloud: &'static str,
    site: Arc<Site>,
}

impl SiteProvider {
    /// The adapter of a cloud (`aws`, `azure`, `gcp`).
    pub fn new(cloud: &'static str, site: Arc<Site>) -> Self {
        Self { cloud, site }
    }

    /// Asks one zone and waits until the cloud has told.
    async fn ask(
        &self,
        order: &Order,
        zone: Option<&str>,
    ) -> Result<(Vec<Arc<Instance>>, Vec<Refusal>), ProviderError> {
        let ask = ask(self.cloud, order, zone);
        let verdict = self.site.launch(&ask).map_err(|error| refused(&error))?;
        self.told(&verdict).await?;
        let refusals = |refused: &[super::Refusal]| refused.iter().flat_map(words).collect::<Vec<_>>();
        match verdict.outcome {
            Outcome::Accepted { instances, refused } => Ok((instances, refusals(&refused))),
            Outcome::Refused(refused) => Ok((Vec::new(), refusals(&refused))),
            Outcome::Nothing => std::future::pending().await,
        }
    }

    /// Waits until the answer has arrived, if it ever does.
    async fn told(&self, verdict: &Verdict) -> Result<(), ProviderError> {
        match verdict.wire {
            Wire::Arrives => self.site.clock().until(verdict.at).await,
            Wire::Cut(at) => {
                self.site.clock().until(at).await;
                return Err(ProviderError::Lost("the connection was closed before the answer came".to_owned()));
            }
            Wire::Hangs => std::future::pending().await,
        }
        Ok(())
    }

    fn of(&self, region: &str, key: &LeaseKey) -> Vec<Arc<Instance>> {
        let tags = vec![(tag::LEASE.to_owned(), key.0.clone())];
        let region = Some(region.to_owned());
        let listed = self.site.instances(&Filter { cloud: Some(self.cloud), region, tags, ..Filter::default() });
        listed.into_iter().filter(|instance| instance.state.is_alive()).collect()
    }

    fn named(&self, node: &Node) -> Option<Arc<Instance>> {
        let filter = Filter { cloud: Some(self.cloud), hidden: true, ..Filter::default() };
        self.site.instances(&filter).into_iter().find(|instance| id(instance) == node.id)
    }
}

#[async_trait]
impl CloudProvider for SiteProvider {
    fn name(&self) -> &'static str {
        self.cloud
    }

    fn default_user(&self) -> &'static str {
        "sky"
    }

    async fn check(&self) -> Result<Identity, ProviderError> {
        let account = self.site.account(self.cloud);
        if account.unauthorized {
            return Err(ProviderError::refused("Unauthorized", "the scenario refuses these credentials"));
        }
        Ok(Identity { name: account.name, source: "the simulated market".to_owned() })
    }

    async fn launch(&self, order: &Order) -> Result<Launched, ProviderError> {
        let there = self.of(&order.region, &order.key);
        if there.len() == usize::from(order.nodes) {
            for instance in &there {
                self.site.clock().until(instance.running_at).await;
            }
            return Ok(Launched { nodes: nodes(self.of(&order.region, &order.key)), refusals: Vec::new() });
        }
        let zones: Vec<Option<&str>> = match order.zones.as_slice() {
            [] => vec![None],
            zones => zones.iter().map(|zone| Some(zone.as_str())).collect(),
        };
        let mut refusals: Vec<Refusal> = Vec::new();
        for zone in zones {
            let (made, refused) = self.ask(order, zone).await?;
            let not_of_the_zone = refused.iter().any(|refusal| !is_of_stock(self.cloud, refusal));
            refusals.extend(refused);
            if !made.is_empty() {
                return Ok(Launched { nodes: nodes(self.of(&order.region, &order.key)), refusals });
            }
            // The next zone would say the same.
            if not_of_the_zone {
                break;
            }
        }
        Err(ProviderError::Refused(refusals))
    }

    async fn find(&self, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
        Ok(nodes(self.of(region, key)))
    }

    async fn release(&self, region: &str, key: &LeaseKey, _known: &[Node]) -> Result<(), ProviderError> {
        let ended: Vec<_> = self.of(region, key).iter().map(|instance| self.site.terminate(instance.id)).collect();
        let mut failed = false;
        for ended in ended.into_iter().flatten() {
            self.site.clock().until(ended.at).await;
            failed |= ended.failed;
        }
        if failed {
            return Err(ProviderError::refused("InternalError", "the cloud could not delete it: try again"));
        }
        Ok(())
    }

    async fn terminate(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        for instance in nodes.iter().filter_map(|node| self.named(node)) {
            // One that is gone by now is done.
            let _ = self.site.terminate(instance.id);
        }
        Ok(())
    }

    async fn stop(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        for node in nodes {
            let instance = self.named(node).ok_or_else(|| gone(node))?;
            let ended = self.site.stop(instance.id).map_err(|error| refused(&error))?;
            self.site.clock().until(ended.at).await;
        }
        Ok(())
    }

    async fn start(&self, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
        let mut started = Vec::new();
        for node in nodes {
            let instance = self.named(node).ok_or_else(|| gone(node))?;
            let verdict = self.site.start(instance.id).map_err(|error| refused(&error))?;
            self.told(&verdict).await?;
            if let Outcome::Refused(refused) = &verdict.outcome {
                return Err(ProviderError::Refused(refused.iter().flat_map(words).collect()));
            }
            started.extend(self.site.instance(instance.id));
        }
        Ok(self::nodes(started))
    }

    async fn list(&self, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
        let tags = vec![(tag::OWNER.to_owned(), owner.to_owned())];
        let listed = self.site.instances(&Filter { cloud: Some(self.cloud), tags, ..Filter::default() });
        let here = |instance: &Arc<Instance>| instance.state.is_alive() && regions.contains(&instance.region);
        Ok(nodes(listed.into_iter().filter(here).collect()))
    }

    async fn quotas(&self, region: &str) -> Result<Vec<Quota>, ProviderError> {
        let limits = self.site.limits(self.cloud, region).into_iter();
        let quota = |limit: super::site::Limit| Quota {
            counts: Some((
                limit.name.clone(),
                if limit.terms == "spot" { CapacityType::Spot } else { CapacityType::OnDemand },
            )),
            name: limit.name,
            limit: limit.limit,
            usage: Some(limit.usage),
        };
        Ok(limits.map(quota).collect())
    }

    async fn offered_zones(&self, region: &str, kind: &str) -> Result<Option<Vec<String>>, ProviderError> {
        let prices = self.site.prices(self.cloud, region, kind, crate::model::CapacityType::OnDemand);
        Ok(Some(prices.into_iter().filter_map(|(zone, _)| zone).collect()))
    }
}

fn ask(cloud: &'static str, order: &Order, zone: Option<&str>) -> Ask {
    let mut tags: BTreeMap<String, String> = order.machine.labels.iter().cloned().collect();
    let ours = [(tag::OWNER, &order.owner), (tag::CLUSTER, &order.cluster), (tag::LEASE, &order.key.0)];
    tags.extend(ours.map(|(name, value)| (name.to_owned(), value.clone())));
    let machine = &order.machine;
    Ask {
        cloud,
        region: order.region.clone(),
        zone: zone.map(str::to_owned),
        instance_type: order.instance_type.clone(),
        accelerator: order.accelerator.clone(),
        terms: order.capacity,
        max_price: None,
        nodes: order.nodes,
        least: order.nodes,
        token: Some(format!("{}/{}", order.key, zone.unwrap_or_default())),
        names: (0..order.nodes).map(|rank| format!("{}-{rank}", order.cluster)).collect(),
        tags,
        ssh: Some(Login { user: machine.ssh_user.clone(), public_key: machine.ssh_public_key.clone() }),
        on_preemption: OnPreemption::Terminate,
        extra: serde_json::Value::Null,
    }
}

/// True for a refusal that speaks of the zone, so that the next may have what this one has not.
fn is_of_stock(cloud: &str, refusal: &Refusal) -> bool {
    let rule = crate::denials::classify(cloud, &refusal.code, &refusal.message);
    rule.is_some_and(|rule| rule.cause == crate::model::Cause::Stockout || rule.defers)
}

fn words(refusal: &super::Refusal) -> Vec<Refusal> {
    let zone = &refusal.zone;
    let one = |(code, message)| Refusal { code, message, zone: zone.clone(), retry_after: None::<Duration> };
    refusal.errors().into_iter().map(one).collect()
}

fn id(instance: &Instance) -> String {
    format!("sim-{}", instance.hex(12))
}

fn nodes(mut instances: Vec<Arc<Instance>>) -> Vec<Node> {
    instances.sort_by_key(|instance| instance.index);
    instances.iter().map(|instance| node(instance)).collect()
}

fn node(instance: &Instance) -> Node {
    Node {
        id: id(instance),
        region: instance.region.clone(),
        zone: instance.zone.clone(),
        key: LeaseKey(instance.tag(tag::LEASE).to_owned()),
        cluster: instance.tag(tag::CLUSTER).to_owned(),
        rank: instance.index,
        state: match instance.state {
            State::Pending(_) => NodeState::Pending,
            State::Running => NodeState::Running,
            State::Stopping(_) => NodeState::Stopping,
            State::Stopped => NodeState::Stopped,
            State::Terminating(_) | State::Terminated => NodeState::Terminated,
        },
        instance_type: instance.instance_type.clone(),
        capacity: instance.terms,
        public_ip: instance.public_ip.clone(),
        private_ip: Some(instance.private_ip.clone()),
    }
}

fn gone(node: &Node) -> ProviderError {
    ProviderError::refused("NotFound", format!("no machine {}", node.id))
}

fn refused(error: &SiteError) -> ProviderError {
    ProviderError::refused("BadRequest", error.to_string())
}
