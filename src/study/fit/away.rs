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
    /// A part of the trace's figure; a number where that is nothing, which no market hits.
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
                Unit::Part(part) => part * figure.filter(|figure| *figure != 0.0).map_or(1.0, f64::abs),
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

#[cfg(test)]
mod tests {
    use super::super::Probed;
    use super::*;

    #[test]
    fn what_never_came_up_in_the_trace_does_not_outweigh_all_else() {
        // Short outages, and one that goes on for as long as the trace does.
        let mut counts: Vec<u32> = (0..300).map(|tick| u32::from(tick % 7 > 1)).collect();
        counts.extend([0; 60]);
        let pool = Probed { place: "aws/r/z/V100".to_owned(), region: "aws/r".to_owned(), counts };
        let traces = Traces { gap: 600.0, pools: vec![pool] };
        let trace = traces.count().figures();
        let target = Target::new(&traces);
        assert!(target.away(&trace).iter().all(|part| part.abs() < 1e-9), "the trace is where it aims");
        assert_eq!(trace.hazard[4], Some(0.0), "no outage of two to three hours ended");
        let mut market = trace.clone();
        market.hazard[4] = Some(0.05);
        market.outages_daily *= 1.3;
        let away = target.away(&market);
        let (rate, hazard) = (away[0].abs(), away.iter().skip(1).fold(0.0_f64, |most, part| most.max(part.abs())));
        assert!(rate > 1.0 && hazard > 1.0 && hazard < rate, "{rate} {hazard}");
    }
}
