//! What things are made up of: a level bar each, in parts.

use super::Picture;
use super::canvas::{Canvas, Margins, UNSAID, width_of};
use super::choices::steps;
use super::drawing::{Drawing, Ink, Room};
use crate::report::study::percent;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// What it is of.
    pub label: String,
    /// One a part, in the order of the parts' names.
    pub parts: Vec<f64>,
}

/// Bars in parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stacks {
    /// Above the picture.
    pub title: String,
    /// Below the title.
    pub subtitle: String,
    /// What the axis means.
    pub axis: String,
    /// True where the parts of a bar are shares of one.
    pub is_share: bool,
    /// What the parts are, each with the number of its colour.
    pub parts: Vec<(String, usize)>,
    /// The bars, from top to bottom.
    pub stacks: Vec<Stack>,
}

impl Picture for Stacks {
    fn title(&self) -> &str {
        &self.title
    }

    fn draw(&self, room: Room) -> Drawing {
        let longest = self.stacks.iter().map(|stack| width_of(&stack.label)).fold(0.0, f64::max);
        let margins = Margins { top: UNSAID, left: (28.0 + longest).clamp(90.0, 260.0), right: 210.0 };
        let height = (10.0 + 34.0 * self.stacks.len() as f64).max(24.0 * self.parts.len() as f64);
        let mut page = Canvas::new(room, (&self.title, &self.subtitle), &margins, height);
        let sums = self.stacks.iter().map(|stack| stack.parts.iter().sum::<f64>());
        let (step, count) = if self.is_share { (0.25, 4) } else { steps(sums.fold(1e-6, f64::max)) };
        let most = step * f64::from(count);
        let text = |amount: f64| if self.is_share { percent(amount) } else { format!("{amount:.2}") };
        for n in 0..=count {
            let amount = step * f64::from(n);
            let tick = text(amount);
            let tick = if self.is_share { tick.replace(".0", "") } else { tick };
            page.tick_x(page.across(amount / most), &tick, true);
        }
        let slot = (page.bottom - page.top) / self.stacks.len().max(1) as f64;
        for (n, stack) in self.stacks.iter().enumerate() {
            let middle = page.top + slot * (n as f64 + 0.5);
            page.tick_y(middle, &stack.label, false);
            let mut from = 0.0;
            for (part, (name, series)) in stack.parts.iter().zip(&self.parts).filter(|(part, _)| **part > 0.0) {
                let [left, right] = [from, from + part].map(|amount| page.across(amount / most));
                let tip = format!("{}: {name} {}", stack.label, text(*part));
                // What is rare still shows.
                let right = right.max(left + 1.0);
                page.fill((left, middle - 10.0), (right, middle + 10.0), Ink::Series(*series)).tip(tip);
                from += part;
            }
        }
        page.axes(&self.axis, "");
        let entries: Vec<_> = self.parts.iter().map(|(name, series)| (Ink::Series(*series), name.clone())).collect();
        page.legend(&entries);
        page.finish()
    }
}
