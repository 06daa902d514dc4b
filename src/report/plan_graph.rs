//! Several tasks placed together: the best plan, what moves between them, what it comes to.
//!
//! **Invariant:** a total is called optimal only if the optimizer proved it; costs in the tables add up to the total.

use crate::catalog::Catalog;
use crate::model::{Candidate, CapacityType, Money, RegionId, Span};
use crate::optimizer::graph::Proof;
use crate::optimizer::{Graph, GraphPlan, Objective, Plan};
use crate::request::Request;

use super::grid::Grid;
use super::names::{Names as _, accelerators_text, count};
use super::table::{self, amount, place};

/// Tasks and where they go.
#[derive(Debug, Clone)]
pub struct Placed<'a> {
    /// The tasks.
    pub requests: &'a [Request],
    /// Each task's candidates.
    pub plans: Vec<Plan<'a>>,
    /// What moves between them.
    pub graph: Graph,
    /// What bringing in data costs, for each of the graph's `outside`; `None` where that cannot be priced.
    pub outside: Vec<Option<Money>>,
    /// Where they go.
    pub plan: GraphPlan,
    /// What was minimised.
    pub objective: Objective,
}

impl Placed<'_> {
    /// The price tables.
    pub fn catalog(&self) -> &Catalog {
        self.plans[0].catalog()
    }

    /// What a task is called: its name, else its position.
    pub fn task_name(&self, task: usize) -> String {
        self.requests[task].name.clone().unwrap_or_else(|| format!("task {}", task + 1))
    }

    /// What moving data between tasks and into them costs.
    pub fn moved(&self) -> Money {
        self.plan.transfers.iter().fold(self.plan.inputs, |sum, transfer| sum + transfer.cost)
    }

    /// What is not proven, in dollars or seconds, and as a share of the least that is possible.
    pub fn gap(&self) -> Option<(f64, f64)> {
        let Proof::Gap { lower_bound } = self.plan.proof else { return None };
        let bound = lower_bound as f64 / 1e6;
        let value = match self.objective {
            Objective::Cost => self.plan.cost.as_dollars(),
            Objective::Time => self.plan.duration.as_secs_f64(),
        };
        Some((value - bound, if bound > 0.0 { (value - bound) / bound } else { 0.0 }))
    }

    /// The kinds of candidates of a task: the chosen one first, in the place of the first of its kind.
    pub fn considered(&self, task: usize) -> Vec<(Candidate, bool)> {
        let chosen = self.plan.tasks[task];
        let kind = |candidate: &Candidate| {
            let offering = &candidate.offering;
            let device = self.catalog().instance_type(offering.instance_type).accelerator;
            (offering.cloud, offering.capacity, device)
        };
        let rows = self.plans[task].rows();
        let others = rows.iter().map(|row| row.candidate).filter(|candidate| kind(candidate) != kind(&chosen));
        std::iter::once((chosen, true)).chain(others.map(|candidate| (candidate, false))).collect()
    }

    fn where_to(&self, task: usize) -> String {
        let region = self.plan.tasks[task].offering.region;
        format!("{} ({})", self.task_name(task), region_title(self.catalog(), region))
    }
}

/// `GCP us-central1`.
fn region_title(catalog: &Catalog, region: RegionId) -> String {
    format!("{} {}", catalog.cloud_title(catalog.region_cloud(region)), catalog.region_name(region))
}

/// A task a line, with the columns of the page.
pub fn best_plan(placed: &Placed<'_>) -> Vec<String> {
    let timed = is_timed(placed);
    let mut head = vec!["TASK", "#NODES", "CLOUD", "INSTANCE", "vCPUs", "Mem(GB)", "ACCELERATORS", "REGION/ZONE"];
    head.extend(timed.then_some("TIME"));
    head.push("COST ($)");
    let mut grid = Grid::new(head);
    let catalog = placed.catalog();
    for (task, candidate) in placed.plan.tasks.iter().enumerate() {
        let offering = &candidate.offering;
        let facts = catalog.instance_type(offering.instance_type);
        let spot = if offering.capacity == CapacityType::Spot { "[Spot]" } else { "" };
        let mut row = vec![
            placed.task_name(task),
            placed.requests[task].nodes.to_string(),
            catalog.cloud_title(offering.cloud).to_owned(),
            format!("{}{spot}", facts.name),
            amount(f64::from(facts.vcpus_milli) / 1e3),
            amount(f64::from(facts.memory_mib) / 1024.0),
            accelerators_text(facts.accelerator),
            place(catalog, candidate).to_owned(),
        ];
        row.extend(timed.then(|| candidate.runtime.to_string()));
        row.push(candidate.cost.to_string());
        grid.push(row);
    }
    grid.lines()
}

/// Run times are worth a column where they decide or where somebody estimated one.
fn is_timed(placed: &Placed<'_>) -> bool {
    placed.objective == Objective::Time
        || placed.requests.iter().flat_map(|request| &request.requirements).any(|wanted| wanted.runtime != Span::HOUR)
}

/// What moves from where to where; no lines if nothing does.
pub fn egress_plan(placed: &Placed<'_>) -> Vec<String> {
    let timed = placed.objective == Objective::Time;
    let mut head = vec!["SOURCE", "TARGET", "SIZE (GB)"];
    head.extend(timed.then_some("TIME"));
    head.push("COST ($)");
    let mut grid = Grid::new(head);
    for (outside, cost) in placed.graph.outside.iter().zip(&placed.outside) {
        let cloud = outside.input.from.cloud.map(|cloud| format!(" ({})", placed.catalog().cloud_title(cloud)));
        let mut row = vec![
            format!("{}{}", outside.location, cloud.unwrap_or_default()),
            placed.where_to(outside.task as usize),
            gigabytes(outside.input.gigabytes),
        ];
        row.extend(timed.then(|| "-".to_owned()));
        row.push(cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string()));
        grid.push(row);
    }
    for transfer in placed.plan.transfers.iter().filter(|transfer| transfer.edge.gigabytes > 0.0) {
        let edge = &transfer.edge;
        let mut row =
            vec![placed.where_to(edge.from as usize), placed.where_to(edge.to as usize), gigabytes(edge.gigabytes)];
        let took = transfer.duration;
        row.extend(timed.then(|| if took == Span::ZERO { "-".to_owned() } else { took.to_string() }));
        row.push(transfer.cost.to_string());
        grid.push(row);
    }
    if grid.is_empty() { Vec::new() } else { grid.lines() }
}

/// `500`, `0.25`.
fn gigabytes(gigabytes: f64) -> String {
    count((gigabytes * 1e3).round() as u32)
}

/// What all of it comes to, and how sure that is.
pub fn total(placed: &Placed<'_>) -> String {
    let plan = &placed.plan;
    let moved = placed.moved();
    let cost = format!("${}: ${} for machines, ${moved} for moving data", plan.cost, plan.cost - moved);
    let proof = match placed.gap() {
        None => "proved optimal".to_owned(),
        Some((gap, share)) => {
            let gap = match placed.objective {
                Objective::Cost => format!("${}", Money::from_dollars(gap)),
                Objective::Time => Span::from_secs_f64(gap).to_string(),
            };
            format!("not proved optimal: at most {gap} ({:.1} %) above the least that is possible", share * 100.0)
        }
    };
    match placed.objective {
        Objective::Cost => format!("Total cost {cost}; {proof}."),
        Objective::Time => format!("Total time {}; {proof}. Total cost {cost}.", plan.duration),
    }
}

/// The candidates of one task, by kind.
pub fn considered(placed: &Placed<'_>, task: usize) -> Vec<String> {
    let rows = placed.considered(task);
    let rows = rows.iter().map(|(candidate, chosen)| table::Row { candidate, chosen: *chosen });
    table::lines(placed.catalog(), rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::{Egress, EgressTariff, GraphOptions, Options, plan, plan_graph};

    #[test]
    fn a_total_that_is_not_proved_says_how_far_off_it_can_be() {
        let catalog = Catalog::embedded();
        let requests = [Request::for_gpus("V100", catalog).expect("a request")];
        let graph = Graph::of(catalog, &requests);
        let egress = Egress::new(catalog, EgressTariff::Regions);
        let options = GraphOptions::default();
        let placed = plan_graph(catalog, &graph.tasks, &graph.edges, &egress, &options).expect("a plan");
        let ranked = plan(catalog, &requests[0].requirements, 1, &Options::default());
        let cost = placed.cost;
        let mut placed = Placed {
            requests: &requests,
            plans: vec![ranked],
            graph,
            outside: Vec::new(),
            plan: placed,
            objective: Objective::Cost,
        };
        assert!(total(&placed).ends_with("proved optimal."), "{}", total(&placed));
        assert_eq!(placed.task_name(0), "task 1");
        placed.plan.proof = Proof::Gap { lower_bound: cost.0 / 2 };
        let gap = total(&placed);
        assert!(gap.contains("not proved optimal: at most $1.48 (100.0 %) above"), "{gap}");
        placed.objective = Objective::Time;
        placed.plan.proof = Proof::Gap { lower_bound: 1_800_000_000 };
        assert!(total(&placed).contains("at most 30m00s (100.0 %)"), "{}", total(&placed));
    }
}
