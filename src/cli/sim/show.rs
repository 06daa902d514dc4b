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
use crate::sim::scenario::{Scenario, Share, ShownPool, Together, idle, together};

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

/// Parts of the window, one glyph each, where there is room for them.
const PARTS: u64 = 72;
/// Columns of what is no terminal.
const USUAL_WIDTH: usize = 120;
/// Fewer tell nothing.
const FEWEST_PARTS: usize = 24;
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
    let kinds = Kind::all(&pools);
    console.table(&table(&pools, &kinds))?;
    if pools.iter().any(|pool| !pool.one.exact || !pool.all.exact) {
        console.line("≈ measured on sampled courses; all others follow from the laws.")?;
    }
    console.line("\nStocks, each by the line that gives it:")?;
    console.lines(kinds.iter().enumerate().flat_map(|(n, kind)| kind.lines(n + 1)))?;
    for (line, by) in idle(&pools) {
        let by: Vec<String> = by.iter().map(|by| format!("'{by}'")).collect();
        console.line(format!("The line '{line}' decides no stock: {} counts more.", by.join(" or ")))?;
    }
    console.line("")?;
    console.lines(words(&market, &pools))?;
    picture(args, &scenario, &market, &pools, window, console)
}

/// A line of marks a pool: how much of each part of the window it has what is wanted.
fn picture(
    args: &ShowArgs,
    scenario: &Scenario,
    market: &Market,
    pools: &[ShownPool],
    window: Span,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let labels = labels(pools);
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let room = console.width().unwrap_or(USUAL_WIDTH).saturating_sub(width + 1);
    let parts = room.clamp(FEWEST_PARTS, PARTS as usize) as u64;
    console.line(format!("\nTrial {}, {window}, a mark for {}:", args.trial, Span(window.0 / parts)))?;
    for (pool, label) in pools.iter().zip(&labels) {
        let strip = scenario.strip(&market.pools[pool.pool], pool.wanted, args.trial, window, parts);
        let marks: String = strip.into_iter().map(glyph).collect();
        console.line(format!("{label:width$} {marks}"))?;
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
    let truth = |(pool, label): (&ShownPool, &String)| {
        let (ask, nodes) = pool.ask;
        let open = oracle::course(market, luck, ask, nodes, until);
        let open = open.into_iter().map(|(from, to)| (seconds(from), seconds(to))).collect();
        Truth { place: label.clone(), zones: vec![Strip { zone: pool.place.clone(), open }] }
    };
    let labels = labels(pools);
    let picture = Gantt {
        title: format!("What the market has in trial {}", args.trial),
        subtitle: format!("{} · seed {}", scenario.title, scenario.seed),
        bars: Vec::new(),
        truth: pools.iter().zip(&labels).map(truth).collect(),
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

/// The cloud and the zone: `gcp/us-west1-a`.
fn place(pool: &ShownPool) -> String {
    match (pool.place.split_once('/'), pool.place.rsplit_once('/')) {
        (Some((cloud, _)), Some((_, zone))) => format!("{cloud}/{zone}"),
        _ => pool.place.clone(),
    }
}

/// What a line of the picture is called: its place, and as much more as tells it from the others.
fn labels(pools: &[ShownPool]) -> Vec<String> {
    let differs = |of: &dyn Fn(&ShownPool) -> String| {
        let cloud = |pool: &ShownPool| pool.place.split('/').next().map(str::to_owned);
        pools.iter().any(|one| pools.iter().any(|other| cloud(one) == cloud(other) && of(one) != of(other)))
    };
    let (kinds, terms) = (differs(&|pool| pool.what.clone()), differs(&|pool| pool.capacity.name().to_owned()));
    let label = |pool: &ShownPool| {
        let kind = if kinds { format!(" {}", pool.what) } else { String::new() };
        let terms = if terms { format!(" {}", pool.capacity.name()) } else { String::new() };
        format!("{}{kind}{terms}", place(pool))
    };
    pools.iter().map(label).collect()
}

/// A stock that many pools have, with the line that gives it and what else is true of it.
#[derive(Debug, PartialEq)]
struct Kind<'p> {
    selector: &'p str,
    stock: &'p str,
    also: &'p [String],
}

impl<'p> Kind<'p> {
    fn of(pool: &'p ShownPool) -> Self {
        Self { selector: pool.selector.as_deref().unwrap_or("(no line)"), stock: &pool.stock, also: &pool.also }
    }

    fn all(pools: &'p [ShownPool]) -> Vec<Self> {
        let mut kinds: Vec<Self> = Vec::new();
        for kind in pools.iter().map(Self::of) {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }

    fn lines(&self, number: usize) -> Vec<String> {
        let mut lines = vec![format!("{number:3}  {}: {}", self.selector, self.stock)];
        lines.extend(self.also.iter().map(|also| format!("       {also}")));
        lines
    }
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

fn table(pools: &[ShownPool], kinds: &[Kind<'_>]) -> Vec<String> {
    let share = |share: Share| format!("{}{:.1} %", if share.exact { "" } else { "≈ " }, share.value * 100.0);
    let seconds = |mean: f64| Span::from_secs_f64(mean).to_string();
    // Of one node there is nothing more to say than of all.
    let is_gang = pools.iter().any(|pool| pool.ask.1 > 1);
    let mut head = vec!["PLACE", "TYPE", "TERMS", if is_gang { "ONE NODE" } else { "AVAILABLE" }];
    head.extend(is_gang.then_some("ALL NODES"));
    head.extend(["UP IN", "REFUSED IN", "SHOCKS", "STOCK"]);
    let mut grid = Grid::new(head);
    for pool in pools {
        let mut row = vec![place(pool), pool.what.clone(), pool.capacity.name().to_owned(), share(pool.one)];
        row.extend(is_gang.then(|| share(pool.all)));
        row.extend([seconds(pool.launched), seconds(pool.stockout)]);
        row.push(if pool.shocks > 0 { pool.shocks.to_string() } else { "-".to_owned() });
        let kind = Kind::of(pool);
        row.push(kinds.iter().position(|known| *known == kind).map_or_else(String::new, |at| (at + 1).to_string()));
        grid.push(row);
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
            "also": pool.also,
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
