//! Making machines and changing what they do.
//!
//! **Invariant:** a refused launch leaves nothing behind: what a failed operation may have left is deleted by name
//! before the refusal is returned, and where that cannot be done the answer counts as lost.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use super::super::{Launched, LeaseKey, Node, NodeState, Order, ProviderError, Refusal};
use super::api::{Api, PATIENCE, path, says, together};
use super::wire::{Instance, Operation};
use super::{Clouds, body, firewall, operation, reads, tables, tpu};
use crate::denials::{self, Reach};

const NO_TPU: &str = "Cloud TPU is not called while another address stands for Compute Engine alone; set \
                      CLOUDSDK_API_ENDPOINT_OVERRIDES_TPU too";
const PAUSE: Duration = Duration::from_secs(1);

/// Makes all nodes in the first zone that has them.
pub(super) async fn launch(api: &Arc<Api>, tpu: Option<&Arc<Api>>, order: &Order) -> Result<Launched, ProviderError> {
    body::check(order)?;
    let tpu = match tpu {
        _ if !tpu::is_wanted(order) => None,
        Some(tpu) => Some(tpu),
        None => return Err(ProviderError::refused("invalid", NO_TPU)),
    };
    let zones = match &order.zones[..] {
        [] => reads::zones(api, &order.region).await?,
        named => named.to_vec(),
    };
    // A repeated call must not try the first zone again when the second one already gave the machines. Within a zone
    // names and request ids see to that.
    if zones.len() > 1 {
        let nodes = match tpu {
            Some(tpu) => tpu::find(tpu, &order.region, &order.key).await?,
            None => reads::labelled(api, &order.region, &order.key).await?,
        };
        if nodes.len() == usize::from(order.nodes) && nodes.iter().all(|node| node.state == NodeState::Running) {
            return Ok(Launched { nodes, refusals: Vec::new() });
        }
    }
    firewall::ensure(api, &order.machine.ports).await?;
    let mut refused: Vec<Refusal> = Vec::new();
    for zone in &zones {
        let answer = match tpu {
            Some(tpu) => slices_in_zone(tpu, order, zone).await,
            None => in_zone(api, order, zone).await,
        };
        match answer {
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
    let query = &[("requestId", id.as_str())];
    let started: Result<Operation, ProviderError> = if order.nodes == 1 {
        api.create(&path(&["zones", zone, "instances"]), query, &body::insert(&api.place, order, zone)).await
    } else {
        api.create(&path(&["zones", zone, "instances", "bulkInsert"]), query, &body::bulk_insert(&api.place, order))
            .await
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

async fn slices_in_zone(api: &Arc<Api>, order: &Order, zone: &str) -> Result<Vec<Node>, ProviderError> {
    match tpu::create_all(api, order, zone).await {
        Err(ProviderError::Refused(refusals)) => {
            let gone = each(api, machines(&order.key, order.nodes, zone), tpu::delete).await;
            Err(left_over(zone, refusals, gone.map(drop)))
        }
        made => made,
    }
}

/// Deletes what a failed create may have left, and gives the refusal to return.
async fn give_back(api: &Arc<Api>, order: &Order, zone: &str, refusals: Vec<Refusal>) -> ProviderError {
    let gone = each(api, machines(&order.key, order.nodes, zone), delete).await;
    left_over(zone, refusals, gone.map(drop))
}

fn left_over(zone: &str, refusals: Vec<Refusal>, gone: Result<(), ProviderError>) -> ProviderError {
    match gone {
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

/// Deletes machines and waits until they are gone. Already gone is done.
pub(super) async fn delete_all(clouds: &Clouds, nodes: &[Node]) -> Result<(), ProviderError> {
    clouds.each(nodes, delete, tpu::delete).await.map(drop)
}

/// Stops machines and waits until they are stopped.
pub(super) async fn stop_all(clouds: &Clouds, nodes: &[Node]) -> Result<(), ProviderError> {
    let stop = |api: Arc<Api>, zone: String, name: String| async move {
        change(&api, Method::POST, &format!("{}/stop", home(&zone, &name))).await
    };
    let stop_slice =
        |api: Arc<Api>, zone: String, name: String| async move { tpu::change(&api, &zone, &name, "stop").await };
    clouds.each(nodes, stop, stop_slice).await.map(drop)
}

/// Starts machines and tells of them once they run.
pub(super) async fn start_all(clouds: &Clouds, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
    let start = |api: Arc<Api>, zone: String, name: String| async move {
        change(&api, Method::POST, &format!("{}/start", home(&zone, &name))).await?;
        running(api, zone, name).await
    };
    clouds.each(nodes, start, tpu::start).await
}

async fn delete(api: Arc<Api>, zone: String, name: String) -> Result<(), ProviderError> {
    let gone = change(&api, Method::DELETE, &home(&zone, &name)).await;
    gone.or_else(|error| if says(&error, "notFound") { Ok(()) } else { Err(error) })
}

async fn change(api: &Api, method: Method, path: &str) -> Result<(), ProviderError> {
    let started: Operation = api.tell(method, path, PATIENCE).await?;
    operation::finish(api, started).await
}

impl Clouds {
    /// Does the same to machines and to slices, each by its own interface.
    async fn each<C, F, D, G, T>(&self, nodes: &[Node], call: C, slice_call: D) -> Result<Vec<T>, ProviderError>
    where
        C: Fn(Arc<Api>, String, String) -> F,
        F: Future<Output = Result<T, ProviderError>> + Send + 'static,
        D: Fn(Arc<Api>, String, String) -> G,
        G: Future<Output = Result<T, ProviderError>> + Send + 'static,
        T: Send + 'static,
    {
        let (slices, machines): (Vec<&Node>, Vec<&Node>) =
            nodes.iter().partition(|node| node.instance_type == tables::TPU_HOST);
        let at = |node: &&Node| (node.zone.clone().unwrap_or_default(), node.id.clone());
        let mut done = each(&self.compute, machines.iter().map(at), call).await?;
        if let (Some(tpu), false) = (&self.tpu, slices.is_empty()) {
            done.extend(each(tpu, slices.iter().map(at), slice_call).await?);
        }
        Ok(done)
    }
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
