//! `RunInstances`: checked, put to the market, told.
//!
//! **Invariant:** nothing is asked of the market before the whole request was found sound.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::form::Form;
use super::{Call, Reply, id_of, images, network, show};
use crate::model::CapacityType;
use crate::serve::site::{Login, OnPreemption};
use crate::serve::{Ask, Instance, Outcome, SiteError, Wire};

/// What is remembered with each instance besides what the market knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Extra {
    pub(super) image: String,
    pub(super) key: String,
    /// Security groups by id.
    pub(super) groups: Vec<String>,
    pub(super) disks: Vec<Disk>,
    /// `stop` or `terminate`
    pub(super) shutdown: String,
    /// Whether the metadata service wants tokens: `required` or `optional`.
    pub(super) tokens: String,
    pub(super) user_data: String,
    /// Tags of the volumes.
    pub(super) volume_tags: super::form::Tags,
    /// Tags of the spot request.
    pub(super) spot_tags: super::form::Tags,
    /// The launch that made it; known once it is made.
    pub(super) reservation: String,
}

/// One volume of a launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Disk {
    pub(super) device: String,
    pub(super) size_gb: u32,
    pub(super) kind: String,
    pub(super) iops: Option<u32>,
    pub(super) throughput: Option<u32>,
}

/// The remembered part of an instance.
pub(super) fn extra_of(instance: &Instance) -> Extra {
    Extra::deserialize(&instance.extra).unwrap_or_default()
}

/// `RunInstances`
pub(super) async fn run(call: &Call<'_>) -> Result<Reply, Fault> {
    let ask = ask(call, call.form)?;
    call.dry_run()?;
    let site = &call.ec2.site;
    let verdict = site.launch(&ask).map_err(|error| fault(&error, &ask))?;
    match verdict.wire {
        Wire::Hangs => return Ok(Reply::Hang),
        Wire::Cut(at) => {
            if let Outcome::Accepted { instances, .. } = &verdict.outcome {
                keep(call, instances);
            }
            site.clock().until(at).await;
            return Ok(Reply::Cut);
        }
        Wire::Arrives => {}
    }
    match verdict.outcome {
        Outcome::Accepted { instances, .. } => {
            let reservation = keep(call, &instances);
            Ok(Reply::Xml(call.answer(|xml| {
                let shown =
                    instances.iter().map(|instance| (instance.as_ref(), extra_of(instance))).collect::<Vec<_>>();
                show::reservation(xml, call, &reservation, &shown);
            })))
        }
        Outcome::Refused(refused) => {
            site.clock().until(verdict.at).await;
            Err(refused.first().map_or_else(|| Fault::genuine("", &[]), Fault::of))
        }
        Outcome::Nothing => Ok(Reply::Hang),
    }
}

/// Notes the instances of a launch under their ids, and returns its reservation.
pub(super) fn keep(call: &Call<'_>, instances: &[Arc<Instance>]) -> String {
    let first = instances.first().map(|instance| instance.hex(17)).unwrap_or_default();
    let reservation = format!("r-{first}");
    let mut kept = call.ec2.memory.lock();
    for instance in instances {
        kept.instances.insert(show::instance_id(instance), instance.id);
    }
    kept.forget_instances(&call.ec2.site);
    drop(kept);
    for instance in instances {
        // It was made a moment ago, so it is there.
        let _ = call.ec2.site.annotate(instance.id, |extra| extra["reservation"] = reservation.clone().into());
    }
    reservation
}

/// A request as a question to the market.
pub(super) fn ask(call: &Call<'_>, form: &Form) -> Result<Ask, Fault> {
    let (least, most) = (count(form, "MinCount")?, count(form, "MaxCount")?);
    if least == 0 || most < least {
        return Err(Fault::invalid(format!("Invalid value '{least}' for minCount. It has to be from 1 to maxCount.")));
    }
    let image = images::resolve(call, form.need("ImageId")?)?;
    let instance_type = form.get("InstanceType").unwrap_or("m1.small").to_owned();
    let spot = form.get("InstanceMarketOptions.MarketType") == Some("spot");
    let options = "InstanceMarketOptions.SpotOptions";
    let on_preemption = match form.get(&format!("{options}.InstanceInterruptionBehavior")) {
        Some("stop" | "hibernate") => OnPreemption::Stop,
        _ => OnPreemption::Terminate,
    };
    let key = form.get("KeyName").unwrap_or_default().to_owned();
    let extra = Extra {
        disks: disks(form, &image)?,
        image: image.id,
        groups: groups(call, form)?,
        shutdown: form.get("InstanceInitiatedShutdownBehavior").unwrap_or("stop").to_owned(),
        tokens: form.get("MetadataOptions.HttpTokens").unwrap_or("optional").to_owned(),
        user_data: form.get("UserData").unwrap_or_default().to_owned(),
        volume_tags: form.tags_for("volume"),
        spot_tags: form.tags_for("spot-instances-request"),
        reservation: String::new(),
        key: key.clone(),
    };
    Ok(Ask {
        cloud: "aws",
        region: call.region.to_owned(),
        zone: zone(call, form)?,
        instance_type,
        accelerator: None,
        terms: if spot { CapacityType::Spot } else { CapacityType::OnDemand },
        max_price: form.number(&format!("{options}.MaxPrice"))?,
        nodes: most,
        least,
        // Tokens of two regions have nothing to do with each other.
        token: form.get("ClientToken").map(|token| format!("{}/{token}", call.region)),
        names: Vec::new(),
        tags: form.tags_for("instance"),
        ssh: login(call, &key)?,
        on_preemption,
        extra: serde_json::to_value(extra).unwrap_or_default(),
    })
}

fn count(form: &Form, name: &str) -> Result<u16, Fault> {
    form.number(name)?.ok_or_else(|| Fault::missing(name))
}

/// The zone that is asked for, by name or by a subnet of it.
fn zone(call: &Call<'_>, form: &Form) -> Result<Option<String>, Fault> {
    let named = form.get("Placement.AvailabilityZone");
    let subnet = form.get("SubnetId").or_else(|| form.get("NetworkInterface.1.SubnetId"));
    let of_subnet = subnet.map(|id| network::zone_of_subnet(call, id)).transpose()?;
    match (named, of_subnet) {
        (Some(named), Some(zone)) if named != zone => Err(Fault::invalid(format!(
            "The availability zone '{named}' of the placement is not the one of the subnet, '{zone}'."
        ))),
        (_, Some(zone)) => Ok(Some(zone)),
        (named, None) => Ok(named.map(str::to_owned)),
    }
}

/// Security groups by id; the VPC's own without any.
fn groups(call: &Call<'_>, form: &Form) -> Result<Vec<String>, Fault> {
    let mut wanted = form.list("SecurityGroupId");
    wanted.extend(form.list("NetworkInterface.1.SecurityGroupId"));
    for name in form.list("SecurityGroup") {
        wanted.push(super::groups::by_name(call, &name)?);
    }
    for id in &wanted {
        super::groups::need(call, id)?;
    }
    if wanted.is_empty() {
        wanted.push(super::groups::default_id(call.region));
    }
    Ok(wanted)
}

fn login(call: &Call<'_>, key: &str) -> Result<Option<Login>, Fault> {
    if key.is_empty() {
        return Ok(None);
    }
    let kept = call.ec2.memory.lock();
    let found = kept.keys.get(&(call.region.to_owned(), key.to_owned()));
    let found = found.ok_or_else(|| super::keys::absent(key))?;
    Ok(Some(Login { user: "ubuntu".to_owned(), public_key: found.public_key.clone() }))
}

/// The boot disk and those that are asked for; what is said of the boot disk's device changes it.
fn disks(form: &Form, image: &images::Found) -> Result<Vec<Disk>, Fault> {
    let boot = Disk {
        device: image.root.clone(),
        size_gb: image.size_gb,
        kind: "gp2".to_owned(),
        iops: None,
        throughput: None,
    };
    let mut disks = vec![boot];
    for n in form.indexes("BlockDeviceMapping") {
        let prefix = format!("BlockDeviceMapping.{n}");
        let Some(device) = form.get(&format!("{prefix}.DeviceName")) else { continue };
        let ebs = format!("{prefix}.Ebs");
        let disk = Disk {
            device: device.to_owned(),
            size_gb: form.number(&format!("{ebs}.VolumeSize"))?.unwrap_or(image.size_gb),
            kind: form.get(&format!("{ebs}.VolumeType")).unwrap_or("gp2").to_owned(),
            iops: form.number(&format!("{ebs}.Iops"))?,
            throughput: form.number(&format!("{ebs}.Throughput"))?,
        };
        if device == image.root {
            if disk.size_gb < image.size_gb {
                let words = format!(
                    "Volume of size {}GB is smaller than snapshot '{}', expect size>= {}GB",
                    disk.size_gb,
                    id_of("snap", &[&image.id]),
                    image.size_gb
                );
                return Err(Fault::new(400, "InvalidBlockDeviceMapping", words));
            }
            disks[0] = disk;
        } else {
            disks.push(disk);
        }
    }
    Ok(disks)
}

/// What means nothing to the market, in EC2's words.
pub(super) fn fault(error: &SiteError, ask: &Ask) -> Fault {
    match error {
        SiteError::NoZone(zone) => Fault::invalid(format!("Invalid availability zone: [{zone}]")),
        SiteError::NoType(kind) => Fault::invalid(format!("Invalid value '{kind}' for InstanceType.")),
        SiteError::NotSold { instance_type, place } if ask.zone.is_some() => Fault::genuine(
            "Unsupported",
            &[("type", instance_type), ("zone", place), ("other_zones", &format!("another zone of {}", ask.region))],
        ),
        SiteError::NotSold { .. } => Fault::genuine("Unsupported.config", &[]),
        SiteError::TokenReused => Fault::new(
            400,
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        ),
        other => Fault::invalid(other.to_string()),
    }
}
