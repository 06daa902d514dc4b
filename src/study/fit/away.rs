//! How far a market is from a trace, as the search weighs it.
//!
//! **Invariant:** what the trace itself hardly knows pulls the less for it: where a figure's standard error is large, the
//! unit in which the market's difference is weighed is so too.

use super::Traces;
use super::figures::Figures;
use super::laws::Shape;
use super::traces::standard_error;

/// What the search aims at.
pub(super) struct Target {
    /// The trace's figures; `None` where it has none.
    figures: Vec<Option<f64>>,
    /// What a difference is told in, for each.
    units: Vec<f64>,
}

/// A difference that would be worth telling.
#[derive(Clone, Copy)]
enum Unit {
    /// A part of the trace's figure.
    Part(f64),
    /// A number.
    Number(f64),
}

/// The least unit, in standard errors of the trace's figure. Far below one, since a tenth of the figure is asked for also
/// where the trace itself hardly knows it to a tenth.
const KNOWN: f64 = 0.2;

impl Target {
    pub(super) fn new(traces: &Traces) -> Self {
        let of = |count: &super::Count| asked(&count.figures());
        let without: Vec<_> = traces.counts_without().iter().map(of).collect();
        let all = of(&traces.count());
        let unit = |(at, (figure, unit)): (usize, &(Option<f64>, Unit))| {
            let least = match *unit {
                Unit::Part(part) => part * figure.map_or(1.0, f64::abs),
                Unit::Number(number) => number,
            };
            let without: Option<Vec<f64>> = without.iter().map(|figures| figures[at].0).collect();
            let error = without.map_or(0.0, |without| standard_error(&without));
            least.max(KNOWN * error) + 1e-9
        };
        Self {
            units: all.iter().enumerate().map(unit).collect(),
            figures: all.iter().map(|(figure, _)| *figure).collect(),
        }
    }

    /// The difference in each figure, in its unit.
    pub(super) fn away(&self, market: &Figures) -> Vec<f64> {
        let differences = asked(market).into_iter().zip(&self.figures).zip(&self.units);
        differences
            .map(|(((market, _), trace), unit)| {
                market.zip(*trace).map_or(0.0, |(market, trace)| (market - trace) / unit)
            })
            .collect()
    }
}

/// The figures that are asked for, always as many: the mixture of outages and the chance of recovery by age, which are
/// asked for by name, in the smallest units.
fn asked(figures: &Figures) -> Vec<(Option<f64>, Unit)> {
    let mut all = vec![(Some(figures.outages_daily), Unit::Part(0.03))];
    all.extend(figures.daily.iter().map(|daily| (Some(*daily), Unit::Part(0.2))));
    for side in 0..2 {
        all.push((Some(figures.lengths[side][0]), Unit::Part(0.05)));
        all.extend(figures.by_then[side].map(|share| (Some(share), Unit::Number(0.04))));
    }
    let mixture = match figures.outages {
        Some(Shape::Mixture { weight, short, long }) => [weight, short, long].map(Some),
        _ => [None; 3],
    };
    all.extend(mixture.map(|number| (number, Unit::Part(0.025))));
    all.extend(figures.again.iter().map(|(_, share)| (Some(*share), Unit::Part(0.06))));
    all.extend(figures.hazard.map(|hazard| (hazard, Unit::Part(0.02))));
    all
}
