//! Typeface, colours and measures of pictures that are files.

use std::sync::Once;

use plotters::prelude::{FontDesc, FontFamily, FontStyle, RGBColor, TextStyle};

use super::drawing::{Font, Ink};

/// Paper.
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);

/// Okabe and Ito's colours, those that read on white first.
const PALETTE: [RGBColor; SERIES] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(60, 60, 60),
];

/// How many things are told apart by colour.
pub(super) const SERIES: usize = 7;

static REGISTERED: Once = Once::new();

/// Measures, multiplied for finer pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    scale: u32,
}

impl Style {
    /// Everything `scale` times as large, for pictures with that many times the pixels.
    pub(super) fn scaled(scale: u32) -> Self {
        REGISTERED.call_once(|| {
            let faces: [(FontStyle, &'static [u8]); 2] = [
                (FontStyle::Normal, include_bytes!("../font/DejaVuSans-subset.ttf")),
                (FontStyle::Bold, include_bytes!("../font/DejaVuSans-Bold-subset.ttf")),
            ];
            for (style, bytes) in faces {
                // Fails only for bytes that are no font, which the test of the pictures would show.
                let _ = plotters::style::register_font("sans-serif", style, bytes);
            }
        });
        Self { scale }
    }

    /// Pixels.
    pub(super) fn px(self, pixels: u32) -> u32 {
        pixels * self.scale
    }

    /// A length, rounded to pixels.
    pub(super) fn round(self, length: f64) -> i32 {
        (length * f64::from(self.scale)).round() as i32
    }

    /// How words are set.
    pub(super) fn text(self, font: Font, ink: Ink) -> TextStyle<'static> {
        let weight = if font == Font::Title { FontStyle::Bold } else { FontStyle::Normal };
        FontDesc::new(FontFamily::SansSerif, f64::from(self.px(font.size())), weight).color(&colour(ink))
    }
}

/// A colour on white paper.
pub(super) fn colour(ink: Ink) -> RGBColor {
    match ink {
        Ink::Text => RGBColor(40, 40, 40),
        Ink::Grey => RGBColor(110, 110, 110),
        Ink::Faint => RGBColor(228, 228, 228),
        Ink::Band => RGBColor(247, 247, 247),
        Ink::Open => RGBColor(198, 232, 206),
        Ink::Shut => RGBColor(232, 232, 232),
        Ink::Series(n) => PALETTE[n % SERIES],
        Ink::Clear => WHITE,
    }
}

/// `30s`, `5m`, `2h`, `3d`: a tick of a time axis.
pub(super) fn time_tick(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 60.0 => (s, "s"),
        s if s < 3600.0 => (s / 60.0, "m"),
        s if s < 172_800.0 => (s / 3600.0, "h"),
        s => (s / 86_400.0, "d"),
    };
    let text = format!("{number:.1}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}
