//! What a plan of several tasks costs with fewer places to choose from, as bars in two parts.

use super::Picture;
use super::canvas::{Canvas, Margins, SAID};
use super::choices::{dollars, steps};
use super::drawing::{Anchor, Drawing, Font, Ink, Room};

/// Plans, each under a restriction.
#[derive(Debug, Clone)]
pub struct Frontier {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// The bars, from top to bottom.
    pub bars: Vec<Allowed>,
}

/// The best plan under a restriction.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// What is allowed: `AWS + GCP`.
    pub label: String,
    /// Dollars for machines and for moving data; `None` if nothing meets the tasks then.
    pub cost: Option<(f64, f64)>,
}

impl Picture for Frontier {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let margins = Margins { top: SAID, left: 230.0, right: 250.0 };
        let height = (18.0 + 44.0 * self.bars.len() as f64).max(128.0);
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height);
        let sum = |bar: &Allowed| bar.cost.map_or(0.0, |(machines, moved)| machines + moved);
        let highest = self.bars.iter().map(sum).fold(0.0, f64::max);
        let met = self.bars.iter().filter(|bar| bar.cost.is_some());
        let least = met.map(sum).min_by(f64::total_cmp).unwrap_or(0.0);
        let (step, count) = steps(highest);
        let most = step * f64::from(count);
        for n in 0..=count {
            let cost = step * f64::from(n);
            page.tick_x(page.across(cost / most), &dollars(cost, step), true);
        }
        let slot = (page.bottom - page.top) / self.bars.len().max(1) as f64;
        for (n, bar) in self.bars.iter().enumerate() {
            let top = page.top;
            let y = |part: f64| top + slot * (n as f64 + part);
            page.tick_y(y(0.5), &bar.label, false);
            let Some((machines, moved)) = bar.cost else {
                page.words("nothing meets all tasks", (page.left + 8.0, y(0.5)), Font::Subtitle, Anchor::Left);
                continue;
            };
            let [left, split, end] = [0.0, machines, machines + moved].map(|cost| page.across(cost / most));
            page.fill((left, y(0.2)), (split, y(0.8)), Ink::Series(0));
            if moved > 0.0 {
                page.fill((split, y(0.2)), (end, y(0.8)), Ink::Series(1));
            }
            let over = if sum(bar) > least * 1.000_05 {
                format!("  (+{:.1} %)", (sum(bar) / least - 1.0) * 100.0)
            } else {
                String::new()
            };
            let text = format!("${:.2}{over}", machines + moved);
            page.words(&text, (end + 8.0, y(0.5)), Font::Label, Anchor::Left);
        }
        page.axes("cost of all tasks", "places allowed");
        let moves = self.bars.iter().any(|bar| bar.cost.is_some_and(|(_, moved)| moved > 0.0));
        let mut entries = vec![(Ink::Series(0), "machines".to_owned())];
        entries.extend(moves.then(|| (Ink::Series(1), "moving data".to_owned())));
        page.legend_at((page.right + 110.0, page.top - 56.0), &entries);
        page.finish()
    }
}
