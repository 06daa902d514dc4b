//! Pictures of a study and of one trial, as SVG and PNG.
//!
//! **Invariant:** the same values give the same bytes: the typeface is carried along, nothing of the system is asked.
//! Colours are told apart by colour-blind readers too (Okabe and Ito's), and every axis names its unit.

mod bars;
mod canvas;
mod cdf;
mod choices;
mod frontier;
mod gantt;
mod style;

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea as _, SVGBackend};

pub use bars::Bars;
pub use cdf::{Cdf, Series};
pub use choices::{Choices, DRAWN_UP_TO};
pub use frontier::{Allowed, Frontier};
pub use gantt::{Bar, Gantt, Kind};
use style::{Style, WHITE};

/// A picture could not be drawn or written.
#[derive(Debug, thiserror::Error)]
#[error("the picture '{path}' could not be written: {reason}")]
pub struct PlotError {
    /// Where it was to go.
    pub path: String,
    /// Why not.
    pub reason: String,
}

/// Something that can be drawn at any size.
pub trait Picture {
    /// Width and height, in pixels of the SVG.
    fn size(&self) -> (u32, u32) {
        (960, 540)
    }

    /// Draws it.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>, style: Style) -> Result<(), String>;
}

/// Draws `picture` into `path`: SVG or, at twice the pixels, PNG, by the file's extension.
pub fn save(picture: &impl Picture, path: &Path) -> Result<(), PlotError> {
    let (width, height) = picture.size();
    let done = if path.extension().is_some_and(|e| e == "png") {
        let style = Style::scaled(2);
        let area = BitMapBackend::new(path, (width * 2, height * 2)).into_drawing_area();
        finish(picture, &area, style)
    } else {
        let style = Style::scaled(1);
        let area = SVGBackend::new(path, (width, height)).into_drawing_area();
        finish(picture, &area, style)
    };
    done.map_err(|reason| PlotError { path: path.display().to_string(), reason })
}

fn finish<B: DrawingBackend>(picture: &impl Picture, area: &DrawingArea<B, Shift>, style: Style) -> Result<(), String> {
    area.fill(&WHITE).map_err(|e| e.to_string())?;
    picture.draw(area, style)?;
    area.present().map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests;
