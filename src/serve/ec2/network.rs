//! The default VPC of a region, with a default subnet in each zone.
//!
//! **Invariant:** ids follow from names, so that a subnet leads to its zone without being remembered.

use super::fault::Fault;
use super::form::{admits, page, seen_tags};
use super::{Call, Done, id_of, places};

/// The VPC of a region.
pub(super) fn vpc_id(region: &str) -> String {
    id_of("vpc", &[region])
}

/// The subnet of a zone.
pub(super) fn subnet_id(zone: &str) -> String {
    id_of("subnet", &[zone])
}

/// The zone that a subnet is in.
pub(super) fn zone_of_subnet(call: &Call<'_>, id: &str) -> Result<String, Fault> {
    let found = places::zone_names(call).into_iter().find(|zone| subnet_id(zone) == id);
    found.ok_or_else(|| Fault::absent("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist")))
}

/// `DescribeVpcs`
pub(super) fn vpcs(call: &Call<'_>) -> Done {
    let id = vpc_id(call.region);
    let wanted = call.form.list("VpcId");
    if let Some(absent) = wanted.iter().find(|wanted| **wanted != id) {
        return Err(Fault::absent("InvalidVpcID.NotFound", format!("The vpc ID '{absent}' does not exist")));
    }
    let passes = admits(&call.form.filters(), |name| match name {
        "vpc-id" => Some(vec![id.clone()]),
        "is-default" | "isDefault" => Some(vec!["true".to_owned()]),
        "state" => Some(vec!["available".to_owned()]),
        "cidr" => Some(vec!["172.31.0.0/16".to_owned()]),
        "owner-id" => Some(vec![call.ec2.account()]),
        other => seen_tags(&super::form::Tags::new(), other),
    })?;
    Ok(call.answer(|xml| {
        xml.items("vpcSet", passes.then_some(&id), |xml, id| {
            xml.leaf("vpcId", id);
            xml.leaf("ownerId", call.ec2.account());
            xml.leaf("state", "available");
            xml.leaf("cidrBlock", "172.31.0.0/16");
            xml.leaf("dhcpOptionsId", id_of("dopt", &[call.region]));
            xml.leaf("instanceTenancy", "default");
            xml.leaf("isDefault", true);
        });
    }))
}

/// `DescribeSubnets`
pub(super) fn subnets(call: &Call<'_>) -> Done {
    let wanted = call.form.list("SubnetId");
    for id in &wanted {
        zone_of_subnet(call, id)?;
    }
    let filters = call.form.filters();
    let mut found = Vec::new();
    for (place, zone) in places::zone_names(call).into_iter().enumerate() {
        let id = subnet_id(&zone);
        let block = format!("172.31.{}.0/20", place * 16);
        let passes = admits(&filters, |name| match name {
            "subnet-id" => Some(vec![id.clone()]),
            "vpc-id" => Some(vec![vpc_id(call.region)]),
            "availability-zone" | "availabilityZone" => Some(vec![zone.clone()]),
            "availability-zone-id" => Some(vec![places::zone_id(call.region, &zone)]),
            "default-for-az" | "defaultForAz" | "map-public-ip-on-launch" => Some(vec!["true".to_owned()]),
            "state" => Some(vec!["available".to_owned()]),
            "cidr-block" | "cidr" => Some(vec![block.clone()]),
            "owner-id" => Some(vec![call.ec2.account()]),
            other => seen_tags(&super::form::Tags::new(), other),
        })?;
        if passes && (wanted.is_empty() || wanted.contains(&id)) {
            found.push((zone, id, block));
        }
    }
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("subnetSet", &found, |xml, (zone, id, block)| {
            xml.leaf("subnetId", id);
            xml.leaf("subnetArn", format!("arn:aws:ec2:{}:{}:subnet/{id}", call.region, call.ec2.account()));
            xml.leaf("state", "available");
            xml.leaf("ownerId", call.ec2.account());
            xml.leaf("vpcId", vpc_id(call.region));
            xml.leaf("cidrBlock", block);
            xml.leaf("availableIpAddressCount", 4091);
            xml.leaf("availabilityZone", zone);
            xml.leaf("availabilityZoneId", places::zone_id(call.region, zone));
            xml.leaf("defaultForAz", true);
            xml.leaf("mapPublicIpOnLaunch", true);
            xml.leaf("assignIpv6AddressOnCreation", false);
        });
        xml.maybe("nextToken", next);
    }))
}
