//! Lines, boxes and words on a sheet with axes and a legend: what every picture is made of.

use super::drawing::{Anchor, Drawing, Font, Ink, Point, Room, Shape, What};

/// Space around the axes, in pixels of the SVG.
pub(super) struct Margins {
    /// Above the axes of a picture on a page; a file has its title there.
    pub(super) top: f64,
    pub(super) left: f64,
    /// Where the legend stands, if there is room for one beside the picture.
    pub(super) right: f64,
}

/// Above axes of which something is said there.
pub(super) const SAID: f64 = 42.0;
/// Above axes of which nothing is.
pub(super) const UNSAID: f64 = 8.0;
/// Below the axes: ticks and what they mean.
const BELOW: f64 = 62.0;
/// A character of a label is about so wide.
const CHARACTER: f64 = 7.0;
/// A character of what an axis means.
const AXIS_CHARACTER: f64 = 7.5;
/// How long an arrow is.
pub(super) const ARROW: f64 = 16.0;
/// From one line of what an axis means to the next.
const AXIS_LINE: f64 = 18.0;

/// A sheet under the pen. The box of the axes is `left..right`, `top..bottom`.
pub(super) struct Canvas {
    drawing: Drawing,
    pub(super) room: Room,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Where the last tick's words end, so that the next do not run into them.
    ticked: f64,
}

impl Canvas {
    /// A sheet whose axes are so high; in a file with its title written.
    pub(super) fn new(room: Room, (title, subtitle): (&str, &str), margins: &Margins, height: f64) -> Self {
        let (width, left, right, top) = match room {
            Room::Sheet => (960.0, margins.left, margins.right, 110.0),
            Room::Wide => (920.0, margins.left, margins.right, margins.top),
            Room::Narrow => (360.0, margins.left.min(142.0), 14.0, margins.top),
        };
        let bottom = top + height;
        let drawing = Drawing { width, height: bottom + BELOW, shapes: Vec::new() };
        let mut canvas = Self { drawing, room, left, right: width - right, top, bottom, ticked: f64::NEG_INFINITY };
        if room == Room::Sheet {
            canvas.words(title, (24.0, 28.0), Font::Title, Anchor::Left);
            canvas.words(subtitle, (24.0, 53.0), Font::Subtitle, Anchor::Left);
        }
        canvas
    }

    /// True on a phone.
    pub(super) fn is_narrow(&self) -> bool {
        self.room == Room::Narrow
    }

    /// The sheet as it is now.
    pub(super) fn finish(self) -> Drawing {
        self.drawing
    }

    fn put(&mut self, what: What, ink: Ink) -> &mut Shape {
        let shapes = &mut self.drawing.shapes;
        shapes.push(Shape { what, ink, tip: None });
        let last = shapes.len() - 1;
        &mut shapes[last]
    }

    /// A line through the points.
    pub(super) fn line(&mut self, points: Vec<Point>, ink: Ink, width: u32) -> &mut Shape {
        self.put(What::Line { points, width }, ink)
    }

    /// A dashed line, level or upright.
    pub(super) fn dashes(&mut self, from: Point, to: Point, ink: Ink) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |part: f64| (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
        let count = (length / 9.0).ceil() as u32;
        for n in 0..count {
            let (start, end) = (f64::from(n) * 9.0 / length, (f64::from(n) * 9.0 + 5.0) / length);
            self.line(vec![at(start), at(end.min(1.0))], ink, 2);
        }
    }

    /// An arrow to the right or the left that ends at a point: what it stands for lies beyond.
    pub(super) fn arrow(&mut self, (x, y): Point, is_right: bool, ink: Ink) -> &mut Shape {
        let back = |length: f64| if is_right { x - length } else { x + length };
        self.line(vec![(back(ARROW), y), (x, y)], ink, 3);
        self.line(vec![(back(7.0), y - 5.0), (x, y), (back(7.0), y + 5.0)], ink, 3)
    }

    /// A filled box.
    pub(super) fn fill(&mut self, from: Point, to: Point, ink: Ink) -> &mut Shape {
        self.put(What::Box { from, to }, ink)
    }

    /// A dot; hollow ones are those that something else beats.
    pub(super) fn dot(&mut self, at: Point, radius: f64, ink: Ink, is_hollow: bool) -> &mut Shape {
        self.put(What::Dot { at, radius, is_hollow }, ink)
    }

    /// Text.
    pub(super) fn words(&mut self, text: &str, at: Point, font: Font, anchor: Anchor) {
        if text.is_empty() {
            return;
        }
        let ink = if font == Font::Subtitle { Ink::Grey } else { Ink::Text };
        self.put(What::Words { text: text.to_owned(), at, font, anchor }, ink);
    }

    /// The two axes, what the horizontal one means below it, what the vertical one means above it.
    pub(super) fn axes(&mut self, below: &str, above: &str) {
        self.line(vec![(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)], Ink::Grey, 1);
        let middle = f64::midpoint(self.left, self.right);
        let middle = if self.is_narrow() { self.drawing.width / 2.0 } else { middle };
        for (n, line) in in_lines(below, self.drawing.width).into_iter().enumerate() {
            let down = AXIS_LINE * n as f64;
            self.words(&line, (middle, self.bottom + 30.0 + down), Font::Axis, Anchor::Below);
            self.drawing.height = self.bottom + BELOW + down;
        }
        let left = if self.room == Room::Sheet { 24.0 } else { 4.0 };
        self.words(above, (left, self.top - 26.0), Font::Label, Anchor::Left);
    }

    /// A tick of the horizontal axis, with its line of the grid. Words that would run into the last ones are left out.
    pub(super) fn tick_x(&mut self, x: f64, text: &str, has_grid: bool) {
        if has_grid {
            self.line(vec![(x, self.top), (x, self.bottom)], Ink::Faint, 1);
        }
        let half = width_of(text) / 2.0;
        // The last one may stand at the edge.
        let x = x.min(self.drawing.width - half);
        if x - half > self.ticked + 4.0 {
            self.words(text, (x, self.bottom + 7.0), Font::Label, Anchor::Below);
            self.ticked = x + half;
        }
    }

    /// A tick of the vertical axis, with its line of the grid.
    pub(super) fn tick_y(&mut self, y: f64, text: &str, has_grid: bool) {
        if has_grid {
            self.line(vec![(self.left, y), (self.right, y)], Ink::Faint, 1);
        }
        // Most letters are narrower than the widest.
        let room = (self.left / CHARACTER) as usize + 1;
        self.words(&shortened(text, room), (self.left - 8.0, y), Font::Label, Anchor::Right);
    }

    /// Colours and what they mean: beside the picture, below it on a phone.
    pub(super) fn legend(&mut self, entries: &[(Ink, String)]) {
        self.legend_at((self.right + 20.0, self.top + 10.0), entries);
    }

    /// The same from this corner down, where there is room for that.
    pub(super) fn legend_at(&mut self, (x, y): Point, entries: &[(Ink, String)]) {
        if !self.is_narrow() {
            for (n, (ink, text)) in entries.iter().enumerate() {
                self.entry((x, y + 24.0 * n as f64), *ink, text);
            }
            return;
        }
        let (mut x, mut y) = (8.0, self.drawing.height + 4.0);
        for (ink, text) in entries {
            let width = 30.0 + width_of(text);
            if x > 8.0 && x + width > self.drawing.width {
                (x, y) = (8.0, y + 24.0);
            }
            self.entry((x, y), *ink, text);
            x += width;
        }
        self.drawing.height = y + 16.0;
    }

    fn entry(&mut self, (x, y): Point, ink: Ink, text: &str) {
        self.fill((x, y - 6.0), (x + 12.0, y + 6.0), ink);
        self.words(text, (x + 20.0, y), Font::Label, Anchor::Left);
    }

    /// Height of a share of 0..=1 on the vertical axis whose end is `most`.
    pub(super) fn height(&self, share: f64, most: f64) -> f64 {
        self.bottom - share / most * (self.bottom - self.top)
    }

    /// Place on the horizontal axis of a part of 0..=1 of it.
    pub(super) fn across(&self, part: f64) -> f64 {
        self.left + part * (self.right - self.left)
    }
}

/// What an axis means, in as many lines as its room needs.
fn in_lines(text: &str, room: f64) -> Vec<String> {
    let most = (room / AXIS_CHARACTER) as usize;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= most) {
            Some(line) => line.extend([" ", word]),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// About how wide a label is.
pub(super) fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

/// At most so many characters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
