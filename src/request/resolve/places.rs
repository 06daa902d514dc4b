//! Clouds, regions and zones by name, with what is left out filled in from the rest.

use crate::catalog::Catalog;
use crate::model::{CloudId, Place, Preference, RegionId, ZoneId};
use crate::yaml::{did_you_mean, quote};

use super::super::alternatives::Alternative;
use super::super::located::{At, Located};
use super::super::machine::Image;
use super::super::pattern::{Pattern, matches};
use super::{Dropped, Resolver};

/// Clouds that a SkyPilot file may name and this catalog has nothing of. An alternative there is left out, not wrong.
const OTHER_CLOUDS: [&str; 24] = [
    "cloudflare",
    "coreweave",
    "cudo",
    "cudo-compute",
    "do",
    "fluidstack",
    "hyperbolic",
    "hyperstack",
    "ibm",
    "k8s",
    "kubernetes",
    "lambda",
    "lepton",
    "nebius",
    "oci",
    "paperspace",
    "primeintellect",
    "runpod",
    "scp",
    "seeweb",
    "shadeform",
    "slurm",
    "ssh",
    "vast",
];

/// A place as written, each part with where it was written.
#[derive(Clone, Copy, Default)]
struct Written<'t> {
    cloud: Option<(&'t str, &'t At)>,
    region: Option<(&'t str, &'t At)>,
    zone: Option<(&'t str, &'t At)>,
}

impl<'t> Written<'t> {
    fn of_pattern(pattern: &'t Located<Pattern>) -> Self {
        let part = |part: &'t Option<String>| part.as_deref().map(|text| (text, &pattern.at));
        let Pattern { cloud, region, zone } = &pattern.value;
        Self { cloud: part(cloud), region: part(region), zone: part(zone) }
    }

    fn of_alternative(alternative: &'t Alternative) -> Self {
        let part = |part: &'t Option<Located<String>>| part.as_ref().map(|l| (l.value.as_str(), &l.at));
        Self { cloud: part(&alternative.cloud), region: part(&alternative.region), zone: part(&alternative.zone) }
    }

    fn is_wild(&self) -> bool {
        [self.cloud, self.region, self.zone].iter().flatten().any(|(text, _)| text.contains('*'))
    }
}

impl Resolver<'_> {
    /// Where an alternative may be placed; empty for anywhere.
    pub(super) fn places_of(&mut self, alternative: &Alternative) -> Result<Vec<Place>, Dropped> {
        if alternative.patterns.is_empty() {
            let place = self.places(&Written::of_alternative(alternative))?;
            return Ok(place.into_iter().filter(|place| *place != Place::default()).collect());
        }
        let mut found = Vec::new();
        let mut dropped = None;
        for pattern in &alternative.patterns {
            match self.places(&Written::of_pattern(pattern)) {
                Ok(places) => found.extend(places),
                Err(reason) => dropped = Some(reason),
            }
        }
        // `*` among others leaves everything open.
        if found.contains(&Place::default()) {
            return Ok(Vec::new());
        }
        found.sort_by_key(|place| (place.cloud, place.region, place.zone));
        found.dedup();
        match dropped {
            Some(Dropped::Wrong) => Err(Dropped::Wrong),
            Some(elsewhere) if found.is_empty() => Err(elsewhere),
            _ => Ok(found),
        }
    }

    pub(super) fn excluded(&mut self) -> Vec<Place> {
        let task = self.task;
        self.any_of(&task.failover.exclude)
    }

    pub(super) fn preference(&mut self) -> Option<Preference> {
        let preferred = self.task.failover.prefer.as_ref()?;
        Some(Preference { places: self.any_of(&preferred.infra), premium_milli: preferred.premium_milli })
    }

    /// Places that only narrow or rank; one on a cloud that is not used anyway says nothing.
    fn any_of(&mut self, patterns: &[Located<Pattern>]) -> Vec<Place> {
        let mut found = Vec::new();
        for pattern in patterns {
            found.extend(self.places(&Written::of_pattern(pattern)).unwrap_or_default());
        }
        found
    }

    fn places(&mut self, written: &Written) -> Result<Vec<Place>, Dropped> {
        if written.is_wild() { self.wild(written) } else { Ok(vec![self.place(written)?]) }
    }

    /// Every place that fits a pattern with `*` in it.
    fn wild(&mut self, written: &Written) -> Result<Vec<Place>, Dropped> {
        let catalog = self.catalog;
        let fits = |part: Option<(&str, &At)>, name: &str| part.is_none_or(|(pattern, _)| matches(pattern, name));
        let cloud = match written.cloud {
            Some((name, at)) if !name.contains('*') => Some(self.cloud(name, at)?),
            _ => None,
        };
        let clouds = self.clouds.iter().copied().filter(|c| cloud.is_none_or(|cloud| cloud == *c));
        let clouds: Vec<CloudId> = clouds.filter(|c| fits(written.cloud, catalog.cloud_name(*c))).collect();
        let of_cloud = |cloud| Place { cloud: Some(cloud), ..Place::default() };
        let regions = |place: Place| {
            let regions = catalog.regions().filter(move |r| place.cloud == Some(catalog.region_cloud(*r)));
            regions
                .filter(|r| fits(written.region, catalog.region_name(*r)))
                .map(move |r| Place { region: Some(r), ..place })
        };
        let zones = |place: Place| {
            let zones = place.region.into_iter().flat_map(|region| catalog.zones_of(region));
            zones.filter(|z| fits(written.zone, catalog.zone_name(*z))).map(move |z| Place { zone: Some(z), ..place })
        };
        let clouds = clouds.into_iter().map(of_cloud);
        let found: Vec<Place> = match (written.region.is_some(), written.zone.is_some()) {
            (false, false) => clouds.collect(),
            (true, false) => clouds.flat_map(regions).collect(),
            (_, true) => clouds.flat_map(regions).flat_map(zones).collect(),
        };
        let last = written.zone.or(written.region).or(written.cloud);
        match last {
            Some((text, at)) if found.is_empty() => Err(self.wrong(
                at,
                format!("no place fits {}", quote(text)),
                "* stands for any text in a name".to_owned(),
            )),
            _ => Ok(found),
        }
    }

    /// One place, its open levels filled in from the finer ones.
    fn place(&mut self, written: &Written) -> Result<Place, Dropped> {
        let cloud = written.cloud.map(|(name, at)| self.cloud(name, at)).transpose()?;
        let region = written.region.map(|(name, at)| self.region(cloud, name, at)).transpose()?;
        let cloud = region.map(|region| self.catalog.region_cloud(region)).or(cloud);
        let Some((name, at)) = written.zone else { return Ok(Place { cloud, region, zone: None }) };
        let zone = self.zone(cloud, region, name, at)?;
        let region = self.catalog.zone_region(zone);
        Ok(Place { cloud: Some(self.catalog.region_cloud(region)), region: Some(region), zone: Some(zone) })
    }

    fn cloud(&mut self, name: &str, at: &At) -> Result<CloudId, Dropped> {
        let catalog = self.catalog;
        let lower = name.to_ascii_lowercase();
        if let Some(cloud) = catalog.find_cloud(&lower) {
            if self.clouds.contains(&cloud) {
                return Ok(cloud);
            }
            let message = format!("{} is not enabled", catalog.cloud_title(cloud));
            return Err(self.elsewhere(at, message, format!("to see why, run: sky check {lower}")));
        }
        let all = all_clouds(catalog);
        let offered = format!("clouds: {}", all.join(", "));
        if OTHER_CLOUDS.contains(&lower.as_str()) || lower.starts_with("ssh") {
            return Err(self.elsewhere(at, format!("cloud {} is not supported", quote(name)), offered));
        }
        let hint = did_you_mean(name, all.iter().copied()).or_else(|| self.other_level(name)).unwrap_or(offered);
        Err(self.wrong(at, format!("unknown cloud {}", quote(name)), hint))
    }

    /// For a region or zone that stands where a cloud should.
    fn other_level(&self, name: &str) -> Option<String> {
        let catalog = self.catalog;
        let region = catalog.find_region(None, name);
        let zone = catalog.find_zone(None, name);
        let region = region.or_else(|| zone.map(|zone| catalog.zone_region(zone)))?;
        let whole = format!("{}/{}", catalog.cloud_name(catalog.region_cloud(region)), catalog.region_name(region));
        let kind = if zone.is_some() { "zone" } else { "region" };
        let whole = zone.map_or(whole.clone(), |zone| format!("{whole}/{}", catalog.zone_name(zone)));
        Some(format!("'{name}' is a {kind}: write {whole}"))
    }

    fn region(&mut self, cloud: Option<CloudId>, name: &str, at: &At) -> Result<RegionId, Dropped> {
        let catalog = self.catalog;
        let all: Vec<RegionId> = catalog.find_regions(cloud, name).collect();
        let usable = |region: &RegionId| self.clouds.contains(&catalog.region_cloud(*region));
        let usable: Vec<RegionId> = all.iter().copied().filter(usable).collect();
        match (usable.as_slice(), all.first()) {
            ([region], _) => Ok(*region),
            ([_, _, ..], _) => {
                let clouds: Vec<CloudId> = usable.iter().map(|region| catalog.region_cloud(*region)).collect();
                let hint = format!("give the cloud too: {}", self.titles(&clouds));
                Err(self.wrong(at, format!("several clouds have a region {}", quote(name)), hint))
            }
            ([], Some(region)) => {
                let title = catalog.cloud_title(catalog.region_cloud(*region));
                let message = format!("{} is a region of {title}, which is not enabled", quote(name));
                Err(self.elsewhere(at, message, format!("to see why, run: sky check {}", title.to_ascii_lowercase())))
            }
            ([], None) => {
                let message = format!("unknown region {}{}", quote(name), self.in_cloud(cloud));
                let hint = self.other_cloud(catalog.find_region(None, name), name).or_else(|| {
                    if catalog.find_zone(cloud, name).is_some() {
                        return Some(format!("'{name}' is a zone: write zone: {name}"));
                    }
                    let regions = catalog.regions().filter(|r| cloud.is_none_or(|c| catalog.region_cloud(*r) == c));
                    did_you_mean(name, regions.map(|r| catalog.region_name(r)))
                });
                Err(self.wrong(at, message, hint))
            }
        }
    }

    fn zone(
        &mut self,
        cloud: Option<CloudId>,
        region: Option<RegionId>,
        name: &str,
        at: &At,
    ) -> Result<ZoneId, Dropped> {
        let catalog = self.catalog;
        if let Some(cloud) = cloud
            && catalog.regions_of(cloud).all(|region| catalog.zones_of(region).len() == 0)
        {
            let message = format!("{} has no zones here", catalog.cloud_title(cloud));
            return Err(self.wrong(at, message, "leave the zone out".to_owned()));
        }
        let of_region = |zone: &ZoneId| region.is_none_or(|region| catalog.zone_region(*zone) == region);
        let all: Vec<ZoneId> = catalog.find_zones(cloud, name).collect();
        let found: Vec<ZoneId> = all.iter().copied().filter(of_region).collect();
        if let [zone, ..] = found.as_slice() {
            let cloud = catalog.region_cloud(catalog.zone_region(*zone));
            if self.clouds.contains(&cloud) {
                return Ok(*zone);
            }
            let title = catalog.cloud_title(cloud);
            return Err(self.elsewhere(
                at,
                format!("{} is a zone of {title}, which is not enabled", quote(name)),
                None,
            ));
        }
        let message = match region {
            Some(region) => format!("region {} has no zone {}", catalog.region_name(region), quote(name)),
            None => format!("unknown zone {}{}", quote(name), self.in_cloud(cloud)),
        };
        let elsewhere = all.first().copied().or_else(|| catalog.find_zone(None, name));
        let hint = elsewhere.map(|zone| self.whole_zone(zone)).or_else(|| {
            let zones = catalog.zones().filter(|z| cloud.is_none_or(|c| self.zone_cloud(*z) == c)).filter(of_region);
            did_you_mean(name, zones.map(|z| catalog.zone_name(z)))
        });
        Err(self.wrong(at, message, hint))
    }

    fn zone_cloud(&self, zone: ZoneId) -> CloudId {
        self.catalog.region_cloud(self.catalog.zone_region(zone))
    }

    fn whole_zone(&self, zone: ZoneId) -> String {
        let catalog = self.catalog;
        let region = catalog.zone_region(zone);
        let cloud = catalog.cloud_name(catalog.region_cloud(region));
        format!("it is {cloud}/{}/{}", catalog.region_name(region), catalog.zone_name(zone))
    }

    fn in_cloud(&self, cloud: Option<CloudId>) -> String {
        cloud.map_or_else(String::new, |cloud| format!(" of {}", self.catalog.cloud_title(cloud)))
    }

    fn other_cloud(&self, region: Option<RegionId>, name: &str) -> Option<String> {
        let title = self.catalog.cloud_title(self.catalog.region_cloud(region?));
        Some(format!("'{name}' is a region of {title}"))
    }

    /// Open places are narrowed to the clouds that may be used, unless all may.
    pub(super) fn within_enabled(&self, places: Vec<Place>) -> Vec<Place> {
        let catalog = self.catalog;
        let mut all = catalog.clouds().filter(|cloud| catalog.regions_of(*cloud).len() > 0);
        if !places.is_empty() || all.all(|cloud| self.clouds.contains(&cloud)) {
            return places;
        }
        self.clouds.iter().map(|cloud| Place { cloud: Some(*cloud), ..Place::default() }).collect()
    }

    /// An image given per region leaves the other regions out; one image needs a cloud that knows it.
    pub(super) fn with_image(&mut self, alternative: &Alternative, places: Vec<Place>) -> Result<Vec<Place>, Dropped> {
        let at = &alternative.image_at;
        match &alternative.machine.image {
            Some(Image::One(image)) if !image.starts_with("docker:") => {
                let known = !places.is_empty() || !alternative.instance_types.is_empty() || self.clouds.len() == 1;
                if !known {
                    let message = format!("image {} is of one cloud, and none is given", quote(image));
                    return Err(self.wrong(at, message, "add cloud, or write docker:IMAGE".to_owned()));
                }
                Ok(places)
            }
            Some(Image::PerRegion(images)) => {
                let mut narrowed = Vec::new();
                for (region, _) in images {
                    let region = self.region(None, region, at)?;
                    let cloud = self.catalog.region_cloud(region);
                    let fits = |place: &&Place| {
                        place.cloud.is_none_or(|c| c == cloud) && place.region.is_none_or(|r| r == region)
                    };
                    let own = Place { cloud: Some(cloud), region: Some(region), zone: None };
                    let within = places.iter().filter(fits).map(|place| Place { zone: place.zone, ..own });
                    narrowed.extend(if places.is_empty() { vec![own] } else { within.collect() });
                }
                if narrowed.is_empty() {
                    return Err(self.wrong(at, "no image is given for the regions asked for", None));
                }
                Ok(narrowed)
            }
            _ => Ok(places),
        }
    }
}

fn all_clouds(catalog: &Catalog) -> Vec<&'static str> {
    catalog.clouds().map(|cloud| catalog.cloud_name(cloud)).collect()
}
