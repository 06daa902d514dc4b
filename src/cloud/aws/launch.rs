//! One launch: prepare the region, then zone by zone until one has all the machines.
//!
//! **Invariant:** at most one zone's machines are alive under a key when this returns: a zone is tried after the one
//! before it said no, and a lost answer ends the launch.

use aws_config::retry::RetryConfig;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Builder as ConfigBuilder;
use aws_sdk_ec2::types::Instance;

use super::errors::{Told, code};
use super::network::{self, Network};
use super::nodes::{self, Outcome};
use super::request::{self, Ready};
use super::{images, keys};
use crate::cloud::{Clock, Launched, Order, ProviderError, Refusal, tag};
use crate::denials::{self, Reach};

/// Makes the order's machines.
pub(super) async fn launch(ec2: &Client, clock: Clock, order: &Order) -> Result<Launched, ProviderError> {
    let machine = &order.machine;
    // A launch of which no answer came may have made machines in a zone that this one would come to later.
    let (existing, image, network, key_name) = tokio::try_join!(
        nodes::tagged(ec2, tag::LEASE, &order.key.0),
        images::choose(ec2, &order.region, &order.instance_type, machine.image.as_deref()),
        network::prepare(ec2, order),
        keys::ensure(ec2, &machine.ssh_public_key),
    )?;
    if !existing.is_empty() {
        return adopt(ec2, clock, order, &existing).await;
    }
    let Network { subnets, group } = network;
    let ready = Ready { image, group, key_name };
    let zones = if order.zones.is_empty() { subnets.keys().cloned().collect() } else { order.zones.clone() };

    let mut refusals = Vec::new();
    for zone in &zones {
        let Some(subnet) = subnets.get(zone) else {
            refusals.push(no_subnet(zone));
            continue;
        };
        match try_zone(ec2, clock, order, &ready, zone, subnet).await {
            Ok(instances) => return Ok(Launched { nodes: nodes::nodes(&order.region, &instances), refusals }),
            Err(ProviderError::Refused(more)) => {
                let over = more.iter().any(ends_the_region);
                refusals.extend(more);
                if over {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(ProviderError::Refused(refusals))
}

/// True if what was refused in one zone would be refused in the region's others as well. What an unknown code means is
/// not guessed: it is taken for the zone's.
fn ends_the_region(refusal: &Refusal) -> bool {
    denials::classify("aws", &refusal.code, &refusal.message).is_some_and(|rule| rule.reach != Reach::Zone)
}

/// In EC2's words, which it would say itself if it were asked for that zone without a subnet.
fn no_subnet(zone: &str) -> Refusal {
    Refusal {
        code: "MissingInput".to_owned(),
        message: format!("No default subnet for availability zone: '{zone}'."),
        zone: Some(zone.to_owned()),
        retry_after: None,
    }
}

async fn try_zone(
    ec2: &Client,
    clock: Clock,
    order: &Order,
    ready: &Ready,
    zone: &str,
    subnet: &str,
) -> Result<Vec<Instance>, ProviderError> {
    let made = request::run(ec2, order, ready, zone, subnet)
        .customize()
        .config_override(once())
        .send()
        .await
        .told()
        .map_err(|error| in_zone(error, zone))?;
    let ids = nodes::ids(made.instances());
    match nodes::until_up(ec2, clock, &ids).await? {
        Outcome::Up(instances) => Ok(instances),
        Outcome::Died(refusal) => {
            terminate(ec2, &ids).await?;
            Err(ProviderError::Refused(vec![Refusal { zone: Some(zone.to_owned()), ..refusal }]))
        }
    }
}

/// Machines that an earlier call of this launch made.
async fn adopt(ec2: &Client, clock: Clock, order: &Order, existing: &[Instance]) -> Result<Launched, ProviderError> {
    match nodes::until_up(ec2, clock, &nodes::ids(existing)).await? {
        Outcome::Up(instances) => Ok(Launched { nodes: nodes::nodes(&order.region, &instances), refusals: Vec::new() }),
        Outcome::Died(refusal) => {
            terminate(ec2, &nodes::ids(existing)).await?;
            Err(ProviderError::Refused(vec![refusal]))
        }
    }
}

/// Sent once: a zone without capacity answers HTTP 500, which the SDK would take for an accident and repeat.
pub(super) fn once() -> ConfigBuilder {
    ConfigBuilder::new().retry_config(RetryConfig::disabled())
}

/// Refusals of a call to one zone, with that zone.
pub(super) fn in_zone(error: ProviderError, zone: &str) -> ProviderError {
    match error {
        ProviderError::Refused(refusals) => {
            let here = |refusal| Refusal { zone: Some(zone.to_owned()), ..refusal };
            ProviderError::Refused(refusals.into_iter().map(here).collect())
        }
        other => other,
    }
}

/// Terminates instances; ones that EC2 has forgotten are gone already.
pub(super) async fn terminate(ec2: &Client, ids: &[String]) -> Result<(), ProviderError> {
    let all = ec2.terminate_instances().set_instance_ids(Some(ids.to_vec())).send().await.told();
    match all {
        Err(error) if code(&error) == Some("InvalidInstanceID.NotFound") && ids.len() > 1 => {
            // One unknown id spoils the call for all of them.
            for id in ids {
                match ec2.terminate_instances().instance_ids(id).send().await.told() {
                    Err(error) if code(&error) != Some("InvalidInstanceID.NotFound") => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        }
        Err(error) if code(&error) == Some("InvalidInstanceID.NotFound") => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}
