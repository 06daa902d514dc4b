//! `~/sky_logs/sky-<date>-<time>-<micros>/provision.log`, written as it goes.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::{Environment, Failure, files};
use crate::model::{Entry, Timestamp};
use crate::report::log::{Line, Narrator};
use crate::report::{Clock, Names};

/// The detailed log of one launch.
pub(super) struct ProvisionLog<'a> {
    /// As it is shown to the user.
    pub(super) shown: String,
    /// Its directory.
    pub(super) directory: PathBuf,
    file: File,
    narrator: Narrator<'a>,
    clock: Clock,
}

impl<'a> ProvisionLog<'a> {
    /// Makes it below this directory, in which `~` is the user's home.
    pub(super) fn create(
        log_dir: &str,
        environment: &Environment,
        clock: &Clock,
        names: &'a dyn Names,
    ) -> Result<Self, Failure> {
        let name = clock.directory(Timestamp::ZERO);
        let home = environment.home.clone().unwrap_or_default();
        let above = log_dir.strip_prefix("~/").map_or_else(|| PathBuf::from(log_dir), |rest| home.join(rest));
        let directory = above.join(&name);
        let shown = Path::new(log_dir).join(&name).join("provision.log").display().to_string();
        files::create_dir(&directory)?;
        let file = files::create(&directory.join("provision.log"))?;
        Ok(Self { shown, directory, file, narrator: Narrator::detailed(names), clock: *clock })
    }

    /// Writes lines as they are.
    pub(super) fn lines(&mut self, lines: &[Line]) {
        for line in lines {
            // A launch goes on when its log cannot: what it holds is in the state file.
            let _ = writeln!(self.file, "{}", line.render(&self.clock));
        }
    }

    /// Writes an entry of the journal in full.
    pub(super) fn entry(&mut self, entry: &Entry) {
        let lines = self.narrator.tell(entry);
        self.lines(&lines);
    }
}
