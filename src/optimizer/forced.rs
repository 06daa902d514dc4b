//! What a plan of several tasks would come to if one of them went elsewhere.
//!
//! **Invariant:** the other tasks are placed anew, so the difference to the plan is the true price of the wish.

use crate::catalog::Catalog;
use crate::model::{Candidate, Place, Requirement};

use super::egress::Egress;
use super::tasks::{GraphOptions, GraphPlan, Objective, plan_graph};
use super::{Graph, Plan};

/// The best plan in which a task goes to one of its candidates that `allowed` picks out; none if it picks none.
pub fn forced(
    plan: &Plan<'_>,
    graph: &Graph,
    task: usize,
    egress: &Egress,
    options: &GraphOptions,
    allowed: impl Fn(&Candidate) -> bool,
) -> Option<GraphPlan> {
    let mut graph = graph.clone();
    let mut best: Option<GraphPlan> = None;
    // Moving data can tell regions apart and nothing else, so the first of each region and run time is enough.
    let mut seen = Vec::new();
    for candidate in plan.iter().filter(|candidate| allowed(candidate)) {
        let kind = (candidate.offering.region, candidate.runtime);
        if seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        graph.tasks[task].wanted = vec![only(plan.catalog(), &candidate)];
        let Ok(found) = plan_graph(plan.catalog(), &graph.tasks, &graph.edges, egress, options) else { continue };
        let value = |plan: &GraphPlan| match options.objective {
            Objective::Cost => (plan.cost.0, plan.duration.0 as i64),
            Objective::Time => (plan.duration.0 as i64, plan.cost.0),
        };
        if best.as_ref().is_none_or(|best| value(&found) < value(best)) {
            best = Some(found);
        }
    }
    best
}

/// A requirement that this candidate meets, and nothing in another region or of another type.
fn only(catalog: &Catalog, candidate: &Candidate) -> Requirement {
    let offering = &candidate.offering;
    let place = Place { cloud: Some(offering.cloud), region: Some(offering.region), zone: None };
    let zones = candidate.zones.as_slice();
    let places: Vec<Place> = zones.iter().map(|zone| Place { zone: Some(*zone), ..place }).collect();
    debug_assert_eq!(catalog.region_cloud(offering.region), offering.cloud);
    Requirement {
        instance_types: vec![offering.instance_type],
        places: if places.is_empty() { vec![place] } else { places },
        capacity: offering.capacity,
        runtime: candidate.runtime,
        ..Requirement::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AcceleratorCount;
    use crate::optimizer::{Edge, EgressTariff, Options, TaskNode, plan};

    #[test]
    fn a_wish_costs_what_moving_everything_else_saves() {
        let catalog = Catalog::embedded();
        let accelerator = catalog.find_accelerator("V100").expect("V100");
        let v100 = vec![AcceleratorCount { accelerator, count_milli: 1000 }];
        let wanted = vec![Requirement { accelerators: v100, ..Requirement::default() }];
        let task = TaskNode { wanted: wanted.clone(), nodes: 1, ..TaskNode::default() };
        let edges = vec![Edge { from: 0, to: 1, gigabytes: 500.0 }];
        let graph = Graph { tasks: vec![task.clone(), task], edges, outside: Vec::new() };
        let egress = Egress::new(catalog, EgressTariff::Regions);
        let (one, options) = (plan(catalog, &wanted, 1, &Options::default()), GraphOptions::default());
        let free = plan_graph(catalog, &graph.tasks, &graph.edges, &egress, &options).expect("a plan");
        let same = forced(&one, &graph, 0, &egress, &options, |_| true).expect("a plan");
        assert_eq!((same.cost, &same.tasks), (free.cost, &free.tasks), "a wish that allows everything changes nothing");
        let aws = catalog.find_cloud("aws").expect("aws");
        let moved = forced(&one, &graph, 0, &egress, &options, |c| c.offering.cloud == aws).expect("a plan");
        assert!(moved.cost > free.cost);
        assert!(moved.tasks.iter().all(|task| task.offering.cloud == aws), "500 GB keep the other task with it");
        assert!(forced(&one, &graph, 0, &egress, &options, |_| false).is_none());
    }
}
