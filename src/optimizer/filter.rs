//! One alternative, compiled into look-ups by type, region and zone.
//!
//! **Invariant:** compiled once, in proportion to the types of its buckets and the places named, so that looking at an
//! offering costs a few loads.

use smallvec::SmallVec;

use super::defaults::{self, CPU_BUCKETS};
use super::reject::Drop;
use crate::catalog::{Bucket, Catalog, Grain, TypeInfo};
use crate::model::{Place, Requirement, TypeId, ZoneId, ZoneSet};

/// The buckets that an alternative looks into.
pub(super) type Buckets = SmallVec<[Bucket; 8]>;

/// Where an alternative may go.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// Of each region: how much of it.
    regions: Vec<Extent>,
    /// Of each zone of a region that is open in parts: whether it is.
    zones: Vec<bool>,
}

/// How much of a region is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Nothing,
    Everything,
    SomeZones,
}

impl Places {
    /// `None` if everywhere is fine.
    pub(super) fn compile(catalog: &Catalog, inside: &[Place], outside: &[Place]) -> Option<Self> {
        if inside.is_empty() && outside.is_empty() {
            return None;
        }
        let start = if inside.is_empty() { Extent::Everything } else { Extent::Nothing };
        let mut places =
            Self { regions: vec![start; catalog.regions().len()], zones: vec![false; catalog.zones().len()] };
        for place in inside {
            places.open(catalog, place);
        }
        for place in outside {
            places.close(catalog, place);
        }
        Some(places)
    }

    fn open(&mut self, catalog: &Catalog, place: &Place) {
        let Some(zone) = place.zone else { return self.set(catalog, place, Extent::Everything) };
        let region = &mut self.regions[catalog.zone_region(zone).index()];
        if *region != Extent::Everything {
            *region = Extent::SomeZones;
            self.zones[zone.index()] = true;
        }
    }

    fn close(&mut self, catalog: &Catalog, place: &Place) {
        let Some(zone) = place.zone else { return self.set(catalog, place, Extent::Nothing) };
        let region = catalog.zone_region(zone);
        if self.regions[region.index()] == Extent::Everything {
            self.regions[region.index()] = Extent::SomeZones;
            catalog.zones_of(region).for_each(|zone| self.zones[zone.index()] = true);
        }
        self.zones[zone.index()] = false;
    }

    /// A region, a cloud, or everything.
    fn set(&mut self, catalog: &Catalog, place: &Place, extent: Extent) {
        match (place.region, place.cloud) {
            (Some(region), _) => self.regions[region.index()] = extent,
            (None, Some(cloud)) => catalog.regions_of(cloud).for_each(|region| self.regions[region.index()] = extent),
            (None, None) => self.regions.fill(extent),
        }
    }

    /// How much of a region is open, by its id.
    pub(super) fn region(&self, region: u16) -> Extent {
        self.regions[region as usize]
    }

    /// True if a zone is open, its region being open in parts.
    pub(super) fn zone(&self, zone: ZoneId) -> bool {
        self.zones[zone.index()]
    }

    /// True if some of these zones of a region are open; no zones stand for a region without.
    pub(super) fn admit(&self, region: u16, zones: impl IntoIterator<Item = ZoneId>) -> bool {
        match self.region(region) {
            Extent::Nothing => false,
            Extent::Everything => true,
            Extent::SomeZones => zones.into_iter().any(|zone| self.zone(zone)),
        }
    }

    /// The zones that are open.
    pub(super) fn narrow(&self, region: u16, zones: ZoneSet) -> ZoneSet {
        match self.region(region) {
            Extent::SomeZones => zones.as_slice().iter().copied().filter(|zone| self.zone(*zone)).collect(),
            _ => zones,
        }
    }
}

/// How much one attempt covers: a gang needs all nodes in one zone.
pub(super) const fn grain(nodes: u16) -> Grain {
    if nodes > 1 { Grain::Zonal } else { Grain::Wide }
}

/// The buckets that may hold what an alternative wants; for a CPU-only request those of its first choice of families.
pub(super) fn buckets(catalog: &Catalog, wanted: &Requirement) -> Buckets {
    let mut buckets: Buckets = if !wanted.instance_types.is_empty() {
        wanted.instance_types.iter().map(|kind| catalog.type_bucket(*kind)).collect()
    } else if wanted.accelerators.is_empty() {
        return SmallVec::from_slice(&CPU_BUCKETS[..1]);
    } else {
        wanted.accelerators.iter().flat_map(|wanted| catalog.buckets_of(*wanted)).collect()
    };
    if !wanted.instance_types.is_empty() && !wanted.accelerators.is_empty() {
        let asked = |bucket: &Bucket| {
            wanted.accelerators.iter().any(|wanted| catalog.buckets_of(*wanted).any(|other| other == *bucket))
        };
        buckets.retain(|bucket| asked(bucket));
    }
    buckets.sort_unstable();
    buckets.dedup();
    buckets
}

/// Whether a type of the right bucket is one that is wanted, and large enough.
///
/// # Errors
/// The first reason why not.
pub(super) fn fits(catalog: &Catalog, wanted: &Requirement, kind: TypeId) -> Result<(), Drop> {
    if !wanted.instance_types.is_empty() && !wanted.instance_types.contains(&kind) {
        return Err(Drop::OtherType);
    }
    let info = catalog.type_info(kind);
    if info.slice {
        // The machines of a TPU slice are fixed and no table gives their size, so there is nothing to hold them to.
        return Ok(());
    }
    holds(catalog, wanted, &info)
}

fn holds(catalog: &Catalog, wanted: &Requirement, info: &TypeInfo) -> Result<(), Drop> {
    let bounds = defaults::bounds(catalog, wanted, info);
    if let Some(cpus) = bounds.cpus.filter(|cpus| !cpus.admits(info.vcpus_milli as u64)) {
        return Err(if (info.vcpus_milli as u64) < cpus.amount { Drop::TooFewCpus } else { Drop::TooManyCpus });
    }
    if let Some(memory) = bounds.memory.filter(|memory| !memory.admits(info.memory_mib as u64)) {
        return Err(if (info.memory_mib as u64) < memory.amount { Drop::TooLittleMemory } else { Drop::TooMuchMemory });
    }
    Ok(())
}
