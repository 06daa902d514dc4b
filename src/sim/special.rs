//! Two deviates that have no elementary inverse: normal and gamma.
//!
//! **Invariant:** only additions, products, quotients and `libm`, so the bits are the same everywhere.

use super::luck::Stream;

/// The value that a standard normal variable stays below with probability `p`, for 0 < p < 1.
///
/// Wichura's algorithm AS 241 (1988), `PPND16`: relative error about 1e-16.
pub(super) fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let value = if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) };
    if q < 0.0 { -value } else { value }
}

/// One draw from the gamma law with this shape and scale 1 (Marsaglia and Tsang, 2000; for a shape below 1 a draw
/// with shape + 1 times a power of a uniform).
pub(super) fn gamma_deviate(shape: f64, stream: &mut Stream) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(stream.unit(), 1.0 / shape);
        return gamma_deviate(shape + 1.0, stream) * boost;
    }
    let base = shape - 1.0 / 3.0;
    let slope = 1.0 / libm::sqrt(9.0 * base);
    loop {
        let normal = normal_quantile(stream.unit());
        let root = 1.0 + slope * normal;
        if root <= 0.0 {
            continue;
        }
        let cube = root * root * root;
        if libm::log(stream.unit()) < 0.5 * normal * normal + base - base * cube + base * libm::log(cube) {
            return base * cube;
        }
    }
}

/// Coefficients of numerator and denominator, highest power first.
type Ratio = ([f64; 8], [f64; 8]);

fn ratio(x: f64, (numerator, denominator): &Ratio) -> f64 {
    let horner = |coefficients: &[f64; 8]| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    horner(numerator) / horner(denominator)
}

#[rustfmt::skip]
const CENTRE: Ratio = (
    [2_509.080_928_730_122_7, 33_430.575_583_588_13, 67_265.770_927_008_7, 45_921.953_931_549_87,
     13_731.693_765_509_46, 1_971.590_950_306_551_3, 133.141_667_891_784_38, 3.387_132_872_796_366_5],
    [5_226.495_278_852_854, 28_729.085_735_721_943, 39_307.895_800_092_71, 21_213.794_301_586_6,
     5_394.196_021_424_751, 687.187_007_492_057_9, 42.313_330_701_600_91, 1.0],
);
#[rustfmt::skip]
const MIDDLE: Ratio = (
    [0.000_774_545_014_278_341_4, 0.022_723_844_989_269_184, 0.241_780_725_177_450_6, 1.270_458_252_452_368_4,
     3.647_848_324_763_204_5, 5.769_497_221_460_691, 4.630_337_846_156_546, 1.423_437_110_749_683_5],
    [1.050_750_071_644_416_9e-9, 0.000_547_593_808_499_534_5, 0.015_198_666_563_616_457, 0.148_103_976_427_480_08,
     0.689_767_334_985_1, 1.676_384_830_183_803_8, 2.053_191_626_637_759, 1.0],
);
#[rustfmt::skip]
const FAR: Ratio = (
    [2.010_334_399_292_288_1e-7, 2.711_555_568_743_487_6e-5, 0.001_242_660_947_388_078_4, 0.026_532_189_526_576_124,
     0.296_560_571_828_504_87, 1.784_826_539_917_291_3, 5.463_784_911_164_114, 6.657_904_643_501_103],
    [2.044_263_103_389_939_7e-15, 1.421_511_758_316_446e-7, 1.846_318_317_510_054_8e-5, 0.000_786_869_131_145_613_3,
     0.014_875_361_290_850_615, 0.136_929_880_922_735_8, 0.599_832_206_555_888, 1.0],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Published quantiles, and the round trip through `libm`'s error function.
    #[test]
    fn normal_quantiles() {
        for (p, expected) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813),
            (1e-12, -7.034_483_825_301_131),
        ] {
            assert!((normal_quantile(p) - expected).abs() < 1e-11, "{p}");
        }
        for step in 1..1000 {
            let p = f64::from(step) / 1000.0;
            let back = 0.5 * libm::erfc(-normal_quantile(p) / core::f64::consts::SQRT_2);
            assert!((back - p).abs() < 1e-14, "{p} came back as {back}");
        }
    }
}
