//! GCP sells most accelerators apart from the machine: rows without an instance type are put together with the
//! machines that may carry them, zone by zone, at the exact sum of both prices.
//!
//! **Invariant:** a machine with an accelerator exists in a zone only if the table has both there; a table whose
//! machines come whole (our own) and one that splits every price (`SkyPilot`'s hosted one) give the same catalog.

use std::collections::HashMap;

use super::NO_PRICE;
use super::vms::{Kind, RawRow, RawType, VmTable};

/// Machines that exist only with their accelerators: model, count, machines.
/// Source: Compute Engine, GPU machine types.
const FIXED: [(&str, u32, &[&str]); 24] = [
    ("A100", 1, &["a2-highgpu-1g"]),
    ("A100", 2, &["a2-highgpu-2g"]),
    ("A100", 4, &["a2-highgpu-4g"]),
    ("A100", 8, &["a2-highgpu-8g"]),
    ("A100", 16, &["a2-megagpu-16g"]),
    ("A100-80GB", 1, &["a2-ultragpu-1g"]),
    ("A100-80GB", 2, &["a2-ultragpu-2g"]),
    ("A100-80GB", 4, &["a2-ultragpu-4g"]),
    ("A100-80GB", 8, &["a2-ultragpu-8g"]),
    ("L4", 1, &["g2-standard-4", "g2-standard-8", "g2-standard-12", "g2-standard-16", "g2-standard-32"]),
    ("L4", 2, &["g2-standard-24"]),
    ("L4", 4, &["g2-standard-48"]),
    ("L4", 8, &["g2-standard-96"]),
    ("H100", 1, &["a3-highgpu-1g"]),
    ("H100", 2, &["a3-highgpu-2g"]),
    ("H100", 4, &["a3-highgpu-4g"]),
    ("H100", 8, &["a3-highgpu-8g"]),
    ("H100-MEGA", 8, &["a3-megagpu-8g"]),
    ("H200", 8, &["a3-ultragpu-8g"]),
    ("B200", 8, &["a4-highgpu-8g"]),
    ("RTXPRO6000", 1, &["g4-standard-48"]),
    ("RTXPRO6000", 2, &["g4-standard-96"]),
    ("RTXPRO6000", 4, &["g4-standard-192"]),
    ("RTXPRO6000", 8, &["g4-standard-384"]),
];

/// Series whose machines are not sold without accelerators.
const FIXED_SERIES: [&str; 5] = ["a2-", "a3-", "a4-", "g2-", "g4-"];

/// The largest N1 machine that may carry so many: model, count, vCPUs, GiB.
/// Source: Compute Engine, GPUs on N1 (general-purpose) machines.
const ATTACHABLE: [(&str, u32, u32, u32); 17] = [
    ("K80", 1, 8, 52),
    ("K80", 2, 16, 104),
    ("K80", 4, 32, 208),
    ("K80", 8, 64, 208),
    ("V100", 1, 12, 78),
    ("V100", 2, 24, 156),
    ("V100", 4, 48, 312),
    ("V100", 8, 96, 624),
    ("T4", 1, 48, 312),
    ("T4", 2, 48, 312),
    ("T4", 4, 96, 624),
    ("P4", 1, 24, 156),
    ("P4", 2, 48, 312),
    ("P4", 4, 96, 624),
    ("P100", 1, 16, 104),
    ("P100", 2, 32, 208),
    ("P100", 4, 96, 624),
];

/// Zones with limits of their own: model, count, zones, vCPUs, GiB. Source: as above.
const EXCEPTIONS: [(&str, u32, &[&str], u32, u32); 2] = [
    ("K80", 8, &["asia-east1-a", "us-east1-d"], 64, 416),
    ("P100", 4, &["europe-west1-b", "europe-west1-d", "us-east1-c"], 64, 208),
];

/// What a TPU slice runs on: not rented apart, so without a price of its own.
pub(super) const TPU_HOST: &str = "TPU-VM";

/// Puts accelerator rows and machines together; leaves other rows as they are.
pub(super) fn combine(table: &mut VmTable) {
    if table.read == 0 {
        return;
    }
    let parts = Parts::split(table);
    let mut combined = Vec::new();
    for &kind in &parts.loose {
        place(table, &parts, kind, &mut combined);
    }
    note_bare_hosts(table, &parts);
    // What is now part of a combination is not sold by itself.
    let dropped: Vec<bool> =
        (0..parts.known).map(|kind| parts.loose.contains(&kind) || parts.bare.contains(&kind)).collect();
    table.rows.retain(|row| !dropped.get(row.kind as usize).copied().unwrap_or(false));
    table.rows.append(&mut combined);
}

/// The rows that take part in combinations, by type.
struct Parts {
    known: u32,
    /// Accelerators without a machine.
    loose: Vec<u32>,
    /// Machines of the fixed series without accelerators.
    bare: Vec<u32>,
    /// Rows of loose accelerators, bare machines and N1 machines.
    rows: HashMap<u32, Vec<RawRow>>,
}

impl Parts {
    fn split(table: &VmTable) -> Self {
        let mut parts =
            Self { known: table.types.len() as u32, loose: Vec::new(), bare: Vec::new(), rows: HashMap::new() };
        for (kind, known) in (0..).zip(&table.types) {
            let name = table.names.name(known.name);
            let is_bare = known.accelerator.is_none();
            if name.is_empty() {
                parts.loose.push(kind);
            } else if is_bare && FIXED_SERIES.iter().any(|series| name.starts_with(series)) {
                parts.bare.push(kind);
            } else if !(is_bare && name.starts_with("n1-")) {
                continue;
            }
            parts.rows.insert(kind, Vec::new());
        }
        for row in &table.rows {
            if let Some(rows) = parts.rows.get_mut(&row.kind) {
                rows.push(*row);
            }
        }
        parts
    }
}

/// Finds the machines for one accelerator and count, and adds the rows of each pair.
fn place(table: &mut VmTable, parts: &Parts, kind: u32, out: &mut Vec<RawRow>) {
    let device = table.types[kind as usize];
    let Some(accelerator) = device.accelerator else { return };
    let name = table.accelerators.name(accelerator).to_owned();
    if name.to_ascii_lowercase().starts_with("tpu-") {
        let host = table.names.intern(TPU_HOST.as_bytes()).unwrap_or(0);
        let slice = type_id(table, RawType { name: host, kind: Kind::Slice, ..device });
        out.extend(parts.rows[&kind].iter().map(|row| RawRow { kind: slice, ..*row }));
        return;
    }
    let before = out.len();
    for host in 0..parts.known {
        let Some(how) = carries(table, host, &name, device.count_milli) else { continue };
        let rows = pair_rows(table, &parts.rows[&host], &parts.rows[&kind], (&name, device.count_milli / 1000), how);
        if !rows.is_empty() {
            let machine = table.types[host as usize];
            let pair =
                RawType { accelerator: device.accelerator, count_milli: device.count_milli, kind: how, ..machine };
            let pair = type_id(table, pair);
            out.extend(rows.into_iter().map(|row| RawRow { kind: pair, ..row }));
        }
    }
    if out.len() == before {
        let line = parts.rows[&kind].first().map_or(0, |row| row.line);
        let (file, count) = (&table.file, device.count_milli as f64 / 1000.0);
        table.notes.push(format!("{file}:{line}: no machine here may carry {name}:{count}; its rows are left out"));
    }
}

/// The id of a type, which the table may have whole already.
fn type_id(table: &mut VmTable, kind: RawType) -> u32 {
    let same = |known: &RawType| {
        known.name == kind.name && known.accelerator == kind.accelerator && known.count_milli == kind.count_milli
    };
    let at = table.types.iter().position(same).unwrap_or_else(|| {
        table.types.push(kind);
        table.types.len() - 1
    });
    at as u32
}

/// How a machine carries so many of an accelerator, if it does; N1 machines only up to a size, see `fits`.
fn carries(table: &VmTable, host: u32, accelerator: &str, count_milli: u32) -> Option<Kind> {
    let machine = &table.types[host as usize];
    if machine.accelerator.is_some() || !count_milli.is_multiple_of(1000) {
        return None;
    }
    let name = table.names.name(machine.name);
    let count = count_milli / 1000;
    let fixed = FIXED.iter().find(|(a, c, _)| *a == accelerator && *c == count);
    if let Some((_, _, hosts)) = fixed {
        return hosts.contains(&name).then_some(Kind::Machine);
    }
    name.starts_with("n1-").then_some(Kind::Attached)
}

/// True if an N1 machine is not too large for so many of an accelerator in a zone.
fn fits(machine: &RawType, (accelerator, count): (&str, u32), zone: &str) -> bool {
    let special = EXCEPTIONS.iter().find(|(a, c, zones, ..)| *a == accelerator && *c == count && zones.contains(&zone));
    let general = ATTACHABLE.iter().find(|(a, c, ..)| *a == accelerator && *c == count);
    let limit = special.map(|(.., vcpus, gib)| (vcpus, gib)).or(general.map(|(.., vcpus, gib)| (vcpus, gib)));
    limit.is_some_and(|(vcpus, gib)| machine.vcpus_milli <= vcpus * 1000 && machine.memory_mib <= gib * 1024)
}

/// One row for each zone that has both and where they fit together.
fn pair_rows(table: &VmTable, hosts: &[RawRow], devices: &[RawRow], wanted: (&str, u32), how: Kind) -> Vec<RawRow> {
    let mut by_zone: Vec<&RawRow> = devices.iter().collect();
    by_zone.sort_by_key(|row| row.zone);
    let pair = |host: &RawRow| {
        let device = by_zone[by_zone.binary_search_by_key(&host.zone, |row| row.zone).ok()?];
        let machine = &table.types[host.kind as usize];
        if how == Kind::Attached && !fits(machine, wanted, table.zones.name(host.zone)) {
            return None;
        }
        let (price, spot) = (add(host.price, device.price), add(host.spot, device.spot));
        Some(RawRow { price, spot, line: device.line, ..*host })
    };
    hosts.iter().filter_map(pair).collect()
}

/// The sum, if both have a price.
fn add(a: i64, b: i64) -> i64 {
    if a == NO_PRICE || b == NO_PRICE { NO_PRICE } else { a + b }
}

/// A machine of a fixed series that no accelerator row completes is not for sale; say so.
fn note_bare_hosts(table: &mut VmTable, parts: &Parts) {
    for &host in &parts.bare {
        let name = table.types[host as usize].name;
        let used = table.types[parts.known as usize..].iter().any(|pair| pair.name == name);
        if !used {
            let line = parts.rows[&host].first().map_or(0, |row| row.line);
            let (file, name) = (&table.file, table.names.name(name));
            let text = format!("{file}:{line}: {name} is only sold with accelerators, and none here fit it; left out");
            table.notes.push(text);
        }
    }
}
