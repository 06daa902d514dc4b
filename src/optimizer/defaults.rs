//! What a request that leaves the size of the machine open gets, as SkyPilot decides it.
//!
//! **Invariant:** defaults only ever fill in what the user left open; a pinned instance type gets none.

use crate::catalog::{Bucket, Catalog, TypeInfo};
use crate::model::{Bound, Requirement};

/// vCPUs of a CPU-only request that names neither vCPUs nor memory, in thousandths.
const CPU_ONLY_VCPUS_MILLI: u64 = 8000;
/// Memory for each vCPU where none is named, in MiB.
const MEMORY_MIB_PER_VCPU: u64 = 4096;

/// vCPUs of a machine that GCP attaches accelerators to: model, count, vCPUs. Other counts: see [`OTHER_ATTACHED`].
/// Source: SkyPilot, default host sizes of its GCP catalog.
const ATTACHED: [(&str, u32, u64); 12] = [
    ("K80", 1, 4),
    ("K80", 2, 8),
    ("K80", 4, 16),
    ("K80", 8, 32),
    ("K80", 16, 64),
    ("V100", 1, 8),
    ("V100", 2, 16),
    ("V100", 4, 32),
    ("V100", 8, 64),
    ("T4", 1, 4),
    ("T4", 2, 8),
    ("T4", 4, 48),
];

/// The same for models that are not in the table: this many vCPUs a device.
const OTHER_ATTACHED: u64 = 8;

/// The bounds that a type is held to, besides the user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bounds {
    /// vCPUs in thousandths.
    pub(super) cpus: Option<Bound>,
    /// Memory in MiB.
    pub(super) memory: Option<Bound>,
}

/// The bounds of a requirement on one type: the user's, and defaults where the user left it open.
pub(super) fn bounds(catalog: &Catalog, wanted: &Requirement, info: &TypeInfo) -> Bounds {
    let given = Bounds { cpus: wanted.cpus, memory: wanted.memory };
    if !wanted.instance_types.is_empty() {
        return given;
    }
    let open = wanted.cpus.is_none() && wanted.memory.is_none();
    match info.accelerator {
        None => {
            let cpus = if open { Some(Bound::at_least(CPU_ONLY_VCPUS_MILLI)) } else { wanted.cpus };
            Bounds { cpus, memory: wanted.memory.or(Some(per_vcpu(info.vcpus_milli as u64))) }
        }
        Some(device) if info.attached => {
            let name = catalog.accelerator_name(device.accelerator);
            let default = Bound::at_least(attached_vcpus(name, device.count_milli / 1000) * 1000);
            let cpus = if open { Some(default) } else { wanted.cpus };
            // Unlike above, by the vCPUs asked for, not by those of the machine.
            let memory = wanted.memory.or(cpus.map(|cpus| per_vcpu(cpus.amount)));
            Bounds { cpus, memory }
        }
        Some(_) => given,
    }
}

/// The buckets of a CPU-only request, in the order they are turned to: the next only if one leaves nothing.
pub(super) const CPU_BUCKETS: [Bucket; 2] = [Bucket::DEFAULT_CPU, Bucket::OTHER_CPU];

fn per_vcpu(vcpus_milli: u64) -> Bound {
    Bound::at_least(vcpus_milli * MEMORY_MIB_PER_VCPU / 1000)
}

fn attached_vcpus(accelerator: &str, count: u32) -> u64 {
    let known = ATTACHED.iter().find(|(name, of, _)| *name == accelerator && *of == count);
    known.map_or(OTHER_ATTACHED * count as u64, |(_, _, vcpus)| *vcpus)
}
