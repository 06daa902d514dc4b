//! A plan in full: every candidate in its order, what was left out and why, what comes near.
//!
//! **Invariant:** the order is the optimizer's; counts add up to what it dropped.

use schemars::JsonSchema;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::{Candidate, CapacityType, Requirement};
use crate::optimizer::{Drop, Nearest, Plan, Rejection, Relaxation};

use super::grid::Grid;
use super::log::place_title;
use super::names::{Names as _, accelerators_text, resources_title};
use super::record::Offer;
use super::table::amount;

/// A plan for programs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PlanRecord {
    /// `sky.plan/1`.
    #[schemars(extend("const" = "sky.plan/1"))]
    pub schema: &'static str,
    /// The task's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Nodes asked for.
    pub nodes: u16,
    /// SHA-256 of the price tables, hexadecimal.
    pub catalog_hash: String,
    /// The alternatives as they were understood.
    pub alternatives: Vec<String>,
    /// Every candidate, in the order they are ranked.
    pub candidates: Vec<Offer>,
    /// What was left out, by alternative and reason.
    pub rejected: Vec<RejectionRecord>,
    /// What is probably not as it was meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub warnings: Vec<String>,
}

/// Offerings that an alternative leaves out for one reason.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RejectionRecord {
    /// Which alternative, from 0.
    pub alternative: u16,
    /// The reason.
    pub reason: &'static str,
    /// How many: instance types in a zone, or in a region on a cloud without zones.
    pub offerings: u32,
    /// The least price among them, in dollars per hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cheapest_hourly: Option<f64>,
}

impl PlanRecord {
    /// Puts a plan together.
    pub fn of(plan: &Plan<'_>, task: Option<&str>, wanted: &[Requirement], rejected: &[Rejection]) -> Self {
        let catalog = plan.catalog();
        Self {
            schema: "sky.plan/1",
            task: task.map(str::to_owned),
            nodes: plan.nodes(),
            catalog_hash: catalog.hash().to_owned(),
            alternatives: wanted.iter().map(|wanted| wanted.label.clone()).collect(),
            candidates: plan.iter().map(|candidate| Offer::of_candidate(catalog, &candidate)).collect(),
            rejected: rejected.iter().map(RejectionRecord::of).collect(),
            warnings: Vec::new(),
        }
    }
}

impl RejectionRecord {
    /// Names the reason.
    pub fn of(of: &Rejection) -> Self {
        Self {
            alternative: of.alternative,
            reason: of.reason.describe(),
            offerings: of.offerings,
            cheapest_hourly: of.cheapest.map(|(_, price)| price.as_dollars()),
        }
    }
}

/// Every candidate as a table, numbered.
pub fn candidates(plan: &Plan<'_>) -> Vec<String> {
    let catalog = plan.catalog();
    let mut grid =
        Grid::new(["#", "CLOUD", "INSTANCE", "vCPUs", "Mem(GB)", "ACCELERATORS", "REGION", "ZONES", "COST ($)"]);
    for (n, candidate) in plan.iter().enumerate() {
        let offering = &candidate.offering;
        let facts = catalog.instance_type(offering.instance_type);
        let spot = if offering.capacity == CapacityType::Spot { "[Spot]" } else { "" };
        grid.push([
            (n + 1).to_string(),
            catalog.cloud_title(offering.cloud).to_owned(),
            format!("{}{spot}", facts.name),
            amount(f64::from(facts.vcpus_milli) / 1e3),
            amount(f64::from(facts.memory_mib) / 1024.0),
            accelerators_text(facts.accelerator),
            catalog.region_name(offering.region).to_owned(),
            zones(catalog, &candidate),
            candidate.cost.to_string(),
        ]);
    }
    grid.lines()
}

/// `us-east-1a, b, c`: the region's name is not repeated.
fn zones(catalog: &Catalog, candidate: &Candidate) -> String {
    let names: Vec<&str> = candidate.zones.as_slice().iter().map(|zone| catalog.zone_name(*zone)).collect();
    let region = catalog.region_name(candidate.offering.region);
    let short = |name: &&str| name.strip_prefix(region).map_or(*name, |rest| rest.trim_start_matches('-')).to_owned();
    if names.is_empty() { "-".to_owned() } else { names.iter().map(short).collect::<Vec<_>>().join(",") }
}

/// What was left out, as a table, and how much is not worth a line in it: machines with other accelerators.
pub fn rejections(wanted: &[Requirement], rejected: &[Rejection]) -> Vec<String> {
    let mut grid = Grid::new(["LEFT OUT BY", "BECAUSE", "OFFERINGS", "FROM ($/h)"]);
    let (others, told): (Vec<&Rejection>, Vec<&Rejection>) =
        rejected.iter().partition(|of| of.reason == Drop::OtherAccelerator);
    for of in told {
        let label = wanted.get(of.alternative as usize).map_or("", |wanted| wanted.label.as_str());
        let cheapest = of.cheapest.map_or_else(|| "-".to_owned(), |(_, price)| price.to_string());
        grid.push([label.to_owned(), of.reason.describe().to_owned(), of.offerings.to_string(), cheapest]);
    }
    let mut lines = if grid.is_empty() { Vec::new() } else { grid.lines() };
    lines.extend(others.iter().map(|of| of.offerings).max().map(|count| {
        format!("Offerings that carry other accelerators, or none where some are wanted: {count}, not listed.")
    }));
    lines
}

/// What to change so that something meets the request, one line each.
pub fn suggestions(catalog: &Catalog, nearest: &[Nearest]) -> Vec<String> {
    let line = |near: &Nearest| {
        let offering = &near.candidate.offering;
        let place = place_title(catalog, &offering.cloud, offering.region, &near.candidate.zones);
        format!(
            "{}: {} on {place} at ${}/h",
            giving_up(near.relaxed),
            resources_title(catalog, offering),
            offering.price_hourly
        )
    };
    nearest.iter().map(line).collect()
}

const fn giving_up(relaxed: Relaxation) -> &'static str {
    match relaxed {
        Relaxation::Count => "with another number of accelerators",
        Relaxation::Cpus => "with other vCPUs",
        Relaxation::Memory => "with other memory",
        Relaxation::Size => "with other vCPUs and memory",
        Relaxation::Places => "in another place",
        Relaxation::Price => "at a higher price",
        Relaxation::Capacity => "on other terms (spot or on-demand)",
        Relaxation::Everything => "with nothing else asked for",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AcceleratorCount;
    use crate::optimizer::{Options, plan};

    #[test]
    fn the_whole_order_is_told() {
        let catalog = Catalog::embedded();
        let accelerator = catalog.find_accelerator("V100").expect("V100");
        let wanted = [Requirement {
            accelerators: vec![AcceleratorCount { accelerator, count_milli: 1000 }],
            ..Requirement::default()
        }];
        let plan = plan(catalog, &wanted, 1, &Options::default());
        let lines = candidates(&plan);
        assert_eq!(lines.len(), plan.len() + 4);
        assert_eq!(lines[3].split_whitespace().take(3).collect::<Vec<_>>(), ["1", "GCP", "n1-highmem-8"]);
        let record = PlanRecord::of(&plan, None, &wanted, &[]);
        assert_eq!(record.candidates.len(), plan.len());
    }
}
