//! Limits of the account and how much of them is used.
//!
//! **Invariant:** a limit that Amazon does not report is left out, not assumed.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{CpuOptions, Instance, InstanceLifecycleType};

use super::errors::Told;
use crate::cloud::ec2::{bucket, bucket_of_code};
use crate::cloud::{ProviderError, Quota};
use crate::model::CapacityType;

/// The vCPU limits of EC2, on-demand and spot, with the vCPUs that these instances use.
pub(super) async fn read(
    quotas: &aws_sdk_servicequotas::Client,
    running: &[Instance],
) -> Result<Vec<Quota>, ProviderError> {
    let used = usage(running);
    let mut found = Vec::new();
    let mut pages = quotas.list_service_quotas().service_code("ec2").into_paginator().items().send();
    while let Some(quota) = pages.next().await {
        let quota = quota.told()?;
        let Some(bucket) = quota.quota_code().and_then(bucket_of_code) else { continue };
        let (Some(name), Some(limit)) = (quota.quota_name(), quota.value()) else { continue };
        let usage = used.get(&bucket).copied().unwrap_or(0);
        let terms = if bucket.1 { CapacityType::Spot } else { CapacityType::OnDemand };
        let counts = Some((bucket.0.to_owned(), terms));
        found.push(Quota { name: name.to_owned(), limit, usage: Some(f64::from(usage)), counts });
    }
    Ok(found)
}

/// vCPUs in use by bucket and by whether they are spot.
fn usage(running: &[Instance]) -> BTreeMap<(&'static str, bool), u32> {
    let mut used = BTreeMap::new();
    for instance in running {
        let Some(kind) = instance.instance_type() else { continue };
        let spot = instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot);
        let cpu = instance.cpu_options();
        let cores = cpu.and_then(CpuOptions::core_count).unwrap_or(0);
        let threads = cpu.and_then(CpuOptions::threads_per_core).unwrap_or(1);
        *used.entry((bucket(kind.as_str()), spot)).or_insert(0) += (cores * threads).max(0) as u32;
    }
    used
}
