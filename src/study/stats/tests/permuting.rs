use proptest::prelude::*;

use super::super::permutation::Swaps;
use super::*;

/// The definition: swap in every way, compute anew.
fn enumerate(a: &[f64], b: &[f64], statistic: impl Fn(&[f64]) -> f64) -> f64 {
    let difference = |pattern: u32| {
        let side = |second: bool| -> Vec<f64> {
            let pick = |at: usize| if (pattern >> at & 1 == 1) == second { a[at] } else { b[at] };
            (0..a.len()).map(pick).collect()
        };
        let difference = statistic(&side(false)) - statistic(&side(true));
        if difference.is_nan() { 0.0 } else { difference.abs() }
    };
    let observed = difference(0) * (1.0 - 1e-12);
    let all = 1u32 << a.len();
    f64::from((0..all).filter(|pattern| difference(*pattern) >= observed).count() as u32) / f64::from(all)
}

fn quantile_of(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, q).expect("values")
}

fn pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let value = || prop_oneof![5 => (0u32..6).prop_map(f64::from), 1 => Just(f64::INFINITY)];
    prop::collection::vec((value(), value()), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn swapping_quantiles_is_enumeration(pairs in pairs(), q in prop::sample::select(vec![0.5, 0.9, 0.3, 1.0])) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let fast = swap_test(&sample(&a), &sample(&b), Statistic::Quantile(q), Resampling::default()).expect("pairs");
        prop_assert_eq!(fast, Some(PValue { p: enumerate(&a, &b, |v| quantile_of(v, q)), exact: true }));
    }

    #[test]
    fn flipping_signs_is_enumeration(pairs in prop::collection::vec((0u32..9, 0u32..9), 1..9)) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().map(|(a, b)| (f64::from(a), f64::from(b))).unzip();
        let fast = swap_test(&sample(&a), &sample(&b), Statistic::Mean, Resampling::default()).expect("pairs");
        prop_assert_eq!(fast, Some(PValue { p: enumerate(&a, &b, |v| v.iter().sum()), exact: true }));
    }
}

/// Fisher's use of Darwin's 15 pairs of plants (The Design of Experiments, 1935): 1,726 of 32,768 sign patterns have a
/// sum at least as far from zero.
#[test]
fn fishers_count_comes_out() {
    let eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48].map(f64::from);
    assert_eq!(sign_flip(&eighths, Resampling::default()), Some(PValue { p: 1726.0 / 32_768.0, exact: true }));
}

/// More pairs than fit between two checkpoints, coins by the hundred, ties and equal pairs among them.
#[test]
fn the_short_walk_finds_what_sorting_finds() {
    let mut dice = Dice::new(4);
    let mut value = || if dice.unit() < 0.02 { f64::INFINITY } else { (dice.exponential() * 40.0).floor() };
    let pairs: Vec<(f64, f64)> = (0..1500).map(|_| (value(), value())).collect();
    let unequal: Vec<(f64, f64)> = pairs.iter().copied().filter(|(a, b)| a.total_cmp(b).is_ne()).collect();
    assert!(unequal.len() < pairs.len() - 10);
    for q in [0.0, 0.1, 0.5, 0.9, 0.977, 0.99, 1.0] {
        let swaps = Swaps::new(pairs.iter().copied(), q).expect("pairs");
        assert_eq!(swaps.unequal(), unequal.len());
        for round in 0..4 {
            let mut coins: Vec<u64> =
                (0..=unequal.len() / 64).map(|_| if round == 0 { 0 } else { dice.bits() }).collect();
            *coins.last_mut().expect("a word") &= (1 << (unequal.len() % 64)) - 1;
            let (mut a, mut b) = (Vec::new(), Vec::new());
            let mut coin = 0;
            for pair in &pairs {
                let is_unequal = pair.0.total_cmp(&pair.1).is_ne();
                let swapped = is_unequal && coins[coin / 64] >> (coin % 64) & 1 == 1;
                coin += usize::from(is_unequal);
                a.push(if swapped { pair.1 } else { pair.0 });
                b.push(if swapped { pair.0 } else { pair.1 });
            }
            let slow = quantile_of(&a, q) - quantile_of(&b, q);
            let slow = if slow.is_nan() { 0.0 } else { slow };
            assert!(swaps.difference(&coins).total_cmp(&(slow + 0.0)).is_eq(), "{q}: {slow}");
        }
    }
}

/// Where both ways are open they agree: 16 pairs exactly, the same pairs by random swaps.
#[test]
fn random_swaps_estimate_the_exact_chance() {
    let mut dice = Dice::new(5);
    let differences: Vec<f64> = (0..EXACT_PAIRS).map(|_| dice.normal() + 0.4).collect();
    let exact = sign_flip(&differences, Resampling::default()).expect("finite");
    // A pair too small to matter makes it one pair too many to try all swaps.
    let more: Vec<f64> = differences.iter().copied().chain([1e-300]).collect();
    let random = sign_flip(&more, Resampling { seed: 8, resamples: 4000 }).expect("finite");
    assert!(exact.exact && !random.exact && exact.p > 0.01 && exact.p < 0.5, "{exact:?}");
    close(random.p, exact.p, 4.0 * (exact.p / 4000.0).sqrt());
}

/// Under exchangeability a p-value at most α comes up with chance at most α.
#[test]
fn no_difference_is_found_where_there_is_none() {
    let mut dice = Dice::new(6);
    let rounds = if cfg!(debug_assertions) { 400 } else { 2000 };
    for statistic in [Statistic::Mean, Statistic::P50] {
        let found = (0..rounds).filter(|round| {
            let luck: Vec<f64> = (0..30).map(|_| dice.exponential()).collect();
            let mut other = || sample(&luck.iter().map(|l| l + dice.exponential()).collect::<Vec<_>>());
            let (a, b) = (other(), other());
            let resampling = Resampling { seed: *round, resamples: 199 };
            swap_test(&a, &b, statistic, resampling).expect("pairs").is_some_and(|p| p.p <= 0.05)
        });
        let share = found.count() as f64 / rounds as f64;
        println!("{statistic}: {share:.4} of {rounds} studies without a difference have p ≤ 0.05");
        // Three standard deviations of the count above the nominal level.
        assert!(share < 0.05 + 3.0 * (0.05 * 0.95 / rounds as f64).sqrt(), "{statistic}: {share}");
        assert!(share > 0.015, "{statistic}: {share} is so rare that the test has no power");
    }
}

#[test]
fn differences_that_are_not_finite_are_refused() {
    assert_eq!(sign_flip(&[1.0, f64::INFINITY], Resampling::default()), None);
    assert_eq!(sign_flip(&[f64::NAN], Resampling::default()), None);
    assert_eq!(sign_flip(&[0.0; 40], Resampling::default()), Some(PValue { p: 1.0, exact: true }));
}
