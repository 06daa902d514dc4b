//! Instance types by name, checked against what else the alternative says.

use crate::model::{AcceleratorCount, Bound, CloudId, Place, TypeId};
use crate::yaml::{did_you_mean, quote};

use super::super::alternatives::Alternative;
use super::super::amount;
use super::super::located::{At, Located};
use super::{Dropped, Resolver};

/// Counts of accelerators this close are equal, in thousandths.
const SAME_COUNT_MILLI: u32 = 10;

impl Resolver<'_> {
    /// The instance types that an alternative names, with the accelerators attached that it asks for.
    pub(super) fn instance_types(
        &mut self,
        alternative: &Alternative,
        places: &[Place],
        accelerators: &[AcceleratorCount],
    ) -> Result<Vec<TypeId>, Dropped> {
        let mut found = Vec::new();
        let mut dropped = None;
        for name in &alternative.instance_types {
            match self.instance_type(name, alternative, places, accelerators) {
                Ok(types) => found.extend(types),
                Err(reason) => dropped = Some(reason),
            }
        }
        found.sort_unstable();
        found.dedup();
        match dropped {
            // Of several types, those on other clouds are left out quietly.
            Some(Dropped::Elsewhere(_)) if !found.is_empty() => Ok(found),
            Some(reason) => Err(reason),
            None => Ok(found),
        }
    }

    fn instance_type(
        &mut self,
        Located { value: name, at }: &Located<String>,
        alternative: &Alternative,
        places: &[Place],
        accelerators: &[AcceleratorCount],
    ) -> Result<Vec<TypeId>, Dropped> {
        let catalog = self.catalog;
        let all: Vec<TypeId> = catalog.find_types(None, name).collect();
        let Some(first) = all.first() else {
            let names = catalog.types().map(|kind| catalog.type_name(kind));
            let hint = did_you_mean(name, names);
            return Err(self.wrong(at, format!("unknown instance type {}", quote(name)), hint));
        };
        let in_places = |cloud: CloudId| places.is_empty() || places.iter().any(|p| p.cloud.is_none_or(|c| c == cloud));
        let usable = |kind: &TypeId| self.clouds.contains(&catalog.type_cloud(*kind));
        let title = catalog.cloud_title(catalog.type_cloud(*first));
        if !all.iter().any(usable) {
            let message = format!("{} is an instance type of {title}, which is not enabled", quote(name));
            return Err(self.elsewhere(
                at,
                message,
                format!("to see why, run: sky check {}", title.to_ascii_lowercase()),
            ));
        }
        let types: Vec<TypeId> =
            all.iter().copied().filter(usable).filter(|kind| in_places(catalog.type_cloud(*kind))).collect();
        if types.is_empty() {
            let asked: Vec<CloudId> = places.iter().filter_map(|place| place.cloud).collect();
            let message = format!("{} is an instance type of {title}, not of {}", quote(name), self.titles(&asked));
            return Err(self.wrong(at, message, "change one of the two".to_owned()));
        }
        let mut clouds: Vec<CloudId> = types.iter().map(|kind| catalog.type_cloud(*kind)).collect();
        clouds.dedup();
        if clouds.len() > 1 {
            let hint = format!("give the cloud too: {}", self.titles(&clouds));
            return Err(self.wrong(at, format!("several clouds have an instance type {}", quote(name)), hint));
        }
        let types = self.with_accelerators(types, alternative, accelerators, at)?;
        self.check_size(types[0], alternative)?;
        Ok(types)
    }

    /// Of types with one name, those with the accelerators asked for; without such, the bare one or what is built in.
    fn with_accelerators(
        &mut self,
        types: Vec<TypeId>,
        alternative: &Alternative,
        accelerators: &[AcceleratorCount],
        at: &At,
    ) -> Result<Vec<TypeId>, Dropped> {
        let catalog = self.catalog;
        if accelerators.is_empty() {
            let bare: Vec<TypeId> =
                types.iter().copied().filter(|kind| catalog.type_accelerator(*kind).is_none()).collect();
            return Ok(if bare.is_empty() { types } else { bare });
        }
        let fits = |kind: &TypeId| {
            let Some(own) = catalog.type_accelerator(*kind) else { return false };
            let counts = [own.count_milli, catalog.presented_count(*kind)];
            let same = |asked: &AcceleratorCount| {
                let close = counts.iter().any(|count| count.abs_diff(asked.count_milli) <= SAME_COUNT_MILLI);
                own.accelerator == asked.accelerator && close
            };
            accelerators.iter().any(same)
        };
        let fitting: Vec<TypeId> = types.iter().copied().filter(fits).collect();
        if !fitting.is_empty() {
            return Ok(fitting);
        }
        let name = catalog.type_name(types[0]);
        let asked = alternative.accelerator.as_ref().map(|wanted| wanted.value.to_string()).unwrap_or_default();
        let own: Vec<String> = types
            .iter()
            .filter_map(|kind| {
                let own = catalog.type_accelerator(*kind)?;
                Some(self.show_count(AcceleratorCount { count_milli: catalog.presented_count(*kind), ..own }))
            })
            .collect();
        let attachable = types.iter().any(|kind| catalog.type_info(*kind).attached);
        let (message, hint) = match own.as_slice() {
            [] => {
                (format!("{name} has no accelerators, but {asked} is asked for"), "leave one of the two out".to_owned())
            }
            _ if attachable => {
                (format!("{asked} cannot be attached to {name}"), format!("it takes {}", own.join(", ")))
            }
            [only] => (format!("{name} has {only}, but {asked} is asked for"), "leave one of the two out".to_owned()),
            _ => (format!("{name} does not have {asked}"), format!("it has {}", own.join(", "))),
        };
        // Where both are given, the flag is the one that was added.
        let at = alternative.accelerator.as_ref().filter(|_| at.flag.is_none()).map_or(at, |wanted| &wanted.at);
        Err(self.wrong(at, message, hint))
    }

    /// With an instance type, cpus and memory are only a check.
    fn check_size(&mut self, kind: TypeId, alternative: &Alternative) -> Result<(), Dropped> {
        let info = self.catalog.type_info(kind);
        let sizes = [
            (&alternative.cpus, u64::from(info.vcpus_milli), 1000, "vCPUs"),
            (&alternative.memory, u64::from(info.memory_mib), 1024, "GB of memory"),
        ];
        let mut wrong = None;
        for (asked, actual, per_unit, unit) in sizes {
            let Some(Located { value, at }) = asked else { continue };
            // Nothing is known of the machines of a TPU slice.
            if actual == 0 || value.admits(actual) {
                continue;
            }
            let name = self.catalog.type_name(kind);
            let has = amount::show(Bound { amount: actual, exact: true }, per_unit);
            let message = format!("{name} has {has} {unit}, but {} is asked for", amount::show(*value, per_unit));
            wrong = Some(self.wrong(at, message, "leave it out: the instance type says it already".to_owned()));
        }
        wrong.map_or(Ok(()), Err)
    }
}
