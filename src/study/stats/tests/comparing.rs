use proptest::prelude::*;

use super::*;

/// Holm's procedure is the closed test of Bonferroni's: a hypothesis falls at α iff every set of hypotheses that
/// contains it has a p-value at most α over the size of the set.
fn closed(p_values: &[f64], at: usize) -> f64 {
    let sets = (1u32..1 << p_values.len()).filter(|set| set >> at & 1 == 1);
    let bonferroni = |set: u32| {
        let inside = (0..p_values.len()).filter(|other| set >> other & 1 == 1).map(|other| p_values[other]);
        (f64::from(set.count_ones()) * inside.fold(1.0, f64::min)).min(1.0)
    };
    sets.map(bonferroni).fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn holm_is_the_closed_test(p_values in prop::collection::vec(prop_oneof![0.0..1.0f64, 0.0..0.02f64, Just(0.01)], 0..8)) {
        let adjusted = holm(&p_values);
        prop_assert_eq!(adjusted.len(), p_values.len());
        for (at, adjusted) in adjusted.into_iter().enumerate() {
            prop_assert!((adjusted - closed(&p_values, at)).abs() < 1e-15);
        }
    }

    /// Step down as Holm wrote it: go up from the smallest, stop at the first that exceeds α / (left).
    #[test]
    fn holm_rejects_what_stepping_down_rejects(p_values in prop::collection::vec(0.0..0.1f64, 1..9), alpha in 0.01..0.2) {
        let mut order: Vec<usize> = (0..p_values.len()).collect();
        order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
        let falls = |(rank, at): &(usize, usize)| p_values[*at] <= alpha / (p_values.len() - rank) as f64;
        let rejected: Vec<usize> = order.into_iter().enumerate().take_while(falls).map(|(_, at)| at).collect();
        for (at, adjusted) in holm(&p_values).into_iter().enumerate() {
            prop_assert!((adjusted <= alpha) == rejected.contains(&at) || (adjusted - alpha).abs() < 1e-12);
        }
    }
}

#[test]
fn what_is_not_a_number_is_no_evidence() {
    assert_eq!(holm(&[f64::NAN, 0.01]), [1.0, 0.02]);
}

#[test]
fn a_verdict_needs_both_witnesses() {
    let estimate =
        |low, high| Some(Estimate { value: f64::midpoint(low, high), interval: Some(Interval { low, high }) });
    let of = |difference, p| Verdict::of(difference, p, Level::P95);
    assert_eq!(of(estimate(-3.0, -1.0), Some(0.01)), Verdict::Lower);
    assert_eq!(of(estimate(1.0, 3.0), Some(0.01)), Verdict::Higher);
    for (difference, p) in [
        (estimate(1.0, 3.0), Some(0.06)),
        (estimate(-1.0, 3.0), Some(0.001)),
        (estimate(0.0, 3.0), Some(0.001)),
        (estimate(1.0, 3.0), None),
        (estimate(1.0, 3.0), Some(f64::NAN)),
        (None, Some(0.001)),
        (Some(Estimate { value: 4.0, interval: None }), Some(0.001)),
    ] {
        assert_eq!(of(difference, p), Verdict::Unclear);
    }
    assert_eq!([Verdict::Lower, Verdict::Higher, Verdict::Unclear].map(Verdict::marker), ["", "", "~"]);
}

#[test]
fn a_table_tells_policies_apart_and_twins_not() {
    use Verdict::{Lower, Unclear};
    let mut dice = Dice::new(8);
    let base: Vec<f64> = (0..150).map(|_| dice.exponential() * 60.0 + 10.0).collect();
    let faster: Vec<f64> = base.iter().map(|v| v * 0.8 + dice.unit()).collect();
    let (base, faster) = (sample(&base), sample(&faster));
    let statistics = [Statistic::P50, Statistic::Mean];
    let resampling = Resampling { seed: 4, resamples: 500 };
    let comparison = Comparison { baseline: 0, statistics: &statistics, resampling, level: Level::P95 };
    let rows = compare(&[&base, &base, &faster], comparison).expect("pairs");
    let told: Vec<(usize, String, Verdict)> =
        rows.iter().map(|row| (row.sample, row.statistic.to_string(), row.verdict)).collect();
    let p50 = |sample, verdict| (sample, "p50".to_owned(), verdict);
    let mean = |sample, verdict| (sample, "mean".to_owned(), verdict);
    let expected =
        [p50(0, Unclear), mean(0, Unclear), p50(1, Unclear), mean(1, Unclear), p50(2, Lower), mean(2, Lower)];
    assert_eq!(told, expected);
    assert_eq!((rows[0].p, rows[0].ratio), (None, None), "the baseline is not compared with itself");
    let one = Estimate { value: 1.0, interval: Some(Interval { low: 1.0, high: 1.0 }) };
    assert_eq!((rows[2].ratio, rows[2].p.map(|p| p.p)), (Some(one), Some(1.0)));
    assert!(rows[4].ratio.and_then(|r| r.interval).is_some_and(|i| i.low > 0.7 && i.high < 0.95));
    assert!(rows[4].adjusted > rows[4].p.map(|p| p.p), "four rows were looked at");
}

#[test]
fn a_stop_needs_a_narrow_interval() {
    let plan = UntilCi::new(0.1, Level::P95, 100, 1000).expect("sound");
    assert_eq!(plan.looks().collect::<Vec<_>>(), [100, 200, 400, 800, 1000]);
    close(plan.level().alpha(), 0.01, 1e-12);
    let wide = |half: f64| Some(Estimate { value: 10.0, interval: Some(Interval { low: 10.0 - half, high: 10.5 }) });
    assert_eq!(plan.next(0, &[]), Next::Until(100));
    assert_eq!(plan.next(100, &[wide(0.9)]), Next::Enough);
    assert_eq!(plan.next(100, &[wide(1.1)]), Next::Until(200));
    assert_eq!(plan.next(100, &[wide(0.9), None]), Next::Until(200));
    assert_eq!(plan.next(1000, &[wide(1.1)]), Next::Exhausted);
    let never = Some(Estimate { value: f64::INFINITY, interval: Some(Interval { low: 1.0, high: f64::INFINITY }) });
    assert_eq!(plan.next(400, &[never]), Next::Until(800));
    for (relative, first, most) in [(0.0, 1, 2), (-1.0, 1, 2), (f64::NAN, 1, 2), (0.1, 0, 2), (0.1, 3, 2)] {
        assert_eq!(UntilCi::new(relative, Level::P95, first, most), None);
    }
    assert_eq!(UntilCi::new(0.1, Level::P95, 7, u64::MAX).map(|plan| plan.looks().count()), Some(63));
}

#[test]
fn levels_are_shares() {
    assert_eq!((Level::new(0.0), Level::new(1.0), Level::new(f64::NAN)), (None, None, None));
    close(Level::P95.z(), 1.959_963_984_540_054, 1e-12);
    close(Level::new(0.99).expect("a level").z(), 2.575_829_303_548_901, 1e-12);
    let exact = Estimate { value: 0.0, interval: Some(Interval { low: 0.0, high: 0.0 }) };
    assert_eq!(exact.relative_half_width(), Some(0.0));
    let at_zero = Estimate { value: 0.0, interval: Some(Interval { low: 0.0, high: 1.0 }) };
    assert_eq!(at_zero.relative_half_width(), None);
}
