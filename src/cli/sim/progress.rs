//! A bar with trials a second and what is left, on a terminal only.

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};

/// How many trials a second: of many a tenth is of no interest, of few it is all there is.
fn pace(per_second: f64) -> String {
    if per_second < 10.0 {
        format!("{per_second:.1}/s")
    } else {
        format!("{}/s", HumanCount(per_second.round() as u64))
    }
}

/// The bar; told from any thread.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// For this many trials. Hidden when standard error is not a terminal.
    pub(super) fn new(trials: u64) -> Self {
        let bar = ProgressBar::new(trials);
        let template = "{bar:30} {pos}/{len} trials · {pace} · {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let pace = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&pace(state.per_sec()));
        };
        bar.set_style(style.with_key("pace", pace));
        Self(bar)
    }

    /// So many more are done.
    pub(super) fn add(&self, more: u64) {
        self.0.inc(more);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
