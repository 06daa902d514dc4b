//! From machines that are up to a task that runs on them.

use std::path::Path;
use std::time::Duration;

use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::machine::{Idle, JobEnd, JobState, MachineError, Options, Told, Until, add_shortcut, bring_up};
use crate::cluster::{Class, Cluster, ClusterError, identity, machines};
use crate::model::Timestamp;
use crate::report::Clock;
use crate::request::{Request, Work};

use super::launch::{LaunchArgs, LaunchOutput};
use super::live::Live;

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
    let context = &live.context;
    if is_empty(&request.work) && cluster.autostop.is_none() {
        return Ok(Exit::Done);
    }
    let stamp = Clock::starting_at(environment.now()).directory(Timestamp::ZERO);
    let options = Options {
        name: request.name.clone().unwrap_or_default(),
        identity: identity(cluster, stamp.trim_start_matches("sky-").to_owned())?,
        idle: cluster.autostop.map(|stop| Idle { after: Duration::from_secs(u64::from(stop.idle_s)), down: stop.down }),
        until: if args.detach_run { Until::SetUp } else { Until::Ended },
        local_logs: Some(logs.join("tasks")),
        home: environment.home.clone(),
        ..Options::default()
    };
    let machines = machines(context, cluster)?;
    if let Some(home) = &environment.home
        && let Err(error) = add_shortcut(&machines, home)
    {
        console.note(format!("warning: {error}"));
    }
    let quiet = args.output != LaunchOutput::Table;
    let mut tell = |told: Told<'_>| show(told, quiet, console);
    let ended = live
        .run(async { bring_up(&machines, &request.work, &options, &mut tell).await.map_err(|error| failed(&error)) })?;
    console.flush()?;
    Ok(ended.map_or(Exit::Done, |end| exit_of(&end)))
}

/// Nothing is to be done on the machines.
fn is_empty(work: &Work) -> bool {
    let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    blank(&work.setup) && blank(&work.run) && work.workdir.is_none() && work.file_mounts.is_empty()
}

fn show(told: Told<'_>, quiet: bool, console: &mut Console) {
    // What nobody reads any more does not end the job.
    let _ = match told {
        Told::Warning(text) => {
            console.note(format!("warning: {text}"));
            Ok(())
        }
        _ if quiet => Ok(()),
        Told::Step(text) => console.line(text),
        Told::Output(bytes) => console.text(&String::from_utf8_lossy(bytes)),
        Told::Submitted(job) => console.line(format!("Job {job} submitted.")),
    };
    let _ = console.flush();
}

pub(super) fn failed(error: &MachineError) -> ClusterError {
    ClusterError::new(Class::Internal, error.to_string(), error.hint())
}

/// The job's own exit code, as a shell gives it.
pub(super) fn exit_of(end: &JobEnd) -> Exit {
    match end.code {
        Some(0) => Exit::Done,
        Some(code) => Exit::Job(u8::try_from(code).unwrap_or(1)),
        None if matches!(end.state, JobState::Cancelled) => Exit::Interrupted,
        None if end.state.is_active() => Exit::Done,
        None => Exit::Job(1),
    }
}
