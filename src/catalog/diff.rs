//! What changed from one catalog to another.
//!
//! **Invariant:** offerings are compared by name, so two catalogs with different ids compare as their tables do; both
//! lists and their order depend on nothing else.

use std::cmp::Ordering;

use super::Catalog;
use crate::model::{CapacityType, Money};

/// One thing that is sold, in names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offer<'a> {
    /// `aws`
    pub cloud: &'static str,
    /// `p3.2xlarge`
    pub instance_type: &'a str,
    /// Model and count in thousandths, where it has accelerators.
    pub accelerator: Option<(&'a str, u32)>,
    /// `us-east-1`
    pub region: &'a str,
    /// `us-east-1a`, where the table names zones.
    pub zone: Option<&'a str>,
    /// On what terms.
    pub spot: bool,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff<'a> {
    /// Sold now, not before; the price per hour.
    pub added: Vec<(Offer<'a>, Money)>,
    /// Sold before, not now; the price per hour it had.
    pub removed: Vec<(Offer<'a>, Money)>,
    /// At another price: before and now.
    pub repriced: Vec<(Offer<'a>, Money, Money)>,
    /// How many are as they were.
    pub same: usize,
}

impl Catalog {
    /// What changed from this catalog to a later one.
    pub fn diff<'a>(&'a self, later: &'a Self) -> Diff<'a> {
        let (before, after) = (self.offers(), later.offers());
        let (mut old, mut new) = (before.into_iter().peekable(), after.into_iter().peekable());
        let mut diff = Diff::default();
        loop {
            let order = match (old.peek(), new.peek()) {
                (None, None) => return diff,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((a, _)), Some((b, _))) => a.cmp(b),
            };
            match order {
                Ordering::Less => diff.removed.extend(old.next()),
                Ordering::Greater => diff.added.extend(new.next()),
                Ordering::Equal => {
                    if let (Some((offer, was)), Some((_, is))) = (old.next(), new.next()) {
                        if was == is {
                            diff.same += 1;
                        } else {
                            diff.repriced.push((offer, was, is));
                        }
                    }
                }
            }
        }
    }

    /// Everything that has a price, in order.
    fn offers(&self) -> Vec<(Offer<'_>, Money)> {
        let mut offers = Vec::new();
        for kind in self.types() {
            let accelerator = self.type_accelerator(kind);
            let accelerator = accelerator.map(|of| (self.accelerator_name(of.accelerator), of.count_milli));
            for row in self.rows_of(kind) {
                for capacity in [CapacityType::OnDemand, CapacityType::Spot] {
                    let Some(price) = self.price(row, capacity) else { continue };
                    let offer = Offer {
                        cloud: self.cloud_name(self.type_cloud(kind)),
                        instance_type: self.type_name(kind),
                        accelerator,
                        region: self.region_name(self.row_region(row)),
                        zone: self.row_zone(row).map(|zone| self.zone_name(zone)),
                        spot: capacity == CapacityType::Spot,
                    };
                    offers.push((offer, price));
                }
            }
        }
        offers.sort_unstable();
        offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Tables;

    fn catalog(rows: &str) -> Catalog {
        let head = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone\n";
        Catalog::from_tables(&Tables::new().with("aws", format!("{head}{rows}"))).expect("a catalog")
    }

    #[test]
    fn offerings_come_go_and_change_their_price() {
        let before =
            catalog("a.large,,,2,8,,0.10,0.03,r1,r1a\na.large,,,2,8,,0.10,,r1,r1b\nb.large,,,2,8,,0.20,,r1,r1a\n");
        let after =
            catalog("a.large,,,2,8,,0.10,0.06,r1,r1a\na.large,,,2,8,,0.10,0.05,r1,r1b\nc.large,,,2,8,,0.30,,r2,r2a\n");
        let diff = before.diff(&after);
        let told = |(offer, price): &(Offer<'_>, Money)| {
            format!("{} {} {} {}", offer.instance_type, offer.zone.unwrap_or("-"), offer.spot, price.as_dollars())
        };
        assert_eq!(diff.added.iter().map(told).collect::<Vec<_>>(), ["a.large r1b true 0.05", "c.large r2a false 0.3"]);
        assert_eq!(diff.removed.iter().map(told).collect::<Vec<_>>(), ["b.large r1a false 0.2"]);
        assert_eq!(diff.same, 2);
        let [(offer, was, is)] = diff.repriced.as_slice() else { panic!("{:?}", diff.repriced) };
        assert_eq!((offer.zone, offer.spot, was.0, is.0), (Some("r1a"), true, 30_000, 60_000));
        let back = after.diff(&before);
        assert_eq!((back.added, back.removed, back.same), (diff.removed, diff.added, diff.same));
    }

    #[test]
    fn a_catalog_is_like_itself() {
        let shipped = Catalog::embedded();
        let diff = shipped.diff(shipped);
        assert!(diff.added.is_empty() && diff.removed.is_empty() && diff.repriced.is_empty());
        let priced: u32 = shipped.info().clouds.iter().map(|of| of.rows_on_demand + of.rows_spot).sum();
        assert_eq!(diff.same, priced as usize);
    }
}
