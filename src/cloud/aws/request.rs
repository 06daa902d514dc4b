//! The request that makes machines.
//!
//! **Invariant:** one order, one zone, one request: the same words every time, under one token, so that EC2 can tell a
//! repetition from a second launch.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, InstanceInterruptionBehavior, InstanceMarketOptionsRequest,
    InstanceMetadataEndpointState, InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceType,
    MarketType, Placement, ResourceType, ShutdownBehavior, SpotInstanceType, SpotMarketOptions, Tag, TagSpecification,
    VolumeType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::images::Chosen;
use crate::cloud::{Order, tag};
use crate::model::CapacityType;

/// What an order needs of the region besides capacity.
pub(super) struct Ready {
    pub(super) image: Chosen,
    pub(super) group: String,
    pub(super) key_name: String,
}

/// The token of one order in one zone; EC2 takes up to 64 characters.
pub(super) fn token(order: &Order, zone: &str) -> String {
    format!("{}-{zone}", order.key)
}

/// `RunInstances` for this order in this zone.
pub(super) fn run(ec2: &Client, order: &Order, ready: &Ready, zone: &str, subnet: &str) -> RunInstancesFluentBuilder {
    let nodes = i32::from(order.nodes);
    let spot = order.capacity == CapacityType::Spot;
    let mut request = ec2
        .run_instances()
        .client_token(token(order, zone))
        .image_id(&ready.image.id)
        .instance_type(InstanceType::from(order.instance_type.as_str()))
        .min_count(nodes)
        .max_count(nodes)
        .placement(Placement::builder().availability_zone(zone).build())
        .network_interfaces(interface(subnet, &ready.group))
        .key_name(&ready.key_name)
        .block_device_mappings(disk(order, &ready.image))
        // Tokens for the metadata service, so that a request forged through a program on the machine gets no
        // credentials; two hops, so that containers reach it.
        .metadata_options(
            InstanceMetadataOptionsRequest::builder()
                .http_tokens(HttpTokensState::Required)
                .http_put_response_hop_limit(2)
                .http_endpoint(InstanceMetadataEndpointState::Enabled)
                .build(),
        );
    for kind in resources(spot) {
        request = request
            .tag_specifications(TagSpecification::builder().resource_type(kind).set_tags(Some(tags(order))).build());
    }
    if spot {
        request = request.instance_market_options(market());
    } else {
        // A machine that shuts itself down stops, and keeps its disk. Spot machines cannot be stopped.
        request = request.instance_initiated_shutdown_behavior(ShutdownBehavior::Stop);
    }
    if let Some(script) = &order.machine.startup_script {
        request = request.user_data(STANDARD.encode(script));
    }
    request
}

fn interface(subnet: &str, group: &str) -> InstanceNetworkInterfaceSpecification {
    InstanceNetworkInterfaceSpecification::builder()
        .device_index(0)
        .subnet_id(subnet)
        .groups(group)
        .associate_public_ip_address(true)
        .delete_on_termination(true)
        .build()
}

fn market() -> InstanceMarketOptionsRequest {
    // Without a highest price: it is the on-demand price, and what is paid is the spot price.
    let options = SpotMarketOptions::builder()
        .spot_instance_type(SpotInstanceType::OneTime)
        .instance_interruption_behavior(InstanceInterruptionBehavior::Terminate);
    InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).spot_options(options.build()).build()
}

fn resources(spot: bool) -> Vec<ResourceType> {
    let mut kinds = vec![ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface];
    if spot {
        kinds.push(ResourceType::SpotInstancesRequest);
    }
    kinds
}

/// The user's labels first, so that ours win.
fn tags(order: &Order) -> Vec<Tag> {
    let ours = [
        ("Name", format!("sky-{}", order.cluster)),
        (tag::OWNER, order.owner.clone()),
        (tag::CLUSTER, order.cluster.clone()),
        (tag::LEASE, order.key.to_string()),
    ];
    let theirs = order.machine.labels.iter().filter(|(name, _)| !ours.iter().any(|(our, _)| our == name));
    let make = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let theirs = theirs.map(|(key, value)| make(key, value));
    theirs.chain(ours.iter().map(|(key, value)| make(key, value))).collect()
}

fn disk(order: &Order, image: &Chosen) -> BlockDeviceMapping {
    let size = order.machine.disk_size_gb.max(image.size_min_gb);
    let ebs = EbsBlockDevice::builder().volume_size(size as i32).delete_on_termination(true);
    let ebs = match Tier::of(order.machine.disk_tier.as_deref()) {
        Tier { iops_max, throughput: Some(throughput) } => {
            ebs.volume_type(VolumeType::Gp3).iops(iops(iops_max, size, 3000)).throughput(throughput)
        }
        Tier { iops_max, throughput: None } => ebs.volume_type(VolumeType::Io2).iops(iops(iops_max, size, 100)),
    };
    BlockDeviceMapping::builder().device_name(&image.root).ebs(ebs.build()).build()
}

/// How fast a disk is.
struct Tier {
    /// Operations per second, unless the disk is too small for them.
    iops_max: u32,
    /// Of gp3, in MB/s; io2 has none to choose.
    throughput: Option<i32>,
}

impl Tier {
    /// gp3 from what is included in its price up, then io2.
    fn of(name: Option<&str>) -> Self {
        match name {
            Some("low") => Self { iops_max: 3000, throughput: Some(125) },
            Some("high") => Self { iops_max: 7000, throughput: Some(335) },
            Some("ultra" | "best") => Self { iops_max: 20_000, throughput: None },
            _ => Self { iops_max: 3500, throughput: Some(125) },
        }
    }
}

/// EC2 allows both kinds of disk 500 operations per second for each GiB.
fn iops(wanted: u32, size_gb: u32, least: u32) -> i32 {
    wanted.min(size_gb.saturating_mul(500)).max(least) as i32
}
