//! What goes wrong, and that the engine gets over it.

use super::*;
use crate::sim::market::Quota;

fn placed(faults: Faults, trials: u64) -> (Vec<trial::TrialResult>, Probes) {
    let market = Hand::new(2)
        .faults(faults)
        .place(2, 0, &[0], 2.5, &[Stock::Always(1)])
        .place(0, 1, &[1], 3.0, &[Stock::Always(2)])
        .build();
    let mut runner = Runner::new(&market, 4);
    let results: Vec<_> = (0..trials).map(|trial| runner.run(PolicyName::CloudFirst, trial)).collect();
    runner.world().audit().unwrap();
    let probes = results.iter().fold(Probes::default(), |all, result| all.union(result.probes));
    (results, probes)
}

#[test]
fn a_lost_answer_is_looked_for_and_found() {
    let (results, probes) = placed(Faults { lost: 0.5, ..Faults::default() }, 50);
    assert!(probes.has(Probe::Lost) && probes.has(Probe::LookedFor));
    assert!(results.iter().all(|result| result.demands[0].outcome == Some(Outcome::Placed)));
}

#[test]
fn a_partial_gang_is_given_back_and_paid_for() {
    let (results, probes) = placed(Faults { partial: 1.0, ..Faults::default() }, 3);
    assert!(probes.has(Probe::Partial));
    for result in &results {
        let demand = &result.demands[0];
        assert_eq!((demand.outcome, demand.lease.map(|lease| lease.nodes)), (Some(Outcome::Placed), Some(2)));
        assert!(demand.wasted > Money::ZERO && result.orphans == 0, "{result:?}");
    }
    let (all_or_nothing, probes) = placed(Faults::default(), 3);
    assert!(!probes.has(Probe::Partial));
    assert!(all_or_nothing.iter().all(|result| result.demands[0].wasted == Money::ZERO));
}

#[test]
fn a_throttled_call_is_repeated_and_bad_credentials_end_the_cloud() {
    let (results, probes) = placed(Faults { throttle: 0.5, ..Faults::default() }, 50);
    assert!(probes.has(Probe::Throttled));
    assert!(results.iter().filter(|result| result.demands[0].outcome == Some(Outcome::Placed)).count() > 45);
    let (results, _) = placed(Faults { unauthorized: true, ..Faults::default() }, 1);
    assert_eq!(results[0].demands[0].outcome, Some(Outcome::NotAuthorized));
    assert_eq!(results[0].demands[0].cheapest_hourly, None);
}

#[test]
fn a_release_that_always_fails_leaves_a_named_orphan() {
    let (results, probes) = placed(Faults { partial: 1.0, release_failed: 1.0, ..Faults::default() }, 1);
    assert!(probes.has(Probe::ReleaseFailed));
    // The half of the gang that came up cannot be given back; the other place has a whole one.
    let (left, asked) = (&results[0], &results[0].demands[0]);
    assert_eq!((left.orphans, asked.outcome), (1, Some(Outcome::Placed)));
    assert!(left.orphan_time > Span(0) && left.orphan_time <= left.lasted * 2, "{left:?}");
}

#[test]
fn quota_is_said_with_its_amounts_and_ends_the_family_in_the_region() {
    let hand = Hand::new(1)
        .place(2, 0, &[0], 2.5, &[Stock::Always(9)])
        .place(2, 0, &[1], 2.5, &[Stock::Always(9)])
        .place(2, 1, &[2], 2.6, &[Stock::Always(9)]);
    let mut market = hand.build();
    let body = "QUOTA_EXCEEDED.region";
    market.quotas.push(Quota { name: "NVIDIA_V100_GPUS".into(), limit: 1000, usage: 500, body, change: None });
    for way in 0..2 {
        market.ways[way].meters = Box::new([(0, 1000)]);
    }
    let mut runner = Runner::new(&market, 1);
    let mut said = Vec::new();
    let result = runner.run_recorded(PolicyName::CloudFirst, 0, |entry| {
        if let Happening::Denied(_, denial) = entry.happening {
            said.push((denial.cause, denial.text.to_string()));
        }
    });
    let text = "Quota 'NVIDIA_V100_GPUS' exceeded.  Limit: 1.0 in region r0.".to_owned();
    assert_eq!(said, [(Cause::QuotaExceeded, text)], "one question settles the region");
    assert_eq!(result.demands[0].outcome, Some(Outcome::Placed));
    assert_eq!(result.demands[0].cheapest_hourly, Some(Money::from_dollars(2.6)));
}

#[test]
fn spot_capacity_is_taken_back() {
    let mut market = Hand::new(1).spot().place(2, 0, &[0], 1.0, &[Stock::Always(1)]).build();
    market.demands[0].hold = Some(Law::Constant(36_000.0));
    let mut runner = Runner::new(&market, 1);
    let taken = (0..100).filter(|trial| runner.run(PolicyName::Cheapest, *trial).probes.has(Probe::Preempted)).count();
    // A mean life of an hour against ten hours of need.
    assert!(taken > 95, "{taken}");
    let holding = runner.world().ledger().holdings()[0];
    assert!(holding.noticed < holding.until, "{holding:?}");
    runner.world().audit().unwrap();
}
