//! Brings the tables of all clouds together: sorts names into ids, rows into order.
//!
//! **Invariant:** ids follow names, so comparing ids compares names; the result does not depend on the order of
//! rows or columns in the files.

use super::columns::{Columns, Names};
use super::error::CatalogError;
use super::vms::{RawRow, VmTable};
use super::{CLOUDS, NONE, family};

/// Builds everything but units and side tables.
pub(super) fn assemble(clouds: &[VmTable]) -> Result<Columns, CatalogError> {
    let mut out = Builder::default();
    let accelerators = accelerators(clouds);
    let mut row_total = 0;
    for cloud in clouds {
        out.cloud(cloud, &accelerators);
        row_total += cloud.rows.len();
    }
    check_size("instance types", out.types.len())?;
    check_size("zones", out.zones.len())?;
    check_size("regions", out.regions.len())?;
    check_size("accelerators", accelerators.len())?;
    if row_total > u32::MAX as usize / 2 {
        return Err(CatalogError::file("catalog", "more than two thousand million rows", "split the tables"));
    }
    Ok(out.finish(&accelerators, clouds))
}

fn check_size(what: &str, len: usize) -> Result<(), CatalogError> {
    if len < NONE as usize {
        return Ok(());
    }
    let problem = format!("found {len} {what}, at most {} are supported", NONE - 1);
    Err(CatalogError::file("catalog", problem, "leave out tables or rows that are not needed"))
}

#[derive(Default)]
struct Builder {
    regions: Vec<String>,
    region_cloud: Vec<u16>,
    zones: Vec<String>,
    zone_region: Vec<u16>,
    families: Vec<String>,
    family_cloud: Vec<u16>,
    types: Vec<Type>,
    cloud_types: Vec<u32>,
    type_rows: Vec<u32>,
    row_type: Vec<u16>,
    row_region: Vec<u16>,
    row_zone: Vec<u16>,
    row_price: Vec<i64>,
    row_spot: Vec<i64>,
    notes: Vec<String>,
}

struct Type {
    name: String,
    vcpus: u32,
    memory: u32,
    accelerator: u16,
    count: u32,
    presented: u32,
    family: u16,
    flags: u16,
}

/// A bucket's accelerator, true count and presented count; the first two buckets have none.
type BucketKey = (u16, u32, u32);
const DEFAULT_CPU: BucketKey = (NONE, 0, 0);
const OTHER_CPU: BucketKey = (NONE, 1, 1);

impl Builder {
    fn cloud(&mut self, cloud: &VmTable, devices: &[Device]) {
        let regions = self.regions(cloud);
        let zones = self.zones(cloud, &regions);
        let types = self.types(cloud, devices);
        let keys = self.sorted_rows(cloud, &types, &regions, &zones);
        self.rows(cloud, &keys);
        self.notes.extend(cloud.notes.iter().cloned());
    }

    /// The id of each region of `cloud`.
    fn regions(&mut self, cloud: &VmTable) -> Vec<u16> {
        let order = order_of(cloud.regions.names(), String::cmp);
        let base = self.regions.len();
        self.regions.extend(order.iter().map(|&at| cloud.regions.names()[at].clone()));
        self.region_cloud.resize(self.regions.len(), cloud.cloud);
        ranks(&order, base)
    }

    /// The id of each zone of `cloud`.
    fn zones(&mut self, cloud: &VmTable, regions: &[u16]) -> Vec<u16> {
        let key: Vec<(u16, &str)> = cloud
            .zones
            .names()
            .iter()
            .zip(&cloud.zone_region)
            .map(|(name, region)| (regions[*region as usize], name.split('\0').next().unwrap_or(name)))
            .collect();
        let order = order_of(&key, Ord::cmp);
        let base = self.zones.len();
        self.zones.extend(order.iter().map(|&at| key[at].1.to_owned()));
        self.zone_region.extend(order.iter().map(|&at| key[at].0));
        ranks(&order, base)
    }

    /// The id of each type of `cloud`; types without rows get none.
    fn types(&mut self, cloud: &VmTable, devices: &[Device]) -> Vec<u16> {
        let name_of = CLOUDS[cloud.cloud as usize];
        let device_ids: Vec<u16> = cloud
            .accelerators
            .names()
            .iter()
            .map(|name| devices.binary_search_by(|d| d.name.as_str().cmp(name)).map_or(NONE, |at| at as u16))
            .collect();
        let mut offered = vec![false; cloud.types.len()];
        for row in &cloud.rows {
            offered[row.kind as usize] = true;
        }
        let key: Vec<(bool, &str, u16, u32)> = cloud
            .types
            .iter()
            .zip(&offered)
            .map(|(t, offered)| {
                // A type without accelerator comes before the same type with one attached.
                let device = t.accelerator.map_or(0, |a| device_ids[a as usize] + 1);
                (!offered, cloud.names.name(t.name), device, t.count_milli)
            })
            .collect();
        let order = order_of(&key, Ord::cmp);
        let families = self.families(cloud, &offered);
        self.cloud_types.push(self.types.len() as u32);
        let base = self.types.len();
        for &at in order.iter().filter(|&&at| offered[at]) {
            let (raw, name) = (&cloud.types[at], key[at].1);
            let accelerator = raw.accelerator.map(|a| cloud.accelerators.name(a));
            self.types.push(Type {
                name: name.to_owned(),
                vcpus: raw.vcpus_milli,
                memory: raw.memory_mib,
                accelerator: key[at].2.checked_sub(1).unwrap_or(NONE),
                count: raw.count_milli,
                presented: family::presented(name_of, name, accelerator, raw.count_milli),
                family: families[at],
                flags: family::flags(name_of, name, accelerator, raw.kind),
            });
        }
        ranks(&order, base)
    }

    /// The quota family of each type of `cloud`.
    fn families(&mut self, cloud: &VmTable, offered: &[bool]) -> Vec<u16> {
        let name_of = CLOUDS[cloud.cloud as usize];
        let of: Vec<String> = cloud
            .types
            .iter()
            .map(|t| {
                let accelerator = t.accelerator.map(|a| cloud.accelerators.name(a));
                family::quota_family(name_of, cloud.names.name(t.name), accelerator, t.kind)
            })
            .collect();
        let mut names: Vec<&String> = of.iter().zip(offered).filter(|(_, offered)| **offered).map(|(f, _)| f).collect();
        names.sort();
        names.dedup();
        let base = self.families.len();
        let ids = of.iter().map(|f| names.binary_search(&f).map_or(NONE, |at| (base + at) as u16)).collect();
        self.families.extend(names.into_iter().cloned());
        self.family_cloud.resize(self.families.len(), cloud.cloud);
        ids
    }

    /// The rows of `cloud` in order of type, region and zone, each key with the row's place in the table; of
    /// several rows for one zone the first in the file is kept.
    fn sorted_rows(&mut self, cloud: &VmTable, types: &[u16], regions: &[u16], zones: &[u16]) -> Vec<(u64, u32)> {
        let key = |row: &RawRow| {
            let zone = zones.get(row.zone as usize).copied().unwrap_or(NONE);
            (types[row.kind as usize] as u64) << 32 | (regions[row.region as usize] as u64) << 16 | zone as u64
        };
        let mut keys: Vec<(u64, u32)> = cloud.rows.iter().map(key).zip(0..).collect();
        keys.sort_unstable();
        let notes = &mut self.notes;
        keys.dedup_by(|again, first| {
            let same = again.0 == first.0;
            if same {
                let (line, first) = (cloud.rows[again.1 as usize].line, cloud.rows[first.1 as usize].line);
                notes.push(format!("{}:{line}: the same type and place as line {first}; left out", cloud.file));
            }
            same
        });
        keys
    }

    fn rows(&mut self, cloud: &VmTable, keys: &[(u64, u32)]) {
        let mut group: Vec<(u64, u32)> = Vec::new();
        for rows in keys.chunk_by(|a, b| a.0 >> 16 == b.0 >> 16) {
            let price = |key: &(u64, u32)| cloud.rows[key.1 as usize].price;
            if rows.is_sorted_by_key(price) {
                self.group(cloud, rows);
            } else {
                group.clear();
                group.extend_from_slice(rows);
                group.sort_by_key(price);
                self.group(cloud, &group);
            }
        }
    }

    fn group(&mut self, cloud: &VmTable, keys: &[(u64, u32)]) {
        for &(key, at) in keys {
            let row = &cloud.rows[at as usize];
            let kind = (key >> 32) as usize;
            while self.type_rows.len() <= kind {
                self.type_rows.push(self.row_type.len() as u32);
            }
            self.row_type.push(kind as u16);
            self.row_region.push((key >> 16) as u16);
            self.row_zone.push(key as u16);
            self.row_price.push(row.price);
            self.row_spot.push(row.spot);
        }
    }

    fn finish(mut self, devices: &[Device], clouds: &[VmTable]) -> Columns {
        self.cloud_types.push(self.types.len() as u32);
        self.type_rows.push(self.row_type.len() as u32);
        let mut buckets: Vec<BucketKey> = self.types.iter().map(Type::bucket).collect();
        buckets.extend([DEFAULT_CPU, OTHER_CPU]);
        // Buckets without accelerator first, the others by accelerator and count.
        buckets.sort_by_key(|key| (key.0 != NONE, *key));
        buckets.dedup();
        let type_bucket: Vec<u16> =
            self.types.iter().map(|t| buckets.iter().position(|b| *b == t.bucket()).unwrap_or(0) as u16).collect();
        let (bucket_starts, bucket_types) = by_bucket(&type_bucket, buckets.len());
        let mut zones_by_name: Vec<u16> = (0..self.zones.len() as u16).collect();
        zones_by_name.sort_by_key(|&zone| (&self.zones[zone as usize], zone));
        Columns {
            regions: self.regions.into(),
            region_cloud: self.region_cloud.into(),
            zones_by_name: zones_by_name.into(),
            zones: self.zones.into(),
            zone_region: self.zone_region.into(),
            accelerators: devices.iter().map(|d| &d.name).collect(),
            accelerator_memory: devices.iter().map(|d| d.memory).collect(),
            accelerator_makers: devices.iter().map(|d| &d.maker).collect(),
            families: self.families.into(),
            family_cloud: self.family_cloud.into(),
            types: self.types.iter().map(|t| &t.name).collect::<Names>(),
            cloud_types: self.cloud_types.into(),
            type_vcpus: self.types.iter().map(|t| t.vcpus).collect(),
            type_memory: self.types.iter().map(|t| t.memory).collect(),
            type_accelerator: self.types.iter().map(|t| t.accelerator).collect(),
            type_count: self.types.iter().map(|t| t.count).collect(),
            type_presented: self.types.iter().map(|t| t.presented).collect(),
            type_family: self.types.iter().map(|t| t.family).collect(),
            type_flags: self.types.iter().map(|t| t.flags).collect(),
            type_bucket: type_bucket.into(),
            type_rows: self.type_rows.into(),
            bucket_accelerator: buckets.iter().map(|b| b.0).collect(),
            bucket_count: buckets.iter().map(|b| if b.0 == NONE { 0 } else { b.1 }).collect(),
            bucket_presented: buckets.iter().map(|b| if b.0 == NONE { 0 } else { b.2 }).collect(),
            bucket_starts: bucket_starts.into(),
            bucket_types: bucket_types.into(),
            row_type: self.row_type.into(),
            row_region: self.row_region.into(),
            row_zone: self.row_zone.into(),
            row_price: self.row_price.into(),
            row_spot: self.row_spot.into(),
            rows_read: clouds.iter().map(|cloud| cloud.read).collect(),
            notes: cap_notes(self.notes).into(),
            ..Columns::default()
        }
    }
}

impl Type {
    fn bucket(&self) -> BucketKey {
        match self.accelerator {
            NONE if self.flags & family::FLAG_DEFAULT_CPU != 0 => DEFAULT_CPU,
            NONE => OTHER_CPU,
            accelerator => (accelerator, self.count, self.presented),
        }
    }
}

/// All models of all clouds sorted.
fn accelerators(clouds: &[VmTable]) -> Vec<Device> {
    let mut all: Vec<Device> = Vec::new();
    for cloud in clouds {
        for (name, (memory, maker)) in cloud.accelerators.names().iter().zip(&cloud.devices) {
            match all.iter_mut().find(|known| known.name == *name) {
                Some(known) => known.merge(*memory, maker),
                None => all.push(Device { name: name.clone(), memory: *memory, maker: maker.clone() }),
            }
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// An accelerator model.
struct Device {
    name: String,
    memory: u32,
    maker: String,
}

impl Device {
    fn merge(&mut self, memory: u32, maker: &str) {
        if memory > 0 && (self.memory == 0 || memory < self.memory) {
            self.memory = memory;
        }
        if self.maker.is_empty() {
            maker.clone_into(&mut self.maker);
        }
    }
}

/// The places of `items` in sorted order.
fn order_of<T>(items: &[T], compare: impl Fn(&T, &T) -> std::cmp::Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|&a, &b| compare(&items[a], &items[b]));
    order
}

/// The inverse of an order, counted from `base`: where each item went.
fn ranks(order: &[usize], base: usize) -> Vec<u16> {
    let mut ranks = vec![NONE; order.len()];
    for (rank, &at) in order.iter().enumerate() {
        // Past the limit the catalog is refused before anyone looks.
        ranks[at] = u16::try_from(base + rank).unwrap_or(NONE);
    }
    ranks
}

/// Types by bucket: where each bucket starts, and the types one bucket after the other.
fn by_bucket(type_bucket: &[u16], buckets: usize) -> (Vec<u32>, Vec<u16>) {
    let mut order: Vec<u16> = (0..type_bucket.len() as u16).collect();
    order.sort_by_key(|&kind| (type_bucket[kind as usize], kind));
    let starts = (0..=buckets).map(|b| order.partition_point(|&kind| (type_bucket[kind as usize] as usize) < b) as u32);
    (starts.collect(), order)
}

/// The first notes and how many more there are: a table that is wrong throughout should not fill the memory.
fn cap_notes(mut notes: Vec<String>) -> Vec<String> {
    const MOST: usize = 200;
    let more = notes.len().saturating_sub(MOST);
    notes.truncate(MOST);
    if more > 0 {
        notes.push(format!("and {more} more of this kind"));
    }
    notes
}
