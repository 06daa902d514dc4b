//! The tables that are shipped, embedded and from CSV.

use std::path::Path;

use crate::catalog::compile::columns::Columns;
use crate::catalog::{AWS, AZURE, Bucket, Catalog, GCP, Grain};
use crate::model::{AcceleratorCount, CapacityType, Money, RegionId};

fn shipped() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/catalogs"))
}

fn wanted(catalog: &Catalog, accelerator: &str, count_milli: u32) -> AcceleratorCount {
    let accelerator = catalog.find_accelerator(accelerator).expect("an accelerator of the shipped tables");
    AcceleratorCount { accelerator, count_milli }
}

/// Type names of all on-demand units for a request, in order of the lists.
fn types_for(catalog: &Catalog, accelerator: &str, count_milli: u32) -> Vec<String> {
    let buckets = catalog.buckets_of(wanted(catalog, accelerator, count_milli));
    let units = buckets.flat_map(|bucket| catalog.units(bucket, CapacityType::OnDemand, Grain::Wide));
    units.map(|unit| catalog.type_name(catalog.row_type(*unit)).to_owned()).collect()
}

fn region(catalog: &Catalog, name: &str) -> RegionId {
    catalog.find_region(None, name).expect("a region of the shipped tables")
}

#[test]
fn embedded_equals_csv() {
    let csv = Catalog::from_dir(shipped()).expect("the shipped tables are clean");
    assert!(csv == *Catalog::embedded(), "the embedded catalog is not that of catalogs/");
    assert_eq!(csv.notes().len(), 0);
}

#[test]
fn binary_form_survives_the_round_and_refuses_what_is_cut() {
    let tables = crate::catalog::Tables::new().with(
        "aws",
        "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region,AvailabilityZone\n\
         m6i.large,,,2,8,0.096,,us-east-1,us-east-1a\n",
    );
    let small = Catalog::from_tables(&tables).expect("one good row");
    let words: Vec<u64> = small.columns.to_bytes().chunks(8).map(word).collect();
    let bytes: &'static [u8] = bytemuck::cast_slice(Vec::leak(words));
    assert!(Columns::from_bytes(bytes).as_ref() == Some(&small.columns));
    for end in (0..bytes.len() - 8).step_by(8) {
        assert!(Columns::from_bytes(&bytes[..end]).is_none(), "cut to {end} bytes");
    }
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[test]
fn ids_are_in_the_order_of_names() {
    let c = Catalog::embedded();
    assert!(c.regions().is_sorted_by_key(|r| (c.cloud_name(c.region_cloud(r)), c.region_name(r))));
    assert!(c.zones().is_sorted_by_key(|z| (c.zone_region(z), c.zone_name(z))));
    assert!(c.accelerators().is_sorted_by_key(|a| c.accelerator_name(a)));
    assert!(c.types().is_sorted_by_key(|t| {
        let attached = c.type_accelerator(t).map(|a| (a.accelerator, a.count_milli));
        (c.cloud_name(c.type_cloud(t)), c.type_name(t), attached)
    }));
}

#[test]
fn every_name_is_found_again() {
    let c = Catalog::embedded();
    for region in c.regions() {
        assert_eq!(c.find_region(None, &c.region_name(region).to_uppercase()), Some(region));
    }
    for zone in c.zones() {
        assert_eq!(c.find_zone(None, c.zone_name(zone)), Some(zone));
        assert!(c.zones_of(c.zone_region(zone)).any(|z| z == zone));
    }
    for kind in c.types() {
        assert!(c.find_types(None, c.type_name(kind)).any(|found| found == kind));
        assert!(c.bucket_types(c.type_bucket(kind)).any(|found| found == kind));
    }
    for family in c.families() {
        assert_eq!(c.find_family(c.family_cloud(family), c.family_name(family)), Some(family));
    }
    assert_eq!(c.find_accelerator("a10g").map(|a| c.accelerator_name(a)), Some("A10G"));
    assert_eq!(c.find_accelerator("A10"), c.find_accelerator("a10"));
    for nothing in ["", "V10", "V1000", "a100-80"] {
        assert_eq!(c.find_accelerator(nothing), None, "{nothing}");
    }
    assert_eq!(
        c.find_types(None, "standard_nc6s_v3").map(|t| c.type_name(t)).collect::<Vec<_>>(),
        ["Standard_NC6s_v3"]
    );
    assert_eq!([AWS, AZURE, GCP].map(|cloud| c.find_cloud(c.cloud_title(cloud))), [Some(AWS), Some(AZURE), Some(GCP)]);
}

#[test]
fn v100_is_sold_by_three_clouds_at_the_sum_of_both_prices() {
    let c = Catalog::embedded();
    let types = types_for(c, "V100", 1000);
    for name in ["p3.2xlarge", "Standard_NC6s_v3", "n1-highmem-8"] {
        assert!(types.iter().any(|t| t == name), "{name}");
    }
    // 12 vCPUs and 78 GB are the most that one V100 goes with.
    assert!(!types.iter().any(|t| t == "n1-standard-16"), "too large for one V100");
    let kind =
        c.find_types(Some(GCP), "n1-highmem-8").find(|t| c.type_accelerator(*t) == Some(wanted(c, "V100", 1000)));
    let info = c.type_info(kind.expect("attachable"));
    assert!(info.attached && !info.slice && info.vcpus_milli == 8000 && info.memory_mib == 52 * 1024);
    // 0.473212 for the machine and 2.48 for the V100 in us-central1.
    let zone = c.find_zone(None, "us-central1-a");
    let row = c.find_row(kind.expect("attachable"), region(c, "us-central1"), zone).expect("has both");
    assert_eq!(c.price(row, CapacityType::OnDemand), Some(Money(473_212 + 2_480_000)));
}

#[test]
fn aws_on_demand_covers_a_region_and_spot_a_zone() {
    let c = Catalog::embedded();
    let kind = c.find_types(None, "p3.2xlarge").next().expect("sold");
    let unit_of = |capacity, grain: Grain| {
        let units = c.units(c.type_bucket(kind), capacity, grain);
        let here = |unit: &&u32| c.row_type(**unit) == kind && c.row_region(**unit) == region(c, "us-east-1");
        units.iter().filter(here).map(|u| c.unit_offering(*u, capacity, grain)).collect::<Vec<_>>()
    };
    let [(offering, zones)] = unit_of(CapacityType::OnDemand, Grain::Wide)[..] else { panic!("one unit a region") };
    assert_eq!((offering.zone, offering.price_hourly), (None, Money(3_060_000)));
    let names: Vec<_> = zones.as_slice().iter().map(|z| c.zone_name(*z)).collect();
    assert!(names.len() > 1 && names.is_sorted(), "{names:?}");
    for (capacity, grain) in [(CapacityType::OnDemand, Grain::Zonal), (CapacityType::Spot, Grain::Wide)] {
        let units = unit_of(capacity, grain);
        assert_eq!(units.len(), names.len());
        assert!(units.iter().all(|(o, zones)| o.zone.is_some() && zones.as_slice() == [o.zone.unwrap()]));
    }
}

#[test]
fn regions_of_the_united_states_come_first_among_equal_prices() {
    let c = Catalog::embedded();
    let kind = c.find_types(None, "p3.2xlarge").next().expect("sold");
    let units = c.units(c.type_bucket(kind), CapacityType::OnDemand, Grain::Wide);
    let regions: Vec<_> =
        units.iter().filter(|u| c.row_type(**u) == kind).map(|u| c.region_name(c.row_region(*u))).collect();
    assert_eq!(regions[..3], ["us-east-1", "us-east-2", "us-west-2"]);
}

#[test]
fn slices_of_an_a10_answer_a_request_for_one() {
    let c = Catalog::embedded();
    let whole = types_for(c, "A10", 1000);
    assert!(
        whole.iter().any(|t| t == "Standard_NV6ads_A10_v5") && whole.iter().any(|t| t == "Standard_NV36ads_A10_v5")
    );
    let slice = types_for(c, "A10", 167);
    assert!(!slice.is_empty() && slice.iter().all(|t| t == "Standard_NV6ads_A10_v5"));
    let kind = c.find_types(None, "Standard_NV6ads_A10_v5").next().expect("sold");
    assert_eq!((c.presented_count(kind), c.true_fraction(kind)), (1000, Some(167)));
    let v710 = c.find_types(None, "Standard_NV4ads_V710_v5").next().expect("sold");
    assert_eq!((c.presented_count(v710), c.true_fraction(v710)), (167, None));
}

#[test]
fn tpu_slices_have_a_pseudo_machine_and_prices_beyond_32_bits() {
    let c = Catalog::embedded();
    let [bucket] = c.buckets_of(wanted(c, "TPU-v5p-12288", 1000)).collect::<Vec<_>>()[..] else { panic!("one bucket") };
    let unit = c.units(bucket, CapacityType::OnDemand, Grain::Wide)[0];
    let (offering, _) = c.unit_offering(unit, CapacityType::OnDemand, Grain::Wide);
    assert_eq!(c.type_name(offering.instance_type), "TPU-VM");
    assert!(offering.price_hourly.0 > u32::MAX as i64);
    let info = c.type_info(offering.instance_type);
    assert!(info.slice && (info.vcpus_milli, info.memory_mib) == (0, 0));
    assert_eq!(c.accelerator_info(info.accelerator.unwrap().accelerator).manufacturer, "Google");
}

#[test]
fn no_free_and_no_accelerator_machine_is_a_default_one() {
    let c = Catalog::embedded();
    let units = c.unit_columns(Bucket::DEFAULT_CPU, CapacityType::OnDemand, Grain::Wide);
    assert!(units.len() > 5000 && units.prices.is_sorted() && units.prices[0] > 0);
    assert!(c.bucket_types(Bucket::DEFAULT_CPU).all(|t| c.type_info(t).default_cpu && c.type_accelerator(t).is_none()));
    assert!(c.bucket_types(Bucket::OTHER_CPU).all(|t| !c.type_info(t).default_cpu && c.type_accelerator(t).is_none()));
}

#[test]
fn accelerators_know_memory_and_maker() {
    let c = Catalog::embedded();
    for (name, mib, gb, maker) in [
        ("V100", 16_384, 16, "NVIDIA"),
        ("L4", 22_888, 24, "NVIDIA"),
        ("H100", 81_920, 80, "NVIDIA"),
        ("MI25", 16_384, 16, "AMD"),
        ("tpu-v2-8", 0, 0, "Google"),
    ] {
        let info = c.accelerator_info(c.find_accelerator(name).unwrap());
        assert_eq!((info.memory_mib, info.memory_gb(), info.manufacturer), (mib, gb, maker), "{name}");
    }
}

#[test]
fn side_tables_answer() {
    let c = Catalog::embedded();
    let egress = c.egress(region(c, "us-east-1"), region(c, "us-central1")).expect("measured");
    assert_eq!(egress.per_gb, Money(90_000));
    assert!(egress.throughput_gbps.is_some_and(|gbps| gbps > 0.1 && gbps < 100.0));
    let same = region(c, "us-central1");
    assert_eq!(c.egress(same, same).map(|e| e.per_gb), Some(Money::ZERO));
    let kind = c.find_types(None, "a1.2xlarge").next().unwrap();
    let rate = c.interruption(kind, region(c, "ap-south-1")).expect("in the advisor");
    assert_eq!((rate.low, rate.high), (0.2, 1.0));
    assert_eq!(c.interruption(kind, region(c, "eastus")), None);
    let quotas = c.default_quotas();
    assert_eq!((quotas.len(), quotas[0].cloud, quotas[0].limit_milli), (7, AWS, 5000));
    assert_eq!((quotas[6].cloud, quotas[6].code, quotas[6].limit_milli), (GCP, "GPUS_ALL_REGIONS", 0));
}

#[test]
fn unknown_names_get_suggestions_but_no_guess() {
    let c = Catalog::embedded();
    assert_eq!(c.fuzzy_accelerators("H10"), ["H100", "H100-MEGA", "A10"]);
    let hints = c.accelerator_hints("a100-80");
    assert_eq!(hints.containing.iter().map(|a| c.accelerator_name(*a)).collect::<Vec<_>>(), ["A100-80GB"]);
    assert_eq!(c.fuzzy_accelerators(""), [""; 0]);
    assert_eq!(c.fuzzy_accelerators("no such thing at all"), [""; 0]);
    assert_eq!(c.fuzzy_regions(Some(AWS), "us-east1")[0], "us-east-1");
    assert_eq!(c.fuzzy_zones(Some(GCP), "us-central1a")[0], "us-central1-a");
    assert_eq!(c.fuzzy_types(None, "p3.2xlage")[0], "p3.2xlarge");
}

#[test]
fn only_names_of_like_length_are_compared_and_none_that_is_alike_is_missed() {
    let c = Catalog::embedded();
    let by_hand = |name: &str| -> Vec<&str> {
        let alike = |region: &&str| strsim::normalized_damerau_levenshtein(region, name);
        let mut found: Vec<&str> = c.regions().map(|region| c.region_name(region)).collect();
        found.retain(|region| alike(region) >= 0.6);
        found.sort_by(|a, b| alike(b).total_cmp(&alike(a)).then_with(|| a.cmp(b)));
        found.truncate(5);
        found
    };
    let names: Vec<&str> = c.regions().step_by(9).map(|region| c.region_name(region)).collect();
    assert!(names.len() > 5);
    for name in names {
        for length in 1..=name.len() {
            let (cut, longer) = (&name[..length], format!("{name}{}", &name[length..]));
            assert_eq!(c.fuzzy_regions(None, cut), by_hand(cut), "{cut}");
            assert_eq!(c.fuzzy_regions(None, &longer), by_hand(&longer), "{longer}");
        }
    }
    // To compare so many letters with a single name would take gigabytes.
    assert_eq!(c.fuzzy_types(None, &"p".repeat(1 << 24)), [""; 0]);
}
