//! The attempts of one trial over time, a line a place, as bars coloured by how they ended.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, RGBColor};

use super::Picture;
use super::canvas::{Anchor, Canvas, Margins};
use super::style::{FAINT, Style, time_tick};

/// What a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A launch that came up.
    Launched,
    /// A launch refused for want of capacity.
    Stockout,
    /// A launch refused for quota.
    Quota,
    /// A launch refused for another cause.
    Refused,
    /// A launch whose answer was lost, or that came up in part.
    Troubled,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Where: bars of one place share a line.
    pub place: String,
    /// From, in seconds.
    pub from: f64,
    /// To, in seconds.
    pub to: f64,
    /// How it ended.
    pub kind: Kind,
}

/// The picture of one trial.
#[derive(Debug, Clone)]
pub struct Gantt {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// The attempts, in order of their start.
    pub bars: Vec<Bar>,
}

const KINDS: [(Kind, usize, &str); 5] = [
    (Kind::Launched, 2, "came up"),
    (Kind::Stockout, 1, "no capacity"),
    (Kind::Quota, 3, "quota"),
    (Kind::Refused, 6, "refused otherwise"),
    (Kind::Troubled, 4, "lost or partial"),
];

/// The most lines shown; a trial with more places shows its last ones, where it was decided.
const LINES: usize = 40;

impl Gantt {
    /// Places in order of their first attempt.
    fn places(&self) -> Vec<&str> {
        let mut places: Vec<&str> = Vec::new();
        for bar in &self.bars {
            if !places.contains(&bar.place.as_str()) {
                places.push(&bar.place);
            }
        }
        let surplus = places.len().saturating_sub(LINES);
        places.split_off(surplus)
    }

    fn end(&self) -> f64 {
        self.bars.iter().map(|bar| bar.to).fold(1.0, f64::max)
    }
}

/// A round step that gives four to nine ticks.
fn step(end: f64) -> f64 {
    let steps = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 43_200.0,
        86_400.0,
    ];
    steps.into_iter().find(|s| end / s <= 9.0).unwrap_or(end / 5.0)
}

fn colour(kind: Kind) -> RGBColor {
    let n = KINDS.iter().find(|(k, ..)| *k == kind).map_or(0, |(_, n, _)| *n);
    Style::colour(n)
}

impl Picture for Gantt {
    fn size(&self) -> (u32, u32) {
        (960, (180 + 26 * self.places().len() as u32).clamp(300, 1300))
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, style: Style) -> Result<(), String> {
        let places = self.places();
        let longest = places.iter().map(|p| p.chars().count()).max().unwrap_or(0) as i32;
        let margins = Margins { left: (24 + longest * 8).clamp(90, 360), right: 180, bottom: 62 };
        let page = Canvas::new(area, style, (&self.title, &self.subtitle), &margins)?;
        let end = self.end() * 1.02;
        let x = |s: f64| page.left + (s / end * f64::from(page.right - page.left)).round() as i32;
        let row = f64::from(page.bottom - page.top) / places.len().max(1) as f64;
        let y = |line: usize, part: f64| page.top + (row * (line as f64 + part)).round() as i32;
        for (line, place) in places.iter().enumerate() {
            if line % 2 == 1 {
                page.fill([(page.left, y(line, 0.0)), (page.right, y(line, 1.0))], RGBColor(247, 247, 247))?;
            }
            page.words(place, (page.left - page.px(8), y(line, 0.5)), &style.label(), Anchor::Right)?;
        }
        let step = step(end);
        for tick in (0..).map(|n| f64::from(n) * step).take_while(|t| *t <= end) {
            page.line(&[(x(tick), page.top), (x(tick), page.bottom)], FAINT, 1)?;
            page.tick_x(x(tick), &time_tick(tick), false)?;
        }
        for bar in &self.bars {
            let Some(line) = places.iter().position(|p| *p == bar.place) else { continue };
            let (from, to) = (x(bar.from), x(bar.to).max(x(bar.from) + page.px(2)));
            page.fill([(from, y(line, 0.22)), (to, y(line, 0.78))], colour(bar.kind))?;
        }
        page.axes("time since the request", "")?;
        let seen = |kind: &Kind| self.bars.iter().any(|bar| bar.kind == *kind);
        let entries: Vec<_> = KINDS
            .iter()
            .filter(|(kind, ..)| seen(kind))
            .map(|(kind, _, text)| (colour(*kind), (*text).to_owned()))
            .collect();
        page.legend((page.right + page.px(20), page.top + page.px(10)), &entries)
    }
}
