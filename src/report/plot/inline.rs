//! A drawing as a part of a page: colours are classes that the page's two themes fill in, and what a shape has to say is
//! its title.

use std::fmt::Write as _;

use super::drawing::{Anchor, Drawing, Font, Ink, Point, Shape, What};
use super::style::SERIES;
use crate::report::page::escape;

/// The element, without a size of its own: it takes the width it is given.
pub(in crate::report) fn svg(drawing: &Drawing, label: &str) -> String {
    let (width, height) = (drawing.width, drawing.height);
    let mut text =
        format!(r#"<svg viewBox="0 0 {width} {}" role="img" aria-label="{}">"#, number(height), escape(label));
    for shape in &drawing.shapes {
        one(shape, &mut text);
    }
    text.push_str("</svg>");
    text
}

/// The class of what a colour means, without the sort of its use: `k` for words, `s0` for the first series.
fn class(ink: Ink) -> String {
    match ink {
        Ink::Text => "k".to_owned(),
        Ink::Grey => "g".to_owned(),
        Ink::Faint => "f".to_owned(),
        Ink::Band => "b".to_owned(),
        Ink::Open => "o".to_owned(),
        Ink::Shut => "n".to_owned(),
        Ink::Series(n) => format!("s{}", n % SERIES),
        Ink::Clear => "c".to_owned(),
    }
}

/// To a tenth of a pixel.
fn number(length: f64) -> String {
    let text = format!("{:.1}", length + 0.0);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

// Writing to a string cannot fail.
fn one(shape: &Shape, text: &mut String) {
    let class = class(shape.ink);
    let end = shape.tip.as_ref().map_or_else(String::new, |tip| format!("<title>{}</title>", escape(tip)));
    let closed = |name: &str| if end.is_empty() { "/>".to_owned() } else { format!(">{end}</{name}>") };
    let _ = match &shape.what {
        What::Line { points, width } => {
            write!(text, r#"<path class="l {class}" stroke-width="{width}" d="{}"{}"#, path(points), closed("path"))
        }
        What::Box { from, to } => write!(
            text,
            r#"<rect class="{class}" x="{}" y="{}" width="{}" height="{}"{}"#,
            number(from.0),
            number(from.1),
            number(to.0 - from.0),
            number(to.1 - from.1),
            closed("rect")
        ),
        What::Dot { at, radius, is_hollow } => write!(
            text,
            r#"<circle class="{class}{}" cx="{}" cy="{}" r="{}"{}"#,
            if *is_hollow { " h" } else { "" },
            number(at.0),
            number(at.1),
            number(*radius),
            closed("circle")
        ),
        What::Words { text: words, at, font, anchor } => {
            let (sort, drop) = match anchor {
                Anchor::Left => ("", 0.36),
                Anchor::Right => (" e", 0.36),
                Anchor::Below => (" m", 0.86),
            };
            let y = at.1 + f64::from(font.size()) * drop;
            let axis = if *font == Font::Axis { " a" } else { "" };
            write!(
                text,
                r#"<text class="{class}{sort}{axis}" x="{}" y="{}">{}</text>"#,
                number(at.0),
                number(y),
                escape(words)
            )
        }
    };
}

/// Steps are told by `H` and `V`, and what does not move the pen is left out.
fn path(points: &[Point]) -> String {
    let mut text = String::new();
    let mut pen: Option<(String, String)> = None;
    for (x, y) in points {
        let (x, y) = (number(*x), number(*y));
        let _ = match &pen {
            None => write!(text, "M{x} {y}"),
            Some((at_x, at_y)) if *at_x == x && *at_y == y => Ok(()),
            Some((at_x, _)) if *at_x == x => write!(text, "V{y}"),
            Some((_, at_y)) if *at_y == y => write!(text, "H{x}"),
            Some(_) => write!(text, "L{x} {y}"),
        };
        pen = Some((x, y));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_only_what_moves_the_pen() {
        let points = [(1.0, 2.0), (1.0, 2.04), (5.25, 2.0), (5.25, 9.0), (6.0, 10.0)];
        assert_eq!(path(&points), "M1 2H5.2V9L6 10");
    }

    #[test]
    fn words_cannot_break_out() {
        let words = What::Words { text: "<b>&".into(), at: (1.0, 1.0), font: Font::Label, anchor: Anchor::Left };
        let mut text = String::new();
        one(&Shape { what: words, ink: Ink::Text, tip: None }, &mut text);
        assert_eq!(text, r#"<text class="k" x="1" y="5.7">&lt;b&gt;&amp;</text>"#);
    }
}
