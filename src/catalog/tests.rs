//! The catalog as a whole.

use super::*;
use crate::model::{AcceleratorCount, CapacityType};

#[test]
fn embedded_answers() {
    let c = Catalog::embedded();
    let v100 = c.find_accelerator("v100").unwrap();
    let buckets: Vec<_> = c.buckets_of(AcceleratorCount { accelerator: v100, count_milli: 1000 }).collect();
    assert_eq!(buckets.len(), 1);
    let units = c.units(buckets[0], CapacityType::OnDemand, Grain::Wide);
    let (first, zones) = c.unit_offering(units[0], CapacityType::OnDemand, Grain::Wide);
    for &u in units.iter().take(20) {
        let (o, z) = c.unit_offering(u, CapacityType::OnDemand, Grain::Wide);
        println!(
            "{} {} {} {:?}",
            c.type_name(o.instance_type),
            c.region_name(o.region),
            o.price_hourly.as_dollars(),
            z.as_slice().iter().map(|z| c.zone_name(*z)).collect::<Vec<_>>()
        );
    }
    println!(
        "{} {:?} rows {} types {} units {}",
        c.type_name(first.instance_type),
        zones,
        c.row_count(),
        c.types().len(),
        units.len()
    );
    println!("{}", EMBEDDED.0.len());
    assert!(!units.is_empty());
}
