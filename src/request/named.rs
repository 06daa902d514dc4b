//! Offerings by name: `aws`, `aws/us-east-1`, `gcp/us-central1-a/n1-highmem-8`, `p3.2xlarge`, `aws/V100:8`.
//!
//! **Invariant:** every part narrows; a part that no catalog entry answers to is an error with what comes near.

use crate::catalog::Catalog;
use crate::model::{Candidate, CloudId, RegionId, TypeId, ZoneId};
use crate::yaml::{did_you_mean, quote};

/// Offerings of one name. What is open is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// As it was written.
    pub text: String,
    /// The cloud.
    pub cloud: Option<CloudId>,
    /// Regions of the name: clouds may share one.
    pub regions: Option<Vec<RegionId>>,
    /// Zones of the name.
    pub zones: Option<Vec<ZoneId>>,
    /// Instance types of the name, or with the accelerators of the name.
    pub types: Option<Vec<TypeId>>,
}

/// A part that is not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotNamed {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl Named {
    /// Reads parts between slashes, each the name of a cloud, region, zone, instance type, or accelerator with or without
    /// a count; `*` is any.
    ///
    /// # Errors
    /// The first part that nothing in the catalog is called, inside what the parts before it name.
    pub fn read(text: &str, catalog: &Catalog) -> Result<Self, NotNamed> {
        let mut named = Self { text: text.trim().to_owned(), ..Self::default() };
        for part in text.trim().split('/').map(str::trim).filter(|part| !part.is_empty() && *part != "*") {
            if !named.narrow(part, catalog) {
                return Err(named.unknown(part, catalog));
            }
        }
        if named == (Self { text: named.text.clone(), ..Self::default() }) {
            let hint = "write for example aws/us-east-1/p3.2xlarge, gcp, or n1-highmem-8".to_owned();
            return Err(NotNamed { message: format!("{} names no offering", quote(text)), hint });
        }
        Ok(named)
    }

    /// Takes one more part; false if nothing is called so.
    fn narrow(&mut self, part: &str, catalog: &Catalog) -> bool {
        let bare = self.cloud.is_none() && self.regions.is_none() && self.zones.is_none() && self.types.is_none();
        if bare && let Some(cloud) = catalog.find_cloud(part) {
            self.cloud = Some(cloud);
            return true;
        }
        let inside = |region: RegionId| self.regions.as_ref().is_none_or(|regions| regions.contains(&region));
        let regions: Vec<RegionId> = catalog.find_regions(self.cloud, part).filter(|region| inside(*region)).collect();
        let zones = catalog.find_zones(self.cloud, part).filter(|zone| inside(catalog.zone_region(*zone)));
        let zones: Vec<ZoneId> = zones.collect();
        let types = self.types_of(part, catalog);
        match (regions.is_empty(), zones.is_empty(), types.is_empty()) {
            (false, ..) if self.regions.is_none() => self.regions = Some(regions),
            (_, false, _) if self.zones.is_none() => self.zones = Some(zones),
            (_, _, false) => self.types = Some(types),
            _ => return false,
        }
        true
    }

    /// Types called so, or carrying accelerators called so, that the types named before allow.
    fn types_of(&self, part: &str, catalog: &Catalog) -> Vec<TypeId> {
        let mut types: Vec<TypeId> = catalog.find_types(self.cloud, part).collect();
        if types.is_empty() {
            let (name, count) = part.split_once(':').map_or((part, None), |(name, count)| (name, Some(count)));
            let milli = count.map(|count| count.parse::<f64>().map_or(0, |count| (count * 1e3).round() as u32));
            if let Some(accelerator) = catalog.find_accelerator(name) {
                let carries = |kind: &TypeId| {
                    let counted = |milli| catalog.presented_count(*kind) == milli;
                    catalog.type_accelerator(*kind).is_some_and(|device| device.accelerator == accelerator)
                        && milli.is_none_or(counted)
                        && self.cloud.is_none_or(|cloud| catalog.type_cloud(*kind) == cloud)
                };
                types = catalog.types().filter(carries).collect();
            }
        }
        types.retain(|kind| self.types.as_ref().is_none_or(|known| known.contains(kind)));
        types
    }

    fn unknown(&self, part: &str, catalog: &Catalog) -> NotNamed {
        let inside = self.cloud.map_or_else(String::new, |cloud| format!(" of {}", catalog.cloud_title(cloud)));
        let message = format!("no cloud, region, zone, instance type or accelerator{inside} is called {}", quote(part));
        let mut near: Vec<&str> = catalog.clouds().map(|cloud| catalog.cloud_name(cloud)).collect();
        near.extend(catalog.fuzzy_regions(self.cloud, part));
        near.extend(catalog.fuzzy_zones(self.cloud, part));
        near.extend(catalog.fuzzy_types(self.cloud, part));
        near.extend(catalog.accelerators().map(|id| catalog.accelerator_name(id)));
        let hint = did_you_mean(part, near);
        NotNamed { message, hint: hint.unwrap_or_else(|| "write for example aws/us-east-1/p3.2xlarge".to_owned()) }
    }

    /// True if a row of the catalog is meant.
    pub fn covers_row(&self, catalog: &Catalog, row: u32) -> bool {
        let zone = catalog.row_zone(row);
        self.place(catalog, catalog.row_region(row), zone.as_slice()) && self.kind(catalog.row_type(row))
    }

    /// True if a candidate is, or may turn out to be, one of those meant.
    pub fn covers(&self, catalog: &Catalog, candidate: &Candidate) -> bool {
        let offering = &candidate.offering;
        self.place(catalog, offering.region, candidate.zones.as_slice()) && self.kind(offering.instance_type)
    }

    fn place(&self, catalog: &Catalog, region: RegionId, zones: &[ZoneId]) -> bool {
        self.cloud.is_none_or(|cloud| catalog.region_cloud(region) == cloud)
            && self.regions.as_ref().is_none_or(|regions| regions.contains(&region))
            && self.zones.as_ref().is_none_or(|named| zones.iter().any(|zone| named.contains(zone)))
    }

    fn kind(&self, kind: TypeId) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_narrow_whatever_they_are() {
        let catalog = Catalog::embedded();
        let rows = |text: &str| {
            let named = Named::read(text, catalog).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            (0..catalog.row_count()).filter(|row| named.covers_row(catalog, *row)).count()
        };
        let kind = rows("aws/p3.2xlarge");
        assert_eq!(rows("p3.2xlarge"), kind);
        assert!(rows("aws/us-east-1/p3.2xlarge") < kind && rows("aws") > kind);
        assert_eq!(rows("aws/us-east-1/us-east-1a/p3.2xlarge").max(1), 1);
        assert!(rows("gcp/us-central1/us-central1-a/V100:8") > 0);
        assert!(rows("gcp/V100:8") < rows("gcp/V100"));
        assert_eq!(rows("*/p3.2xlarge"), kind);
    }

    #[test]
    fn what_nobody_is_called_is_said_with_what_comes_near() {
        let catalog = Catalog::embedded();
        let error = |text: &str| Named::read(text, catalog).expect_err(text);
        assert!(error("aws/us-esat-1").hint.contains("us-east-1"), "{:?}", error("aws/us-esat-1"));
        assert!(error("gcp/us-east-1").message.contains("of GCP"));
        assert!(error("p3.2xlrge").hint.contains("p3.2xlarge"));
        assert!(error("*").message.contains("names no offering"));
        assert!(error("aws/gcp").message.contains("'gcp'"));
    }
}
