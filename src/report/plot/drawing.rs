//! Shapes on a sheet, before it is known what draws them: a file by plotters, or a page that has two themes.
//!
//! **Invariant:** a shape names what its colour means, never a colour.

/// Across from the left, down from the top, in pixels of the SVG.
pub(super) type Point = (f64, f64);

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Ink {
    /// Words.
    Text,
    /// Axes.
    Grey,
    /// Grid.
    Faint,
    /// Every second line of a table.
    Band,
    /// Capacity that is there.
    Open,
    /// Capacity that is not.
    Shut,
    /// The `n`-th of several things.
    Series(usize),
    /// Nothing is drawn: a place that has something to tell.
    Clear,
}

/// How words are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Font {
    /// Above the picture.
    Title,
    /// Below the title.
    Subtitle,
    /// What an axis means.
    Axis,
    /// Ticks, legends, bars.
    Label,
}

impl Font {
    /// Its height, in pixels of the SVG.
    pub(super) const fn size(self) -> u32 {
        match self {
            Self::Title => 20,
            Self::Axis => 14,
            Self::Subtitle | Self::Label => 13,
        }
    }
}

/// Which point of a text its position names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Left, half height.
    Left,
    /// Right, half height.
    Right,
    /// Centre of the upper edge.
    Below,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Line { points: Vec<Point>, width: u32 },
    Box { from: Point, to: Point },
    Dot { at: Point, radius: f64, is_hollow: bool },
    Words { text: String, at: Point, font: Font, anchor: Anchor },
}

/// One shape.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Shape {
    pub(super) what: What,
    pub(super) ink: Ink,
    /// What it says to whoever points at it; not part of a file.
    pub(super) tip: Option<String>,
}

impl Shape {
    /// Says this to whoever points at it.
    pub(super) fn tip(&mut self, text: impl Into<String>) {
        self.tip = Some(text.into());
    }
}

/// A sheet with shapes, the later above the earlier.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawing {
    pub(in crate::report) width: f64,
    pub(in crate::report) height: f64,
    pub(super) shapes: Vec<Shape>,
}

/// For what a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// A file of its own, with its title in it.
    Sheet,
    /// The column of a page.
    Wide,
    /// The same on a phone.
    Narrow,
}
