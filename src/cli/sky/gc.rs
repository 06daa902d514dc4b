//! `sky gc`: machines of ours that no cluster owns, over all regions.

use clap::Args;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::gc::{self, Orphan, Search};
use crate::report::grid::Grid;

use super::Output;
use super::live::{Live, Which};
use super::selection::agreed;
use super::status::HostRecord;

/// Flags of `gc`.
#[derive(Debug, Args)]
pub(super) struct GcArgs {
    /// Show them and stop.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(short, long, conflicts_with = "dry_run")]
    yes: bool,
    /// How to tell it; documents never ask, so nothing is released without --yes.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// What nobody owns, for programs.
#[derive(Debug, Serialize)]
struct OrphanRecord {
    cloud: String,
    region: String,
    launch: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    hosts: Vec<HostRecord>,
    released: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct GcRecord {
    orphans: Vec<OrphanRecord>,
    searched: Vec<String>,
    not_searched: Vec<String>,
}

pub(super) fn run(args: &GcArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let live = Live::open(environment, Catalog::embedded(), Which::All)?;
    if live.context.clouds.ready().next().is_none() {
        return Err(Failure::Plain {
            exit: Exit::NotAuthorized,
            message: "no cloud can be searched: there are no credentials".to_owned(),
            hint: "`sky check` says what to do, cloud by cloud".to_owned(),
        });
    }
    let search = live.run(gc::search(&live.context))?;
    if args.output == Output::Table {
        table(&search, console)?;
    }
    let question = format!("Terminate what {} left behind. Proceed?", counted(search.orphans.len()));
    let go = !args.dry_run
        && !search.orphans.is_empty()
        && (args.yes || args.output == Output::Table && agreed(&question, false, console)?);
    let mut failed = false;
    let mut records = Vec::new();
    for orphan in &search.orphans {
        // Only a tag says that they are ours: whoever deletes them has to have said so beforehand.
        let sure = args.yes || !orphan.is_unnamed();
        if go && !sure {
            console.note(format!(
                "{} in {} {} lost the tag of their launch; `sky gc --yes` terminates them.",
                orphan.name(),
                orphan.cloud,
                orphan.region
            ));
        }
        let done = if go && sure { Some(live.run(gc::collect(&live.context, orphan))) } else { None };
        failed |= done.as_ref().is_some_and(Result::is_err);
        if args.output == Output::Table {
            match &done {
                Some(Ok(())) => {
                    console.line(format!("Released {} on {} {}.", orphan.name(), orphan.cloud, orphan.region))?;
                }
                Some(Err(error)) => console.note(error.text()),
                None => {}
            }
        }
        records.push(record(orphan, done));
    }
    if args.output == Output::Json {
        let searched = search.searched.iter().map(|(name, _)| name.clone()).collect();
        let not_searched = search.unsearched.iter().map(|(name, error)| format!("{name}: {error}")).collect();
        console.json(&GcRecord { orphans: records, searched, not_searched })?;
    }
    match search.unsearched.into_iter().next() {
        _ if failed => Ok(Exit::NotReleased),
        Some((_, error)) => Err(error.into()),
        None => Ok(Exit::Done),
    }
}

fn table(search: &Search, console: &mut Console) -> Result<(), Failure> {
    for (name, error) in &search.unsearched {
        console.note(format!("warning: {name} could not be searched: {error}"));
    }
    let places: Vec<String> =
        search.searched.iter().map(|(name, regions)| format!("{name} ({regions} regions)")).collect();
    if search.orphans.is_empty() {
        if !places.is_empty() {
            console.line(format!("Nothing of ours is left behind. Searched: {}.", places.join(", ")))?;
        }
        return Ok(());
    }
    let mut grid = Grid::new(["CLOUD", "REGION", "LAUNCH", "CLUSTER", "MACHINES"]);
    for orphan in &search.orphans {
        let ids: Vec<&str> = orphan.nodes.iter().map(|node| node.id.as_str()).collect();
        let cluster = orphan.cluster.clone().unwrap_or_else(|| "-".to_owned());
        let launch = if orphan.is_unnamed() { "(tag lost)".to_owned() } else { orphan.key.0.clone() };
        grid.push([orphan.cloud.clone(), orphan.region.clone(), launch, cluster, ids.join(", ")]);
    }
    console.lines(grid.lines())
}

fn counted(launches: usize) -> String {
    if launches == 1 { "1 launch".to_owned() } else { format!("{launches} launches") }
}

fn record(orphan: &Orphan, done: Option<Result<(), Failure>>) -> OrphanRecord {
    OrphanRecord {
        cloud: orphan.cloud.clone(),
        region: orphan.region.clone(),
        launch: orphan.key.0.clone(),
        cluster: orphan.cluster.clone(),
        hosts: orphan.nodes.iter().map(HostRecord::of).collect(),
        released: matches!(done, Some(Ok(()))),
        error: done.and_then(Result::err).map(|error| error.text()),
    }
}
