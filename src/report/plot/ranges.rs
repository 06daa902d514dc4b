//! Estimates with their intervals, a line each, on one axis: differences from a baseline, or values.

use super::Picture;
use super::canvas::{ARROW, Canvas, Margins, UNSAID, width_of};
use super::choices::steps;
use super::drawing::{Anchor, Drawing, Font, Ink, Room};

/// One estimate.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// What it is of.
    pub label: String,
    /// The estimate.
    pub value: f64,
    /// The ends of its interval.
    pub ends: (f64, f64),
    /// The number of its colour.
    pub series: usize,
    /// True where it may be luck.
    pub is_unclear: bool,
}

/// Estimates under headings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ranges {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// What the axis means.
    pub axis: String,
    /// Factors, on an axis where twice and half are as far from 1; otherwise amounts.
    pub is_factor: bool,
    /// Before an amount: `$`.
    pub unit: &'static str,
    /// A heading and what stands below it.
    pub groups: Vec<(String, Vec<Range>)>,
}

/// A factor farther from 1 lies beyond the edge, and an arrow stands there.
const FARTHEST: f64 = 8.0;

impl Ranges {
    fn all(&self) -> impl Iterator<Item = &Range> {
        self.groups.iter().flat_map(|(_, ranges)| ranges)
    }

    /// Where the axis begins and ends, and its ticks.
    fn axis(&self) -> (f64, f64, Vec<f64>) {
        let ends = || self.all().flat_map(|range| [range.value, range.ends.0, range.ends.1]).filter(|v| v.is_finite());
        if self.is_factor {
            let far = ends().map(|v| if v > 0.0 { v.max(1.0 / v) } else { FARTHEST }).fold(1.1, f64::max);
            let far = far.min(FARTHEST) * 1.04;
            let ticks = [1.05, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0];
            let ticks = ticks.into_iter().filter(|t| *t <= far && *t >= far.powf(0.16));
            let ticks = ticks.flat_map(|t| [t, 1.0 / t]).chain([1.0]);
            let mut ticks: Vec<f64> = ticks.collect();
            ticks.sort_by(f64::total_cmp);
            return (1.0 / far, far, ticks);
        }
        let high = ends().fold(0.0, f64::max);
        // A hair below nothing is not worth a part of the axis.
        let low = ends().fold(0.0, f64::min);
        let low = if low > -0.05 * high { 0.0 } else { low };
        let (step, _) = steps((high - low).max(1e-9));
        let (first, last) = ((low / step).floor(), (high / step).ceil().max(1.0));
        let ticks = (first as i32..=last as i32).map(|n| f64::from(n) * step);
        (first * step, last * step, ticks.collect())
    }

    fn tick(&self, value: f64) -> String {
        if self.is_factor { format!("{} ×", (value * 100.0).round() / 100.0) } else { self.text(value) }
    }

    fn text(&self, value: f64) -> String {
        let digits = if value != 0.0 && value.abs() < 0.1 { 4 } else { 2 };
        let plain = format!("{:.digits$}", value.abs());
        let sign = if value < 0.0 { "−" } else { "" };
        if self.is_factor { format!("{plain} ×") } else { format!("{sign}{}{plain}", self.unit) }
    }
}

impl Picture for Ranges {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let labels = self.all().map(|range| width_of(&range.label));
        let longest = labels.chain(self.groups.iter().map(|(head, _)| width_of(head))).fold(0.0, f64::max);
        let margins = Margins { top: UNSAID, left: (28.0 + longest).clamp(90.0, 260.0), right: 190.0 };
        let lines: usize = self.groups.iter().map(|(head, ranges)| usize::from(!head.is_empty()) + ranges.len()).sum();
        let height = 12.0 + 26.0 * lines as f64;
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height.max(60.0));
        let (low, high, ticks) = self.axis();
        let part = |value: f64| {
            let part = if self.is_factor {
                (value.max(1e-9) / low).ln() / (high / low).ln()
            } else {
                (value - low) / (high - low)
            };
            part.clamp(0.0, 1.0)
        };
        for tick in ticks {
            page.tick_x(page.across(part(tick)), &self.tick(tick), true);
        }
        let zero = page.across(part(if self.is_factor { 1.0 } else { 0.0 }));
        page.line(vec![(zero, page.top), (zero, page.bottom)], Ink::Grey, 2);
        let mut y = page.top - 8.0;
        for (head, ranges) in &self.groups {
            if !head.is_empty() {
                y += 26.0;
                page.words(head, (4.0, y), Font::Label, Anchor::Left);
                page.fill((4.0, y + 11.0), (page.right, y + 12.0), Ink::Faint);
            }
            for range in ranges {
                y += 26.0;
                page.tick_y(y, &range.label, false);
                let ink = if range.is_unclear { Ink::Grey } else { Ink::Series(range.series) };
                let [from, at, to] = [range.ends.0, range.value, range.ends.1].map(|v| page.across(part(v)));
                page.line(vec![(from, y), (to, y)], ink, 3);
                let text = self.text(range.value);
                let ends = format!("{} .. {}", self.text(range.ends.0), self.text(range.ends.1));
                let luck = if range.is_unclear { ", may be luck" } else { "" };
                let tip = format!("{} {head}: {text}, 95 % interval {ends}{luck}", range.label);
                // An amount that is a hair below nothing stands at nothing.
                let is_beyond = self.is_factor && !(low..=high).contains(&range.value);
                if is_beyond {
                    page.arrow((at, y), range.value > high, ink).tip(tip);
                } else {
                    page.dot((at, y), 5.0, ink, range.is_unclear).tip(tip);
                }
                if page.is_narrow() && is_beyond {
                    let (x, anchor) = if range.value > high {
                        (at - ARROW - 6.0, Anchor::Right)
                    } else {
                        (at + ARROW + 6.0, Anchor::Left)
                    };
                    page.words(&text, (x, y), Font::Label, anchor);
                } else if !page.is_narrow() {
                    let mark = if range.is_unclear { "~ " } else { "" };
                    page.words(&format!("{mark}{text}"), (page.right + 12.0, y), Font::Label, Anchor::Left);
                }
            }
        }
        page.axes(&self.axis, "");
        page.finish()
    }
}
