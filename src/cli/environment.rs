//! The outside, read once: the time, the home directory, what a batch system says.

use std::path::PathBuf;
use std::sync::OnceLock;

use jiff::civil::DateTime;

use crate::cloud::Settings;
use crate::study::ArrayTask;

/// What a command may know of where and when it runs.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The user's time of day, once it was asked for.
    now: OnceLock<DateTime>,
    /// The user's home, if there is one.
    pub home: Option<PathBuf>,
    /// Which piece of a larger whole this is, if a batch system says so.
    pub array_task: ArrayTask,
}

impl Environment {
    /// Reads it.
    #[expect(clippy::disallowed_methods, reason = "the clock and the environment enter here")]
    pub fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        Self {
            array_task: ArrayTask {
                slurm_id: text("SLURM_ARRAY_TASK_ID"),
                slurm_min: text("SLURM_ARRAY_TASK_MIN"),
                slurm_count: text("SLURM_ARRAY_TASK_COUNT"),
                completion_index: text("JOB_COMPLETION_INDEX"),
            },
            now: OnceLock::new(),
            home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
        }
    }

    /// What adapters of clouds are told of the outside. Holds secrets; read when asked for.
    #[expect(clippy::disallowed_methods, reason = "the environment enters here")]
    pub fn outside(&self) -> Settings {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Settings { environment: std::env::vars_os().filter_map(text).collect(), home: self.home.clone() }
    }

    /// The user's time of day: the same however often it is asked for. Read at the first time, because finding out the
    /// time zone walks through a directory of hundreds of files, and most commands never look at the clock.
    #[expect(clippy::disallowed_methods, reason = "the clock enters here")]
    pub fn now(&self) -> DateTime {
        *self.now.get_or_init(|| jiff::ZonedDateTime::now().datetime())
    }
}
