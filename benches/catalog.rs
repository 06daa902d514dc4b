//! How long it takes to have a catalog, and to ask it.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use sky::catalog::{Bucket, Catalog, Grain};
use sky::model::{AcceleratorCount, CapacityType};

mod setup;

fn load(c: &mut Criterion) {
    let mut group = c.benchmark_group("catalog/load");
    group.bench_function("embedded", |b| b.iter(Catalog::view_embedded));
    group.sample_size(20);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogs");
    group.bench_function("csv", |b| b.iter(|| Catalog::from_dir(&dir).expect("the shipped tables are clean")));
    group.finish();
}

fn names(c: &mut Criterion) {
    let catalog = Catalog::embedded();
    let mut group = c.benchmark_group("catalog/find");
    group.bench_function("accelerator", |b| b.iter(|| catalog.find_accelerator(black_box("V100"))));
    group.bench_function("accelerator, other case", |b| b.iter(|| catalog.find_accelerator(black_box("v100"))));
    group.bench_function("region", |b| b.iter(|| catalog.find_region(None, black_box("us-central1"))));
    group.bench_function("zone", |b| b.iter(|| catalog.find_zone(None, black_box("us-central1-a"))));
    group.bench_function("type", |b| b.iter(|| catalog.find_types(None, black_box("p3.2xlarge")).count()));
    group.bench_function("hints", |b| b.iter(|| catalog.accelerator_hints(black_box("V10"))));
    group.finish();
}

fn units(c: &mut Criterion) {
    let catalog = Catalog::embedded();
    let accelerator = catalog.find_accelerator("V100").expect("sold by all clouds");
    let wanted = AcceleratorCount { accelerator, count_milli: 1000 };
    let mut group = c.benchmark_group("catalog/units");
    group.bench_function("buckets of V100:1", |b| b.iter(|| catalog.buckets_of(black_box(wanted)).count()));
    group.bench_function("offerings of V100:1", |b| {
        b.iter(|| {
            let units = catalog
                .buckets_of(black_box(wanted))
                .flat_map(|bucket| catalog.units(bucket, CapacityType::OnDemand, Grain::Wide).iter());
            let offerings = units.map(|unit| catalog.unit_offering(*unit, CapacityType::OnDemand, Grain::Wide));
            offerings.map(|(offering, zones)| offering.price_hourly.0 + zones.len() as i64).sum::<i64>()
        });
    });
    group.bench_function("offerings of V100:1 by column", |b| {
        b.iter(|| {
            let mut sum = 0;
            for bucket in catalog.buckets_of(black_box(wanted)) {
                let columns = catalog.unit_columns(bucket, CapacityType::OnDemand, Grain::Wide);
                for at in 0..columns.len() {
                    let (offering, zones) = catalog.offering_at(&columns, at);
                    sum += offering.price_hourly.0 + zones.len() as i64;
                }
            }
            sum
        });
    });
    let columns = catalog.unit_columns(Bucket::DEFAULT_CPU, CapacityType::OnDemand, Grain::Wide);
    group.bench_function(format!("filter {} by type and region", columns.len()), |b| {
        // What a filter does: one table of types that fit, then each unit's columns.
        let fits: Vec<bool> = catalog.types().map(|kind| catalog.type_vcpus_milli(kind) >= 8000).collect();
        let region = catalog.find_region(None, "us-east-1").expect("exists").0;
        b.iter(|| {
            let columns = catalog.unit_columns(black_box(Bucket::DEFAULT_CPU), CapacityType::OnDemand, Grain::Wide);
            let found = columns.types.iter().zip(columns.regions).filter(|(t, r)| fits[**t as usize] && **r != region);
            found.count()
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = setup::criterion();
    targets = load, names, units
}
criterion_main!(benches);
