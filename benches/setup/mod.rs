//! How every benchmark is measured.

use std::time::Duration;

use criterion::Criterion;

/// Short enough that all benchmarks together end within ten minutes.
pub(crate) fn criterion() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}
