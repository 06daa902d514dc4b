//! Shares of trials over a handful of values, bars of several policies side by side.

use super::Picture;
use super::canvas::{Canvas, Margins, SAID};
use super::drawing::{Anchor, Drawing, Font, Ink, Room};
use crate::report::study::percent;

/// Grouped bars.
#[derive(Debug, Clone)]
pub struct Bars {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// What the horizontal axis means, with its unit.
    pub axis: String,
    /// The values, left to right.
    pub values: Vec<String>,
    /// Label of each policy, and its share (0 to 1) of every value.
    pub series: Vec<(String, Vec<f64>)>,
    /// A line to compare with: the position among `values` it stands at, and what it is.
    pub mark: Option<(usize, String)>,
}

impl Bars {
    /// Counts into shares of `trials`, values from `many` on together in the last.
    pub fn shares(counts: &[u32], trials: usize, many: u32) -> Vec<f64> {
        let mut shares = vec![0.0; many as usize];
        for count in counts {
            let slot = (*count).clamp(1, many) as usize - 1;
            shares[slot] += 1.0 / trials.max(1) as f64;
        }
        shares
    }

    /// Step and end of the vertical axis: the smallest round step that reaches the highest bar in five.
    fn scale(&self) -> (f64, u32) {
        let highest = self.series.iter().flat_map(|(_, shares)| shares).copied().fold(0.0, f64::max);
        let steps = [0.01, 0.02, 0.05, 0.1, 0.2];
        let step = steps.into_iter().find(|step| highest / step <= 5.0).unwrap_or(0.2);
        (step, (highest / step).ceil().clamp(1.0, 5.0) as u32)
    }
}

impl Picture for Bars {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let margins = Margins { top: SAID, left: if room == Room::Narrow { 46.0 } else { 72.0 }, right: 230.0 };
        let height = if room == Room::Narrow { 220.0 } else { 368.0 };
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height);
        let (step, steps) = self.scale();
        let most = step * f64::from(steps);
        for n in 0..=steps {
            let share = step * f64::from(n);
            page.tick_y(page.height(share, most), &format!("{:.0} %", share * 100.0), true);
        }
        let slot = (page.right - page.left) / self.values.len().max(1) as f64;
        let left = page.left;
        let from = |value: usize, part: f64| left + slot * (value as f64 + part);
        for (n, value) in self.values.iter().enumerate() {
            page.tick_x(from(n, 0.5), value, false);
        }
        let width = 0.76 / self.series.len().max(1) as f64;
        for (n, (label, shares)) in self.series.iter().enumerate() {
            for (value, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                let left = from(value, 0.12 + width * n as f64);
                let right = from(value, 0.12 + width * (n as f64 + 0.92));
                // A rare value still shows.
                let top = page.height(*share, most).min(page.bottom - 1.0);
                let tip = format!("{label}: {} in {}", self.values[value], percent(*share));
                page.fill((left, top), (right, page.bottom), Ink::Series(n)).tip(tip);
            }
        }
        if let Some((value, label)) = &self.mark {
            let x = from(*value, 0.04);
            page.dashes((x, page.top), (x, page.bottom), Ink::Text);
            page.words(label, (x, page.top - 10.0), Font::Label, Anchor::Left);
        }
        page.axes(&self.axis, "share of trials");
        let entries: Vec<_> = self.series.iter().enumerate().map(|(n, (l, _))| (Ink::Series(n), l.clone())).collect();
        page.legend(&entries);
        page.finish()
    }
}
