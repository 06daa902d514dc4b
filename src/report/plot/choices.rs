//! What a request costs against how much choice there is: a curve a cloud, from its cheapest candidate upwards.

use super::Picture;
use super::canvas::{Canvas, Margins, SAID};
use super::drawing::{Drawing, Ink, Room};

/// Curves of choice.
#[derive(Debug, Clone)]
pub struct Choices {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// Of each cloud what it is called here, and what its candidates cost in dollars, ascending.
    pub series: Vec<(String, Vec<f64>)>,
}

/// Nobody looks at candidates that cost so many times the least, and they would flatten the rest.
pub const DRAWN_UP_TO: f64 = 3.0;

/// A round step so that about five reach `most`, and how many do.
pub(super) fn steps(most: f64) -> (f64, u32) {
    let raw = (most / 5.0).max(1e-9);
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= raw * 0.999);
    let step = step.unwrap_or(10.0 * power);
    (step, (most / step).ceil().max(1.0) as u32)
}

/// `$0.05`, `$12`: with the decimals that the step needs.
pub(super) fn dollars(amount: f64, step: f64) -> String {
    let decimals =
        if step >= 1.0 && step.fract() == 0.0 { 0 } else { (-step.log10().floor()).clamp(1.0, 6.0) as usize };
    let decimals = decimals.max(if step.fract() == 0.0 { 0 } else { 2 });
    format!("${amount:.decimals$}")
}

impl Choices {
    /// The lowest and the highest cost that are drawn.
    fn range(&self) -> Option<(f64, f64)> {
        let all = || self.series.iter().flat_map(|(_, costs)| costs.iter().copied());
        let least = all().min_by(f64::total_cmp)?;
        let most = all().filter(|cost| *cost <= least * DRAWN_UP_TO).max_by(f64::total_cmp)?;
        Some((least, most))
    }
}

impl Picture for Choices {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let margins = Margins { top: SAID, left: if room == Room::Narrow { 60.0 } else { 84.0 }, right: 250.0 };
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, 368.0);
        let Some((least, most)) = self.range() else {
            page.axes("choices", "cost");
            return page.finish();
        };
        let (step, _) = steps((most - least).max(least * 0.05));
        let low = (least / step).floor() * step;
        let count = ((most - low) / step).ceil().max(1.0);
        for n in 0..=count as u32 {
            let cost = low + step * f64::from(n);
            page.tick_y(page.height(cost - low, step * count), &dollars(cost, step), true);
        }
        let drawn = |costs: &[f64]| costs.partition_point(|cost| *cost <= most);
        let longest = self.series.iter().map(|(_, costs)| drawn(costs)).max().unwrap_or(1).max(2);
        // The first few choices matter most, so they get most of the width.
        let part = |n: f64| n.ln() / (longest as f64).ln();
        for n in TICKS.into_iter().filter(|n| *n <= longest) {
            page.tick_x(page.across(part(n as f64)), &n.to_string(), true);
        }
        for (at, (_, costs)) in self.series.iter().enumerate() {
            let costs = &costs[..drawn(costs)];
            let corner = |(n, cost): (usize, &f64)| {
                let y = page.height(*cost - low, step * count);
                let ends = [n as f64 + 1.0, (n as f64 + 2.0).min(costs.len() as f64)];
                ends.map(|end| (page.across(part(end)), y))
            };
            let path: Vec<_> = costs.iter().enumerate().flat_map(corner).collect();
            let first = path.first().copied();
            // Where curves lie on each other, the ones below show as a rim.
            page.line(path, Ink::Series(at), 2 + 3 * (self.series.len() - 1 - at).min(3) as u32 / 2);
            if let Some((x, y)) = first {
                page.fill((x - 4.0, y - 4.0), (x + 4.0, y + 4.0), Ink::Series(at));
            }
        }
        page.axes(
            "how many places and machines there are at this cost or less (logarithmic)",
            "cost of all nodes for the estimated run",
        );
        let entries: Vec<_> =
            self.series.iter().enumerate().map(|(n, (name, _))| (Ink::Series(n), name.clone())).collect();
        page.legend(&entries);
        page.finish()
    }
}

/// Where the axis of choices may have a tick.
const TICKS: [usize; 13] = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_reach_the_top() {
        for most in [0.004, 0.37, 1.0, 3.06, 29.39, 120.0, 4321.0] {
            let (step, count) = steps(most);
            assert!(step * f64::from(count) >= most * 0.999 && (3..=6).contains(&count), "{most}: {count} of {step}");
        }
        assert_eq!(
            [dollars(5.0, 5.0), dollars(0.5, 0.5), dollars(7.5, 2.5), dollars(0.002, 0.001)],
            ["$5", "$0.50", "$7.50", "$0.002"]
        );
    }

    #[test]
    fn what_is_far_too_dear_is_not_drawn() {
        let series = vec![("a".to_owned(), vec![1.0, 2.0, 50.0]), ("b".to_owned(), vec![2.5])];
        let choices = |series| Choices { title: String::new(), subtitle: String::new(), series };
        assert_eq!(choices(series).range(), Some((1.0, 2.5)));
        assert_eq!(choices(Vec::new()).range(), None);
    }
}
