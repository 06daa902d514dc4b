//! The share of trials that are up by a time, one curve a policy.

use super::Picture;
use super::canvas::{Canvas, Margins, SAID};
use super::drawing::{Drawing, Ink, Room};
use super::style::time_tick;
use crate::model::Span;
use crate::report::study::percent;

/// One curve.
#[derive(Debug, Clone)]
pub struct Series {
    /// What it is of.
    pub label: String,
    /// Seconds to success of the trials that succeeded, ascending.
    pub seconds: Vec<f64>,
    /// All trials, those that never succeeded among them: their curve stays below 100 %.
    pub trials: usize,
}

/// Cumulative distribution of the time to provision, on a logarithmic axis since its tail is long.
#[derive(Debug, Clone)]
pub struct Cdf {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// The curves.
    pub series: Vec<Series>,
}

/// Where a time axis may have a tick, in seconds.
pub(super) const TICKS: [f64; 20] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 21_600.0,
    43_200.0, 86_400.0, 259_200.0, 864_000.0,
];

/// The most points drawn of a curve; more than a pixel can show only make the file large.
const POINTS: usize = 500;

impl Cdf {
    fn range(&self) -> (f64, f64) {
        let first = self.series.iter().filter_map(|s| s.seconds.first()).copied().fold(f64::INFINITY, f64::min);
        let last = self.series.iter().filter_map(|s| s.seconds.last()).copied().fold(0.0, f64::max);
        if first > last {
            return (1.0, 3600.0);
        }
        let low = TICKS.iter().rev().copied().find(|t| *t <= first.max(1.0)).unwrap_or(1.0);
        let high = TICKS.iter().copied().find(|t| *t > last).unwrap_or(last * 1.2);
        (low, high)
    }
}

/// The steps of a curve, thinned to what can be seen.
fn steps(series: &Series, low: f64, high: f64) -> Vec<(f64, f64)> {
    let share = |n: usize| n as f64 / series.trials.max(1) as f64;
    let stride = series.seconds.len().div_ceil(POINTS).max(1);
    let mut points = vec![(low, 0.0)];
    let mut reached = 0.0;
    for (n, seconds) in
        series.seconds.iter().enumerate().filter(|(n, _)| n % stride == 0 || n + 1 == series.seconds.len())
    {
        let x = seconds.clamp(low, high);
        points.push((x, reached));
        reached = share(n + 1);
        points.push((x, reached));
    }
    points.push((high, reached));
    points
}

impl Picture for Cdf {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let (low, high) = self.range();
        let margins = Margins { top: SAID, left: if room == Room::Narrow { 50.0 } else { 72.0 }, right: 230.0 };
        let height = if room == Room::Narrow { 260.0 } else { 368.0 };
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height);
        let part = |seconds: f64| (seconds / low).ln() / (high / low).ln();
        for share in [0.0, 0.25, 0.5, 0.75, 0.9, 1.0] {
            page.tick_y(page.height(share, 1.0), &format!("{:.0} %", share * 100.0), true);
        }
        for tick in TICKS.into_iter().filter(|t| (low..=high).contains(t)) {
            page.tick_x(page.across(part(tick)), &time_tick(tick), true);
        }
        page.axes("time to provision (logarithmic)", "share of trials that are up");
        let mut entries = Vec::new();
        for (n, series) in self.series.iter().enumerate() {
            let path = steps(series, low, high).into_iter();
            let path = path.map(|(s, share)| (page.across(part(s)), page.height(share, 1.0))).collect();
            // Where curves lie on each other, the ones below show as a rim.
            let width = 2 + 2 * (self.series.len() - 1 - n).min(3) as u32;
            page.line(path, Ink::Series(n), width);
            let up = 100.0 * series.seconds.len() as f64 / series.trials.max(1) as f64;
            entries.push((Ink::Series(n), format!("{} ({up:.1} %)", series.label)));
        }
        // Upright strips that tell where every curve is.
        if !self.series.is_empty() {
            for n in 0..STRIPS {
                let [from, middle, to] = [0.0, 0.5, 1.0].map(|half| (f64::from(n) + half) / f64::from(STRIPS));
                let seconds = low * (high / low).powf(middle);
                let (corner, other) = ((page.across(from), page.top), (page.across(to), page.bottom));
                page.fill(corner, other, Ink::Clear).tip(self.told(seconds));
            }
        }
        page.legend(&entries);
        page.finish()
    }
}

/// Places along the axis that tell their numbers.
const STRIPS: u32 = 48;

impl Cdf {
    fn told(&self, seconds: f64) -> String {
        let of = |series: &Series| {
            let up = series.seconds.partition_point(|s| *s <= seconds);
            format!("{}: {}", series.label, percent(up as f64 / series.trials.max(1) as f64))
        };
        let lines: Vec<String> = self.series.iter().map(of).collect();
        format!("up within {}\n{}", Span::from_secs_f64(seconds.round()), lines.join("\n"))
    }
}
