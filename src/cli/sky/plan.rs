//! `sky plan`: what would be launched, the whole ranked order, and why the rest was left out; several tasks together.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Console, Exit, Failure};
use crate::optimizer::{Egress, Graph, Plan, rejections};
use crate::report::plan::{PlanRecord, candidates, rejections as rejections_table};
use crate::report::plan_graph::{Placed, best_plan, considered, egress_plan, total};
use crate::report::plan_record::{PlanDocument, PlansRecord, schema};
use crate::report::table;
use crate::request::Request;

use super::Output;
use super::offer::options;
use super::plan_plot::{self, Several};
use super::planning::{PlanningArgs, warnings};
use super::task_args::{TaskArgs, Wanted};

/// Flags of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    planning: PlanningArgs,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    /// Of several tasks, also the whole ranked order of each.
    #[arg(short, long)]
    all: bool,
    /// Draw cost against choice: the candidates of one task, or what several cost with fewer clouds. SVG or PNG.
    #[arg(long, value_name = "FILE.svg|png")]
    plot: Option<PathBuf>,
    /// Print the JSON Schema of `-o json` and stop.
    #[arg(long)]
    schema: bool,
}

pub(super) fn run(args: &PlanArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.schema {
        console.json(&schema())?;
        return Ok(Exit::Done);
    }
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let wanted = args.planning.resolve(&args.task, console)?;
    let graph = Graph::of(wanted.catalog, &wanted.requests);
    let warnings = warnings(&wanted, &graph);
    for warning in warnings.iter().filter(|_| args.output == Output::Table) {
        console.note(format!("warning: {warning}"));
    }
    match wanted.requests.as_slice() {
        [request] if !graph.is_linked() => one(args, &wanted, request, warnings, console)?,
        _ => several(args, &wanted, graph, warnings, console)?,
    }
    Ok(Exit::Done)
}

fn one(
    args: &PlanArgs,
    wanted: &Wanted<'_>,
    request: &Request,
    warnings: Vec<String>,
    console: &mut Console,
) -> Result<(), Failure> {
    let plan = args.planning.ranked(wanted.catalog, request)?;
    let rejected = rejections(wanted.catalog, &request.requirements, &options(request));
    match args.output {
        Output::Json => {
            let record = PlanRecord::of(&plan, request.name.as_deref(), &request.requirements, &rejected);
            console.json(&PlanDocument::One(PlanRecord { warnings, ..record }))?;
        }
        Output::Table => {
            console.line(format!("Considered resources ({}):", nodes(request)))?;
            let rows = plan.rows();
            let rows = rows.iter().map(|row| table::Row { candidate: &row.candidate, chosen: row.chosen });
            console.table(&table::lines(wanted.catalog, rows))?;
            ranked(&plan, request, console)?;
            if !rejected.is_empty() {
                console.table(&rejections_table(&request.requirements, &rejected))?;
            }
        }
    }
    args.plot.as_deref().map_or(Ok(()), |path| plan_plot::one(path, &plan, request, console))
}

fn several(
    args: &PlanArgs,
    wanted: &Wanted<'_>,
    graph: Graph,
    warnings: Vec<String>,
    console: &mut Console,
) -> Result<(), Failure> {
    let egress = Egress::new(wanted.catalog, args.planning.tariff());
    let placed = args.planning.place(wanted, graph, &egress)?;
    match args.output {
        Output::Json => {
            let rejected = |request: &Request| rejections(wanted.catalog, &request.requirements, &options(request));
            let rejected: Vec<_> = wanted.requests.iter().map(rejected).collect();
            let record = PlansRecord::of(&placed, args.planning.tariff(), &rejected, warnings);
            console.json(&PlanDocument::Several(record))?;
        }
        Output::Table => tell(&placed, args.all, console)?,
    }
    let Some(path) = args.plot.as_deref() else { return Ok(()) };
    plan_plot::several(
        path,
        &Several { placed: &placed, egress: &egress, options: &args.planning.graph_options() },
        console,
    )
}

/// The plan of several tasks in tables.
fn tell(placed: &Placed<'_>, all: bool, console: &mut Console) -> Result<(), Failure> {
    console.line("Best plan:")?;
    console.table(&best_plan(placed))?;
    let moved = egress_plan(placed);
    if !moved.is_empty() {
        console.line("Egress plan:")?;
        console.table(&moved)?;
    }
    console.line(total(placed))?;
    for (task, request) in placed.requests.iter().enumerate() {
        console.line("")?;
        console.line(format!("Considered resources for task '{}' ({}):", placed.task_name(task), nodes(request)))?;
        console.table(&considered(placed, task))?;
        if all {
            ranked(&placed.plans[task], request, console)?;
        }
    }
    Ok(())
}

fn ranked(plan: &Plan<'_>, request: &Request, console: &mut Console) -> Result<(), Failure> {
    let task = request.name.as_ref().map_or_else(String::new, |name| format!(" for task '{name}'"));
    console.line(format!("{} candidates{task} ({}), in the order they are ranked:", plan.len(), nodes(request)))?;
    console.table(&candidates(plan))
}

fn nodes(request: &Request) -> String {
    if request.nodes == 1 { "1 node".to_owned() } else { format!("{} nodes", request.nodes) }
}

/// What `launch --dryrun` shows of several tasks.
pub(super) fn dryrun(wanted: &Wanted<'_>, json: bool, console: &mut Console) -> Result<(), Failure> {
    let planning = PlanningArgs::default();
    let graph = Graph::of(wanted.catalog, &wanted.requests);
    let warnings = warnings(wanted, &graph);
    let egress = Egress::new(wanted.catalog, planning.tariff());
    let placed = planning.place(wanted, graph, &egress)?;
    if json {
        let rejected = vec![Vec::new(); wanted.requests.len()];
        return console.json(&PlanDocument::Several(PlansRecord::of(&placed, planning.tariff(), &rejected, warnings)));
    }
    for warning in &warnings {
        console.note(format!("warning: {warning}"));
    }
    tell(&placed, false, console)
}
