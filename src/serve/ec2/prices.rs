//! Spot prices, and how likely spot capacity is.
//!
//! **Invariant:** looking changes nothing in the market.

use super::fault::Fault;
use super::form::{admits, page};
use super::{Call, Done, places, types};
use crate::model::CapacityType;

/// `DescribeSpotPriceHistory`: the price of now, which is the only one that the catalog knows.
pub(super) fn history(call: &Call<'_>) -> Done {
    let site = &call.ec2.site;
    let wanted = call.form.list("InstanceType");
    let zone = call.form.get("AvailabilityZone");
    let kinds: Vec<String> =
        if wanted.is_empty() { types::sold(call).into_iter().map(|(name, _)| name).collect() } else { wanted };
    let filters = call.form.filters();
    let mut found = Vec::new();
    for kind in kinds {
        for (place, price) in site.prices("aws", call.region, &kind, CapacityType::Spot) {
            let place = place.unwrap_or_default();
            let passes = admits(&filters, |name| match name {
                "instance-type" => Some(vec![kind.clone()]),
                "availability-zone" => Some(vec![place.clone()]),
                "product-description" => Some(vec!["Linux/UNIX".to_owned()]),
                "spot-price" => Some(vec![format!("{price:.6}")]),
                _ => None,
            })?;
            if passes && zone.is_none_or(|zone| zone == place) {
                found.push((kind.clone(), place, price));
            }
        }
    }
    let (found, next) = page(call.form, found)?;
    let now = site.clock().rfc3339(site.clock().now());
    Ok(call.answer(|xml| {
        xml.items("spotPriceHistorySet", &found, |xml, (kind, zone, price)| {
            xml.leaf("instanceType", kind);
            xml.leaf("productDescription", "Linux/UNIX");
            xml.leaf("spotPrice", format!("{price:.6}"));
            xml.leaf("timestamp", &now);
            xml.leaf("availabilityZone", zone);
            xml.leaf("availabilityZoneId", places::zone_id(call.region, zone));
        });
        // boto3 pages until the token is empty.
        xml.leaf("nextToken", next.unwrap_or_default());
    }))
}

/// The score where the market has not been looked at: neither good nor bad.
const UNKNOWN: u32 = 3;

/// `GetSpotPlacementScores`, from 1 to 10: ten if the capacity is there, less the less of it there is.
pub(super) fn scores(call: &Call<'_>) -> Done {
    let site = &call.ec2.site;
    let kinds = call.form.list("InstanceType");
    if kinds.is_empty() {
        return Err(Fault::missing("InstanceType"));
    }
    let target: u32 = call.form.number("TargetCapacity")?.ok_or_else(|| Fault::missing("TargetCapacity"))?;
    let by_zone = call.form.is("SingleAvailabilityZone");
    let catalog = site.catalog();
    let mut regions = call.form.list("RegionName");
    if regions.is_empty() {
        let all = places::cloud(call).into_iter().flat_map(|cloud| catalog.regions_of(cloud));
        regions = all.map(|region| catalog.region_name(region).to_owned()).collect();
        regions.sort();
    }
    let now = site.clock().now();
    let pools = site.pools(now, 1);
    let mut scores: Vec<(String, Option<String>, u32)> = Vec::new();
    for region in regions {
        let here = pools.iter().filter(|pool| {
            pool.cloud == "aws" && pool.region == region && pool.terms == "spot" && kinds.contains(&pool.instance_type)
        });
        let mut zones: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
        for pool in here {
            let free = pool.course.last().copied().unwrap_or(0).saturating_sub(pool.held);
            *zones.entry(pool.zone.clone().unwrap_or_default()).or_default() += free;
        }
        if by_zone {
            scores.extend(
                zones
                    .into_iter()
                    .map(|(zone, free)| (region.clone(), Some(places::zone_id(&region, &zone)), score(free, target))),
            );
        } else {
            let all = (!zones.is_empty()).then(|| score(zones.values().sum(), target));
            scores.push((region, None, all.unwrap_or(UNKNOWN)));
        }
    }
    let (scores, next) = page(call.form, scores)?;
    Ok(call.answer(|xml| {
        xml.items("spotPlacementScoreSet", &scores, |xml, (region, zone, score)| {
            xml.leaf("region", region);
            xml.maybe("availabilityZoneId", zone.as_deref());
            xml.leaf("score", score);
        });
        xml.maybe("nextToken", next);
    }))
}

fn score(free: u32, target: u32) -> u32 {
    if free >= target { 10 } else { (free * 9 / target.max(1)).max(1) }
}
