//! `sky cost-report`: what clusters have cost, at the prices they were launched for.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::ClusterError;
use crate::cluster::store::Usage;
use crate::model::{CapacityType, Money, Span};
use crate::report::grid::Grid;

use super::Output;
use super::live::{Live, Which};
use super::status::ago;

/// Flags of `cost-report`.
#[derive(Debug, Args)]
pub(super) struct CostArgs {
    /// Only clusters asked for in the last so many days.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    days: u32,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// One cluster's cost.
#[derive(Debug, Serialize)]
struct CostRecord {
    cluster: String,
    /// Seconds since the Unix epoch.
    asked_at: i64,
    running: bool,
    resources: String,
    nodes: u16,
    /// All nodes, in dollars.
    price_hourly: f64,
    seconds: f64,
    /// In dollars.
    cost: f64,
    /// Of that: what was launched and not kept.
    wasted: f64,
}

pub(super) fn run(args: &CostArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let live = Live::open(environment, Catalog::embedded(), Which::None)?;
    let now = live.context.now();
    let usage = live.context.store.usage(now).map_err(ClusterError::from)?;
    let clusters = live.context.store.clusters().map_err(ClusterError::from)?;
    let kept: Vec<_> = clusters.into_iter().filter_map(|cluster| cluster.held).map(|held| held.key).collect();
    let since = now - i64::from(args.days) * 86_400;
    let mut by_cluster: BTreeMap<String, Vec<Usage>> = BTreeMap::new();
    for one in usage.into_iter().filter(|one| one.running || one.asked_at >= since) {
        by_cluster.entry(one.uid.clone()).or_default().push(one);
    }
    let mut records: Vec<CostRecord> =
        by_cluster.into_values().map(|launches| record(&launches, |one| kept.contains(&one.key))).collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.asked_at));
    if args.output == Output::Json {
        console.json(&records)?;
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        console.line(format!("Nothing was launched in the last {} days.", args.days))?;
        return Ok(Exit::Done);
    }
    let head = ["NAME", "LAUNCHED", "RESOURCES", "STATUS", "RAN", "$/h", "COST ($)", "UNUSED ($)"];
    let mut grid = Grid::new(head).right_from(4);
    for record in &records {
        grid.push([
            record.cluster.clone(),
            ago(now - record.asked_at),
            format!("{}x {}", record.nodes, record.resources),
            if record.running { "RUNNING" } else { "-" }.to_owned(),
            Span::from_secs_f64(record.seconds).to_string(),
            Money::from_dollars(record.price_hourly).to_string(),
            Money::from_dollars(record.cost).to_string(),
            Money::from_dollars(record.wasted).to_string(),
        ]);
    }
    console.lines(grid.lines())?;
    let sum: f64 = records.iter().map(|record| record.cost).sum();
    console.line(format!(
        "Sum: ${}. Machines only, at list prices of the launch; disks and traffic are not in it.",
        Money::from_dollars(sum)
    ))?;
    Ok(Exit::Done)
}

/// All launches of one cluster. The last that is kept, or else the longest, is what it was; the others were not used.
fn record(launches: &[Usage], kept: impl Fn(&Usage) -> bool) -> CostRecord {
    let main = launches.iter().max_by_key(|one| (kept(one), one.ran)).expect("a cluster in the list has a launch");
    let cost: f64 = launches.iter().map(|one| one.cost().as_dollars()).sum();
    let spot = if main.capacity == CapacityType::Spot { "[Spot]" } else { "" };
    let with = main.accelerators.as_ref().map_or_else(String::new, |a| format!(" {a}"));
    CostRecord {
        cluster: main.cluster.clone(),
        asked_at: main.asked_at,
        running: launches.iter().any(|one| one.running),
        resources: format!("{}/{} {}{spot}{with}", main.cloud, main.region, main.instance_type),
        nodes: main.nodes,
        price_hourly: (main.price_hourly * i64::from(main.nodes)).as_dollars(),
        seconds: main.ran.as_secs_f64(),
        cost,
        wasted: cost - main.cost().as_dollars(),
    }
}
