//! What moving data between regions costs and how long it takes, as tables over location classes (one a region).
//!
//! **Invariant:** within a region moving is free and immediate; a pair that the catalog knows costs what the catalog says;
//! what it does not know follows a documented rule.
//!
//! Where a pair of regions is unknown, the price is the middle one of the known prices (the lower of the two middle ones),
//! of those from this region to that cloud, else of those between the two clouds, else what the source cloud charges
//! towards the internet. Speeds likewise, and 10 Gbit/s where nothing is known.

use crate::catalog::{AWS, AZURE, Catalog};
use crate::model::{CloudId, RegionId};

use super::graph::Table;

/// How transfers are priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EgressTariff {
    /// By pair of regions, as the catalog's table says, in proportion to the volume.
    #[default]
    Regions,
    /// As SkyPilot does: nothing inside a cloud, else tiers by source cloud and volume.
    SkyPilot,
}

/// Prices and speeds of all pairs of regions of a catalog. Making one takes about a millisecond; it is made once and
/// used for many plans.
#[derive(Debug, Clone)]
pub struct Egress {
    tariff: EgressTariff,
    clouds: Vec<u16>,
    /// Nano-dollars a MB, which are micro-dollars a GB.
    price: Table,
    /// Nanoseconds a MB, which are microseconds a GB.
    time: Table,
}

/// Thousandths of a GB: transfers are counted in MB of a thousandth GB.
pub(super) const MB_PER_GB: f64 = 1000.0;

/// Microseconds for a GB where no speed is known: 10 Gbit/s, as SkyPilot assumes.
const MICROS_PER_GB: i64 = 800_000;

/// Towards the internet, in micro-dollars a GB, in the first paid tier.
fn internet(cloud: CloudId) -> i64 {
    match cloud {
        AWS => 90_000,
        AZURE => 87_500,
        _ => 120_000,
    }
}

/// The tiers of a tariff: below so many MB, so many micro-dollars a GB; the last one is open.
type Tiers = [(i64, i64); 3];

/// Source: SkyPilot's price formulas of AWS and Azure (the first GB is free there; beyond 150 TB one price for all).
const AWS_TIERS: Tiers = [(10_240_000, 90_000), (51_200_000, 85_000), (i64::MAX, 70_000)];
const AZURE_TIERS: Tiers = [(10_240_000, 87_500), (51_200_000, 83_000), (i64::MAX, 70_000)];
const HUGE: (i64, i64) = (153_600_000, 50_000);

/// What SkyPilot charges for moving so many MB (thousandths of a GB) out of a cloud into another, in nano-dollars.
pub(super) fn skypilot_nanos(from: CloudId, mb: i64) -> i64 {
    let tiers = match from {
        AWS => AWS_TIERS,
        AZURE => AZURE_TIERS,
        _ => {
            // GCP: one price for the whole volume, by its size.
            let price = [(1_024_000, 120_000), (10_240_000, 110_000), (i64::MAX, 80_000)];
            return mb * price.iter().find(|(most, _)| mb <= *most).map_or(0, |(_, price)| *price);
        }
    };
    if mb > HUGE.0 {
        return mb * HUGE.1;
    }
    let free = 1000;
    let mut from = free;
    tiers
        .iter()
        .map(|(until, price)| {
            let inside = (mb.min(*until) - from).max(0);
            from = from.max(*until);
            inside * price
        })
        .sum()
}

impl Egress {
    /// The tables of a catalog.
    pub fn new(catalog: &Catalog, tariff: EgressTariff) -> Self {
        let clouds: Vec<u16> = catalog.regions().map(|region| catalog.region_cloud(region).0 as u16).collect();
        let (price, time) = match tariff {
            EgressTariff::Regions => (prices(catalog, &clouds), times(catalog, &clouds)),
            // Prices depend on the volume and are made for each edge; times are the same between all clouds.
            EgressTariff::SkyPilot => (between(&clouds, |_| 1), between(&clouds, |_| MICROS_PER_GB)),
        };
        Self { tariff, clouds, price, time }
    }

    /// How many groups of regions prices distinguish.
    pub fn groups(&self) -> usize {
        self.price.groups()
    }

    /// A table of what so many MB cost, in nano-dollars, if that is not in proportion to the volume.
    pub(super) fn table_for(&self, mb: i64) -> Option<Table> {
        (self.tariff == EgressTariff::SkyPilot).then(|| between(&self.clouds, |from| skypilot_nanos(from, mb)))
    }

    /// Prices by region: nano-dollars a MB (a thousandth of a GB). For the SkyPilot tariff 1 where anything is charged.
    pub const fn price(&self) -> &Table {
        &self.price
    }

    /// Times by region: nanoseconds a MB.
    pub const fn time(&self) -> &Table {
        &self.time
    }

    /// What moving so many MB costs, in nano-dollars.
    pub(crate) fn nanos(&self, from: RegionId, to: RegionId, mb: i64) -> i64 {
        let cloud = |region: RegionId| self.clouds[region.index()];
        match self.tariff {
            EgressTariff::Regions => mb * self.price.at(from.0, to.0),
            EgressTariff::SkyPilot if cloud(from) == cloud(to) => 0,
            EgressTariff::SkyPilot => skypilot_nanos(CloudId(cloud(from) as u8), mb),
        }
    }
}

/// A table that is nothing inside a cloud and depends on the source cloud elsewhere.
fn between(clouds: &[u16], value: impl Fn(CloudId) -> i64) -> Table {
    let count = clouds.iter().max().map_or(0, |cloud| *cloud as usize + 1);
    let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
    let block = pairs.map(|(from, to)| if from == to { 0 } else { value(CloudId(from as u8)) }).collect();
    Table::blocks(clouds.to_vec(), block)
}

fn prices(catalog: &Catalog, clouds: &[u16]) -> Table {
    let known = |from, to| catalog.egress(from, to).map(|egress| egress.per_gb.0);
    filled(clouds, known, |from| internet(CloudId(clouds[from] as u8)))
}

fn times(catalog: &Catalog, clouds: &[u16]) -> Table {
    let known = |from: RegionId, to: RegionId| {
        if from == to {
            return Some(0);
        }
        let gbps = catalog.egress(from, to)?.throughput_gbps.filter(|gbps| *gbps > 0.0)?;
        Some((8e6 / gbps).round() as i64)
    };
    filled(clouds, known, |_| MICROS_PER_GB)
}

/// A table of what is known, with the gaps filled by the rule above.
fn filled(
    clouds: &[u16],
    known: impl Fn(RegionId, RegionId) -> Option<i64>,
    otherwise: impl Fn(usize) -> i64,
) -> Table {
    let count = clouds.len();
    let pairs = (0..count).flat_map(|from| (0..count).map(move |to| (from, to)));
    let at = |(from, to): (usize, usize)| {
        if from == to { Some(0) } else { known(RegionId(from as u16), RegionId(to as u16)) }
    };
    let given: Vec<Option<i64>> = pairs.map(at).collect();
    let kinds = clouds.iter().max().map_or(0, |cloud| *cloud as usize + 1);
    let mut by_region: Vec<Vec<i64>> = vec![Vec::new(); count * kinds];
    let mut by_cloud: Vec<Vec<i64>> = vec![Vec::new(); kinds * kinds];
    for (i, value) in given.iter().enumerate() {
        let (from, to) = (i / count, i % count);
        if let Some(value) = value.filter(|_| from != to) {
            by_region[from * kinds + clouds[to] as usize].push(value);
            by_cloud[clouds[from] as usize * kinds + clouds[to] as usize].push(value);
        }
    }
    let by_region: Vec<Option<i64>> = by_region.into_iter().map(middle).collect();
    let by_cloud: Vec<Option<i64>> = by_cloud.into_iter().map(middle).collect();
    let value = |(i, value): (usize, &Option<i64>)| {
        let (from, to) = (i / count, clouds[i % count] as usize);
        let near = value.or(by_region[from * kinds + to]).or(by_cloud[clouds[from] as usize * kinds + to]);
        near.unwrap_or_else(|| otherwise(from))
    };
    Table::dense(count, &given.iter().enumerate().map(value).collect::<Vec<_>>())
}

fn middle(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    let at = values.len().checked_sub(1)? / 2;
    Some(values[at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::GCP;

    #[test]
    fn skypilot_tiers_are_its_formulas() {
        let dollars = |cloud, gb: i64| skypilot_nanos(cloud, gb * 1000) as f64 / 1e9;
        for (cloud, gb, expected) in [
            (AWS, 1, 0.0),
            (AWS, 101, 9.0),
            (AWS, 10_240, 10_239.0 * 0.09),
            (AWS, 20_240, 10_239.0 * 0.09 + 850.0),
            (AWS, 61_200, 10_239.0 * 0.09 + 40_960.0 * 0.085 + 700.0),
            (AWS, 153_601, 153_601.0 * 0.05),
            (AZURE, 101, 8.75),
            (AZURE, 11_240, 10_239.0 * 0.0875 + 83.0),
            (GCP, 1024, 122.88),
            (GCP, 1025, 112.75),
            (GCP, 20_000, 1600.0),
        ] {
            assert!((dollars(cloud, gb) - expected).abs() < 1e-6, "{cloud:?} {gb} {}", dollars(cloud, gb));
        }
    }

    #[test]
    fn known_pairs_cost_what_the_catalog_says_and_all_others_something() {
        let catalog = Catalog::embedded();
        let egress = Egress::new(catalog, EgressTariff::Regions);
        for from in catalog.regions() {
            for to in catalog.regions() {
                let price = egress.price.at(from.0, to.0);
                match catalog.egress(from, to) {
                    Some(known) => assert_eq!(price, known.per_gb.0),
                    None => assert!(price > 0, "{} {}", catalog.region_name(from), catalog.region_name(to)),
                }
                assert_eq!(egress.time.at(from.0, to.0) == 0, from == to);
            }
        }
        assert!(egress.groups() < 50, "regions that cost the same are told apart by nothing: {}", egress.groups());
    }
}
