//! Typeface, colours and measures that the pictures share.

use std::sync::Once;

use plotters::prelude::{FontDesc, FontFamily, FontStyle, RGBColor, TextStyle};

/// Paper.
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
/// Words.
pub(super) const INK: RGBColor = RGBColor(40, 40, 40);
/// Axes.
pub(super) const GREY: RGBColor = RGBColor(110, 110, 110);
/// Grid.
pub(super) const FAINT: RGBColor = RGBColor(228, 228, 228);

/// Okabe and Ito's colours, those that read on white first.
const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(60, 60, 60),
];

static REGISTERED: Once = Once::new();

/// Measures, multiplied for finer pixels.
#[derive(Debug, Clone, Copy)]
pub struct Style {
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

    /// Pixels, where plotters wants them signed.
    pub(super) fn ipx(self, pixels: i32) -> i32 {
        pixels * self.scale as i32
    }

    fn font(self, size: u32, style: FontStyle) -> FontDesc<'static> {
        FontDesc::new(FontFamily::SansSerif, f64::from(self.px(size)), style)
    }

    /// The words above the picture.
    pub(super) fn title(self) -> TextStyle<'static> {
        self.font(20, FontStyle::Bold).color(&INK)
    }

    /// The words below the title.
    pub(super) fn subtitle(self) -> TextStyle<'static> {
        self.font(13, FontStyle::Normal).color(&GREY)
    }

    /// What an axis means.
    pub(super) fn axis(self) -> TextStyle<'static> {
        self.font(14, FontStyle::Normal).color(&INK)
    }

    /// Ticks, legends, bars.
    pub(super) fn label(self) -> TextStyle<'static> {
        self.font(13, FontStyle::Normal).color(&INK)
    }

    /// The colour of the `n`-th of several things.
    pub(super) fn colour(n: usize) -> RGBColor {
        PALETTE[n % PALETTE.len()]
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
