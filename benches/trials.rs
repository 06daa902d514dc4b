//! Whole trials: engine and market together, one thread.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sky::catalog::Catalog;
use sky::engine::policy::PolicyName;
use sky::sim::scenario::Scenario;
use sky::sim::trial::Runner;
use sky::yaml::Source;
use std::hint::black_box;

mod setup;

const V100_SCARCE: &str = include_str!("../scenarios/v100-scarce.yaml");

fn trials(criterion: &mut Criterion) {
    let source = Source { name: "v100-scarce.yaml", text: V100_SCARCE };
    let scenario = Scenario::load(&source, Catalog::embedded(), &[]).expect("the scenario is sound");
    let market = scenario.market();
    let mut group = criterion.benchmark_group("trials");
    group.throughput(Throughput::Elements(1));
    for policy in [PolicyName::CloudFirst, PolicyName::Cheapest] {
        let mut runner = Runner::new(&market, scenario.seed);
        let mut trial = 0;
        group.bench_function(format!("v100-scarce/{policy}"), |bencher| {
            bencher.iter(|| {
                trial += 1;
                black_box(runner.run(policy, trial))
            });
        });
    }
    group.finish();
    criterion.bench_function("scenario/load", |bencher| {
        bencher.iter(|| Scenario::load(black_box(&source), Catalog::embedded(), &[]));
    });
}

criterion_group! {
    name = benches;
    config = setup::criterion();
    targets = trials
}
criterion_main!(benches);
