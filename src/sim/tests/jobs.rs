//! Jobs: what is saved, what is lost, where they go on; arrivals one after the other.

use super::*;
use crate::model::RegionId;
use crate::sim::market::{Gap, Job, Recovery};

const HOUR: u64 = 3600;

fn hours(hours: u64) -> Timestamp {
    Timestamp(hours * HOUR * 1_000_000)
}

fn job(work: u64, recovery: Recovery) -> Job {
    Job {
        work: Span::from_secs(work * HOUR),
        checkpoint: Some(Span::from_secs(1800)),
        restart: Span::from_secs(600),
        deadline: None,
        recovery,
        saves_on_notice: false,
    }
}

/// A job on spot capacity that is taken back when the stock is gone.
fn market(places: &[(u16, Stock)], job: Job) -> Market {
    let mut hand = Hand::new(1).spot();
    for (region, stock) in places {
        hand = hand.place(2, *region, &[*region], 1.0 + f64::from(*region), std::slice::from_ref(stock));
    }
    let mut market = hand.build();
    for pool in &mut market.pools {
        (pool.life, pool.reclaims, pool.notice) = (None, true, Span::from_secs(60));
    }
    market.apis[2].latency.launched = Law::Constant(100.0);
    market.demands[0].job = Some(job);
    market.demands[0].until = hours(24 * 30);
    market
}

fn windows(of: &[(u64, u64)]) -> Stock {
    Stock::Schedule(of.iter().map(|(from, to)| Window { from: hours(*from), to: hours(*to), nodes: 1 }).collect())
}

#[test]
fn a_job_that_nobody_disturbs_takes_its_work_and_the_launch() {
    let market = market(&[(0, Stock::Always(1))], Job { deadline: Some(Span::HOUR * 3), ..job(3, Recovery::Failover) });
    let mut runner = Runner::new(&market, 1);
    let end = runner.run(PolicyName::Cheapest, 0).demands[0].job.unwrap();
    assert_eq!(end.took, Some(Span::from_secs(100 + 3 * HOUR)));
    assert_eq!((end.missed, end.lost, end.preemptions), (Some(true), Span::ZERO, 0), "100 s too late");
    assert_eq!(end.cost, runner.world().billed());
    runner.world().audit().unwrap();
}

#[test]
fn what_lies_behind_the_last_checkpoint_is_done_again() {
    let course = windows(&[(0, 2), (3, 100)]);
    let market = market(&[(0, course.clone())], job(3, Recovery::Failover));
    let mut runner = Runner::new(&market, 1);
    let result = runner.run(PolicyName::Cheapest, 0);
    let end = result.demands[0].job.unwrap();
    assert!(result.probes.has(Probe::Recovered) && end.recovery_attempts > 0);
    // Up after 100 s, gone a minute after two hours: 7160 s of work, 5400 of them saved.
    assert_eq!((end.preemptions, end.lost), (1, Span::from_secs(7160 - 5400)));
    let second = runner.world().ledger().holdings().last().copied().unwrap();
    let went_on = second.lease.since + Span::from_secs(100 + 600);
    assert_eq!(end.took, Some((went_on + Span::from_secs(3 * HOUR - 5400)).since(Timestamp::ZERO)));
    runner.world().audit().unwrap();
    // One that saves at the notice loses the minute after it; one without checkpoints loses all.
    let lost = |job: Job| {
        let market = self::market(&[(0, course.clone())], job);
        Runner::new(&market, 1).run(PolicyName::Cheapest, 0).demands[0].job.unwrap().lost
    };
    assert_eq!(lost(Job { saves_on_notice: true, ..job(3, Recovery::Failover) }), Span::from_secs(60));
    assert_eq!(lost(Job { checkpoint: None, ..job(3, Recovery::Failover) }), Span::from_secs(7160));
}

/// The regions of all leases of a trial.
fn regions(recovery: Recovery) -> Vec<RegionId> {
    let course = windows(&[(0, 2), (2, 4), (4, 6), (6, 100)]);
    // A gap of no length: the stock is there again at once, so the region that was lost could be had.
    let stutter = Stock::Schedule(
        [(0, 2), (2, 4), (4, 100)]
            .iter()
            .map(|(from, to)| Window {
                from: hours(*from) + Span::from_secs(u64::from(*from > 0)),
                to: hours(*to),
                nodes: 1,
            })
            .collect(),
    );
    let mut market = market(&[(0, stutter), (1, course)], job(5, recovery));
    for pool in &mut market.pools {
        pool.notice = Span::from_secs(60);
    }
    let mut runner = Runner::new(&market, 1);
    runner.run(PolicyName::Cheapest, 0);
    runner.world().audit().unwrap();
    runner.world().ledger().holdings().iter().map(|holding| holding.lease.offering.region).collect()
}

#[test]
fn failover_returns_to_the_region_and_eager_failover_leaves_it() {
    let (home, other) = (RegionId(0), RegionId(1));
    assert_eq!(regions(Recovery::Failover), [home, home, home]);
    assert_eq!(regions(Recovery::EagerNextRegion), [home, other]);
}

#[test]
fn a_job_without_machines_ends_with_the_scenario() {
    let mut market =
        market(&[(0, windows(&[(0, 2)]))], Job { deadline: Some(Span::HOUR * 9), ..job(5, Recovery::Failover) });
    market.demands[0].until = hours(20);
    let mut runner = Runner::new(&market, 1);
    let result = runner.run(PolicyName::CloudFirst, 0);
    let end = result.demands[0].job.unwrap();
    assert_eq!((end.took, end.missed, end.preemptions), (None, Some(true), 1));
    assert!(result.lasted <= Span::HOUR * 20 && result.orphans == 0, "{result:?}");
}

proptest! {
    #[test]
    fn work_and_books_add_up_whatever_happens(
        seed in 0u64..2000,
        checkpoint in prop::option::of(60u64..7200),
        lost in 0.0f64..0.3,
        boot_failed in 0.0f64..0.3,
        saves_on_notice in any::<bool>(),
        eager in any::<bool>(),
        policy in prop::sample::select(PolicyName::ALL.to_vec()),
    ) {
        let recovery = if eager { Recovery::EagerNextRegion } else { Recovery::Failover };
        let job = Job { checkpoint: checkpoint.map(Span::from_secs), saves_on_notice, ..job(6, recovery) };
        let places = [(0, renewal(5000.0, 2000.0, 2)), (1, renewal(9000.0, 9000.0, 1)), (2, renewal(20_000.0, 5000.0, 1))];
        let mut market = market(&places, job.clone());
        market.apis[2].faults = Faults { lost, boot_failed, slow_boot: lost, ..Faults::default() };
        let mut runner = Runner::new(&market, seed);
        for trial in 0..10 {
            let result = runner.run(policy, trial);
            prop_assert_eq!(runner.world().audit(), Ok(()));
            let end = result.demands[0].job.unwrap();
            prop_assert_eq!(result.orphans, 0);
            prop_assert_eq!(end.cost, runner.world().ledger().holdings().iter().fold(Money::ZERO, |sum, holding| {
                sum + Ledger::cost(holding, Timestamp(result.lasted.0))
            }));
            if let Some(took) = end.took {
                prop_assert!(took >= job.work + end.lost, "{:?}", end);
                prop_assert!(end.preemptions > 0 || end.lost == Span::ZERO);
            }
        }
    }
}

#[test]
fn arrivals_follow_each_other_at_random() {
    let mut market = Hand::new(1).place(2, 0, &[0], 2.5, &[Stock::Always(99)]).build();
    let first = market.demands[0].clone();
    market.demands.clear();
    for n in 0..20u32 {
        let mut wish = first.clone();
        wish.demand.id = crate::model::DemandId(n);
        wish.entity = Entity::named(&format!("demand 0#{n}"));
        wish.gap = Some(Gap { law: Law::Exponential { mean: 600.0 }, first: n == 0 });
        market.demands.push(wish);
    }
    let mut runner = Runner::new(&market, 1);
    let mut last = 0.0;
    for trial in 0..500 {
        let result = runner.run(PolicyName::Cheapest, trial);
        assert!(result.demands.iter().all(|demand| demand.outcome == Some(Outcome::Placed)));
        assert!(result.demands.iter().all(|demand| demand.waited < Span::from_secs(150)), "waiting starts on arrival");
        let arrivals: Vec<Timestamp> = (0..20).map(|demand| runner.world().arrival(demand)).collect();
        assert!(arrivals.is_sorted());
        last += arrivals[19].since(Timestamp::ZERO).as_secs_f64() / 500.0;
    }
    // The sum of twenty gaps: mean 12,000 s, standard deviation 2683 s a trial.
    assert!((last - 12_000.0).abs() < 480.0, "{last}");
}
