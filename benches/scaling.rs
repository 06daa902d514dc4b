//! How planning grows with what is asked, and what it cannot go below: reading the columns that it has to look at.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sky::catalog::{Bucket, Catalog, Grain};
use sky::model::{CapacityType, Requirement};
use sky::optimizer::{Edge, Egress, EgressTariff, GraphOptions, Options, TaskNode, plan, plan_graph};

mod setup;

/// The floor: one pass over the prices, types and regions of every unit of the default CPU families, in order, counting
/// those of one type. A plan reads the same columns and writes what it keeps.
fn floor(criterion: &mut Criterion) {
    let columns = Catalog::embedded().unit_columns(Bucket::DEFAULT_CPU, CapacityType::OnDemand, Grain::Wide);
    let mut group = criterion.benchmark_group("floor");
    group.throughput(Throughput::Elements(columns.len() as u64));
    group.bench_function(BenchmarkId::new("one pass over the columns", columns.len()), |bencher| {
        bencher.iter(|| {
            let columns = black_box(&columns);
            let rows = columns.prices.iter().zip(columns.types).zip(columns.regions);
            rows.fold((0, 0_u64), |(sum, seen), ((price, kind), region)| {
                (sum + price, seen + u64::from(*kind == 7) + u64::from(*region == 7))
            })
        });
    });
    group.finish();
}

/// Any of 1, 2, 4, ... accelerators: every count of every model is an alternative of its own.
fn alternatives(criterion: &mut Criterion) {
    let catalog = Catalog::embedded();
    let options = Options::default();
    let mut asked: Vec<Requirement> = Vec::new();
    for bucket in catalog.buckets() {
        let Some(devices) = catalog.bucket_accelerator(bucket) else { continue };
        asked.push(Requirement { accelerators: vec![devices], ..Requirement::default() });
    }
    asked.sort_by_key(|wanted| std::cmp::Reverse(plan(catalog, std::slice::from_ref(wanted), 1, &options).len()));
    let mut group = criterion.benchmark_group("scaling/alternatives");
    for count in [1, 2, 4, 8, 16, 32, 64] {
        let wanted = &asked[..count];
        group.throughput(Throughput::Elements(plan(catalog, wanted, 1, &options).len() as u64));
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| plan(catalog, black_box(wanted), 1, &options));
        });
    }
    group.finish();
}

/// A chain of 10, 20, 40, ... tasks on default machines, 100 GB between each.
fn tasks(criterion: &mut Criterion) {
    let catalog = Catalog::embedded();
    let egress = Egress::new(catalog, EgressTariff::Regions);
    let options = GraphOptions::default();
    let mut group = criterion.benchmark_group("scaling/tasks");
    for count in [10_u32, 20, 40, 80, 160, 320] {
        let node = |_| TaskNode { wanted: vec![Requirement::default()], nodes: 1, ..TaskNode::default() };
        let nodes: Vec<TaskNode> = (0..count).map(node).collect();
        let edges: Vec<Edge> = (1..count).map(|to| Edge { from: to - 1, to, gigabytes: 100.0 }).collect();
        group.throughput(Throughput::Elements(count.into()));
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| plan_graph(catalog, black_box(&nodes), &edges, &egress, &options));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = setup::criterion();
    targets = floor, alternatives, tasks
}
criterion_main!(benches);
