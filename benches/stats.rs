//! Judging a study: resampling, permuting, and a whole comparison table, for 20,000 trials.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use sky::study::stats::{Bootstrap, Comparison, Level, Resampling, Sample, Statistic, compare, swap_test};

mod setup;

const TRIALS: usize = 20_000;
const STATISTICS: [Statistic; 4] = [Statistic::P50, Statistic::P90, Statistic::P99, Statistic::RestrictedMean(20.0)];

/// Waits of four policies: a luck they share and one of their own.
fn samples() -> Vec<Sample> {
    let mut luck = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut exponential = || -libm::log(((luck.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64);
    let shared: Vec<f64> = (0..TRIALS).map(|_| exponential()).collect();
    let mut policy = || Sample::new(shared.iter().map(|wait| wait + exponential()).collect()).expect("numbers");
    (0..4).map(|_| policy()).collect()
}

fn judging(criterion: &mut Criterion) {
    let samples = samples();
    let all: Vec<&Sample> = samples.iter().collect();
    let resampling = Resampling::default();
    let mut group = criterion.benchmark_group("stats");
    group.sample_size(10);
    group.bench_function("bootstrap, one policy, p50", |bencher| {
        bencher.iter(|| Bootstrap::run(black_box(&all[..1]), &STATISTICS[..1], resampling));
    });
    group.bench_function("bootstrap, four policies, four statistics", |bencher| {
        bencher.iter(|| Bootstrap::run(black_box(&all), &STATISTICS, resampling));
    });
    group.bench_function("swap test, p90", |bencher| {
        bencher.iter(|| swap_test(black_box(all[0]), all[1], Statistic::P90, resampling));
    });
    group.bench_function("comparison table, four policies, four statistics", |bencher| {
        let comparison = Comparison { baseline: 0, statistics: &STATISTICS, resampling, level: Level::P95 };
        bencher.iter(|| compare(black_box(&all), comparison));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = setup::criterion();
    targets = judging
}
criterion_main!(benches);
