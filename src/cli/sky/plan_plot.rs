//! `sky plan --plot`: cost against choice.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::{Console, Failure};
use crate::model::{CloudId, Money, Place};
use crate::optimizer::{Egress, GraphOptions, Plan, plan_graph};
use crate::report::explain::candidate_title;
use crate::report::plan_graph::Placed;
use crate::report::plot::{Allowed, Choices, DRAWN_UP_TO, Frontier, Picture, save};
use crate::request::Request;

/// Clouds beyond this many are too many for every combination to get a bar.
const CLOUDS: usize = 4;

fn written(picture: &impl Picture, path: &Path, console: &mut Console) -> Result<(), Failure> {
    save(picture, path)
        .map_err(|error| Failure::usage(error.to_string(), "choose a file that ends in .svg or .png"))?;
    console.note(format!("Drawn: {}", path.display()));
    Ok(())
}

/// The candidates of one task.
pub(super) fn one(path: &Path, plan: &Plan<'_>, request: &Request, console: &mut Console) -> Result<(), Failure> {
    let catalog = plan.catalog();
    let mut clouds: BTreeMap<CloudId, Vec<Money>> = BTreeMap::new();
    for candidate in plan.iter() {
        clouds.entry(candidate.offering.cloud).or_default().push(candidate.cost);
    }
    let mut clouds: Vec<(CloudId, Vec<Money>)> = clouds.into_iter().collect();
    for (_, costs) in &mut clouds {
        costs.sort_unstable();
    }
    let series = clouds.into_iter().map(|(cloud, costs)| {
        let label = format!("{}: {} from ${}", catalog.cloud_title(cloud), costs.len(), costs[0]);
        (label, costs.into_iter().map(Money::as_dollars).collect())
    });
    let labels: Vec<&str> = request.requirements.iter().map(|wanted| wanted.label.as_str()).collect();
    let best = plan.best().map_or_else(String::new, |best| candidate_title(catalog, &best));
    let nodes = if plan.nodes() == 1 { String::new() } else { format!(", {} nodes", plan.nodes()) };
    let picture = Choices {
        title: format!("Cost against choice: {}{nodes}", shortened(&labels.join(" or "))),
        subtitle: format!("chosen: {best}; what costs over {DRAWN_UP_TO} times the least is not drawn"),
        series: series.collect(),
    };
    written(&picture, path, console)
}

fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        text.to_owned()
    } else {
        text.chars().take(MOST - 3).chain("...".chars()).collect()
    }
}

/// Tasks placed together, and what they are placed by.
pub(super) struct Several<'a> {
    pub(super) placed: &'a Placed<'a>,
    pub(super) egress: &'a Egress,
    pub(super) options: &'a GraphOptions,
}

/// What several tasks cost with one region, and with each combination of clouds.
pub(super) fn several(path: &Path, several: &Several<'_>, console: &mut Console) -> Result<(), Failure> {
    let placed = several.placed;
    let catalog = placed.catalog();
    let clouds: Vec<CloudId> = catalog.clouds().take(CLOUDS).collect();
    let mut bars = vec![several.one_region()];
    for size in 1..=clouds.len() as u32 {
        let mut same: Vec<(Allowed, Money)> = (1u32..1 << clouds.len())
            .filter(|set| set.count_ones() == size)
            .map(|set| {
                let chosen: Vec<CloudId> =
                    (0..).zip(&clouds).filter(|(n, _)| set >> n & 1 == 1).map(|(_, c)| *c).collect();
                let names: Vec<&str> = chosen.iter().map(|cloud| catalog.cloud_title(*cloud)).collect();
                let inside = |place: &Place| place.cloud.is_some_and(|cloud| chosen.contains(&cloud));
                let cost = several.restricted(
                    &chosen.iter().map(|c| Place { cloud: Some(*c), ..Place::default() }).collect::<Vec<_>>(),
                    &inside,
                );
                let sum = cost.map_or(Money(i64::MAX), |(machines, moved)| machines + moved);
                (Allowed { label: names.join(" + "), cost: cost.map(split) }, sum)
            })
            .collect();
        same.sort_by_key(|(_, sum)| *sum);
        bars.extend(same.into_iter().map(|(bar, _)| bar));
    }
    let picture = Frontier {
        title: format!("What {} tasks cost, by where they may go", placed.requests.len()),
        subtitle: "the best plan under each restriction, with the tasks' own restrictions kept".to_owned(),
        bars,
    };
    written(&picture, path, console)
}

fn split((machines, moved): (Money, Money)) -> (f64, f64) {
    (machines.as_dollars(), moved.as_dollars())
}

impl Several<'_> {
    /// Dollars for machines and for moving data if only these places are allowed. `inside` is true of what lies in them.
    fn restricted(&self, places: &[Place], inside: &dyn Fn(&Place) -> bool) -> Option<(Money, Money)> {
        let graph = &self.placed.graph;
        let mut tasks = graph.tasks.clone();
        for task in &mut tasks {
            for wanted in &mut task.wanted {
                if wanted.places.is_empty() {
                    wanted.places = places.to_vec();
                } else {
                    wanted.places.retain(|place| inside(place));
                }
            }
            // No places would mean anywhere, so an alternative whose places are all forbidden goes.
            task.wanted.retain(|wanted| !wanted.places.is_empty());
        }
        let plan = plan_graph(self.placed.catalog(), &tasks, &graph.edges, self.egress, self.options).ok()?;
        let moved = plan.transfers.iter().fold(plan.inputs, |sum, transfer| sum + transfer.cost);
        Some((plan.cost - moved, moved))
    }

    /// All in the one region where that costs least.
    fn one_region(&self) -> Allowed {
        let catalog = self.placed.catalog();
        let cost = |region| {
            let cloud = catalog.region_cloud(region);
            // Of each task the best candidate there; without moving anything, tasks do not bear on each other.
            let best = |plan: &Plan<'_>| {
                plan.iter()
                    .take_while(|candidate| candidate.preference == plan.preference_at(0))
                    .filter(|candidate| candidate.offering.region == region)
                    .map(|candidate| candidate.cost)
                    .min()
            };
            let machines = self.placed.plans.iter().map(best).try_fold(Money::ZERO, |sum, cost| Some(sum + cost?))?;
            let inputs = self.placed.graph.outside.iter().filter(|data| data.input.from.cloud.is_some());
            let brought = inputs.map(|data| {
                let plan = &self.placed.plans[data.task as usize];
                let there = plan.iter().find(|candidate| candidate.offering.region == region)?;
                crate::optimizer::input_cost(catalog, self.egress, &data.input, &there).ok()
            });
            let moved = brought.into_iter().try_fold(Money::ZERO, |sum, cost| Some(sum + cost?))?;
            Some((machines + moved, region, cloud, (machines, moved)))
        };
        match catalog.regions().filter_map(cost).min_by_key(|(sum, region, ..)| (*sum, *region)) {
            Some((_, region, cloud, parts)) => Allowed {
                label: format!("{} {} alone", catalog.cloud_title(cloud), catalog.region_name(region)),
                cost: Some(split(parts)),
            },
            None => Allowed { label: "any one region".to_owned(), cost: None },
        }
    }
}
