//! `sky stop`, `sky start`, `sky down`: several clusters at once.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::life::{self, Done};
use crate::cluster::{Class, Cluster, ClusterError, Context, Status};
use crate::model::Span;

use super::Output;
use super::live::{Live, Which};
use super::machines::ready;
use super::selection::{Selection, agreed, called, clouds_of};

/// Flags of `stop` and `down`.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    which: Selection,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Flags of `start`.
#[derive(Debug, Args)]
pub(super) struct StartArgs {
    #[command(flatten)]
    change: ChangeArgs,
    /// Where there is no capacity, wait and try again until there is.
    #[arg(short, long)]
    retry_until_up: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Stop,
    Start { again: bool },
    Down,
}

/// What became of a cluster, for programs.
#[derive(Debug, Serialize)]
struct Told {
    cluster: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

pub(super) fn stop(args: &ChangeArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    run(Verb::Stop, args, environment, console)
}

pub(super) fn start(args: &StartArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    run(Verb::Start { again: args.retry_until_up }, &args.change, environment, console)
}

pub(super) fn down(args: &ChangeArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    run(Verb::Down, args, environment, console)
}

impl Verb {
    const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Start { .. } => "start",
            Self::Down => "terminate",
        }
    }

    const fn gerund(self) -> &'static str {
        match self {
            Self::Stop => "Stopping",
            Self::Start { .. } => "Restarting",
            Self::Down => "Terminating",
        }
    }

    const fn done(self, done: &Done) -> &'static str {
        match (self, done) {
            (_, Done::Gone) => "gone",
            (Self::Stop, Done::Changed) => "stopped",
            (Self::Stop, Done::Already) => "stopped already",
            (Self::Start { .. }, Done::Changed) => "up",
            (Self::Start { .. }, Done::Already) => "up already",
            (Self::Down, _) => "terminated",
        }
    }

    async fn act(self, context: &Context, name: &str) -> Result<Done, ClusterError> {
        match self {
            Self::Stop => life::stop(context, name).await,
            Self::Down => life::down(context, name).await,
            Self::Start { again } => loop {
                match life::start(context, name).await {
                    Err(error) if again && error.class == Class::NoCapacity => context.clock.sleep(RETRY_GAP).await,
                    done => return done,
                }
            },
        }
    }
}

/// Between two attempts to start, as between two rounds of a launch.
const RETRY_GAP: Span = Span::from_secs(30);

fn run(verb: Verb, args: &ChangeArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let catalog = Catalog::embedded();
    let quiet = Live::open(environment, catalog, Which::None)?;
    let clusters = args.which.chosen(&quiet.context.store, verb.name())?;
    if clusters.is_empty() {
        console.note("No cluster fits.");
        return Ok(Exit::Done);
    }
    let question = format!("{} {}. Proceed?", verb.gerund(), called(&clusters));
    if !agreed(&question, args.yes, console)? {
        console.note("Nothing was changed.");
        return Ok(Exit::Interrupted);
    }
    let clouds = clouds_of(&quiet.context.store, &clusters)?;
    let live = Live::open(environment, catalog, Which::Of(&clouds))?;
    let results = live.run(all(verb, &live.context, &clusters))?;
    for (name, _) in results.iter().filter(|(_, done)| verb == Verb::Down && done.is_ok()) {
        forget(&live.context.home, name, environment, console);
    }
    let exit = tell(verb, args, &results, console)?;
    if matches!(verb, Verb::Start { .. }) {
        for (name, _) in results.iter().filter(|(_, done)| done.is_ok()) {
            let cluster = live.context.store.cluster(name).map_err(ClusterError::from)?;
            if let Some(cluster) = cluster.filter(|cluster| cluster.status == Status::Up)
                && let Err(failure) = ready(&live, &cluster, environment, console)
            {
                console.note(format!("warning: {}", failure.text()));
            }
        }
    }
    Ok(exit)
}

/// Forgets how the machines of a cluster that is gone were logged in to.
pub(super) fn forget(sky_home: &Path, name: &str, environment: &Environment, console: &mut Console) {
    if let Err(error) = crate::cluster::machine::forget(sky_home, name, environment.home.as_deref()) {
        console.note(format!("warning: {error}"));
    }
}

/// All at once; what goes wrong with one does not keep the others.
async fn all(
    verb: Verb,
    context: &Arc<Context>,
    clusters: &[Cluster],
) -> Result<Vec<(String, Result<Done, ClusterError>)>, ClusterError> {
    let mut tasks = tokio::task::JoinSet::new();
    for cluster in clusters {
        let (context, name) = (Arc::clone(context), cluster.name.clone());
        tasks.spawn(async move {
            let done = verb.act(&context, &name).await;
            (name, done)
        });
    }
    let mut results = tasks.join_all().await;
    results.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(results)
}

fn tell(
    verb: Verb,
    args: &ChangeArgs,
    results: &[(String, Result<Done, ClusterError>)],
    console: &mut Console,
) -> Result<Exit, Failure> {
    let first = results.iter().find_map(|(_, done)| done.as_ref().err());
    if args.output == Output::Json {
        let told = |(name, done): &(String, Result<Done, ClusterError>)| Told {
            cluster: name.clone(),
            result: done.as_ref().map_or("failed", |done| verb.done(done)),
            error: done.as_ref().err().map(|error| error.message.clone()),
            hint: done.as_ref().err().map(|error| error.remedy.clone()),
        };
        console.json(&results.iter().map(told).collect::<Vec<_>>())?;
        return Ok(first.map_or(Exit::Done, |error| Failure::from(error.clone()).exit()));
    }
    for (name, done) in results {
        match done {
            Ok(Done::Gone) => console.line(format!("Cluster '{name}': nothing of it was left; forgotten."))?,
            Ok(done) => console.line(format!("Cluster '{name}': {}.", verb.done(done)))?,
            Err(error) if results.len() > 1 => console.note(Failure::from(error.clone()).text()),
            Err(_) => {}
        }
    }
    match (first, results) {
        (None, _) => Ok(Exit::Done),
        (Some(error), [_]) => Err(error.clone().into()),
        (Some(error), _) => Ok(Failure::from(error.clone()).exit()),
    }
}
