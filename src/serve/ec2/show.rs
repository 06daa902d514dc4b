//! Instances as EC2 shows them.
//!
//! **Invariant:** every field that Amazon always sends is there.

use super::run::{Disk, Extra};
use super::xml::Xml;
use super::{Call, groups, id_of, network};
use crate::cloud::ec2::{Architecture, architecture};
use crate::model::CapacityType;
use crate::serve::{Instance, State};

/// `i-0123456789abcdef0`
pub(super) fn instance_id(instance: &Instance) -> String {
    instance.vendor_id()
}

/// The spot request of a spot instance.
pub(super) fn spot_request_id(instance: &Instance) -> Option<String> {
    (instance.terms == CapacityType::Spot).then(|| format!("sir-{}", &instance.hex(25)[17..]))
}

/// A volume of an instance.
pub(super) fn volume_id(instance: &Instance, disk: &Disk) -> String {
    id_of("vol", &[&instance.hex(17), &disk.device])
}

/// The token as the client sent it.
pub(super) fn token(instance: &Instance) -> &str {
    let token = instance.token.as_deref().unwrap_or_default();
    token.split_once('/').map_or(token, |(_, token)| token)
}

/// The zone; every zone of Amazon has a name.
pub(super) fn zone(instance: &Instance) -> &str {
    instance.zone.as_deref().unwrap_or_default()
}

/// `<name><code/><name/></name>`
pub(super) fn state(xml: &mut Xml, name: &str, state: State) {
    xml.within(name, |xml| {
        xml.leaf("code", state_code(state));
        xml.leaf("name", state.name());
    });
}

/// EC2's number of a state.
pub(super) fn state_code(state: State) -> u8 {
    match state {
        State::Pending(_) => 0,
        State::Running => 16,
        State::Terminating(_) => 32,
        State::Terminated => 48,
        State::Stopping(_) => 64,
        State::Stopped => 80,
    }
}

/// A launch with some of its instances.
pub(super) fn reservation(xml: &mut Xml, call: &Call<'_>, id: &str, instances: &[(&Instance, Extra)]) {
    xml.leaf("reservationId", id);
    xml.leaf("ownerId", call.ec2.account());
    xml.within("groupSet", |_| {});
    xml.items("instancesSet", instances, |xml, (instance, extra)| self::instance(xml, call, instance, extra));
}

/// One instance.
fn instance(xml: &mut Xml, call: &Call<'_>, instance: &Instance, extra: &Extra) {
    let clock = call.ec2.site.clock();
    let alive = instance.state.is_alive();
    let public = instance.public_ip.as_deref().filter(|_| alive);
    xml.leaf("instanceId", instance_id(instance));
    xml.leaf("imageId", &extra.image);
    state(xml, "instanceState", instance.state);
    xml.leaf("privateDnsName", if alive { dns("ip", &instance.private_ip, "ec2.internal") } else { String::new() });
    xml.leaf("dnsName", public.map(|ip| dns("ec2", ip, "compute.amazonaws.com")).unwrap_or_default());
    xml.leaf("reason", reason(instance).map_or("", |(_, words)| words));
    if !extra.key.is_empty() {
        xml.leaf("keyName", &extra.key);
    }
    xml.leaf("amiLaunchIndex", instance.index);
    xml.within("productCodes", |_| {});
    xml.leaf("instanceType", &instance.instance_type);
    xml.leaf("launchTime", clock.rfc3339(instance.created));
    xml.within("placement", |xml| {
        xml.leaf("availabilityZone", zone(instance));
        xml.leaf("groupName", "");
        xml.leaf("tenancy", "default");
    });
    xml.within("monitoring", |xml| xml.leaf("state", "disabled"));
    if alive {
        xml.leaf("subnetId", network::subnet_id(zone(instance)));
        xml.leaf("vpcId", network::vpc_id(call.region));
        xml.leaf("privateIpAddress", &instance.private_ip);
        xml.maybe("ipAddress", public);
        xml.leaf("sourceDestCheck", true);
    }
    group_set(xml, call, &extra.groups);
    if let Some((code, words)) = reason(instance) {
        xml.within("stateReason", |xml| {
            xml.leaf("code", code);
            xml.leaf("message", format!("{code}: {words}"));
        });
    }
    let arm = architecture(&instance.instance_type) == Architecture::Arm;
    xml.leaf("architecture", if arm { "arm64" } else { "x86_64" });
    xml.leaf("rootDeviceType", "ebs");
    xml.leaf("rootDeviceName", extra.disks.first().map_or("/dev/sda1", |disk| disk.device.as_str()));
    let disks: &[Disk] = if instance.state == State::Terminated { &[] } else { &extra.disks };
    xml.items("blockDeviceMapping", disks, |xml, disk| {
        xml.leaf("deviceName", &disk.device);
        xml.within("ebs", |xml| {
            xml.leaf("volumeId", volume_id(instance, disk));
            xml.leaf("status", "attached");
            xml.leaf("attachTime", clock.rfc3339(instance.created));
            xml.leaf("deleteOnTermination", true);
        });
    });
    xml.leaf("virtualizationType", "hvm");
    xml.maybe("instanceLifecycle", spot_request_id(instance).map(|_| "spot"));
    xml.maybe("spotInstanceRequestId", spot_request_id(instance));
    xml.leaf("clientToken", token(instance));
    xml.tags(&instance.tags);
    machine(xml, call, instance, extra, public);
}

/// The parts that hardly anybody reads.
fn machine(xml: &mut Xml, call: &Call<'_>, instance: &Instance, extra: &Extra, public: Option<&str>) {
    let arm = architecture(&instance.instance_type) == Architecture::Arm;
    xml.leaf("hypervisor", "xen");
    if instance.state.is_alive() {
        xml.items("networkInterfaceSet", [instance], |xml, instance| {
            xml.leaf("networkInterfaceId", id_of("eni", &[&instance.hex(17)]));
            xml.leaf("subnetId", network::subnet_id(zone(instance)));
            xml.leaf("vpcId", network::vpc_id(call.region));
            xml.leaf("ownerId", call.ec2.account());
            xml.leaf("status", "in-use");
            xml.leaf("privateIpAddress", &instance.private_ip);
            group_set(xml, call, &extra.groups);
            if let Some(ip) = public {
                xml.within("association", |xml| {
                    xml.leaf("publicIp", ip);
                    xml.leaf("ipOwnerId", "amazon");
                });
            }
        });
    }
    xml.leaf("ebsOptimized", false);
    xml.leaf("enaSupport", true);
    let vcpus = instance.vcpus_milli / 1000;
    let threads = if arm || vcpus < 2 { 1 } else { 2 };
    xml.within("cpuOptions", |xml| {
        xml.leaf("coreCount", vcpus / threads);
        xml.leaf("threadsPerCore", threads);
    });
    xml.within("metadataOptions", |xml| {
        xml.leaf("state", "applied");
        xml.leaf("httpTokens", &extra.tokens);
        xml.leaf("httpPutResponseHopLimit", 2);
        xml.leaf("httpEndpoint", "enabled");
    });
    xml.leaf("platformDetails", "Linux/UNIX");
    xml.leaf("usageOperation", "RunInstances");
}

fn group_set(xml: &mut Xml, call: &Call<'_>, ids: &[String]) {
    let named: Vec<(&String, String)> = ids.iter().map(|id| (id, groups::name_of(call, id))).collect();
    xml.items("groupSet", named, |xml, (id, name)| {
        xml.leaf("groupId", id);
        xml.leaf("groupName", name);
    });
}

fn dns(prefix: &str, ip: &str, domain: &str) -> String {
    format!("{prefix}-{}.{domain}", ip.replace('.', "-"))
}

/// Why an instance is down or going, as EC2 says it.
fn reason(instance: &Instance) -> Option<(&'static str, &'static str)> {
    let down = !matches!(instance.state, State::Pending(_) | State::Running);
    match (down, instance.preempted) {
        (false, _) => None,
        (true, true) => Some(("Server.SpotInstanceTermination", "Spot instance termination")),
        (true, false) => Some(("Client.UserInitiatedShutdown", "User initiated shutdown")),
    }
}
