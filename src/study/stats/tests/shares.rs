use super::*;

fn ends(estimate: Option<Estimate>) -> (f64, f64, f64) {
    let Estimate { value, interval } = estimate.expect("trials");
    let interval = interval.expect("always");
    (interval.low, value, interval.high)
}

/// Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3.
#[test]
fn wilsons_interval_is_the_published_one() {
    let published =
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)];
    for (successes, trials, low, high) in published {
        let found = ends(wilson(successes, trials, Level::P95));
        close(found.0, low, 5e-5);
        close(found.2, high, 5e-5);
    }
    assert_eq!(ends(wilson(7, 7, Level::P95)).2.total_cmp(&1.0), std::cmp::Ordering::Equal);
}

/// Whether `p` solves the score test's equation at the ends: (share − p)² = z² p (1 − p) / n.
#[test]
fn wilsons_ends_solve_the_score_equation() {
    let z2 = Level::P95.z().powi(2);
    for (successes, trials) in [(1, 5), (37, 50), (19_999, 20_000)] {
        let (low, share, high) = ends(wilson(successes, trials, Level::P95));
        for p in [low, high] {
            close((share - p).powi(2), z2 * p * (1.0 - p) / trials as f64, 1e-14);
        }
    }
}

/// Airway hyper-responsiveness before and after a transplantation (Bentur 2009), as worked out by Fagerland, Lydersen
/// and Laake, Statistical Analysis of Contingency Tables (2017), chapter 8: −0.507 to −0.026.
#[test]
fn newcombes_difference_is_the_published_one() {
    let (low, value, high) =
        ends(Pairing { both: 1, first_only: 1, second_only: 7, neither: 12 }.difference(Level::P95));
    close(value, -6.0 / 21.0, 1e-15);
    close(low, -0.507, 5e-4);
    close(high, -0.026, 5e-4);
}

#[test]
fn newcombes_difference_keeps_its_properties() {
    let table = Pairing { both: 20, first_only: 12, second_only: 2, neither: 16 };
    let (low, value, high) = ends(table.difference(Level::P95));
    close(value, 0.2, 1e-15);
    let mirrored = Pairing { first_only: 2, second_only: 12, ..table };
    let (low_mirrored, _, high_mirrored) = ends(mirrored.difference(Level::P95));
    close(low_mirrored, -high, 1e-15);
    close(high_mirrored, -low, 1e-15);
    // Nobody ever failed: no correlation to speak of, and ends within what a difference can be.
    let perfect = ends(Pairing { both: 10, ..Pairing::default() }.difference(Level::P95));
    assert!(perfect.0 < -0.2 && perfect.2 > 0.2 && perfect.0 > -1.0);
    let opposite = ends(Pairing { first_only: 10, ..Pairing::default() }.difference(Level::P95));
    assert!(opposite.0 > 0.5 && opposite.2 <= 1.0);
}

#[test]
fn mcnemars_test_is_enumeration_of_coins() {
    for one_sided in 0..=12u32 {
        for first_only in 0..=one_sided {
            let least = first_only.min(one_sided - first_only);
            let extreme = |coins: &u32| coins.count_ones() <= least || coins.count_ones() >= one_sided - least;
            let all = 1u32 << one_sided;
            let expected = f64::from((0..all).filter(extreme).count() as u32) / f64::from(all);
            let counted = Pairing {
                first_only: first_only.into(),
                second_only: (one_sided - first_only).into(),
                ..Pairing::default()
            };
            close(counted.mcnemar(), expected, 1e-13);
        }
    }
}

#[test]
fn mcnemars_test_stands_large_counts() {
    let balanced = Pairing { first_only: 50_000, second_only: 50_000, both: 1, neither: 0 };
    close(balanced.mcnemar(), 1.0, 1e-12);
    // Four standard deviations apart, against the normal law with the usual correction by half a trial.
    let apart = Pairing { first_only: 50_632, second_only: 49_368, ..Pairing::default() };
    let z = (50_632.0 - 50_000.0 - 0.5) / 25_000.0_f64.sqrt();
    let relative = apart.mcnemar() / (2.0 * normal_cdf(-z));
    assert!((relative - 1.0).abs() < 1e-3, "{relative}");
    let hopeless = Pairing { first_only: 100_000, ..Pairing::default() }.mcnemar();
    assert!((0.0..1e-300).contains(&hopeless));
}

#[test]
fn pairs_are_counted() {
    let pairs = [(true, true), (true, false), (true, false), (false, true), (false, false)];
    let counted = Pairing::of(pairs);
    assert_eq!(counted, Pairing { both: 1, first_only: 2, second_only: 1, neither: 1 });
    assert_eq!(counted.trials(), 5);
}
