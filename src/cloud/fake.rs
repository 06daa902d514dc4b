//! A cloud in memory, with faults on demand: what the life of clusters is tested against.
//!
//! **Invariant:** behaves as the port says, faults included; passes the same conformance suite as the real adapters.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use tokio::time::Instant;

use super::{CloudProvider, Identity, Launched, LeaseKey, Node, NodeState, Order, ProviderError, Quota, Refusal};

/// Chances of faults, each between 0 and 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A create whose answer is lost after it was carried out.
    pub lost_answer: f64,
    /// A create that never answers, before or after it was carried out.
    pub hang: f64,
    /// A create that brings only some of the nodes.
    pub partial: f64,
    /// A create that is refused for want of capacity.
    pub stockout: f64,
    /// A create that is refused for its pace.
    pub throttle: f64,
    /// A release that fails.
    pub failed_release: f64,
    /// A look that fails.
    pub failed_find: f64,
    /// How long listings lag behind what was created.
    pub list_lag: Duration,
    /// How long a create takes.
    pub latency: Duration,
}

/// How often each fault was met, by name.
pub type Met = BTreeMap<&'static str, u32>;

/// A cloud in memory.
pub struct Fake {
    name: &'static str,
    state: Mutex<State>,
}

struct State {
    machines: Vec<Machine>,
    /// Refusals by zone, or by region where an order names no zone.
    refusing: BTreeMap<String, (String, String)>,
    faults: Faults,
    luck: Xoshiro256PlusPlus,
    met: Met,
    made: u32,
    launches: u32,
}

struct Machine {
    node: Node,
    owner: String,
    visible_from: Instant,
}

enum Fate {
    Done(Launched),
    LostAfter,
    HangBefore,
    HangAfter,
}

impl Fake {
    /// A cloud of this catalog name that has everything everywhere.
    pub fn new(name: &'static str) -> Self {
        let state = State {
            machines: Vec::new(),
            refusing: BTreeMap::new(),
            faults: Faults::default(),
            luck: Xoshiro256PlusPlus::seed_from_u64(0),
            met: Met::new(),
            made: 0,
            launches: 0,
        };
        Self { name, state: Mutex::new(state) }
    }

    /// The same with faults, drawn from this seed.
    #[must_use]
    pub fn with_faults(self, faults: Faults, seed: u64) -> Self {
        let mut state = self.state();
        (state.faults, state.luck) = (faults, Xoshiro256PlusPlus::seed_from_u64(seed));
        drop(state);
        self
    }

    /// Refuses creates in this zone (or region) from now on.
    pub fn refuse(&self, place: &str, code: &str, message: &str) {
        self.state().refusing.insert(place.to_owned(), (code.to_owned(), message.to_owned()));
    }

    /// Ends all faults.
    pub fn calm(&self) {
        self.state().faults = Faults::default();
    }

    /// Every machine that is held, whatever its owner.
    pub fn held(&self) -> Vec<Node> {
        let state = self.state();
        let held = state.machines.iter().filter(|machine| machine.node.state != NodeState::Terminated);
        held.map(|machine| machine.node.clone()).collect()
    }

    /// How often each fault was met.
    pub fn met(&self) -> Met {
        self.state().met.clone()
    }

    /// Launch calls that were made.
    pub fn launches(&self) -> u32 {
        self.state().launches
    }

    /// Takes the tag of its launch off a machine, as somebody at a console may.
    pub fn lose_tag(&self, id: &str) {
        for machine in self.state().machines.iter_mut().filter(|machine| machine.node.id == id) {
            machine.node.key = LeaseKey(String::new());
        }
    }

    /// Lets a machine be on its way out.
    pub fn leave(&self, id: &str) {
        for machine in self.state().machines.iter_mut().filter(|machine| machine.node.id == id) {
            machine.node.state = NodeState::Stopping;
        }
    }

    /// Takes a machine away, as the cloud does with spot capacity.
    pub fn preempt(&self, id: &str) {
        for machine in self.state().machines.iter_mut().filter(|machine| machine.node.id == id) {
            machine.node.state = NodeState::Terminated;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn strikes(&mut self, name: &'static str, chance: f64) -> bool {
        let strikes = chance > 0.0 && self.luck.random_bool(chance);
        if strikes {
            *self.met.entry(name).or_default() += 1;
        }
        strikes
    }

    fn of_key(&self, key: &LeaseKey) -> Vec<Node> {
        let with_key = |machine: &&Machine| machine.node.key == *key && machine.node.state != NodeState::Terminated;
        self.machines.iter().filter(with_key).map(|machine| machine.node.clone()).collect()
    }

    fn create(&mut self, order: &Order, zone: Option<&str>, count: u16) -> Vec<Node> {
        let mut nodes = Vec::new();
        for rank in 0..count {
            self.made += 1;
            let n = self.made;
            let node = Node {
                id: format!("i-{n:08x}"),
                region: order.region.clone(),
                zone: zone.map(str::to_owned),
                key: order.key.clone(),
                cluster: order.cluster.clone(),
                rank,
                state: NodeState::Running,
                instance_type: order.instance_type.clone(),
                capacity: order.capacity,
                public_ip: Some(format!("198.51.{}.{}", n / 256 % 256, n % 256)),
                private_ip: Some(format!("10.0.{}.{}", n / 256 % 256, n % 256)),
            };
            nodes.push(node.clone());
            let visible_from = Instant::now() + self.faults.list_lag;
            self.machines.push(Machine { node, owner: order.owner.clone(), visible_from });
        }
        nodes
    }

    fn fate(&mut self, order: &Order) -> Result<Fate, ProviderError> {
        self.launches += 1;
        let faults = self.faults;
        if self.strikes("throttle", faults.throttle) {
            return Err(ProviderError::refused("RequestLimitExceeded", "Request limit exceeded."));
        }
        let before = self.of_key(&order.key);
        if !before.is_empty() {
            return Ok(Fate::Done(Launched { nodes: before, refusals: Vec::new() }));
        }
        if self.strikes("hang before", faults.hang) {
            return Ok(Fate::HangBefore);
        }
        let places: Vec<Option<&str>> =
            if order.zones.is_empty() { vec![None] } else { order.zones.iter().map(|zone| Some(&**zone)).collect() };
        let mut refusals = Vec::new();
        for zone in places {
            let place = zone.unwrap_or(&order.region);
            let refusal = match self.refusing.get(place).cloned() {
                Some((code, message)) => Some((code, message)),
                None if self.strikes("stockout", faults.stockout) => Some((
                    "InsufficientInstanceCapacity".to_owned(),
                    format!("We currently do not have sufficient capacity in {place}."),
                )),
                None => None,
            };
            if let Some((code, message)) = refusal {
                refusals.push(Refusal { code, message, zone: zone.map(str::to_owned), retry_after: None });
                continue;
            }
            let short = order.nodes > 1 && self.strikes("partial", faults.partial);
            let count = if short { order.nodes - 1 } else { order.nodes };
            let nodes = self.create(order, zone, count);
            if self.strikes("lost answer", faults.lost_answer) {
                return Ok(Fate::LostAfter);
            }
            if self.strikes("hang after", faults.hang) {
                return Ok(Fate::HangAfter);
            }
            return Ok(Fate::Done(Launched { nodes, refusals }));
        }
        Err(ProviderError::Refused(refusals))
    }

    /// Whether the listing does not yet show what a launch made.
    fn hides(&mut self, key: &LeaseKey) -> bool {
        let now = Instant::now();
        let hides = self.machines.iter().any(|machine| machine.node.key == *key && machine.visible_from > now);
        if hides {
            *self.met.entry("list lag").or_default() += 1;
        }
        hides
    }

    fn set(&mut self, ids: &[Node], to: NodeState) -> Result<Vec<Node>, ProviderError> {
        let mut changed = Vec::new();
        for wanted in ids {
            let machine = self.machines.iter_mut().find(|machine| machine.node.id == wanted.id);
            match machine.filter(|machine| machine.node.state != NodeState::Terminated) {
                None => {
                    let message = format!("The instance ID '{}' does not exist", wanted.id);
                    return Err(ProviderError::refused("InvalidInstanceID.NotFound", message));
                }
                Some(machine) => {
                    machine.node.state = to;
                    let up = to == NodeState::Running;
                    machine.node.public_ip = up.then(|| format!("203.0.113.{}", wanted.rank));
                    changed.push(machine.node.clone());
                }
            }
        }
        Ok(changed)
    }
}

#[async_trait]
impl CloudProvider for Fake {
    fn name(&self) -> &'static str {
        self.name
    }

    fn default_user(&self) -> &'static str {
        "ubuntu"
    }

    async fn check(&self) -> Result<Identity, ProviderError> {
        Ok(Identity { name: "fake".to_owned(), source: "memory".to_owned() })
    }

    async fn launch(&self, order: &Order) -> Result<Launched, ProviderError> {
        let latency = self.state().faults.latency;
        tokio::time::sleep(latency / 2).await;
        let fate = self.state().fate(order)?;
        match fate {
            Fate::Done(launched) => {
                tokio::time::sleep(latency / 2).await;
                Ok(launched)
            }
            Fate::LostAfter => Err(ProviderError::Lost("connection reset by peer".to_owned())),
            Fate::HangBefore | Fate::HangAfter => std::future::pending().await,
        }
    }

    async fn find(&self, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
        let mut state = self.state();
        let chance = state.faults.failed_find;
        if state.strikes("failed find", chance) {
            return Err(ProviderError::Lost("connection refused".to_owned()));
        }
        if state.hides(key) {
            return Ok(Vec::new());
        }
        Ok(state.of_key(key).into_iter().filter(|node| node.region == region).collect())
    }

    async fn release(&self, region: &str, key: &LeaseKey, known: &[Node]) -> Result<(), ProviderError> {
        let mut state = self.state();
        let chance = state.faults.failed_release;
        if state.strikes("failed release", chance) {
            return Err(ProviderError::refused("InternalError", "An internal error has occurred."));
        }
        let hidden = state.hides(key);
        for machine in state.machines.iter_mut().filter(|m| m.node.key == *key && m.node.region == region) {
            if !hidden || known.iter().any(|node| node.id == machine.node.id) {
                machine.node.state = NodeState::Terminated;
            }
        }
        Ok(())
    }

    async fn terminate(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        self.state().set(nodes, NodeState::Terminated).map(drop)
    }

    async fn stop(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        self.state().set(nodes, NodeState::Stopped).map(drop)
    }

    async fn start(&self, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
        let place = |node: &Node| node.zone.clone().unwrap_or_else(|| node.region.clone());
        let mut state = self.state();
        let refused = nodes.iter().find_map(|node| state.refusing.get(&place(node)).cloned());
        if let Some((code, message)) = refused {
            return Err(ProviderError::refused(code, message));
        }
        state.set(nodes, NodeState::Running)
    }

    async fn list(&self, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
        let state = self.state();
        let ours = state.machines.iter().filter(|machine| machine.owner == owner);
        let held = ours.map(|machine| &machine.node).filter(|node| node.state != NodeState::Terminated);
        Ok(held.filter(|node| regions.contains(&node.region)).cloned().collect())
    }

    async fn quotas(&self, _region: &str) -> Result<Vec<Quota>, ProviderError> {
        Ok(Vec::new())
    }

    async fn offered_zones(&self, _: &str, _: &str) -> Result<Option<Vec<String>>, ProviderError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance::{Case, conforms};
    use super::super::{MachineSpec, Order};
    use super::*;
    use crate::model::CapacityType;

    fn order(zone: &str) -> Order {
        Order {
            key: LeaseKey("sconform".to_owned()),
            owner: "owner".to_owned(),
            cluster: "conform".to_owned(),
            region: "us-east-2".to_owned(),
            zones: vec![zone.to_owned()],
            instance_type: "p3.2xlarge".to_owned(),
            accelerator: None,
            capacity: CapacityType::OnDemand,
            nodes: 2,
            machine: MachineSpec::default(),
        }
    }

    #[tokio::test]
    async fn conforms_to_the_port() {
        let faults = Faults { latency: Duration::from_millis(40), ..Faults::default() };
        let fake = Fake::new("aws").with_faults(faults, 1);
        fake.refuse("us-east-2b", "InsufficientInstanceCapacity", "no capacity");
        let case = Case::new(order("us-east-2a")).refused(order("us-east-2b"));
        conforms(&fake, &case).await.expect("conforms");
        assert_eq!(fake.held(), []);
    }

    #[tokio::test]
    async fn the_suite_finds_what_does_not_conform() {
        let broken = [
            Faults { lost_answer: 1.0, ..Faults::default() },
            Faults { partial: 1.0, ..Faults::default() },
            Faults { failed_release: 1.0, ..Faults::default() },
            Faults { list_lag: Duration::from_secs(3600), ..Faults::default() },
        ];
        for faults in broken {
            let fake = Fake::new("aws").with_faults(faults, 1);
            let case = Case { patience: Duration::from_millis(300), ..Case::new(order("us-east-2a")) };
            assert!(conforms(&fake, &case).await.is_err(), "{faults:?}");
        }
    }
}
