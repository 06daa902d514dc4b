//! `sky catalog`: the price tables.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::catalog::Catalog;
use crate::cli::catalogs::CatalogArgs;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::report::grid::Grid;

use super::{Output, catalog_diff, catalog_update};

/// The price tables.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// What the tables hold, where they come from and how old they are.
    Info(Common),
    /// What looks wrong in them; exits with 2 if something surely is.
    Lint(Common),
    /// Fetch new tables, check them, and use them from now on.
    Update(catalog_update::UpdateArgs),
    /// Go back to the tables that are built in.
    Reset,
    /// Show what changed from one set of tables to another.
    Diff(catalog_diff::DiffArgs),
}

/// Flags of both.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    catalogs: CatalogArgs,
}

pub(super) fn run(command: &Command, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let common = match command {
        Command::Info(common) | Command::Lint(common) => common,
        Command::Update(args) => return catalog_update::update(args, environment, console),
        Command::Reset => return catalog_update::reset(environment, console),
        Command::Diff(args) => return catalog_diff::diff(args, console),
    };
    if common.output == Output::Json {
        console.tell_errors_as_json();
    }
    let catalog = common.catalogs.load()?;
    match (command, common.output) {
        (Command::Info(_), Output::Table) => info(catalog, environment, console),
        (Command::Info(_), Output::Json) => info_json(catalog, console),
        (_, output) => lint(catalog, output, console),
    }
}

fn info(catalog: &Catalog, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let info = catalog.info();
    console.line(format!("Catalog {}", info.hash))?;
    let mut clouds = Grid::new(["CLOUD", "ROWS", "ON-DEMAND", "SPOT", "TYPES", "REGIONS", "ZONES"]).right_from(1);
    for of in &info.clouds {
        let numbers = [of.rows, of.rows_on_demand, of.rows_spot, of.types, of.regions, of.zones];
        let name = catalog.cloud_title(of.cloud).to_owned();
        clouds.push(std::iter::once(name).chain(numbers.map(|n| n.to_string())));
    }
    console.table(&clouds.lines())?;
    let left_out =
        |rows| if rows == 0 { String::new() } else { format!(" ({rows} of places or types without a price)") };
    for table in &info.side_tables {
        console.line(format!("{}: {} rows{}", table.name, table.rows_read, left_out(table.rows_left_out)))?;
    }
    console.line(format!("{} accelerators", info.accelerators))?;
    if !info.sources.is_empty() {
        let mut sources = Grid::new(["FILE", "PART", "DATE", "AGE", "SOURCE", "LICENCE"]);
        for source in &info.sources {
            let age = source.age_days(environment.now().date()).map_or_else(String::new, |days| format!("{days} days"));
            sources.push([source.file, source.part, source.date, &age, source.source, source.licence]);
        }
        console.table(&sources.lines())?;
    }
    Ok(Exit::Done)
}

fn info_json(catalog: &Catalog, console: &mut Console) -> Result<Exit, Failure> {
    let info = catalog.info();
    let clouds = info.clouds.iter().map(|of| {
        json!({
            "cloud": catalog.cloud_name(of.cloud), "rows_read": of.rows_read, "rows": of.rows,
            "rows_on_demand": of.rows_on_demand, "rows_spot": of.rows_spot,
            "types": of.types, "regions": of.regions, "zones": of.zones,
        })
    });
    let sources = info.sources.iter().map(
        |of| json!({ "file": of.file, "part": of.part, "date": of.date, "source": of.source, "licence": of.licence }),
    );
    console.json(&json!({
        "schema": "sky.catalog/1",
        "hash": info.hash,
        "accelerators": info.accelerators,
        "clouds": clouds.collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
    }))?;
    Ok(Exit::Done)
}

fn lint(catalog: &Catalog, output: Output, console: &mut Console) -> Result<Exit, Failure> {
    let findings = catalog.lint();
    let errors = findings.iter().filter(|finding| finding.rule.is_error()).count();
    match output {
        Output::Table => {
            for finding in &findings {
                let level = if finding.rule.is_error() { "error" } else { "note" };
                console.line(format!("{level}: {finding}"))?;
            }
            console.line(format!("{} findings, {errors} of them errors", findings.len()))?;
        }
        Output::Json => {
            let of = |f: &crate::catalog::Finding| json!({ "rule": f.rule.name(), "error": f.rule.is_error(), "message": f.message });
            console.json(&findings.iter().map(of).collect::<Vec<_>>())?;
        }
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Usage })
}
