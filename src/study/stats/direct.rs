//! Estimates straight from formulas, where resampling would take longer than the study and tell the same.
//!
//! **Invariant:** sums are made in the order given, so that they are the same for any number of threads.

use super::{Estimate, Interval, Level, Sample};

/// The mean with the interval of the central limit theorem; `None` without values. One value has no interval.
pub fn mean(values: impl IntoIterator<Item = f64>, level: Level) -> Option<Estimate> {
    let (mut count, mut average, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
    for value in values {
        count += 1.0;
        let from_before = value - average;
        average += from_before / count;
        squares += from_before * (value - average);
    }
    let half = level.z() * (squares / (count - 1.0) / count).sqrt();
    let interval = (count > 1.0).then_some(Interval { low: average - half, high: average + half });
    (count > 0.0).then_some(Estimate { value: average, interval })
}

/// The `q`-quantile (type 7) between the order statistics that bound it with this confidence, whatever the distribution,
/// ties and never included. `None` without trials; an end that lies among those that never got there is infinite.
pub fn rank_interval(sample: &Sample, q: f64, level: Level) -> Option<Estimate> {
    let value = sample.quantile(q)?;
    let n = sample.len() as f64;
    let half = level.z() * (n * q * (1.0 - q)).sqrt();
    // Rounded before the ceiling, so that 0.9 · 10 is the ninth and not, by a hair, the tenth.
    let at = |rank: f64| sample.sorted()[((rank * 1e9).round() / 1e9).ceil().clamp(1.0, n) as usize - 1];
    // With few trials the value interpolates past the rank that bounds it.
    let ends = || Interval { low: at(n * q - half).min(value), high: at(n * q + half + 1.0).max(value) };
    let interval = (sample.len() > 1).then(ends);
    Some(Estimate { value, interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_covered() {
        let estimate = mean([1.0, 2.0, 3.0, 4.0], Level::P95).expect("values");
        assert!((estimate.value - 2.5).abs() < 1e-12);
        let high = estimate.interval.expect("four values").high;
        assert!((high - 2.5 - 1.959_964 * (5.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-5, "{high}");
        assert_eq!(mean([], Level::P95), None);
        assert_eq!(mean([7.0], Level::P95), Some(Estimate { value: 7.0, interval: None }));
    }

    #[test]
    fn the_interval_of_the_median_is_the_textbooks() {
        let sample = Sample::from_integers((1..=100).map(Some)).expect("numbers");
        let estimate = rank_interval(&sample, 0.5, Level::P95).expect("trials");
        // The classical interval for the median of 100 values goes from the 41st to the 61st.
        let Interval { low, high } = estimate.interval.expect("many");
        assert_eq!((estimate.value, low, high), (50.5, 41.0, 61.0));
    }

    #[test]
    fn an_end_among_those_that_never_came_is_infinite() {
        let sample = Sample::from_integers((0..100).map(|n| (n < 92).then_some(n))).expect("numbers");
        let estimate = rank_interval(&sample, 0.9, Level::P95).expect("trials");
        let Interval { low, high } = estimate.interval.expect("many");
        assert!(low < estimate.value && estimate.value < 92.0 && high.is_infinite(), "{estimate:?}");
    }
}
