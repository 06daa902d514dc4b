//! `sky-sim show`: what a scenario's market comes to, pool by pool, with a picture of one trial.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::scenarios::ScenarioArgs;
use crate::cli::{Console, Exit, Failure, files};
use crate::model::{Span, Timestamp};
use crate::report::grid::Grid;
use crate::report::plot::{self, Gantt, Strip, Truth};
use crate::sim::Luck;
use crate::sim::market::Market;
use crate::sim::oracle;
use crate::sim::scenario::{Scenario, Share, ShownPool, Together, together};

/// Flags of `show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// How much time the picture shows; the scenario's horizon, or a day, if absent.
    #[arg(long, value_name = "DURATION")]
    window: Option<Span>,
    /// Which trial's luck the picture shows.
    #[arg(long, value_name = "N", default_value_t = 0)]
    trial: u64,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: ShowOutput,
    /// Also draw the picture as SVG and PNG into this directory.
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
}

/// How a market is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ShowOutput {
    /// For people.
    #[default]
    Table,
    /// One document.
    Json,
}

/// Parts of the window, one glyph each.
const PARTS: u64 = 72;
/// The more of a part there are machines, the fuller.
const GLYPHS: [&str; 5] = ["·", "░", "▒", "▓", "█"];

pub(super) fn run(args: &ShowArgs, console: &mut Console) -> Result<Exit, Failure> {
    let scenario = args.scenario.load(console)?;
    let market = scenario.market();
    let pools = scenario.shown(&market);
    let window = args.window.unwrap_or_else(|| scenario.window());
    if let Some(dir) = &args.plots {
        draw(args, &scenario, &market, &pools, window, dir)?;
        console.note(format!("pictures written to {}", dir.display()));
    }
    if args.output == ShowOutput::Json {
        console.json(&document(args, &scenario, &market, &pools, window))?;
        return Ok(Exit::Done);
    }
    console.line(&scenario.title)?;
    console.line("")?;
    if pools.is_empty() {
        console.line("Nothing offered meets what is demanded, so there is no pool to show.")?;
        return Ok(Exit::Done);
    }
    console.table(&table(&pools))?;
    if pools.iter().any(|pool| !pool.one.exact || !pool.all.exact) {
        console.line("≈ measured on sampled courses; all others follow from the laws.")?;
    }
    console.lines(words(&market, &pools))?;
    console.line(format!("\nTrial {}, {window}, a mark for {}:", args.trial, Span(window.0 / PARTS)))?;
    let width = pools.iter().map(|pool| label(pool).chars().count()).max().unwrap_or(0);
    for pool in &pools {
        let strip = scenario.strip(&market.pools[pool.pool], pool.wanted, args.trial, window, PARTS);
        let marks: String = strip.into_iter().map(glyph).collect();
        console.line(format!("{:width$} {marks}", label(pool)))?;
    }
    console.line(format!(
        "{} none of the time  {} some  {} all of it: as many nodes as are wanted",
        GLYPHS[0], GLYPHS[2], GLYPHS[4]
    ))?;
    Ok(Exit::Done)
}

/// When each pool has as many nodes as are wanted, in one trial.
fn draw(
    args: &ShowArgs,
    scenario: &Scenario,
    market: &Market,
    pools: &[ShownPool],
    window: Span,
    dir: &Path,
) -> Result<(), Failure> {
    let until = Timestamp::ZERO + window;
    let luck = Luck::new(scenario.seed, args.trial);
    let seconds = |at: Timestamp| at.since(Timestamp::ZERO).as_secs_f64();
    let truth = |pool: &ShownPool| {
        let (ask, nodes) = pool.ask;
        let open = oracle::course(market, luck, ask, nodes, until);
        let open = open.into_iter().map(|(from, to)| (seconds(from), seconds(to))).collect();
        Truth { place: label(pool), zones: vec![Strip { zone: pool.place.clone(), open }] }
    };
    let picture = Gantt {
        title: format!("What the market has in trial {}", args.trial),
        subtitle: format!("{} · seed {}", scenario.title, scenario.seed),
        bars: Vec::new(),
        truth: pools.iter().map(truth).collect(),
    };
    files::create_dir(dir)?;
    for ending in ["svg", "png"] {
        plot::save(&picture, &dir.join(format!("market.{ending}"))).map_err(|error| Failure::Plain {
            exit: Exit::Internal,
            message: error.to_string(),
            hint: String::new(),
        })?;
    }
    Ok(())
}

fn label(pool: &ShownPool) -> String {
    let place = pool.place.rsplit('/').next().unwrap_or(&pool.place);
    format!("{place} {} {}", pool.what, pool.capacity.name())
}

/// All and none are told apart from nearly all and nearly none.
fn glyph(share: f64) -> &'static str {
    match share {
        s if s <= 0.0 => GLYPHS[0],
        s if s >= 1.0 => GLYPHS[4],
        s if s < 1.0 / 3.0 => GLYPHS[1],
        s if s < 2.0 / 3.0 => GLYPHS[2],
        _ => GLYPHS[3],
    }
}

fn table(pools: &[ShownPool]) -> Vec<String> {
    let share = |share: Share| format!("{}{:.1} %", if share.exact { "" } else { "≈ " }, share.value * 100.0);
    let seconds = |mean: f64| Span::from_secs_f64(mean).to_string();
    let head = ["PLACE", "TYPE", "TERMS", "ONE NODE", "ALL NODES", "STOCK", "BY", "SHOCKS", "UP IN", "REFUSED IN"];
    let mut grid = Grid::new(head);
    for pool in pools {
        grid.push([
            pool.place.clone(),
            pool.what.clone(),
            pool.capacity.name().to_owned(),
            share(pool.one),
            share(pool.all),
            pool.stock.clone(),
            pool.selector.clone().unwrap_or_else(|| "(default)".to_owned()),
            if pool.shocks > 0 { pool.shocks.to_string() } else { "-".to_owned() },
            seconds(pool.launched),
            seconds(pool.stockout),
        ]);
    }
    grid.lines()
}

fn words(market: &Market, pools: &[ShownPool]) -> Vec<String> {
    let told = |where_: &str, of: Option<Together>| {
        of.map(|Together { mean, most, pairs }| {
            format!("Correlation of having a machine {where_}: {mean:.2} in the mean, {most:.2} at most, over {pairs} pairs of pools.")
        })
    };
    let [within, across] = together(market, pools);
    if pools.iter().all(|pool| pool.shocks == 0) {
        return vec!["No shocks: pools come and go independently of each other.".to_owned()];
    }
    told("within a region", within).into_iter().chain(told("across regions", across)).collect()
}

fn document(args: &ShowArgs, scenario: &Scenario, market: &Market, pools: &[ShownPool], window: Span) -> Value {
    let share = |share: Share| json!({ "value": share.value, "exact": share.exact });
    let pool = |pool: &ShownPool| {
        json!({
            "place": pool.place,
            "type": pool.what,
            "terms": pool.capacity.name(),
            "selector": pool.selector,
            "stock": pool.stock,
            "shocks": pool.shocks,
            "nodes_wanted": pool.wanted,
            "one_node": share(pool.one),
            "all_nodes": share(pool.all),
            "launched_s": pool.launched,
            "stockout_s": pool.stockout,
            "strip": scenario.strip(&market.pools[pool.pool], pool.wanted, args.trial, window, PARTS),
        })
    };
    let correlation = |of: Option<Together>| {
        of.map(|Together { mean, most, pairs }| json!({ "mean": mean, "most": most, "pairs": pairs }))
    };
    let [within, across] = together(market, pools);
    json!({
        "schema": "sky-sim.show/1",
        "title": scenario.title,
        "scenario_hash": scenario.hash,
        "trial": args.trial,
        "window_s": window.as_secs_f64(),
        "correlation": { "within_region": correlation(within), "across_regions": correlation(across) },
        "pools": pools.iter().map(pool).collect::<Vec<_>>(),
    })
}
