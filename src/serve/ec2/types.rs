//! Instance types, and where they are sold.
//!
//! **Invariant:** read off the scenario's catalog.

use std::collections::BTreeSet;

use super::fault::Fault;
use super::form::{admits, page};
use super::xml::Xml;
use super::{Call, Done, places};
use crate::catalog::TypeInfo;
use crate::cloud::ec2::{Architecture, architecture};
use crate::model::{CapacityType, TypeId};

/// Zones of the call's region that sell a type, sorted.
fn zones_of(call: &Call<'_>, kind: TypeId) -> BTreeSet<String> {
    let catalog = call.ec2.site.catalog();
    let Some(region) = places::region(call) else { return BTreeSet::new() };
    let rows = catalog.rows_of(kind).filter(|row| catalog.row_region(*row) == region);
    rows.filter_map(|row| catalog.row_zone(row)).map(|zone| catalog.zone_name(zone).to_owned()).collect()
}

/// Amazon's types that the region sells, by name.
pub(super) fn sold(call: &Call<'_>) -> Vec<(String, TypeId)> {
    let catalog = call.ec2.site.catalog();
    let Some(cloud) = places::cloud(call) else { return Vec::new() };
    let ours = catalog.types().filter(|kind| catalog.type_cloud(*kind) == cloud);
    let mut sold: Vec<(String, TypeId)> = ours
        .filter(|kind| !zones_of(call, *kind).is_empty())
        .map(|kind| (catalog.type_name(kind).to_owned(), kind))
        .collect();
    sold.sort();
    sold
}

/// `DescribeInstanceTypeOfferings`
pub(super) fn offerings(call: &Call<'_>) -> Done {
    let grain = call.form.get("LocationType").unwrap_or("region");
    let filters = call.form.filters();
    let mut found = Vec::new();
    for (name, kind) in sold(call) {
        let locations: Vec<String> = match grain {
            "region" => vec![call.region.to_owned()],
            "availability-zone" => zones_of(call, kind).into_iter().collect(),
            "availability-zone-id" => {
                zones_of(call, kind).iter().map(|zone| places::zone_id(call.region, zone)).collect()
            }
            other => return Err(Fault::invalid(format!("The value '{other}' is no location type"))),
        };
        for location in locations {
            let passes = admits(&filters, |filter| match filter {
                "instance-type" => Some(vec![name.clone()]),
                "location" => Some(vec![location.clone()]),
                _ => None,
            })?;
            if passes {
                found.push((name.clone(), location));
            }
        }
    }
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("instanceTypeOfferingSet", &found, |xml, (name, location)| {
            xml.leaf("instanceType", name);
            xml.leaf("locationType", grain);
            xml.leaf("location", location);
        });
        xml.maybe("nextToken", next);
    }))
}

/// `DescribeInstanceTypes`
pub(super) fn types(call: &Call<'_>) -> Done {
    let catalog = call.ec2.site.catalog();
    let wanted = call.form.list("InstanceType");
    let sold = sold(call);
    let absent: Vec<&str> = wanted.iter().filter(|w| !sold.iter().any(|(n, _)| n == *w)).map(String::as_str).collect();
    if !absent.is_empty() {
        let words = format!("The following supplied instance types do not exist: [{}]", absent.join(", "));
        return Err(Fault::absent("InvalidInstanceType", words));
    }
    let filters = call.form.filters();
    let mut found = Vec::new();
    for (name, kind) in sold {
        let passes = admits(&filters, |filter| match filter {
            "instance-type" => Some(vec![name.clone()]),
            "current-generation" => Some(vec!["true".to_owned()]),
            "processor-info.supported-architecture" => Some(vec![arch(&name).to_owned()]),
            "vcpu-info.default-vcpus" => Some(vec![(catalog.type_vcpus_milli(kind) / 1000).to_string()]),
            "memory-info.size-in-mib" => Some(vec![catalog.type_memory_mib(kind).to_string()]),
            "supported-usage-class" => Some(usage_classes(call, kind).into_iter().map(str::to_owned).collect()),
            _ => None,
        })?;
        if passes && (wanted.is_empty() || wanted.contains(&name)) {
            found.push((name, kind));
        }
    }
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("instanceTypeSet", &found, |xml, (name, kind)| show(xml, call, name, *kind));
        xml.maybe("nextToken", next);
    }))
}

fn arch(name: &str) -> &'static str {
    if architecture(name) == Architecture::Arm { "arm64" } else { "x86_64" }
}

fn usage_classes(call: &Call<'_>, kind: TypeId) -> Vec<&'static str> {
    let catalog = call.ec2.site.catalog();
    let on = |terms| catalog.rows_of(kind).any(|row| catalog.price(row, terms).is_some());
    let classes = [(CapacityType::OnDemand, "on-demand"), (CapacityType::Spot, "spot")];
    classes.into_iter().filter(|(terms, _)| on(*terms)).map(|(_, name)| name).collect()
}

fn show(xml: &mut Xml, call: &Call<'_>, name: &str, kind: TypeId) {
    let catalog = call.ec2.site.catalog();
    let TypeInfo { vcpus_milli, memory_mib, accelerator, .. } = catalog.type_info(kind);
    xml.leaf("instanceType", name);
    xml.leaf("currentGeneration", true);
    xml.leaf("freeTierEligible", false);
    xml.items("supportedUsageClasses", usage_classes(call, kind), Xml::text);
    xml.items("supportedRootDeviceTypes", ["ebs"], Xml::text);
    xml.items("supportedVirtualizationTypes", ["hvm"], Xml::text);
    xml.leaf("bareMetal", name.contains(".metal"));
    xml.within("processorInfo", |xml| {
        xml.items("supportedArchitectures", [arch(name)], Xml::text);
    });
    let vcpus = vcpus_milli / 1000;
    let threads = if arch(name) == "arm64" || vcpus < 2 { 1 } else { 2 };
    xml.within("vCpuInfo", |xml| {
        xml.leaf("defaultVCpus", vcpus);
        xml.leaf("defaultCores", vcpus / threads);
        xml.leaf("defaultThreadsPerCore", threads);
    });
    xml.within("memoryInfo", |xml| xml.leaf("sizeInMiB", memory_mib));
    if let Some(count) = accelerator {
        let (device, info) = (catalog.accelerator_name(count.accelerator), catalog.accelerator_info(count.accelerator));
        let number = count.count_milli.div_ceil(1000);
        xml.within("gpuInfo", |xml| {
            xml.items("gpus", [device], |xml, device| {
                xml.leaf("name", device);
                xml.leaf("manufacturer", if info.manufacturer.is_empty() { "NVIDIA" } else { info.manufacturer });
                xml.leaf("count", number);
                xml.within("memoryInfo", |xml| xml.leaf("sizeInMiB", info.memory_mib));
            });
            xml.leaf("totalGpuMemoryInMiB", info.memory_mib * number);
        });
    }
}
