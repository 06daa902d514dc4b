//! From machines that are up to a task that runs on them.

use std::path::Path;

use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::machine::{Idle, Until};
use crate::cluster::{Cluster, settle_idle};
use crate::request::{Request, Work};

use super::launch::{LaunchArgs, LaunchOutput};
use super::live::Live;
use super::machines::{Job, run_job};

/// Runs the task of a launch; the exit code is the job's.
pub(super) fn run(
    live: &Live,
    args: &LaunchArgs,
    request: &Request,
    cluster: &Cluster,
    logs: &Path,
    environment: &Environment,
    console: &mut Console,
) -> Result<Exit, Failure> {
    if is_empty(&request.work) && cluster.autostop.is_none() {
        return Ok(Exit::Done);
    }
    let job = Job {
        name: request.name.as_deref().unwrap_or_default(),
        work: &request.work,
        nodes: request.nodes,
        until: if args.detach_run { Until::SetUp } else { Until::Ended },
        idle: live.wait(settle_idle(&live.context, cluster, cluster.autostop.map(Idle::from)))?,
        quiet: args.output != LaunchOutput::Table,
        local_logs: Some(logs.join("tasks")),
    };
    run_job(live, cluster, &job, environment, console).map_err(|failure| still_up(failure, &cluster.name))
}

/// Whatever went wrong on the machines: they are up, and billed.
fn still_up(failure: Failure, cluster: &str) -> Failure {
    match failure {
        Failure::Plain { exit, message, hint } => {
            let up = format!(
                "cluster '{cluster}' is up and billed: `sky logs {cluster}` shows its jobs, `sky down {cluster}` gives it back"
            );
            let hint = if hint.is_empty() { up } else { format!("{hint}\n  = {up}") };
            Failure::Plain { exit, message, hint }
        }
        other => other,
    }
}

/// Nothing is to be done on the machines.
fn is_empty(work: &Work) -> bool {
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    blank(&work.setup) && blank(&work.run) && work.workdir.is_none() && work.file_mounts.is_empty()
}
