//! Intervals of 95 % around shares, means and quantiles.

/// Two-sided 95 % of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A number and the interval that covers its true value in 95 % of studies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The share of successes, with Wilson's score interval, which stays sensible at 0 and 1 and for few trials.
/// Without trials, anything is possible.
pub fn wilson(successes: usize, trials: usize) -> Estimate {
    if trials == 0 {
        return Estimate { value: f64::NAN, low: 0.0, high: 1.0 };
    }
    let (n, p) = (trials as f64, successes as f64 / trials as f64);
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let low = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Estimate { value: p, low, high }
}

/// The mean with the interval of the central limit theorem; `None` without values. The sum is made in the order
/// given, so that it is the same for any number of threads.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<Estimate> {
    let (mut count, mut average, mut squares) = (0.0_f64, 0.0_f64, 0.0_f64);
    for value in values {
        count += 1.0;
        let from_before = value - average;
        average += from_before / count;
        squares += from_before * (value - average);
    }
    if count == 0.0 {
        return None;
    }
    let half = if count > 1.0 { Z * (squares / (count - 1.0) / count).sqrt() } else { f64::INFINITY };
    Some(Estimate { value: average, low: average - half, high: average + half })
}

/// Positions, in ascending order of `trials` values, of the `q`-quantile and of the ends of its interval. The
/// interval is the one of order statistics: it holds whatever the distribution, outliers and ties included.
///
/// The quantile is the nearest rank: the smallest value that at least `q` of all trials do not pass.
pub fn quantile(q: f64, trials: usize) -> Option<[usize; 3]> {
    if trials == 0 {
        return None;
    }
    let n = trials as f64;
    let half = Z * (n * q * (1.0 - q)).sqrt();
    // Rounded before the ceiling, so that 0.9 · 10 is the ninth and not, by a hair, the tenth.
    let at = |rank: f64| ((rank * 1e9).round() / 1e9).ceil().clamp(1.0, n) as usize - 1;
    Some([at(n * q), at(n * q - half), at(n * q + half + 1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 5e-4, "{actual} is not {expected}");
    }

    #[test]
    fn wilsons_interval_is_the_textbooks() {
        let e = wilson(8, 10);
        close(e.low, 0.4902);
        close(e.high, 0.9433);
        let none = wilson(0, 50);
        close(none.low, 0.0);
        close(none.high, 0.0713);
        close(wilson(50, 50).high, 1.0);
        close(wilson(0, 0).low, 0.0);
        close(wilson(0, 0).high, 1.0);
    }

    #[test]
    fn the_mean_is_covered() {
        let e = mean([1.0, 2.0, 3.0, 4.0]).expect("values");
        close(e.value, 2.5);
        close(e.high - e.value, 1.96 * (5.0_f64 / 3.0 / 4.0).sqrt());
        assert_eq!(mean([]), None);
        assert_eq!(mean([7.0]).map(|e| e.high), Some(f64::INFINITY));
    }

    #[test]
    fn quantiles_are_ranks() {
        assert_eq!(quantile(0.5, 1), Some([0, 0, 0]));
        assert_eq!(quantile(0.9, 10).map(|r| r[0]), Some(8));
        assert_eq!(quantile(0.5, 10).map(|r| r[0]), Some(4));
        assert_eq!(quantile(0.99, 1000).map(|r| r[0]), Some(989));
        assert_eq!(quantile(0.5, 0), None);
        // 100 values: the classical interval for the median is the 40th to the 61st.
        assert_eq!(quantile(0.5, 100), Some([49, 40, 60]));
    }
}
