//! `sky launch`: shows the offer, asks, and pursues it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::DateTime;

use crate::cli::{Console, Environment, Exit, Failure, scenarios};
use crate::model::Timestamp;
use crate::optimizer::Plan;
use crate::report::log::Line;
use crate::report::plan::PlanRecord;
use crate::report::{Clock, table};
use crate::request::Request;

use super::live_launch;
use super::offer::{feasible, policy};
use super::planning::lost_alternatives;
use super::simulate::{self, Simulated};
use super::task_args::{TaskArgs, Wanted};

/// Flags of `launch`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct LaunchArgs {
    /// Name of the cluster; made up if absent. One that is there already is used.
    #[arg(short, long, value_name = "NAME", visible_alias = "cluster-name")]
    pub(super) cluster: Option<String>,
    /// Show what would be launched and stop.
    #[arg(long)]
    dryrun: bool,
    /// Launch on the simulated market of this scenario instead of real clouds; without a task, what it demands itself.
    #[arg(long, value_name = "SCENARIO", conflicts_with = "dryrun")]
    simulate: Option<PathBuf>,
    /// Do not ask.
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Terminate the cluster once its work is done.
    #[arg(long, conflicts_with = "simulate")]
    pub(super) down: bool,
    /// Leave when `setup` is done; the work goes on.
    #[arg(short, long, conflicts_with = "simulate")]
    pub(super) detach_run: bool,
    /// Ask everywhere, also where other launches were refused in the last minutes; remember nothing either.
    #[arg(long, visible_alias = "no-memory", conflicts_with = "simulate")]
    pub(super) fresh: bool,
    /// How to tell it: `ndjson` is a line an event, as it happens.
    #[arg(short, long, value_enum, default_value_t)]
    pub(super) output: LaunchOutput,
    /// Seed of the simulation's luck; the scenario's own if absent.
    #[arg(long, requires = "simulate")]
    seed: Option<u64>,
    /// Directory of the detailed logs.
    #[arg(long, value_name = "DIR", default_value = "~/sky_logs")]
    pub(super) log_dir: String,
    /// When the simulated launch begins, for logs that can be compared: `2022-02-11T21:17:43.171661`.
    #[arg(long, value_name = "DATE", requires = "simulate", hide = true)]
    start_at: Option<DateTime>,
    #[command(flatten)]
    pub(super) task: TaskArgs,
}

/// How a launch is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum LaunchOutput {
    /// For people.
    #[default]
    Table,
    /// One document at the end.
    Json,
    /// A line an event.
    Ndjson,
}

pub(super) fn run(args: &LaunchArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output != LaunchOutput::Table {
        console.tell_errors_as_json();
    }
    if args.simulate.is_none() && !args.dryrun {
        return live_launch::run(args, environment, console);
    }
    let scenario = match &args.simulate {
        Some(path) => Some(scenarios::load(path, args.task.catalogs.base()?, &[], console)?),
        None => None,
    };
    // A scenario may say that the clouds sold other things on its day, so names are looked up in its catalog.
    let wanted = match &scenario {
        Some(scenario) if args.task.is_empty() => {
            Wanted { catalog: &scenario.catalog, requests: scenario.requests.iter().take(1).cloned().collect() }
        }
        Some(scenario) => args.task.resolve_in(&scenario.catalog, console)?,
        None => args.task.resolve(console)?,
    };
    if args.dryrun && wanted.requests.len() > 1 {
        super::plan::dryrun(&wanted, args.output != LaunchOutput::Table, console)?;
        return Ok(Exit::Done);
    }
    for warning in wanted.requests.iter().flat_map(|request| lost_alternatives(wanted.catalog, request)) {
        console.note(format!("warning: {warning}"));
    }
    if args.dryrun {
        for request in &wanted.requests {
            let plan = feasible(wanted.catalog, request)?;
            offer(&plan, request, args, environment, console)?;
        }
        return Ok(Exit::Done);
    }
    let [request] = wanted.requests.as_slice() else {
        return Err(Failure::usage(
            format!("the file has {} tasks, and one is launched at a time", wanted.requests.len()),
            "give each its own file; `sky plan` shows all of them",
        ));
    };
    let plan = feasible(wanted.catalog, request)?;
    let (Some(path), Some(scenario)) = (&args.simulate, &scenario) else { return Ok(Exit::Done) };
    let policy = policy(request.policy.as_deref())?;
    let begin = args.start_at.unwrap_or(environment.now());
    let cluster = args.cluster.clone().unwrap_or_else(|| made_up(begin));
    if args.output == LaunchOutput::Table {
        offer(&plan, request, args, environment, console)?;
    }
    if !args.yes && !console.confirm(&format!("Launching a new cluster '{cluster}'. Proceed?"))? {
        console.note("Nothing was launched.");
        return Ok(Exit::Interrupted);
    }
    let launch = Simulated {
        scenario,
        scenario_path: path,
        cluster,
        request,
        plan: &plan,
        policy,
        seed: args.seed.unwrap_or(scenario.seed),
        begin,
        log_dir: &args.log_dir,
        output: args.output,
    };
    simulate::run(&launch, environment, console)
}

/// A name for a cluster that was given none.
pub(super) fn made_up(begin: DateTime) -> String {
    format!("sky-{:04x}", begin.subsec_nanosecond() / 1000 % 0x1_0000)
}

/// The page's table, and the same for programs.
pub(super) fn offer(
    plan: &Plan<'_>,
    request: &Request,
    args: &LaunchArgs,
    environment: &Environment,
    console: &mut Console,
) -> Result<(), Failure> {
    if args.output != LaunchOutput::Table {
        return console.json(&PlanRecord::of(plan, request.name.as_deref(), &request.requirements, &[]));
    }
    let clock = Clock::starting_at(args.start_at.unwrap_or(environment.now()));
    let nodes = if plan.nodes() == 1 { "1 node".to_owned() } else { format!("{} nodes", plan.nodes()) };
    let head = Line::info(Timestamp::ZERO, "optimizer", format!("Considered resources ({nodes}):"));
    console.log(&head, &clock)?;
    let rows = plan.rows();
    let rows = rows.iter().map(|row| table::Row { candidate: &row.candidate, chosen: row.chosen });
    for line in table::lines(plan.catalog(), rows) {
        console.log(&Line::info(Timestamp::ZERO, "optimizer", line), &clock)?;
    }
    Ok(())
}
