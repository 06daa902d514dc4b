//! Plans for programs, and the schema that describes them.
//!
//! **Invariant:** what is printed is what the schema says: one task gives a [`PlanRecord`], several a [`PlansRecord`].

use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::optimizer::graph::Proof;
use crate::optimizer::{EgressTariff, Objective, Rejection};

use super::plan::{PlanRecord, RejectionRecord};
use super::plan_graph::Placed;
use super::record::Offer;

/// What `sky plan -o json` prints.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PlanDocument {
    /// The plan of one task.
    One(PlanRecord),
    /// The plan of several.
    Several(PlansRecord),
}

/// Several tasks, planned together.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PlansRecord {
    /// `sky.plans/1`.
    #[schemars(extend("const" = "sky.plans/1"))]
    pub schema: &'static str,
    /// The name of the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// SHA-256 of the price tables, hexadecimal.
    pub catalog_hash: String,
    /// What was minimised: `cost` or `time`.
    #[schemars(extend("enum" = ["cost", "time"]))]
    pub objective: &'static str,
    /// How moving data is priced: by pair of `regions`, or as `skypilot` does.
    #[schemars(extend("enum" = ["regions", "skypilot"]))]
    pub egress: &'static str,
    /// All of it, in dollars.
    pub cost: f64,
    /// Of that, machines.
    pub machines_cost: f64,
    /// Of that, moving data.
    pub egress_cost: f64,
    /// Seconds until the last task is done.
    pub duration_s: f64,
    /// True if it is proved that nothing is better.
    pub optimal: bool,
    /// If it is not: no plan is better than this, in dollars, or in seconds if time was minimised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_bound: Option<f64>,
    /// The tasks, in the order of the file.
    pub tasks: Vec<TaskRecord>,
    /// What moves.
    pub transfers: Vec<TransferRecord>,
    /// What is probably not as it was meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub warnings: Vec<String>,
}

/// One of several tasks.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TaskRecord {
    /// Its name, or `task 1` for the first of the file, and so on.
    pub task: String,
    /// Nodes asked for.
    pub nodes: u16,
    /// The names of the tasks that it waits for.
    pub depends_on: Vec<String>,
    /// Estimated run time where it goes, in seconds.
    pub runtime_s: f64,
    /// Where it goes.
    pub chosen: Offer,
    /// The alternatives as they were understood.
    pub alternatives: Vec<String>,
    /// The best of each cloud and accelerator: where it goes first.
    pub considered: Vec<Offer>,
    /// How many candidates there are.
    pub candidates: u32,
    /// What was left out, by alternative and reason.
    pub rejected: Vec<RejectionRecord>,
}

/// Data that moves.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TransferRecord {
    /// The task that writes it, or the location of data from outside.
    pub from: String,
    /// The task that reads it.
    pub to: String,
    /// True if it comes from outside.
    pub from_outside: bool,
    /// How much.
    pub gigabytes: f64,
    /// What that costs, in dollars; absent if the source belongs to no cloud of the price tables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// How long it takes, in seconds; absent for data from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
}

impl PlansRecord {
    /// Puts it together; `rejected` is by task.
    pub fn of(placed: &Placed<'_>, tariff: EgressTariff, rejected: &[Vec<Rejection>], warnings: Vec<String>) -> Self {
        let plan = &placed.plan;
        let moved = placed.moved();
        Self {
            schema: "sky.plans/1",
            name: placed.requests.first().and_then(|request| request.chain.clone()),
            catalog_hash: placed.catalog().hash().to_owned(),
            objective: if placed.objective == Objective::Cost { "cost" } else { "time" },
            egress: if tariff == EgressTariff::Regions { "regions" } else { "skypilot" },
            cost: plan.cost.as_dollars(),
            machines_cost: (plan.cost - moved).as_dollars(),
            egress_cost: moved.as_dollars(),
            duration_s: plan.duration.as_secs_f64(),
            optimal: plan.proof == Proof::Optimal,
            lower_bound: match plan.proof {
                Proof::Optimal => None,
                Proof::Gap { lower_bound } => Some(lower_bound as f64 / 1e6),
            },
            tasks: (0..plan.tasks.len()).map(|task| TaskRecord::of(placed, task, &rejected[task])).collect(),
            transfers: transfers(placed),
            warnings,
        }
    }
}

impl TaskRecord {
    fn of(placed: &Placed<'_>, task: usize, rejected: &[Rejection]) -> Self {
        let catalog = placed.catalog();
        let request = &placed.requests[task];
        let chosen = &placed.plan.tasks[task];
        let considered = placed.considered(task);
        Self {
            task: placed.task_name(task),
            nodes: request.nodes,
            depends_on: request.depends_on.iter().map(|parent| placed.task_name(*parent)).collect(),
            runtime_s: chosen.runtime.as_secs_f64(),
            chosen: Offer::of_candidate(catalog, chosen),
            alternatives: request.requirements.iter().map(|wanted| wanted.label.clone()).collect(),
            considered: considered.iter().map(|(candidate, _)| Offer::of_candidate(catalog, candidate)).collect(),
            candidates: placed.plans[task].len() as u32,
            rejected: rejected.iter().map(RejectionRecord::of).collect(),
        }
    }
}

fn transfers(placed: &Placed<'_>) -> Vec<TransferRecord> {
    let outside = placed.graph.outside.iter().zip(&placed.outside).map(|(data, cost)| TransferRecord {
        from: data.location.clone(),
        to: placed.task_name(data.task as usize),
        from_outside: true,
        gigabytes: data.input.gigabytes,
        cost: cost.map(crate::model::Money::as_dollars),
        duration_s: None,
    });
    let between = placed.plan.transfers.iter().map(|transfer| TransferRecord {
        from: placed.task_name(transfer.edge.from as usize),
        to: placed.task_name(transfer.edge.to as usize),
        from_outside: false,
        gigabytes: transfer.edge.gigabytes,
        cost: Some(transfer.cost.as_dollars()),
        duration_s: Some(transfer.duration.as_secs_f64()),
    });
    outside.chain(between).collect()
}

/// The JSON Schema of [`PlanDocument`].
pub fn schema() -> Schema {
    let mut schema = schemars::schema_for!(PlanDocument);
    schema.insert("title".to_owned(), "Output of sky plan -o json".into());
    schema
}
