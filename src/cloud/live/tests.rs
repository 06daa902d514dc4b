use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Runtime;

use super::super::fake::{Fake, Faults, Met};
use super::*;
use crate::engine::Engine;
use crate::engine::policy::PolicyName;
use crate::model::{
    AcceleratorCount, Candidate, CapacityType, Demand, Entry, Happening, Limits, Outcome, Span, ZoneSet,
};
use crate::world::{drive, tell};

/// AWS's V100 by region, as one attempt asks for it.
fn candidates(catalog: &Catalog, count: usize) -> Arc<[Candidate]> {
    let v100 = catalog.find_accelerator("V100").expect("sold");
    let wanted = AcceleratorCount { accelerator: v100, count_milli: 1000 };
    let kind = catalog.types().find(|kind| {
        catalog.cloud_name(catalog.type_cloud(*kind)) == "aws" && catalog.type_info(*kind).accelerator == Some(wanted)
    });
    let kind = kind.expect("a type");
    let mut regions: Vec<_> = catalog.rows_of(kind).map(|row| catalog.row(row)).collect();
    regions.dedup_by_key(|row| row.region);
    let one = |row: crate::catalog::Row| {
        let zones: ZoneSet = catalog
            .rows_of(kind)
            .filter(|r| catalog.row_region(*r) == row.region)
            .filter_map(|r| catalog.row_zone(r))
            .collect();
        Candidate {
            offering: crate::model::Offering {
                cloud: catalog.type_cloud(kind),
                capacity: CapacityType::OnDemand,
                region: row.region,
                zone: None,
                instance_type: kind,
                family: catalog.type_info(kind).family,
                accelerator: Some(v100),
                attached: None,
                price_hourly: row.price.expect("a price"),
            },
            zones,
            alternative: 0,
            preference: 0,
            cost: row.price.expect("a price"),
            runtime: Span::HOUR,
        }
    };
    regions.into_iter().take(count).map(one).collect()
}

/// What is written down, kept for questions.
#[derive(Default)]
struct Written {
    intents: Vec<LeaseKey>,
    made: Vec<LeaseKey>,
    asides: usize,
    broken: bool,
}

impl Journal for Written {
    fn before(&mut self, intent: Intent<'_>) -> Result<(), String> {
        if self.broken {
            return Err("disk full".to_owned());
        }
        if let Intent::Launch { order, .. } = intent {
            self.intents.push(order.key.clone());
        }
        Ok(())
    }

    fn after(&mut self, settled: Settled<'_>) {
        match settled {
            Settled::Made { key, .. } => self.made.push(key.clone()),
            Settled::Denied { aside: true, .. } => self.asides += 1,
            _ => {}
        }
    }
}

struct Run {
    journal: Vec<Entry>,
    written: Written,
    lease: Option<Vec<Node>>,
    outcome: Option<Outcome>,
    orphans: usize,
}

fn run(runtime: &Runtime, fake: &Arc<Fake>, nodes: u16, limits: Limits, interrupt: &Interrupt, broken: bool) -> Run {
    let catalog = Catalog::embedded();
    let mut clouds = Clouds::default();
    clouds.add(Arc::clone(fake) as Arc<dyn CloudProvider>);
    let around = Surroundings {
        catalog,
        clouds,
        book: Arc::default(),
        clock: Clock::starting_now(2000.0),
        runtime: runtime.handle().clone(),
        interrupt: interrupt.clone(),
    };
    let launch = Launch {
        demand: DemandId(0),
        owner: "owner".to_owned(),
        cluster: "c".to_owned(),
        uid: "0123456789abcdef".to_owned(),
        machine: Box::new(|_, _| MachineSpec::default()),
    };
    let mut written = Written { broken, ..Written::default() };
    let mut journal = Vec::new();
    let mut world = LiveWorld::new(around, launch, &mut written);
    let mut engine = Engine::new(PolicyName::default(), 1);
    let demand = Demand { id: DemandId(0), nodes, candidates: candidates(catalog, 6), limits };
    tell(&mut engine, &mut world, Event::Arrived(demand), |entry| journal.push(entry));
    drive(&mut engine, &mut world, |entry| journal.push(entry));
    let progress = engine.progress(DemandId(0)).expect("arrived");
    let lease = progress.lease.map(|lease| world.nodes(lease.id).to_vec());
    drop(world);
    Run { journal, written, lease, outcome: progress.outcome, orphans: engine.orphans().count() }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn patient() -> Limits {
    Limits { attempt_timeout: Span::from_secs(100), ..Limits::default() }
}

#[test]
fn a_region_without_capacity_is_left_and_what_was_refused_on_the_way_is_told() {
    let (runtime, fake) = (runtime(), Arc::new(Fake::new("aws")));
    let catalog = Catalog::embedded();
    let candidates = candidates(catalog, 2);
    for zone in candidates[0].zones.as_slice() {
        fake.refuse(catalog.zone_name(*zone), "InsufficientInstanceCapacity", "nothing left");
    }
    let first = catalog.zone_name(candidates[1].zones.as_slice()[0]);
    fake.refuse(first, "InsufficientInstanceCapacity", "nothing left");
    let run = run(&runtime, &fake, 2, patient(), &Interrupt::default(), false);
    assert_eq!(run.outcome, Some(Outcome::Placed));
    let denied = run.journal.iter().filter(|entry| matches!(entry.happening, Happening::Denied(..))).count();
    assert_eq!(denied, candidates[0].zones.len(), "one a zone");
    assert_eq!(run.written.asides, 1, "the zone that was passed over in the region that had it");
    assert_eq!(run.lease.as_deref(), Some(fake.held().as_slice()));
    assert!(run.lease.is_some_and(|nodes| nodes.iter().all(|node| node.zone.as_deref() != Some(first))));
}

#[test]
fn nothing_is_launched_that_could_not_be_written_down() {
    let (runtime, fake) = (runtime(), Arc::new(Fake::new("aws")));
    let run = run(&runtime, &fake, 1, patient(), &Interrupt::default(), true);
    assert_eq!((run.outcome, fake.launches()), (Some(Outcome::Invalid), 0));
}

#[test]
fn a_code_that_no_table_knows_is_told_as_unknown() {
    let (runtime, fake) = (runtime(), Arc::new(Fake::new("aws")));
    let catalog = Catalog::embedded();
    for candidate in candidates(catalog, 6).iter() {
        for zone in candidate.zones.as_slice() {
            fake.refuse(catalog.zone_name(*zone), "MercuryInRetrograde", "ask again in spring");
        }
    }
    let run = run(&runtime, &fake, 1, patient(), &Interrupt::default(), false);
    assert_eq!(run.outcome, Some(Outcome::NoCapacity));
    let codes = run.journal.iter().filter_map(|entry| match &entry.happening {
        Happening::Denied(_, denial) => Some((denial.cause, denial.code.to_string())),
        _ => None,
    });
    let codes: Vec<_> = codes.collect();
    assert!(!codes.is_empty());
    assert!(codes.iter().all(|(cause, code)| *cause == crate::model::Cause::Unknown && code == "MercuryInRetrograde"));
}

/// Whatever goes wrong: what is held is what the engine holds, every machine had an intent, and no key made more than
/// was ordered.
#[test]
fn whatever_goes_wrong_nothing_is_held_that_nobody_knows_of() {
    let runtime = runtime();
    let mut met = Met::new();
    let (mut placed, mut partial) = (0, 0);
    for seed in 0..120_u64 {
        let faults = Faults {
            lost_answer: 0.25,
            hang: 0.1,
            partial: 0.3,
            stockout: 0.2,
            throttle: 0.1,
            failed_release: 0.4,
            failed_find: 0.2,
            list_lag: Duration::from_millis(4),
            latency: Duration::from_millis(1),
        };
        let fake = Arc::new(Fake::new("aws").with_faults(faults, seed));
        let run = run(&runtime, &fake, 2, patient(), &Interrupt::default(), false);
        for (fault, count) in fake.met() {
            *met.entry(fault).or_default() += count;
        }
        placed += usize::from(run.lease.is_some());
        partial += run.journal.iter().filter(|e| matches!(e.happening, Happening::PartlyLaunched(..))).count();
        let held = fake.held();
        assert!(held.iter().all(|node| run.written.intents.contains(&node.key)), "seed {seed}: no intent");
        assert!(run.written.made.iter().all(|key| run.written.intents.contains(key)), "seed {seed}");
        let kept = run.lease.clone().unwrap_or_default();
        let mut kept: Vec<_> = kept.iter().map(|node| node.id.clone()).collect();
        let mut held: Vec<_> = held.iter().map(|node| node.id.clone()).collect();
        kept.sort();
        held.sort();
        if run.orphans == 0 {
            assert_eq!(held, kept, "seed {seed}: {:?}", run.outcome);
        }
        assert!(kept.is_empty() || kept.len() == 2, "seed {seed}: a gang is whole");
    }
    for fault in [
        "lost answer",
        "hang before",
        "hang after",
        "partial",
        "stockout",
        "throttle",
        "failed release",
        "list lag",
        "failed find",
    ] {
        assert!(met.get(fault).is_some_and(|count| *count > 3), "{fault} was hardly met: {met:?}");
    }
    assert!(placed > 60 && partial > 10, "{placed} placed, {partial} partial");
}

#[test]
fn an_interrupt_gives_back_what_was_on_its_way() {
    let runtime = runtime();
    let whole = AtomicUsize::new(0);
    for millis in [0_u64, 20, 60, 200] {
        let faults = Faults { latency: Duration::from_millis(100), hang: 0.5, ..Faults::default() };
        let fake = Arc::new(Fake::new("aws").with_faults(faults, millis));
        let interrupt = Interrupt::default();
        let raised = interrupt.clone();
        runtime.spawn(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            raised.raise();
        });
        // An attempt may hang for hours of engine time: only the interrupt ends it.
        let limits = Limits { attempt_timeout: Span::from_secs(1_000_000), ..Limits::default() };
        let run = run(&runtime, &fake, 2, limits, &interrupt, false);
        match run.outcome {
            Some(Outcome::Cancelled) => assert_eq!(fake.held(), [], "after {millis} ms"),
            // It was up before the wish came.
            outcome => {
                assert_eq!(outcome, Some(Outcome::Placed));
                whole.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    assert!(whole.load(Ordering::Relaxed) < 4, "nothing was interrupted");
}
