//! A bar with trials a second and what is left, on a terminal only.

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};

/// The bar; told from any thread.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// For this many trials. Hidden when standard error is not a terminal.
    pub(super) fn new(trials: u64) -> Self {
        let bar = ProgressBar::new(trials);
        let template = "{bar:30} {pos}/{len} trials · {pace} · {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        // A tenth of a trial a second is of no interest.
        let pace = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{}/s", HumanCount(state.per_sec().round() as u64));
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
