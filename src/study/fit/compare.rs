//! A market against a trace, figure by figure: within a tenth, within what luck makes of a trace of that length, or not.

use super::figures::{AGES, Figures, distance};
use super::laws::Shape;
use super::{Model, Traces, simulate};

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What.
    pub what: String,
    /// In the trace.
    pub trace: f64,
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

/// Replicas of which the market's figures are told.
const MANY: u64 = 240;
/// Replicas that say what luck makes of one trace.
const SINGLE: u64 = 60;

/// All figures of a market against those of a trace.
pub fn compare(model: &Model, traces: &Traces, seed: u64) -> Vec<Line> {
    let (count, ticks) = (traces.count(), traces.ticks());
    let all = simulate(model, traces, seed, 0..MANY, ticks);
    let (trace, market) = (count.figures(), all.figures());
    let singles: Vec<Vec<(String, f64, Told)>> = (MANY..MANY + SINGLE)
        .map(|trial| told(&simulate(model, traces, seed, trial..trial + 1, ticks).figures()))
        .collect();
    let market = told(&market);
    let mut lines: Vec<Line> = Vec::new();
    for (what, trace, told) in told(&trace) {
        let of = |figures: &[(String, f64, Told)]| {
            figures.iter().find(|(name, ..)| *name == what).map(|(_, value, _)| *value)
        };
        let Some(market) = of(&market) else { continue };
        let mut values: Vec<f64> = singles.iter().filter_map(|single| of(single)).collect();
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
        let replicas = (!values.is_empty()).then(|| (at(0.05), at(0.95)));
        lines.push(Line { what, trace, market, replicas, told });
    }
    for (side, what) in ["up times", "outages"].into_iter().enumerate() {
        let market = distance(&count.runs()[side], &all.runs()[side], traces.gap);
        lines.push(Line {
            what: format!("largest difference of the laws of {what} (Kolmogorov–Smirnov)"),
            trace: 0.0,
            market,
            replicas: None,
            told: Told::Number,
        });
    }
    lines
}

/// The figures by name.
fn told(figures: &Figures) -> Vec<(String, f64, Told)> {
    let mut all: Vec<(String, f64, Told)> = Vec::new();
    let mean = figures.availability.iter().sum::<f64>() / figures.availability.len().max(1) as f64;
    all.push(("availability, mean of the pools".to_owned(), mean, Told::Share));
    all.push(("outages a pool and day".to_owned(), figures.outages_daily, Told::Number));
    if let Some(Shape::Mixture { weight, short, long }) = figures.outages {
        all.push(("outages: weight of the shorter law".to_owned(), weight, Told::Share));
        all.push(("outages: mean of the shorter law".to_owned(), short, Told::Seconds));
        all.push(("outages: mean of the longer law".to_owned(), long, Told::Seconds));
    }
    for (side, what) in ["up times", "outages"].into_iter().enumerate() {
        for (value, name) in figures.lengths[side].into_iter().zip(["mean", "median", "95 % quantile"]) {
            all.push((format!("{what}: {name}"), value, Told::Seconds));
        }
    }
    let minutes = |seconds: f64| format!("{} min", (seconds / 60.0).round());
    let mut from = 0.0;
    for (end, hazard) in AGES.into_iter().zip(figures.hazard) {
        let ages = if end.is_finite() {
            format!("{} to {}", minutes(from), minutes(end))
        } else {
            format!("over {}", minutes(from))
        };
        all.extend(hazard.map(|hazard| (format!("recovery by the next tick, aged {ages}"), hazard, Told::Share)));
        from = end;
    }
    for (later, share) in &figures.again {
        all.push((format!("up {} after it was down", minutes(*later)), *share, Told::Share));
    }
    for (value, what) in figures.correlation.into_iter().zip(["within a region", "across regions"]) {
        all.extend(value.map(|value| (format!("correlation {what}"), value, Told::Number)));
    }
    all.push(("all down at once".to_owned(), figures.dark, Told::Share));
    all
}
