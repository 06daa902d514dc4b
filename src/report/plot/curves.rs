//! Curves through points on axes that are even or logarithmic: what a model says against what was seen.

use super::Picture;
use super::canvas::{Canvas, Margins, SAID};
use super::drawing::{Drawing, Ink, Room};
use super::style::time_tick;

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// What it is.
    pub label: String,
    /// Across and up; those that are not numbers are left out.
    pub points: Vec<(f64, f64)>,
    /// The number of its colour.
    pub series: usize,
    /// Dots, for what was seen; otherwise a line, for what a model says.
    pub is_dots: bool,
}

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Evenly.
    #[default]
    Even,
    /// By factors.
    Log,
}

/// Curves over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// What the horizontal axis means, in seconds and logarithmic.
    pub across: String,
    /// What the vertical axis means.
    pub up: String,
    /// How that is divided.
    pub scale: Scale,
    /// The curves.
    pub curves: Vec<Curve>,
}

/// Where a logarithmic axis of time may have a tick, in seconds.
const TIMES: [f64; 14] = [
    10.0,
    30.0,
    60.0,
    180.0,
    600.0,
    1800.0,
    3600.0,
    10_800.0,
    36_000.0,
    86_400.0,
    259_200.0,
    864_000.0,
    2_592_000.0,
    8_640_000.0,
];

impl Curves {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.curves.iter().flat_map(|curve| curve.points.iter().copied()).filter(|p| self.is_drawn(*p))
    }

    fn is_drawn(&self, (x, y): (f64, f64)) -> bool {
        x > 0.0 && x.is_finite() && y.is_finite() && (self.scale == Scale::Even || y > 0.0)
    }
}

impl Picture for Curves {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let margins = Margins { top: SAID, left: if room == Room::Narrow { 56.0 } else { 84.0 }, right: 230.0 };
        let height = if room == Room::Narrow { 240.0 } else { 340.0 };
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height);
        let least = self.points().map(|(x, _)| x).fold(f64::INFINITY, f64::min).min(1e9);
        let most = self.points().map(|(x, _)| x).fold(least * 2.0, f64::max);
        let part = |x: f64| (x / least).ln() / (most / least).ln();
        for tick in TIMES.into_iter().filter(|tick| (least..=most).contains(tick)) {
            page.tick_x(page.across(part(tick)), &time_tick(tick), true);
        }
        let top = self.points().map(|(_, y)| y).fold(0.0, f64::max).max(1e-6);
        let bottom = self.points().map(|(_, y)| y).fold(top, f64::min);
        let (low, high) = match self.scale {
            Scale::Even => (bottom.min(0.0), if top > 0.5 { 1.0 } else { top * 1.05 }),
            Scale::Log => (bottom / 1.3, top * 1.3),
        };
        let share = |y: f64| match self.scale {
            Scale::Even => (y - low) / (high - low),
            Scale::Log => (y / low).ln() / (high / low).ln(),
        };
        for tick in ticks(self.scale, low, high) {
            let text = if tick.abs() < 0.01 && tick != 0.0 { format!("{:.1} %", tick * 100.0) } else { percent(tick) };
            page.tick_y(page.height(share(tick), 1.0), &text, true);
        }
        for curve in &self.curves {
            let points = curve.points.iter().copied().filter(|p| self.is_drawn(*p));
            let at = |page: &Canvas, (x, y): (f64, f64)| (page.across(part(x)), page.height(share(y), 1.0));
            if curve.is_dots {
                for point in points {
                    let tip = format!("{}: {} at {}", curve.label, percent(point.1), time_tick(point.0));
                    page.dot(at(&page, point), 4.0, Ink::Series(curve.series), false).tip(tip);
                }
            } else {
                page.line(points.map(|point| at(&page, point)).collect(), Ink::Series(curve.series), 2);
            }
        }
        page.axes(&self.across, &self.up);
        let entries: Vec<_> = self.curves.iter().map(|c| (Ink::Series(c.series), c.label.clone())).collect();
        page.legend(&entries);
        page.finish()
    }
}

fn percent(share: f64) -> String {
    let digits = usize::from((share * 1000.0).round() % 10.0 != 0.0);
    format!("{:.digits$} %", share * 100.0)
}

fn ticks(scale: Scale, low: f64, high: f64) -> Vec<f64> {
    match scale {
        Scale::Even => {
            let (step, _) = super::choices::steps(high - low);
            let first = (low / step).ceil() as i32;
            let last = (high * 1.000_1 / step).floor() as i32;
            (first..=last).map(|n| f64::from(n) * step).collect()
        }
        Scale::Log => {
            let decades = (-6..2).flat_map(|n| [1.0, 2.0, 5.0].map(|m| m * 10f64.powi(n)));
            decades.filter(|tick| (low..=high).contains(tick)).collect()
        }
    }
}
