//! Laws of durations: sampled, residual at a random moment, and their means.
//!
//! **Invariant:** every draw goes through `libm` and our own formulas, so the same stream gives the same bits on
//! every machine and with any other crate's features.

use crate::model::Span;

use super::luck::Stream;
use super::special::{gamma_deviate, normal_quantile};

/// A law of durations; parameters in seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// Always the same.
    Constant(f64),
    /// Between two bounds.
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Memoryless.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Sum-like waiting times (`shape` > 1) or bursts (`shape` < 1).
    Gamma {
        /// Shape.
        shape: f64,
        /// Scale; the mean is shape × scale.
        scale: f64,
    },
    /// Ageing (`shape` > 1) or long-tailed (`shape` < 1).
    Weibull {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Products of many factors.
    LogNormal {
        /// Mean of the logarithm of the seconds.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// A power tail.
    Pareto {
        /// The least value.
        least: f64,
        /// Exponent of the tail, above 1 so that there is a mean.
        shape: f64,
    },
    /// One of several, by weight. Of exponentials: the hyper-exponential law.
    Mixture(Mixture),
}

/// Laws with weights that sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    parts: Box<[Part]>,
}

#[derive(Debug, Clone, PartialEq)]
struct Part {
    /// Weight up to and including this part.
    upto: f64,
    /// The same, weighted by the means: the chance to be met at a random moment.
    upto_residual: f64,
    law: Law,
}

/// Parameters that make no law.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LawError(pub &'static str);

impl Law {
    /// A mixture of laws with positive weights, which are scaled to sum to 1.
    pub fn mixture(parts: Vec<(f64, Law)>) -> Result<Self, LawError> {
        let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
        if parts.is_empty() || !total.is_finite() || parts.iter().any(|(weight, _)| weight.is_nan() || *weight <= 0.0) {
            return Err(LawError("a mixture needs parts with positive weights"));
        }
        let mean: f64 = parts.iter().map(|(weight, law)| weight * law.mean()).sum();
        let (mut upto, mut upto_residual) = (0.0, 0.0);
        let parts = parts.into_iter().map(|(weight, law)| {
            upto += weight / total;
            upto_residual += if mean > 0.0 { weight * law.mean() / mean } else { weight / total };
            Part { upto, upto_residual, law }
        });
        Ok(Self::Mixture(Mixture { parts: parts.collect() }))
    }

    /// The same law, if its parameters make one with a finite mean.
    pub fn checked(self) -> Result<Self, LawError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let sound = match &self {
            Self::Constant(value) => *value >= 0.0 && value.is_finite(),
            Self::Uniform { low, high } => {
                if low > high {
                    return Err(LawError("the lower bound is above the upper one"));
                }
                *low >= 0.0 && high.is_finite()
            }
            Self::Exponential { mean } => positive(*mean),
            Self::Gamma { shape, scale } | Self::Weibull { shape, scale } => positive(*shape) && positive(*scale),
            Self::LogNormal { mu, sigma } => mu.is_finite() && *sigma >= 0.0 && sigma.is_finite(),
            Self::Pareto { least, shape } => {
                if *shape <= 1.0 {
                    return Err(LawError("a pareto law with a shape of at most 1 has no mean"));
                }
                positive(*least) && shape.is_finite()
            }
            Self::Mixture(_) => true,
        };
        if sound && self.mean().is_finite() {
            Ok(self)
        } else {
            Err(LawError("parameters must be positive and finite"))
        }
    }

    /// What it is called in scenario files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Uniform { .. } => "uniform",
            Self::Exponential { .. } => "exponential",
            Self::Gamma { .. } => "gamma",
            Self::Weibull { .. } => "weibull",
            Self::LogNormal { .. } => "lognormal",
            Self::Pareto { .. } => "pareto",
            Self::Mixture(mixture) => {
                let plain = mixture.parts.iter().all(|part| matches!(part.law, Self::Exponential { .. }));
                if plain { "hyper-exponential" } else { "mixture" }
            }
        }
    }

    /// Mean, in seconds.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => 0.5 * (low + high),
            Self::Exponential { mean } => *mean,
            Self::Gamma { shape, scale } => shape * scale,
            Self::Weibull { shape, scale } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::LogNormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Self::Pareto { least, shape } => least * shape / (shape - 1.0),
            Self::Mixture(mixture) => {
                let mut before = 0.0;
                let weighed = mixture.parts.iter().map(|part| {
                    let weight = part.upto - before;
                    before = part.upto;
                    weight * part.law.mean()
                });
                weighed.sum()
            }
        }
    }

    /// The same law with every duration multiplied by a factor.
    #[must_use]
    pub fn stretched(&self, factor: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Uniform { low, high } => Self::Uniform { low: low * factor, high: high * factor },
            Self::Exponential { mean } => Self::Exponential { mean: mean * factor },
            Self::Gamma { shape, scale } => Self::Gamma { shape: *shape, scale: scale * factor },
            Self::Weibull { shape, scale } => Self::Weibull { shape: *shape, scale: scale * factor },
            Self::LogNormal { mu, sigma } => Self::LogNormal { mu: mu + libm::log(factor), sigma: *sigma },
            Self::Pareto { least, shape } => Self::Pareto { least: least * factor, shape: *shape },
            Self::Mixture(mixture) => {
                let stretch = |part: &Part| Part { law: part.law.stretched(factor), ..part.clone() };
                Self::Mixture(Mixture { parts: mixture.parts.iter().map(stretch).collect() })
            }
        }
    }

    /// One draw, in seconds.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, high } => low + (high - low) * stream.unit(),
            Self::Exponential { mean } => -mean * libm::log(stream.unit()),
            Self::Gamma { shape, scale } => scale * gamma_deviate(*shape, stream),
            Self::Weibull { shape, scale } => scale * libm::pow(-libm::log(stream.unit()), 1.0 / shape),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * normal_quantile(stream.unit())),
            Self::Pareto { least, shape } => least * libm::pow(stream.unit(), -1.0 / shape),
            Self::Mixture(mixture) => mixture.pick(stream, |part| part.upto).draw(stream),
        }
    }

    /// What is left of an interval met at a random moment, in seconds: a uniform share of a draw from the law
    /// weighted by length. With it a renewal process starts in its steady state.
    pub fn draw_residual(&self, stream: &mut Stream) -> f64 {
        let whole = match self {
            Self::Constant(value) => *value,
            // Density proportional to x on [low, high].
            Self::Uniform { low, high } => libm::sqrt(low * low + (high * high - low * low) * stream.unit()),
            // Memoryless: the rest has the law of the whole.
            Self::Exponential { .. } => return self.draw(stream),
            Self::Gamma { shape, scale } => scale * gamma_deviate(shape + 1.0, stream),
            // (x/scale)^shape is exponential; weighting by x makes it gamma(1 + 1/shape).
            Self::Weibull { shape, scale } => scale * libm::pow(gamma_deviate(1.0 + 1.0 / shape, stream), 1.0 / shape),
            Self::LogNormal { mu, sigma } => libm::exp(mu + sigma * sigma + sigma * normal_quantile(stream.unit())),
            Self::Pareto { least, shape } => least * libm::pow(stream.unit(), -1.0 / (shape - 1.0)),
            Self::Mixture(mixture) => return mixture.pick(stream, |part| part.upto_residual).draw_residual(stream),
        };
        whole * stream.unit()
    }

    /// One draw as a span.
    pub fn span(&self, stream: &mut Stream) -> Span {
        Span::from_secs_f64(self.draw(stream))
    }
}

impl Mixture {
    fn pick(&self, stream: &mut Stream, upto: impl Fn(&Part) -> f64) -> &Law {
        let u = stream.unit();
        // The last part takes what rounding leaves over.
        let part = self.parts.iter().find(|part| u < upto(part)).or(self.parts.last());
        &part.expect("a mixture has parts").law
    }
}

#[cfg(test)]
mod tests {
    use super::super::luck::{Entity, Luck, Purpose};
    use super::*;

    fn laws() -> Vec<Law> {
        vec![
            Law::Constant(30.0),
            Law::Uniform { low: 13.0, high: 18.0 },
            Law::Exponential { mean: 600.0 },
            Law::Gamma { shape: 0.6, scale: 100.0 },
            Law::Gamma { shape: 3.0, scale: 100.0 },
            Law::Weibull { shape: 0.7, scale: 50.0 },
            Law::LogNormal { mu: 3.0, sigma: 0.8 },
            Law::Pareto { least: 10.0, shape: 4.0 },
            Law::mixture(vec![(0.69, Law::Exponential { mean: 31.0 }), (0.31, Law::Exponential { mean: 278.0 })])
                .unwrap(),
        ]
    }

    fn average(count: u64, mut draw: impl FnMut(&mut Stream) -> f64) -> f64 {
        let luck = Luck::new(11, 0);
        (0..count).map(|n| draw(&mut luck.stream(Entity(1), Purpose::Stock, n))).sum::<f64>() / count as f64
    }

    #[test]
    fn draws_have_the_mean_of_the_law() {
        for law in laws() {
            let mean = average(200_000, |stream| law.draw(stream));
            assert!((mean / law.mean() - 1.0).abs() < 0.02, "{law:?}: {mean} against {}", law.mean());
        }
    }

    #[test]
    fn what_is_left_has_mean_second_moment_over_twice_the_mean() {
        for law in laws() {
            let second = average(400_000, |stream| law.draw(stream).powi(2));
            let residual = average(200_000, |stream| law.draw_residual(stream));
            let expected = second / (2.0 * law.mean());
            assert!((residual / expected - 1.0).abs() < 0.05, "{law:?}: {residual} against {expected}");
        }
    }

    #[test]
    fn parameters_without_a_mean_are_refused() {
        assert!(Law::Pareto { least: 1.0, shape: 1.0 }.checked().is_err());
        assert!(Law::Exponential { mean: 0.0 }.checked().is_err());
        assert!(Law::Uniform { low: 2.0, high: 1.0 }.checked().is_err());
        assert!(Law::mixture(vec![]).is_err());
        assert!(Law::Weibull { shape: 0.5, scale: 3.0 }.checked().is_ok());
    }
}
