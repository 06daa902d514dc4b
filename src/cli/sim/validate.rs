//! `sky-sim validate`: every error of scenario files at once; `sky-sim explain`: what a code means.

use std::path::PathBuf;

use clap::Args;

use crate::cli::catalogs::CatalogArgs;
use crate::cli::{Console, Exit, Failure, scenarios};
use crate::sim::scenario::codes;
use crate::yaml::did_you_mean;

/// Flags of `validate`.
#[derive(Debug, Args)]
pub(super) struct ValidateArgs {
    /// The scenarios, as YAML files.
    #[arg(value_name = "SCENARIO", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    catalogs: CatalogArgs,
}

pub(super) fn run(args: &ValidateArgs, console: &mut Console) -> Result<Exit, Failure> {
    let base = args.catalogs.load()?;
    let mut exit = Exit::Done;
    for path in &args.paths {
        match scenarios::load(path, base, &[], console) {
            Ok(scenario) => console.line(format!("{}: ok: {}", path.display(), scenario.title))?,
            Err(failure) => exit = console.fail(&failure),
        }
    }
    Ok(exit)
}

/// What a code of an error means.
pub(super) fn explain(code: &str, console: &mut Console) -> Result<Exit, Failure> {
    let Some(found) = codes::explain(code) else {
        let known = codes::ALL.iter().map(|known| known.code);
        let hint = did_you_mean(code, known).unwrap_or_else(|| "codes stand in brackets after a message".to_owned());
        return Err(Failure::usage(format!("no error has the code '{code}'"), hint));
    };
    let indented = |text: &'static str| text.lines().map(|line| format!("    {line}"));
    console.line(format!("{}: {}", found.code, found.what))?;
    console.line(found.why)?;
    console.line("\n  wrong:")?;
    console.lines(indented(found.wrong))?;
    console.line("\n  right:")?;
    console.lines(indented(found.right))?;
    Ok(Exit::Done)
}
