//! A market against a trace, figure by figure: within a tenth, within what luck makes of a trace of that length, or not.

use super::figures::{AGES, Figures, distance};
use super::laws::Shape;
use super::traces::standard_error;
use super::{Model, Traces, simulate};

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What.
    pub what: String,
    /// In the trace.
    pub trace: f64,
    /// How uncertain the trace itself leaves it: a standard error.
    pub error: Option<f64>,
    /// Runs that it rests on, where they can be counted.
    pub on: Option<u64>,
    /// In the market, over many replicas.
    pub market: f64,
    /// Of ten replicas of the trace's length, nine lie between these.
    pub replicas: Option<(f64, f64)>,
    /// How it is told.
    pub told: Told,
}

/// How a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A part of one.
    Share,
    /// Seconds.
    Seconds,
    /// A number.
    Number,
}

impl Line {
    /// By which part of the trace's figure the market's differs.
    pub fn off(&self) -> f64 {
        if self.trace == 0.0 {
            if self.market.abs() < 5e-4 { 0.0 } else { f64::INFINITY }
        } else {
            self.market / self.trace - 1.0
        }
    }

    /// Within a tenth of the trace.
    pub fn is_near(&self) -> bool {
        self.off().abs() <= 0.1
    }

    /// Whether a trace of that length may well look so in this market.
    pub fn is_likely(&self) -> bool {
        self.replicas.is_some_and(|(low, high)| low <= self.trace && self.trace <= high)
    }
}

/// The first replica that a market is judged by: luck that no search for one has met.
pub const UNMET: u64 = 1 << 32;
/// Replicas of which the market's figures are told.
const MANY: u64 = 240;
/// Replicas that say what luck makes of one trace.
const SINGLE: u64 = 60;

/// A figure of a trace or of a market.
struct Figure {
    what: String,
    value: f64,
    told: Told,
    on: Option<u64>,
}

/// All figures of a market against those of a trace.
pub fn compare(model: &Model, traces: &Traces, seed: u64) -> Vec<Line> {
    let (count, ticks) = (traces.count(), traces.ticks());
    let all = simulate(model, traces, seed, UNMET..UNMET + MANY, ticks);
    let market = told(&all.figures());
    let singles: Vec<Vec<Figure>> = (UNMET + MANY..UNMET + MANY + SINGLE)
        .map(|trial| told(&simulate(model, traces, seed, trial..trial + 1, ticks).figures()))
        .collect();
    let without: Vec<Vec<Figure>> = traces.counts_without().iter().map(|count| told(&count.figures())).collect();
    let mut lines: Vec<Line> = Vec::new();
    for Figure { what, value, told, on } in told(&count.figures()) {
        let of = |figures: &[Figure]| figures.iter().find(|figure| figure.what == what).map(|figure| figure.value);
        let Some(market) = of(&market) else { continue };
        let mut values: Vec<f64> = singles.iter().filter_map(|single| of(single)).collect();
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
        let replicas = (!values.is_empty()).then(|| (at(0.05), at(0.95)));
        let without: Option<Vec<f64>> = without.iter().map(|figures| of(figures)).collect();
        let error = without.map(|without| standard_error(&without));
        lines.push(Line { what, trace: value, error, on, market, replicas, told });
    }
    for (side, what) in ["up times", "outages"].into_iter().enumerate() {
        let market = distance(&count.runs()[side], &all.runs()[side], traces.gap);
        lines.push(Line {
            what: format!("largest difference of the laws of {what} (Kolmogorov–Smirnov)"),
            trace: 0.0,
            error: None,
            on: None,
            market,
            replicas: None,
            told: Told::Number,
        });
    }
    lines
}

/// The figures by name.
fn told(figures: &Figures) -> Vec<Figure> {
    let mut all: Vec<Figure> = Vec::new();
    let mut tell = |what: String, value: f64, told, on: Option<u64>| all.push(Figure { what, value, told, on });
    let mean = figures.availability.iter().sum::<f64>() / figures.availability.len().max(1) as f64;
    tell("availability, mean of the pools".to_owned(), mean, Told::Share, None);
    let began = Some(figures.began.iter().sum());
    tell("outages a pool and day".to_owned(), figures.outages_daily, Told::Number, began);
    if let Some(Shape::Mixture { weight, short, long }) = figures.outages {
        tell("outages: weight of the shorter law".to_owned(), weight, Told::Share, began);
        tell("outages: mean of the shorter law".to_owned(), short, Told::Seconds, began);
        tell("outages: mean of the longer law".to_owned(), long, Told::Seconds, began);
    }
    for (side, what) in ["up times", "outages"].into_iter().enumerate() {
        for (value, name) in figures.lengths[side].into_iter().zip(["mean", "median", "95 % quantile"]) {
            tell(format!("{what}: {name}"), value, Told::Seconds, Some(figures.whole[side]));
        }
    }
    let minutes = |seconds: f64| format!("{} min", (seconds / 60.0).round());
    let mut from = 0.0;
    for ((end, hazard), ended) in AGES.into_iter().zip(figures.hazard).zip(figures.ended) {
        let ages = if end.is_finite() {
            format!("{} to {}", minutes(from), minutes(end))
        } else {
            format!("over {}", minutes(from))
        };
        if let Some(hazard) = hazard {
            tell(format!("recovery by the next tick, aged {ages}"), hazard, Told::Share, Some(ended));
        }
        from = end;
    }
    for (later, share) in &figures.again {
        tell(format!("up {} after it was down", minutes(*later)), *share, Told::Share, None);
    }
    for (value, what) in figures.correlation.into_iter().zip(["within a region", "across regions"]) {
        if let Some(value) = value {
            tell(format!("correlation {what}"), value, Told::Number, None);
        }
    }
    tell("all down at once".to_owned(), figures.dark, Told::Share, None);
    all
}
