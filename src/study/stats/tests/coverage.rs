//! How often intervals cover the truth where the truth is known. A debug build tries fewer studies.

use rayon::prelude::*;

use super::*;

/// Share of studies whose interval covers the truth; tells it, and asserts that it lies within `range`, widened by
/// three standard deviations of what so many studies can tell.
fn covers(what: &str, studies: u64, range: (f64, f64), covered: impl Fn(u64) -> bool + Sync) -> f64 {
    let hits = (0..studies).into_par_iter().filter(|study| covered(*study)).count();
    let share = hits as f64 / studies as f64;
    println!("{what}: {share:.4} of {studies} intervals of 95 % cover the truth");
    let slack = if cfg!(debug_assertions) { 3.0 * (0.05 * 0.95 / studies as f64).sqrt() } else { 0.0 };
    assert!(share >= range.0 - slack && share <= range.1 + slack, "{what}: {share}");
    share
}

/// Studies in a release build, in a debug build.
const fn studies(release: u64, debug: u64) -> u64 {
    if cfg!(debug_assertions) { debug } else { release }
}

const RANGE: (f64, f64) = (0.93, 0.97);

fn contains(estimate: Option<Estimate>, truth: f64) -> bool {
    estimate.and_then(|e| e.interval).is_some_and(|interval| interval.contains(truth))
}

fn bca_covers(what: &str, trials: usize, statistic: Statistic, truth: f64, draw: fn(&mut Dice) -> f64) {
    covers(what, studies(2000, 160), RANGE, |study| {
        let mut dice = Dice::new(study);
        let values: Vec<f64> = (0..trials).map(|_| draw(&mut dice)).collect();
        let resamples = studies(1000, 200) as u32;
        let sample = sample(&values);
        let bootstrap = Bootstrap::run(&[&sample], &[statistic], Resampling { seed: study, resamples }).expect("one");
        contains(bootstrap.estimate(0, 0, Level::P95), truth)
    });
}

#[test]
fn bca_covers_the_median_of_exponential_waits() {
    bca_covers("p50, exponential, 60 trials", 60, Statistic::P50, core::f64::consts::LN_2, Dice::exponential);
}

#[test]
fn bca_covers_the_median_of_lognormal_waits() {
    bca_covers("p50, lognormal, 60 trials", 60, Statistic::P50, 1.0, |dice| libm::exp(dice.normal()));
}

#[test]
fn bca_covers_the_ninth_decile_of_lognormal_waits() {
    let truth = libm::exp(normal_quantile(0.9));
    bca_covers("p90, lognormal, 200 trials", 200, Statistic::P90, truth, |dice| libm::exp(dice.normal()));
}

#[test]
fn bca_covers_the_mean_of_exponential_waits() {
    bca_covers("mean, exponential, 100 trials", 100, Statistic::Mean, 1.0, Dice::exponential);
}

/// Both wait for a shared luck, times 1 and 1.5, and each for some of its own: differences and ratios of medians.
#[test]
fn bca_covers_paired_contrasts() {
    let wait = |factor: f64, shared: f64, own: f64| factor * libm::exp(0.8 * shared + 0.6 * own);
    for (contrast, truth) in [(Contrast::Difference, 0.5), (Contrast::Ratio, 1.5)] {
        covers(&format!("{contrast:?} of p50, pairs of lognormal, 80 trials"), studies(2000, 120), RANGE, |study| {
            let mut dice = Dice::new(study);
            let pairs = (0..80).map(|_| (dice.normal(), dice.normal(), dice.normal()));
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.map(|(s, a, b)| (wait(1.5, s, a), wait(1.0, s, b))).unzip();
            let (a, b) = (sample(&a), sample(&b));
            let resampling = Resampling { seed: study, resamples: studies(1000, 200) as u32 };
            let bootstrap = Bootstrap::run(&[&a, &b], &[Statistic::P50], resampling).expect("pairs");
            contains(bootstrap.contrast(contrast, 0, 1, 0, Level::P95), truth)
        });
    }
}

/// Not simulated: the coverage of Wilson's interval is a sum over the binomial law. It swings around 95 % with the
/// true share; on average over shares it is close.
#[test]
fn wilson_covers_by_enumeration() {
    let trials = 50u64;
    let ways = |k: u64| (0..k).fold(1.0, |ways, i| ways * (trials - i) as f64 / (i + 1) as f64);
    let intervals: Vec<_> = (0..=trials).map(|k| (k, ways(k), wilson(k, trials, Level::P95))).collect();
    let coverage = |p: f64| -> f64 {
        let chance = |k: u64, ways: f64| ways * p.powi(k as i32) * (1.0 - p).powi((trials - k) as i32);
        intervals.iter().filter(|(_, _, e)| contains(*e, p)).map(|(k, ways, _)| chance(*k, *ways)).sum()
    };
    let shares: Vec<f64> = (1..1000).map(|step| coverage(f64::from(step) / 1000.0)).collect();
    let average = shares.iter().sum::<f64>() / shares.len() as f64;
    let inner = shares[50..949].iter().copied().fold(1.0, f64::min);
    println!("Wilson, 50 trials: on average {average:.4}, at least {inner:.4} for shares from 0.05 to 0.95");
    assert!((0.945..0.96).contains(&average), "{average}");
    assert!(inner > 0.92, "{inner}");
}

#[test]
fn wilson_covers_by_simulation() {
    covers("Wilson, share 0.7, 80 trials", studies(20_000, 2000), RANGE, |study| {
        let mut dice = Dice::new(study);
        contains(wilson((0..80).filter(|_| dice.unit() < 0.7).count() as u64, 80, Level::P95), 0.7)
    });
}

#[test]
fn newcombe_covers_paired_differences() {
    covers("Newcombe, shares 0.8 and 0.6, correlated, 80 trials", studies(20_000, 2000), RANGE, |study| {
        let mut dice = Dice::new(study);
        // One luck decides both in half of the trials.
        let mut pair = || {
            let (a, b, shared) = (dice.unit(), dice.unit(), dice.unit() < 0.5);
            (a < 0.8, if shared { a } else { b } < 0.6)
        };
        let counted = Pairing::of((0..80).map(|_| pair()));
        contains(counted.difference(Level::P95), 0.2)
    });
}

/// Exponential waits, cut off at exponential times about as long.
fn censored_waits(study: u64, trials: usize) -> Curve {
    let mut dice = Dice::new(study);
    let mut wait = || {
        let (time, cut) = (dice.exponential(), dice.exponential() * 1.5);
        Wait { time: time.min(cut), ended: time <= cut }
    };
    Curve::new(&(0..trials).map(|_| wait()).collect::<Vec<_>>()).expect("times")
}

#[test]
fn the_band_covers_the_curve() {
    let median = core::f64::consts::LN_2;
    covers("Kaplan–Meier at the median, 100 trials, 40 % cut off", studies(4000, 1000), RANGE, |study| {
        contains(censored_waits(study, 100).waiting(median, Level::P95), 0.5)
    });
    covers("Kaplan–Meier's median, 100 trials, 40 % cut off", studies(4000, 1000), RANGE, |study| {
        contains(censored_waits(study, 100).median(Level::P95), median)
    });
}

#[test]
fn the_restricted_mean_is_covered() {
    let (limit, truth) = (1.0, 1.0 - libm::exp(-1.0));
    covers("mean up to 1, 100 trials, 40 % cut off", studies(4000, 1000), RANGE, |study| {
        let mean = censored_waits(study, 100).restricted_mean(limit);
        contains(mean.map(|m| m.estimate(Level::P95)), truth)
    });
}

/// One wait in fifty is long, the others are none: eight long ones a study in the mean. The plain interval of the central
/// limit theorem covers 87 % and reaches below zero in a third of such studies.
#[test]
fn the_mean_of_rare_long_waits_is_covered() {
    let waits = |study: u64| {
        let mut dice = Dice::new(study);
        (0..400).map(|_| if dice.unit() < 0.02 { 100.0 * dice.exponential() } else { 0.0 }).collect::<Vec<f64>>()
    };
    covers("mean, one in fifty long, 400 trials", studies(4000, 1000), (0.95, 0.985), |study| {
        contains(mean(waits(study), Level::P95), 2.0)
    });
    covers("mean, exponential, 60 trials", studies(4000, 1000), RANGE, |study| {
        let mut dice = Dice::new(study);
        contains(mean((0..60).map(|_| dice.exponential()), Level::P95), 1.0)
    });
    let low = |study| mean_amount(waits(study), Level::P95).and_then(|e| e.interval).map_or(0.0, |i| i.low);
    assert!((0..1000).all(|study| low(study) >= 0.0));
    let positive = (0..1000).filter(|study| low(*study) > 0.0).count();
    assert!(positive > 950, "the lower end says something, it is not merely cut off: {positive} of 1000");
}

/// A mean of exponential waits to ± 30 %, with the interval of the normal approximation: after each look the plan may
/// stop. Corrected for looking, the interval at the stop covers as promised; uncorrected it does not.
#[test]
fn stopping_early_keeps_its_promise() {
    let plan = UntilCi::new(0.3, Level::P95, 16, 1024).expect("sound");
    let stopped = |study: u64, level: Level| {
        let mut dice = Dice::new(study);
        let (mut trials, mut sum, mut squares, mut estimate) = (0, 0.0, 0.0, None);
        while let Next::Until(more) = plan.next(trials, &[estimate]) {
            for wait in (trials..more).map(|_| dice.exponential()) {
                sum += wait;
                squares += wait * wait;
            }
            trials = more;
            let (n, mean) = (trials as f64, sum / trials as f64);
            let half = level.z() * ((squares / n - mean * mean) / n).sqrt();
            estimate = Some(Estimate { value: mean, interval: Some(Interval { low: mean - half, high: mean + half }) });
        }
        contains(estimate, 1.0)
    };
    let count = studies(4000, 1000);
    covers("a mean until ± 30 %, corrected for seven looks", count, (0.95, 1.0), |study| stopped(study, plan.level()));
    covers("the same, uncorrected", count, (0.85, 0.94), |study| stopped(study, Level::P95));
}
