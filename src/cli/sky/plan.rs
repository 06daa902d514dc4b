//! `sky plan`: the whole ranked order, and why the rest was left out.

use clap::Args;

use crate::cli::{Console, Exit, Failure};
use crate::optimizer::rejections;
use crate::report::plan::{PlanRecord, candidates, rejections as rejections_table};
use crate::request::Request;

use super::Output;
use super::offer::{feasible, options};
use super::task_args::{TaskArgs, Wanted};

/// Flags of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    task: TaskArgs,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &PlanArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let wanted = args.task.resolve(console)?;
    if args.output == Output::Json {
        let records: Vec<PlanRecord> =
            wanted.requests.iter().map(|request| record(&wanted, request)).collect::<Result<_, _>>()?;
        match records.as_slice() {
            [one] => console.json(one)?,
            several => console.json(&several)?,
        }
        return Ok(Exit::Done);
    }
    for request in &wanted.requests {
        tell(&wanted, request, console)?;
    }
    Ok(Exit::Done)
}

fn record(wanted: &Wanted<'_>, request: &Request) -> Result<PlanRecord, Failure> {
    let plan = feasible(wanted.catalog, request)?;
    let rejected = rejections(wanted.catalog, &request.requirements, &options(request));
    Ok(PlanRecord::of(&plan, request.name.as_deref(), &request.requirements, &rejected))
}

fn tell(wanted: &Wanted<'_>, request: &Request, console: &mut Console) -> Result<(), Failure> {
    let plan = feasible(wanted.catalog, request)?;
    let task = request.name.as_ref().map_or_else(String::new, |name| format!(" for task '{name}'"));
    let nodes = if request.nodes == 1 { "1 node".to_owned() } else { format!("{} nodes", request.nodes) };
    console.line(format!("{} candidates{task} ({nodes}), in the order they are ranked:", plan.len()))?;
    console.table(&candidates(&plan))?;
    let rejected = rejections(wanted.catalog, &request.requirements, &options(request));
    if !rejected.is_empty() {
        console.table(&rejections_table(&request.requirements, &rejected))?;
    }
    Ok(())
}
