//! The standard normal distribution: its cumulative function and the inverse.
//!
//! **Invariant:** only arithmetic, square roots and `libm`, so the bits are the same everywhere.

use core::f64::consts::{PI, SQRT_2};

/// The chance that a standard normal variable is at most `x`.
///
/// Half the complementary error function of −x/√2. That function is right to the last bit or two; the rounding of its
/// argument grows with x², so the relative error stays below 1e-15·(1 + x²).
pub fn cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// The value that a standard normal variable stays below with chance `p`; infinite at 0 and 1.
///
/// Hastings' rational approximation (Abramowitz and Stegun 26.2.23, absolute error below 4.5e-4) improved by two
/// steps of Halley's method on [`cdf`], each of which cubes the error. What remains is rounding: below 1e-14 for every
/// p from 1e-300 to 1 − 1e-16, relative to max(1, |x|). Smaller p are read as 1e-300.
pub fn quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    // Always solved in the lower tail, where neither p nor the function loses digits to 1.
    if p <= 0.5 { lower(p.max(1e-300)) } else { -lower(1.0 - p) }
}

fn lower(p: f64) -> f64 {
    let t = libm::sqrt(-2.0 * libm::log(p));
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = above / below - t;
    for _ in 0..2 {
        let newton = (cdf(x) - p) / density(x);
        x -= newton / (1.0 + x * newton / 2.0);
    }
    x
}

fn density(x: f64) -> f64 {
    libm::exp(-x * x / 2.0) / libm::sqrt(2.0 * PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with 400 decimal digits from the Taylor series of the error function, and by Newton's method on it.
    #[rustfmt::skip]
    const CDF: [(f64, f64); 12] = [
        (-30.0, 4.906_713_927_148_187e-198), (-20.0, 2.753_624_118_606_233_7e-89), (-12.0, 1.776_482_112_077_679e-33),
        (-8.0, 6.220_960_574_271_784e-16), (-4.0, 3.167_124_183_311_992_4e-5), (-2.0, 0.022_750_131_948_179_21),
        (-1.0, 0.158_655_253_931_457_05), (-0.5, 0.308_537_538_725_986_9), (0.0, 0.5),
        (1.0, 0.841_344_746_068_542_9), (3.0, 0.998_650_101_968_369_9), (6.0, 0.999_999_999_013_412_3),
    ];
    #[rustfmt::skip]
    const QUANTILE: [(f64, f64); 9] = [
        (1e-100, -21.273_453_560_965_326), (1e-30, -11.464_024_688_443_615), (1e-12, -7.034_483_825_301_132),
        (1e-6, -4.753_424_308_822_899), (0.001, -3.090_232_306_167_813_6), (0.25, -0.674_489_750_196_081_7),
        (0.5, 0.0), (0.9, 1.281_551_565_544_600_4), (0.995, 2.575_829_303_548_901),
    ];

    #[test]
    fn reference_values_are_met() {
        for (x, p) in CDF {
            assert!((cdf(x) / p - 1.0).abs() < 1e-15 * (1.0 + x * x), "cdf({x}) is {:e}, not {p:e}", cdf(x));
        }
        for (p, x) in QUANTILE {
            let error = (quantile(p) - x).abs() / x.abs().max(1.0);
            assert!(error < 2e-15, "the quantile at {p:e} is {}, not {x}: {error:e}", quantile(p));
        }
    }

    #[test]
    fn the_inverse_inverts() {
        let error = |x: f64| (quantile(cdf(x)) - x).abs() / x.abs().max(1.0);
        let lower = (0..=4096).map(|step| f64::from(step) / -111.0).map(error).fold(0.0, f64::max);
        assert!(lower < 1e-14, "{lower:e}");
        // Above the middle p itself has lost what it says about the tail: compare chances, not values.
        for step in 1..1000 {
            let p = 0.5 + f64::from(step) / 2000.0;
            assert!((cdf(quantile(p)) - p).abs() < 4e-16, "{p}");
        }
    }

    #[test]
    fn the_ends_are_infinite() {
        assert_eq!((quantile(0.0), quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!((cdf(f64::NEG_INFINITY), cdf(f64::INFINITY)), (0.0, 1.0));
        assert!(quantile(5e-324).is_finite());
    }
}
