//! The attempts of one trial over time, a line a place, as bars coloured by how they ended; behind them when the place
//! truly had capacity.

use super::Picture;
use super::canvas::{Canvas, Margins, UNSAID, width_of};
use super::drawing::{Drawing, Ink, Room};
use super::style::time_tick;
use crate::model::Span;

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

/// When one zone had enough for the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// The zone, or the region of a cloud without zones.
    pub zone: String,
    /// From and to, in seconds.
    pub open: Vec<(f64, f64)>,
}

/// What the market truly had at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The line it stands on.
    pub place: String,
    /// One a zone.
    pub zones: Vec<Strip>,
}

/// The picture of one trial.
#[derive(Debug, Clone, Default)]
pub struct Gantt {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// The attempts, in order of their start.
    pub bars: Vec<Bar>,
    /// What the market truly had; a place without an attempt gets a line too. Empty where that is not known.
    pub truth: Vec<Truth>,
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
    /// Places in order of their first attempt, then those that nobody asked.
    fn places(&self) -> Vec<&str> {
        let mut places: Vec<&str> = Vec::new();
        let all = self.bars.iter().map(|bar| &bar.place).chain(self.truth.iter().map(|truth| &truth.place));
        for place in all {
            if !places.contains(&place.as_str()) {
                places.push(place);
            }
        }
        let surplus = places.len().saturating_sub(LINES);
        places.split_off(surplus)
    }

    fn end(&self) -> f64 {
        let open = self.truth.iter().flat_map(|truth| &truth.zones).flat_map(|strip| &strip.open);
        let open = open.map(|(_, to)| *to).fold(1.0, f64::max);
        // Bars end before what the market had is looked at, so the last of either is where the picture ends.
        self.bars.iter().map(|bar| bar.to * 1.02).fold(open, f64::max)
    }

    fn truth_of(&self, page: &mut Canvas, place: &str, (top, height): (f64, f64), end: f64) {
        let zones = self.truth.iter().filter(|truth| truth.place == place).flat_map(|truth| &truth.zones);
        let zones: Vec<&Strip> = zones.collect();
        let each = height / zones.len().max(1) as f64;
        for (n, strip) in zones.into_iter().enumerate() {
            let (from, to) = (top + each * n as f64, top + each * (n as f64 + 1.0) - 1.0);
            let none = format!("{}: no capacity", strip.zone);
            page.fill((page.left, from), (page.right, to), Ink::Shut).tip(none);
            for (since, until) in &strip.open {
                let [left, right] = [since, until].map(|s| page.across(s / end));
                let times = [since, until].map(|s| Span::from_secs_f64(s.round()));
                let tip = format!("{}: capacity from {} to {}", strip.zone, times[0], times[1]);
                page.fill((left, from), (right, to), Ink::Open).tip(tip);
            }
        }
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

fn ink(kind: Kind) -> Ink {
    Ink::Series(KINDS.iter().find(|(k, ..)| *k == kind).map_or(0, |(_, n, _)| *n))
}

fn words(kind: Kind) -> &'static str {
    KINDS.iter().find(|(k, ..)| *k == kind).map_or("", |(.., words)| words)
}

impl Picture for Gantt {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let places = self.places();
        let longest = places.iter().map(|place| width_of(place)).fold(0.0, f64::max);
        let margins = Margins { top: UNSAID, left: (24.0 + longest).clamp(90.0, 360.0), right: 180.0 };
        let row = if self.truth.is_empty() { 26.0 } else { 30.0 };
        let height = (8.0 + row * places.len() as f64).clamp(128.0, 1200.0);
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height);
        let end = self.end();
        let row = ((page.bottom - page.top) / places.len().max(1) as f64).min(40.0);
        let top = page.top;
        let y = |line: usize, part: f64| top + row * (line as f64 + part);
        for (line, place) in places.iter().enumerate() {
            if line % 2 == 1 && self.truth.is_empty() {
                page.fill((page.left, y(line, 0.0)), (page.right, y(line, 1.0)), Ink::Band);
            }
            page.tick_y(y(line, 0.5), place, false);
            self.truth_of(&mut page, place, (y(line, 0.06), row * 0.88), end);
        }
        let step = step(end);
        for tick in (0..).map(|n| f64::from(n) * step).take_while(|t| *t <= end) {
            page.tick_x(page.across(tick / end), &time_tick(tick), self.truth.is_empty());
        }
        for bar in &self.bars {
            let Some(line) = places.iter().position(|p| *p == bar.place) else { continue };
            let from = page.across(bar.from / end);
            let to = page.across(bar.to / end).max(from + 2.0);
            let times = [bar.from, bar.to - bar.from].map(Span::from_secs_f64);
            let tip = format!("{}: {}, asked at {}, {} long", bar.place, words(bar.kind), times[0], times[1]);
            page.fill((from, y(line, 0.28)), (to, y(line, 0.72)), ink(bar.kind)).tip(tip);
        }
        page.axes("time since the request", "");
        let seen = |kind: &Kind| self.bars.iter().any(|bar| bar.kind == *kind);
        let kinds = KINDS.iter().filter(|(kind, ..)| seen(kind));
        let mut entries: Vec<_> = kinds.map(|(kind, _, text)| (ink(*kind), (*text).to_owned())).collect();
        if !self.truth.is_empty() {
            entries.extend([(Ink::Open, "capacity there".to_owned()), (Ink::Shut, "none there".to_owned())]);
        }
        page.legend(&entries);
        page.finish()
    }
}
