//! Replay of traces: ticks a second on one core.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sky::model::{Span, Timestamp};
use sky::sim::market::{Played, Replay, Stock, Track};
use sky::sim::trace::{Columns, Series};
use sky::sim::{Entity, Luck};
use std::hint::black_box;

mod setup;

const TICKS: u64 = 100_000;
const GAP: u64 = 195;

/// A trace with runs of random length, as long as those of real probes: a change every ten ticks.
fn text() -> String {
    let mut stream = Luck::new(1, 1).stream(Entity::named("replay"), sky::sim::Purpose::Stock, 0);
    let mut up = 0;
    let ticks = (0..TICKS).map(|_| {
        if stream.chance(0.1) {
            up = 1 - up;
        }
        up.to_string()
    });
    let ticks: Vec<String> = ticks.collect();
    format!("{{\"metadata\": {{\"gap_seconds\": {GAP}}}, \"data\": [{}]}}", ticks.join(","))
}

fn replay(criterion: &mut Criterion) {
    let text = text();
    let series = Series::read(&text, &Columns::default()).expect("a trace");
    let stock = Stock::Trace(Replay::new(&series, &Played::default()).expect("it lasts"));
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(TICKS));
    group.bench_function("ticks", |bencher| {
        bencher.iter(|| {
            let mut track = Track::start(&stock, Luck::new(1, 1), Entity::named("pool"));
            let gap = Span::from_secs(GAP);
            (0..TICKS).map(|tick| u64::from(track.at(&stock, Timestamp(gap.0 * tick)))).sum::<u64>()
        });
    });
    group.bench_function("read", |bencher| bencher.iter(|| Series::read(black_box(&text), &Columns::default())));
    group.finish();
}

criterion_group! {
    name = benches;
    config = setup::criterion();
    targets = replay
}
criterion_main!(benches);
