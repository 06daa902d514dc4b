//! A failover strategy of one's own, run in the engine against a market, beside one that is built in.

use std::sync::Arc;

use sky::catalog::Catalog;
use sky::engine::policy::{Choice, Policy, PolicyName, Recipe, View, walk};
use sky::model::Candidate;
use sky::sim::scenario::Scenario;
use sky::sim::trial::Runner;
use sky::yaml::Source;

/// Where most zones share a region first: a stockout of one zone leaves the most to try near by.
#[derive(Debug, Default)]
struct WidestRegion {
    order: Vec<usize>,
    cursor: usize,
}

impl Policy for WidestRegion {
    fn begin(&mut self, candidates: &Arc<[Candidate]>, _luck: u64) {
        let zones = |at: &usize| {
            let region = candidates[*at].offering.region;
            let near = candidates.iter().filter(|other| other.offering.region == region);
            near.map(|other| other.zones.as_slice().len()).sum::<usize>()
        };
        self.order = (0..candidates.len()).collect();
        // The sort is stable, so regions as wide stay in the order of their price; an ordered list stays strict.
        self.order.sort_by_key(|at| (candidates[*at].preference, std::cmp::Reverse(zones(at))));
        self.cursor = 0;
    }

    fn begin_round(&mut self) {
        self.cursor = 0;
    }

    fn choose(&mut self, view: &View<'_>) -> Choice {
        let order = &self.order;
        walk(|at| order.get(at).copied(), &mut self.cursor, view)
    }
}

const WIDEST_REGION: Recipe = Recipe {
    name: "widest-region",
    summary: "the region with the most zones first, then ascending price",
    make: || Box::new(WidestRegion::default()),
};

fn main() {
    let path = "scenarios/v100-scarce.yaml";
    let text = std::fs::read_to_string(path).expect("the scenario is there");
    let source = Source { name: path, text: &text };
    let scenario = Scenario::load(&source, Catalog::embedded(), &[]).expect("a sound scenario");
    let market = scenario.market();
    for policy in [PolicyName::Custom(WIDEST_REGION), PolicyName::Cheapest] {
        let mut runner = Runner::new(&market, 1);
        let ends = (0..200).map(|trial| runner.run(policy, trial).demands[0].clone());
        let (placed, attempts) = ends
            .fold((0, 0), |(placed, attempts), end| (placed + u32::from(end.lease.is_some()), attempts + end.attempts));
        println!("{policy}: {placed} of 200 trials placed with {attempts} calls");
        assert!(placed > 0, "nothing was placed");
    }
}
