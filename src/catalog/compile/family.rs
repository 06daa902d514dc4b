//! What the name of an instance type says: its quota family, whether it is a default CPU machine, and how its
//! fraction of a device is called.
//!
//! **Invariant:** names only; no table of prices is needed.

use super::vms::Kind;

/// A machine that a CPU-only request gets unless it asks for another.
pub(crate) const FLAG_DEFAULT_CPU: u16 = 1;
/// The accelerators are attached to a machine that is also sold without.
pub(crate) const FLAG_ATTACHED: u16 = 2;
/// A TPU slice, which stands for its own machines.
pub(crate) const FLAG_SLICE: u16 = 4;

/// The flags of a type.
pub(super) fn flags(cloud: &str, name: &str, accelerator: Option<&str>, kind: Kind) -> u16 {
    let default_cpu = accelerator.is_none() && is_default_cpu(cloud, name);
    (if default_cpu { FLAG_DEFAULT_CPU } else { 0 })
        | match kind {
            Kind::Machine => 0,
            Kind::Attached => FLAG_ATTACHED,
            Kind::Slice => FLAG_SLICE,
        }
}

/// The families that `SkyPilot` takes CPU machines from.
fn is_default_cpu(cloud: &str, name: &str) -> bool {
    const AWS: [&str; 9] = ["m6i", "m6id", "m7i", "r6i", "r6id", "r7i", "c6i", "c6id", "c7i"];
    const GCP: [&str; 6] = ["n2-standard", "n2-highmem", "n2-highcpu", "n4-standard", "n4-highmem", "n4-highcpu"];
    const AZURE: [(&str, &str); 3] = [("D", "s_v5"), ("E", "s_v5"), ("F", "s_v2")];
    match cloud {
        "aws" => name.split_once('.').is_some_and(|(family, _)| AWS.contains(&family)),
        "gcp" => name.rsplit_once('-').is_some_and(|(family, _)| GCP.contains(&family)),
        "azure" => name.strip_prefix("Standard_").is_some_and(|rest| {
            AZURE.iter().any(|(series, end)| {
                let size = rest.strip_prefix(series).and_then(|rest| rest.strip_suffix(end));
                size.is_some_and(|size| !size.is_empty() && size.bytes().all(|b| b.is_ascii_digit()))
            })
        }),
        _ => false,
    }
}

/// Slices of a device that users ask for as whole ones, because `SkyPilot`'s tables call them so:
/// cloud, accelerator, instance types, count as presented (thousandths).
const PRESENTED: [(&str, &str, &[&str], u32); 1] =
    [("azure", "A10", &["Standard_NV6ads_A10_v5", "Standard_NV12ads_A10_v5", "Standard_NV18ads_A10_v5"], 1000)];

/// The count (thousandths) that users and tables call a type by: its true count, except for the slices above.
pub(super) fn presented(cloud: &str, name: &str, accelerator: Option<&str>, count_milli: u32) -> u32 {
    let alias =
        PRESENTED.iter().find(|(c, a, types, _)| *c == cloud && Some(*a) == accelerator && types.contains(&name));
    alias.map_or(count_milli, |(.., count)| *count)
}

/// The name of the bucket that a cloud counts a type's quota in.
///
/// AWS: the groups of its vCPU limits (Amazon EC2 service quotas). GCP: the metric of the accelerator, else of the
/// CPU series (Compute Engine quotas). Azure: the VM family name that its usage listing builds from series and
/// version, here always built by the one rule `standard<Series><Suffix><version>[_<device>]Family`.
pub(super) fn quota_family(cloud: &str, name: &str, accelerator: Option<&str>, kind: Kind) -> String {
    match cloud {
        "aws" => ec2_bucket(name).to_owned(),
        "gcp" => gcp(name, accelerator, kind),
        _ => azure(name),
    }
}

/// The group of vCPU limits that a type of Amazon's counts in.
pub fn ec2_bucket(name: &str) -> &'static str {
    let letters = name.find(|c: char| !c.is_ascii_alphabetic()).map_or(name, |end| &name[..end]);
    match letters {
        "p" => "P",
        "g" | "gr" | "vt" => "G and VT",
        "inf" => "Inf",
        "trn" => "Trn",
        "dl" => "DL",
        "f" => "F",
        "x" => "X",
        "u" => "High Memory",
        "hpc" => "HPC",
        "mac" => "Mac",
        // a c d h i m r t z, and im, is: "Standard" in the limits of EC2.
        _ => "Standard",
    }
}

fn gcp(name: &str, accelerator: Option<&str>, kind: Kind) -> String {
    match accelerator {
        Some(slice) if kind == Kind::Slice => {
            // The metric has a dimension for the generation: tpu-v5p-1024 counts in that of v5p.
            let generation = slice.split('-').nth(1).unwrap_or(slice);
            format!("TPUS_PER_TPU_FAMILY:{generation}")
        }
        Some(device) => format!("NVIDIA_{}_GPUS", device.replace(['-', ' '], "_").to_uppercase()),
        None => match name.split('-').next().unwrap_or(name) {
            // Older series share one metric.
            "n1" | "e2" | "f1" | "g1" => "CPUS".to_owned(),
            series => format!("{}_CPUS", series.to_uppercase()),
        },
    }
}

/// `Standard_NC6s_v3` to `standardNCSv3Family`, `Standard_NV6ads_A10_v5` to `standardNVADSv5_A10Family`.
fn azure(name: &str) -> String {
    let rest = name.split_once('_').map_or(name, |(_, rest)| rest);
    let mut parts = rest.split('_');
    let size = parts.next().unwrap_or("");
    let digits = size.find(|c: char| c.is_ascii_digit()).unwrap_or(size.len());
    let (series, tail) = size.split_at(digits);
    let suffix: String = tail.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
    let (mut version, mut device) = ("", String::new());
    for part in parts {
        let digits = part.strip_prefix('v').unwrap_or("");
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if is_number(digits) {
            version = part;
        } else if !is_number(part) {
            // A bare number (M64ds_1_v3) is a size, not a device.
            device.push('_');
            device.push_str(part);
        }
    }
    format!("standard{series}{suffix}{version}{device}Family")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_follow_the_name() {
        for (cloud, name, accelerator, kind, expected) in [
            ("aws", "p3dn.24xlarge", Some("V100"), Kind::Machine, "P"),
            ("aws", "gr6.4xlarge", Some("L4"), Kind::Machine, "G and VT"),
            ("aws", "u7i-12tb.224xlarge", None, Kind::Machine, "High Memory"),
            ("aws", "im4gn.large", None, Kind::Machine, "Standard"),
            ("gcp", "a2-ultragpu-1g", Some("A100-80GB"), Kind::Machine, "NVIDIA_A100_80GB_GPUS"),
            ("gcp", "TPU-VM", Some("tpu-v5p-1024"), Kind::Slice, "TPUS_PER_TPU_FAMILY:v5p"),
            ("gcp", "n2-standard-8", None, Kind::Machine, "N2_CPUS"),
            ("gcp", "n1-highmem-8", None, Kind::Machine, "CPUS"),
            ("azure", "Standard_NC6s_v3", Some("V100"), Kind::Machine, "standardNCSv3Family"),
            ("azure", "Standard_NV6ads_A10_v5", Some("A10"), Kind::Machine, "standardNVADSv5_A10Family"),
            ("azure", "Standard_M64ds_1_v3", None, Kind::Machine, "standardMDSv3Family"),
            ("azure", "Standard_D8-4s_v5", None, Kind::Machine, "standardDSv5Family"),
        ] {
            assert_eq!(quota_family(cloud, name, accelerator, kind), expected, "{name}");
        }
    }

    #[test]
    fn default_machines_are_the_exact_series() {
        for name in ["Standard_D8s_v5", "Standard_E104s_v5", "Standard_F2s_v2"] {
            assert!(is_default_cpu("azure", name), "{name}");
        }
        for name in ["Standard_D8ds_v5", "Standard_DC8s_v5", "Standard_D8s_v4", "Standard_Ds_v5", "Standard_E8-2s_v5"] {
            assert!(!is_default_cpu("azure", name), "{name}");
        }
        assert!(is_default_cpu("aws", "m6id.large") && !is_default_cpu("aws", "m6idn.large"));
        assert!(is_default_cpu("gcp", "n4-highcpu-2") && !is_default_cpu("gcp", "n2d-standard-2"));
    }

    #[test]
    fn only_slices_of_the_table_are_presented_whole() {
        assert_eq!(presented("azure", "Standard_NV6ads_A10_v5", Some("A10"), 167), 1000);
        assert_eq!(presented("azure", "Standard_NV6ads_V710_v5", Some("V710"), 167), 167);
        assert_eq!(presented("aws", "g6f.large", Some("L4"), 125), 125);
    }
}
