//! A drawing as a file, by plotters: SVG, or PNG at twice the pixels.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, DrawingBackend, IntoDrawingArea as _, PathElement, Rectangle, SVGBackend, Text,
};
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::drawing::{Anchor, Drawing, Ink, Shape, What};
use super::style::{Style, WHITE, colour};

pub(super) fn save(drawing: &Drawing, path: &Path) -> Result<(), String> {
    let size = |style: Style| (style.round(drawing.width) as u32, style.round(drawing.height) as u32);
    if path.extension().is_some_and(|e| e == "png") {
        let style = Style::scaled(2);
        paint(drawing, &BitMapBackend::new(path, size(style)).into_drawing_area(), style)
    } else {
        let style = Style::scaled(1);
        paint(drawing, &SVGBackend::new(path, size(style)).into_drawing_area(), style)
    }
}

fn paint<B: DrawingBackend>(drawing: &Drawing, area: &DrawingArea<B, Shift>, style: Style) -> Result<(), String> {
    area.fill(&WHITE).map_err(|e| e.to_string())?;
    for shape in drawing.shapes.iter().filter(|shape| shape.ink != Ink::Clear) {
        one(shape, area, style)?;
    }
    area.present().map_err(|e| e.to_string())
}

fn one<B: DrawingBackend>(shape: &Shape, area: &DrawingArea<B, Shift>, style: Style) -> Result<(), String> {
    let (ink, pixel) = (colour(shape.ink), |(x, y): (f64, f64)| (style.round(x), style.round(y)));
    match &shape.what {
        What::Line { points, width } => {
            let points: Vec<_> = points.iter().copied().map(pixel).collect();
            area.draw(&PathElement::new(points, ink.stroke_width(style.px(*width))))
        }
        What::Box { from, to } => area.draw(&Rectangle::new([pixel(*from), pixel(*to)], ink.filled())),
        What::Dot { at, radius, is_hollow } => {
            let kind = if *is_hollow { ink.stroke_width(style.px(2)) } else { ink.filled() };
            area.draw(&Circle::new(pixel(*at), style.round(*radius), kind))
        }
        What::Words { text, at, font, anchor } => {
            let pos = match anchor {
                Anchor::Left => Pos::new(HPos::Left, VPos::Center),
                Anchor::Right => Pos::new(HPos::Right, VPos::Center),
                Anchor::Below => Pos::new(HPos::Center, VPos::Top),
            };
            area.draw(&Text::new(text.clone(), pixel(*at), style.text(*font, shape.ink).pos(pos)))
        }
    }
    .map_err(|error| error.to_string())
}
