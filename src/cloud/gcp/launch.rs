//! Making machines and changing what they do.
//!
//! **Invariant:** a refused launch leaves nothing behind: what a failed operation may have left is deleted by name
//! before the refusal is returned, and where that cannot be done the answer counts as lost.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use super::super::{Launched, LeaseKey, Node, NodeState, Order, ProviderError, Refusal};
use super::api::{Api, path, says, together};
use super::wire::{Instance, Operation};
use super::{body, firewall, operation, reads};
use crate::denials::{self, Reach};

const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

/// Makes all nodes in the first zone that has them.
pub(super) async fn launch(api: &Arc<Api>, order: &Order) -> Result<Launched, ProviderError> {
    body::check(order)?;
    let zones = match &order.zones[..] {
        [] => reads::zones(api, &order.region).await?,
        named => named.to_vec(),
    };
    // A repeated call must not try the first zone again when the second one already gave the machines. Within a zone
    // names and request ids see to that.
    if zones.len() > 1 {
        let nodes = reads::labelled(api, &order.region, &order.key).await?;
        if nodes.len() == usize::from(order.nodes) && nodes.iter().all(|node| node.state == NodeState::Running) {
            return Ok(Launched { nodes, refusals: Vec::new() });
        }
    }
    firewall::ensure(api, &order.machine.ports).await?;
    let mut refused: Vec<Refusal> = Vec::new();
    for zone in &zones {
        match in_zone(api, order, zone).await {
            Ok(nodes) => return Ok(Launched { nodes, refusals: refused }),
            Err(ProviderError::Refused(refusals)) => {
                let elsewhere = speaks_for_the_zone(&refusals);
                refused.extend(refusals.into_iter().map(|refusal| Refusal { zone: Some(zone.clone()), ..refusal }));
                if !elsewhere {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(ProviderError::Refused(refused))
}

/// True if another zone may well answer otherwise.
fn speaks_for_the_zone(refusals: &[Refusal]) -> bool {
    let errors: Vec<(&str, &str)> = refusals.iter().map(|r| (r.code.as_str(), r.message.as_str())).collect();
    denials::classify_all("gcp", &errors).is_none_or(|(_, rule)| rule.reach == Reach::Zone)
}

async fn in_zone(api: &Arc<Api>, order: &Order, zone: &str) -> Result<Vec<Node>, ProviderError> {
    let id = body::request_id(&order.key, zone);
    let started: Result<Operation, ProviderError> = if order.nodes == 1 {
        api.create(&path(&["zones", zone, "instances"]), &id, &body::insert(order, zone)).await
    } else {
        api.create(&path(&["zones", zone, "instances", "bulkInsert"]), &id, &body::bulk_insert(order)).await
    };
    match started {
        Ok(started) => match operation::finish(api, started).await {
            Ok(()) => {}
            Err(ProviderError::Refused(refusals)) => return Err(give_back(api, order, zone, refusals).await),
            Err(error) => return Err(error),
        },
        // The name is made from the key, so it is an earlier call of this very launch that made it.
        Err(error) if says(&error, "alreadyExists") => {}
        Err(error) => return Err(error),
    }
    let names = (0..order.nodes).map(|rank| body::name(&order.key, rank));
    let calls = names.map(|name| running(Arc::clone(api), zone.to_owned(), name)).collect();
    let mut nodes = Vec::new();
    for answer in together(calls).await {
        match answer {
            Ok(node) => nodes.push(node),
            Err(ProviderError::Refused(refusals)) => return Err(give_back(api, order, zone, refusals).await),
            Err(error) => return Err(error),
        }
    }
    Ok(nodes)
}

/// Deletes what a failed create may have left, and gives the refusal to return.
async fn give_back(api: &Arc<Api>, order: &Order, zone: &str, refusals: Vec<Refusal>) -> ProviderError {
    match delete_all(api, machines(&order.key, order.nodes, zone)).await {
        Ok(()) => ProviderError::Refused(refusals),
        Err(error) => ProviderError::Lost(format!("{zone} failed, and what it left could not be deleted: {error}")),
    }
}

fn machines<'a>(key: &'a LeaseKey, nodes: u16, zone: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
    (0..nodes).map(move |rank| (zone.to_owned(), body::name(key, rank)))
}

fn home(zone: &str, name: &str) -> String {
    path(&["zones", zone, "instances", name])
}

/// Waits until a machine runs and tells of it. One that went down instead was taken back while it started.
async fn running(api: Arc<Api>, zone: String, name: String) -> Result<Node, ProviderError> {
    loop {
        let instance: Instance = api.get(&home(&zone, &name), &[]).await?;
        let status = instance.status.clone();
        let node = reads::node(instance);
        match node.state {
            NodeState::Running => return Ok(node),
            NodeState::Pending => tokio::time::sleep(PAUSE).await,
            _ => {
                let message = format!("{name} is {status} right after it was made: preemption while it started");
                return Err(ProviderError::refused("UNSUPPORTED_OPERATION", message));
            }
        }
    }
}

/// Deletes machines, by zone and name, and waits until they are gone. Already gone is done.
pub(super) async fn delete_all(
    api: &Arc<Api>,
    machines: impl Iterator<Item = (String, String)>,
) -> Result<(), ProviderError> {
    each(api, machines, |api, zone, name| async move {
        let gone = change(&api, Method::DELETE, &home(&zone, &name)).await;
        gone.or_else(|error| if says(&error, "notFound") { Ok(()) } else { Err(error) })
    })
    .await
    .map(drop)
}

/// Stops machines and waits until they are stopped.
pub(super) async fn stop_all(
    api: &Arc<Api>,
    machines: impl Iterator<Item = (String, String)>,
) -> Result<(), ProviderError> {
    each(api, machines, |api, zone, name| async move {
        change(&api, Method::POST, &format!("{}/stop", home(&zone, &name))).await
    })
    .await
    .map(drop)
}

/// Starts machines and tells of them once they run.
pub(super) async fn start_all(
    api: &Arc<Api>,
    machines: impl Iterator<Item = (String, String)>,
) -> Result<Vec<Node>, ProviderError> {
    each(api, machines, |api, zone, name| async move {
        change(&api, Method::POST, &format!("{}/start", home(&zone, &name))).await?;
        running(api, zone, name).await
    })
    .await
}

async fn change(api: &Api, method: Method, path: &str) -> Result<(), ProviderError> {
    let started: Operation = api.tell(method, path, PATIENCE).await?;
    operation::finish(api, started).await
}

/// Does the same to all, side by side; all are done before the errors are told.
async fn each<C, F, T>(
    api: &Arc<Api>,
    machines: impl Iterator<Item = (String, String)>,
    call: C,
) -> Result<Vec<T>, ProviderError>
where
    C: Fn(Arc<Api>, String, String) -> F,
    F: Future<Output = Result<T, ProviderError>> + Send + 'static,
    T: Send + 'static,
{
    let calls = machines.map(|(zone, name)| call(Arc::clone(api), zone, name)).collect();
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    let mut worst = None;
    for answer in together(calls).await {
        match answer {
            Ok(value) => done.push(value),
            Err(ProviderError::Refused(refusals)) => refused.extend(refusals),
            Err(error) => worst = Some(error),
        }
    }
    match worst {
        Some(error) => Err(error),
        None if refused.is_empty() => Ok(done),
        None => Err(ProviderError::Refused(refused)),
    }
}
