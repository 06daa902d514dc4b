//! Names close to one that does not exist, for "did you mean".
//!
//! **Invariant:** only ever shown, never used in place of what was written.

use super::Catalog;
use super::compile::columns::Names;
use crate::model::{AcceleratorId, CloudId};

/// Accelerators that an unknown name may have meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcceleratorHints {
    /// Names that contain what was written, shortest first.
    pub containing: Vec<AcceleratorId>,
    /// Other names within a few letters of it, closest first.
    pub similar: Vec<AcceleratorId>,
}

/// At most so many names are suggested.
const MOST: usize = 5;
/// Names less alike than this (0 to 1, normalised Damerau-Levenshtein) are not suggested.
const ALIKE: f64 = 0.6;

impl Catalog {
    /// Accelerators whose names contain `name` or are close to it, in any case of letters.
    pub fn accelerator_hints(&self, name: &str) -> AcceleratorHints {
        let folded = name.to_ascii_lowercase();
        let names = &self.columns.accelerators;
        let contains =
            |id: &AcceleratorId| !folded.is_empty() && names.get(id.index()).to_ascii_lowercase().contains(&folded);
        let mut containing: Vec<_> = self.accelerators().filter(contains).collect();
        containing.sort_by_key(|id| (names.get(id.index()).len(), *id));
        let similar = similar(names, 0..names.len(), name).into_iter().map(|at| AcceleratorId(at as u16));
        let similar = similar.filter(|id| !containing.contains(id)).collect();
        AcceleratorHints { containing, similar }
    }

    /// Names of accelerators to suggest for one that does not exist: those that contain it, then those close to it.
    pub fn fuzzy_accelerators(&self, name: &str) -> Vec<&str> {
        let hints = self.accelerator_hints(name);
        let all = hints.containing.into_iter().chain(hints.similar);
        all.take(MOST).map(|id| self.accelerator_name(id)).collect()
    }

    /// Names of regions to suggest for one that does not exist, closest first.
    pub fn fuzzy_regions(&self, cloud: Option<CloudId>, name: &str) -> Vec<&str> {
        let ids = self.regions().filter(|id| cloud.is_none_or(|cloud| self.region_cloud(*id) == cloud));
        let ids: Vec<usize> = ids.map(crate::model::RegionId::index).collect();
        let names = &self.columns.regions;
        similar(names, ids, name).into_iter().map(|at| names.get(at)).collect()
    }

    /// Names of zones to suggest for one that does not exist, closest first.
    pub fn fuzzy_zones(&self, cloud: Option<CloudId>, name: &str) -> Vec<&str> {
        let of = |id: &crate::model::ZoneId| self.region_cloud(self.zone_region(*id));
        let ids = self.zones().filter(|id| cloud.is_none_or(|cloud| of(id) == cloud));
        let ids: Vec<usize> = ids.map(crate::model::ZoneId::index).collect();
        let names = &self.columns.zones;
        similar(names, ids, name).into_iter().map(|at| names.get(at)).collect()
    }

    /// Names of instance types to suggest for one that does not exist, closest first.
    pub fn fuzzy_types(&self, cloud: Option<CloudId>, name: &str) -> Vec<&str> {
        let names = &self.columns.types;
        let range = cloud.map_or(0..names.len(), |cloud| self.cloud_types(cloud));
        // Types with attached accelerators share their name.
        let distinct = range.filter(|at| *at == 0 || names.get(*at) != names.get(*at - 1));
        similar(names, distinct, name).into_iter().map(|at| names.get(at)).collect()
    }
}

/// The closest of some names, closest first, then by name.
fn similar(names: &Names, among: impl IntoIterator<Item = usize>, name: &str) -> Vec<usize> {
    let folded = name.to_ascii_lowercase();
    let letters = folded.chars().count();
    // Lengths alone tell most names apart. Comparing costs the product of both, and what was written may be of any length.
    let may_be_alike = |name: &str| {
        let length = name.chars().count();
        length.min(letters) as f64 >= ALIKE * length.max(letters) as f64
    };
    let likeness = |at: usize| strsim::normalized_damerau_levenshtein(&names.get(at).to_ascii_lowercase(), &folded);
    let of_like_length = among.into_iter().filter(|at| may_be_alike(names.get(*at)));
    let mut found: Vec<(f64, usize)> =
        of_like_length.map(|at| (likeness(at), at)).filter(|(alike, _)| *alike >= ALIKE).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| names.get(a.1).cmp(names.get(b.1))));
    found.into_iter().take(MOST).map(|(_, at)| at).collect()
}
