//! Accelerators by name, by memory, and by a range of counts.

use crate::model::{AcceleratorCount, AcceleratorId, CloudId, Place};
use crate::yaml::{did_you_mean, quote};

use super::super::accelerator::{Devices, Wanted};
use super::super::alternatives::Alternative;
use super::super::located::{At, Located};
use super::{Dropped, Resolver};

/// A device is sold as `80GB` whether its tables count 80 × 10⁹ bytes (953.7 MiB a GB) or 80 GiB (1024), each less a
/// little for itself: MiB per nominal GB.
const NOMINAL_MIB: [std::ops::RangeInclusive<f64>; 2] = [944.0..=960.0, 1015.0..=1030.0];

impl Resolver<'_> {
    /// What an alternative asks for: one entry for a name, several for a memory size or a range of counts.
    pub(super) fn accelerators(&mut self, alternative: &Alternative) -> Result<Vec<AcceleratorCount>, Dropped> {
        let Some(Located { value: wanted, at }) = &alternative.accelerator else { return Ok(Vec::new()) };
        let models = match &wanted.devices {
            Devices::Named(name) => vec![self.named(name, alternative, at)?],
            Devices::Memory { vendor, gigabytes, or_more } => {
                self.with_memory(wanted, vendor.as_deref(), *gigabytes, *or_more, at)?
            }
        };
        let (low, high) = wanted.count_milli;
        if low == high {
            return Ok(models
                .into_iter()
                .map(|accelerator| AcceleratorCount { accelerator, count_milli: low })
                .collect());
        }
        let found: Vec<_> = models.iter().flat_map(|model| self.counts(*model, low, high)).collect();
        if found.is_empty() {
            let hint = self.offered_counts(&models);
            return Err(self.wrong(at, format!("no machine has {wanted}"), hint));
        }
        Ok(found)
    }

    /// The model with this name. A name that only one model contains is taken for that, with a warning, because
    /// files for SkyPilot rely on it.
    fn named(&mut self, name: &str, alternative: &Alternative, at: &At) -> Result<AcceleratorId, Dropped> {
        let catalog = self.catalog;
        if let Some(found) = catalog.find_accelerator(name) {
            return Ok(found);
        }
        let cloud = alternative.cloud.as_ref().and_then(|cloud| catalog.find_cloud(&cloud.value));
        let hints = catalog.accelerator_hints(name);
        let offered = |id: &AcceleratorId| self.offered_by(*id, |c| cloud.is_none_or(|cloud| cloud == c));
        let containing: Vec<AcceleratorId> = hints.containing.iter().copied().filter(offered).collect();
        let names = |ids: &[AcceleratorId]| ids.iter().map(|id| catalog.accelerator_name(*id)).collect::<Vec<_>>();
        match containing.as_slice() {
            [only] if name.len() > 1 => {
                let full = catalog.accelerator_name(*only);
                let place = self.task.sheet.problem(at, "").place();
                self.warnings.push(format!("{place}: accelerator {} is taken for {full}", quote(name)));
                Ok(*only)
            }
            [_, _, ..] if name.len() > 1 => {
                let message = format!("accelerator name {} is ambiguous", quote(name));
                let hint = format!("choose one of {}", shortened(&names(&containing)));
                Err(self.wrong(at, message, hint))
            }
            _ => {
                let near = did_you_mean(name, catalog.accelerators().map(|id| catalog.accelerator_name(id)));
                let near = near.or_else(|| {
                    let similar = names(&hints.similar);
                    (!similar.is_empty()).then(|| format!("similar names: {}", shortened(&similar)))
                });
                let hint = near.unwrap_or_else(|| "to see all accelerators, run: sky gpus list".to_owned());
                Err(self.wrong(at, format!("unknown accelerator {}", quote(name)), hint))
            }
        }
    }

    fn with_memory(
        &mut self,
        wanted: &Wanted,
        vendor: Option<&str>,
        gigabytes: u32,
        or_more: bool,
        at: &At,
    ) -> Result<Vec<AcceleratorId>, Dropped> {
        let catalog = self.catalog;
        let made_by = |id: &AcceleratorId| {
            vendor.is_none_or(|vendor| catalog.accelerator_info(*id).manufacturer.eq_ignore_ascii_case(vendor))
        };
        if let Some(vendor) = vendor
            && !catalog.accelerators().any(|id| made_by(&id))
        {
            let makers = catalog.accelerators().map(|id| catalog.accelerator_info(id).manufacturer);
            let mut makers: Vec<&str> = makers.filter(|maker| !maker.is_empty()).collect();
            makers.sort_unstable();
            makers.dedup();
            let hint = did_you_mean(vendor, makers.iter().copied())
                .unwrap_or_else(|| format!("makers: {}", makers.join(", ")));
            return Err(self.wrong(at, format!("no accelerator is made by {}", quote(vendor)), hint));
        }
        let fits = |id: &AcceleratorId| {
            let mebibytes = f64::from(catalog.accelerator_info(*id).memory_mib) / f64::from(gigabytes);
            NOMINAL_MIB.iter().any(|range| range.contains(&mebibytes)) || (or_more && mebibytes > 1024.0)
        };
        let sold = |id: &AcceleratorId| self.offered_by(*id, |cloud| self.clouds.contains(&cloud));
        let found: Vec<_> = catalog.accelerators().filter(made_by).filter(fits).filter(sold).collect();
        if found.is_empty() {
            let hint = "to see all accelerators, run: sky gpus list".to_owned();
            return Err(self.wrong(at, format!("no accelerator has the memory that {wanted} asks for"), hint));
        }
        Ok(found)
    }

    fn offered_by(&self, accelerator: AcceleratorId, cloud: impl Fn(CloudId) -> bool) -> bool {
        let has = |kind| self.catalog.type_accelerator(kind).is_some_and(|a| a.accelerator == accelerator);
        self.catalog.types().any(|kind| has(kind) && cloud(self.catalog.type_cloud(kind)))
    }

    /// The counts of a model that machines come with, within a range.
    fn counts(&self, accelerator: AcceleratorId, low: u32, high: u32) -> Vec<AcceleratorCount> {
        let catalog = self.catalog;
        let has = |kind: &_| catalog.type_accelerator(*kind).is_some_and(|a| a.accelerator == accelerator);
        let counts = catalog.types().filter(has).map(|kind| catalog.presented_count(kind));
        let mut counts: Vec<u32> = counts.filter(|count| (low..=high).contains(count)).collect();
        counts.sort_unstable();
        counts.dedup();
        counts.into_iter().map(|count_milli| AcceleratorCount { accelerator, count_milli }).collect()
    }

    fn offered_counts(&self, models: &[AcceleratorId]) -> Option<String> {
        let all = models.iter().flat_map(|model| self.counts(*model, 0, u32::MAX));
        let names: Vec<String> = all.map(|count| self.show_count(count)).collect();
        (!names.is_empty()).then(|| format!("machines have {}", names.join(", ")))
    }

    /// A TPU slice implies the cloud that sells it.
    pub(super) fn implied_places(&self, places: Vec<Place>, accelerators: &[AcceleratorCount]) -> Vec<Place> {
        let [only] = accelerators else { return places };
        if !places.is_empty() {
            return places;
        }
        let catalog = self.catalog;
        let has = |kind: &_| catalog.type_accelerator(*kind).is_some_and(|a| a.accelerator == only.accelerator);
        let slices = catalog.types().filter(has).filter(|kind| catalog.type_info(*kind).slice);
        let mut clouds: Vec<CloudId> = slices.map(|kind| catalog.type_cloud(kind)).collect();
        clouds.dedup();
        clouds.into_iter().map(|cloud| Place { cloud: Some(cloud), ..Place::default() }).collect()
    }

    /// `V100:8`.
    pub(super) fn show_count(&self, count: AcceleratorCount) -> String {
        super::label::accelerator(self.catalog, count)
    }
}

fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 6;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown}, ...") } else { shown }
}
