//! `sky catalog diff`: what changed from one set of price tables to another.

use clap::Args;
use serde_json::{Value, json};

use crate::catalog::{Diff, Offer};
use crate::cli::{Console, Exit, Failure, catalogs};
use crate::model::Money;
use crate::report::grid::Grid;

use super::Output;

/// Flags of `diff`.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A directory, or `shipped` (built in), `current` (in use), `previous` (in use before).
    #[arg(value_name = "BEFORE", default_value = "previous")]
    before: String,
    /// The same.
    #[arg(value_name = "AFTER", default_value = "current")]
    after: String,
    /// How many lines of each kind are shown; those with the largest change of price first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// How to tell it; JSON names all.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Offerings that differ in nothing but their zone, and changed alike.
struct Alike<'a> {
    offer: Offer<'a>,
    zones: usize,
    was: Option<Money>,
    is: Option<Money>,
}

pub(super) fn diff(args: &DiffArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let (before, after) = (catalogs::named(&args.before)?, catalogs::named(&args.after)?);
    let diff = before.diff(after);
    if args.output == Output::Json {
        console.json(&record(&diff, before.hash(), after.hash()))?;
        return Ok(Exit::Done);
    }
    let (added, removed, repriced) = (diff.added.len(), diff.removed.len(), diff.repriced.len());
    console.line(format!(
        "{added} offerings are new, {removed} are gone, {repriced} have another price, {} are as before.",
        diff.same
    ))?;
    let new: Vec<_> = diff.added.iter().map(|(offer, price)| (*offer, None, Some(*price))).collect();
    let gone: Vec<_> = diff.removed.iter().map(|(offer, price)| (*offer, Some(*price), None)).collect();
    let changed: Vec<_> = diff.repriced.iter().map(|(offer, was, is)| (*offer, Some(*was), Some(*is))).collect();
    for (title, list) in [("New", new), ("Gone", gone), ("Other price", changed)] {
        let mut alike = put_together(&list);
        alike.sort_by(|a, b| b.change().total_cmp(&a.change()));
        table(title, &alike, args.limit, console)?;
    }
    Ok(Exit::Done)
}

impl Alike<'_> {
    /// How far the price moved, as a factor of at least 1, whichever way.
    fn change(&self) -> f64 {
        self.factor().map_or(1.0, |factor| factor.max(1.0 / factor))
    }

    fn factor(&self) -> Option<f64> {
        let (was, is) = (self.was?.as_dollars(), self.is?.as_dollars());
        (was > 0.0).then(|| is / was)
    }
}

/// Zones of a region that changed alike are one line.
fn put_together<'a>(list: &[(Offer<'a>, Option<Money>, Option<Money>)]) -> Vec<Alike<'a>> {
    let mut found: std::collections::BTreeMap<_, Alike<'a>> = std::collections::BTreeMap::new();
    for (offer, was, is) in list {
        let offer = Offer { zone: None, ..*offer };
        let key = (offer, was.map(|price| price.0), is.map(|price| price.0));
        found.entry(key).or_insert(Alike { offer, zones: 0, was: *was, is: *is }).zones += 1;
    }
    found.into_values().collect()
}

fn table(title: &str, alike: &[Alike<'_>], limit: usize, console: &mut Console) -> Result<(), Failure> {
    if alike.is_empty() {
        return Ok(());
    }
    let mut grid =
        Grid::new(["CLOUD", "INSTANCE", "ACCELERATORS", "REGION", "ZONES", "BEFORE ($)", "NOW ($)", "FACTOR"])
            .right_from(4);
    for one in alike.iter().take(limit) {
        let spot = if one.offer.spot { "[Spot]" } else { "" };
        let price = |price: Option<Money>| price.map_or_else(String::new, |price| format!("{:.4}", price.as_dollars()));
        grid.push([
            one.offer.cloud.to_owned(),
            format!("{}{spot}", one.offer.instance_type),
            one.offer.accelerator.map_or_else(String::new, accelerator),
            one.offer.region.to_owned(),
            one.zones.to_string(),
            price(one.was),
            price(one.is),
            one.factor().map_or_else(String::new, |factor| format!("{factor:.2}")),
        ]);
    }
    console.line(format!("{title}:"))?;
    console.table(&grid.lines())?;
    match alike.len().saturating_sub(limit) {
        0 => Ok(()),
        rest => console.line(format!("and {rest} more; --limit shows them, -o json all")),
    }
}

fn accelerator((name, milli): (&str, u32)) -> String {
    format!("{name}:{}", f64::from(milli) / 1000.0)
}

fn record(diff: &Diff<'_>, before: &str, after: &str) -> Value {
    let of = |offer: &Offer<'_>, was: Option<Money>, is: Option<Money>| {
        json!({
            "cloud": offer.cloud, "instance_type": offer.instance_type,
            "accelerator": offer.accelerator.map(accelerator), "region": offer.region, "zone": offer.zone,
            "spot": offer.spot, "before": was.map(Money::as_dollars), "after": is.map(Money::as_dollars),
        })
    };
    json!({
        "schema": "sky.catalog-diff/1",
        "before": before,
        "after": after,
        "added": diff.added.iter().map(|(offer, price)| of(offer, None, Some(*price))).collect::<Vec<_>>(),
        "removed": diff.removed.iter().map(|(offer, price)| of(offer, Some(*price), None)).collect::<Vec<_>>(),
        "repriced": diff.repriced.iter().map(|(offer, was, is)| of(offer, Some(*was), Some(*is))).collect::<Vec<_>>(),
        "same": diff.same,
    })
}
