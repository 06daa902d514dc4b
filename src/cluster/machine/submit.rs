//! A task on its machines: waiting, files, and a job that runs without us.

use std::path::PathBuf;
use std::time::Duration;

use crate::request::Work;

use super::autostop::{Idle, set_autostop};
use super::contact::{Patience, on_all, wait_for_ssh};
use super::endpoint::Machines;
use super::error::MachineError;
use super::files;
use super::install::{launcher, prepare};
use super::jobs::{JobEnd, follow};
use super::variables::{self, Identity};
use super::{Tell, Told};

/// How far a job is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Until {
    /// To its end.
    #[default]
    Ended,
    /// Until `setup` is done; the rest is left to itself.
    SetUp,
    /// Not at all.
    Submitted,
}

/// How a task is brought up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Name of the job; `sky-cmd` if empty.
    pub name: String,
    /// What the job may know of its cluster.
    pub identity: Identity,
    /// How long ssh is waited for.
    pub patience: Patience,
    /// What an idle cluster does with itself.
    pub idle: Option<Idle>,
    /// How far the job is followed.
    pub until: Until,
    /// Where a copy of its output is kept on this side.
    pub local_logs: Option<PathBuf>,
    /// The user's home here, for `~` in paths of this side.
    pub home: Option<PathBuf>,
}

/// How long an idle machine is left alone before it has had its first job: the time its files may take.
const BEFORE_THE_FIRST_JOB: Duration = Duration::from_secs(600);

/// Waits for the machines, copies workdir and file mounts, runs `setup` and `run` as one job, and follows it.
/// `None` if the task has no commands.
///
/// # Errors
/// A machine that cannot be reached, files that cannot be copied. That the job failed is no error, but its exit code.
pub async fn bring_up(
    machines: &Machines,
    work: &Work,
    options: &Options,
    tell: Tell<'_>,
) -> Result<Option<JobEnd>, MachineError> {
    files::check_files(work, options.home.as_deref())?;
    wait_for_ssh(machines, options.patience, tell).await?;
    // Before anything else, so that the machines stop even if this side is gone in a moment; but not before the work
    // has had the time to begin.
    if let Some(idle) = options.idle {
        let first = Idle { after: idle.after.max(BEFORE_THE_FIRST_JOB), ..idle };
        let promise = set_autostop(machines, &options.identity.cloud, Some(first)).await?;
        if let Some(but) = promise.but() {
            tell(Told::Warning(&format!("{}: {but}", idle.name())));
        }
    }
    files::copy(machines, work, options.home.as_deref(), tell).await?;
    let job = submit(machines, work, options, tell).await?;
    if options.idle.is_some_and(|idle| idle.after < BEFORE_THE_FIRST_JOB) {
        set_autostop(machines, &options.identity.cloud, options.idle).await?;
    }
    let Some(job) = job else { return Ok(None) };
    if options.until == Until::Submitted {
        return super::jobs::status(machines, job).await.map(Some);
    }
    follow(machines, job, options.until, options.local_logs.as_deref(), tell).await.map(Some)
}

/// Starts a job with the task's commands; from here on it needs nobody. `None` if there are no commands.
pub async fn submit(
    machines: &Machines,
    work: &Work,
    options: &Options,
    tell: Tell<'_>,
) -> Result<Option<u64>, MachineError> {
    let text = |script: &Option<String>| script.as_deref().filter(|text| !text.trim().is_empty()).map(with_newline);
    let (setup, run) = (text(&work.setup).unwrap_or_default(), text(&work.run).unwrap_or_default());
    if setup.is_empty() && run.is_empty() {
        return Ok(None);
    }
    prepare(machines).await?;
    let head = machines.ssh(0);
    let name = if options.name.is_empty() { "sky-cmd" } else { &options.name };
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let made = launcher(&head, &["new", &name], b"").await?;
    let said = String::from_utf8_lossy(&made.out);
    let number = said.lines().next_back().and_then(|line| line.trim().parse::<u64>().ok());
    let job = number.ok_or_else(|| head.failed("make a job", &made))?;
    let nodes = node_list(machines);
    let mut payloads = Vec::new();
    for rank in 0..machines.nodes.len() {
        let env = variables::script(machines, &options.identity, work, job, rank)?;
        let sizes = [&env, &setup, &run].map(|part| part.len().to_string());
        payloads.push((sizes, [env.as_str(), &setup, &run, &nodes].concat().into_bytes()));
    }
    let payloads = std::sync::Mutex::new(payloads.into_iter());
    on_all(machines, move |ssh| {
        let payload = payloads.lock().ok().and_then(|mut rest| rest.next());
        async move {
            let Some((sizes, bytes)) = payload else { return Ok(()) };
            let number = job.to_string();
            let [env, setup, run] = &sizes;
            let answer = launcher(&ssh, &["put", &number, env, setup, run], &bytes).await?;
            if answer.code == 0 { Ok(()) } else { Err(ssh.failed("keep a job in ~/.sky/jobs", &answer)) }
        }
    })
    .await?;
    let started = launcher(&head, &["start", &job.to_string()], b"").await?;
    if started.code != 0 {
        return Err(head.failed("start the job", &started));
    }
    tell(Told::Submitted(job));
    Ok(Some(job))
}

fn with_newline(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// One line a node, as the scripts on the head node read it.
pub(super) fn node_list(machines: &Machines) -> String {
    let line = |(rank, node): (usize, &super::Endpoint)| {
        let (alias, host) = (node.alias(), &node.internal_host);
        format!("{rank} {alias} {host} {} {} {host}\n", node.internal_port, node.user)
    };
    machines.nodes.iter().enumerate().map(line).collect()
}
