//! Regions and zones of the catalog.
//!
//! **Invariant:** what the catalog has is all there is.

use super::form::{admits, page};
use super::{Call, Done};
use crate::model::{CloudId, RegionId};

/// Amazon in the catalog.
pub(super) fn cloud(call: &Call<'_>) -> Option<CloudId> {
    call.ec2.site.catalog().find_cloud("aws")
}

/// The region of a call in the catalog.
pub(super) fn region(call: &Call<'_>) -> Option<RegionId> {
    let catalog = call.ec2.site.catalog();
    catalog.regions_of(cloud(call)?).find(|region| catalog.region_name(*region) == call.region)
}

/// True if there is such a region.
pub(super) fn exists(call: &Call<'_>) -> bool {
    region(call).is_some()
}

/// The zones of the call's region, sorted.
pub(super) fn zone_names(call: &Call<'_>) -> Vec<String> {
    let catalog = call.ec2.site.catalog();
    let zones = region(call).into_iter().flat_map(|region| catalog.zones_of(region));
    let mut names: Vec<String> = zones.map(|zone| catalog.zone_name(zone).to_owned()).collect();
    names.sort();
    names
}

/// The name of a zone that is the same in every account: `use1-az1` for `us-east-1a`, in the order of the letters.
pub(super) fn zone_id(region: &str, zone: &str) -> String {
    let short: String = region
        .split('-')
        .enumerate()
        .map(|(place, part)| match (place, part) {
            // The continent in full, `ap-southeast-2` as `apse2`.
            (0, part) => part.to_owned(),
            (_, "northeast") => "ne".to_owned(),
            (_, "northwest") => "nw".to_owned(),
            (_, "southeast") => "se".to_owned(),
            (_, "southwest") => "sw".to_owned(),
            (_, part) => part.chars().take(1).collect(),
        })
        .collect();
    let letter = zone.bytes().last().unwrap_or(b'a').saturating_sub(b'a') + 1;
    format!("{short}-az{letter}")
}

/// `DescribeRegions`
pub(super) fn regions(call: &Call<'_>) -> Done {
    let catalog = call.ec2.site.catalog();
    let wanted = call.form.list("RegionName");
    let all = cloud(call).into_iter().flat_map(|cloud| catalog.regions_of(cloud));
    let mut names: Vec<&str> = all.map(|region| catalog.region_name(region)).collect();
    names.sort_unstable();
    let filters = call.form.filters();
    let mut found = Vec::new();
    for name in names {
        let passes = admits(&filters, |filter| match filter {
            "region-name" => Some(vec![name.to_owned()]),
            "endpoint" => Some(vec![format!("ec2.{name}.amazonaws.com")]),
            "opt-in-status" => Some(vec!["opt-in-not-required".to_owned()]),
            _ => None,
        })?;
        if passes && (wanted.is_empty() || wanted.iter().any(|wanted| wanted == name)) {
            found.push(name);
        }
    }
    Ok(call.answer(|xml| {
        xml.items("regionInfo", &found, |xml, name| {
            xml.leaf("regionName", name);
            xml.leaf("regionEndpoint", format!("ec2.{name}.amazonaws.com"));
            xml.leaf("optInStatus", "opt-in-not-required");
        });
    }))
}

/// `DescribeAvailabilityZones`
pub(super) fn zones(call: &Call<'_>) -> Done {
    let wanted = call.form.list("ZoneName");
    let filters = call.form.filters();
    let mut found = Vec::new();
    for name in zone_names(call) {
        let passes = admits(&filters, |filter| match filter {
            "zone-name" => Some(vec![name.clone()]),
            "zone-id" => Some(vec![zone_id(call.region, &name)]),
            "region-name" => Some(vec![call.region.to_owned()]),
            "state" => Some(vec!["available".to_owned()]),
            "zone-type" => Some(vec!["availability-zone".to_owned()]),
            "opt-in-status" => Some(vec!["opt-in-not-required".to_owned()]),
            _ => None,
        })?;
        if passes && (wanted.is_empty() || wanted.contains(&name)) {
            found.push(name);
        }
    }
    let (found, _) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("availabilityZoneInfo", &found, |xml, name| {
            xml.leaf("zoneName", name);
            xml.leaf("zoneState", "available");
            xml.leaf("regionName", call.region);
            xml.within("messageSet", |_| {});
            xml.leaf("optInStatus", "opt-in-not-required");
            xml.leaf("groupName", format!("{}-1", call.region));
            xml.leaf("networkBorderGroup", call.region);
            xml.leaf("zoneId", zone_id(call.region, name));
            xml.leaf("zoneType", "availability-zone");
        });
    }))
}
