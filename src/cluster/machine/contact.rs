//! First contact: waiting until every node lets us in.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use super::endpoint::Machines;
use super::error::MachineError;
use super::ssh::Ssh;
use super::{Tell, Told};

/// How long a machine that comes up is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// In all.
    pub total: Duration,
    /// How often the key may be refused: an image writes it a while after its ssh server answers, but not for ever.
    pub denials: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { total: Duration::from_secs(300), denials: 25 }
    }
}

/// Pauses between two tries: they grow up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(4));

/// Waits until every node lets us in, and pins the host keys of those that are new.
///
/// # Errors
/// The first node that is given up, with what ssh said last; a changed host key at once.
pub async fn wait_for_ssh(machines: &Machines, patience: Patience, tell: Tell<'_>) -> Result<(), MachineError> {
    let nodes =
        if machines.nodes.len() == 1 { "the node".to_owned() } else { format!("{} nodes", machines.nodes.len()) };
    tell(Told::Step(&format!("Waiting for ssh on {nodes}")));
    on_all(machines, move |ssh| reach(ssh, patience)).await?;
    Ok(())
}

async fn reach(ssh: Ssh, patience: Patience) -> Result<(), MachineError> {
    let last = Arc::new(Mutex::new("no answer".to_owned()));
    let tries = attempt(&ssh, patience.denials, &last);
    if let Ok(done) = tokio::time::timeout(patience.total, tries).await {
        return done;
    }
    let reason = last.lock().map(|reason| reason.clone()).unwrap_or_default();
    Err(given_up(&ssh, in_words(patience.total), reason))
}

async fn attempt(ssh: &Ssh, denials: u32, last: &Mutex<String>) -> Result<(), MachineError> {
    let mut denied = 0;
    let (mut pause, longest) = PAUSES;
    loop {
        let reason = match ssh.script("exit 0", &[], b"").await {
            Ok(answer) if answer.code == 0 => return Ok(()),
            // Logins are not allowed yet, says a system that is booting.
            Ok(answer) => answer.err.trim().to_owned(),
            Err(MachineError::Lost { reason, .. }) => reason,
            Err(other) => return Err(other),
        };
        if reason.contains("Permission denied") {
            denied += 1;
            if denied >= denials {
                return Err(given_up(ssh, format!("{denied} tries"), reason));
            }
        }
        if let Ok(mut last) = last.lock() {
            *last = reason;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(longest);
    }
}

fn given_up(ssh: &Ssh, waited: String, reason: String) -> MachineError {
    MachineError::Unreachable { node: ssh.node.clone(), host: ssh.host(), waited, reason }
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 120 => format!("{} min", seconds / 60),
        0 => format!("{} ms", time.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

/// Does the same on every node at once; the results by rank, or the first error, after which the rest is dropped.
pub(super) async fn on_all<T, F>(machines: &Machines, work: impl Fn(Ssh) -> F) -> Result<Vec<T>, MachineError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, MachineError>> + Send + 'static,
{
    let mut running = JoinSet::new();
    for (rank, ssh) in machines.all().into_iter().enumerate() {
        let work = work(ssh);
        running.spawn(async move { work.await.map(|result| (rank, result)) });
    }
    let mut results = Vec::new();
    while let Some(joined) = running.join_next().await {
        let ended = joined.map_err(|error| MachineError::here(format!("a task ended early: {error}"), ""))?;
        results.push(ended?);
    }
    results.sort_by_key(|(rank, _)| *rank);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
