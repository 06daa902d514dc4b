use super::*;

const ALL: [Statistic; 4] = [Statistic::Mean, Statistic::RestrictedMean(10.0), Statistic::P50, Statistic::P99];
const NEVER: f64 = f64::INFINITY;

fn estimates(a: &[f64], b: &[f64], at: usize) -> [Option<Estimate>; 3] {
    let (a, b) = (sample(a), sample(b));
    let bootstrap = Bootstrap::run(&[&a, &b], &ALL, Resampling { seed: 1, resamples: 50 }).expect("pairs");
    let contrast = |how| bootstrap.contrast(how, 0, 1, at, Level::P95);
    [bootstrap.estimate(0, at, Level::P95), contrast(Contrast::Difference), contrast(Contrast::Ratio)]
}

/// Nothing but this value is possible.
fn sure(value: f64) -> Estimate {
    Estimate { value, interval: Some(Interval { low: value, high: value }) }
}

#[test]
fn no_trials_tell_nothing() {
    for at in 0..ALL.len() {
        assert_eq!(estimates(&[], &[], at), [None; 3]);
    }
    let none = sample(&[]);
    assert_eq!(swap_test(&none, &none, Statistic::P50, Resampling::default()), Ok(None));
    assert_eq!(swap_test(&none, &none, Statistic::Mean, Resampling::default()), Ok(None));
    assert_eq!(sign_flip(&[], Resampling::default()), None);
    assert_eq!(wilson(0, 0, Level::P95), None);
    assert_eq!(Pairing::default().difference(Level::P95), None);
    assert_eq!(bca(0, |_| Some(1.0), Resampling::default(), Level::P95).and_then(|e| e.interval), None);
    assert!(Bootstrap::run(&[], &ALL, Resampling::default()).is_ok());
    assert!(Bootstrap::run(&[&none], &[], Resampling::default()).is_ok());
}

#[test]
fn one_trial_has_a_value_and_no_interval() {
    for at in 0..ALL.len() {
        let alone = |value| Some(Estimate { value, interval: None });
        assert_eq!(estimates(&[6.0], &[3.0], at), [alone(6.0), alone(3.0), alone(2.0)]);
    }
}

#[test]
fn equal_trials_are_certain_to_the_bit() {
    // A tenth has no exact binary form: a plain sum of ten of them is not 1.
    for at in 0..ALL.len() {
        assert_eq!(estimates(&[0.1; 10], &[0.1; 10], at), [sure(0.1), sure(0.0), sure(1.0)].map(Some));
    }
}

#[test]
fn all_never_has_quantiles_that_are_never_and_no_mean() {
    assert_eq!(estimates(&[NEVER; 5], &[NEVER; 5], 0), [None; 3]);
    assert_eq!(estimates(&[NEVER; 5], &[NEVER; 5], 1), [sure(10.0), sure(0.0), sure(1.0)].map(Some));
    assert_eq!(estimates(&[NEVER; 5], &[NEVER; 5], 2), [Some(sure(NEVER)), None, None]);
    assert_eq!(estimates(&[NEVER; 5], &[1.0; 5], 2), [Some(sure(NEVER)); 3]);
    assert_eq!(estimates(&[1.0; 5], &[NEVER; 5], 2), [sure(1.0), sure(f64::NEG_INFINITY), sure(0.0)].map(Some));
}

/// Where some resamples find both policies at never, the comparison may have been anything there.
#[test]
fn what_a_resample_cannot_compare_widens_the_interval() {
    let (mut a, mut b) = (vec![1.0; 20], vec![2.0; 20]);
    a[..9].fill(NEVER);
    b[..9].fill(NEVER);
    let [own, difference, ratio] = estimates(&a, &b, 2);
    assert_eq!(own.and_then(|e| e.interval), Some(Interval { low: 1.0, high: NEVER }));
    let everything = Some(Interval { low: f64::NEG_INFINITY, high: NEVER });
    assert_eq!(difference.map(|e| (e.value, e.interval)), Some((-1.0, everything)));
    assert_eq!(ratio.map(|e| (e.value, e.interval)), Some((0.5, Some(Interval { low: 0.0, high: NEVER }))));
}

#[test]
fn nothing_divided_by_nothing_is_nothing() {
    assert_eq!(estimates(&[0.0; 4], &[0.0; 4], 0), [Some(sure(0.0)), Some(sure(0.0)), None]);
    assert_eq!(estimates(&[1.0; 4], &[0.0; 4], 2), [sure(1.0), sure(1.0), sure(f64::INFINITY)].map(Some));
}

#[test]
fn samples_of_different_trials_are_refused() {
    let (one, two) = (sample(&[1.0]), sample(&[1.0, 2.0]));
    let unpaired = SampleError::Unpaired { first: 1, other: 2 };
    assert_eq!(Bootstrap::run(&[&one, &two], &ALL, Resampling::default()).map(|_| ()), Err(unpaired.clone()));
    assert_eq!(swap_test(&one, &two, Statistic::P50, Resampling::default()), Err(unpaired));
}

#[test]
fn without_resamples_there_is_a_value_and_no_interval() {
    let one = sample(&[1.0, 2.0, 3.0]);
    let bootstrap = Bootstrap::run(&[&one], &[Statistic::P50], Resampling { seed: 0, resamples: 0 }).expect("one");
    assert_eq!(bootstrap.estimate(0, 0, Level::P95), Some(Estimate { value: 2.0, interval: None }));
}
