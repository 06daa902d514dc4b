//! Two numbers of each of several things, with their intervals, and which of them nothing beats in both.

use super::Picture;
use super::canvas::{Canvas, Margins, SAID, width_of};
use super::cdf::TICKS;
use super::choices::{dollars, steps};
use super::drawing::{Anchor, Drawing, Font, Ink, Point, Room};
use super::style::time_tick;

/// One thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// What it is.
    pub label: String,
    /// Seconds it waits, with the ends of the interval.
    pub wait: [f64; 3],
    /// Dollars per hour it costs, with the ends of the interval.
    pub cost: [f64; 3],
}

/// Cost against wait; less of both is better.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scatter {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// What the horizontal axis means.
    pub axis: String,
    /// The things.
    pub spots: Vec<Spot>,
    /// What nobody can beat on cost, and what it is called.
    pub bound: Option<(f64, String)>,
}

impl Scatter {
    /// Positions of those that none of the others beats in both, by wait.
    fn front(&self) -> Vec<usize> {
        let beaten = |a: &Spot| {
            let better = |b: &Spot| {
                b.wait[0] <= a.wait[0] && b.cost[0] <= a.cost[0] && (b.wait[0] < a.wait[0] || b.cost[0] < a.cost[0])
            };
            self.spots.iter().any(better)
        };
        let mut front: Vec<usize> = (0..self.spots.len()).filter(|at| !beaten(&self.spots[*at])).collect();
        front.sort_by(|a, b| self.spots[*a].wait[0].total_cmp(&self.spots[*b].wait[0]));
        front
    }

    fn costs(&self) -> (f64, f64, f64) {
        let all = self.spots.iter().flat_map(|spot| spot.cost).chain(self.bound.iter().map(|(cost, _)| *cost));
        let all: Vec<f64> = all.filter(|cost| cost.is_finite()).collect();
        let least = all.iter().copied().fold(f64::INFINITY, f64::min);
        let most = all.iter().copied().fold(0.0, f64::max);
        if least > most {
            return (0.0, 1.0, 1.0);
        }
        let (step, _) = steps((most - least).max(most * 0.01));
        let low = ((least - 0.15 * step) / step).floor() * step;
        (low, ((most + 0.15 * step) / step).ceil() * step, step)
    }
}

impl Picture for Scatter {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let margins = Margins { top: SAID, left: if room == Room::Narrow { 62.0 } else { 84.0 }, right: 230.0 };
        let height = if room == Room::Narrow { 260.0 } else { 340.0 };
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height);
        let (low, high, step) = self.costs();
        for n in 0..=((high - low) / step).round() as u32 {
            let cost = low + step * f64::from(n);
            page.tick_y(page.height(cost - low, high - low), &dollars(cost, step), true);
        }
        let waits = || self.spots.iter().flat_map(|spot| spot.wait).filter(|wait| wait.is_finite() && *wait > 0.0);
        let first = waits().fold(f64::INFINITY, f64::min).min(1e6) / 1.15;
        let last = waits().fold(first * 1.3, f64::max) * 1.15;
        let part = |wait: f64| ((wait.max(first) / first).ln() / (last / first).ln()).clamp(0.0, 1.0);
        let fine = (1..60).map(|n| f64::from(n) * 60.0).filter(|_| last / first < 4.0);
        let mut ticks: Vec<f64> = TICKS.into_iter().chain(fine).filter(|t| (first..=last).contains(t)).collect();
        ticks.sort_by(f64::total_cmp);
        ticks.dedup_by(|a, b| *a <= *b);
        for tick in ticks {
            page.tick_x(page.across(part(tick)), &time_tick(tick), true);
        }
        let mut entries: Vec<_> =
            self.spots.iter().enumerate().map(|(n, spot)| (Ink::Series(n), spot.label.clone())).collect();
        if let Some((cost, label)) = &self.bound {
            let y = page.height(cost - low, high - low);
            page.dashes((page.left, y), (page.right, y), Ink::Grey);
            let crosses = |spot: &Spot| {
                let [left, at, right] = [1, 0, 2].map(|n| page.across(part(spot.wait[n])));
                let [above, below] = [2, 1].map(|n| page.height(spot.cost[n] - low, high - low));
                Taken { left: left.min(at - DOT), right: right.max(at + DOT), above, below }
            };
            let taken: Vec<Taken> = self.spots.iter().map(crosses).collect();
            match place_of(&page, label, y, &taken) {
                Some((at, anchor)) => page.words(label, at, Font::Label, anchor),
                // Below a phone's picture there is room for all of it, beside a wide one for its name.
                None if page.is_narrow() => entries.push((Ink::Grey, label.clone())),
                None => entries.push((Ink::Grey, label.split(':').next().unwrap_or(label).to_owned())),
            }
        }
        let front = self.front();
        let at =
            |page: &Canvas, spot: &Spot| (page.across(part(spot.wait[0])), page.height(spot.cost[0] - low, high - low));
        let path: Vec<_> = front.iter().map(|n| at(&page, &self.spots[*n])).collect();
        page.line(path, Ink::Faint, 3);
        for (n, spot) in self.spots.iter().enumerate() {
            let (x, y) = at(&page, spot);
            let [left, right] = [spot.wait[1], spot.wait[2]].map(|wait| page.across(part(wait)));
            let [below, above] = [spot.cost[1], spot.cost[2]].map(|cost| page.height(cost - low, high - low));
            page.line(vec![(left, y), (right, y)], Ink::Series(n), 2);
            page.line(vec![(x, below), (x, above)], Ink::Series(n), 2);
            let beaten = if front.contains(&n) { "" } else { "; another is cheaper and faster" };
            let wait = crate::report::study::time(spot.wait[0]);
            let tip = format!("{}: waits {wait}, costs ${:.3}/h{beaten}", spot.label, spot.cost[0]);
            page.dot((x, y), DOT, Ink::Series(n), !beaten.is_empty()).tip(tip);
        }
        page.axes(&self.axis, "cost obtained ($/h)");
        page.legend(&entries);
        page.finish()
    }
}

/// The radius of a dot.
const DOT: f64 = 6.0;
/// Half of how high a label is, with some air.
const HALF: f64 = 9.0;

/// The box of a dot with its intervals.
struct Taken {
    left: f64,
    right: f64,
    above: f64,
    below: f64,
}

/// Where the label of a level line runs into nothing: above or below its end or its start.
fn place_of(page: &Canvas, label: &str, y: f64, taken: &[Taken]) -> Option<(Point, Anchor)> {
    let width = width_of(label);
    let ends = [(page.right - 6.0, Anchor::Right), (page.left + 6.0, Anchor::Left)];
    let places = [-HALF - 1.0, HALF + 1.0].into_iter().flat_map(|down| ends.map(|(x, anchor)| ((x, y + down), anchor)));
    places.into_iter().find(|((x, y), anchor)| {
        let (left, right) = if *anchor == Anchor::Right { (x - width, *x) } else { (*x, x + width) };
        let is_inside = left >= page.left && right <= page.right && y - HALF >= page.top && y + HALF <= page.bottom;
        let meets = |taken: &Taken| {
            let (above, below) = (taken.above - DOT, taken.below + DOT);
            taken.left < right && left < taken.right && above < y + HALF && y - HALF < below
        };
        is_inside && !taken.iter().any(meets)
    })
}

#[cfg(test)]
mod tests {
    use super::super::drawing::{Shape, What};
    use super::*;

    #[test]
    fn the_label_of_the_bound_runs_into_no_dot() {
        for room in [Room::Sheet, Room::Wide, Room::Narrow] {
            for waits in [[60.0, 600.0, 70.0], [590.0, 600.0, 595.0], [60.0, 61.0, 62.0], [60.0, 300.0, 600.0]] {
                let spots = waits.map(|wait| Spot { label: "x".into(), wait: [wait; 3], cost: [3.0, 2.9, 3.1] });
                let bound = Some((3.0, "clairvoyant: the cheapest that could be had".to_owned()));
                let drawing = Scatter { spots: spots.into(), bound, ..Scatter::default() }.draw(room);
                let words = |shape: &Shape| match &shape.what {
                    What::Words { text, at, anchor, .. } if text.starts_with("clairvoyant") => {
                        let left = if *anchor == Anchor::Right { at.0 - width_of(text) } else { at.0 };
                        Some((left, left + width_of(text), at.1))
                    }
                    _ => None,
                };
                let labels: Vec<_> = drawing.shapes.iter().filter_map(words).collect();
                let [(left, right, y)] = labels[..] else { panic!("one label, not {labels:?}") };
                assert!(left >= 0.0 && right <= drawing.width, "{room:?} {waits:?}: {left} to {right}");
                for shape in &drawing.shapes {
                    let What::Dot { at, radius, .. } = shape.what else { continue };
                    let is_clear = at.0 + radius < left || at.0 - radius > right || (at.1 - y).abs() > radius + 6.0;
                    assert!(is_clear, "{room:?} {waits:?}: a dot at {at:?} in the label {left} to {right}, {y}");
                }
            }
        }
    }

    #[test]
    fn the_front_is_what_nothing_beats() {
        let spot = |label: &str, wait, cost| Spot { label: label.into(), wait: [wait; 3], cost: [cost; 3] };
        let spots =
            vec![spot("slow", 9.0, 1.0), spot("fast", 1.0, 5.0), spot("beaten", 9.0, 5.0), spot("mid", 3.0, 3.0)];
        assert_eq!(Scatter { spots, ..Scatter::default() }.front(), [1, 3, 0]);
    }
}
