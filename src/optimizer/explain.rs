//! Why this candidate, and why not another one.
//!
//! **Invariant:** an explanation restates the plan and never changes it; what is left out is counted as
//! [`rejections`](super::rejections) counts it.

use crate::catalog::Catalog;
use crate::model::{Candidate, Money, Requirement};
use crate::request::Named;

use super::options::Options;
use super::plan::{Plan, plan};
use super::rank;
use super::reject::{Nearest, Rejection, nearest, rejections_among};

/// Why the first candidate is the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The first.
    pub chosen: Candidate,
    /// The second.
    pub runner_up: Option<Candidate>,
    /// The best of each other cloud, with its position, in the plan's order.
    pub elsewhere: Vec<(usize, Candidate)>,
    /// Cheaper ones that come later, since a preference or another objective decides before the price.
    pub later: Option<Later>,
    /// What is cheaper than the chosen one, for the same run, and left out.
    pub rejected: Vec<Rejection>,
}

/// Candidates that are cheaper than the chosen one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Later {
    /// How many.
    pub count: u32,
    /// Position of the cheapest.
    pub position: usize,
    /// The cheapest.
    pub cheapest: Candidate,
}

/// Where offerings that were asked about stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How many candidates are among them.
    pub candidates: u32,
    /// The first of them, with its position from 0.
    pub best: Option<(usize, Candidate)>,
    /// Those that are left out.
    pub rejected: Vec<Rejection>,
}

/// Explains the first candidate of a plan; `None` of an empty one.
pub fn explain(plan: &Plan<'_>, wanted: &[Requirement], options: &Options) -> Option<Explanation> {
    let chosen = plan.best()?;
    let catalog = plan.catalog();
    let mut clouds = vec![chosen.offering.cloud];
    let mut elsewhere = Vec::new();
    let mut later: Option<Later> = None;
    for (position, candidate) in plan.iter().enumerate() {
        if !clouds.contains(&candidate.offering.cloud) {
            clouds.push(candidate.offering.cloud);
            elsewhere.push((position, candidate));
        }
        if candidate.cost < chosen.cost {
            let first = Later { count: 0, position, cheapest: candidate };
            let known = later.get_or_insert(first);
            known.count += 1;
            if candidate.cost < known.cheapest.cost {
                (known.position, known.cheapest) = (position, candidate);
            }
        }
    }
    let cost = |alternative: u16, row: u32| -> Option<Money> {
        let wanted = wanted.get(alternative as usize)?;
        let list = catalog.price(row, wanted.capacity)?;
        let paid = options.overlay.apply(catalog.region_cloud(catalog.row_region(row)), list);
        Some(rank::cost(paid, plan.nodes(), wanted.runtime))
    };
    let cheaper = |alternative, row| cost(alternative, row).is_some_and(|cost| cost < chosen.cost);
    let rejected = rejections_among(catalog, wanted, options, cheaper);
    let runner_up = (plan.len() > 1).then(|| plan.candidate(1));
    Some(Explanation { chosen, runner_up, elsewhere, later, rejected })
}

/// Where the offerings of this name stand in a plan.
pub fn standing(plan: &Plan<'_>, wanted: &[Requirement], options: &Options, named: &Named) -> Standing {
    let catalog = plan.catalog();
    let mut found = plan.iter().enumerate().filter(|(_, candidate)| named.covers(catalog, candidate));
    let best = found.next();
    let candidates = best.map_or(0, |_| 1 + found.count() as u32);
    let rejected = rejections_among(catalog, wanted, options, |_, row| named.covers_row(catalog, row));
    Standing { candidates, best, rejected }
}

/// The alternatives that nothing meets while others are met: position, reasons, and what comes near.
pub fn unmet(
    catalog: &Catalog,
    wanted: &[Requirement],
    nodes: u16,
    options: &Options,
) -> Vec<(u16, Vec<Rejection>, Vec<Nearest>)> {
    if wanted.len() < 2 {
        return Vec::new();
    }
    let alone = |requirement: &Requirement| {
        let one = std::slice::from_ref(requirement);
        if !plan(catalog, one, nodes, options).is_empty() {
            return None;
        }
        let reasons = rejections_among(catalog, one, options, |_, _| true);
        Some((reasons, nearest(catalog, requirement, nodes, options)))
    };
    let each = (0..).zip(wanted);
    each.filter_map(|(at, one)| alone(one).map(|(reasons, near)| (at, reasons, near))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AcceleratorCount, CapacityType};

    fn v100(count: u32) -> Requirement {
        let accelerator = Catalog::embedded().find_accelerator("V100").expect("V100");
        Requirement {
            accelerators: vec![AcceleratorCount { accelerator, count_milli: count * 1000 }],
            ..Requirement::default()
        }
    }

    #[test]
    fn every_rejected_one_is_cheaper_and_every_other_cloud_is_named_once() {
        let (catalog, options) = (Catalog::embedded(), Options::default());
        let wanted = [v100(1)];
        let plan = plan(catalog, &wanted, 1, &options);
        let why = explain(&plan, &wanted, &options).expect("offered");
        assert!(why.later.is_none(), "without preferences the chosen one is the cheapest");
        assert_eq!(why.elsewhere.len(), 2);
        assert!(!why.rejected.is_empty());
        assert!(why.rejected.iter().all(|of| of.cheapest.is_some_and(|(_, price)| price < why.chosen.cost)));
    }

    #[test]
    fn a_preference_puts_cheaper_ones_later() {
        let (catalog, options) = (Catalog::embedded(), Options::default());
        let spot = Requirement { capacity: CapacityType::Spot, preference: 1, ..v100(1) };
        let wanted = [v100(1), spot];
        let plan = plan(catalog, &wanted, 1, &options);
        let later = explain(&plan, &wanted, &options).and_then(|why| why.later).expect("spot is cheaper");
        assert_eq!(later.cheapest.offering.capacity, CapacityType::Spot);
        let count = plan.iter().filter(|candidate| candidate.cost < plan.candidate(0).cost).count();
        assert_eq!(later.count as usize, count);
        assert!(plan.iter().all(|candidate| candidate.cost >= later.cheapest.cost));
    }

    #[test]
    fn a_name_is_either_a_candidate_or_left_out() {
        let (catalog, options) = (Catalog::embedded(), Options::default());
        let wanted = [v100(1)];
        let plan = plan(catalog, &wanted, 1, &options);
        for (text, candidates, rejected) in
            [("aws/us-east-1/p3.2xlarge", true, false), ("aws/us-east-1/p3.8xlarge", false, true), ("gcp", true, true)]
        {
            let named = Named::read(text, catalog).expect("known");
            let standing = standing(&plan, &wanted, &options, &named);
            assert_eq!((standing.best.is_some(), !standing.rejected.is_empty()), (candidates, rejected), "{text}");
        }
    }

    #[test]
    fn what_a_name_covers_is_offered_or_counted_as_left_out() {
        let (catalog, options) = (Catalog::embedded(), Options::default());
        let wanted = [Requirement { max_price_hourly: Some(Money::from_dollars(3.1)), ..v100(1) }];
        let plan = plan(catalog, &wanted, 1, &options);
        for text in ["aws", "azure", "gcp", "us-east-1", "us-central1-a", "p3.2xlarge", "gcp/V100:8", "eastus/V100"] {
            let named = Named::read(text, catalog).expect("known");
            let rows = (0..catalog.row_count()).filter(|row| named.covers_row(catalog, *row));
            let offered = |row: &u32| {
                let (kind, region, zone) = (catalog.row_type(*row), catalog.row_region(*row), catalog.row_zone(*row));
                plan.iter().any(|candidate| {
                    let zones = candidate.zones.as_slice();
                    (candidate.offering.instance_type, candidate.offering.region) == (kind, region)
                        && zone.is_none_or(|zone| zones.contains(&zone))
                })
            };
            let (met, left_out): (Vec<u32>, Vec<u32>) = rows.partition(offered);
            let standing = standing(&plan, &wanted, &options, &named);
            let counted: u32 = standing.rejected.iter().map(|of| of.offerings).sum();
            assert_eq!((counted as usize, standing.candidates > 0), (left_out.len(), !met.is_empty()), "{text}");
        }
    }

    #[test]
    fn an_alternative_that_nothing_meets_is_found() {
        let (catalog, options) = (Catalog::embedded(), Options::default());
        let unmet = unmet(catalog, &[v100(1), v100(3)], 1, &options);
        let [(1, reasons, near)] = &unmet[..] else { panic!("{unmet:?}") };
        assert!(!reasons.is_empty() && !near.is_empty());
        assert!(super::unmet(catalog, &[v100(3)], 1, &options).is_empty(), "that is an error, not a warning");
    }
}
