//! Where machines are put in a region: the default VPC's subnets, one a zone, and a security group.
//!
//! **Invariant:** what is made here costs nothing and is shared, so that it may be made by several launches at once:
//! "exists already" is success.

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, ResourceType, SecurityGroup, Tag, TagSpecification, UserIdGroupPair,
};

use super::errors::{Told, code};
use crate::cloud::{Order, ProviderError, tag};

/// The network of a region as far as a launch needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    /// The subnet of each zone.
    pub(super) subnets: BTreeMap<String, String>,
    /// The security group.
    pub(super) group: String,
}

/// The group of clusters that ask for no ports.
const SHARED_GROUP: &str = "sky-default";
const ANYWHERE: &str = "0.0.0.0/0";
const SSH: (u16, u16) = (22, 22);

/// The group that belongs to a cluster alone, if it asks for ports. No cluster's name makes it [`SHARED_GROUP`].
pub(super) fn own_group(cluster: &str) -> String {
    format!("sky-{cluster}-ports")
}

/// Finds the subnets, and finds or makes the group.
pub(super) async fn prepare(ec2: &Client, order: &Order) -> Result<Network, ProviderError> {
    let (vpc, subnets) = subnets(ec2, &order.region).await?;
    let group = group(ec2, order, &vpc).await?;
    Ok(Network { subnets, group })
}

async fn subnets(ec2: &Client, region: &str) -> Result<(String, BTreeMap<String, String>), ProviderError> {
    let default = Filter::builder().name("default-for-az").values("true").build();
    let answer = ec2.describe_subnets().filters(default).send().await.told()?;
    let mut vpc = None;
    let mut subnets = BTreeMap::new();
    for subnet in answer.subnets() {
        if let (Some(zone), Some(id)) = (subnet.availability_zone(), subnet.subnet_id()) {
            vpc = vpc.or(subnet.vpc_id());
            subnets.insert(zone.to_owned(), id.to_owned());
        }
    }
    let vpc = vpc.ok_or_else(|| {
        ProviderError::refused(
            "VPCIdNotSpecified",
            format!(
                "no default VPC with subnets in {region}: make one with `aws ec2 create-default-vpc --region {region}`"
            ),
        )
    })?;
    Ok((vpc.to_owned(), subnets))
}

async fn group(ec2: &Client, order: &Order, vpc: &str) -> Result<String, ProviderError> {
    let own = own_group(&order.cluster);
    let name = if order.machine.ports.is_empty() { SHARED_GROUP } else { own.as_str() };
    let existing = match find_group(ec2, name, vpc).await? {
        Some(group) => group,
        None => make_group(ec2, name, vpc, order).await?,
    };
    let id = existing.group_id().unwrap_or_default().to_owned();
    for rule in missing_rules(&existing, &order.machine.ports) {
        let added = ec2.authorize_security_group_ingress().group_id(&id).ip_permissions(rule).send().await.told();
        match added {
            Err(error) if code(&error) != Some("InvalidPermission.Duplicate") => return Err(error),
            _ => {}
        }
    }
    Ok(id)
}

async fn find_group(ec2: &Client, name: &str, vpc: &str) -> Result<Option<SecurityGroup>, ProviderError> {
    let by = |field: &str, value: &str| Filter::builder().name(field).values(value).build();
    let answer = ec2
        .describe_security_groups()
        .filters(by("group-name", name))
        .filters(by("vpc-id", vpc))
        .send()
        .await
        .told()?;
    Ok(answer.security_groups().first().cloned())
}

async fn make_group(ec2: &Client, name: &str, vpc: &str, order: &Order) -> Result<SecurityGroup, ProviderError> {
    let mut tags = TagSpecification::builder()
        .resource_type(ResourceType::SecurityGroup)
        .tags(Tag::builder().key(tag::OWNER).value(&order.owner).build());
    if name != SHARED_GROUP {
        tags = tags.tags(Tag::builder().key(tag::CLUSTER).value(&order.cluster).build());
    }
    let made = ec2
        .create_security_group()
        .group_name(name)
        .description("ssh and the ports that were asked for; made by sky")
        .vpc_id(vpc)
        .tag_specifications(tags.build())
        .send()
        .await
        .told();
    match made {
        Ok(made) => Ok(SecurityGroup::builder().set_group_id(made.group_id).build()),
        // Another launch was faster.
        Err(error) if code(&error) == Some("InvalidGroup.Duplicate") => find_group(ec2, name, vpc).await?.ok_or(error),
        Err(error) => Err(error),
    }
}

/// What the group does not let in yet: ssh and the ports from anywhere, everything from its own members.
fn missing_rules(group: &SecurityGroup, ports: &[(u16, u16)]) -> Vec<IpPermission> {
    let id = group.group_id().unwrap_or_default();
    let mut missing = Vec::new();
    let among_us = |rule: &IpPermission| {
        rule.ip_protocol() == Some("-1") && rule.user_id_group_pairs().iter().any(|pair| pair.group_id() == Some(id))
    };
    if !group.ip_permissions().iter().any(among_us) {
        let pair = UserIdGroupPair::builder().group_id(id).description("nodes of a cluster").build();
        missing.push(IpPermission::builder().ip_protocol("-1").user_id_group_pairs(pair).build());
    }
    for (first, last) in std::iter::once(SSH).chain(ports.iter().copied()) {
        let (first, last) = (i32::from(first), i32::from(last));
        let lets_in = |rule: &IpPermission| {
            rule.ip_protocol() == Some("tcp")
                && rule.from_port().is_some_and(|from| from <= first)
                && rule.to_port().is_some_and(|to| to >= last)
                && rule.ip_ranges().iter().any(|range| range.cidr_ip() == Some(ANYWHERE))
        };
        if !group.ip_permissions().iter().any(lets_in) {
            let anywhere = IpRange::builder().cidr_ip(ANYWHERE).build();
            let rule = IpPermission::builder().ip_protocol("tcp").from_port(first).to_port(last).ip_ranges(anywhere);
            missing.push(rule.build());
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_added() {
        let new = SecurityGroup::builder().group_id("sg-1").build();
        let rules = missing_rules(&new, &[(8080, 8090)]);
        let ports: Vec<_> = rules.iter().map(|r| (r.ip_protocol(), r.from_port(), r.to_port())).collect();
        let expected =
            [(Some("-1"), None, None), (Some("tcp"), Some(22), Some(22)), (Some("tcp"), Some(8080), Some(8090))];
        assert_eq!(ports, expected);
        let full = SecurityGroup::builder().group_id("sg-1").set_ip_permissions(Some(rules)).build();
        assert_eq!(missing_rules(&full, &[(8080, 8090), (8085, 8085)]), []);
        assert_eq!(missing_rules(&full, &[(8080, 8091)]).len(), 1);
    }
}
