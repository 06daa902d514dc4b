//! How a plan may change when the prices do: on small made-up catalogs.

use proptest::prelude::*;

use crate::catalog::{Catalog, Tables};
use crate::model::{AcceleratorCount, Candidate, Requirement};
use crate::optimizer::{Options, plan};

const HEADER: &str =
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone\n";

/// Type, region, zone and price in cents; the price is that of type and region, as on AWS.
type Row = (u8, u8, u8, u32);

fn line((kind, region, zone, cents): Row) -> String {
    format!("x{kind}.large,V100,1,8,64,,{}.{:02},,region-{region},region-{region}{zone}\n", cents / 100, cents % 100)
}

/// What each candidate is called and costs: ids differ between catalogs, names do not.
fn ranked(rows: &[Row]) -> Vec<String> {
    let text = HEADER.to_owned() + &rows.iter().map(|row| line(*row)).collect::<String>();
    let catalog = Catalog::from_tables(&Tables::new().with("aws", text)).unwrap();
    let accelerator = catalog.find_accelerator("V100").unwrap();
    let accelerators = vec![AcceleratorCount { accelerator, count_milli: 1000 }];
    let wanted = Requirement { accelerators, ..Requirement::default() };
    let told = |candidate: Candidate| {
        let offering = candidate.offering;
        let zones: Vec<&str> = candidate.zones.as_slice().iter().map(|zone| catalog.zone_name(*zone)).collect();
        let (kind, region) = (catalog.type_name(offering.instance_type), catalog.region_name(offering.region));
        format!("{kind} {region} {zones:?} {}", candidate.cost.0)
    };
    plan(&catalog, &[wanted], 1, &Options::default()).iter().map(told).collect()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let some = prop::collection::btree_set((0u8..3, 0u8..4, 0u8..3), 1..12);
    (some, prop::collection::vec(1u32..6, 12)).prop_map(|(places, cents)| {
        let price = |(kind, region, _): (u8, u8, u8)| cents[usize::from(kind) * 4 + usize::from(region)];
        places.into_iter().map(|place| (place.0, place.1, place.2, price(place))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_dearer_offering_only_adds_itself_at_the_end(rows in rows()) {
        let mut more = rows.clone();
        more.push((7, 7, 7, 100));
        let after = ranked(&more);
        prop_assert_eq!(&after[..after.len() - 1], &ranked(&rows)[..]);
        prop_assert!(after[after.len() - 1].starts_with("x7.large"));
    }

    #[test]
    fn the_order_of_the_table_does_not_matter(rows in rows(), by in 0usize..12) {
        let mut turned = rows.clone();
        turned.rotate_left(by % rows.len());
        prop_assert_eq!(ranked(&turned), ranked(&rows));
    }

    #[test]
    fn taking_the_best_away_leaves_the_rest_in_order(rows in rows()) {
        let before = ranked(&rows);
        let best: Vec<&str> = before[0].split(' ').take(2).collect();
        let is_best = |row: &Row| format!("x{}.large", row.0) == best[0] && format!("region-{}", row.1) == best[1];
        let rest: Vec<Row> = rows.into_iter().filter(|row| !is_best(row)).collect();
        prop_assume!(!rest.is_empty());
        prop_assert_eq!(&ranked(&rest)[..], &before[1..]);
    }
}
