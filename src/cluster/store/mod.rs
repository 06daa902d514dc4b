//! What is remembered between commands: one SQLite file that many processes may open at once.
//!
//! **Invariant:** no secret is in it; it and its directory are for their owner alone. Every change is one transaction.

mod beliefs;
mod claims;
mod clusters;
mod intents;
mod schema;
mod usage;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

pub use beliefs::Belief;
pub use claims::{Claim, Holder};
pub use clusters::{Autostop, Cluster, Held, Status, state_name};
pub use intents::{Stage, Written};
pub use usage::Usage;

/// How long a process waits for another one that is writing.
const BUSY: Duration = Duration::from_secs(20);

/// The state file.
pub struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// The state could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let remedy = match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                "another sky is writing for a long time; wait for it, or end it"
            }
            Some(rusqlite::ErrorCode::DiskFull) => "make room on the disk",
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                "move the file away; `sky gc` finds machines that it knew of by their owner's tag only if the file is kept"
            }
            Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => "make the directory writable",
            _ => "",
        };
        Self { message: format!("the state file cannot be used: {error}"), remedy: remedy.to_owned() }
    }
}

/// What a method of the store gives.
pub type Stored<T> = Result<T, StoreError>;

impl Store {
    /// Opens `state.db` in this directory; makes both if they are not there.
    ///
    /// # Errors
    /// When they cannot be made or read, or were written by a newer sky.
    pub fn open(directory: &Path) -> Stored<Self> {
        make_private(directory).map_err(|error| StoreError {
            message: format!("'{}' cannot be made: {error}", directory.display()),
            remedy: "make its parent writable, or name another directory by SKY_HOME".to_owned(),
        })?;
        let path = directory.join("state.db");
        touch_private(&path).map_err(|error| StoreError {
            message: format!("'{}' cannot be opened: {error}", path.display()),
            remedy: "make it yours and writable".to_owned(),
        })?;
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(BUSY)?;
        // Waits where another process is just switching the same file over.
        connection.pragma_update(None, "journal_mode", "wal")?;
        // A commit survives the end of the process; that is what is promised, and every intent is one.
        connection.pragma_update(None, "synchronous", "full")?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection), path })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the same file again, for another thread.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn again(&self) -> Stored<Self> {
        Self::open(self.path.parent().unwrap_or(Path::new(".")))
    }

    /// Names this installation for ever, in the tags of all that it makes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn owner(&self) -> Stored<String> {
        let fresh = uid();
        self.change(|tx| {
            tx.execute("INSERT INTO installation(only, id) VALUES (1, ?1) ON CONFLICT DO NOTHING", [&fresh])?;
            tx.query_row("SELECT id FROM installation", [], |row| row.get(0))
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction that takes the right to write at once, so that what it read is still true when it writes.
    fn change<T>(&self, work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>) -> Stored<T> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    fn one<T>(
        &self,
        sql: &str,
        with: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Stored<Option<T>> {
        Ok(self.lock().prepare_cached(sql)?.query_row(with, read).optional()?)
    }

    fn all<T>(
        &self,
        sql: &str,
        with: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Stored<Vec<T>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(with, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Sixteen random characters of `0-9a-f`.
pub fn uid() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..16].to_owned()
}

#[cfg(unix)]
fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)
}

/// Makes an empty file that SQLite then fills: the files it adds beside it get the same mode.
fn touch_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests;
