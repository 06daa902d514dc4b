//! Plans over several tasks, against trying every combination of candidates.

use proptest::prelude::*;

use super::{catalog, list_order, region, wants};
use crate::catalog::{AWS, AZURE, GCP};
use crate::model::{Candidate, CloudId, Money, Place, Preference, Requirement, Scope, Span};
use crate::optimizer::graph::Proof;
use crate::optimizer::{
    Edge, Egress, EgressTariff, GraphError, GraphOptions, Input, Objective, Options, TaskNode, plan, plan_graph,
};

/// A few regions near and far, so that all combinations can be tried.
fn somewhere() -> impl Strategy<Value = Vec<Place>> {
    let few = [
        (AWS, "us-east-1"),
        (AWS, "us-west-2"),
        (AWS, "eu-west-1"),
        (AZURE, "eastus"),
        (AZURE, "japaneast"),
        (GCP, "us-central1"),
        (GCP, "europe-west4"),
    ];
    let places: Vec<Place> = few.iter().map(|(cloud, name)| region(*cloud, name)).collect();
    prop::sample::subsequence(places, 1..4)
}

fn node() -> impl Strategy<Value = TaskNode> {
    let device = prop::sample::select(&[("V100", 1), ("T4", 1), ("A10G", 1), ("L4", 1)][..]);
    let runtime = prop::sample::select(&[1u64, 2, 24][..]);
    let one = (device, runtime, somewhere()).prop_map(|((name, count), hours, places)| Requirement {
        places,
        runtime: Span(Span::HOUR.0 * hours),
        ..wants(name, count)
    });
    let input = (prop::sample::select(&[AWS, AZURE, GCP][..]), any::<bool>(), 0.0..200.0f64).prop_map(
        |(cloud, whole, gigabytes)| {
            let near = catalog().regions_of(cloud).next().filter(|_| !whole);
            Input { from: Place { cloud: Some(cloud), region: near, zone: None }, gigabytes }
        },
    );
    let prefer = prop::option::weighted(0.3, (somewhere(), 0u32..400))
        .prop_map(|liked| liked.map(|(places, premium_milli)| Preference { places, premium_milli }));
    (prop::collection::vec(one, 1..3), 1u16..3, prop::collection::vec(input, 0..2), prefer)
        .prop_map(|(wanted, nodes, inputs, prefer)| TaskNode { wanted, nodes, inputs, prefer })
}

/// Tasks that all have candidates, and edges from earlier to later ones.
fn graph() -> impl Strategy<Value = (Vec<TaskNode>, Vec<Edge>)> {
    let feasible = node().prop_filter("nothing there", |node| !list_order(&node.wanted).is_empty());
    (prop::collection::vec(feasible, 1..4), prop::collection::vec((0u32..9, 0u32..9, 0.0..500.0f64), 0..5)).prop_map(
        |(tasks, edges)| {
            let count = tasks.len() as u32;
            let edges = edges.into_iter().map(|(a, b, gigabytes)| (a % count, b % count, gigabytes));
            let edges = edges.filter(|(a, b, _)| a != b);
            let edges = edges.map(|(a, b, gigabytes)| Edge { from: a.min(b), to: a.max(b), gigabytes }).collect();
            (tasks, edges)
        },
    )
}

/// Dollars from the catalog's table, or SkyPilot's formula, in the simplest way.
fn moved(tariff: EgressTariff, egress: &Egress, from: Place, to: &Candidate, gigabytes: f64) -> f64 {
    let one = |from| {
        let mb = (gigabytes * 1000.0).round() as i64;
        let known = catalog().egress(from, to.offering.region).map(|known| known.per_gb.as_dollars());
        match (tariff, known) {
            (EgressTariff::Regions, Some(price)) => price * mb as f64 / 1000.0,
            // Gaps and tiers have tests of their own.
            _ => egress.nanos(from, to.offering.region, mb) as f64 / 1e9,
        }
    };
    match from.region {
        Some(region) => one(region),
        None => catalog().regions_of(from.cloud.unwrap()).map(one).fold(f64::INFINITY, f64::min),
    }
}

/// What a candidate's machines are weighed as, in dollars.
fn weight(task: &TaskNode, candidate: &Candidate) -> f64 {
    let liked = task.prefer.as_ref().filter(|liked| liked.is_for(candidate));
    candidate.cost.as_dollars() / liked.map_or(1.0, |liked| 1.0 + f64::from(liked.premium_milli) / 1000.0)
}

/// The least weight over all combinations of candidates, in dollars: the cost where nothing is liked.
fn cheapest_combination(tariff: EgressTariff, egress: &Egress, tasks: &[TaskNode], edges: &[Edge]) -> f64 {
    let first_of_regions = |task: &TaskNode| -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for candidate in plan(catalog(), &task.wanted, task.nodes, &Options::default()).iter() {
            if found.iter().all(|known| known.offering.region != candidate.offering.region) {
                found.push(candidate);
            }
        }
        found
    };
    let choices: Vec<Vec<Candidate>> = tasks.iter().map(first_of_regions).collect();
    let mut at = vec![0usize; tasks.len()];
    let mut best = f64::INFINITY;
    loop {
        let chosen: Vec<&Candidate> = at.iter().zip(&choices).map(|(at, of)| &of[*at]).collect();
        let mut sum: f64 = tasks.iter().zip(&chosen).map(|(task, candidate)| weight(task, candidate)).sum();
        for (task, candidate) in tasks.iter().zip(&chosen) {
            sum += task.inputs.iter().map(|i| moved(tariff, egress, i.from, candidate, i.gigabytes)).sum::<f64>();
        }
        for edge in edges {
            let from = chosen[edge.from as usize].offering;
            let from = Place { cloud: Some(from.cloud), region: Some(from.region), zone: None };
            sum += moved(tariff, egress, from, chosen[edge.to as usize], edge.gigabytes);
        }
        best = best.min(sum);
        let Some(next) = (0..at.len()).find(|&task| at[task] + 1 < choices[task].len()) else { return best };
        at[next] += 1;
        at[..next].fill(0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_combination_is_cheaper((tasks, edges) in graph(), skypilot in any::<bool>()) {
        let tariff = if skypilot { EgressTariff::SkyPilot } else { EgressTariff::Regions };
        let egress = Egress::new(catalog(), tariff);
        let found = plan_graph(catalog(), &tasks, &edges, &egress, &GraphOptions::default()).unwrap();
        prop_assert_eq!(found.proof, Proof::Optimal);
        let best = cheapest_combination(tariff, &egress, &tasks, &edges);
        let liked = |(task, at): (&TaskNode, &Candidate)| at.cost.as_dollars() - weight(task, at);
        let found = found.cost.as_dollars() - tasks.iter().zip(&found.tasks).map(liked).sum::<f64>();
        prop_assert!((found - best).abs() < 1e-4, "{found} {best}");
    }

    #[test]
    fn the_fastest_plan_is_no_slower_than_any_met((tasks, edges) in graph()) {
        let egress = Egress::new(catalog(), EgressTariff::Regions);
        let cheap = plan_graph(catalog(), &tasks, &edges, &egress, &GraphOptions::default()).unwrap();
        let options = GraphOptions { objective: Objective::Time, ..GraphOptions::default() };
        let fast = plan_graph(catalog(), &tasks, &edges, &egress, &options).unwrap();
        prop_assert_eq!(fast.proof, Proof::Optimal);
        prop_assert!(fast.duration <= cheap.duration);
        prop_assert!(fast.cost >= cheap.cost || tasks.iter().any(|task| task.prefer.is_some()));
        let longest = fast.tasks.iter().map(|task| task.runtime).max().unwrap();
        prop_assert!(fast.duration >= longest);
    }

    #[test]
    fn denying_what_is_not_used_changes_nothing((tasks, edges) in graph(), cloud in 0u8..3) {
        let egress = Egress::new(catalog(), EgressTariff::Regions);
        let before = plan_graph(catalog(), &tasks, &edges, &egress, &GraphOptions::default()).unwrap();
        prop_assume!(before.tasks.iter().all(|task| task.offering.cloud.0 != cloud));
        let denied = vec![Scope { cloud: Some(CloudId(cloud)), ..Scope::default() }];
        let options = GraphOptions { denied, ..GraphOptions::default() };
        prop_assert_eq!(plan_graph(catalog(), &tasks, &edges, &egress, &options).unwrap(), before);
    }
}

fn node_of(wanted: Requirement) -> TaskNode {
    TaskNode { wanted: vec![wanted], nodes: 1, ..TaskNode::default() }
}

#[test]
fn a_task_alone_is_planned_as_ever() {
    let egress = Egress::new(catalog(), EgressTariff::Regions);
    for wanted in [wants("V100", 1), wants("A100", 8), Requirement::default()] {
        let found = plan_graph(catalog(), &[node_of(wanted.clone())], &[], &egress, &GraphOptions::default()).unwrap();
        assert_eq!(Some(found.tasks[0]), list_order(&[wanted]).best());
    }
}

#[test]
fn tasks_that_ask_for_the_same_for_longer_are_planned_as_if_alone() {
    let egress = Egress::new(catalog(), EgressTariff::Regions);
    let runs = [1, 7_200_000_000, 3_600_000_000, 1_800_000_000, 90_000_000_000_000];
    let wanted = runs.map(|micros| Requirement { runtime: Span(micros), ..wants("T4", 1) });
    let nodes = wanted.clone().map(node_of);
    let found = plan_graph(catalog(), &nodes, &[], &egress, &GraphOptions::default()).unwrap();
    for (candidate, wanted) in found.tasks.iter().zip(wanted) {
        assert_eq!(Some(*candidate), list_order(&[wanted]).best());
    }
}

#[test]
fn much_data_keeps_tasks_together_and_little_lets_them_part() {
    let egress = Egress::new(catalog(), EgressTariff::Regions);
    let tasks = [node_of(wants("A100", 8)), node_of(wants("tpu-v2-8", 1))];
    let with = |gigabytes| {
        let edges = [Edge { from: 0, to: 1, gigabytes }];
        plan_graph(catalog(), &tasks, &edges, &egress, &GraphOptions::default()).unwrap()
    };
    let (little, much) = (with(1.0), with(100_000.0));
    assert_ne!(little.tasks[0].offering.cloud, GCP, "the cheapest A100s are elsewhere");
    assert!(little.transfers[0].cost > Money::ZERO && little.transfers[0].duration > Span::ZERO);
    assert_eq!(much.tasks[0].offering.region, much.tasks[1].offering.region);
    assert_eq!(much.transfers[0].cost, Money::ZERO);
}

#[test]
fn a_liked_place_wins_while_it_is_not_too_much_dearer() {
    let egress = Egress::new(catalog(), EgressTariff::Regions);
    let liking = |premium_milli| {
        let liked = region(AWS, "eu-west-1");
        let prefer = Some(Preference { places: vec![liked], premium_milli });
        let tasks = [TaskNode { prefer, ..node_of(wants("V100", 1)) }, node_of(wants("T4", 1))];
        let edges = [Edge { from: 0, to: 1, gigabytes: 0.0 }];
        let found = plan_graph(catalog(), &tasks, &edges, &egress, &GraphOptions::default()).unwrap();
        assert_eq!(found.tasks.iter().map(|task| task.cost.0).sum::<i64>(), found.cost.0, "it is paid in full");
        found.tasks[0].offering.region == liked.region.unwrap()
    };
    // 3.31 dollars an hour there, 2.95 where it is cheapest: 12 % more.
    assert!(liking(130) && !liking(110));
}

#[test]
fn data_that_lies_somewhere_draws_tasks_to_it() {
    let egress = Egress::new(catalog(), EgressTariff::SkyPilot);
    let reads = |gigabytes| TaskNode {
        inputs: vec![Input { from: Place { cloud: Some(AWS), ..Place::default() }, gigabytes }],
        ..node_of(wants("V100", 1))
    };
    let place = |node| plan_graph(catalog(), &[node], &[], &egress, &GraphOptions::default()).unwrap();
    assert_eq!(place(reads(10_000.0)).tasks[0].offering.cloud, AWS);
    assert_eq!(place(reads(10_000.0)).inputs, Money::ZERO);
    assert_eq!(place(reads(0.0)).tasks[0], list_order(&[wants("V100", 1)]).best().unwrap());
}

#[test]
fn what_cannot_be_planned_says_why() {
    let egress = Egress::new(catalog(), EgressTariff::Regions);
    let tasks = [node_of(wants("V100", 1)), node_of(wants("V100", 3))];
    let error = |edges: &[Edge], tasks: &[TaskNode]| {
        plan_graph(catalog(), tasks, edges, &egress, &GraphOptions::default()).unwrap_err()
    };
    assert_eq!(error(&[], &tasks), GraphError::Infeasible { task: 1 });
    let nothing = plan_graph(catalog(), &[], &[], &egress, &GraphOptions::default()).unwrap();
    assert_eq!((nothing.cost, nothing.duration, nothing.proof), (Money::ZERO, Span::ZERO, Proof::Optimal));
    let edge = |from, to, gigabytes| Edge { from, to, gigabytes };
    let fine = [tasks[0].clone(), tasks[0].clone()];
    for bad in [
        vec![edge(0, 1, f64::NAN)],
        vec![edge(0, 1, -1.0)],
        vec![edge(0, 5, 1.0)],
        vec![edge(0, 1, 1.0), edge(1, 0, 1.0)],
    ] {
        assert!(matches!(error(&bad, &fine), GraphError::Problem(_)), "{bad:?}");
    }
}
