//! Lines, boxes and words on a page with a title, axes and a legend: what every picture is made of.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement, RGBColor, Rectangle, Text, TextStyle};
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::style::{FAINT, GREY, Style};

/// Space around the axes, in pixels of the SVG.
pub(super) struct Margins {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

/// Which point of a text its position names.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// Left, half height.
    Left,
    /// Right, half height.
    Right,
    /// Centre of the upper edge.
    Below,
}

/// A page under the pen. The box of the axes is `left..right`, `top..bottom`, in pixels.
pub(super) struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    pub(super) style: Style,
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
}

impl<'a, B: DrawingBackend> Canvas<'a, B> {
    /// A page with its title written.
    pub(super) fn new(
        area: &'a DrawingArea<B, Shift>,
        style: Style,
        (title, subtitle): (&str, &str),
        margins: &Margins,
    ) -> Result<Self, String> {
        let (width, height) = area.dim_in_pixel();
        let canvas = Self {
            area,
            style,
            left: style.ipx(margins.left),
            right: width as i32 - style.ipx(margins.right),
            top: style.ipx(110),
            bottom: height as i32 - style.ipx(margins.bottom),
        };
        let x = style.ipx(24);
        canvas.words(title, (x, style.ipx(28)), &style.title(), Anchor::Left)?;
        canvas.words(subtitle, (x, style.ipx(53)), &style.subtitle(), Anchor::Left)?;
        Ok(canvas)
    }

    /// Pixels, scaled.
    pub(super) fn px(&self, pixels: i32) -> i32 {
        self.style.ipx(pixels)
    }

    /// A line through the points.
    pub(super) fn line(&self, points: &[(i32, i32)], colour: RGBColor, width: u32) -> Result<(), String> {
        self.area
            .draw(&PathElement::new(points.to_vec(), colour.stroke_width(self.style.px(width))))
            .map_err(|error| error.to_string())
    }

    /// A dashed vertical line.
    pub(super) fn dashes(&self, x: i32, (top, bottom): (i32, i32), colour: RGBColor) -> Result<(), String> {
        let step = self.px(9) as usize;
        for y in (top..bottom).step_by(step) {
            self.line(&[(x, y), (x, (y + self.px(5)).min(bottom))], colour, 2)?;
        }
        Ok(())
    }

    /// A filled box.
    pub(super) fn fill(&self, corners: [(i32, i32); 2], colour: RGBColor) -> Result<(), String> {
        self.area.draw(&Rectangle::new(corners, colour.filled())).map_err(|error| error.to_string())
    }

    /// Text.
    pub(super) fn words(
        &self,
        text: &str,
        at: (i32, i32),
        style: &TextStyle<'_>,
        anchor: Anchor,
    ) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let pos = match anchor {
            Anchor::Left => Pos::new(HPos::Left, VPos::Center),
            Anchor::Right => Pos::new(HPos::Right, VPos::Center),
            Anchor::Below => Pos::new(HPos::Center, VPos::Top),
        };
        self.area.draw(&Text::new(text.to_owned(), at, style.pos(pos))).map_err(|error| error.to_string())
    }

    /// The two axes, what the horizontal one means below it, what the vertical one means above it.
    pub(super) fn axes(&self, below: &str, above: &str) -> Result<(), String> {
        self.line(&[(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)], GREY, 1)?;
        let middle = (i32::midpoint(self.left, self.right), self.bottom + self.px(30));
        self.words(below, middle, &self.style.axis(), Anchor::Below)?;
        self.words(above, (self.px(24), self.top - self.px(32)), &self.style.label(), Anchor::Left)
    }

    /// A tick of the horizontal axis, with its line of the grid.
    pub(super) fn tick_x(&self, x: i32, text: &str, grid: bool) -> Result<(), String> {
        if grid {
            self.line(&[(x, self.top), (x, self.bottom)], FAINT, 1)?;
        }
        self.words(text, (x, self.bottom + self.px(7)), &self.style.label(), Anchor::Below)
    }

    /// A tick of the vertical axis, with its line of the grid.
    pub(super) fn tick_y(&self, y: i32, text: &str, grid: bool) -> Result<(), String> {
        if grid {
            self.line(&[(self.left, y), (self.right, y)], FAINT, 1)?;
        }
        self.words(text, (self.left - self.px(8), y), &self.style.label(), Anchor::Right)
    }

    /// Colours and what they mean, from this corner down.
    pub(super) fn legend(&self, (x, y): (i32, i32), entries: &[(RGBColor, String)]) -> Result<(), String> {
        for (n, (colour, text)) in entries.iter().enumerate() {
            let y = y + self.px(24) * n as i32;
            let half = self.px(6);
            self.fill([(x, y - half), (x + 2 * half, y + half)], *colour)?;
            self.words(text, (x + self.px(20), y), &self.style.label(), Anchor::Left)?;
        }
        Ok(())
    }

    /// Height of a share of 0..=1 on the vertical axis whose end is `most`.
    pub(super) fn height(&self, share: f64, most: f64) -> i32 {
        self.bottom - (share / most * f64::from(self.bottom - self.top)).round() as i32
    }
}
