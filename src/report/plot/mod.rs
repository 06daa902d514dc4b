//! Pictures of a study and of one trial: as SVG and PNG, and as parts of a page.
//!
//! **Invariant:** the same values give the same bytes: the typeface is carried along, nothing of the system is asked.
//! Colours are told apart by colour-blind readers too (Okabe and Ito's), and every axis names its unit.

mod bars;
mod canvas;
mod cdf;
mod choices;
mod curves;
mod drawing;
mod frontier;
mod gantt;
mod inline;
mod paint;
mod ranges;
mod scatter;
mod stacks;
mod style;

use std::path::Path;

pub use bars::Bars;
pub use cdf::{Cdf, Series};
pub use choices::{Choices, DRAWN_UP_TO};
pub use curves::{Curve, Curves, Scale};
pub use drawing::{Drawing, Room};
pub use frontier::{Allowed, Frontier};
pub use gantt::{Bar, Gantt, Kind, Strip, Truth};
pub(super) use inline::svg;
pub use ranges::{Range, Ranges};
pub use scatter::{Scatter, Spot};
pub use stacks::{Stack, Stacks};

/// A picture could not be drawn or written.
#[derive(Debug, thiserror::Error)]
#[error("the picture '{path}' could not be written: {reason}")]
pub struct PlotError {
    /// Where it was to go.
    pub path: String,
    /// Why not.
    pub reason: String,
}

/// Something that can be drawn.
pub trait Picture {
    /// What it shows.
    fn title(&self) -> &str;

    /// Draws it.
    fn draw(&self, room: Room) -> Drawing;
}

/// Draws `picture` into `path`: SVG or, at twice the pixels, PNG, by the file's extension.
pub fn save(picture: &(impl Picture + ?Sized), path: &Path) -> Result<(), PlotError> {
    paint::save(&picture.draw(Room::Sheet), path)
        .map_err(|reason| PlotError { path: path.display().to_string(), reason })
}

#[cfg(test)]
mod tests;
