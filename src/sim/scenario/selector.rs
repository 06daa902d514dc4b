//! Which offerings a line of a scenario speaks of: `gcp/us-central1/*`, `*/V100`, `aws/us-east-1a/p3.2xlarge/spot`.
//!
//! **Invariant:** a selector is read by what its parts name, in the order cloud, region, zone, type or accelerator,
//! terms; a part that names nothing is an error with the nearest names.

use crate::catalog::Catalog;
use crate::model::{AcceleratorId, CapacityType, CloudId, Offering, RegionId, TypeId, ZoneId};
use crate::yaml::{Reader, Spot, did_you_mean, quote};

use super::codes;

/// A pattern of offerings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// As it was written.
    pub text: String,
    cloud: Option<CloudId>,
    regions: Names<RegionId>,
    zones: Names<ZoneId>,
    kinds: Names<TypeId>,
    accelerators: Names<AcceleratorId>,
    count_milli: Option<u32>,
    capacity: Option<CapacityType>,
    weight: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Names<T> {
    Any,
    OneOf(Vec<T>),
}

/// The levels of a selector, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Cloud,
    Region,
    Zone,
    Thing,
    Terms,
    End,
}

/// How much a name at each level counts; a pattern with `*` in it counts a little less than a name.
const CLOUD: u32 = 10;
const REGION: u32 = 20;
const ZONE: u32 = 40;
const ACCELERATOR: u32 = 20;
const COUNT: u32 = 10;
const KIND: u32 = 40;
const TERMS: u32 = 10;
const PATTERN: u32 = 5;

impl<T: PartialEq> Names<T> {
    fn admits(&self, found: Option<&T>) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(names) => found.is_some_and(|found| names.contains(found)),
        }
    }
}

impl Selector {
    /// Reads a selector; what it names must be in the catalog.
    pub(super) fn read(reader: &Reader, catalog: &Catalog, text: &str, spot: Spot) -> Option<Self> {
        let mut selector = Self::all(text);
        let mut level = Level::Cloud;
        for part in text.split('/').map(str::trim) {
            if part == "*" && level < Level::End {
                level = next(level);
                continue;
            }
            let Some(found) = selector.take(catalog, part, level) else {
                let hint = nearest(catalog, part, selector.cloud, level);
                let message = format!("{} names nothing that could stand at this place of a selector", quote(part));
                reader.error_code(codes::UNKNOWN_NAME, spot, message, hint);
                return None;
            };
            level = next(found);
        }
        Some(selector)
    }

    /// Names everything.
    pub(super) fn all(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            cloud: None,
            regions: Names::Any,
            zones: Names::Any,
            kinds: Names::Any,
            accelerators: Names::Any,
            count_milli: None,
            capacity: None,
            weight: 0,
        }
    }

    /// Takes a part in at the first level from `from` on that has such a name; the level it was.
    fn take(&mut self, catalog: &Catalog, part: &str, from: Level) -> Option<Level> {
        let less = if part.contains('*') { PATTERN } else { 0 };
        if from <= Level::Cloud
            && let Some(cloud) = catalog.find_cloud(part)
        {
            self.cloud = Some(cloud);
            self.weight += CLOUD;
            return Some(Level::Cloud);
        }
        if from <= Level::Region {
            let regions: Vec<RegionId> = catalog
                .regions()
                .filter(|region| self.cloud.is_none_or(|cloud| catalog.region_cloud(*region) == cloud))
                .filter(|region| like(part, catalog.region_name(*region)))
                .collect();
            if !regions.is_empty() {
                self.regions = Names::OneOf(regions);
                self.weight += REGION - less;
                return Some(Level::Region);
            }
        }
        if from <= Level::Zone {
            let zones: Vec<ZoneId> = catalog
                .zones()
                .filter(|zone| {
                    let region = catalog.zone_region(*zone);
                    self.cloud.is_none_or(|cloud| catalog.region_cloud(region) == cloud)
                        && self.regions.admits(Some(&region))
                })
                .filter(|zone| like(part, catalog.zone_name(*zone)))
                .collect();
            if !zones.is_empty() {
                self.zones = Names::OneOf(zones);
                self.weight += ZONE - less;
                return Some(Level::Zone);
            }
        }
        if from <= Level::Thing && self.take_thing(catalog, part, less) {
            return Some(Level::Thing);
        }
        let terms = [CapacityType::OnDemand, CapacityType::Spot].into_iter();
        let found =
            terms.into_iter().find(|terms| terms.name().eq_ignore_ascii_case(part)).filter(|_| from <= Level::Terms)?;
        self.capacity = Some(found);
        self.weight += TERMS;
        Some(Level::Terms)
    }

    /// An instance type, an accelerator, or an accelerator with its count.
    fn take_thing(&mut self, catalog: &Catalog, part: &str, less: u32) -> bool {
        let kinds: Vec<TypeId> = catalog
            .types()
            .filter(|kind| self.cloud.is_none_or(|cloud| catalog.type_cloud(*kind) == cloud))
            .filter(|kind| like(part, catalog.type_name(*kind)))
            .collect();
        if !kinds.is_empty() {
            self.kinds = Names::OneOf(kinds);
            self.weight += KIND - less;
            return true;
        }
        let (name, count) = match part.rsplit_once(':').map(|(name, count)| (name, count.parse::<f64>())) {
            Some((name, Ok(count))) if count > 0.0 && count < 1e6 => (name, Some((count * 1000.0).round() as u32)),
            _ => (part, None),
        };
        let accelerators: Vec<AcceleratorId> =
            catalog.accelerators().filter(|id| like(name, catalog.accelerator_name(*id))).collect();
        if accelerators.is_empty() {
            return false;
        }
        self.accelerators = Names::OneOf(accelerators);
        self.count_milli = count;
        self.weight += ACCELERATOR - less + if count.is_some() { COUNT } else { 0 };
        true
    }

    /// True if it speaks of this offering in this zone (`None` where the cloud has none).
    pub fn admits(&self, catalog: &Catalog, offering: &Offering, zone: Option<ZoneId>) -> bool {
        self.cloud.is_none_or(|cloud| cloud == offering.cloud)
            && self.capacity.is_none_or(|capacity| capacity == offering.capacity)
            && self.regions.admits(Some(&offering.region))
            && self.zones.admits(zone.as_ref())
            && self.kinds.admits(Some(&offering.instance_type))
            && self.accelerators.admits(offering.accelerator.as_ref())
            && self.count_milli.is_none_or(|count| catalog.type_info(offering.instance_type).presented_milli == count)
    }

    /// How specific it is: the most specific selector wins, of equals the later one in the file.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// True if it names a zone.
    pub(super) fn is_zonal(&self) -> bool {
        self.zones != Names::Any
    }
}

fn next(level: Level) -> Level {
    match level {
        Level::Cloud => Level::Region,
        Level::Region => Level::Zone,
        Level::Zone => Level::Thing,
        Level::Thing => Level::Terms,
        Level::Terms | Level::End => Level::End,
    }
}

/// Letter case does not count; `*` stands for any letters, none too.
fn like(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern.eq_ignore_ascii_case(name) };
    let starts = name.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head));
    starts && (head.len()..=name.len()).any(|at| name.get(at..).is_some_and(|tail| like(rest, tail)))
}

/// The nearest names that could have stood there.
fn nearest(catalog: &Catalog, part: &str, cloud: Option<CloudId>, level: Level) -> Option<String> {
    let name = part.rsplit_once(':').map_or(part, |(name, _)| name);
    let mut known: Vec<&str> = Vec::new();
    if level <= Level::Cloud {
        known.extend(catalog.clouds().map(|id| catalog.cloud_name(id)));
    }
    let ours = |other: CloudId| cloud.is_none_or(|cloud| cloud == other);
    if level <= Level::Region {
        known.extend(catalog.regions().filter(|id| ours(catalog.region_cloud(*id))).map(|id| catalog.region_name(id)));
    }
    if level <= Level::Zone {
        let of = |id: ZoneId| catalog.region_cloud(catalog.zone_region(id));
        known.extend(catalog.zones().filter(|id| ours(of(*id))).map(|id| catalog.zone_name(id)));
    }
    if level <= Level::Thing {
        known.extend(catalog.accelerators().map(|id| catalog.accelerator_name(id)));
        known.extend(catalog.types().filter(|id| ours(catalog.type_cloud(*id))).map(|id| catalog.type_name(id)));
    }
    known.extend([CapacityType::OnDemand.name(), CapacityType::Spot.name()]);
    did_you_mean(name, known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Source;

    fn read(text: &str) -> Result<Selector, String> {
        let reader = Reader::new(Source { name: "s", text: "" });
        let selector = Selector::read(&reader, Catalog::embedded(), text, Spot::default());
        selector.ok_or_else(|| reader.finish().0[0].to_string())
    }

    fn offering(cloud: &str, zone: &str, kind: &str, capacity: CapacityType) -> (Offering, Option<ZoneId>) {
        let catalog = Catalog::embedded();
        let cloud = catalog.find_cloud(cloud).unwrap();
        let zone_id = catalog.find_zone(Some(cloud), zone);
        let region =
            zone_id.map_or_else(|| catalog.find_region(Some(cloud), zone).unwrap(), |z| catalog.zone_region(z));
        let instance_type = catalog.find_types(Some(cloud), kind).last().unwrap();
        let info = catalog.type_info(instance_type);
        let offering = Offering {
            cloud,
            capacity,
            region,
            zone: zone_id,
            instance_type,
            family: info.family,
            accelerator: info.accelerator.map(|a| a.accelerator),
            attached: None,
            price_hourly: crate::model::Money::ZERO,
        };
        (offering, zone_id)
    }

    #[test]
    fn parts_are_read_by_what_they_name() {
        let catalog = Catalog::embedded();
        let (p3, zone) = offering("aws", "us-east-1a", "p3.2xlarge", CapacityType::Spot);
        for text in [
            "*",
            "aws",
            "AWS/us-east-1",
            "aws/us-east-1a",
            "*/V100",
            "*/V100:1",
            "aws/us-*/*/p3.*",
            "p3.2xlarge",
            "aws/spot",
        ] {
            assert!(read(text).unwrap().admits(catalog, &p3, zone), "{text}");
        }
        for text in ["gcp", "aws/us-east-1b", "*/A100", "*/V100:8", "aws/eu-*", "*/on-demand", "gcp/*/V100"] {
            assert!(!read(text).unwrap().admits(catalog, &p3, zone), "{text}");
        }
    }

    #[test]
    fn the_more_is_named_the_more_specific() {
        let weights: Vec<u32> =
            ["*", "gcp", "*/V100", "gcp/us-c*", "gcp/us-central1", "gcp/us-central1/V100", "gcp/us-central1-a/V100"]
                .iter()
                .map(|text| read(text).unwrap().weight())
                .collect();
        assert!(
            weights.is_sorted() && weights[0] == 0 && weights.windows(2).filter(|w| w[0] == w[1]).count() == 0,
            "{weights:?}"
        );
    }

    #[test]
    fn a_name_that_is_nothing_gets_a_suggestion() {
        let error = read("gcp/us-centrl1").unwrap_err();
        assert!(error.contains("S005") && error.contains("us-central1"), "{error}");
        assert!(read("*/V10").unwrap_err().contains("V100"));
        assert!(read("aws/us-east-1/us-east-1a/p3.2xlarge/spot/more").is_err());
    }
}
