//! `sky availability`: what is believed about each place, from the refusals of the last minutes.

use clap::Args;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::ClusterError;
use crate::cluster::store::Belief;
use crate::model::Span;
use crate::report::grid::Grid;
use crate::report::log::scope_title;

use super::Output;
use super::live::{Live, Which};
use super::status::ago;

/// Flags of `availability`.
#[derive(Debug, Args)]
pub(super) struct AvailabilityArgs {
    /// Only what is said of this cloud, region or zone.
    #[arg(value_name = "PLACE")]
    place: Option<String>,
    /// Forget all of it: the next launch asks everywhere.
    #[arg(long)]
    forget: bool,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// One refusal that is still believed.
#[derive(Debug, Serialize)]
struct BeliefRecord {
    /// What it speaks for.
    scope: String,
    cause: &'static str,
    code: String,
    message: String,
    /// Seconds since the Unix epoch.
    met_at: i64,
    until: i64,
}

pub(super) fn run(args: &AvailabilityArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let catalog = Catalog::embedded();
    let live = Live::open(environment, catalog, Which::None)?;
    let (store, now) = (&live.context.store, live.context.now());
    let beliefs = store.beliefs(catalog, now, 0).map_err(ClusterError::from)?;
    let records: Vec<BeliefRecord> =
        latest(beliefs).iter().map(|belief| record(catalog, belief)).filter(|one| is_of(one, args)).collect();
    if args.forget {
        store.forget_beliefs().map_err(ClusterError::from)?;
        console.note("Forgotten: the next launch asks everywhere.");
    }
    if args.output == Output::Json {
        console.json(&records)?;
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        console.line("Nothing was refused lately, so nothing is believed to be out.")?;
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["WHERE AND WHAT", "WHY", "CODE", "MET", "BELIEVED FOR"]);
    for record in &records {
        let left = Span::from_secs((record.until - now).max(0) as u64);
        grid.push([
            record.scope.clone(),
            record.cause.to_owned(),
            record.code.clone(),
            ago(now - record.met_at),
            left.to_string(),
        ]);
    }
    console.lines(grid.lines())?;
    console.line("Launches pass these by until then; `sky launch --fresh` asks all the same.")?;
    Ok(Exit::Done)
}

/// Of several beliefs of one scope and cause, the last.
fn latest(beliefs: Vec<Belief>) -> Vec<Belief> {
    let mut kept: Vec<Belief> = Vec::new();
    for belief in beliefs {
        kept.retain(|other| (other.scope, other.cause) != (belief.scope, belief.cause));
        kept.push(belief);
    }
    kept
}

fn is_of(record: &BeliefRecord, args: &AvailabilityArgs) -> bool {
    let Some(place) = &args.place else { return true };
    record.scope.split(' ').any(|part| part.eq_ignore_ascii_case(place) || part.starts_with(&format!("{place}-")))
}

fn record(catalog: &Catalog, belief: &Belief) -> BeliefRecord {
    BeliefRecord {
        scope: scope_title(catalog, &belief.scope),
        cause: belief.cause.name(),
        code: belief.code.clone(),
        message: belief.message.clone(),
        met_at: belief.met_at,
        until: belief.until,
    }
}
