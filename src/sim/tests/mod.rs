//! The world as a whole: asking changes nothing, luck is its own, books balance.

mod faults;
pub(crate) mod hand;
mod jobs;
mod limits;
mod market;
mod shocks;
mod spot;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use proptest::prelude::*;

use super::market::{Counted, Faults, Market, Renewal, Stock, Window};
use super::trial::{Fold, Runner, fold_trials, run_trials};
use super::*;
use crate::engine::policy::PolicyName;
use crate::model::{Cause, Happening, Money, Outcome, Span, Timestamp};
use hand::Hand;

pub(crate) fn renewal(up: f64, down: f64, nodes: u32) -> Stock {
    Stock::Renewal(Renewal::new(Law::Exponential { mean: up }, Law::Exponential { mean: down }, nodes).unwrap())
}

fn scarce() -> Market {
    let long = Law::mixture(vec![(0.7, Law::Exponential { mean: 1800.0 }), (0.3, Law::Exponential { mean: 16_000.0 })]);
    let semi = Renewal::new(Law::LogNormal { mu: 7.5, sigma: 1.0 }, long.unwrap(), 2).unwrap();
    Hand::new(1)
        .place(2, 0, &[0], 2.5, &[renewal(600.0, 3000.0, 1)])
        .place(2, 0, &[1], 2.5, &[Stock::Renewal(semi)])
        .place(0, 1, &[2, 3, 4], 3.06, &[renewal(900.0, 900.0, 1), renewal(900.0, 5000.0, 1), Stock::Always(0)])
        .place(1, 2, &[], 3.5, &[Stock::Counted(Counted::new(4, 1, 300.0, 2000.0).unwrap())])
        .build()
}

#[test]
fn fails_over_from_zone_to_region_to_cloud_in_the_clouds_words() {
    let market = Hand::new(1)
        .place(2, 0, &[0], 2.5, &[Stock::Always(0)])
        .place(2, 1, &[1], 2.6, &[Stock::Always(0)])
        .place(0, 2, &[2, 3], 3.06, &[Stock::Always(0), Stock::Always(1)])
        .build();
    let mut runner = Runner::new(&market, 1);
    let mut told = Vec::new();
    let result = runner.run_recorded(PolicyName::CloudFirst, 0, |entry| match entry.happening {
        Happening::Denied(_, denial) => {
            told.push(format!("{} {} {}", entry.at.since(Timestamp::ZERO), denial.code, denial.text));
        }
        Happening::Launched(_, lease) => {
            told.push(format!("{:?} zone {:?}", entry.at.since(Timestamp::ZERO), lease.zone));
        }
        _ => {}
    });
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("ZONE_RESOURCE_POOL_EXHAUSTED The zone 'projects/sky-project/zones/r0-0' does not have"));
    assert!(told[2].contains("ZoneId(3)"), "{told:?}");
    let demand = &result.demands[0];
    assert_eq!((demand.outcome, demand.attempts), (Some(Outcome::Placed), 3));
    assert_eq!(demand.price_hourly, Some(Money::from_dollars(3.06)));
    assert_eq!(demand.cheapest_hourly, demand.price_hourly);
    assert!(result.probes.has(Probe::CrossRegion) && result.probes.has(Probe::CrossCloud));
    // Two GCP stockouts of 13 to 18 s, then an AWS launch of 183 to 278 s.
    let waited = demand.waited.as_secs_f64();
    assert!((209.0..314.0).contains(&waited), "{waited}");
}

#[test]
fn results_do_not_depend_on_threads_policies_or_the_order_of_trials() {
    let market = scarce();
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let run = |policy| run_trials(&market, policy, 7, 0..600, |_| {});
    let one = pool(1).install(|| run(PolicyName::CloudFirst));
    let four = pool(4).install(|| run(PolicyName::CloudFirst));
    assert_eq!(one, four);
    let mut runner = Runner::new(&market, 7);
    for trial in [599, 3, 300] {
        runner.run(PolicyName::Cheapest, trial);
        assert_eq!(runner.run(PolicyName::CloudFirst, trial), one[trial as usize]);
    }
    assert!(one.iter().any(|r| r.demands[0].denials.count(Cause::Stockout) > 2), "the market was not scarce");
    let other = run_trials(&market, PolicyName::CloudFirst, 8, 0..600, |_| {});
    assert_ne!(one, other);
}

#[test]
fn few_trials_of_many_demands_are_shared_among_threads_too() {
    let batches = |demands| {
        let mut market = scarce();
        market.demands = vec![market.demands[0].clone(); demands];
        for (id, wish) in market.demands.iter_mut().enumerate() {
            wish.demand.id = crate::model::DemandId(id as u32);
        }
        batches_of_64(&market)
    };
    assert_eq!([1, 32, 100].map(batches), [1, 8, 16]);
}

/// How many batches 64 trials are run in.
fn batches_of_64(market: &Market) -> u64 {
    let (begun, trials) = (AtomicU64::new(0), AtomicU64::new(0));
    let fold = Fold {
        begin: || begun.fetch_add(1, Relaxed),
        see: |_: &mut u64, _, _| {},
        done: |more| {
            trials.fetch_add(more, Relaxed);
        },
    };
    fold_trials(market, &[PolicyName::CloudFirst], 7, 5..69, &fold, |_| {});
    assert_eq!(trials.into_inner(), 64);
    begun.into_inner()
}

#[test]
fn two_policies_meet_the_same_market() {
    let market = scarce();
    let mut runner = Runner::new(&market, 3);
    for trial in 0..200 {
        let first = runner.run(PolicyName::CloudFirst, trial).demands[0].cheapest_hourly;
        assert_eq!(first, runner.run(PolicyName::Cheapest, trial).demands[0].cheapest_hourly);
    }
}

#[test]
fn without_capacity_the_pursuit_ends() {
    let market = Hand::new(1).place(2, 0, &[0], 2.5, &[Stock::Always(0)]).place(0, 1, &[1], 3.0, &[Stock::Always(0)]);
    let result = Runner::new(&market.build(), 1).run(PolicyName::CloudFirst, 0);
    assert_eq!(result.demands[0].outcome, Some(Outcome::NoCapacity));
    assert_eq!((result.demands[0].cheapest_hourly, result.billed), (None, Money::ZERO));
}

#[test]
fn retry_until_up_waits_for_the_window() {
    let opens = Timestamp(3_600_000_000);
    let window = Window { from: opens, to: Timestamp::NEVER, nodes: 1 };
    let mut hand = Hand::new(1).place(2, 0, &[0], 2.5, &[Stock::Schedule(Box::new([window]))]);
    hand.limits.retry_until_up = true;
    let result = Runner::new(&hand.build(), 1).run(PolicyName::CloudFirst, 0);
    let demand = &result.demands[0];
    assert_eq!(demand.outcome, Some(Outcome::Placed));
    assert!(demand.waited > Span::HOUR && demand.rounds > 1, "{demand:?}");
}

proptest! {
    #[test]
    fn books_balance_whatever_goes_wrong(
        seed in 0u64..1000,
        nodes in 1u16..4,
        probabilities in prop::array::uniform6(0.0f64..0.6),
        policy in prop::sample::select(PolicyName::ALL.to_vec()),
    ) {
        let [throttle, lost, hang, partial, release_failed, list_lag] = probabilities;
        let more = Faults { slow_boot: throttle, boot_failed: partial / 2.0, slow_release: lost, ..Faults::default() };
        let faults = Faults { throttle, lost, hang, partial, release_failed, list_lag, ..more };
        let market = Hand::new(nodes)
            .faults(faults)
            .place(2, 0, &[0], 2.5, &[renewal(600.0, 600.0, 2)])
            .place(0, 1, &[1, 2], 3.0, &[renewal(600.0, 600.0, 1), renewal(600.0, 600.0, 3)])
            .place(1, 2, &[], 3.5, &[Stock::Always(3)])
            .build();
        let mut runner = Runner::new(&market, seed);
        for trial in 0..20 {
            let result = runner.run(policy, trial);
            prop_assert_eq!(runner.world().audit(), Ok(()));
            // Nothing is held that the engine does not know of, but what it reports as an orphan.
            let world = runner.world();
            let held = world.ledger().holdings().iter().filter(|h| h.until.is_none()).count() as u32;
            let kept = u32::from(result.demands[0].lease.is_some());
            prop_assert!(held <= kept + result.orphans, "{} held, {} kept, {:?}", held, kept, result);
        }
    }
}
