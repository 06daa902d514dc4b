//! One launch: the group, its network, then zone by zone all machines or none.
//!
//! **Invariant:** a refusal is returned only when nothing is left of what it cost; what cannot be cleared away, or was
//! not heard of again, is `Lost`, so that it is looked for.

use reqwest::Method;

use super::Azure;
use super::arm::{looks, version};
use super::bodies::Bodies;
use super::error::ArmError;
use super::nodes::merge;
use super::together::together;
use crate::cloud::{Launched, Node, NodeState, Order, ProviderError, Refusal};
use crate::denials;
use crate::model::Cause;

/// How often machines that were created are looked at until they run.
const LOOKS: usize = 30;

impl Azure {
    pub(super) async fn launch_order(&self, order: &Order) -> Result<Launched, ProviderError> {
        let bodies = Bodies::of(order, &self.arm.subscription)?;
        let group = super::bodies::group_path(&order.key);
        // Refused here, nothing was made.
        self.arm.put(&group, version::RESOURCES, &bodies.group()).await?;
        let refusals = match self.in_group(&bodies).await {
            Err(ProviderError::Refused(refusals)) => refusals,
            other => return other,
        };
        match self.release_group(&order.key).await {
            Ok(()) => Err(ProviderError::Refused(refusals)),
            Err(error) => {
                let error = ProviderError::from(error);
                let first = refusals.first().map_or_else(String::new, |one| format!("{}: {}", one.code, one.message));
                Err(ProviderError::Lost(format!("{first}; what it left in {group} could not be deleted: {error}")))
            }
        }
    }

    async fn in_group(&self, bodies: &Bodies<'_>) -> Result<Launched, ProviderError> {
        let (paths, order) = (&bodies.paths, bodies.order);
        let pieces = [(paths.network(), bodies.network()), (paths.firewall(), bodies.firewall())];
        let made = together(pieces.iter().map(|(path, body)| self.arm.put(path, version::NETWORK, body))).await;
        merge(made.into_iter().map(|piece| piece.map_err(ProviderError::from)).collect())?;

        let mut refusals: Vec<Refusal> = Vec::new();
        let mut zones: Vec<Option<&str>> = order.zones.iter().map(|zone| Some(zone.as_str())).collect();
        if zones.is_empty() {
            zones.push(None);
        }
        for (position, zone) in zones.iter().enumerate() {
            let asked = together((0..order.nodes).map(|rank| self.machine(bodies, rank, *zone))).await;
            match merge(asked) {
                Ok(()) => {
                    let nodes = self.up(bodies).await?;
                    return complete(order, nodes, refusals);
                }
                Err(ProviderError::Refused(more)) => {
                    let elsewhere = may_be_elsewhere(&more);
                    refusals.extend(more);
                    if !elsewhere || position + 1 == zones.len() {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
            self.clear_zone(bodies, *zone).await?;
        }
        Err(ProviderError::Refused(refusals))
    }

    /// The machines once none is on its way up any more. A repeated launch may meet those of the one before.
    async fn up(&self, bodies: &Bodies<'_>) -> Result<Vec<Node>, ArmError> {
        let mut pauses = looks().take(LOOKS);
        loop {
            let names = (0..bodies.order.nodes).map(|rank| bodies.paths.machine(rank));
            let nodes = self.nodes_named(names).await?;
            let pause = pauses.next().filter(|_| nodes.iter().any(|node| node.state == NodeState::Pending));
            let Some(pause) = pause else { return Ok(nodes) };
            tokio::time::sleep(pause).await;
        }
    }

    /// One machine with its address and interface.
    async fn machine(&self, bodies: &Bodies<'_>, rank: u16, zone: Option<&str>) -> Result<(), ProviderError> {
        let paths = &bodies.paths;
        self.arm.put(&paths.address(rank, zone), version::NETWORK, &bodies.address(rank)).await?;
        self.arm.put(&paths.interface(rank, zone), version::NETWORK, &bodies.interface(rank, zone)).await?;
        let url = self.arm.below(&paths.machine(rank), version::COMPUTE);
        let body = bodies.machine(rank, zone);
        // A create is repeated by the engine or not at all: a throttled one is a refusal like any other.
        let done = match self.arm.carefully(&Method::PUT, &url, Some(&body)).await {
            Ok(accepted) => self.arm.settled(accepted).await,
            Err(error) => Err(error),
        };
        done.map_err(|error| match error {
            ArmError::Denied(denied) => ProviderError::Refused(denied.refusals(zone)),
            other => other.into(),
        })
    }

    /// Deletes the machines of a zone that did not have them all, with their disks, interfaces and addresses.
    async fn clear_zone(&self, bodies: &Bodies<'_>, zone: Option<&str>) -> Result<(), ProviderError> {
        let paths = &bodies.paths;
        let each = together((0..bodies.order.nodes).map(|rank| async move {
            let machine = format!("{}?forceDeletion=true", paths.machine(rank));
            self.arm.delete(&machine, version::COMPUTE).await?;
            self.arm.delete(&paths.interface(rank, zone), version::NETWORK).await?;
            self.arm.delete(&paths.disk(rank, zone), version::DISKS).await?;
            self.arm.delete(&paths.address(rank, zone), version::NETWORK).await
        }))
        .await;
        let failed = each.into_iter().find_map(Result::err).map(ProviderError::from);
        failed.map_or(Ok(()), |error| {
            Err(ProviderError::Lost(format!("what a refused machine left behind could not be deleted: {error}")))
        })
    }
}

/// Whether another zone may have what this one refused.
fn may_be_elsewhere(refusals: &[Refusal]) -> bool {
    let errors: Vec<(&str, &str)> = refusals.iter().map(|one| (one.code.as_str(), one.message.as_str())).collect();
    denials::classify_all("azure", &errors)
        .is_none_or(|(_, rule)| matches!(rule.cause, Cause::Stockout | Cause::Unknown))
}

/// All that were ordered run; otherwise something happened meanwhile and has to be looked for.
fn complete(order: &Order, nodes: Vec<Node>, refusals: Vec<Refusal>) -> Result<Launched, ProviderError> {
    let running = nodes.iter().filter(|node| node.state == NodeState::Running).count();
    if running == usize::from(order.nodes) {
        return Ok(Launched { nodes, refusals });
    }
    Err(ProviderError::Lost(format!("{running} of {} machines run after all were created", order.nodes)))
}
