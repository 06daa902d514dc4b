//! Spot requests: one for each spot instance.
//!
//! **Invariant:** a request that was cancelled leaves its instance running, as on Amazon.

use std::sync::Arc;

use super::form::{admits, page, seen_tags};
use super::run::{Extra, extra_of};
use super::{Call, Done, fault::Fault, show};
use crate::serve::{Filter, Instance, State};

fn requests(call: &Call<'_>) -> Vec<(String, Arc<Instance>, Extra)> {
    let here =
        Filter { cloud: Some("aws"), region: Some(call.region.to_owned()), terminated: true, ..Filter::default() };
    let all = call.ec2.site.instances(&here).into_iter();
    all.filter_map(|instance| Some((show::spot_request_id(&instance)?, extra_of(&instance), instance)))
        .map(|(id, extra, instance)| (id, instance, extra))
        .collect()
}

/// State and status code of a request.
fn standing(cancelled: bool, instance: &Instance) -> (&'static str, &'static str) {
    let down = matches!(instance.state, State::Terminating(_) | State::Terminated);
    match (down, instance.preempted, cancelled) {
        (false, _, false) => ("active", "fulfilled"),
        (false, _, true) => ("cancelled", "request-canceled-and-instance-running"),
        (true, true, _) => ("closed", "instance-terminated-no-capacity"),
        (true, false, _) => ("closed", "instance-terminated-by-user"),
    }
}

/// `DescribeSpotInstanceRequests`
pub(super) fn describe(call: &Call<'_>) -> Done {
    let wanted = call.form.list("SpotInstanceRequestId");
    let all = requests(call);
    need(&wanted, &all)?;
    let cancelled = call.ec2.memory.lock().cancelled.clone();
    let filters = call.form.filters();
    let mut found = Vec::new();
    for (id, instance, extra) in all {
        let (state, status) = standing(cancelled.contains(&id), &instance);
        let passes = admits(&filters, |name| match name {
            "spot-instance-request-id" => Some(vec![id.clone()]),
            "state" => Some(vec![state.to_owned()]),
            "status-code" => Some(vec![status.to_owned()]),
            "instance-id" => Some(vec![show::instance_id(&instance)]),
            "launched-availability-zone" => Some(vec![show::zone(&instance).to_owned()]),
            "launch.instance-type" => Some(vec![instance.instance_type.clone()]),
            "type" => Some(vec!["one-time".to_owned()]),
            other => seen_tags(&extra.spot_tags, other),
        })?;
        if passes && (wanted.is_empty() || wanted.contains(&id)) {
            found.push((id, instance, extra, state, status));
        }
    }
    let (found, next) = page(call.form, found)?;
    let clock = call.ec2.site.clock();
    Ok(call.answer(|xml| {
        xml.items("spotInstanceRequestSet", &found, |xml, (id, instance, extra, state, status)| {
            xml.leaf("spotInstanceRequestId", id);
            xml.leaf("spotPrice", format!("{:.6}", instance.price_hourly.as_dollars()));
            xml.leaf("type", "one-time");
            xml.leaf("state", state);
            xml.within("status", |xml| {
                xml.leaf("code", status);
                xml.leaf("updateTime", clock.rfc3339(instance.created));
                xml.leaf("message", status.replace('-', " "));
            });
            xml.within("launchSpecification", |xml| {
                xml.leaf("imageId", &extra.image);
                xml.leaf("instanceType", &instance.instance_type);
                xml.within("placement", |xml| xml.leaf("availabilityZone", show::zone(instance)));
            });
            xml.leaf("instanceId", show::instance_id(instance));
            xml.leaf("createTime", clock.rfc3339(instance.created));
            xml.leaf("productDescription", "Linux/UNIX");
            xml.leaf("launchedAvailabilityZone", show::zone(instance));
            xml.leaf("instanceInterruptionBehavior", "terminate");
            xml.tags(&extra.spot_tags);
        });
        xml.maybe("nextToken", next);
    }))
}

/// `CancelSpotInstanceRequests`
pub(super) fn cancel(call: &Call<'_>) -> Done {
    let wanted = call.form.list("SpotInstanceRequestId");
    if wanted.is_empty() {
        return Err(Fault::missing("SpotInstanceRequestId"));
    }
    need(&wanted, &requests(call))?;
    call.dry_run()?;
    call.ec2.memory.lock().cancelled.extend(wanted.iter().cloned());
    Ok(call.answer(|xml| {
        xml.items("spotInstanceRequestSet", &wanted, |xml, id| {
            xml.leaf("spotInstanceRequestId", id);
            xml.leaf("state", "cancelled");
        });
    }))
}

fn need(wanted: &[String], all: &[(String, Arc<Instance>, Extra)]) -> Result<(), Fault> {
    match wanted.iter().find(|id| !all.iter().any(|(known, ..)| known == *id)) {
        None => Ok(()),
        Some(id) => {
            let words = format!("The spot instance request ID '{id}' does not exist");
            Err(Fault::absent("InvalidSpotInstanceRequestID.NotFound", words))
        }
    }
}
