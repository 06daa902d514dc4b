//! The ranking and the reasons against a look at every row.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::{catalog, device, list_order, zone};
use crate::catalog::{AWS, Bucket, GCP};
use crate::model::{
    AcceleratorCount, Bound, Candidate, CapacityType, CloudId, Money, Place, Requirement, Span, TypeId, ZoneId,
};
use crate::optimizer::{Options, PriceOverlay, plan, rejections};

/// A candidate as the naive ranking knows it.
#[derive(Debug, Clone, PartialEq)]
struct Naive {
    preference: u16,
    cost: i64,
    cloud: CloudId,
    abroad: bool,
    region: String,
    zone: Option<String>,
    kind: TypeId,
    alternative: u16,
    zones: Vec<ZoneId>,
    capacity: CapacityType,
}

impl Naive {
    fn order(&self, other: &Self) -> Ordering {
        let key = |n: &Self| (n.preference, n.cost, n.cloud, n.abroad, n.region.clone(), n.zone.is_none());
        key(self)
            .cmp(&key(other))
            .then_with(|| self.zone.cmp(&other.zone))
            .then(self.kind.cmp(&other.kind))
            .then(self.alternative.cmp(&other.alternative))
    }
}

/// Whether a type will do, spelled out from the rules and not from the filter.
fn naive_type(wanted: &Requirement, kind: TypeId, families: Bucket) -> bool {
    let info = catalog().type_info(kind);
    let close = |a: u32, b: u32| a.abs_diff(b) < 10;
    let asked = |has: AcceleratorCount| {
        wanted.accelerators.iter().any(|w| {
            w.accelerator == has.accelerator
                && (close(w.count_milli, has.count_milli) || close(w.count_milli, info.presented_milli))
        })
    };
    let (mut cpus, mut memory) = (wanted.cpus, wanted.memory);
    if !wanted.instance_types.is_empty() {
        if !wanted.instance_types.contains(&kind)
            || !wanted.accelerators.is_empty() && !info.accelerator.is_some_and(asked)
        {
            return false;
        }
    } else if let Some(has) = info.accelerator {
        if !asked(has) {
            return false;
        }
        if info.attached {
            let name = catalog().accelerator_name(has.accelerator);
            let count = u64::from(has.count_milli / 1000);
            let vcpus = match (name, count) {
                ("T4", 1) => 4,
                ("T4", 4) => 48,
                ("T4", 2) | ("V100" | "P100" | "P4", 1) => 8,
                ("V100" | "P100" | "P4", n) => 8 * n,
                other => panic!("no such attached accelerator: {other:?}"),
            };
            if cpus.is_none() && memory.is_none() {
                cpus = Some(Bound::at_least(vcpus * 1000));
            }
            memory = memory.or(cpus.map(|c| Bound::at_least(c.amount * 4096 / 1000)));
        }
    } else {
        if !wanted.accelerators.is_empty() || catalog().type_bucket(kind) != families {
            return false;
        }
        if cpus.is_none() && memory.is_none() {
            cpus = Some(Bound::at_least(8000));
        }
        memory = memory.or(Some(Bound::at_least(u64::from(info.vcpus_milli) * 4096 / 1000)));
    }
    info.slice
        || cpus.is_none_or(|c| c.admits(info.vcpus_milli.into()))
            && memory.is_none_or(|m| m.admits(info.memory_mib.into()))
}

/// Everything that meets one requirement, one candidate a row.
fn naive_rows(
    wanted: &Requirement,
    alternative: u16,
    nodes: u16,
    overlay: &PriceOverlay,
    families: Bucket,
) -> Vec<Naive> {
    let catalog = catalog();
    let mut found = Vec::new();
    for kind in catalog.types().filter(|kind| naive_type(wanted, *kind, families)) {
        for row in catalog.rows_of(kind) {
            let (region, zone) = (catalog.row_region(row), catalog.row_zone(row));
            let cloud = catalog.region_cloud(region);
            let inside = |place: &Place| {
                place.cloud.is_none_or(|c| c == cloud)
                    && place.region.is_none_or(|r| r == region)
                    && place.zone.is_none_or(|z| Some(z) == zone)
            };
            let allowed = wanted.places.is_empty() || wanted.places.iter().any(inside);
            let Some(list) = catalog.price(row, wanted.capacity) else { continue };
            let price = overlay.apply(cloud, list);
            let affordable = wanted.max_price_hourly.is_none_or(|most| price <= most);
            if !allowed || wanted.excluded.iter().any(inside) || !affordable {
                continue;
            }
            let total = price.0 as i128 * i128::from(nodes) * i128::from(wanted.runtime.0);
            found.push(Naive {
                preference: wanted.preference,
                cost: (total / i128::from(Span::HOUR.0)) as i64,
                cloud,
                abroad: cloud != AWS || !catalog.region_name(region).starts_with("us-"),
                region: catalog.region_name(region).to_owned(),
                zone: zone.map(|z| catalog.zone_name(z).to_owned()),
                kind,
                alternative,
                zones: zone.into_iter().collect(),
                capacity: wanted.capacity,
            });
        }
    }
    found
}

/// The whole ranking from the rules alone: look at every row, gather AWS's zones, sort, drop repetitions.
fn naive(wanted: &[Requirement], nodes: u16, overlay: &PriceOverlay) -> Vec<Naive> {
    let mut all: Vec<Naive> = Vec::new();
    for (alternative, wanted) in (0..).zip(wanted) {
        let mut found = naive_rows(wanted, alternative, nodes, overlay, Bucket::DEFAULT_CPU);
        if found.is_empty() {
            found = naive_rows(wanted, alternative, nodes, overlay, Bucket::OTHER_CPU);
        }
        for mut one in found {
            let gathered = one.cloud == AWS && wanted.capacity == CapacityType::OnDemand && nodes == 1;
            if gathered {
                one.zone = None;
                let same =
                    |o: &&mut Naive| o.kind == one.kind && o.region == one.region && o.alternative == alternative;
                if let Some(known) = all.iter_mut().rev().take(8).find(same) {
                    known.zones.push(one.zones[0]);
                    continue;
                }
            }
            all.push(one);
        }
    }
    all.sort_by(Naive::order);
    all.dedup_by(|b, a| {
        let key = |n: &Naive| (n.preference, n.cost, n.kind, n.region.clone(), n.zone.clone(), n.capacity);
        key(a) == key(b)
    });
    all
}

fn as_naive(candidate: &Candidate) -> Naive {
    let offering = candidate.offering;
    Naive {
        preference: candidate.preference,
        cost: candidate.cost.0,
        cloud: offering.cloud,
        abroad: offering.cloud != AWS || !catalog().region_name(offering.region).starts_with("us-"),
        region: catalog().region_name(offering.region).to_owned(),
        zone: offering.zone.map(|z| catalog().zone_name(z).to_owned()),
        kind: offering.instance_type,
        alternative: candidate.alternative,
        zones: candidate.zones.as_slice().to_vec(),
        capacity: offering.capacity,
    }
}

/// Zones of regions that much is sold in, so that naming one zone matters.
const ZONES: [&str; 4] = ["us-east-1a", "us-west-2b", "us-central1-a", "europe-west4-b"];
const NAMED: [&str; 5] = ["p3.2xlarge", "m6i.large", "n1-highmem-8", "Standard_NC6s_v3", "g4dn.xlarge"];

fn place() -> impl Strategy<Value = Place> {
    let regions = catalog().regions().len() as u16;
    let zones = catalog().zones().len() as u16;

    prop_oneof![
        (0u8..3).prop_map(|c| Place { cloud: Some(CloudId(c)), ..Place::default() }),
        (0..regions).prop_map(|r| {
            let region = crate::model::RegionId(r);
            Place { cloud: Some(catalog().region_cloud(region)), region: Some(region), zone: None }
        }),
        (0..zones).prop_map(|z| Place { zone: Some(ZoneId(z)), ..Place::default() }),
        prop::sample::select(&ZONES[..]).prop_map(zone),
    ]
}

fn bound(amounts: &'static [u64]) -> impl Strategy<Value = Option<Bound>> {
    let some = (prop::sample::select(amounts), prop::bool::weighted(0.2));
    prop::option::weighted(0.4, some.prop_map(|(amount, exact)| Bound { amount, exact }))
}

fn requirement() -> impl Strategy<Value = Requirement> {
    let devices = [("V100", 1), ("T4", 1), ("T4", 4), ("A10", 1), ("A100", 8), ("L4", 1), ("tpu-v2-8", 1), ("A10G", 1)];
    let devices = prop::sample::select(devices.map(|(name, count)| device(name, count * 1000)).to_vec());
    // Often none, since requests without accelerators have rules of their own.
    let accelerators = prop_oneof![
        1 => Just(Vec::new()),
        3 => devices.clone().prop_map(|one| vec![one]),
        1 => prop::collection::vec(devices, 2),
    ];

    let types = prop_oneof![
        6 => Just(Vec::new()),
        1 => prop::sample::select(&NAMED[..]).prop_map(|name| catalog().find_types(None, name).collect()),
    ];
    let cpus = bound(&[2000, 4000, 8000, 16_000, 500_000]);
    let memory = bound(&[4096, 16_384, 65_536, 10_000_000]);
    let capacity = prop_oneof![2 => Just(CapacityType::OnDemand), 1 => Just(CapacityType::Spot)];
    let places = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(place(), 1..4)];
    let excluded = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(place(), 1..3)];
    let price =
        prop::option::weighted(0.2, prop::sample::select(&[200_000i64, 1_000_000, 5_000_000][..]).prop_map(Money));
    let runtime = prop::sample::select(&[1u64, 3_600_000_000, 7_200_000_000, 3_599_999_999][..]).prop_map(Span);
    let sizes = (accelerators, types, cpus, memory);
    (sizes, capacity, places, excluded, (price, 0u16..2, runtime)).prop_map(
        |((accelerators, instance_types, cpus, memory), capacity, places, excluded, (price, preference, runtime))| {
            let terms = Requirement { max_price_hourly: price, preference, runtime, ..Requirement::default() };
            Requirement { accelerators, instance_types, cpus, memory, capacity, places, excluded, ..terms }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_plan_is_what_a_look_at_every_row_gives(
        wanted in prop::collection::vec(requirement(), 1..4),
        nodes in prop::sample::select(&[1u16, 1, 1, 2, 16][..]),
        discount in prop::option::weighted(0.2, 500_000u32..1_000_000),
    ) {
        let overlay = discount.map_or(PriceOverlay::NONE, |factor| PriceOverlay::NONE.with(GCP, factor));
        let plan = plan(catalog(), &wanted, nodes, &Options { overlay, prefer: None });
        let expected = naive(&wanted, nodes, &overlay);
        let found: Vec<Naive> = plan.iter().map(|candidate| as_naive(&candidate)).collect();
        prop_assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            prop_assert_eq!(found, expected, "at {}", at);
        }
    }

    #[test]
    fn every_row_is_planned_or_has_a_reason(wanted in requirement()) {
        let plan = list_order(std::slice::from_ref(&wanted));
        let planned: usize = plan.iter().map(|candidate| candidate.zones.len().max(1)).sum();
        let dropped: u32 = rejections(catalog(), &[wanted], &Options::default()).iter().map(|r| r.offerings).sum();
        prop_assert_eq!(planned + dropped as usize, catalog().row_count() as usize);
    }
}
