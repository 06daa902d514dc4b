//! Long-tailed laws fitted to runs that were seen at even times, of which some were cut off.
//!
//! **Invariant:** a run of n ticks lasted between n − ½ and n + ½ of them, and one below half a tick was never seen; all
//! families are fitted and judged by the likelihood of just that, so they can be compared.

use std::collections::BTreeMap;
use std::fmt;

use crate::sim::Law;
use crate::study::stats::normal_cdf;

use super::runs::Run;
use super::simplex::minimise;

/// Kinds of laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A mixture of two exponential laws.
    Mixture,
    /// Weibull.
    Weibull,
    /// Lognormal.
    LogNormal,
    /// Gamma.
    Gamma,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mixture, Self::Weibull, Self::LogNormal, Self::Gamma];

    /// How many numbers are fitted.
    pub const fn parameters(self) -> usize {
        match self {
            Self::Mixture => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mixture => "two exponentials",
            Self::Weibull => "weibull",
            Self::LogNormal => "lognormal",
            Self::Gamma => "gamma",
        })
    }
}

/// A law of one family; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Weight and mean of the shorter, mean of the longer.
    Mixture {
        /// Weight of the shorter.
        weight: f64,
        /// Its mean.
        short: f64,
        /// Mean of the longer.
        long: f64,
    },
    /// A mixture of an exponential law and a gamma law, which gathers about its mean where its shape is above 1.
    Humped {
        /// Weight of the exponential law.
        weight: f64,
        /// Its mean.
        short: f64,
        /// Mean of the gamma law.
        long: f64,
        /// Shape of the gamma law.
        shape: f64,
    },
    /// Shape and scale.
    Weibull(f64, f64),
    /// Mean and standard deviation of the logarithm.
    LogNormal(f64, f64),
    /// Shape and scale.
    Gamma(f64, f64),
}

impl Shape {
    /// Chance to last longer than `seconds`.
    pub fn survival(&self, seconds: f64) -> f64 {
        let x = seconds.max(0.0);
        match *self {
            Self::Mixture { weight, short, long } => {
                weight * libm::exp(-x / short) + (1.0 - weight) * libm::exp(-x / long)
            }
            Self::Humped { weight, short, long, shape } => {
                weight * libm::exp(-x / short) + (1.0 - weight) * upper_gamma(shape, x * shape / long)
            }
            Self::Weibull(shape, scale) => libm::exp(-libm::pow(x / scale, shape)),
            Self::LogNormal(mu, sigma) => {
                if x <= 0.0 {
                    1.0
                } else {
                    normal_cdf((mu - libm::log(x)) / sigma)
                }
            }
            Self::Gamma(shape, scale) => upper_gamma(shape, x / scale),
        }
    }

    /// Mean, in seconds.
    pub fn mean(&self) -> f64 {
        self.law().mean()
    }

    /// As the simulator draws from it.
    pub fn law(&self) -> Law {
        match *self {
            Self::Mixture { weight, short, long } => two(weight, short, Law::Exponential { mean: long }),
            Self::Humped { weight, short, long, shape } => {
                two(weight, short, Law::Gamma { shape, scale: long / shape })
            }
            Self::Weibull(shape, scale) => Law::Weibull { shape, scale },
            Self::LogNormal(mu, sigma) => Law::LogNormal { mu, sigma },
            Self::Gamma(shape, scale) => Law::Gamma { shape, scale },
        }
    }

    /// The same shape with this mean.
    #[must_use]
    pub fn with_mean(self, mean: f64) -> Self {
        let by = mean / self.mean();
        match self {
            Self::Mixture { weight, short, long } => Self::Mixture { weight, short: short * by, long: long * by },
            Self::Humped { weight, short, long, shape } => {
                Self::Humped { weight, short: short * by, long: long * by, shape }
            }
            Self::Weibull(shape, scale) => Self::Weibull(shape, scale * by),
            Self::LogNormal(mu, sigma) => Self::LogNormal(mu + libm::log(by), sigma),
            Self::Gamma(shape, scale) => Self::Gamma(shape, scale * by),
        }
    }
}

/// An exponential law of this weight and mean, else the other.
fn two(weight: f64, short: f64, other: Law) -> Law {
    let parts = [(weight, Law::Exponential { mean: short }), (1.0 - weight, other.clone())];
    Law::mixture(parts.into_iter().filter(|(weight, _)| *weight > 0.0).collect()).unwrap_or(other)
}

/// The natural logarithm of the likelihood of runs, given that they were long enough to be seen.
pub fn log_likelihood(shape: &Shape, runs: &[Run], gap: f64) -> f64 {
    let seen = shape.survival(0.5 * gap).max(1e-300);
    let of = |run: &Run| {
        let from = shape.survival((run.ticks as f64 - 0.5) * gap);
        let to = if run.is_cut { 0.0 } else { shape.survival((run.ticks as f64 + 0.5) * gap) };
        libm::log(((from - to) / seen).max(1e-300))
    };
    runs.iter().map(of).sum()
}

/// The likeliest law of a family; `None` with fewer than four runs that ended.
pub fn fit(family: Family, runs: &[Run], gap: f64) -> Option<Shape> {
    let ended = runs.iter().filter(|run| !run.is_cut);
    if ended.clone().count() < 4 {
        return None;
    }
    let mean = runs.iter().map(|run| run.ticks as f64 * gap).sum::<f64>() / ended.count() as f64;
    if family == Family::Mixture {
        return Some(expectation_maximisation(runs, gap, mean));
    }
    let shape = |p: &[f64]| match family {
        Family::Weibull => Shape::Weibull(libm::exp(p[0]), libm::exp(p[1])),
        Family::LogNormal => Shape::LogNormal(p[1] - 1.0, libm::exp(p[0])),
        _ => Shape::Gamma(libm::exp(p[0]), libm::exp(p[1])),
    };
    let start = [-0.3, libm::log(mean)];
    let sound = |p: &[f64]| p[0].abs() < 4.0 && p[1].abs() < 40.0;
    let worth = |p: &[f64]| if sound(p) { -log_likelihood(&shape(p), runs, gap) } else { f64::INFINITY };
    Some(shape(&minimise(&start, 0.4, 400, worth)))
}

/// Two exponential laws by expectation and maximisation. What is left after the half tick nobody sees is a mixture of
/// the same two, with other weights.
fn expectation_maximisation(runs: &[Run], gap: f64, mean: f64) -> Shape {
    let (mut weight, mut means) = (0.6, [0.35 * mean, 2.5 * mean]);
    // Runs of the same length say the same.
    let mut alike: BTreeMap<Run, f64> = BTreeMap::new();
    for run in runs {
        *alike.entry(*run).or_default() += 1.0;
    }
    for _ in 0..400 {
        let (mut share, mut ends, mut time) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        for (run, count) in &alike {
            // Counted from the half tick before which nothing is seen; it forgets its age, so that is all it takes.
            let seconds = (run.ticks as f64 - if run.is_cut { 1.0 } else { 0.5 }) * gap;
            let of = |n: usize| {
                let density = if run.is_cut { 1.0 } else { 1.0 / means[n] };
                density * libm::exp(-seconds / means[n])
            };
            let parts = [weight * of(0), (1.0 - weight) * of(1)];
            let sum = (parts[0] + parts[1]).max(1e-300);
            for n in 0..2 {
                let part = count * parts[n] / sum;
                share[n] += part;
                ends[n] += if run.is_cut { 0.0 } else { part };
                time[n] += part * seconds;
            }
        }
        weight = (share[0] / (share[0] + share[1])).clamp(0.01, 0.99);
        means = [0, 1].map(|n| (time[n] / f64::max(ends[n], 1e-9)).max(0.1 * gap));
    }
    if means[0] > means[1] {
        means.swap(0, 1);
        weight = 1.0 - weight;
    }
    // Undo the half tick: the shorter were missed more often.
    let odds = weight / (1.0 - weight) * libm::exp(0.5 * gap / means[0] - 0.5 * gap / means[1]).min(50.0);
    Shape::Mixture { weight: odds / (1.0 + odds), short: means[0], long: means[1] }
}

/// The regularised upper incomplete gamma function: a series below the mode, a continued fraction (Lentz) above it.
fn upper_gamma(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / shape, 1.0 / shape, shape);
        for _ in 0..500 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-15 {
                break;
            }
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    let mut whole = x + 1.0 - shape;
    let (mut above, mut below) = (1e300, 1.0 / whole);
    let mut fraction = below;
    for n in 1..500 {
        let part = -f64::from(n) * (f64::from(n) - shape);
        whole += 2.0;
        below = 1.0 / (part * below + whole);
        above = whole + part / above;
        fraction *= below * above;
        if (below * above - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (front * fraction).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Entity, Luck, Purpose};

    fn drawn(law: &Law, count: u64, gap: f64) -> Vec<Run> {
        let mut stream = Luck::new(5, 0).stream(Entity(1), Purpose::Stock, 0);
        let ticks = (0..count).map(|_| (law.draw(&mut stream) / gap).round() as usize);
        ticks.filter(|ticks| *ticks > 0).map(|ticks| Run { ticks, is_cut: false }).collect()
    }

    #[test]
    fn the_law_that_made_the_runs_is_found_again() {
        let made = Shape::Mixture { weight: 0.69, short: 1860.0, long: 16_680.0 };
        let runs = drawn(&made.law(), 40_000, 195.0);
        let Some(Shape::Mixture { weight, short, long }) = fit(Family::Mixture, &runs, 195.0) else {
            panic!("a mixture")
        };
        for (found, truth) in [(weight, 0.69), (short, 1860.0), (long, 16_680.0)] {
            assert!((found / truth - 1.0).abs() < 0.05, "{weight} {short} {long}");
        }
        let made = Shape::Weibull(0.6, 3000.0);
        let runs = drawn(&made.law(), 20_000, 195.0);
        let Some(Shape::Weibull(shape, scale)) = fit(Family::Weibull, &runs, 195.0) else { panic!("weibull") };
        assert!((shape / 0.6 - 1.0).abs() < 0.05 && (scale / 3000.0 - 1.0).abs() < 0.05, "{shape} {scale}");
        // And the family that made them is the likeliest.
        let worth = |family| log_likelihood(&fit(family, &runs, 195.0).expect("runs"), &runs, 195.0);
        assert!(worth(Family::Weibull) > worth(Family::LogNormal));
    }

    #[test]
    fn runs_that_were_cut_off_make_the_law_longer() {
        let law = Law::Exponential { mean: 3000.0 };
        let cut: Vec<Run> = drawn(&law, 20_000, 60.0)
            .into_iter()
            .map(|run| if run.ticks > 50 { Run { ticks: 50, is_cut: true } } else { run })
            .collect();
        let mean = fit(Family::Gamma, &cut, 60.0).expect("runs").mean();
        assert!((mean / 3000.0 - 1.0).abs() < 0.05, "{mean}");
    }

    #[test]
    fn the_gamma_function_is_that_of_whole_shapes() {
        // For a whole shape it is the chance of fewer than that many Poisson events.
        for (shape, x, expected) in [(1.0, 0.7, libm::exp(-0.7)), (2.0, 3.0, 4.0 * libm::exp(-3.0))] {
            assert!((upper_gamma(shape, x) - expected).abs() < 1e-12, "{shape} {x}");
        }
    }
}
