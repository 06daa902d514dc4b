//! Stopping when idle: a watcher on the head node, so that it holds when this side is asleep.

use std::time::Duration;

use super::contact::on_all;
use super::endpoint::Machines;
use super::error::MachineError;
use super::install::{install_watcher, launcher_name, prepare, watcher};
use super::submit::node_list;

/// What an idle cluster does with itself, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Idle {
    /// After this long without a job, a transfer of files or anybody logged in.
    pub after: Duration,
    /// Terminate instead of stopping.
    pub down: bool,
    /// The cloud has been told that these machines are to be terminated when they shut themselves down.
    pub settled: bool,
}

impl Idle {
    /// `autostop`, `autodown`
    pub const fn name(self) -> &'static str {
        if self.down { "autodown" } else { "autostop" }
    }

    const fn kind(self) -> &'static str {
        if self.down { "down" } else { "stop" }
    }
}

/// What the machines can promise of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promise {
    /// As asked.
    Kept,
    /// Something less; a sentence.
    Less(String),
    /// Nothing, and nothing was set up; a sentence.
    Nothing(String),
}

impl Promise {
    /// What is not as asked.
    pub fn but(&self) -> Option<&str> {
        match self {
            Self::Kept => None,
            Self::Less(but) | Self::Nothing(but) => Some(but),
        }
    }
}

/// The script's code for a machine that cannot stop itself.
const CANNOT: i32 = 3;

/// Sets up the watcher, anew if there is one, or takes it away.
///
/// # Errors
/// A machine that cannot be reached, or on which the watcher does not start. That the cloud does not let a machine stop
/// itself is no error, but what is promised.
pub async fn set_autostop(machines: &Machines, cloud: &str, idle: Option<Idle>) -> Result<Promise, MachineError> {
    let head = machines.ssh(0);
    // The script's words are never empty; where the cloud does the rest, a machine merely shuts itself down.
    let settled = idle.is_some_and(|idle| idle.down && idle.settled);
    let cloud = if cloud.is_empty() || settled { "any" } else { cloud };
    let failed = |answer| head.failed("watch whether it is idle", &answer);
    let Some(idle) = idle else {
        let answer = watcher(&head, &["cancel"], b"").await?;
        return if answer.code == 0 { Ok(Promise::Kept) } else { Err(failed(answer)) };
    };
    let checked = watcher(&head, &["check", idle.kind(), cloud], b"").await?;
    let said = String::from_utf8_lossy(&checked.out).trim().to_owned();
    let promise = match (checked.code, said.is_empty()) {
        (0, true) => Promise::Kept,
        (0, false) => Promise::Less(said),
        (CANNOT, _) => return Ok(Promise::Nothing(said)),
        _ => return Err(failed(checked)),
    };
    prepare(machines).await?;
    if machines.nodes.len() > 1 {
        on_all(machines, |ssh| async move { install_watcher(&ssh).await }).await?;
    }
    let seconds = idle.after.as_secs().to_string();
    let args = ["set", &seconds, idle.kind(), cloud, &launcher_name()];
    let answer = watcher(&head, &args, node_list(machines).as_bytes()).await?;
    if answer.code == 0 { Ok(promise) } else { Err(failed(answer)) }
}

/// What the watcher on the machines goes by, if there is one.
pub async fn autostop(machines: &Machines) -> Result<Option<Idle>, MachineError> {
    let head = machines.ssh(0);
    let answer = watcher(&head, &["show"], b"").await?;
    if answer.code != 0 {
        return Err(head.failed("tell of its watcher", &answer));
    }
    let said = String::from_utf8_lossy(&answer.out);
    let plan = said.lines().next_back().and_then(|line| line.split_once(' '));
    Ok(plan.and_then(|(seconds, kind)| {
        let after = Duration::from_secs(seconds.parse().ok()?);
        Some(Idle { after, down: kind.trim() == "down", settled: false })
    }))
}
