//! What Google calls things that the catalog names otherwise, and what its machine families need.
//!
//! **Invariant:** facts of the public documentation; a name that is not here is an error, never a guess.

/// Names of devices: the catalog's and Google's accelerator type, from
/// docs.cloud.google.com/compute/docs/gpus. Only those that are attached to N1 machines: with the others the machine
/// type says it all.
const ATTACHED: &[(&str, &str)] = &[
    ("K80", "nvidia-tesla-k80"),
    ("P100", "nvidia-tesla-p100"),
    ("P4", "nvidia-tesla-p4"),
    ("T4", "nvidia-tesla-t4"),
    ("V100", "nvidia-tesla-v100"),
];

/// Families whose machines hold accelerators of their own.
const WITH_GPUS: &[&str] = &["a2", "a3", "a4", "a4x", "g2", "g4"];

/// Families with Arm processors.
const ARM: &[&str] = &["c4a", "n4a", "t2a", "a4x"];

/// Families that take Hyperdisk only, from docs.cloud.google.com/compute/docs/disks/hyperdisks.
const HYPERDISK: &[&str] = &["a4", "a4x", "c4", "c4a", "c4d", "g4", "h4d", "m4", "n4", "n4a", "n4d", "x4"];

/// Ubuntu with NVIDIA's driver 570, the last branch but one that knows every GPU from Pascal to Blackwell.
const GPU_IMAGE: &str =
    "projects/deeplearning-platform-release/global/images/family/common-cu128-ubuntu-2204-nvidia-570";
const CPU_IMAGE: &str = "projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts";
const ARM_IMAGE: &str = "projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts-arm64";

/// The catalog's name of the machine of every TPU slice.
pub(super) const TPU_HOST: &str = "TPU-VM";

/// Slices that one host drives, from docs.cloud.google.com/tpu/docs.
const ONE_HOST: &[&str] = &[
    "tpu-v2-8",
    "tpu-v3-8",
    "tpu-v4-8",
    "tpu-v5p-8",
    "tpu-v5litepod-1",
    "tpu-v5litepod-4",
    "tpu-v5litepod-8",
    "tpu-v6e-1",
    "tpu-v6e-4",
    "tpu-v6e-8",
];

/// True for a slice that one host drives, by its name in the catalog.
pub(super) fn tpu_has_one_host(name: &str) -> bool {
    ONE_HOST.contains(&name)
}

/// The system that a slice (`v5litepod-8`) boots by Google's advice.
pub(super) fn tpu_runtime(slice: &str) -> &'static str {
    match family(slice) {
        "v5litepod" => "v2-alpha-tpuv5-lite",
        "v5p" => "v2-alpha-tpuv5",
        "v6e" => "v2-alpha-tpuv6e",
        _ => "tpu-ubuntu2204-base",
    }
}

/// `n1` of `n1-highmem-8`.
fn family(instance_type: &str) -> &str {
    instance_type.split('-').next().unwrap_or(instance_type)
}

/// Google's accelerator type for the catalog's name.
pub(super) fn accelerator_type(name: &str) -> Option<&'static str> {
    ATTACHED.iter().find(|(ours, _)| ours.eq_ignore_ascii_case(name)).map(|(_, theirs)| *theirs)
}

/// True if machines of this type come with GPUs.
pub(super) fn has_gpus(instance_type: &str) -> bool {
    WITH_GPUS.contains(&family(instance_type))
}

/// The image a machine boots from when the user names none.
pub(super) fn default_image(instance_type: &str, gpus: bool) -> &'static str {
    if ARM.contains(&family(instance_type)) {
        ARM_IMAGE
    } else if gpus {
        GPU_IMAGE
    } else {
        CPU_IMAGE
    }
}

/// The disk type for a tier (`None`: the usual one), or `None` for a tier that is not known.
pub(super) fn disk_type(instance_type: &str, tier: Option<&str>) -> Option<&'static str> {
    let (persistent, hyperdisk) = match tier.unwrap_or("medium") {
        "low" => ("pd-standard", "hyperdisk-balanced"),
        "medium" => ("pd-balanced", "hyperdisk-balanced"),
        "high" | "best" => ("pd-ssd", "hyperdisk-balanced"),
        "ultra" => ("pd-extreme", "hyperdisk-extreme"),
        _ => return None,
    };
    Some(if HYPERDISK.contains(&family(instance_type)) || instance_type.starts_with("a3-ultragpu") {
        hyperdisk
    } else {
        persistent
    })
}
