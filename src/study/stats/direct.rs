//! Estimates straight from formulas, where resampling would take longer than the study and tell the same.
//!
//! **Invariant:** sums are made in the order given, so that they are the same for any number of threads.

use super::quantile::Position;
use super::{Estimate, Interval, Level, Sample};

/// The mean; `None` without values. One value has no interval.
///
/// The interval is that of the central limit theorem with the skewness taken out by a cubic transformation (Hall 1992,
/// "On the removal of skewness by transformation"). Where a few long waits among many short ones make the mean, the plain
/// interval covers too seldom and reaches below zero; this one is longer upwards and shorter downwards. Without skewness
/// the two are the same.
pub fn mean(values: impl IntoIterator<Item = f64>, level: Level) -> Option<Estimate> {
    let mut moments = Moments::default();
    values.into_iter().for_each(|value| moments.add(value));
    moments.mean(level)
}

/// The same of amounts, which are never below zero: nor is the interval's lower end.
pub fn mean_amount(amounts: impl IntoIterator<Item = f64>, level: Level) -> Option<Estimate> {
    Some(never_below_zero(mean(amounts, level)?))
}

/// The estimate of an amount that is never below zero.
pub(in crate::study) fn never_below_zero(estimate: Estimate) -> Estimate {
    let interval = estimate.interval.map(|Interval { low, high }| Interval { low: low.max(0.0), high });
    Estimate { interval, ..estimate }
}

/// What the mean of values and its interval are made from: sums of powers of their distance from the mean.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::study) struct Moments {
    count: f64,
    average: f64,
    squares: f64,
    cubes: f64,
}

impl Moments {
    /// Takes in the next value (Terriberry 2007).
    fn add(&mut self, value: f64) {
        let before = self.count;
        self.count += 1.0;
        let from_before = value - self.average;
        let step = from_before / self.count;
        let more = from_before * step * before;
        self.average += step;
        self.cubes += more * step * (self.count - 2.0) - 3.0 * step * self.squares;
        self.squares += more;
    }

    /// Takes in the same value so many times (Pébay 2008, for a group without spread).
    pub(in crate::study) fn add_times(&mut self, value: f64, times: u64) {
        let (before, more) = (self.count, times as f64);
        self.count += more;
        let apart = value - self.average;
        let part = apart * more / self.count;
        self.average += part;
        self.cubes += apart * apart * part * before * (before - more) / self.count - 3.0 * part * self.squares;
        self.squares += apart * part * before;
    }

    /// The mean with its interval.
    pub(in crate::study) fn mean(&self, level: Level) -> Option<Estimate> {
        let Self { count, average, squares, cubes } = *self;
        let error = (squares / (count - 1.0) / count).sqrt();
        // Skewness of the mean: that of a value over the root of their number.
        let skewness = if squares > 0.0 { cubes / (squares * squares.sqrt()) } else { 0.0 };
        let ends = || Interval {
            low: average - error * without_skewness(skewness, level.z()),
            high: average - error * without_skewness(skewness, -level.z()),
        };
        (count > 0.0).then_some(Estimate { value: average, interval: (count > 1.0).then(ends) })
    }
}

/// The inverse of the transformation that makes a mean of this skewness normal, at `z`.
fn without_skewness(skewness: f64, z: f64) -> f64 {
    if skewness.abs() < 1e-9 {
        return z;
    }
    3.0 / skewness * (libm::cbrt(1.0 + skewness * (z - skewness / 6.0)) - 1.0)
}

/// The `q`-quantile (type 7) between the order statistics that bound it with this confidence, whatever the distribution,
/// ties and never included. `None` without trials; an end that lies among those that never got there is infinite.
pub fn rank_interval(sample: &Sample, q: f64, level: Level) -> Option<Estimate> {
    rank_interval_of(sample.len(), |rank| sample.sorted()[rank], q, level)
}

/// The same of so many trials in whatever form they are kept: `at` has the value of a rank, counted from 0.
pub fn rank_interval_of(trials: usize, at: impl Fn(usize) -> f64, q: f64, level: Level) -> Option<Estimate> {
    let position = Position::of(trials, q)?;
    let value = position.between(at(position.index), at((position.index + 1).min(trials - 1)));
    let n = trials as f64;
    let half = level.z() * (n * q * (1.0 - q)).sqrt();
    // Rounded before the ceiling, so that 0.9 · 10 is the ninth and not, by a hair, the tenth.
    let at = |rank: f64| at(((rank * 1e9).round() / 1e9).ceil().clamp(1.0, n) as usize - 1);
    // With few trials the value interpolates past the rank that bounds it.
    let ends = || Interval { low: at(n * q - half).min(value), high: at(n * q + half + 1.0).max(value) };
    let interval = (trials > 1).then(ends);
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
        // By hand: Σ(x − 2)² = 12, Σ(x − 2)³ = 24, and the standard error is 1.
        let skewed = mean([1.0, 1.0, 1.0, 5.0], Level::P95).expect("values").interval.expect("four values");
        let skewness = 24.0 / 12.0_f64.powf(1.5);
        let end = |z: f64| 2.0 - without_skewness(skewness, z);
        assert!(
            (skewed.low - end(1.959_964)).abs() < 1e-5 && (skewed.high - end(-1.959_964)).abs() < 1e-5,
            "{skewed:?}"
        );
        assert!(skewed.high - 2.0 > 2.0 - skewed.low, "longer upwards");
        assert_eq!(mean([], Level::P95), None);
        assert_eq!(mean([7.0], Level::P95), Some(Estimate { value: 7.0, interval: None }));
    }

    #[test]
    fn the_interval_of_the_median_is_the_textbooks() {
        let sample = Sample::new((1..=100).map(f64::from).collect()).expect("numbers");
        let estimate = rank_interval(&sample, 0.5, Level::P95).expect("trials");
        // The classical interval for the median of 100 values goes from the 41st to the 61st.
        let Interval { low, high } = estimate.interval.expect("many");
        assert_eq!((estimate.value, low, high), (50.5, 41.0, 61.0));
    }

    #[test]
    fn an_end_among_those_that_never_came_is_infinite() {
        let sample = Sample::new((0..100).map(|n| if n < 92 { f64::from(n) } else { f64::INFINITY }).collect())
            .expect("numbers");
        let estimate = rank_interval(&sample, 0.9, Level::P95).expect("trials");
        let Interval { low, high } = estimate.interval.expect("many");
        assert!(low < estimate.value && estimate.value < 92.0 && high.is_infinite(), "{estimate:?}");
    }
}
