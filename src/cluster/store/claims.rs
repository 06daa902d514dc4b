//! Who is working on a cluster: one process at a time, and a dead one holds nothing.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError, Stored, uid};

/// How often a holder says that it is alive.
const BEAT: Duration = Duration::from_secs(5);
/// A holder on another host that has said nothing for so many seconds is taken for dead. One on this host is looked up.
const SILENCE_S: i64 = 60;

/// The process that works on a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// What it does: `launch`, `down`.
    pub verb: String,
    /// Its host.
    pub host: String,
    /// Its process id.
    pub pid: u32,
    /// Since when, in seconds since the Unix epoch.
    pub since: i64,
}

/// The right to change a cluster, until dropped.
pub struct Claim {
    name: String,
    token: String,
    store: Store,
    stop: Option<Sender<()>>,
    beating: Option<JoinHandle<()>>,
}

struct Found {
    holder: Holder,
    started: String,
    beat: i64,
}

impl Store {
    /// Takes the right to change a cluster; the holder if another process has it. `now` is in seconds since the Unix
    /// epoch.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn claim(&self, name: &str, verb: &str, now: i64) -> Stored<Result<Claim, Holder>> {
        let (host, pid, token) = (host(), std::process::id(), uid());
        let started = start_of(pid).unwrap_or_default();
        let other = self.change(|tx| {
            let sql = "SELECT verb, host, pid, since, started, beat FROM claim WHERE name = ?1";
            let found = tx
                .query_row(sql, [name], |row| {
                    let holder = Holder { verb: row.get(0)?, host: row.get(1)?, pid: row.get(2)?, since: row.get(3)? };
                    Ok(Found { holder, started: row.get(4)?, beat: row.get(5)? })
                })
                .optional()?;
            if let Some(found) = found.filter(|found| is_alive(found, &host, now)) {
                return Ok(Some(found.holder));
            }
            tx.execute(
                "INSERT OR REPLACE INTO claim (name, token, verb, host, pid, started, since, beat) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
                params![name, token, verb, host, pid, started, now],
            )?;
            Ok(None)
        })?;
        match other {
            Some(holder) => Ok(Err(holder)),
            None => Claim::held(name, token, self.again()?).map(Ok),
        }
    }

    /// Who works on a cluster now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn holder(&self, name: &str, now: i64) -> Stored<Option<Holder>> {
        let sql = "SELECT verb, host, pid, since, started, beat FROM claim WHERE name = ?1";
        let found = self.one(sql, [name], |row| {
            let holder = Holder { verb: row.get(0)?, host: row.get(1)?, pid: row.get(2)?, since: row.get(3)? };
            Ok(Found { holder, started: row.get(4)?, beat: row.get(5)? })
        })?;
        Ok(found.filter(|found| is_alive(found, &host(), now)).map(|found| found.holder))
    }
}

impl Claim {
    fn held(name: &str, token: String, store: Store) -> Result<Self, StoreError> {
        let (stop, stopped) = channel::<()>();
        let (beat, name) = (store.again()?, name.to_owned());
        let (beaten, mark) = (name.clone(), token.clone());
        let beating = std::thread::spawn(move || {
            let mut seconds: i64 = 0;
            while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                seconds += BEAT.as_secs() as i64;
                // A beat that is missed is made up for by the next one.
                let _ = beat.change(|tx| {
                    tx.execute(
                        "UPDATE claim SET beat = since + ?3 WHERE name = ?1 AND token = ?2",
                        params![beaten, mark, seconds],
                    )
                });
            }
        });
        Ok(Self { name, token, store, stop: Some(stop), beating: Some(beating) })
    }

    /// The cluster.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(beating) = self.beating.take() {
            let _ = beating.join();
        }
        let _ = self.store.change(|tx| {
            tx.execute("DELETE FROM claim WHERE name = ?1 AND token = ?2", params![self.name, self.token])
        });
    }
}

fn is_alive(found: &Found, host: &str, now: i64) -> bool {
    let proc_is_there = std::path::Path::new("/proc/self/stat").exists();
    if found.holder.host == host && proc_is_there {
        return start_of(found.holder.pid).is_some_and(|started| started == found.started);
    }
    now - found.beat < SILENCE_S
}

/// When a process began, in the system's own count: tells it from a later one with its number.
fn start_of(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything; the start is the 22nd field.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    // A process that was killed is there until its parent looks.
    (state != "Z" && state != "X").then(|| fields.nth(18).map(str::to_owned))?
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| String::new(), |name| name.trim().to_owned())
}
