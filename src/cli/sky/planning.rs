//! What `plan` and `explain` share: how prices are taken, what is minimised, tasks placed together.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::catalog::Catalog;
use crate::cli::{Console, Failure, files};
use crate::model::Money;
use crate::optimizer::{
    Egress, EgressTariff, Graph, GraphError, GraphOptions, Objective, Plan, input_cost, plan_graph, unmet,
};
use crate::report::explain;
use crate::report::plan_graph::Placed;
use crate::request::{Request, Source, overlaid};

use super::offer::{feasible, options};
use super::task_args::{TaskArgs, Wanted};

/// Flags that bear on what is best.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PlanningArgs {
    /// What is minimised.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(super) minimize: Minimize,
    /// How moving data between tasks is priced.
    #[arg(long, value_enum, default_value_t, value_name = "TARIFF")]
    pub(super) egress: Tariff,
    /// What is really paid, as YAML: `aws: 0.85`, `gcp: -10%`, `aws/us-east-1/p3.2xlarge: -40%`.
    #[arg(long, value_name = "FILE")]
    price_overlay: Option<PathBuf>,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Minimize {
    /// Dollars: machines for the estimated run times, and moving data.
    #[default]
    Cost,
    /// The time until the last task is done; of equally fast plans, cheap ones.
    Time,
}

/// How moving data is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Tariff {
    /// By pair of regions, from the price tables.
    #[default]
    Regions,
    /// As `SkyPilot` does: free inside a cloud, else tiers by cloud and volume.
    Skypilot,
}

impl PlanningArgs {
    /// Reads the task and the prices.
    pub(super) fn resolve(&self, task: &TaskArgs, console: &mut Console) -> Result<Wanted<'static>, Failure> {
        task.resolve_in(self.catalog(task)?, console)
    }

    fn catalog(&self, task: &TaskArgs) -> Result<&'static Catalog, Failure> {
        let list = task.catalogs.load()?;
        let Some(path) = &self.price_overlay else { return Ok(list) };
        let text = files::read(path)?;
        let paid = overlaid(&Source { name: &path.display().to_string(), text: &text }, list)?;
        // One catalog a process, needed until its end.
        Ok(Box::leak(Box::new(paid)))
    }

    pub(super) const fn objective(&self) -> Objective {
        match self.minimize {
            Minimize::Cost => Objective::Cost,
            Minimize::Time => Objective::Time,
        }
    }

    pub(super) const fn tariff(&self) -> EgressTariff {
        match self.egress {
            Tariff::Regions => EgressTariff::Regions,
            Tariff::Skypilot => EgressTariff::SkyPilot,
        }
    }

    pub(super) fn graph_options(&self) -> GraphOptions {
        GraphOptions { objective: self.objective(), ..GraphOptions::default() }
    }

    /// The ranked candidates of one task.
    pub(super) fn ranked<'c>(&self, catalog: &'c Catalog, request: &Request) -> Result<Plan<'c>, Failure> {
        let plan = feasible(catalog, request)?;
        Ok(match self.minimize {
            Minimize::Cost => plan,
            Minimize::Time => plan.by_score(|candidate| candidate.runtime),
        })
    }

    /// Places all tasks together.
    pub(super) fn place<'a>(
        &self,
        wanted: &'a Wanted<'_>,
        graph: Graph,
        egress: &Egress,
    ) -> Result<Placed<'a>, Failure> {
        let (catalog, requests) = (wanted.catalog, wanted.requests.as_slice());
        let plans: Vec<Plan<'a>> =
            requests.iter().map(|request| self.ranked(catalog, request)).collect::<Result<_, _>>()?;
        let plan = plan_graph(catalog, &graph.tasks, &graph.edges, egress, &self.graph_options())
            .map_err(|error| unplanned(&error))?;
        let brought = |data: &crate::optimizer::Outside| -> Result<Option<Money>, Failure> {
            let Some(_) = data.input.from.cloud else { return Ok(None) };
            let to = &plan.tasks[data.task as usize];
            input_cost(catalog, egress, &data.input, to).map(Some).map_err(|error| unplanned(&error))
        };
        let outside = graph.outside.iter().map(brought).collect::<Result<_, _>>()?;
        Ok(Placed { requests, plans, graph, outside, plan, objective: self.objective() })
    }
}

fn unplanned(error: &GraphError) -> Failure {
    let hint = match error {
        GraphError::Infeasible { .. } => "relax the request of this task",
        GraphError::Problem(_) => "check depends_on and the sizes of inputs and outputs",
    };
    Failure::usage(error.to_string(), hint)
}

/// What is probably not as it was meant: alternatives that nothing meets, and what counts for single tasks only.
pub(super) fn warnings(wanted: &Wanted<'_>, graph: &Graph) -> Vec<String> {
    let mut warnings: Vec<String> =
        wanted.requests.iter().flat_map(|request| lost_alternatives(wanted.catalog, request)).collect();
    for data in graph.outside.iter().filter(|data| data.input.from.cloud.is_none()) {
        warnings.push(format!(
            "moving the data at '{}' is not priced: its address names no cloud of the price tables (s3://, gs://, az://)",
            data.location
        ));
    }
    warnings
}

/// A warning for each alternative that nothing meets while others are met.
pub(super) fn lost_alternatives(catalog: &Catalog, request: &Request) -> Vec<String> {
    let lost = unmet(catalog, &request.requirements, request.nodes, &options(request));
    if lost.len() == request.requirements.len() {
        // That is an error, told in full where candidates are looked for.
        return Vec::new();
    }
    let line = |(at, reasons, near): &(u16, Vec<_>, Vec<_>)| {
        explain::unmet(catalog, &request.requirements[*at as usize].label, reasons, near)
    };
    lost.iter().map(line).collect()
}
