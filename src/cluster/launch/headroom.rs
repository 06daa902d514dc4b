//! Limits of the account that are known to be too small, before anything is asked for.
//!
//! **Invariant:** what no cloud says in time, or says without a family that the catalog knows, is never taken for too
//! small.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::super::context::Context;
use crate::catalog::Catalog;
use crate::cloud::Quota;
use crate::engine::Block;
use crate::model::{Candidate, CapacityType, Cause, CloudId, RegionId, Scope, Span, TypeId};

/// How long the clouds have to say what is left, on the wall.
const PATIENCE: Duration = Duration::from_secs(4);
/// Regions that are looked at, the best candidates' first.
const REGIONS: usize = 24;
/// How long what they say is believed.
const BELIEVED: Span = Span::from_secs(600);

/// Candidates that the account may not have.
#[derive(Debug, Default)]
pub(super) struct Short {
    /// As the engine takes it.
    pub(super) blocks: Vec<Block>,
    /// The same in words, a sentence each.
    pub(super) words: Vec<String>,
}

/// Looks at the limits of the regions that would be tried first.
pub(super) async fn look(context: &Context, candidates: &[Candidate], nodes: u16) -> Short {
    let mut regions: Vec<(CloudId, RegionId)> = Vec::new();
    for candidate in candidates {
        let place = (candidate.offering.cloud, candidate.offering.region);
        if !regions.contains(&place) && regions.len() < REGIONS {
            regions.push(place);
        }
    }
    let quotas = read(context, &regions).await;
    let until = context.clock.now() + BELIEVED;
    let mut short = Short::default();
    let mut seen: Vec<(RegionId, TypeId, CapacityType)> = Vec::new();
    for candidate in candidates {
        let offering = &candidate.offering;
        let what = (offering.region, offering.instance_type, offering.capacity);
        let Some(quotas) = quotas.get(&offering.region).filter(|_| !seen.contains(&what)) else { continue };
        seen.push(what);
        let Some(lack) = lack(context.catalog, candidate, nodes, quotas) else { continue };
        let scope = Scope {
            cloud: Some(offering.cloud),
            region: Some(offering.region),
            instance_type: Some(offering.instance_type),
            capacity: Some(offering.capacity),
            ..Scope::default()
        };
        short.blocks.push(Block { scope, cause: Cause::QuotaExceeded, until });
        short.words.push(lack);
    }
    short
}

/// The limits by region, as far as they come in time.
async fn read(context: &Context, regions: &[(CloudId, RegionId)]) -> BTreeMap<RegionId, Vec<Quota>> {
    let mut tasks = tokio::task::JoinSet::new();
    for (cloud, region) in regions {
        let name = context.catalog.cloud_name(*cloud);
        let (Some(cloud), region) = (context.clouds.get(name).cloned(), *region) else { continue };
        let (book, clock, text) = (Arc::clone(&context.book), context.clock, context.catalog.region_name(region));
        tasks.spawn(async move {
            let ask = || cloud.provider.quotas(text);
            (region, cloud.pace.patiently(name, &book, &clock, PATIENCE, ask).await)
        });
    }
    let mut found = BTreeMap::new();
    let gather = async {
        while let Some(done) = tasks.join_next().await {
            if let Ok((region, Ok(quotas))) = done {
                found.insert(region, quotas);
            }
        }
    };
    // Who has not said it by then has not said it.
    let _ = tokio::time::timeout(PATIENCE, gather).await;
    found
}

/// What is missing for a candidate, in words; `None` if nothing is known to be.
fn lack(catalog: &Catalog, candidate: &Candidate, nodes: u16, quotas: &[Quota]) -> Option<String> {
    let offering = &candidate.offering;
    let family = catalog.family_name(offering.family);
    let needed = each(catalog, candidate)? * f64::from(nodes);
    let of = |quota: &&Quota| {
        quota.counts.as_ref().is_some_and(|(name, on)| name.eq_ignore_ascii_case(family) && *on == offering.capacity)
    };
    let quota = quotas.iter().find(of)?;
    let left = quota.limit - quota.usage.unwrap_or(0.0);
    (left < needed).then(|| {
        format!(
            "{} {}: {}x {} would need {needed} of quota '{}', which has {} left of {}: not tried.",
            catalog.cloud_title(offering.cloud),
            catalog.region_name(offering.region),
            nodes,
            catalog.type_name(offering.instance_type),
            quota.name,
            left.max(0.0),
            quota.limit,
        )
    })
}

/// How much of its family's limit one node takes: devices where Google counts those, vCPUs elsewhere.
fn each(catalog: &Catalog, candidate: &Candidate) -> Option<f64> {
    let offering = &candidate.offering;
    let info = catalog.type_info(offering.instance_type);
    let family = catalog.family_name(offering.family);
    match catalog.cloud_name(offering.cloud) {
        "gcp" if family.starts_with("NVIDIA_") => Some(f64::from(info.accelerator?.count_milli) / 1e3),
        "gcp" if !family.ends_with("CPUS") => None,
        _ => Some(f64::from(info.vcpus_milli) / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::{Options, plan};

    fn candidates(flags: &str) -> Vec<Candidate> {
        let catalog = Catalog::embedded();
        let task = crate::request::from_flags(&crate::request::Flags {
            gpus: Some(flags.to_owned()),
            ..crate::request::Flags::default()
        })
        .expect("flags");
        let clouds: Vec<CloudId> = catalog.clouds().collect();
        let request = crate::request::resolve(&task, catalog, &clouds).expect("resolves");
        plan(catalog, &request.requirements, 1, &Options::default()).candidates().clone()
    }

    fn quota(name: &str, on: CapacityType, limit: f64, usage: Option<f64>) -> Quota {
        Quota { name: name.to_owned(), limit, usage, counts: Some((name.to_owned(), on)) }
    }

    #[test]
    fn only_what_is_known_to_be_too_small_is_short() {
        let catalog = Catalog::embedded();
        let all = candidates("V100:8");
        let of = |cloud: &str| *all.iter().find(|c| catalog.cloud_name(c.offering.cloud) == cloud).expect("sold");
        let on = CapacityType::OnDemand;
        let (aws, gcp) = (of("aws"), of("gcp"));
        // 64 vCPUs of a p3.16xlarge.
        assert_eq!(lack(catalog, &aws, 1, &[quota("P", on, 64.0, Some(0.0))]), None);
        assert_eq!(lack(catalog, &aws, 1, &[quota("P", CapacityType::Spot, 0.0, None)]), None, "another limit");
        assert_eq!(lack(catalog, &aws, 1, &[]), None);
        let told = lack(catalog, &aws, 1, &[quota("P", on, 64.0, Some(8.0))]).expect("too small");
        assert!(told.contains("would need 64 of quota 'P', which has 56 left of 64"), "{told}");
        assert!(lack(catalog, &aws, 2, &[quota("P", on, 64.0, None)]).is_some(), "for both nodes together");
        let family = "NVIDIA_V100_GPUS";
        assert_eq!(lack(catalog, &gcp, 1, &[quota(family, on, 8.0, Some(0.0))]), None);
        assert!(lack(catalog, &gcp, 1, &[quota(family, on, 7.0, Some(0.0))]).is_some());
        let unnamed = Quota { counts: None, ..quota(family, on, 0.0, None) };
        assert_eq!(lack(catalog, &gcp, 1, &[unnamed]), None);
    }
}
