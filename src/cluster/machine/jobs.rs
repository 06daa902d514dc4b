//! Jobs of a cluster: following, listing, cancelling. All of it is asked of the head node.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::contact::{Patience, wait_for_ssh};
use super::endpoint::Machines;
use super::error::MachineError;
use super::install::{launcher, stream_launcher};
use super::submit::Until;
use super::{Tell, Told};

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Made, not started.
    Pending,
    /// Its `setup` runs.
    SettingUp,
    /// Its `run` runs.
    Running,
    /// Ended with 0.
    Succeeded,
    /// Its `setup` failed.
    FailedSetup,
    /// Its `run` failed.
    Failed,
    /// Cancelled by the user.
    Cancelled,
    /// Its launcher is gone without a word: the machine went down.
    Lost,
}

impl JobState {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Pending, "PENDING"),
        (Self::SettingUp, "SETTING_UP"),
        (Self::Running, "RUNNING"),
        (Self::Succeeded, "SUCCEEDED"),
        (Self::FailedSetup, "FAILED_SETUP"),
        (Self::Failed, "FAILED"),
        (Self::Cancelled, "CANCELLED"),
        (Self::Lost, "LOST"),
    ];

    /// As people and programs read it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }

    /// True if it may still change.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::SettingUp | Self::Running)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobEnd {
    /// Its number.
    pub job: u64,
    /// How far it is.
    pub state: JobState,
    /// Its exit code, once it has ended: that of the node that failed first.
    pub code: Option<i32>,
}

/// A job in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// Where it stands.
    pub at: JobEnd,
    /// Its name.
    pub name: String,
    /// When it was submitted, started and ended, in seconds since 1970 by the machine's clock.
    pub submitted: Option<i64>,
    /// See `submitted`.
    pub started: Option<i64>,
    /// See `submitted`.
    pub ended: Option<i64>,
}

/// The phases of a job, each with its log.
const PHASES: [&str; 2] = ["setup", "run"];

/// The launcher's code for a job that is not there.
const NO_JOB: i32 = 66;

/// Shows the job's output from its beginning until it has ended (or as far as asked); a lost connection is taken up
/// again where it broke. What was shown is kept in `local_logs`, if there is such a directory.
///
/// # Errors
/// No such job; a machine that stays away.
pub async fn follow(
    machines: &Machines,
    job: u64,
    until: Until,
    local_logs: Option<&Path>,
    tell: Tell<'_>,
) -> Result<JobEnd, MachineError> {
    status(machines, job).await?;
    for phase in PHASES {
        let mut copy = local_logs.and_then(|dir| local_copy(dir, phase, tell));
        let mut offset = 0;
        while let Err(lost) = show(machines, job, phase, &mut offset, false, &mut copy, tell).await {
            let MachineError::Lost { reason, .. } = &lost else { return Err(lost) };
            tell(Told::Warning(&format!("the connection was lost ({reason}); the job goes on, connecting again")));
            wait_for_ssh(machines, Patience::default(), tell).await?;
        }
        if phase == "setup" && until == Until::SetUp {
            break;
        }
    }
    status(machines, job).await
}

/// Shows what the job has printed so far.
pub async fn print_log(machines: &Machines, job: u64, tell: Tell<'_>) -> Result<JobEnd, MachineError> {
    let end = status(machines, job).await?;
    for phase in PHASES {
        show(machines, job, phase, &mut 0, true, &mut None, tell).await?;
    }
    Ok(end)
}

/// Copies the logs of a job, as far as there are any, into a directory of this side; their paths there.
///
/// # Errors
/// No such job; a directory that cannot be written.
pub async fn copy_logs(machines: &Machines, job: u64, dir: &Path) -> Result<Vec<PathBuf>, MachineError> {
    status(machines, job).await?;
    let mut kept = Vec::new();
    for phase in PHASES {
        let mut text = Vec::new();
        let mut collect = |told: Told<'_>| {
            if let Told::Output(bytes) = told {
                text.extend_from_slice(bytes);
            }
        };
        show(machines, job, phase, &mut 0, true, &mut None, &mut collect).await?;
        if text.is_empty() {
            continue;
        }
        let path = dir.join(format!("{phase}.log"));
        let written = std::fs::create_dir_all(dir).and_then(|()| std::fs::write(&path, &text));
        written.map_err(|error| {
            MachineError::here(format!("'{}' cannot be written: {error}", path.display()), "name another directory")
        })?;
        kept.push(path);
    }
    Ok(kept)
}

/// Shows one phase's log from `offset`, which moves with what has been shown.
async fn show(
    machines: &Machines,
    job: u64,
    phase: &str,
    offset: &mut u64,
    once: bool,
    copy: &mut Option<File>,
    tell: Tell<'_>,
) -> Result<(), MachineError> {
    let (number, from) = (job.to_string(), offset.to_string());
    let args = ["tail", &number, phase, &from, if once { "once" } else { "" }];
    let mut output = |bytes: &[u8]| {
        *offset += bytes.len() as u64;
        if copy.as_mut().is_some_and(|file| file.write_all(bytes).is_err()) {
            *copy = None;
        }
        tell(Told::Output(bytes));
    };
    let ssh = machines.ssh(0);
    let (code, err) = stream_launcher(&ssh, &args, &mut output).await?;
    match code {
        0 => Ok(()),
        NO_JOB => Err(no_job(machines, &number)),
        code => Err(ssh.failed("show the log", &super::ssh::Answer { code, out: Vec::new(), err })),
    }
}

fn local_copy(dir: &Path, phase: &str, tell: Tell<'_>) -> Option<File> {
    let path = dir.join(format!("{phase}.log"));
    let open = || {
        std::fs::create_dir_all(dir)?;
        OpenOptions::new().create(true).write(true).truncate(true).open(&path)
    };
    open().map_err(|error| tell(Told::Warning(&format!("{} is not kept: {error}", path.display())))).ok()
}

fn no_job(machines: &Machines, job: &str) -> MachineError {
    MachineError::NoJob { cluster: machines.cluster.clone(), job: job.to_owned() }
}

/// Asks the launcher on the head node.
async fn ask(machines: &Machines, what: &str, args: &[&str]) -> Result<String, MachineError> {
    let ssh = machines.ssh(0);
    let answer = launcher(&ssh, args, b"").await?;
    match answer.code {
        0 => Ok(String::from_utf8_lossy(&answer.out).into_owned()),
        NO_JOB => Err(no_job(machines, args.get(1).copied().unwrap_or("yet"))),
        _ => Err(ssh.failed(what, &answer)),
    }
}

/// Where a job stands.
pub async fn status(machines: &Machines, job: u64) -> Result<JobEnd, MachineError> {
    let said = ask(machines, "tell of a job", &["status", &job.to_string()]).await?;
    read_state(job, said.lines().next_back().unwrap_or_default().split(' ')).ok_or_else(|| unreadable(&said))
}

/// Stops a job, and what its nodes run for it; where it stands then.
pub async fn cancel(machines: &Machines, job: u64) -> Result<JobEnd, MachineError> {
    let said = ask(machines, "cancel a job", &["cancel", &job.to_string()]).await?;
    read_state(job, said.lines().next_back().unwrap_or_default().split(' ')).ok_or_else(|| unreadable(&said))
}

/// The number of the newest job, if there is one.
pub async fn newest(machines: &Machines) -> Result<Option<u64>, MachineError> {
    let said = ask(machines, "count its jobs", &["newest"]).await?;
    let number: u64 = said.trim().parse().map_err(|_| unreadable(&said))?;
    Ok((number > 0).then_some(number))
}

/// All jobs, the newest first.
pub async fn queue(machines: &Machines) -> Result<Vec<JobRow>, MachineError> {
    let said = ask(machines, "list its jobs", &["queue"]).await?;
    said.lines().map(|line| read_row(line).ok_or_else(|| unreadable(line))).collect()
}

fn read_state<'a>(job: u64, mut words: impl Iterator<Item = &'a str>) -> Option<JobEnd> {
    let state = JobState::of(words.next()?)?;
    Some(JobEnd { job, state, code: words.next()?.trim().parse().ok() })
}

fn read_row(line: &str) -> Option<JobRow> {
    let mut words = line.splitn(7, '\t');
    let job = words.next()?.parse().ok()?;
    let at = read_state(job, words.by_ref().take(2))?;
    let mut time = || words.next().map(|word| word.parse().ok());
    let (submitted, started, ended) = (time()?, time()?, time()?);
    Some(JobRow { at, submitted, started, ended, name: words.next()?.to_owned() })
}

fn unreadable(said: &str) -> MachineError {
    MachineError::here(format!("the launcher on the head node said something unexpected: '{}'", said.trim()), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read() {
        let row = read_row("3\tFAILED\t7\t10\t11\t12\ta name\twith a tab").expect("a row");
        assert_eq!(row.at, JobEnd { job: 3, state: JobState::Failed, code: Some(7) });
        assert_eq!((row.submitted, row.started, row.ended), (Some(10), Some(11), Some(12)));
        assert_eq!(row.name, "a name\twith a tab");
        let row = read_row("1\tRUNNING\t-\t10\t11\t-\tsky-cmd").expect("a row");
        assert_eq!((row.at.code, row.ended), (None, None));
        assert!(row.at.state.is_active());
        assert_eq!(read_row("1\tWHAT\t-\t10\t11\t-\tsky-cmd"), None);
    }
}
