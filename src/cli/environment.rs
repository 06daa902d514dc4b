//! The outside, read once: the time, the home directory.

use std::path::PathBuf;

use jiff::civil::DateTime;

/// What a command may know of where and when it runs.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The user's time of day.
    pub now: DateTime,
    /// The user's home, if there is one.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// Reads it.
    #[expect(clippy::disallowed_methods, reason = "the clock and the environment enter here")]
    pub fn read() -> Self {
        Self {
            now: jiff::ZonedDateTime::now().datetime(),
            home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
        }
    }
}
