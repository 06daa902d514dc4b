//! Amazon EC2 by its own SDK.
//!
//! **Invariant:** a launch call is sent once and under a token; every answer becomes nodes, refusals in EC2's own
//! words, or "lost"; nothing of ours is left running behind a refusal.

mod connect;
mod errors;
mod images;
mod keys;
mod launch;
mod network;
mod nodes;
mod quotas;
mod request;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AttributeValue, Filter, Instance, InstanceNetworkInterface, LocationType};
use tokio::task::JoinSet;

use self::connect::Clients;
use self::errors::{Told, code};
use self::nodes::Outcome;
use super::{
    Clock, CloudProvider, Identity, Launched, LeaseKey, Node, NodeState, Order, ProviderError, Quota, Settings, tag,
};

/// Amazon Web Services, one account.
pub struct Aws {
    clients: Clients,
    /// How fast time runs: faster than the wall before a server of simulated clouds.
    clock: Clock,
}

/// How often a group is tried to be deleted while the machines in it go.
const GROUP_TRIES: u32 = 20;
const GROUP_PAUSE: Duration = Duration::from_secs(5);

/// Finds credentials (environment, profiles, SSO, web identity, container, instance role) without asking the cloud.
/// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_EC2` name another address than Amazon's.
///
/// # Errors
/// [`ProviderError::NoCredentials`] with what to do.
pub async fn connect(settings: &Settings) -> Result<Aws, ProviderError> {
    // A speed that cannot be read is the command line's to complain of.
    let clock = Clock::from_settings(settings).unwrap_or_else(|_| Clock::starting_now(1.0));
    Ok(Aws { clients: Clients::connect(settings).await?, clock })
}

#[async_trait]
impl CloudProvider for Aws {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn default_user(&self) -> &'static str {
        "ubuntu"
    }

    async fn check(&self) -> Result<Identity, ProviderError> {
        let caller = self.clients.sts().get_caller_identity().send().await.told()?;
        let name = caller.arn().or_else(|| caller.account()).unwrap_or("an account without a name");
        Ok(Identity { name: name.to_owned(), source: self.clients.source().to_owned() })
    }

    async fn launch(&self, order: &Order) -> Result<Launched, ProviderError> {
        // Boxed: five calls of the SDK wait in it at once.
        Box::pin(launch::launch(&self.clients.ec2(&order.region), self.clock, order)).await
    }

    async fn find(&self, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
        let ec2 = self.clients.ec2(region);
        let found = nodes::tagged(&ec2, tag::LEASE, &key.0).await?;
        Ok(nodes::nodes(region, &found))
    }

    async fn release(&self, region: &str, key: &LeaseKey, known: &[Node]) -> Result<(), ProviderError> {
        let ec2 = self.clients.ec2(region);
        let found = nodes::tagged(&ec2, tag::LEASE, &key.0).await?;
        let mut ids = nodes::ids(&found);
        ids.extend(known.iter().map(|node| node.id.clone()));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        launch::terminate(&ec2, &ids).await?;
        drop_groups(&ec2, self.clock, &found).await;
        Ok(())
    }

    async fn terminate(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        let Some(first) = nodes.first() else { return Ok(()) };
        let ids: Vec<String> = nodes.iter().map(|node| node.id.clone()).collect();
        launch::terminate(&self.clients.ec2(&first.region), &ids).await
    }

    async fn on_shutdown(&self, nodes: &[Node], terminate: bool) -> Result<bool, ProviderError> {
        let Some(first) = nodes.first() else { return Ok(true) };
        let ec2 = self.clients.ec2(&first.region);
        let behavior = AttributeValue::builder().value(if terminate { "terminate" } else { "stop" }).build();
        for node in nodes {
            let told = ec2.modify_instance_attribute().instance_id(&node.id);
            told.instance_initiated_shutdown_behavior(behavior.clone()).send().await.told()?;
        }
        Ok(true)
    }

    async fn stop(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        let Some(first) = nodes.first() else { return Ok(()) };
        let ec2 = self.clients.ec2(&first.region);
        let ids: Vec<String> = nodes.iter().map(|node| node.id.clone()).collect();
        ec2.stop_instances().set_instance_ids(Some(ids.clone())).send().await.told()?;
        nodes::until(&ec2, self.clock, &ids, "stopped", |state| {
            matches!(state, NodeState::Stopped | NodeState::Terminated)
        })
        .await?;
        Ok(())
    }

    async fn start(&self, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
        let Some(first) = nodes.first() else { return Ok(Vec::new()) };
        let ec2 = self.clients.ec2(&first.region);
        let ids: Vec<String> = nodes.iter().map(|node| node.id.clone()).collect();
        // One that is still going down cannot be started.
        nodes::until(&ec2, self.clock, &ids, "stopped", |state| state != NodeState::Stopping).await?;
        let started =
            ec2.start_instances().set_instance_ids(Some(ids.clone())).customize().config_override(launch::once());
        let zone = first.zone.as_deref().unwrap_or_default();
        started.send().await.told().map_err(|error| launch::in_zone(error, zone))?;
        match nodes::until_up(&ec2, self.clock, &ids).await? {
            Outcome::Up(instances) => Ok(nodes::nodes(&first.region, &instances)),
            Outcome::Died(refusal) => Err(ProviderError::Refused(vec![refusal])),
        }
    }

    async fn list(&self, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
        let enabled = self.enabled_regions().await?;
        let mut looking = JoinSet::new();
        for region in regions.iter().filter(|region| enabled.contains(region)) {
            let (ec2, region, owner) = (self.clients.ec2(region), region.clone(), owner.to_owned());
            looking.spawn(async move {
                let found = nodes::tagged(&ec2, tag::OWNER, &owner).await?;
                Ok(nodes::nodes(&region, &found))
            });
        }
        let mut all = Vec::new();
        while let Some(found) = looking.join_next().await {
            all.extend(found.unwrap_or_else(|broken| Err(ProviderError::Lost(broken.to_string())))?);
        }
        all.sort_by(|a, b| (&a.region, &a.cluster, &a.key, a.rank).cmp(&(&b.region, &b.cluster, &b.key, b.rank)));
        Ok(all)
    }

    async fn quotas(&self, region: &str) -> Result<Vec<Quota>, ProviderError> {
        let running = nodes::counted(&self.clients.ec2(region)).await?;
        quotas::read(&self.clients.quotas(region), &running).await
    }

    async fn offered_zones(&self, region: &str, instance_type: &str) -> Result<Option<Vec<String>>, ProviderError> {
        let of_type = Filter::builder().name("instance-type").values(instance_type).build();
        let answer = self
            .clients
            .ec2(region)
            .describe_instance_type_offerings()
            .location_type(LocationType::AvailabilityZone)
            .filters(of_type)
            .send()
            .await
            .told()?;
        let offers = answer.instance_type_offerings();
        let mut zones: Vec<String> = offers.iter().filter_map(|offer| offer.location().map(str::to_owned)).collect();
        zones.sort();
        Ok(Some(zones))
    }
}

impl Aws {
    /// The regions that the account may use; the others refuse every call.
    async fn enabled_regions(&self) -> Result<Vec<String>, ProviderError> {
        let ec2 = self.clients.ec2(self.clients.home());
        let answer = ec2.describe_regions().send().await.told()?;
        Ok(answer.regions().iter().filter_map(|region| region.region_name().map(str::to_owned)).collect())
    }
}

/// Deletes the security groups that belonged to the clusters of these instances alone. They cost nothing, so one that
/// stays because something else uses it is no failure.
async fn drop_groups(ec2: &Client, clock: Clock, instances: &[Instance]) {
    let mut own: Vec<&str> = Vec::new();
    for instance in instances {
        let cluster = instance.tags().iter().find(|tag| tag.key() == Some(tag::CLUSTER)).and_then(|tag| tag.value());
        let Some(name) = cluster.map(network::own_group) else { continue };
        let of_interfaces = instance.network_interfaces().iter().flat_map(InstanceNetworkInterface::groups);
        let groups = instance.security_groups().iter().chain(of_interfaces);
        let named = groups.filter(|group| group.group_name() == Some(name.as_str()));
        own.extend(named.filter_map(|group| group.group_id()));
    }
    own.sort_unstable();
    own.dedup();
    for group in own {
        for _ in 0..GROUP_TRIES {
            let deleted = ec2.delete_security_group().group_id(group).send().await.told();
            match deleted {
                // In use until its machines are gone.
                Err(error) if code(&error) == Some("DependencyViolation") => {
                    tokio::time::sleep(clock.scaled(GROUP_PAUSE)).await;
                }
                _ => break,
            }
        }
    }
}
