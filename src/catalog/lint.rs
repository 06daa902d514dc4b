//! What looks wrong in a catalog.
//!
//! **Invariant:** findings are values in a fixed order; nothing is repaired here.

use std::fmt;

use super::{AWS, Catalog};
use crate::model::{CapacityType, RegionId, TypeId, ZoneId};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A row was left out or adjusted while reading.
    Noted,
    /// The on-demand price of a type differs between the zones of a region.
    ZonePrice,
    /// A zone's name is used in several regions.
    ZoneName,
    /// Spot costs more than on-demand.
    SpotAboveOnDemand,
    /// A price of nothing.
    Free,
    /// A price far from that of the same type in other regions.
    PriceOutlier,
    /// A type that no row has a price for.
    Unpriced,
    /// A machine without vCPUs or memory.
    Unsized,
    /// A region has more zones of a type than one attempt covers.
    ManyZones,
}

/// One thing that looks wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub rule: Rule,
    /// One sentence with the names and prices.
    pub message: String,
}

impl Rule {
    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Noted => "noted",
            Self::ZonePrice => "zone-price",
            Self::ZoneName => "zone-name",
            Self::SpotAboveOnDemand => "spot-above-on-demand",
            Self::Free => "free",
            Self::PriceOutlier => "price-outlier",
            Self::Unpriced => "unpriced",
            Self::Unsized => "unsized",
            Self::ManyZones => "many-zones",
        }
    }

    /// True if what the optimizer relies on is violated; false if it may well be right.
    pub const fn is_error(self) -> bool {
        matches!(self, Self::Noted | Self::ZonePrice | Self::ZoneName)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.name(), self.message)
    }
}

/// Prices this many times above or below the median of a type's regions are outliers. Real ones stay below three
/// (South America, Switzerland).
const OUTLIER: i64 = 4;

impl Catalog {
    /// Everything that looks wrong, by rule, then by type and place.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> =
            self.notes().map(|note| Finding { rule: Rule::Noted, message: note.to_owned() }).collect();
        self.lint_zone_names(&mut findings);
        for kind in self.types() {
            self.lint_type(kind, &mut findings);
            self.lint_regions(kind, &mut findings);
            for capacity in [CapacityType::OnDemand, CapacityType::Spot] {
                self.lint_prices(kind, capacity, &mut findings);
            }
        }
        findings.sort_by_key(|finding| finding.rule);
        findings
    }

    fn lint_zone_names(&self, findings: &mut Vec<Finding>) {
        let order: Vec<ZoneId> = self.columns.zones_by_name.iter().map(|zone| ZoneId(*zone)).collect();
        for pair in order.windows(2) {
            let name = self.zone_name(pair[0]);
            if name == self.zone_name(pair[1]) {
                let [a, b] = [pair[0], pair[1]].map(|zone| self.region_name(self.zone_region(zone)));
                let message = format!("zone {name} is in {a} and in {b}");
                findings.push(Finding { rule: Rule::ZoneName, message });
            }
        }
    }

    fn lint_type(&self, kind: TypeId, findings: &mut Vec<Finding>) {
        let info = self.type_info(kind);
        let name = self.label(kind);
        if !info.slice && (info.vcpus_milli == 0 || info.memory_mib == 0) {
            let message = format!("{name} has no vCPUs or no memory");
            findings.push(Finding { rule: Rule::Unsized, message });
        }
        let priced = self.rows_of(kind).any(|row| {
            self.price(row, CapacityType::OnDemand).is_some() || self.price(row, CapacityType::Spot).is_some()
        });
        if !priced {
            findings.push(Finding { rule: Rule::Unpriced, message: format!("{name} has no price anywhere") });
        }
    }

    fn lint_regions(&self, kind: TypeId, findings: &mut Vec<Finding>) {
        let rows: Vec<u32> = self.rows_of(kind).collect();
        for rows in rows.chunk_by(|a, b| self.row_region(*a) == self.row_region(*b)) {
            let region = self.row_region(rows[0]);
            let prices: Vec<_> = rows.iter().map(|row| self.price(*row, CapacityType::OnDemand)).collect();
            if let (Some(low), Some(high)) = (prices.iter().min(), prices.iter().max())
                && low != high
            {
                let show = |price: &Option<crate::model::Money>| {
                    price.map_or("no price".to_owned(), |price| format!("{} $/h", price.as_dollars()))
                };
                let message = format!("{} costs {} to {}", self.at(kind, region), show(low), show(high));
                findings.push(Finding { rule: Rule::ZonePrice, message });
            }
            if self.type_cloud(kind) == AWS && rows.len() > super::compile::units::ZONES_PER_UNIT {
                let message = format!("{} is in {} zones", self.at(kind, region), rows.len());
                findings.push(Finding { rule: Rule::ManyZones, message });
            }
            if let Some((row, price, spot)) = rows.iter().find_map(|row| {
                let (price, spot) = (self.price(*row, CapacityType::OnDemand)?, self.price(*row, CapacityType::Spot)?);
                (spot > price).then_some((*row, price, spot))
            }) {
                let place = self.row_zone(row).map_or(self.region_name(region), |zone| self.zone_name(zone));
                let (spot, price) = (spot.as_dollars(), price.as_dollars());
                let message = format!("{} in {place} costs {spot} $/h as spot, {price} on demand", self.label(kind));
                findings.push(Finding { rule: Rule::SpotAboveOnDemand, message });
            }
        }
    }

    fn lint_prices(&self, kind: TypeId, capacity: CapacityType, findings: &mut Vec<Finding>) {
        let mut by_region: Vec<(i64, RegionId)> =
            self.rows_of(kind).filter_map(|row| Some((self.price(row, capacity)?.0, self.row_region(row)))).collect();
        by_region.sort_unstable();
        by_region.dedup();
        let Some(&(median, _)) = by_region.get(by_region.len() / 2) else { return };
        for &(price, region) in &by_region {
            let dollars = price as f64 / 1e6;
            if price == 0 {
                let message = format!("{} costs nothing ({})", self.at(kind, region), capacity.name());
                findings.push(Finding { rule: Rule::Free, message });
            } else if capacity == CapacityType::OnDemand && (price > median * OUTLIER || price * OUTLIER < median) {
                let usual = median as f64 / 1e6;
                let message = format!("{} costs {dollars} $/h, elsewhere mostly {usual}", self.at(kind, region));
                findings.push(Finding { rule: Rule::PriceOutlier, message });
            }
        }
    }

    /// A type with its accelerators, in a region.
    fn at(&self, kind: TypeId, region: RegionId) -> String {
        format!("{} in {}", self.label(kind), self.region_name(region))
    }

    /// A type with its cloud and accelerators.
    fn label(&self, kind: TypeId) -> String {
        let (cloud, name) = (self.cloud_name(self.type_cloud(kind)), self.type_name(kind));
        self.type_accelerator(kind).map_or_else(
            || format!("{cloud} {name}"),
            |a| {
                let count = a.count_milli as f64 / 1000.0;
                format!("{cloud} {name} with {}:{count}", self.accelerator_name(a.accelerator))
            },
        )
    }
}
