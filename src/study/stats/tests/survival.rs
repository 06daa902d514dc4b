use proptest::prelude::*;

use super::*;

fn waits(ended: &[f64], cut_off: &[f64]) -> Vec<Wait> {
    let of = |ended: bool| move |time: &f64| Wait { time: *time, ended };
    ended.iter().map(of(true)).chain(cut_off.iter().map(of(false))).collect()
}

/// Freireich and others (1963), remissions in weeks under 6-MP, the example of most textbooks; standard errors by
/// Greenwood's formula and the log(−log) band as printed there.
#[test]
fn the_textbooks_curve_comes_out() {
    let ended = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0];
    let cut_off = [6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0];
    let curve = Curve::new(&waits(&ended, &cut_off)).expect("times");
    let printed = [
        (6.0, 21, 0.8571, 0.0764, 0.6197, 0.9516),
        (7.0, 17, 0.8067, 0.0869, 0.5631, 0.9228),
        (10.0, 15, 0.7529, 0.0963, 0.5032, 0.8894),
        (13.0, 12, 0.6902, 0.1068, 0.4316, 0.8491),
        (16.0, 11, 0.6275, 0.1141, 0.3675, 0.8049),
        (22.0, 7, 0.5378, 0.1282, 0.2678, 0.7468),
        (23.0, 6, 0.4482, 0.1346, 0.1881, 0.6801),
    ];
    let steps: Vec<&Step> = curve.steps().iter().filter(|step| step.ended > 0).collect();
    assert_eq!(steps.len(), printed.len());
    for (step, (time, at_risk, waiting, error, low, high)) in steps.into_iter().zip(printed) {
        assert_eq!((step.time.total_cmp(&time).is_eq(), step.at_risk), (true, at_risk));
        close(step.waiting, waiting, 5e-5);
        close(step.waiting * step.greenwood.sqrt(), error, 5e-5);
        let interval = curve.waiting(time, Level::P95).and_then(|e| e.interval).expect("some ended");
        close(interval.low, low, 5e-5);
        close(interval.high, high, 5e-5);
    }
    let median = curve.median(Level::P95).expect("waits");
    assert_eq!((median.value, median.interval), (23.0, Some(Interval { low: 13.0, high: f64::INFINITY })));
    assert_eq!(curve.quantile(0.6, Level::P95).map(|e| e.value), Some(f64::INFINITY), "44.8 % wait to the end");
}

/// Five waits by hand: 1, 2+, 3, 4, 5+. The curve is 1, 0.8, 0.8, 8/15, 4/15 from 0, 1, 2, 3, 4.
#[test]
fn the_area_is_the_sum_of_its_rectangles() {
    let curve = Curve::new(&waits(&[1.0, 3.0, 4.0], &[2.0, 5.0])).expect("times");
    let mean = curve.restricted_mean(5.0).expect("within");
    close(mean.value, 1.0 + 0.8 * 2.0 + 8.0 / 15.0 + 4.0 / 15.0, 1e-12);
    let areas: [f64; 3] = [2.4, 0.8, 4.0 / 15.0];
    let expected = areas[0].powi(2) / 20.0 + areas[1].powi(2) / 6.0 + areas[2].powi(2) / 2.0;
    close(mean.variance, expected, 1e-12);
    close(curve.restricted_mean(2.5).expect("within").value, 1.0 + 0.8 * 1.5, 1e-12);
    close(curve.restricted_mean(0.5).expect("within").value, 0.5, 1e-12);
    assert_eq!(curve.restricted_mean(5.5), None, "nobody was watched that long");
    assert_eq!(curve.restricted_mean(f64::NAN), None);
}

proptest! {
    #[test]
    fn without_cuts_it_is_the_share_above(times in prop::collection::vec(0u32..30, 1..60)) {
        let times: Vec<f64> = times.into_iter().map(f64::from).collect();
        let curve = Curve::new(&waits(&times, &[])).expect("times");
        let n = times.len() as f64;
        for at in 0..32 {
            let at = f64::from(at) - 0.5;
            let above = times.iter().filter(|t| **t > at).count() as f64 / n;
            let estimate = curve.waiting(at, Level::P95).expect("all ended");
            prop_assert!((estimate.value - above).abs() < 1e-12);
            prop_assert!(estimate.interval.is_none_or(|i| i.contains(estimate.value)));
            // Greenwood's variance is the binomial one then.
            if let Some(step) = curve.steps().iter().rfind(|s| s.time <= at).filter(|s| s.waiting > 0.0) {
                let variance = step.waiting * step.waiting * step.greenwood;
                prop_assert!((variance - above * (1.0 - above) / n).abs() < 1e-12);
            }
        }
        let limit = 17.5;
        let mean = times.iter().map(|t| t.min(limit)).sum::<f64>() / n;
        let squares = times.iter().map(|t| (t.min(limit) - mean).powi(2)).sum::<f64>();
        let restricted = curve.restricted_mean(limit).expect("all ended");
        prop_assert!((restricted.value - mean).abs() < 1e-9);
        prop_assert!((restricted.variance - squares / n / n).abs() < 1e-9);
    }

    #[test]
    fn nothing_is_ever_not_a_number(all in prop::collection::vec((0u32..9, any::<bool>()), 0..20), at in 0.0..10.0) {
        let all: Vec<Wait> = all.into_iter().map(|(time, ended)| Wait { time: f64::from(time), ended }).collect();
        let curve = Curve::new(&all).expect("times");
        let estimates = curve.band(Level::P95).map(|(_, e)| e).chain(curve.waiting(at, Level::P95));
        let with_quantile = estimates.chain(curve.quantile(at / 10.0, Level::P95));
        for Estimate { value, interval } in with_quantile {
            prop_assert!(!value.is_nan() && interval.is_none_or(|i| i.low <= value && value <= i.high), "{value} {interval:?}");
        }
        prop_assert!(curve.restricted_mean(at).is_none_or(|m| m.value >= 0.0 && m.value <= at && m.variance >= 0.0));
        prop_assert!(curve.steps().windows(2).all(|w| w[1].waiting <= w[0].waiting && w[1].time > w[0].time));
    }
}

#[test]
fn few_waits_or_none_give_values_or_nothing() {
    let none = Curve::new(&[]).expect("no times");
    assert_eq!((none.waiting(1.0, Level::P95), none.median(Level::P95)), (None, None));
    assert_eq!(none.restricted_mean(1.0), None);
    let all_cut = Curve::new(&waits(&[], &[4.0, 2.0])).expect("times");
    assert_eq!(all_cut.waiting(3.0, Level::P95), Some(Estimate { value: 1.0, interval: None }));
    assert_eq!(all_cut.waiting(4.5, Level::P95), None);
    assert_eq!(all_cut.median(Level::P95).map(|e| e.value), Some(f64::INFINITY));
    assert_eq!(all_cut.restricted_mean(4.0), Some(RestrictedMean { value: 4.0, variance: 0.0 }));
    let one = Curve::new(&waits(&[3.0], &[])).expect("times");
    assert_eq!(one.waiting(9.0, Level::P95), Some(Estimate { value: 0.0, interval: None }));
    assert_eq!(one.median(Level::P95).map(|e| e.value), Some(3.0));
    assert_eq!(one.restricted_mean(9.0), Some(RestrictedMean { value: 3.0, variance: 0.0 }));
    assert_eq!(Curve::new(&waits(&[-1.0], &[])), None);
    assert_eq!(Curve::new(&waits(&[f64::NAN], &[])), None);
    // An endless wait is one cut off after all others, whatever it is called.
    let endless = Curve::new(&waits(&[1.0, f64::INFINITY], &[])).expect("times");
    assert_eq!(endless.waiting(5.0, Level::P95).map(|e| e.value), Some(0.5));
}

#[test]
fn never_and_not_yet_agree_before_the_first_cut() {
    let mut dice = Dice::new(7);
    let times: Vec<f64> = (0..200).map(|_| dice.exponential()).collect();
    let horizon = 1.5;
    let cut: Vec<Wait> = times.iter().map(|t| Wait { time: t.min(horizon), ended: *t <= horizon }).collect();
    let never: Vec<f64> = times.iter().map(|t| if *t <= horizon { *t } else { f64::INFINITY }).collect();
    let (curve, never) = (Curve::new(&cut).expect("times"), sample(&never));
    for at in [0.1, 0.7, 1.4] {
        let waiting = curve.waiting(at, Level::P95).expect("within").value;
        close(waiting, 1.0 - never.by(at) as f64 / 200.0, 1e-12);
    }
    let mean = curve.restricted_mean(horizon).expect("within").value;
    close(mean, Statistic::RestrictedMean(horizon).of(&never).expect("trials"), 1e-9);
}
