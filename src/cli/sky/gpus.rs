//! `sky gpus list`.

use clap::{Args, Subcommand};

use crate::cli::catalogs::{self, CatalogArgs};
use crate::cli::{Console, Exit, Failure};
use crate::report::inventory::{Scope, machines, machines_table, models, models_table};

use super::Output;

/// What accelerators there are.
#[derive(Debug, Subcommand)]
pub(super) enum Gpus {
    /// List accelerators, or every machine that carries one.
    List(List),
}

/// Flags of `gpus list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// List the machines with this accelerator, and this number of it: `V100`, `V100:8`.
    accelerator: Option<String>,
    /// Only this cloud.
    #[arg(long)]
    cloud: Option<String>,
    /// List every machine with an accelerator.
    #[arg(short, long)]
    all: bool,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    catalogs: CatalogArgs,
}

pub(super) fn list(list: &List, console: &mut Console) -> Result<Exit, Failure> {
    if list.output == Output::Json {
        console.tell_errors_as_json();
    }
    let catalog = list.catalogs.load()?;
    let mut scope = Scope::default();
    if let Some(name) = &list.cloud {
        scope.cloud = Some(catalogs::cloud(catalog, name)?);
    }
    if let Some(wanted) = &list.accelerator {
        let (name, count) = wanted.split_once(':').map_or((wanted.as_str(), None), |(name, count)| (name, Some(count)));
        scope.accelerator = Some(catalogs::accelerator(catalog, name)?);
        scope.count_milli = count.map(milli).transpose()?;
    }
    if list.accelerator.is_some() || list.all {
        let machines = machines(catalog, scope);
        match list.output {
            Output::Json => console.json(&machines)?,
            Output::Table => console.table(&machines_table(&machines))?,
        }
    } else {
        let models = models(catalog, scope);
        match list.output {
            Output::Json => console.json(&models)?,
            Output::Table => {
                console.table(&models_table(&models))?;
                console.line("Prices are the lowest of any region, for the fewest devices there are.")?;
                console.line("To list the machines: sky gpus list V100, or --all.")?;
            }
        }
    }
    Ok(Exit::Done)
}

fn milli(count: &str) -> Result<u32, Failure> {
    let number: Option<f64> = count.parse().ok().filter(|n: &f64| *n > 0.0 && *n < 1e6);
    number.map(|n| (n * 1e3).round() as u32).ok_or_else(|| {
        Failure::usage(format!("'{count}' is not a number of accelerators"), "a positive number, as in V100:8")
    })
}
