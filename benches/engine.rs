//! The failover engine alone: deciding a whole launch whose candidates all fail, and re-planning after one denial.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sky::engine::policy::PolicyName;
use sky::engine::{Effect, Engine};
use sky::model::{
    Answer, Attempt, Call, Candidate, CapacityType, Cause, CloudId, Demand, DemandId, Denial, Event, FamilyId, Limits,
    Money, Offering, RegionId, Scope, Span, Timestamp, TypeId, ZoneId, ZoneSet,
};

mod setup;

/// `count` candidates over three clouds, four zones a region, prices rising.
fn candidates(count: u16) -> Arc<[Candidate]> {
    let one = |index: u16| {
        let price_hourly = Money::from_dollars(2.0 + f64::from(index) / 100.0);
        let offering = Offering {
            cloud: CloudId((index % 3) as u8),
            capacity: CapacityType::OnDemand,
            region: RegionId(index / 4),
            zone: Some(ZoneId(index)),
            instance_type: TypeId(index % 3),
            family: FamilyId(index % 3),
            accelerator: None,
            attached: None,
            price_hourly,
        };
        let zones = ZoneSet::one(ZoneId(index));
        Candidate { offering, zones, alternative: 0, preference: 0, cost: price_hourly, runtime: Span::HOUR }
    };
    (0..count).map(one).collect()
}

fn stockout(attempt: &Attempt, words: &Arc<str>) -> Denial {
    let offering = &attempt.offering;
    let scope = Scope {
        cloud: Some(offering.cloud),
        region: Some(offering.region),
        zone: offering.zone,
        instance_type: Some(offering.instance_type),
        capacity: Some(offering.capacity),
        ..Scope::default()
    };
    let cooldown = Span::from_secs(600);
    Denial {
        cause: Cause::Stockout,
        scope,
        cooldown,
        retry_after: None,
        code: Arc::clone(words),
        text: Arc::clone(words),
    }
}

fn arrived(candidates: &Arc<[Candidate]>) -> Event {
    let candidates = Arc::clone(candidates);
    Event::Arrived(Demand { id: DemandId(0), nodes: 1, candidates, limits: Limits::default() })
}

/// Denies every attempt until nothing is left; returns how many attempts that took.
fn deny_everything(engine: &mut Engine, candidates: &Arc<[Candidate]>, words: &Arc<str>) -> u32 {
    let (mut event, mut now, mut attempts) = (arrived(candidates), Timestamp::ZERO, 0);
    loop {
        let launch = engine.step(now, event).find_map(|effect| match effect {
            Effect::Call(id, Call::Launch(attempt)) => Some((id, attempt)),
            _ => None,
        });
        let Some((id, attempt)) = launch else { return attempts };
        attempts += 1;
        now = now + Span::from_secs(13);
        event = Event::Answered(id, Answer::Denied(std::iter::once(stockout(&attempt, words)).collect()));
    }
}

fn all_fail(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine/all-fail");
    let words: Arc<str> = Arc::from("ZONE_RESOURCE_POOL_EXHAUSTED");
    for count in [46_u16, 460, 4600] {
        let candidates = candidates(count);
        let mut engine = Engine::new(PolicyName::CloudFirst, 0);
        assert_eq!(deny_everything(&mut engine, &candidates, &words), u32::from(count));
        group.throughput(Throughput::Elements(u64::from(count)));
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| {
                engine.reset(0);
                black_box(deny_everything(&mut engine, &candidates, &words))
            });
        });
    }
    group.finish();
}

fn one_step(criterion: &mut Criterion) {
    let words: Arc<str> = Arc::from("ZONE_RESOURCE_POOL_EXHAUSTED");
    let candidates = candidates(46);
    criterion.bench_function("engine/step-denied", |bencher| {
        bencher.iter_batched(
            || {
                let mut engine = Engine::new(PolicyName::CloudFirst, 0).without_journal();
                let launch = engine.step(Timestamp::ZERO, arrived(&candidates)).find_map(|effect| match effect {
                    Effect::Call(id, Call::Launch(attempt)) => Some((id, attempt)),
                    _ => None,
                });
                let (id, attempt) = launch.expect("an open candidate is attempted");
                let denials = std::iter::once(stockout(&attempt, &words)).collect();
                (engine, Event::Answered(id, Answer::Denied(denials)))
            },
            |(mut engine, event)| {
                let effects = engine.step(Timestamp(13_000_000), event).count();
                (engine, effects)
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group! {
    name = benches;
    config = setup::criterion();
    targets = all_fail, one_step
}
criterion_main!(benches);
