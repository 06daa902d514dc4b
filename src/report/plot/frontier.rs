//! What a plan of several tasks costs with fewer places to choose from, as bars in two parts.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};

use super::Picture;
use super::canvas::{Anchor, Canvas, Margins};
use super::choices::{dollars, steps};
use super::style::{GREY, Style};

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
    fn size(&self) -> (u32, u32) {
        (960, (190 + 44 * self.bars.len() as u32).max(300))
    }

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, style: Style) -> Result<(), String> {
        let margins = Margins { left: 230, right: 250, bottom: 62 };
        let page = Canvas::new(area, style, (&self.title, &self.subtitle), &margins)?;
        let sum = |bar: &Allowed| bar.cost.map_or(0.0, |(machines, moved)| machines + moved);
        let highest = self.bars.iter().map(sum).fold(0.0, f64::max);
        let met = self.bars.iter().filter(|bar| bar.cost.is_some());
        let least = met.map(sum).min_by(f64::total_cmp).unwrap_or(0.0);
        let (step, count) = steps(highest);
        let most = step * f64::from(count);
        let x = |cost: f64| page.left + (cost / most * f64::from(page.right - page.left)).round() as i32;
        for n in 0..=count {
            let cost = step * f64::from(n);
            page.tick_x(x(cost), &dollars(cost, step), true)?;
        }
        let slot = f64::from(page.bottom - page.top) / self.bars.len().max(1) as f64;
        for (n, bar) in self.bars.iter().enumerate() {
            let y = |part: f64| page.top + (slot * (n as f64 + part)).round() as i32;
            page.tick_y(y(0.5), &bar.label, false)?;
            let Some((machines, moved)) = bar.cost else {
                page.words(
                    "nothing meets all tasks",
                    (page.left + page.px(8), y(0.5)),
                    &style.subtitle(),
                    Anchor::Left,
                )?;
                continue;
            };
            page.fill([(page.left, y(0.2)), (x(machines), y(0.8))], Style::colour(0))?;
            if moved > 0.0 {
                page.fill([(x(machines), y(0.2)), (x(machines + moved), y(0.8))], Style::colour(1))?;
            }
            let over = if sum(bar) > least * 1.000_05 {
                format!("  (+{:.1} %)", (sum(bar) / least - 1.0) * 100.0)
            } else {
                String::new()
            };
            let text = format!("${:.2}{over}", machines + moved);
            page.words(&text, (x(machines + moved) + page.px(8), y(0.5)), &style.label(), Anchor::Left)?;
        }
        page.line(&[(page.left, page.top), (page.left, page.bottom)], GREY, 1)?;
        page.axes("cost of all tasks", "places allowed")?;
        let moves = self.bars.iter().any(|bar| bar.cost.is_some_and(|(_, moved)| moved > 0.0));
        let mut entries = vec![(Style::colour(0), "machines".to_owned())];
        entries.extend(moves.then(|| (Style::colour(1), "moving data".to_owned())));
        page.legend((page.right + page.px(110), page.top - page.px(56)), &entries)
    }
}
