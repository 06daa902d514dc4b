//! What every adapter must do alike, as checks that run against any of them.
//!
//! **Invariant:** leaves nothing behind when it passes; a failure says which promise of the port was broken.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{CloudProvider, LeaseKey, Node, NodeState, Order, ProviderError};

/// What an adapter is tried with.
#[derive(Debug, Clone)]
pub struct Case {
    /// An order that it can fulfil; its key and cluster are the stems of those that are used.
    pub order: Order,
    /// An order that is refused, if one is known.
    pub refused: Option<Order>,
    /// How long listings may lag, and launches take.
    pub patience: Duration,
    /// After how long launches are dropped, each in turn.
    pub drops: Vec<Duration>,
}

impl Case {
    /// An order that can be fulfilled, by a server near by.
    pub fn new(order: Order) -> Self {
        let drops = [0, 5, 20, 60, 200].map(Duration::from_millis).to_vec();
        Self { order, refused: None, patience: Duration::from_secs(20), drops }
    }

    /// The same with an order that is refused.
    #[must_use]
    pub fn refused(mut self, order: Order) -> Self {
        self.refused = Some(order);
        self
    }

    /// The order under another key.
    fn named(&self, name: &str) -> Order {
        renamed(&self.order, name)
    }
}

fn renamed(order: &Order, name: &str) -> Order {
    Order {
        key: LeaseKey(format!("{}-{name}", order.key)),
        cluster: format!("{}-{name}", order.cluster),
        ..order.clone()
    }
}

/// A promise that was not kept.
type Broken = String;

/// Makes every check in turn.
///
/// # Errors
/// The first promise that was not kept.
pub async fn conforms(provider: &dyn CloudProvider, case: &Case) -> Result<(), String> {
    provider.check().await.map_err(|error| format!("check: {error}"))?;
    made_once_and_found(provider, case).await.map_err(|why| format!("launch and find: {why}"))?;
    listed_by_owner(provider, case).await.map_err(|why| format!("list: {why}"))?;
    stopped_and_started(provider, case).await.map_err(|why| format!("stop and start: {why}"))?;
    dropped_and_found(provider, case).await.map_err(|why| format!("dropped launch: {why}"))?;
    refused_without_a_trace(provider, case).await.map_err(|why| format!("refusal: {why}"))
}

async fn made_once_and_found(provider: &dyn CloudProvider, case: &Case) -> Result<(), Broken> {
    let order = case.named("a");
    let nodes = launch(provider, &order).await?;
    check_nodes(&nodes, &order)?;
    let again = launch(provider, &order).await?;
    same("the same order with the same key made other machines", &ids(&nodes), &ids(&again))?;
    let found = until_found(provider, &order, case, order.nodes as usize).await?;
    same("find does not show what was launched", &ids(&nodes), &ids(&found))?;
    let stranger = LeaseKey(format!("{}-zz", case.order.key));
    let none = provider.find(&order.region, &stranger).await.map_err(words)?;
    same("find shows machines of another launch", &[], &ids(&none))?;
    released(provider, &order, case).await?;
    // Machines that are named are looked for though no listing has them.
    let again = provider.release(&order.region, &order.key, &nodes).await;
    again.map_err(|error| format!("a second release fails: {error}"))
}

async fn listed_by_owner(provider: &dyn CloudProvider, case: &Case) -> Result<(), Broken> {
    let (first, second) = (case.named("b"), case.named("c"));
    let mut made = ids(&launch(provider, &first).await?);
    made.extend(ids(&launch(provider, &second).await?));
    made.sort();
    let regions = [first.region.clone()];
    let ours = |nodes: Vec<Node>| nodes.into_iter().filter(|n| n.key == first.key || n.key == second.key).collect();
    let begin = Instant::now();
    loop {
        let listed: Vec<Node> = ours(provider.list(&first.owner, &regions).await.map_err(words)?);
        if ids(&listed) == made {
            let tagged = listed.iter().all(|node| node.cluster == first.cluster || node.cluster == second.cluster);
            ensure(tagged, || format!("listed machines lack their cluster: {listed:?}"))?;
            break;
        }
        ensure(begin.elapsed() < case.patience, || format!("the owner has {made:?}, listed are {:?}", ids(&listed)))?;
        sleep(Duration::from_millis(100)).await;
    }
    let strangers: Vec<Node> = ours(provider.list("somebody-else", &regions).await.map_err(words)?);
    same("another owner is shown our machines", &[], &ids(&strangers))?;
    released(provider, &first, case).await?;
    released(provider, &second, case).await
}

async fn stopped_and_started(provider: &dyn CloudProvider, case: &Case) -> Result<(), Broken> {
    let order = case.named("d");
    let nodes = launch(provider, &order).await?;
    for terminate in [true, false] {
        provider.on_shutdown(&nodes, terminate).await.map_err(|error| format!("a shutdown is not settled: {error}"))?;
    }
    provider.stop(&nodes).await.map_err(|error| format!("stop fails: {error}"))?;
    let stopped = provider.find(&order.region, &order.key).await.map_err(words)?;
    ensure(stopped.iter().all(|node| node.state == NodeState::Stopped), || format!("not stopped: {stopped:?}"))?;
    same("stopping lost machines", &ids(&nodes), &ids(&stopped))?;
    let started = provider.start(&stopped).await.map_err(|error| format!("start fails: {error}"))?;
    check_nodes(&started, &order)?;
    same("starting made other machines", &ids(&nodes), &ids(&started))?;
    released(provider, &order, case).await
}

/// A launch that is dropped at any point is found by its key, can be asked for again, and makes nothing twice.
async fn dropped_and_found(provider: &dyn CloudProvider, case: &Case) -> Result<(), Broken> {
    for (number, after) in case.drops.iter().enumerate() {
        let order = case.named(&format!("e{number}"));
        let _ = timeout(*after, provider.launch(&order)).await;
        let left = provider.find(&order.region, &order.key).await.map_err(words)?;
        ensure(left.iter().all(|node| node.key == order.key), || format!("found under another key: {left:?}"))?;
        let nodes = launch(provider, &order).await.map_err(|why| format!("dropped after {after:?}, then {why}"))?;
        check_nodes(&nodes, &order)?;
        let all = until_found(provider, &order, case, order.nodes as usize).await?;
        same("asked for again after it was dropped, it made more", &ids(&nodes), &ids(&all))?;
        released(provider, &order, case).await?;
        let dropped = case.named(&format!("f{number}"));
        let _ = timeout(*after, provider.launch(&dropped)).await;
        // What is still on its way may appear a moment after a first release, which is why releases are repeated.
        sleep(Duration::from_millis(300)).await;
        released(provider, &dropped, case).await?;
    }
    Ok(())
}

async fn refused_without_a_trace(provider: &dyn CloudProvider, case: &Case) -> Result<(), Broken> {
    let Some(order) = &case.refused else { return Ok(()) };
    let order = renamed(order, "g");
    match provider.launch(&order).await {
        Err(ProviderError::Refused(refusals)) => {
            ensure(!refusals.is_empty(), || "a refusal without a reason".to_owned())?;
            ensure(refusals.iter().all(|refusal| !refusal.code.is_empty()), || format!("no code: {refusals:?}"))?;
        }
        Err(error) => return Err(format!("not refused but: {error}")),
        Ok(launched) => return Err(format!("not refused: {launched:?}")),
    }
    let left = provider.find(&order.region, &order.key).await.map_err(words)?;
    same("a refused launch left something behind", &[], &ids(&left))
}

async fn launch(provider: &dyn CloudProvider, order: &Order) -> Result<Vec<Node>, Broken> {
    let launched = provider.launch(order).await.map_err(|error| format!("launch fails: {error}"))?;
    let mut nodes = launched.nodes;
    nodes.sort_by_key(|node| node.rank);
    Ok(nodes)
}

/// All nodes run, in one zone, with their ranks and addresses.
fn check_nodes(nodes: &[Node], order: &Order) -> Result<(), Broken> {
    let count = nodes.len();
    ensure(count == order.nodes as usize, || format!("{} nodes were ordered and {count} came", order.nodes))?;
    for (rank, node) in nodes.iter().enumerate() {
        ensure(node.state == NodeState::Running, || format!("not running: {node:?}"))?;
        ensure(node.rank as usize == rank, || format!("rank {rank} is missing: {nodes:?}"))?;
        ensure(node.key == order.key && node.cluster == order.cluster, || format!("not tagged: {node:?}"))?;
        ensure(node.region == order.region && node.zone == nodes[0].zone, || format!("in another place: {node:?}"))?;
        ensure(node.private_ip.is_some(), || format!("without an address: {node:?}"))?;
        let known = node.zone.as_ref().is_none_or(|zone| order.zones.is_empty() || order.zones.contains(zone));
        ensure(known, || format!("in a zone that was not asked for: {node:?}"))?;
    }
    Ok(())
}

async fn until_found(
    provider: &dyn CloudProvider,
    order: &Order,
    case: &Case,
    count: usize,
) -> Result<Vec<Node>, Broken> {
    let begin = Instant::now();
    loop {
        let nodes = provider.find(&order.region, &order.key).await.map_err(words)?;
        if nodes.len() == count {
            return Ok(nodes);
        }
        let late = begin.elapsed() >= case.patience;
        ensure(!late, || format!("{} of {count} machines of {} are found", nodes.len(), order.key))?;
        sleep(Duration::from_millis(100)).await;
    }
}

/// Releases, and looks until nothing is left.
async fn released(provider: &dyn CloudProvider, order: &Order, case: &Case) -> Result<(), Broken> {
    provider.release(&order.region, &order.key, &[]).await.map_err(|error| format!("release fails: {error}"))?;
    let begin = Instant::now();
    loop {
        let left = provider.find(&order.region, &order.key).await.map_err(words)?;
        if left.is_empty() {
            return Ok(());
        }
        ensure(begin.elapsed() < case.patience, || format!("still there after release: {left:?}"))?;
        provider.release(&order.region, &order.key, &[]).await.map_err(|error| format!("release fails: {error}"))?;
        sleep(Duration::from_millis(100)).await;
    }
}

fn ids(nodes: &[Node]) -> Vec<String> {
    let mut ids: Vec<String> = nodes.iter().map(|node| node.id.clone()).collect();
    ids.sort();
    ids
}

fn same(what: &str, wanted: &[String], found: &[String]) -> Result<(), Broken> {
    ensure(wanted == found, || format!("{what}: {wanted:?} and {found:?}"))
}

fn ensure(kept: bool, why: impl FnOnce() -> Broken) -> Result<(), Broken> {
    if kept { Ok(()) } else { Err(why()) }
}

fn words(error: impl std::fmt::Display) -> Broken {
    error.to_string()
}
