//! Stocks: asking changes nothing, the steady state is the one that theory says.

use super::*;
use crate::sim::market::Track;

fn stocks() -> Vec<Stock> {
    let mixture = vec![(0.69, Law::Exponential { mean: 1860.0 }), (0.31, Law::Exponential { mean: 16_680.0 })];
    let semi = Renewal::new(Law::Weibull { shape: 0.6, scale: 3000.0 }, Law::mixture(mixture).unwrap(), 3).unwrap();
    vec![
        renewal(1200.0, 2400.0, 2),
        Stock::Renewal(semi),
        Stock::Counted(Counted::new(8, 2, 400.0, 1500.0).unwrap()),
        Stock::Schedule(Box::new([Window { from: Timestamp(5), to: Timestamp(9_000_000_000), nodes: 1 }])),
        Stock::Always(4),
    ]
}

proptest! {
    #[test]
    fn asking_more_often_never_changes_what_is_answered(
        seed in any::<u64>(),
        mut times in prop::collection::vec(0u64..40_000_000_000, 1..40),
        extra in prop::collection::vec(0u64..40_000_000_000, 0..40),
    ) {
        times.sort_unstable();
        let mut all: Vec<(u64, bool)> = times.iter().map(|at| (*at, true)).chain(extra.iter().map(|at| (*at, false))).collect();
        all.sort_unstable();
        for stock in stocks() {
            let start = || Track::start(&stock, Luck::new(seed, 1), Entity(9));
            let (mut plain, mut pestered) = (start(), start());
            let expected: Vec<u32> = times.iter().map(|at| plain.at(&stock, Timestamp(*at))).collect();
            let mut answers = Vec::new();
            for (at, counts) in &all {
                let nodes = pestered.at(&stock, Timestamp(*at));
                if *counts {
                    answers.push(nodes);
                }
            }
            prop_assert_eq!(answers, expected, "{:?}", stock);
        }
    }
}

/// Share of trials in which at least `nodes` machines are there at `at`.
fn share(stock: &Stock, nodes: u32, at: Timestamp) -> f64 {
    let trials = 20_000;
    let up = (0..trials).filter(|trial| Track::start(stock, Luck::new(5, *trial), Entity(1)).at(stock, at) >= nodes);
    up.count() as f64 / trials as f64
}

#[test]
fn availability_is_stationary_and_the_one_of_theory() {
    for stock in &stocks()[..3] {
        for nodes in [1, 2, 4] {
            let expected = stock.availability(nodes).unwrap();
            for seconds in [0, 600, 7200, 86_400] {
                let share = share(stock, nodes, Timestamp(seconds * 1_000_000));
                // Five standard errors of 20,000 trials are below 0.018.
                assert!((share - expected).abs() < 0.018, "{stock:?} at {seconds} s: {share} against {expected}");
            }
        }
    }
}

#[test]
fn a_markov_zone_recovers_as_the_closed_form_says() {
    // P(up | down d ago) = π (1 − exp(−(a+b) d)), with recovery rate a and failure rate b.
    let stock = renewal(1200.0, 2400.0, 1);
    let (a, b) = (1.0 / 2400.0, 1.0 / 1200.0);
    for d in [60.0, 600.0, 3600.0] {
        let (mut down, mut recovered) = (0.0, 0.0);
        for trial in 0..60_000 {
            let mut track = Track::start(&stock, Luck::new(6, trial), Entity(1));
            let start = Timestamp(10_000_000_000);
            if track.at(&stock, start) == 0 {
                down += 1.0;
                recovered += f64::from(track.at(&stock, start + Span::from_secs_f64(d)));
            }
        }
        let expected = a / (a + b) * (1.0 - libm::exp(-(a + b) * d));
        assert!((recovered / down - expected).abs() < 0.012, "{d} s: {} against {expected}", recovered / down);
    }
}

#[test]
fn erlang_loss_is_the_blocking_of_a_full_zone() {
    // B(4, 3) = 0.2061, from Erlang's first formula.
    let counted = Counted::new(4, 1, 100.0, 300.0).unwrap();
    assert!((1.0 - counted.availability(1) - 0.2061).abs() < 1e-4, "{}", counted.availability(1));
    assert!(counted.availability(5).abs() < 1e-12 && (counted.availability(0) - 1.0).abs() < 1e-12);
}

#[test]
fn our_own_leases_are_subtracted_and_nothing_else_changes() {
    let market =
        Hand::new(1).place(2, 0, &[0], 2.5, &[Stock::Always(3)]).place(2, 0, &[1], 2.6, &[Stock::Always(3)]).build();
    let mut runner = Runner::new(&market, 1);
    runner.run(PolicyName::Cheapest, 0);
    assert_eq!((runner.world().free(0), runner.world().free(1)), (2, 3));
    runner.world().audit().unwrap();
}
