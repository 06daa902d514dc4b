//! Limits that change, the pace of calls, credentials that expire, machines that do not come up.

use super::*;
use crate::sim::market::{Change, Increase, Pace, Quota, QuotaTrack, Standing, Tokens};

const V100: &str = "QUOTA_EXCEEDED.region";

fn quota(limit: u64, background: Option<Stock>, increase: Option<Increase>) -> Quota {
    let change = Some(Box::new(Change { entity: Entity::named("quota"), background, increase }));
    Quota { name: "NVIDIA_V100_GPUS".into(), limit, usage: 0, body: V100, change }
}

/// One zone that has everything, behind this limit.
fn behind(quota: Quota, retry: bool) -> Market {
    let mut hand = Hand::new(1).place(2, 0, &[0], 2.5, &[Stock::Always(9)]);
    hand.limits.retry_until_up = retry;
    hand.limits.max_wait = Some(Span::HOUR * 24);
    let mut market = hand.build();
    market.quotas.push(quota);
    market.ways[0].meters = Box::new([(0, 1000)]);
    market
}

#[test]
fn an_increase_is_asked_for_when_first_refused_and_granted_later() {
    let increase = Increase { to: 2000, asked: None, after: Law::Constant(7200.0) };
    let market = behind(quota(0, None, Some(increase)), true);
    let mut runner = Runner::new(&market, 1);
    let result = runner.run(PolicyName::CloudFirst, 0);
    let demand = &result.demands[0];
    assert_eq!(demand.outcome, Some(Outcome::Placed));
    assert!(demand.waited > Span::HOUR * 2 && demand.denials.count(Cause::QuotaExceeded) > 0, "{demand:?}");
    assert!(result.probes.has(Probe::QuotaGranted) && result.probes.has(Probe::OverQuota));
    runner.world().audit().unwrap();
    let never = Runner::new(&behind(quota(0, None, None), true), 1).run(PolicyName::CloudFirst, 0);
    assert_eq!(never.demands[0].outcome, Some(Outcome::TimedOut));
}

#[test]
fn an_increase_asked_for_in_time_is_there_for_those_who_come_later() {
    let asked = Some(Timestamp(600_000_000));
    let quota = quota(1000, None, Some(Increase { to: 5000, asked, after: Law::Constant(60.0) }));
    let luck = Luck::new(1, 1);
    let at = |seconds: u64| quota.seen(luck, Timestamp(seconds * 1_000_000)).limit;
    assert_eq!([at(0), at(659), at(660), at(9000)], [1000, 1000, 5000, 5000]);
}

#[test]
fn what_others_use_comes_and_goes_as_their_process_does() {
    // Tenants of two GPUs on eight, as Erlang has it: what is left is what the same process leaves as a stock.
    let counted = Counted::new(8, 2, 400.0, 1500.0).unwrap();
    let quota = quota(8000, Some(Stock::Counted(counted.clone())), None);
    let mut admitted = 0.0;
    for trial in 0..20_000 {
        let luck = Luck::new(3, trial);
        let mut track = QuotaTrack::start(&quota, luck);
        let standing = track.at(&quota, luck, Timestamp(5_000_000_000));
        assert!(standing.usage.is_multiple_of(2000) && standing.usage <= 8000);
        admitted += f64::from(u8::from(standing.admits(0, 3000)));
    }
    let expected = counted.availability(3);
    assert!((admitted / 20_000.0 - expected).abs() < 0.018, "{} against {expected}", admitted / 20_000.0);
    // Up with four: four are used half of the time.
    let half = quota_half();
    let used: Vec<u64> = (0..200).map(|trial| half.seen(Luck::new(1, trial), Timestamp::ZERO).usage).collect();
    assert!(used.iter().all(|used| [0, 4000].contains(used)) && used.contains(&0) && used.contains(&4000));
}

fn quota_half() -> Quota {
    quota(8000, Some(renewal(600.0, 600.0, 4)), None)
}

proptest! {
    #[test]
    fn quota_arithmetic(limit in 0u64..100_000, usage in 0u64..100_000, own in 0u64..100_000, more in 0u64..100_000) {
        let standing = Standing { limit, usage };
        prop_assert_eq!(standing.admits(own, more), u128::from(usage) + u128::from(own) + u128::from(more) <= u128::from(limit));
        let overflown = Standing { limit: u64::MAX - 1, usage: u64::MAX };
        prop_assert!(!overflown.admits(own, more));
    }

    #[test]
    fn no_window_sees_more_calls_than_the_bucket_holds(
        per_second in 0.01f64..5.0,
        burst in 1u32..20,
        mut times in prop::collection::vec(0u64..100_000_000, 1..200),
    ) {
        times.sort_unstable();
        let pace = Pace { per_second, burst: f64::from(burst) };
        let mut tokens = Tokens::full(&pace);
        let taken: Vec<u64> = times.into_iter().filter(|at| tokens.take(&pace, Timestamp(*at))).collect();
        for (first, from) in taken.iter().enumerate() {
            for (last, to) in taken.iter().enumerate().skip(first) {
                let most = pace.burst + per_second * (to - from) as f64 / 1e6;
                prop_assert!((last - first + 1) as f64 <= most + 1e-6, "{} calls in {} µs", last - first + 1, to - from);
            }
        }
    }
}

#[test]
fn calls_beyond_the_pace_are_turned_away_and_repeated() {
    let mut market = Hand::new(1)
        .place(2, 0, &[0], 2.5, &[Stock::Always(0)])
        .place(2, 0, &[1], 2.5, &[Stock::Always(0)])
        .place(2, 1, &[2], 2.6, &[Stock::Always(1)])
        .build();
    market.paces.push(Pace { per_second: 1.0 / 60.0, burst: 1.0 });
    market.apis[2].pace = Some(0);
    let result = Runner::new(&market, 1).run(PolicyName::Cheapest, 0);
    assert!(result.probes.has(Probe::Throttled));
    let demand = &result.demands[0];
    assert_eq!(demand.outcome, Some(Outcome::Placed));
    assert!(demand.denials.count(Cause::RateLimited) >= 2 && demand.waited > Span::from_secs(120), "{demand:?}");
}

#[test]
fn credentials_expire_and_are_renewed() {
    let mut market = Hand::new(1).place(2, 0, &[0], 2.5, &[Stock::Always(1)]).build();
    market.apis[2].faults.expired = Some((Timestamp(60_000_000), Timestamp(120_000_000)));
    let mut outcome = |at: u64| {
        market.demands[0].at = Timestamp(at * 1_000_000);
        let result = Runner::new(&market, 1).run(PolicyName::CloudFirst, 0);
        (result.demands[0].outcome.unwrap(), result.demands[0].cheapest_hourly.is_some())
    };
    assert_eq!(outcome(0), (Outcome::Placed, true));
    assert_eq!(outcome(60), (Outcome::NotAuthorized, false));
    assert_eq!(outcome(120), (Outcome::Placed, true));
}

#[test]
fn machines_that_never_come_up_are_paid_for_and_given_back() {
    let market = |faults| {
        Hand::new(2)
            .faults(faults)
            .place(2, 0, &[0], 2.5, &[Stock::Always(9)])
            .place(0, 1, &[1], 3.0, &[Stock::Always(9)])
            .build()
    };
    let mut runner =
        Runner::new(&market(Faults { boot_failed: 0.5, slow_boot: 0.5, slow_release: 1.0, ..Faults::default() }), 3);
    let mut reached = Probes::default();
    for trial in 0..60 {
        let result = runner.run(PolicyName::Cheapest, trial);
        let demand = &result.demands[0];
        assert_eq!(result.orphans, 0);
        assert_eq!(demand.wasted > Money::ZERO, result.probes.has(Probe::BootFailed), "{demand:?}");
        assert_eq!(result.probes.has(Probe::SlowRelease), result.probes.has(Probe::BootFailed));
        runner.world().audit().unwrap();
        reached = reached.union(result.probes);
    }
    assert!(reached.has(Probe::BootFailed) && reached.has(Probe::SlowBoot));
}
