//! Spot capacity: taken back with the stock, priced by a process; the hours of the week.

use std::sync::Arc;

use super::*;
use crate::sim::market::{Course, Played, Price, PriceTrack, Replay, Reverting, Rhythm, Rhythmic};
use crate::sim::trace::{Columns, Series};

fn series(values: &[f64]) -> Series {
    let text = format!("{{\"metadata\": {{\"gap_seconds\": 3600}}, \"data\": {values:?}}}");
    Series::read(&text, &Columns::default()).unwrap()
}

/// A node of spot capacity for five hours from a pool with this stock.
fn spot(stock: Stock, price: Option<Price>) -> Market {
    let mut market = Hand::new(1).spot().place(2, 0, &[0], 1.0, &[stock]).build();
    market.demands[0].hold = Some(Law::Constant(5.0 * 3600.0));
    market.pools[0].life = None;
    market.pools[0].price = price.map(Arc::new);
    market
}

#[test]
fn a_lease_is_taken_back_when_the_stock_is_gone_after_the_notice() {
    let stock =
        Stock::Trace(Replay::new(&series(&[1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]), &Played::default()).unwrap());
    let mut market = spot(stock, None);
    let mut runner = Runner::new(&market, 1);
    assert!(!runner.run(PolicyName::Cheapest, 0).probes.has(Probe::Preempted), "without `reclaims` it is kept");
    market.pools[0].reclaims = true;
    market.pools[0].notice = Span::from_secs(120);
    let mut runner = Runner::new(&market, 1);
    assert!(runner.run(PolicyName::Cheapest, 0).probes.has(Probe::Preempted));
    let holding = runner.world().ledger().holdings()[0];
    let gone = Timestamp(2 * 3600 * 1_000_000);
    assert_eq!((holding.noticed, holding.until), (Some(gone), Some(gone + Span::from_secs(120))));
    runner.world().audit().unwrap();
}

#[test]
fn the_youngest_leases_go_first_and_only_as_many_as_are_missing() {
    let mut hand = Hand::new(1).spot().place(
        2,
        0,
        &[0],
        1.0,
        &[Stock::Schedule(Box::new([
            Window { from: Timestamp::ZERO, to: Timestamp(7_200_000_000), nodes: 3 },
            Window { from: Timestamp(7_200_000_000), to: Timestamp::NEVER, nodes: 2 },
        ]))],
    );
    hand.market.pools[0].life = None;
    hand.market.pools[0].reclaims = true;
    let mut market = hand.build();
    market.demands[0].hold = Some(Law::Constant(5.0 * 3600.0));
    for later in 1..3 {
        let mut wish = market.demands[0].clone();
        wish.at = Timestamp(later * 600_000_000);
        wish.demand.id = crate::model::DemandId(later as u32);
        market.demands.push(wish);
    }
    let mut runner = Runner::new(&market, 1);
    runner.run(PolicyName::Cheapest, 0);
    let taken: Vec<bool> = runner.world().ledger().holdings().iter().map(|holding| holding.preempted).collect();
    assert_eq!(taken, [false, false, true]);
    runner.world().audit().unwrap();
}

#[test]
fn a_recorded_price_is_billed_hour_by_hour() {
    let price = Price::trace(Replay::new(&series(&[2e6, 4e6, 1e6, 1e6, 1e6, 1e6, 1e6]), &Played::default()).unwrap());
    let market = spot(Stock::Always(1), Some(price));
    let mut runner = Runner::new(&market, 1);
    let result = runner.run(PolicyName::Cheapest, 0);
    assert!(result.probes.has(Probe::Repriced));
    assert_eq!(result.demands[0].price_hourly, Some(Money::from_dollars(2.0)), "what it cost when it was launched");
    let holding = runner.world().ledger().holdings()[0];
    let hours = holding.until.unwrap().since(Timestamp::ZERO).as_secs_f64() / 3600.0;
    let expected = 2.0 + 4.0 + (hours - 2.0);
    assert!((result.billed.as_dollars() - expected).abs() < 1e-5, "{} against {expected}", result.billed.as_dollars());
    runner.world().audit().unwrap();
}

#[test]
fn a_reverting_price_has_the_mean_spread_and_memory_it_is_given() {
    let reverting = Reverting { level: 0.4, volatility: 0.3, half_life: Span::HOUR * 6, step: Span::from_secs(600) };
    let price = Price::Reverting(reverting);
    let list = Money::from_dollars(10.0);
    let (trials, mut sums) = (20_000u64, [0.0; 5]);
    for trial in 0..trials {
        let mut track = PriceTrack::start(&price, Luck::new(4, trial), Entity(1));
        let mut at = |hours: u64| track.at(&price, list, Timestamp(hours * 3_600_000_000)).as_dollars();
        let (now, later) = (at(1), at(7));
        let (x, y) = (libm::log(now), libm::log(later));
        for (sum, value) in sums.iter_mut().zip([now, x, x * x, y, x * y]) {
            *sum += value / trials as f64;
        }
    }
    let [mean, x, xx, y, xy] = sums;
    assert!((mean - 4.0).abs() < 0.05, "{mean}");
    assert!((libm::sqrt(xx - x * x) - 0.3).abs() < 0.01, "{}", xx - x * x);
    // Six hours are one half-life.
    assert!(((xy - x * y) / (xx - x * x) - 0.5).abs() < 0.03, "{}", (xy - x * y) / (xx - x * x));
}

proptest! {
    #[test]
    fn asking_for_a_price_never_changes_it(seed in 0u64..300, mut times in prop::collection::vec(0u64..400_000, 1..30)) {
        times.sort_unstable();
        let price = Price::Reverting(Reverting {
            level: 1.0, volatility: 0.5, half_life: Span::HOUR, step: Span::from_secs(300),
        });
        let list = Money::from_dollars(1.0);
        let mut track = PriceTrack::start(&price, Luck::new(seed, 0), Entity(1));
        for at in times {
            let now = Timestamp(at * 1_000_000);
            prop_assert_eq!(track.at(&price, list, now), price.seen(Luck::new(seed, 0), Entity(1), list, now));
            prop_assert!(track.next_change(&price, now).unwrap() > now);
        }
    }
}

fn weekdays(quiet: f64, busy: f64) -> Rhythm {
    let daily = std::array::from_fn(|hour| if (8..20).contains(&hour) { busy } else { quiet });
    Rhythm::new(&daily, &[1.0; 7], Some(Span::ZERO)).unwrap()
}

fn share(stock: &Stock, at: Timestamp) -> f64 {
    let mut market = Hand::new(1).place(2, 0, &[0], 2.5, std::slice::from_ref(stock)).build();
    let pool = market.pools.remove(0);
    let up = (0..8000u64).filter(|trial| Course::start(&pool, Luck::new(5, *trial)).at(&pool, at) > 0);
    up.count() as f64 / 8000.0
}

#[test]
fn by_day_a_zone_is_scarcer_than_by_night() {
    // Turns of a few minutes: every hour is as good as in its own steady state.
    let stock = Rhythmic::stock(renewal(120.0, 240.0, 1), weekdays(0.5, 2.0));
    let (night, day) = (share(&stock, Timestamp(5 * 3_600_000_000)), share(&stock, Timestamp(15 * 3_600_000_000)));
    // Up 120/f s, down 240·f s.
    assert!((night - 240.0 / 360.0).abs() < 0.025 && (day - 60.0 / 540.0).abs() < 0.025, "{night} {day}");
    let expected = f64::midpoint(240.0 / 360.0, 60.0 / 540.0);
    assert!((stock.availability(1).unwrap() - expected).abs() < 1e-9);
    let counted = Counted::new(4, 1, 60.0, 180.0).unwrap();
    let stock = Rhythmic::stock(Stock::Counted(counted), weekdays(0.5, 2.0));
    for (hour, factor) in [(5, 0.5), (15, 2.0)] {
        let expected = Counted::new(4, 1, 60.0 / factor, 180.0).unwrap().availability(1);
        let found = share(&stock, Timestamp(hour * 3_600_000_000));
        assert!((found - expected).abs() < 0.025, "{found} against {expected} at {hour}:00");
    }
}

#[test]
fn a_flat_rhythm_changes_nothing_but_the_clock() {
    let flat = Rhythm::new(&[1.0; 24], &[1.0; 7], None).unwrap();
    for stock in [renewal(1200.0, 2400.0, 1), Stock::Counted(Counted::new(3, 1, 600.0, 1500.0).unwrap())] {
        let expected = stock.availability(1).unwrap();
        let rhythmic = Rhythmic::stock(stock, flat.clone());
        assert!((rhythmic.availability(1).unwrap() - expected).abs() < 1e-9);
        assert!((share(&rhythmic, Timestamp(9_000_000_000)) - expected).abs() < 0.025);
    }
}
