//! The optimizer: ranking one request over the whole embedded catalog, and planning graphs of tasks.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sky::catalog::Catalog;
use sky::model::{AcceleratorCount, Requirement};
use sky::optimizer::{Options, plan};

fn devices(catalog: &Catalog, name: &str, count: u32) -> Requirement {
    let accelerator = catalog.find_accelerator(name).expect("the embedded catalog has it");
    let accelerators = vec![AcceleratorCount { accelerator, count_milli: count * 1000 }];
    Requirement { accelerators, ..Requirement::default() }
}

const TEN: [(&str, u32); 10] = [
    ("T4", 1),
    ("V100", 1),
    ("A100", 1),
    ("L4", 1),
    ("A10G", 1),
    ("H100", 8),
    ("A10", 1),
    ("A100-80GB", 8),
    ("P100", 1),
    ("H200", 8),
];

fn single(criterion: &mut Criterion) {
    let catalog = Catalog::embedded();
    let options = Options::default();
    let mut group = criterion.benchmark_group("plan");
    let v100 = [devices(catalog, "V100", 1)];
    group.bench_function("V100:1", |b| b.iter(|| plan(catalog, black_box(&v100), 1, &options)));
    let gang = [devices(catalog, "A100", 8)];
    group.bench_function("A100:8 x16 nodes", |b| b.iter(|| plan(catalog, black_box(&gang), 16, &options)));
    let cpus = [Requirement::default()];
    group.bench_function("default CPU", |b| b.iter(|| plan(catalog, black_box(&cpus), 1, &options)));
    let ten: Vec<Requirement> = TEN.iter().map(|(name, count)| devices(catalog, name, *count)).collect();
    group.bench_function("any_of 10 GPUs", |b| b.iter(|| plan(catalog, black_box(&ten), 1, &options)));
    let ranked = plan(catalog, &v100, 1, &options);
    group.bench_function("V100:1 candidates in full", |b| b.iter(|| black_box(&ranked).candidates()));
    group.finish();
    for (name, wanted) in [("V100:1", &v100[..]), ("default CPU", &cpus), ("any_of 10 GPUs", &ten)] {
        println!("{name}: {} candidates", plan(catalog, wanted, 1, &options).len());
    }
}

criterion_group!(benches, single);
criterion_main!(benches);
