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
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = normal_quantile(stream.unit());
        let t = 1.0 + c * x;
        if t <= 0.0 {
            continue;
        }
        let v = t * t * t;
        if libm::log(stream.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
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
    [2.509_080_928_730_122_7e3, 3.343_057_558_358_813e4, 6.726_577_092_700_87e4, 4.592_195_393_154_987e4,
     1.373_169_376_550_946_1e4, 1.971_590_950_306_551_3e3, 1.331_416_678_917_843_8e2, 3.387_132_872_796_366_5e0],
    [5.226_495_278_852_854e3, 2.872_908_573_572_194_3e4, 3.930_789_580_009_271e4, 2.121_379_430_158_66e4,
     5.394_196_021_424_751e3, 6.871_870_074_920_579e2, 4.231_333_070_160_091e1, 1.0],
);
#[rustfmt::skip]
const MIDDLE: Ratio = (
    [7.745_450_142_783_414e-4, 2.272_384_498_926_918_4e-2, 2.417_807_251_774_506e-1, 1.270_458_252_452_368_4e0,
     3.647_848_324_763_204_5e0, 5.769_497_221_460_691e0, 4.630_337_846_156_546e0, 1.423_437_110_749_683_5e0],
    [1.050_750_071_644_416_9e-9, 5.475_938_084_995_345e-4, 1.519_866_656_361_645_7e-2, 1.481_039_764_274_800_8e-1,
     6.897_673_349_851e-1, 1.676_384_830_183_803_8e0, 2.053_191_626_637_759e0, 1.0],
);
#[rustfmt::skip]
const FAR: Ratio = (
    [2.010_334_399_292_288_1e-7, 2.711_555_568_743_487_6e-5, 1.242_660_947_388_078_4e-3, 2.653_218_952_657_612_4e-2,
     2.965_605_718_285_048_7e-1, 1.784_826_539_917_291_3e0, 5.463_784_911_164_114e0, 6.657_904_643_501_103e0],
    [2.044_263_103_389_939_8e-15, 1.421_511_758_316_446e-7, 1.846_318_317_510_054_8e-5, 7.868_691_311_456_133e-4,
     1.487_536_129_085_061_5e-2, 1.369_298_809_227_358e-1, 5.998_322_065_558_88e-1, 1.0],
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
            (0.001, -3.090_232_306_167_813_4),
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
