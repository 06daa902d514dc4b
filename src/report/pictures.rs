//! The pictures of a study, put together from its trials: the same for files and for the page.
//!
//! **Invariant:** a policy has the same colour in every picture of its study.

use crate::model::{Cause, Money, Outcome};
use crate::study::stats::{Estimate, Verdict};
use crate::study::{Arm, Judgement, Measure, Summary, Trial, prices, seconds_placed};

use super::plot::{Bars, Cdf, Picture, Range, Ranges, Scatter, Series, Spot, Stack, Stacks};
use super::study::outcome_name;

/// Attempts from here on share a bar.
const MANY_ATTEMPTS: u32 = 20;
/// Prices from here on share a bar.
const MANY_PRICES: usize = 10;

/// What there is to draw.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    /// What stands below every title: the scenario, trials, seed.
    pub subtitle: &'a str,
    /// The policies' trials.
    pub arms: &'a [Arm],
    /// What each adds up to.
    pub summaries: &'a [Summary],
    /// How they compare, where they do.
    pub judgement: Option<&'a Judgement>,
    /// The least that any candidate of the first request is listed at, all nodes, in dollars per hour.
    pub cheapest_listed: Option<Money>,
}

impl<'a> Drawn<'a> {
    fn trials(&self) -> impl Iterator<Item = (&'a str, &'a [Trial])> {
        self.arms.iter().map(|arm| (arm.name.as_str(), arm.trials.as_slice()))
    }

    fn summaries(&self) -> impl Iterator<Item = (&'a str, &'a Summary)> {
        self.arms.iter().map(|arm| arm.name.as_str()).zip(self.summaries)
    }

    /// All of them, with the names of their files.
    pub fn all(&self) -> Vec<(&'static str, Box<dyn Picture>)> {
        let mut all: Vec<(&'static str, Box<dyn Picture>)> = vec![("time-to-provision", Box::new(self.cdf()))];
        all.extend(self.scatter().map(|picture| ("cost-against-wait", Box::new(picture) as _)));
        all.extend(self.differences().map(|picture| ("differences", Box::new(picture) as _)));
        all.extend(self.regret().map(|picture| ("regret", Box::new(picture) as _)));
        all.push(("outcomes", Box::new(self.outcomes())));
        all.extend(self.refusals().map(|picture| ("refusals", Box::new(picture) as _)));
        all.push(("attempts", Box::new(self.attempts())));
        all.push(("price", Box::new(self.price())));
        all
    }

    /// Time to provision.
    pub fn cdf(&self) -> Cdf {
        let series = |(policy, trials): (&str, &[Trial])| Series {
            label: policy.to_owned(),
            seconds: seconds_placed(trials),
            trials: trials.len(),
        };
        let all_placed = self.trials().flat_map(|(_, trials)| trials).all(Trial::is_placed);
        let never = if all_placed { "" } else { " · what is missing to 100 % was never placed" };
        Cdf {
            title: "Time until everything asked for is up".to_owned(),
            subtitle: format!("{}{never}", self.subtitle),
            series: self.trials().map(series).collect(),
        }
    }

    /// Cost against wait; `None` where waits are not comparable.
    pub fn scatter(&self) -> Option<Scatter> {
        let judgement = self.judgement?;
        let limit = super::study::time(judgement.limit?);
        let spots = self.summaries().zip(&judgement.mean_waits).filter_map(|((policy, summary), wait)| {
            let (wait, cost) = (three((*wait)?), three(summary.price_hourly?));
            Some(Spot { label: policy.to_owned(), wait, cost })
        });
        let bound = judgement.bound.price_hourly;
        Some(Scatter {
            title: "Cost against wait".to_owned(),
            subtitle: format!("{} · hollow: another policy is cheaper and faster", self.subtitle),
            axis: format!("mean wait, up to {limit} (logarithmic)"),
            spots: spots.collect(),
            bound: bound.map(|bound| (bound.value, "clairvoyant: the cheapest that could be had".to_owned())),
        })
    }

    /// Factors against the baseline; `None` without a second policy.
    pub fn differences(&self) -> Option<Ranges> {
        let judgement = self.judgement.filter(|_| self.arms.len() > 1)?;
        let baseline = self.arms.get(judgement.baseline)?;
        let mut groups: Vec<(String, Vec<Range>)> = Vec::new();
        for row in judgement.rows.iter().filter(|row| row.measure != Measure::Success) {
            let Some(ratio) = row.ratio.filter(|ratio| ratio.value.is_finite()) else { continue };
            let range = Range {
                is_unclear: row.verdict == Verdict::Unclear,
                ..range(self.arms[row.arm].name.clone(), ratio, row.arm)
            };
            let head = row.measure.to_string();
            match groups.iter_mut().find(|(known, _)| *known == head) {
                Some((_, ranges)) => ranges.push(range),
                None => groups.push((head, vec![range])),
            }
        }
        Some(Ranges {
            title: format!("Against {}, on the same luck", baseline.name),
            subtitle: format!("{} · hollow and grey: may be luck", self.subtitle),
            axis: format!("factor: left of 1 is less than {} (logarithmic)", baseline.name),
            is_factor: true,
            unit: "",
            groups,
        })
    }

    /// What not having known the market costs; `None` where it is not known.
    pub fn regret(&self) -> Option<Ranges> {
        let judgement = self.judgement?;
        let regrets = self.arms.iter().zip(&judgement.regrets).enumerate();
        let ranges = regrets.filter_map(|(n, (arm, regret))| Some(range(arm.name.clone(), (*regret)?, n)));
        let ranges: Vec<Range> = ranges.collect();
        (!ranges.is_empty()).then(|| Ranges {
            title: "Regret: what not knowing the market costs".to_owned(),
            subtitle: format!("{} · over the requests that every policy placed", self.subtitle),
            axis: "above the cheapest that could be had at the moment of the request ($/h)".to_owned(),
            is_factor: false,
            unit: "$",
            groups: vec![(String::new(), ranges)],
        })
    }

    /// How requests ended.
    pub fn outcomes(&self) -> Stacks {
        let mut ends: Vec<Option<Outcome>> =
            self.summaries.iter().flat_map(|summary| &summary.outcomes).map(|(outcome, _)| *outcome).collect();
        ends.sort_by_key(|outcome| (*outcome != Some(Outcome::Placed), outcome_name(*outcome)));
        ends.dedup();
        let share = |summary: &Summary, end: &Option<Outcome>| {
            let count = summary.outcomes.iter().find(|(outcome, _)| outcome == end).map_or(0, |(_, count)| *count);
            count as f64 / summary.trials.max(1) as f64
        };
        // Placed is green; the others take what is left of the colours.
        let colours = [1, 4, 3, 6, 5, 0];
        let mut others = colours.into_iter().cycle();
        let parts = ends.iter().map(|end| {
            let series = if *end == Some(Outcome::Placed) { 2 } else { others.next().unwrap_or(0) };
            (outcome_name(*end).to_owned(), series)
        });
        Stacks {
            title: "How requests ended".to_owned(),
            subtitle: self.subtitle.to_owned(),
            axis: "share of requests".to_owned(),
            is_share: true,
            parts: parts.collect(),
            stacks: self
                .summaries()
                .map(|(policy, summary)| Stack {
                    label: policy.to_owned(),
                    parts: ends.iter().map(|end| share(summary, end)).collect(),
                })
                .collect(),
        }
    }

    /// Why calls were refused; `None` if none was.
    pub fn refusals(&self) -> Option<Stacks> {
        let causes: Vec<Cause> = Cause::ALL
            .into_iter()
            .filter(|cause| self.summaries.iter().any(|summary| summary.denials.iter().any(|(c, _)| c == cause)))
            .collect();
        let rate = |summary: &Summary, cause: &Cause| {
            let count = summary.denials.iter().find(|(c, _)| c == cause).map_or(0, |(_, count)| *count);
            count as f64 / summary.trials.max(1) as f64
        };
        let colours = [1, 3, 4, 6, 5, 0, 2];
        let part = |(n, cause): (usize, &Cause)| (cause.name().to_owned(), colours[n % colours.len()]);
        (!causes.is_empty()).then(|| Stacks {
            title: "Why launches were refused".to_owned(),
            subtitle: self.subtitle.to_owned(),
            axis: "refusals a request".to_owned(),
            is_share: false,
            parts: causes.iter().enumerate().map(part).collect(),
            stacks: self
                .summaries()
                .map(|(policy, summary)| Stack {
                    label: policy.to_owned(),
                    parts: causes.iter().map(|cause| rate(summary, cause)).collect(),
                })
                .collect(),
        })
    }

    /// Launch calls.
    pub fn attempts(&self) -> Bars {
        let counts = |trials: &[Trial]| trials.iter().map(|trial| trial.attempts).collect::<Vec<_>>();
        let most = self.trials().flat_map(|(_, trials)| trials).map(|trial| trial.attempts).max().unwrap_or(1);
        let many = most.clamp(1, MANY_ATTEMPTS);
        let value = |n: u32| if n == many && most > many { format!("{n}+") } else { n.to_string() };
        Bars {
            title: "Launch calls a request takes".to_owned(),
            subtitle: self.subtitle.to_owned(),
            axis: "launch calls".to_owned(),
            values: (1..=many).map(value).collect(),
            series: self.trials().map(|(p, t)| (p.to_owned(), Bars::shares(&counts(t), t.len(), many))).collect(),
            mark: None,
        }
    }

    /// Prices obtained.
    pub fn price(&self) -> Bars {
        let trials: Vec<&[Trial]> = self.trials().map(|(_, trials)| trials).collect();
        let table = prices(trials.iter().copied(), MANY_PRICES);
        let mark = self.cheapest_listed.map(|price| (table.position(price), format!("cheapest listed: ${price}/h")));
        let mut values: Vec<String> = table.prices.iter().map(ToString::to_string).collect();
        if let Some(last) = values.last_mut().filter(|_| table.is_open) {
            last.push('+');
        }
        if table.shares.iter().any(|shares| shares.last().is_some_and(|never| *never > 0.0)) {
            values.push("never".to_owned());
        }
        Bars {
            title: "Price obtained, against the cheapest there is".to_owned(),
            subtitle: self.subtitle.to_owned(),
            axis: "price of all nodes obtained ($/h)".to_owned(),
            values,
            series: self.trials().zip(table.shares).map(|((policy, _), shares)| (policy.to_owned(), shares)).collect(),
            mark,
        }
    }
}

/// A value and the ends of its interval; a value without one has its own.
fn three(estimate: Estimate) -> [f64; 3] {
    let ends = estimate.interval.map_or((estimate.value, estimate.value), |ends| (ends.low, ends.high));
    [estimate.value, ends.0, ends.1]
}

fn range(label: String, estimate: Estimate, series: usize) -> Range {
    let [value, low, high] = three(estimate);
    Range { label, value, ends: (low, high), series, is_unclear: false }
}
