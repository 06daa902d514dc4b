//! Explanations in words: why this candidate, why not another one, why an alternative came to nothing.
//!
//! **Invariant:** every number is the optimizer's; differences are told against what was chosen.

use schemars::JsonSchema;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::{Candidate, CapacityType, Money, Requirement};
use crate::optimizer::{Drop, Explanation, Nearest, Plan, Rejection, Standing};

use super::grid::Grid;
use super::names::{Names as _, accelerators_text};
use super::plan::{RejectionRecord, suggestions};
use super::record::Offer;
use super::table::place;

/// An explanation for programs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExplanationRecord {
    /// `sky.explain/1`.
    pub schema: &'static str,
    /// The task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// What was chosen.
    pub chosen: Offer,
    /// How many candidates there are.
    pub candidates: u32,
    /// What comes second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner_up: Option<Offer>,
    /// The best of each other cloud.
    pub elsewhere: Vec<Offer>,
    /// What is cheaper than the chosen one and left out.
    pub cheaper_rejected: Vec<RejectionRecord>,
    /// Where what was asked about stands.
    pub why_not: Vec<StandingRecord>,
}

/// Where offerings of a name stand.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StandingRecord {
    /// The name, as asked.
    pub asked: String,
    /// How many candidates are among them.
    pub candidates: u32,
    /// Position of the first of them, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<Offer>,
    /// What it costs more than the chosen one, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_cost: Option<f64>,
    /// What the plan of all tasks would cost more with it, in dollars; only of several tasks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_extra_cost: Option<f64>,
    /// Those that are left out, by reason.
    pub rejected: Vec<RejectionRecord>,
}

impl ExplanationRecord {
    /// Names everything.
    pub fn of(plan: &Plan<'_>, task: Option<&str>, why: &Explanation, why_not: Vec<StandingRecord>) -> Self {
        let offer = |candidate: &Candidate| Offer::of_candidate(plan.catalog(), candidate);
        Self {
            schema: "sky.explain/1",
            task: task.map(str::to_owned),
            chosen: offer(&why.chosen),
            candidates: plan.len() as u32,
            runner_up: why.runner_up.as_ref().map(offer),
            elsewhere: why.elsewhere.iter().map(|(_, candidate)| offer(candidate)).collect(),
            cheaper_rejected: why.rejected.iter().map(RejectionRecord::of).collect(),
            why_not,
        }
    }
}

impl StandingRecord {
    /// Names everything.
    pub fn of(catalog: &Catalog, asked: &str, standing: &Standing, chosen: &Candidate, plan: Option<Money>) -> Self {
        let best = standing.best.as_ref();
        Self {
            asked: asked.to_owned(),
            candidates: standing.candidates,
            rank: best.map(|(position, _)| position + 1),
            best: best.map(|(_, candidate)| Offer::of_candidate(catalog, candidate)),
            extra_cost: best.map(|(_, candidate)| (candidate.cost - chosen.cost).as_dollars()),
            plan_extra_cost: plan.map(Money::as_dollars),
            rejected: standing.rejected.iter().map(RejectionRecord::of).collect(),
        }
    }
}

/// `GCP n1-highmem-8 (V100:1) in us-central1-a`.
pub fn candidate_title(catalog: &Catalog, candidate: &Candidate) -> String {
    let offering = &candidate.offering;
    let facts = catalog.instance_type(offering.instance_type);
    let spot = if offering.capacity == CapacityType::Spot { "[Spot]" } else { "" };
    let devices =
        facts.accelerator.map_or_else(String::new, |device| format!(" ({})", accelerators_text(Some(device))));
    format!("{} {}{spot}{devices} in {}", catalog.cloud_title(offering.cloud), facts.name, place(catalog, candidate))
}

/// `$0.11 (3.6 %) more`, `$1.20 (40.7 %) less`, `the same`.
pub fn difference(cost: Money, than: Money) -> String {
    let (apart, word) = if cost >= than { (cost - than, "more") } else { (than - cost, "less") };
    if apart == Money::ZERO {
        return "the same".to_owned();
    }
    let share =
        if than.0 > 0 { format!(" ({:.1} %)", apart.as_dollars() / than.as_dollars() * 100.0) } else { String::new() };
    // A price that rounds to nothing is still a difference.
    let amount = if apart.0 < 5_000 { format!("{:.6}", apart.as_dollars()) } else { apart.to_string() };
    format!("${amount}{share} {word}")
}

/// Why the first candidate is the first.
pub fn why(plan: &Plan<'_>, why: &Explanation) -> Vec<String> {
    let catalog = plan.catalog();
    let chosen = &why.chosen;
    let mut lines = vec![format!("Chosen: {}, ${}.", candidate_title(catalog, chosen), chosen.cost)];
    lines.push(match (&why.later, plan.len()) {
        (_, 1) => "  It is the only candidate.".to_owned(),
        (None, count) => format!("  Nothing among {count} candidates is cheaper."),
        (Some(later), _) => {
            let what = if later.count == 1 {
                "1 cheaper candidate comes".to_owned()
            } else {
                format!("{} cheaper candidates come", later.count)
            };
            let reason = if chosen.preference == later.cheapest.preference {
                "since preferred places, data to be brought in, or the time it takes count first"
            } else {
                "since the alternatives are in order of preference"
            };
            format!(
                "  {what} later, {reason}; the cheapest, {}, is number {} at ${}.",
                candidate_title(catalog, &later.cheapest),
                later.position + 1,
                later.cheapest.cost
            )
        }
    });
    if let Some(second) = &why.runner_up {
        let tie = if second.cost == chosen.cost && second.preference == chosen.preference {
            "; equal costs go by cloud, region, zone and type"
        } else {
            ""
        };
        lines.push(format!(
            "  Second: {}, ${}: {}{tie}.",
            candidate_title(catalog, second),
            second.cost,
            difference(second.cost, chosen.cost)
        ));
    }
    for (position, other) in &why.elsewhere {
        if why.runner_up.as_ref() == Some(other) {
            continue;
        }
        lines.push(format!(
            "  Best of another cloud: {}, number {} at ${}: {}.",
            candidate_title(catalog, other),
            position + 1,
            other.cost,
            difference(other.cost, chosen.cost)
        ));
    }
    lines
}

/// Where offerings of a name stand: their rank and difference, or the reasons against them.
pub fn why_not(plan: &Plan<'_>, asked: &str, standing: &Standing, chosen: &Candidate) -> Vec<String> {
    let catalog = plan.catalog();
    // Where several tasks are placed together the chosen one need not be the first, and the price of all decides.
    let is_first = plan.best().is_some_and(|first| first.offering == chosen.offering);
    let left_out: u32 = standing.rejected.iter().map(|of| of.offerings).sum();
    let mut lines = Vec::new();
    match &standing.best {
        None if left_out == 0 => {
            lines.push(format!("Why not {asked}: nothing of this name is offered, by the price tables."));
        }
        None => lines.push(format!("Why not {asked}: all {left_out} offerings of this name are left out.")),
        Some((_, best)) if best.offering == chosen.offering => {
            lines.push(format!("Why not {asked}: it is what was chosen."));
        }
        Some((position, best)) => {
            lines.push(format!(
                "Why not {asked}: it is number {} of {}, and costs {} than what was chosen.",
                position + 1,
                plan.len(),
                match difference(best.cost, chosen.cost).as_str() {
                    "the same" => "no more".to_owned(),
                    more => more.to_owned(),
                },
            ));
            let of = if standing.candidates == 1 {
                String::new()
            } else {
                format!(", the first of its {} candidates", standing.candidates)
            };
            lines.push(format!("  That is {}, ${}{of}.", candidate_title(catalog, best), best.cost));
            if best.cost == chosen.cost && best.preference == chosen.preference {
                lines.push("  Equal costs go by cloud, region, zone and type.".to_owned());
            } else if best.cost < chosen.cost && is_first {
                lines.push("  It comes later since a preference counts before the price.".to_owned());
            }
            if left_out > 0 {
                lines.push(format!("  {left_out} more offerings of this name are left out."));
            }
        }
    }
    lines
}

/// Offerings that are left out, by alternative and reason, with the cheapest of each as an example.
pub fn rejections(catalog: &Catalog, wanted: &[Requirement], rejected: &[Rejection]) -> Vec<String> {
    if rejected.is_empty() {
        return Vec::new();
    }
    let several = wanted.len() > 1;
    let mut head = if several { vec!["ALTERNATIVE"] } else { Vec::new() };
    head.extend(["LEFT OUT BECAUSE", "OFFERINGS", "THE CHEAPEST", "WHERE", "$/h"]);
    let mut grid = Grid::new(head);
    // Machines with other accelerators say least and are most: they come last.
    let mut rejected: Vec<&Rejection> = rejected.iter().collect();
    rejected.sort_by_key(|of| (of.alternative, of.reason == Drop::OtherAccelerator));
    for of in rejected {
        let alternative = wanted.get(of.alternative as usize);
        let mut row: Vec<String> = if several {
            vec![alternative.map_or_else(String::new, |wanted| wanted.label.clone())]
        } else {
            Vec::new()
        };
        row.extend([of.reason.describe().to_owned(), of.offerings.to_string()]);
        row.extend(
            of.cheapest.map_or_else(|| [(); 3].map(|()| "-".to_owned()), |(at, price)| example(catalog, at, price)),
        );
        grid.push(row);
    }
    grid.lines()
}

fn example(catalog: &Catalog, row: u32, price: Money) -> [String; 3] {
    let facts = catalog.instance_type(catalog.row_type(row));
    let devices =
        facts.accelerator.map_or_else(String::new, |device| format!(" ({})", accelerators_text(Some(device))));
    let region = catalog.row_region(row);
    let place = catalog.row_zone(row).map_or_else(|| catalog.region_name(region), |zone| catalog.zone_name(zone));
    let cloud = catalog.cloud_title(catalog.region_cloud(region));
    [format!("{cloud} {}{devices}", facts.name), place.to_owned(), cents(price)]
}

/// Two decimals, more where those would show nothing.
fn cents(price: Money) -> String {
    if price.0 < 100_000 { format!("{:.4}", price.as_dollars()) } else { price.to_string() }
}

/// `'A100:1 on azure/eastus' is met by nothing: ...`: an alternative that is lost while others are met.
pub fn unmet(catalog: &Catalog, label: &str, reasons: &[Rejection], near: &[Nearest]) -> String {
    let told = reasons.iter().filter(|of| of.reason != Drop::OtherAccelerator);
    let told: Vec<String> = told.map(|of| format!("{} ({})", of.reason.describe(), of.offerings)).collect();
    let why = if told.is_empty() {
        "none carries it".to_owned()
    } else {
        format!("offerings that come near are left out: {}", told.join(", "))
    };
    let nearest = suggestions(catalog, near).into_iter().next();
    let nearest = nearest.map_or_else(String::new, |near| format!("; the nearest there is, {near}"));
    format!("nothing that is offered meets the alternative '{label}': {why}{nearest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_both_ways() {
        let dollars = Money::from_dollars;
        assert_eq!(difference(dollars(3.06), dollars(2.95)), "$0.11 (3.7 %) more");
        assert_eq!(difference(dollars(1.0), dollars(4.0)), "$3.00 (75.0 %) less");
        assert_eq!(difference(dollars(1.0), dollars(1.0)), "the same");
        assert_eq!(difference(dollars(1.0), Money::ZERO), "$1.00 more");
        assert_eq!(difference(Money(1_001_000), Money(1_000_000)), "$0.001000 (0.1 %) more");
    }
}
