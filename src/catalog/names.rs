//! Ids to names and names to ids.
//!
//! **Invariant:** a name is never completed or guessed: it matches as a whole, in any case of letters, or not at all.

use std::ops::Range;

use super::compile::columns::Names;
use super::{AWS, AZURE, Catalog, GCP, compile};
use crate::model::{AcceleratorId, CloudId, FamilyId, RegionId, TypeId, ZoneId};

impl Catalog {
    /// `aws`, `azure` or `gcp`; empty for an id of no cloud.
    pub fn cloud_name(&self, cloud: CloudId) -> &'static str {
        compile::CLOUDS.get(cloud.index()).copied().unwrap_or("")
    }

    /// `AWS`, `Azure` or `GCP`; empty for an id of no cloud.
    pub fn cloud_title(&self, cloud: CloudId) -> &'static str {
        match cloud {
            AWS => "AWS",
            AZURE => "Azure",
            GCP => "GCP",
            _ => "",
        }
    }

    /// The name of a region (`us-east-1`).
    pub fn region_name(&self, region: RegionId) -> &str {
        self.columns.regions.get(region.index())
    }

    /// The name of a zone (`us-east-1a`).
    pub fn zone_name(&self, zone: ZoneId) -> &str {
        self.columns.zones.get(zone.index())
    }

    /// The name of an instance type, without the accelerators attached to it (`n1-highmem-8`).
    pub fn type_name(&self, kind: TypeId) -> &str {
        self.columns.types.get(kind.index())
    }

    /// The name of an accelerator model (`V100`).
    pub fn accelerator_name(&self, accelerator: AcceleratorId) -> &str {
        self.columns.accelerators.get(accelerator.index())
    }

    /// The name of a quota family (`P`, `NVIDIA_V100_GPUS`, `standardNCSv3Family`).
    pub fn family_name(&self, family: FamilyId) -> &str {
        self.columns.families.get(family.index())
    }

    /// The cloud with this name.
    pub fn find_cloud(&self, name: &str) -> Option<CloudId> {
        let at = compile::CLOUDS.iter().position(|cloud| cloud.eq_ignore_ascii_case(name))?;
        Some(CloudId(at as u8))
    }

    /// The region with this name, in one cloud or in the first that has it.
    pub fn find_region(&self, cloud: Option<CloudId>, name: &str) -> Option<RegionId> {
        self.find_regions(cloud, name).next()
    }

    /// The regions with this name: at most one a cloud.
    pub fn find_regions(&self, cloud: Option<CloudId>, name: &str) -> impl Iterator<Item = RegionId> + use<> {
        let names = &self.columns.regions;
        let found = in_clouds(cloud, |cloud, fold| find(names, self.cloud_regions(cloud), name, fold));
        found.into_iter().flatten().map(|at| RegionId(at as u16))
    }

    /// The zone with this name, in one cloud or in the first that has it.
    pub fn find_zone(&self, cloud: Option<CloudId>, name: &str) -> Option<ZoneId> {
        self.find_zones(cloud, name).next()
    }

    /// The zones with this name: at most one, in tables where a zone has one region.
    pub fn find_zones(&self, cloud: Option<CloudId>, name: &str) -> impl Iterator<Item = ZoneId> {
        let (names, order) = (&self.columns.zones, &self.columns.zones_by_name);
        let start = order.partition_point(|zone| names.get(*zone as usize) < name);
        let exact = order[start..].iter().take_while(|zone| names.get(**zone as usize) == name).count();
        let found: Vec<ZoneId> = if exact > 0 {
            order[start..start + exact].iter().map(|zone| ZoneId(*zone)).collect()
        } else {
            self.zones().filter(|zone| self.zone_name(*zone).eq_ignore_ascii_case(name)).collect()
        };
        let here = move |zone: &ZoneId| cloud.is_none_or(|cloud| self.region_cloud(self.zone_region(*zone)) == cloud);
        found.into_iter().filter(here)
    }

    /// The instance types with this name: at most one without accelerators a cloud, and one for each accelerator and
    /// count that can be attached to it.
    pub fn find_types(&self, cloud: Option<CloudId>, name: &str) -> impl Iterator<Item = TypeId> + use<> {
        let names = &self.columns.types;
        let found = in_clouds(cloud, |cloud, fold| find(names, self.cloud_types(cloud), name, fold));
        let all = [AWS, AZURE, GCP].map(|cloud| (found[cloud.index()], self.cloud_types(cloud)));
        let same = all.map(|(at, range)| at.map_or(0..0, |at| same_name(names, range, at)));
        same.into_iter().flatten().map(|kind| TypeId(kind as u16))
    }

    /// The accelerator model with this name.
    pub fn find_accelerator(&self, name: &str) -> Option<AcceleratorId> {
        let names = &self.columns.accelerators;
        let all = 0..names.len();
        find(names, all.clone(), name, false)
            .or_else(|| find(names, all, name, true))
            .map(|at| AcceleratorId(at as u16))
    }

    /// The quota family of a cloud with this name.
    pub fn find_family(&self, cloud: CloudId, name: &str) -> Option<FamilyId> {
        let column = &self.columns.family_cloud;
        let range = column.partition_point(|c| *c < cloud.0 as u16)..column.partition_point(|c| *c <= cloud.0 as u16);
        find(&self.columns.families, range, name, false).map(|at| FamilyId(at as u16))
    }

    /// All clouds that a catalog can have, in order; one without a table has no regions.
    pub fn clouds(&self) -> impl ExactSizeIterator<Item = CloudId> + use<> {
        (0..3_u16).map(|id| CloudId(id as u8))
    }

    /// All regions, by cloud and name.
    pub fn regions(&self) -> impl ExactSizeIterator<Item = RegionId> + use<> {
        (0..self.columns.region_cloud.len() as u16).map(RegionId)
    }

    /// The regions of a cloud, by name.
    pub fn regions_of(&self, cloud: CloudId) -> impl ExactSizeIterator<Item = RegionId> + use<> {
        let range = self.cloud_regions(cloud);
        (range.start as u16..range.end as u16).map(RegionId)
    }

    /// All zones, by region and name.
    pub fn zones(&self) -> impl ExactSizeIterator<Item = ZoneId> + use<> {
        (0..self.columns.zone_region.len() as u16).map(ZoneId)
    }

    /// The zones of a region, by name.
    pub fn zones_of(&self, region: RegionId) -> impl ExactSizeIterator<Item = ZoneId> + use<> {
        let column = &self.columns.zone_region;
        let (start, end) = (column.partition_point(|r| *r < region.0), column.partition_point(|r| *r <= region.0));
        (start as u16..end as u16).map(ZoneId)
    }

    /// All accelerator models, by name.
    pub fn accelerators(&self) -> impl ExactSizeIterator<Item = AcceleratorId> + use<> {
        (0..self.columns.accelerators.len() as u16).map(AcceleratorId)
    }

    /// All quota families, by cloud and name.
    pub fn families(&self) -> impl ExactSizeIterator<Item = FamilyId> + use<> {
        (0..self.columns.families.len() as u16).map(FamilyId)
    }

    /// All instance types, by cloud, name, accelerator and count.
    pub fn types(&self) -> impl ExactSizeIterator<Item = TypeId> + use<> {
        (0..self.columns.types.len() as u16).map(TypeId)
    }

    /// The cloud of a region.
    pub fn region_cloud(&self, region: RegionId) -> CloudId {
        CloudId(self.columns.region_cloud[region.index()] as u8)
    }

    /// The region of a zone.
    pub fn zone_region(&self, zone: ZoneId) -> RegionId {
        RegionId(self.columns.zone_region[zone.index()])
    }

    /// The cloud of a quota family.
    pub fn family_cloud(&self, family: FamilyId) -> CloudId {
        CloudId(self.columns.family_cloud[family.index()] as u8)
    }

    /// The cloud of an instance type.
    pub fn type_cloud(&self, kind: TypeId) -> CloudId {
        let starts = &self.columns.cloud_types;
        CloudId((kind.0 as u32 >= starts[1]) as u8 + (kind.0 as u32 >= starts[2]) as u8)
    }

    fn cloud_regions(&self, cloud: CloudId) -> Range<usize> {
        let column = &self.columns.region_cloud;
        column.partition_point(|c| *c < cloud.0 as u16)..column.partition_point(|c| *c <= cloud.0 as u16)
    }

    pub(super) fn cloud_types(&self, cloud: CloudId) -> Range<usize> {
        let starts = &self.columns.cloud_types;
        starts[cloud.index()] as usize..starts[cloud.index() + 1] as usize
    }
}

/// The place of a name in each cloud, or in one: as written, or only if no cloud has it so, in any case of letters.
fn in_clouds(only: Option<CloudId>, find: impl Fn(CloudId, bool) -> Option<usize>) -> [Option<usize>; 3] {
    let ask =
        |fold| [AWS, AZURE, GCP].map(|cloud| if only.is_none_or(|o| o == cloud) { find(cloud, fold) } else { None });
    let exact = ask(false);
    if exact == [None; 3] { ask(true) } else { exact }
}

/// The place of a name in a sorted range.
fn find(names: &Names, mut range: Range<usize>, name: &str, fold: bool) -> Option<usize> {
    if fold { range.find(|at| names.get(*at).eq_ignore_ascii_case(name)) } else { names.search(range, name) }
}

/// The places around `at` that have its name.
fn same_name(names: &Names, range: Range<usize>, at: usize) -> Range<usize> {
    let same = |other: &usize| names.get(*other) == names.get(at);
    let start = (range.start..at).rev().take_while(same).last().unwrap_or(at);
    let end = (at..range.end).take_while(same).last().unwrap_or(at) + 1;
    start..end
}
