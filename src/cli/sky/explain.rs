//! `sky explain`: why this candidate, and why not the cheaper one.

use clap::Args;

use crate::cli::{Console, Exit, Failure};
use crate::model::{Candidate, Money};
use crate::optimizer::{Egress, Explanation, Graph, Plan, explain, forced, standing, transfer_cost};
use crate::report::explain::{
    ExplanationRecord, StandingRecord, candidate_title, difference, rejections as rejections_table, why, why_not,
};
use crate::report::plan_graph::{Placed, total};
use crate::request::{Named, NotNamed, Request};

use super::Output;
use super::offer::options;
use super::planning::{PlanningArgs, warnings};
use super::task_args::{TaskArgs, Wanted};

/// Flags of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    task: TaskArgs,
    #[command(flatten)]
    planning: PlanningArgs,
    /// What about this? `aws/us-east-1/p3.2xlarge`, `gcp`, `azure/eastus`, `n1-highmem-8`; may be repeated.
    #[arg(long, value_name = "CLOUD[/REGION[/ZONE]][/TYPE]")]
    why_not: Vec<String>,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn run(args: &ExplainArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let wanted = args.planning.resolve(&args.task, console)?;
    let asked: Vec<Named> =
        args.why_not.iter().map(|text| Named::read(text, wanted.catalog).map_err(unknown)).collect::<Result<_, _>>()?;
    let graph = Graph::of(wanted.catalog, &wanted.requests);
    for warning in warnings(&wanted, &graph).iter().filter(|_| args.output == Output::Table) {
        console.note(format!("warning: {warning}"));
    }
    match wanted.requests.as_slice() {
        [request] if !graph.is_linked() => one(args, &wanted, request, &asked, console)?,
        _ => several(args, &wanted, graph, &asked, console)?,
    }
    Ok(Exit::Done)
}

fn unknown(error: NotNamed) -> Failure {
    Failure::usage(error.message, error.hint)
}

fn one(
    args: &ExplainArgs,
    wanted: &Wanted<'_>,
    request: &Request,
    asked: &[Named],
    console: &mut Console,
) -> Result<(), Failure> {
    let plan = args.planning.ranked(wanted.catalog, request)?;
    let Some(reasons) = explain(&plan, &request.requirements, &options(request)) else { return Ok(()) };
    if args.output == Output::Json {
        let record = |named: &Named| {
            let standing = standing(&plan, &request.requirements, &options(request), named);
            StandingRecord::of(wanted.catalog, &named.text, &standing, &reasons.chosen, None)
        };
        let why_not = asked.iter().map(record).collect();
        return console.json(&ExplanationRecord::of(&plan, request.name.as_deref(), &reasons, why_not));
    }
    for named in asked {
        tell_why_not(&plan, request, named, &reasons.chosen, console)?;
    }
    if asked.is_empty() {
        tell_why(&plan, request, &reasons, console)?;
    }
    Ok(())
}

fn tell_why(plan: &Plan<'_>, request: &Request, reasons: &Explanation, console: &mut Console) -> Result<(), Failure> {
    console.lines(why(plan, reasons))?;
    if reasons.rejected.is_empty() {
        return console.line("Nothing that is cheaper was left out.");
    }
    console.line("")?;
    console.line("Cheaper, and left out:")?;
    console.table(&rejections_table(plan.catalog(), &request.requirements, &reasons.rejected))
}

fn tell_why_not(
    plan: &Plan<'_>,
    request: &Request,
    named: &Named,
    chosen: &Candidate,
    console: &mut Console,
) -> Result<(), Failure> {
    let found = standing(plan, &request.requirements, &options(request), named);
    console.lines(why_not(plan, &named.text, &found, chosen))?;
    console.table(&rejections_table(plan.catalog(), &request.requirements, &found.rejected))
}

/// Tasks placed together, and what it takes to place them otherwise.
struct Together<'a> {
    args: &'a ExplainArgs,
    placed: &'a Placed<'a>,
    egress: &'a Egress,
}

fn several(
    args: &ExplainArgs,
    wanted: &Wanted<'_>,
    graph: Graph,
    asked: &[Named],
    console: &mut Console,
) -> Result<(), Failure> {
    let egress = Egress::new(wanted.catalog, args.planning.tariff());
    let placed = args.planning.place(wanted, graph, &egress)?;
    let together = Together { args, placed: &placed, egress: &egress };
    if args.output == Output::Json {
        let records: Vec<_> = (0..wanted.requests.len()).filter_map(|task| together.record(task, asked)).collect();
        return console.json(&records);
    }
    console.line(total(&placed))?;
    console.lines(together.apart())?;
    for (task, request) in wanted.requests.iter().enumerate() {
        console.line("")?;
        console.line(format!("Task '{}':", placed.task_name(task)))?;
        if asked.is_empty() {
            together.tell(task, console)?;
        }
        for named in asked {
            tell_why_not(&placed.plans[task], request, named, &placed.plan.tasks[task], console)?;
            if let Some(extra) = together.extra(task, |candidate| named.covers(wanted.catalog, candidate)) {
                let sum = difference(placed.plan.cost + extra, placed.plan.cost);
                console.line(format!("  With this task there, all tasks and transfers together cost {sum}."))?;
            }
        }
    }
    Ok(())
}

impl Together<'_> {
    /// What the plan costs more if a task has to go to one of these; none if none is a candidate.
    fn extra(&self, task: usize, allowed: impl Fn(&Candidate) -> bool) -> Option<Money> {
        let (placed, options) = (self.placed, self.args.planning.graph_options());
        let plan = forced(&placed.plans[task], &placed.graph, task, self.egress, &options, allowed)?;
        Some(plan.cost - placed.plan.cost)
    }

    /// What it would come to if each task went where it is best by itself.
    fn apart(&self) -> Vec<String> {
        let placed = self.placed;
        let best: Vec<Candidate> = placed.plans.iter().map(|plan| plan.candidate(0)).collect();
        let machines = best.iter().fold(Money::ZERO, |sum, candidate| sum + candidate.cost);
        let between =
            placed.graph.edges.iter().map(|edge| {
                transfer_cost(self.egress, edge.gigabytes, &best[edge.from as usize], &best[edge.to as usize])
            });
        let inputs = placed.graph.outside.iter().filter(|data| data.input.from.cloud.is_some()).map(|data| {
            crate::optimizer::input_cost(placed.catalog(), self.egress, &data.input, &best[data.task as usize])
        });
        let Ok(moved) = between.chain(inputs).try_fold(Money::ZERO, |sum, cost| cost.map(|cost| sum + cost)) else {
            return Vec::new();
        };
        let sum = machines + moved;
        let compared = difference(sum, placed.plan.cost);
        vec![format!(
            "Each task where it is best by itself: ${machines} for machines, ${moved} for moving data, ${sum} in all: {compared}."
        )]
    }

    fn tell(&self, task: usize, console: &mut Console) -> Result<(), Failure> {
        let (placed, plan) = (self.placed, &self.placed.plans[task]);
        let chosen = &placed.plan.tasks[task];
        let best = plan.candidate(0);
        if best.offering == chosen.offering {
            console.line("It goes where it is best by itself.")?;
            return tell_explained(plan, &placed.requests[task], console);
        }
        let catalog = placed.catalog();
        console.line(format!("Chosen: {}, ${}.", candidate_title(catalog, chosen), chosen.cost))?;
        console.line(format!(
            "  By itself it would go to {}, ${}: {}.",
            candidate_title(catalog, &best),
            best.cost,
            difference(best.cost, chosen.cost)
        ))?;
        let there = |candidate: &Candidate| candidate.offering == best.offering;
        if let Some(extra) = self.extra(task, there) {
            let sum = difference(placed.plan.cost + extra, placed.plan.cost);
            console.line(format!("  With this task there, all tasks and transfers together cost {sum}."))?;
        }
        Ok(())
    }

    fn record(&self, task: usize, asked: &[Named]) -> Option<ExplanationRecord> {
        let (placed, plan, request) = (self.placed, &self.placed.plans[task], &self.placed.requests[task]);
        let chosen = placed.plan.tasks[task];
        let reasons = explain(plan, &request.requirements, &options(request))?;
        let record = |named: &Named| {
            let found = standing(plan, &request.requirements, &options(request), named);
            let extra = self.extra(task, |candidate| named.covers(placed.catalog(), candidate));
            StandingRecord::of(placed.catalog(), &named.text, &found, &chosen, extra)
        };
        let why_not = asked.iter().map(record).collect();
        Some(ExplanationRecord::of(plan, Some(&placed.task_name(task)), &Explanation { chosen, ..reasons }, why_not))
    }
}

fn tell_explained(plan: &Plan<'_>, request: &Request, console: &mut Console) -> Result<(), Failure> {
    match explain(plan, &request.requirements, &options(request)) {
        Some(reasons) => tell_why(plan, request, &reasons, console),
        None => Ok(()),
    }
}
