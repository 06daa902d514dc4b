//! What is asked and done about instances that are there.
//!
//! **Invariant:** a call that names several instances does nothing if one of them does not exist.

use std::sync::Arc;

use super::fault::Fault;
use super::form::{Form, Seen, admits, page, seen_tags};
use super::run::{Extra, extra_of};
use super::{Call, Done, Reply, network, show};
use crate::model::CapacityType;
use crate::serve::{Filter, Instance, InstanceId, Outcome, SiteError, State, Wire};

/// The least and the most that a page of instances may hold.
const PAGE: std::ops::RangeInclusive<usize> = 5..=1000;

/// `DescribeInstances`
pub(super) fn describe(call: &Call<'_>) -> Done {
    if let Some(size) = call.form.number::<usize>("MaxResults")? {
        if !call.form.indexes("InstanceId").is_empty() {
            let words = "The parameter instancesSet cannot be used with the parameter maxResults";
            return Err(Fault::new(400, "InvalidParameterCombination", words));
        }
        if !PAGE.contains(&size) {
            let words =
                format!("Value ( {size} ) for parameter maxResults is invalid. Expecting a value from 5 to 1000.");
            return Err(Fault::invalid(words));
        }
    }
    let (found, next) = page(call.form, matching(call)?)?;
    Ok(call.answer(|xml| {
        // Instances of one launch stand together, since they are listed in the order they were made.
        let launches: Vec<&[(Arc<Instance>, Extra)]> =
            found.chunk_by(|(_, a), (_, b)| a.reservation == b.reservation).collect();
        xml.items("reservationSet", launches, |xml, launch| {
            let shown: Vec<(&Instance, Extra)> = launch.iter().map(|(i, extra)| (i.as_ref(), extra.clone())).collect();
            show::reservation(xml, call, &launch[0].1.reservation, &shown);
        });
        xml.maybe("nextToken", next);
    }))
}

/// The instances that are named and pass the filters.
pub(super) fn matching(call: &Call<'_>) -> Result<Vec<(Arc<Instance>, Extra)>, Fault> {
    let named = named(call, "InstanceId")?;
    let clock = call.ec2.site.clock();
    let mut found = listed(call, &named);
    // Somebody waits for what is on its way; a clock that stands still is moved on.
    if let Some(at) = found.iter().filter_map(|instance| instance.state.ends()).max() {
        clock.hasten(at);
        found = listed(call, &named);
    }
    let filters = call.form.filters();
    let mut matching = Vec::new();
    for instance in found {
        let extra = extra_of(&instance);
        if admits(&filters, |name| seen(&instance, &extra, call, name))? {
            matching.push((instance, extra));
        }
    }
    Ok(matching)
}

fn listed(call: &Call<'_>, named: &[InstanceId]) -> Vec<Arc<Instance>> {
    call.ec2.site.instances(&Filter {
        cloud: Some("aws"),
        region: Some(call.region.to_owned()),
        ids: named.to_vec(),
        terminated: true,
        hidden: !named.is_empty(),
        ..Filter::default()
    })
}

fn seen(instance: &Instance, extra: &Extra, call: &Call<'_>, name: &str) -> Seen {
    let one = |text: &str| Some(vec![text.to_owned()]);
    match name {
        "instance-id" => one(&show::instance_id(instance)),
        "instance-state-name" => one(instance.state.name()),
        "instance-state-code" => one(&show::state_code(instance.state).to_string()),
        "instance-type" => one(&instance.instance_type),
        "availability-zone" => one(show::zone(instance)),
        "client-token" => one(show::token(instance)),
        "instance-lifecycle" => {
            Some((instance.terms == CapacityType::Spot).then(|| "spot".to_owned()).into_iter().collect())
        }
        "spot-instance-request-id" => Some(show::spot_request_id(instance).into_iter().collect()),
        "image-id" => one(&extra.image),
        "key-name" => one(&extra.key),
        "reservation-id" => one(&extra.reservation),
        "private-ip-address" => one(&instance.private_ip),
        "ip-address" => Some(instance.public_ip.clone().into_iter().collect()),
        "subnet-id" => one(&network::subnet_id(show::zone(instance))),
        "vpc-id" => one(&network::vpc_id(call.region)),
        "instance.group-id" | "network-interface.group-id" => Some(extra.groups.clone()),
        "instance.group-name" => Some(extra.groups.iter().map(|id| super::groups::name_of(call, id)).collect()),
        "owner-id" => one(&call.ec2.account()),
        "tag-value" => Some(instance.tags.values().cloned().collect()),
        other => seen_tags(&instance.tags, other),
    }
}

/// `DescribeInstanceStatus`: running ones, unless all are asked for.
pub(super) fn describe_status(call: &Call<'_>) -> Done {
    let all = call.form.is("IncludeAllInstances");
    let mut found = matching(call)?;
    found.retain(|(instance, _)| all || instance.state == State::Running);
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("instanceStatusSet", &found, |xml, (instance, _)| {
            xml.leaf("instanceId", show::instance_id(instance));
            xml.leaf("availabilityZone", show::zone(instance));
            show::state(xml, "instanceState", instance.state);
            let ok = if instance.state == State::Running { "ok" } else { "not-applicable" };
            xml.within("systemStatus", |xml| xml.leaf("status", ok));
            xml.within("instanceStatus", |xml| xml.leaf("status", ok));
        });
        xml.maybe("nextToken", next);
    }))
}

/// `DescribeVolumes`: those of instances; there are no others.
pub(super) fn describe_volumes(call: &Call<'_>) -> Done {
    let filters = call.form.filters();
    let wanted = call.form.list("VolumeId");
    let clock = call.ec2.site.clock();
    let mut volumes = Vec::new();
    for instance in listed(call, &[]).into_iter().filter(|instance| instance.state != State::Terminated) {
        let extra = extra_of(&instance);
        for disk in &extra.disks {
            let id = show::volume_id(&instance, disk);
            let passes = admits(&filters, |name| match name {
                "volume-id" => Some(vec![id.clone()]),
                "attachment.instance-id" => Some(vec![show::instance_id(&instance)]),
                "availability-zone" => Some(vec![show::zone(&instance).to_owned()]),
                "status" => Some(vec!["in-use".to_owned()]),
                other => seen_tags(&extra.volume_tags, other),
            })?;
            if passes && (wanted.is_empty() || wanted.contains(&id)) {
                volumes.push((instance.clone(), extra.volume_tags.clone(), disk.clone(), id));
            }
        }
    }
    let (volumes, next) = page(call.form, volumes)?;
    Ok(call.answer(|xml| {
        xml.items("volumeSet", &volumes, |xml, (instance, tags, disk, id)| {
            xml.leaf("volumeId", id);
            xml.leaf("size", disk.size_gb);
            xml.leaf("snapshotId", super::id_of("snap", &[&extra_of(instance).image]));
            xml.leaf("availabilityZone", show::zone(instance));
            xml.leaf("status", "in-use");
            xml.leaf("createTime", clock.rfc3339(instance.created));
            xml.items("attachmentSet", [disk], |xml, disk| {
                xml.leaf("volumeId", id);
                xml.leaf("instanceId", show::instance_id(instance));
                xml.leaf("device", &disk.device);
                xml.leaf("status", "attached");
                xml.leaf("attachTime", clock.rfc3339(instance.created));
                xml.leaf("deleteOnTermination", true);
            });
            xml.leaf("volumeType", &disk.kind);
            xml.maybe("iops", disk.iops);
            xml.maybe("throughput", disk.throughput);
            xml.leaf("encrypted", false);
            xml.leaf("multiAttachEnabled", false);
            xml.tags(tags);
        });
        xml.maybe("nextToken", next);
    }))
}

/// The instances that a request names, all of which must exist in the region.
/// The instance that `InstanceId` names.
pub(super) fn one(call: &Call<'_>) -> Result<Arc<Instance>, Fault> {
    let id = call.form.need("InstanceId")?;
    let found = find(call, id).and_then(|known| call.ec2.site.instance(known));
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Fault {
    Fault::absent("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
}

fn named(call: &Call<'_>, parameter: &str) -> Result<Vec<InstanceId>, Fault> {
    let mut found = Vec::new();
    let mut absent = Vec::new();
    for id in call.form.list(parameter) {
        match find(call, &id) {
            Some(instance) => found.push(instance),
            None if well_formed(&id) => absent.push(id),
            None => {
                let words = format!("Invalid id: \"{id}\"");
                return Err(Fault::new(400, "InvalidInstanceID.Malformed", words));
            }
        }
    }
    match absent.as_slice() {
        [] => Ok(found),
        [id] => Err(unknown(id)),
        ids => {
            let words = format!("The instance IDs '{}' do not exist", ids.join(", "));
            Err(Fault::absent("InvalidInstanceID.NotFound", words))
        }
    }
}

fn well_formed(id: &str) -> bool {
    id.strip_prefix("i-")
        .is_some_and(|hex| (hex.len() == 8 || hex.len() == 17) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn find(call: &Call<'_>, id: &str) -> Option<InstanceId> {
    let known = call.ec2.memory.lock().instances.get(id).copied()?;
    let instance = call.ec2.site.instance(known)?;
    (instance.region == call.region).then_some(known)
}

/// As [`named`], but at least one.
fn need(call: &Call<'_>) -> Result<Vec<InstanceId>, Fault> {
    let ids = named(call, "InstanceId")?;
    if ids.is_empty() { Err(Fault::missing("InstanceId")) } else { Ok(ids) }
}

/// `TerminateInstances`
pub(super) async fn terminate(call: &Call<'_>) -> Done {
    let ids = need(call)?;
    call.dry_run()?;
    change(call, &ids, |id| call.ec2.site.terminate(id)).await
}

/// `StopInstances`
pub(super) async fn stop(call: &Call<'_>) -> Done {
    let ids = need(call)?;
    for id in &ids {
        let Some(instance) = call.ec2.site.instance(*id) else { continue };
        let name = show::instance_id(&instance);
        if instance.terms == CapacityType::Spot && instance.on_preemption == crate::serve::site::OnPreemption::Terminate
        {
            let words = format!(
                "You can't stop the Spot Instance '{name}' because it is associated with a one-time Spot Instance request. \
                 You can only stop Spot Instances associated with persistent Spot Instance requests."
            );
            return Err(Fault::new(400, "UnsupportedOperation", words));
        }
        if !instance.state.is_alive() || matches!(instance.state, State::Pending(_)) {
            return Err(wrong_state(&name, "stopped"));
        }
    }
    call.dry_run()?;
    change(call, &ids, |id| call.ec2.site.stop(id)).await
}

fn wrong_state(id: &str, what: &str) -> Fault {
    let words = format!("The instance '{id}' is not in a state from which it can be {what}.");
    Fault::new(400, "IncorrectInstanceState", words)
}

/// Changes each instance and tells what state it left and which it is in.
async fn change(
    call: &Call<'_>,
    ids: &[InstanceId],
    change: impl Fn(InstanceId) -> Result<crate::serve::Ended, SiteError>,
) -> Done {
    let site = &call.ec2.site;
    let mut changes = Vec::new();
    for id in ids {
        let Some(before) = site.instance(*id) else { continue };
        let ended = change(*id).map_err(|_| wrong_state(&show::instance_id(&before), "stopped"))?;
        if ended.failed {
            site.clock().until(ended.at).await;
            return Err(Fault::new(500, "InternalError", "An internal error has occurred"));
        }
        changes.push((before, site.instance(*id)));
    }
    Ok(state_changes(call, &changes))
}

/// Every instance with its state before, and as it is now.
fn state_changes(call: &Call<'_>, changes: &[(Arc<Instance>, Option<Arc<Instance>>)]) -> String {
    call.answer(|xml| {
        xml.items("instancesSet", changes, |xml, (before, after)| {
            xml.leaf("instanceId", show::instance_id(before));
            show::state(xml, "currentState", after.as_ref().map_or(State::Terminated, |after| after.state));
            show::state(xml, "previousState", before.state);
        });
    })
}

/// `StartInstances`: all or none.
pub(super) async fn start(call: &Call<'_>) -> Result<Reply, Fault> {
    let ids = need(call)?;
    let site = &call.ec2.site;
    let before: Vec<Arc<Instance>> = ids.iter().filter_map(|id| site.instance(*id)).collect();
    for instance in &before {
        if !matches!(instance.state, State::Stopped | State::Running | State::Pending(_)) {
            return Err(wrong_state(&show::instance_id(instance), "started"));
        }
    }
    call.dry_run()?;
    let mut started = Vec::new();
    for id in &ids {
        let verdict = site.start(*id).map_err(|_| wrong_state(&id.0.to_string(), "started"))?;
        let broken = match verdict.wire {
            Wire::Arrives => None,
            Wire::Cut(at) => Some((at, Reply::Cut)),
            Wire::Hangs => Some((verdict.at, Reply::Hang)),
        };
        if let Some((at, reply)) = broken {
            site.clock().until(at).await;
            return Ok(reply);
        }
        match verdict.outcome {
            Outcome::Accepted { .. } => started.push(*id),
            Outcome::Refused(refused) => {
                for id in started {
                    // Back to where it was; it cannot be refused that.
                    let _ = site.stop(id);
                }
                site.clock().until(verdict.at).await;
                return Err(refused.first().map_or_else(|| Fault::genuine("", &[]), Fault::of));
            }
            Outcome::Nothing => return Ok(Reply::Hang),
        }
    }
    let changes: Vec<_> = before.into_iter().zip(ids).map(|(before, id)| (before, site.instance(id))).collect();
    Ok(Reply::Xml(state_changes(call, &changes)))
}

/// `CreateTags`, of instances and groups; other resources take tags without keeping them.
pub(super) fn create_tags(call: &Call<'_>) -> Done {
    let tags = call.form.tags("Tag");
    retag(call, |kept| kept.extend(tags.clone()))
}

/// `DeleteTags`
pub(super) fn delete_tags(call: &Call<'_>) -> Done {
    let tags = call.form.tags("Tag");
    retag(call, |kept| {
        for (key, value) in &tags {
            if value.is_empty() || kept.get(key) == Some(value) {
                kept.remove(key);
            }
        }
    })
}

fn retag(call: &Call<'_>, change: impl Fn(&mut super::form::Tags)) -> Done {
    let resources = call.form.list("ResourceId");
    let as_instances = Form(call.form.0.clone().into_iter().filter(|(_, value)| value.starts_with("i-")).collect());
    let only_instances = Call { form: &as_instances, ..*call };
    let instances = named(&only_instances, "ResourceId")?;
    call.dry_run()?;
    for id in instances {
        // It was there a moment ago; one that is gone by now needs no tags.
        let _ = call.ec2.site.retag(id, &change);
    }
    let mut kept = call.ec2.memory.lock();
    for id in resources.iter().filter(|id| id.starts_with("sg-")) {
        if let Some(group) = kept.groups.get_mut(&(call.region.to_owned(), id.clone())) {
            change(&mut group.tags);
        }
    }
    drop(kept);
    Ok(call.done())
}

/// `DescribeTags`, of instances.
pub(super) fn describe_tags(call: &Call<'_>) -> Done {
    let filters = call.form.filters();
    let mut found = Vec::new();
    for instance in listed(call, &[]) {
        let id = show::instance_id(&instance);
        for (key, value) in &instance.tags {
            let passes = admits(&filters, |name| match name {
                "key" => Some(vec![key.clone()]),
                "value" => Some(vec![value.clone()]),
                "resource-id" => Some(vec![id.clone()]),
                "resource-type" => Some(vec!["instance".to_owned()]),
                _ => None,
            })?;
            if passes {
                found.push((id.clone(), key.clone(), value.clone()));
            }
        }
    }
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("tagSet", &found, |xml, (id, key, value)| {
            xml.leaf("resourceId", id);
            xml.leaf("resourceType", "instance");
            xml.leaf("key", key);
            xml.leaf("value", value);
        });
        xml.maybe("nextToken", next);
    }))
}
