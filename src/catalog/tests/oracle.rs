//! Units against a naive scan of the same rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;

use crate::catalog::{Bucket, Catalog, Grain, Tables};
use crate::model::CapacityType;

/// A row of a table as the test writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    cloud: &'static str,
    name: &'static str,
    accelerator: Option<(&'static str, u32)>,
    vcpus: u32,
    memory: u32,
    region: &'static str,
    zone: &'static str,
    price: Option<u32>,
    spot: Option<u32>,
}

type Machine = (&'static str, &'static str, Option<(&'static str, u32)>, u32, u32);

/// Cloud, name, accelerator and thousandths of it, vCPUs, GiB.
const MACHINES: [Machine; 17] = [
    ("aws", "m6i.large", None, 2, 8),
    ("aws", "c5.large", None, 2, 4),
    ("aws", "p3.2xlarge", Some(("V100", 1000)), 8, 61),
    ("aws", "p3.8xlarge", Some(("V100", 4000)), 32, 244),
    ("azure", "Standard_D8s_v5", None, 8, 32),
    ("azure", "Standard_NC6s_v3", Some(("V100", 1000)), 6, 112),
    ("azure", "Standard_NV6ads_A10_v5", Some(("A10", 167)), 6, 55),
    ("azure", "Standard_NV36ads_A10_v5", Some(("A10", 1000)), 36, 440),
    ("gcp", "n2-standard-8", None, 8, 32),
    ("gcp", "n1-standard-4", None, 4, 15),
    ("gcp", "n1-highmem-8", None, 8, 52),
    ("gcp", "n1-standard-96", None, 96, 360),
    ("gcp", "a2-highgpu-1g", None, 12, 85),
    ("gcp", "", Some(("A100", 1000)), 0, 0),
    ("gcp", "", Some(("V100", 1000)), 0, 0),
    ("gcp", "", Some(("V100", 8000)), 0, 0),
    ("gcp", "", Some(("tpu-v2-8", 1000)), 0, 0),
];

fn places(cloud: &str) -> &'static [(&'static str, &'static str)] {
    match cloud {
        "aws" => &[
            ("ap-south-1", "ap-south-1b"),
            ("ap-south-1", "ap-south-1a"),
            ("eu-west-1", "eu-west-1a"),
            ("us-east-1", "us-east-1c"),
            ("us-east-1", "us-east-1a"),
            ("us-west-2", "us-west-2a"),
        ],
        "azure" => &[("eastus", ""), ("westus", "")],
        _ => &[("europe-west4", "europe-west4-a"), ("us-central1", "us-central1-a"), ("us-central1", "us-central1-b")],
    }
}

/// Few different prices, so that ties are common; some rows without.
fn price() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![1 => Just(None), 4 => (1_u32..4).prop_map(|p| Some(p * 100_001))]
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let all: Vec<(Machine, (&str, &str))> =
        MACHINES.iter().flat_map(|m| places(m.0).iter().map(|place| (*m, *place))).collect();
    let rows = all.len();
    (Just(all), prop::collection::vec((any::<bool>(), price(), price()), rows))
        .prop_map(|(all, chosen)| {
            let kept = all.into_iter().zip(chosen).filter(|(_, (keep, ..))| *keep);
            kept.map(|(((cloud, name, accelerator, vcpus, memory), (region, zone)), (_, price, spot))| Line {
                cloud,
                name,
                accelerator,
                vcpus,
                memory,
                region,
                zone,
                price,
                spot,
            })
            .collect()
        })
        .prop_shuffle()
}

fn dollars(price: Option<u32>) -> String {
    price.map_or(String::new(), |micros| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000))
}

fn tables(lines: &[Line]) -> Tables {
    let mut text: BTreeMap<&str, String> = BTreeMap::new();
    for line in lines {
        let header =
            "Region,AvailabilityZone,InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice\n";
        let text = text.entry(line.cloud).or_insert_with(|| header.to_owned());
        let (device, count) =
            line.accelerator.map_or(("", String::new()), |(a, n)| (a, format!("{}", f64::from(n) / 1000.0)));
        let Line { name, vcpus, memory, region, zone, .. } = line;
        let (price, spot) = (dollars(line.price), dollars(line.spot));
        writeln!(text, "{region},{zone},{name},{device},{count},{vcpus},{memory},{price},{spot}")
            .expect("a string grows");
    }
    text.into_iter().fold(Tables::new(), |tables, (cloud, text)| tables.with(cloud, text))
}

/// What is for sale: machines as they are, and on GCP pairs of machine and accelerator in the same zone.
fn for_sale(lines: &[Line]) -> Vec<Line> {
    let mut out = Vec::new();
    for line in lines {
        match (line.name, line.accelerator) {
            ("", Some(("tpu-v2-8", _))) => out.push(Line { name: "TPU-VM", ..line.clone() }),
            ("", Some((device, count))) => {
                let hosts = lines.iter().filter(|host| {
                    host.zone == line.zone
                        && match (device, count) {
                            ("A100", _) => host.name == "a2-highgpu-1g",
                            ("V100", 1000) => host.name == "n1-standard-4" || host.name == "n1-highmem-8",
                            _ => host.name.starts_with("n1-"),
                        }
                });
                out.extend(hosts.map(|host| Line {
                    accelerator: line.accelerator,
                    price: host.price.zip(line.price).map(|(a, b)| a + b),
                    spot: host.spot.zip(line.spot).map(|(a, b)| a + b),
                    ..host.clone()
                }));
            }
            ("a2-highgpu-1g", None) => {}
            _ => out.push(line.clone()),
        }
    }
    out
}

/// A unit as both sides describe it: price, cloud, region, zone, type, zones covered.
type Unit = (u32, String, String, String, String, Vec<String>);

/// What makes a unit: cloud, region, zone if it is of one, accelerator, type.
type UnitKey<'a> = (&'a str, &'a str, &'a str, Option<(&'a str, u32)>, &'a str);

/// The units of one group of types, by definition: price, cloud, `us-*` first on AWS, region, zone, type.
fn expected(sale: &[Line], capacity: CapacityType, grain: Grain, of: impl Fn(&Line) -> bool) -> Vec<Unit> {
    let price = |line: &Line| if capacity == CapacityType::Spot { line.spot } else { line.price };
    let mut units: BTreeMap<UnitKey<'_>, Vec<(u32, &str)>> = BTreeMap::new();
    for line in sale.iter().filter(|line| of(line)) {
        let Some(price) = price(line) else { continue };
        let whole_region = line.cloud == "aws" && grain == Grain::Wide && capacity == CapacityType::OnDemand;
        let zone = if whole_region { "" } else { line.zone };
        units.entry((line.cloud, line.region, zone, line.accelerator, line.name)).or_default().push((price, line.zone));
    }
    let mut units: Vec<_> = units
        .into_iter()
        .map(|((cloud, region, zone, accelerator, name), mut zones)| {
            zones.sort_unstable();
            let abroad = cloud != "aws" || !region.starts_with("us-");
            ((zones[0].0, cloud, abroad, region, zone, name, accelerator), zones)
        })
        .collect();
    units.sort();
    units
        .into_iter()
        .map(|((price, cloud, _, region, zone, name, _), zones)| {
            let zones = zones.iter().map(|(_, zone)| (*zone).to_owned()).filter(|zone| !zone.is_empty()).collect();
            (price, cloud.to_owned(), region.to_owned(), zone.to_owned(), name.to_owned(), zones)
        })
        .collect()
}

fn actual(c: &Catalog, bucket: Bucket, capacity: CapacityType, grain: Grain) -> Vec<Unit> {
    let columns = c.unit_columns(bucket, capacity, grain);
    assert_eq!(columns.rows, c.units(bucket, capacity, grain));
    (0..columns.len())
        .map(|at| {
            let (offering, zones) = c.unit_offering(columns.rows[at], capacity, grain);
            assert_eq!(c.offering_at(&columns, at), (offering, zones));
            assert_eq!(offering.price_hourly.0, columns.prices[at]);
            assert_eq!((offering.instance_type.0, offering.region.0), (columns.types[at], columns.regions[at]));
            assert_eq!(offering.zone.map_or(u16::MAX, |zone| zone.0), columns.zones[at]);
            assert_eq!(zones.len(), c.unit_zones(columns.rows[at], capacity, grain));
            (
                offering.price_hourly.0 as u32,
                c.cloud_name(offering.cloud).to_owned(),
                c.region_name(offering.region).to_owned(),
                offering.zone.map_or("", |zone| c.zone_name(zone)).to_owned(),
                c.type_name(offering.instance_type).to_owned(),
                zones.as_slice().iter().map(|zone| c.zone_name(*zone).to_owned()).collect(),
            )
        })
        .collect()
}

/// Each bucket by what its types have in common.
fn describe(c: &Catalog, bucket: Bucket) -> (Option<(String, u32)>, bool) {
    let accelerator = c.bucket_types(bucket).next().and_then(|kind| c.type_accelerator(kind));
    let accelerator = accelerator.map(|a| (c.accelerator_name(a.accelerator).to_owned(), a.count_milli));
    (accelerator, bucket == Bucket::DEFAULT_CPU)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn units_are_those_of_a_naive_scan(lines in lines()) {
        prop_assume!(!lines.is_empty());
        let catalog = Catalog::from_tables(&tables(&lines)).expect("readable");
        let sale = for_sale(&lines);
        prop_assert_eq!(catalog.row_count() as usize, sale.len());
        for capacity in [CapacityType::OnDemand, CapacityType::Spot] {
            for grain in [Grain::Wide, Grain::Zonal] {
                let mut total = 0;
                for bucket in catalog.buckets() {
                    let (accelerator, default_cpu) = describe(&catalog, bucket);
                    let of = |line: &Line| {
                        let is_default = ["m6i.large", "Standard_D8s_v5", "n2-standard-8"].contains(&line.name);
                        line.accelerator.map(|(a, n)| (a.to_owned(), n)) == accelerator
                            && (accelerator.is_some() || is_default == default_cpu)
                    };
                    let actual = actual(&catalog, bucket, capacity, grain);
                    total += actual.len();
                    prop_assert_eq!(actual, expected(&sale, capacity, grain, of));
                }
                prop_assert_eq!(total, expected(&sale, capacity, grain, |_| true).len());
            }
        }
    }

    #[test]
    fn rows_are_found_by_type_and_place(lines in lines()) {
        prop_assume!(!lines.is_empty());
        let c = Catalog::from_tables(&tables(&lines)).expect("readable");
        for line in for_sale(&lines) {
            let region = c.find_region(None, line.region).expect("in the table");
            let zone = c.find_zone(None, line.zone);
            let same = |kind: &crate::model::TypeId| {
                let accelerator = c.type_accelerator(*kind).map(|a| (c.accelerator_name(a.accelerator), a.count_milli));
                accelerator == line.accelerator
            };
            let kind = c.find_types(None, line.name).find(same).expect("in the table");
            let row = c.row(c.find_row(kind, region, zone).expect("in the table"));
            prop_assert_eq!(row.price.map(|p| p.0), line.price.map(i64::from));
            prop_assert_eq!(row.spot_price.map(|p| p.0), line.spot.map(i64::from));
        }
    }
}
