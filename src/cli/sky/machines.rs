//! What commands that work on a cluster's machines share: finding them, showing what happens there, ending as a job did.

use std::path::PathBuf;

use tokio::sync::mpsc::unbounded_channel;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::machine::{
    self, Idle, JobEnd, JobState, MachineError, Machines, Options, Patience, Tell, Told, Until,
};
use crate::cluster::{Cluster, ClusterError, identity, machines, settle_idle};
use crate::request::Work;

use super::live::{Live, Which};

/// A cluster that is up.
pub(super) struct Up {
    pub(super) live: Live,
    pub(super) cluster: Cluster,
    pub(super) machines: Machines,
}

/// What was told, to be shown by whoever owns the console.
enum Heard {
    Step(String),
    Output(Vec<u8>),
    Submitted(u64),
    Warning(String),
}

/// How watching something ended.
pub(super) enum Watched<T> {
    /// It is done.
    Done(T),
    /// The user wanted to stop watching; the job that goes on, if it had been submitted.
    Left(Option<u64>),
}

/// A task that is to run on a cluster.
pub(super) struct Job<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// What it does.
    pub(super) work: &'a Work,
    /// On how many of the nodes.
    pub(super) nodes: u16,
    /// How far it is followed.
    pub(super) until: Until,
    /// What the cluster does with itself when idle, if that is to be set up now.
    pub(super) idle: Option<Idle>,
    /// Programs read our output, so what happens is told beside it or not at all.
    pub(super) quiet: bool,
    /// Where a copy of its output is kept here.
    pub(super) local_logs: Option<PathBuf>,
}

impl Up {
    /// The cluster of this name, which must be up.
    pub(super) fn find(name: &str, environment: &Environment) -> Result<Self, Failure> {
        Self::find_in(Live::open(environment, Catalog::embedded(), Which::None)?, name)
    }

    /// The same, with its cloud at hand.
    pub(super) fn find_with_cloud(name: &str, environment: &Environment) -> Result<Self, Failure> {
        let found = Self::find(name, environment)?;
        let cloud: Vec<String> = found.cluster.held.iter().map(|held| held.cloud.clone()).collect();
        Self::find_in(Live::open(environment, Catalog::embedded(), Which::Of(&cloud))?, name)
    }

    fn find_in(live: Live, name: &str) -> Result<Self, Failure> {
        let store = &live.context.store;
        let Some(cluster) = store.cluster(name).map_err(ClusterError::from)? else {
            let known = store.clusters().map_err(ClusterError::from)?.into_iter().map(|cluster| cluster.name);
            return Err(ClusterError::unknown(name, &known.collect::<Vec<_>>()).into());
        };
        let machines = machines(&live.context, &cluster)?;
        Ok(Self { live, cluster, machines })
    }
}

/// After a start: addresses are new, and whatever watched for idleness on the machines has ended with them.
pub(super) fn ready(
    live: &Live,
    cluster: &Cluster,
    environment: &Environment,
    console: &mut Console,
) -> Result<(), Failure> {
    let machines = machines(&live.context, cluster)?;
    shortcut(&machines, environment, console);
    let Some(stop) = cluster.autostop else { return Ok(()) };
    let idle = Idle::from(stop);
    let settled = live.wait(settle_idle(&live.context, cluster, Some(idle)))?;
    let cloud = cluster.held.as_ref().map(|held| held.cloud.clone()).unwrap_or_default();
    let watched = watch(live, true, console, async |tell| {
        machine::wait_for_ssh(&machines, Patience::default(), tell).await?;
        machine::set_autostop(&machines, &cloud, settled).await
    })?;
    match watched {
        Watched::Done(promise) => {
            if let Some(but) = promise.but() {
                console.note(format!("warning: {}: {but}", idle.name()));
            }
        }
        Watched::Left(_) => console.note(format!(
            "warning: cluster '{}' does not stop by itself: sky autostop {} sets it up again",
            cluster.name, cluster.name
        )),
    }
    Ok(())
}

/// Lets plain `ssh NAME` lead there.
fn shortcut(machines: &Machines, environment: &Environment, console: &mut Console) {
    if let Some(home) = &environment.home
        && let Err(error) = machine::add_shortcut(machines, home)
    {
        console.note(format!("warning: {error}; {}", error.hint()));
    }
}

/// Runs a task on a cluster, shows its output, and ends as it does.
pub(super) fn run_job(
    live: &Live,
    cluster: &Cluster,
    job: &Job<'_>,
    environment: &Environment,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let machines = machines(&live.context, cluster)?;
    let there = machines.nodes.len();
    if job.nodes as usize > there {
        return Err(Failure::usage(
            format!("the task wants {} nodes, and cluster '{}' has {there}", job.nodes, cluster.name),
            "give --num-nodes, or launch another cluster",
        ));
    }
    shortcut(&machines, environment, console);
    // What stops when idle is the whole cluster, whatever the task needs of it.
    let machines = if job.idle.is_some() { machines } else { machines.first(job.nodes as usize) };
    let options = Options {
        name: job.name.to_owned(),
        identity: identity(cluster, environment.now().strftime("%Y-%m-%d-%H-%M-%S-%6f").to_string())?,
        patience: Patience::default(),
        idle: job.idle,
        until: job.until,
        local_logs: job.local_logs.clone(),
        home: environment.home.clone(),
    };
    let ended =
        watch(live, job.quiet, console, async |tell| machine::bring_up(&machines, job.work, &options, tell).await)?;
    conclude(cluster, &ended, console)
}

/// Tells how a job ended, or how to get back to it.
pub(super) fn conclude(
    cluster: &Cluster,
    ended: &Watched<Option<JobEnd>>,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let name = &cluster.name;
    let again = |job: &u64| format!("  its output: sky logs {name} {job}\n  to stop it: sky cancel {name} {job}");
    console.flush()?;
    match ended {
        Watched::Done(None) => {
            console.note("Nothing to run.");
            Ok(Exit::Done)
        }
        Watched::Done(Some(end)) if end.state.is_active() => {
            console.note(format!("Job {} runs on cluster '{name}'.\n{}", end.job, again(&end.job)));
            Ok(Exit::Done)
        }
        Watched::Done(Some(end)) => {
            console.note(in_words(end));
            Ok(exit_of(end))
        }
        Watched::Left(Some(job)) => {
            console.note(format!("Job {job} goes on on cluster '{name}'.\n{}", again(job)));
            Ok(Exit::Interrupted)
        }
        Watched::Left(None) => {
            console
                .note(format!("No job was submitted. Cluster '{name}' is up and billed; to end it: sky down {name}"));
            Ok(Exit::Interrupted)
        }
    }
}

fn in_words(end: &JobEnd) -> String {
    let JobEnd { job, state, code } = end;
    match (state, code) {
        (JobState::Succeeded, _) => format!("Job {job} is done."),
        (JobState::FailedSetup, Some(code)) => format!("Job {job}: setup failed with exit code {code}."),
        (JobState::Cancelled, _) => format!("Job {job} was cancelled."),
        (JobState::Lost, _) => format!("Job {job} was lost: its machine went down before it ended."),
        (_, Some(code)) => format!("Job {job} failed with exit code {code}."),
        (state, None) => format!("Job {job}: {}.", state.name()),
    }
}

/// The job's own code, so that a script sees it as if it had run the job here.
pub(super) fn exit_of(end: &JobEnd) -> Exit {
    match (end.state, end.code) {
        (JobState::Succeeded, _) => Exit::Done,
        (JobState::Cancelled, _) => Exit::Interrupted,
        (_, Some(code)) => u8::try_from(code).ok().filter(|code| *code > 0).map_or(Exit::Internal, Exit::Job),
        (_, None) => Exit::Internal,
    }
}

/// Does something on the machines and shows what it tells (but its output, if that is to be quiet), until it is done or the user has seen enough.
pub(super) fn watch<T>(
    live: &Live,
    quiet: bool,
    console: &mut Console,
    work: impl AsyncFnOnce(Tell<'_>) -> Result<T, MachineError>,
) -> Result<Watched<T>, Failure> {
    let (sender, mut told) = unbounded_channel();
    let mut tell = move |told: Told<'_>| {
        let heard = match told {
            Told::Step(step) => Heard::Step(step.to_owned()),
            Told::Output(bytes) => Heard::Output(bytes.to_owned()),
            Told::Submitted(job) => Heard::Submitted(job),
            Told::Warning(warning) => Heard::Warning(warning.to_owned()),
        };
        // Nobody listens any more only when this is over.
        let _ = sender.send(heard);
    };
    let interrupt = &live.context.interrupt;
    let mut job = None;
    live.wait(async {
        let mut work = std::pin::pin!(work(&mut tell));
        loop {
            tokio::select! {
                biased;
                Some(heard) = told.recv() => show(heard, quiet, &mut job, console)?,
                done = &mut work => {
                    while let Ok(heard) = told.try_recv() {
                        show(heard, quiet, &mut job, console)?;
                    }
                    return Ok(Watched::Done(done?));
                }
                () = interrupt.raised() => return Ok(Watched::Left(job)),
            }
        }
    })
}

fn show(heard: Heard, quiet: bool, job: &mut Option<u64>, console: &mut Console) -> Result<(), Failure> {
    match heard {
        Heard::Step(step) => console.note(format!("{step} ...")),
        Heard::Output(_) if quiet => {}
        Heard::Output(bytes) => console.bytes(&bytes)?,
        Heard::Submitted(number) => {
            *job = Some(number);
            console.note(format!("Job {number} submitted."));
        }
        Heard::Warning(warning) => console.note(format!("warning: {warning}")),
    }
    Ok(())
}

impl From<MachineError> for Failure {
    fn from(error: MachineError) -> Self {
        let exit = match &error {
            MachineError::Unreachable { .. } => Exit::TimedOut,
            MachineError::HostKeyChanged { .. } => Exit::NotAuthorized,
            MachineError::Lost { .. } | MachineError::Failed { .. } => Exit::Internal,
            MachineError::Here { .. } | MachineError::NoJob { .. } => Exit::Usage,
        };
        Self::Plain { exit, message: error.to_string(), hint: error.hint() }
    }
}
