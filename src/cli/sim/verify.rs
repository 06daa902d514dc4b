//! `sky-sim verify`: makes a result again and compares bytes.

use std::path::{Path, PathBuf};

use clap::{Args, Parser};

use crate::cli::{Console, Exit, Failure, files};
use crate::report::Manifest;
use crate::report::result::ResultRecord;
use crate::report::sweep::SWEPT_SCHEMA;

use super::{Command, SkySim, compare, run as study, sweep};

/// Flags of `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A document of `run`, `compare` or `sweep`, or a file of trials of `sweep` or `merge`. Scenarios are looked for where the
    /// manifest says, from the current directory on.
    #[arg(value_name = "RESULT")]
    path: PathBuf,
}

pub(super) fn run(args: &VerifyArgs, console: &mut Console) -> Result<Exit, Failure> {
    let (manifest, found, again) = make_again(&args.path, console)?;
    if found == again {
        console.line(format!("{}: the same {} bytes again", args.path.display(), found.len()))?;
        return Ok(Exit::Done);
    }
    console.line(format!("{}: not the same again", args.path.display()))?;
    console.lines(reasons(&manifest, &found, &again))?;
    Ok(Exit::Different)
}

fn make_again(path: &Path, console: &mut Console) -> Result<(Manifest, Vec<u8>, Vec<u8>), Failure> {
    let found = files::read_bytes(path)?;
    if found.starts_with(b"{\"schema\":\"sky-sim.sweep/") {
        let (_, header, table) = sweep::read_file(path)?;
        let Command::Sweep(args) = parse(path, &header.manifest)? else { return Err(foreign(path)) };
        let again = sweep::file(&args, table.trials(), console)?;
        return Ok((header.manifest, found, again));
    }
    let text = String::from_utf8_lossy(&found);
    if let Ok(swept) = serde_json::from_str::<Swept>(&text)
        && swept.schema == SWEPT_SCHEMA
    {
        let Command::Sweep(args) = parse(path, &swept.manifest)? else { return Err(foreign(path)) };
        let again = sweep::document(&args, console)?;
        return Ok((swept.manifest, found, again.into_bytes()));
    }
    let result = ResultRecord::read(&text).map_err(|error| not_a_result(path, &error))?;
    let Some(manifest) = result.studies.first().map(|study| study.manifest.clone()) else { return Err(foreign(path)) };
    let again = match parse(path, &manifest)? {
        Command::Run(args) => study::document(&args, console)?,
        Command::Compare(args) => compare::document(&args, console)?,
        _ => return Err(foreign(path)),
    };
    Ok((manifest, found, again.into_bytes()))
}

/// A sweep's document, as far as it is read back.
#[derive(serde::Deserialize)]
struct Swept {
    schema: String,
    manifest: Manifest,
}

/// The command of a manifest.
fn parse(path: &Path, manifest: &Manifest) -> Result<Command, Failure> {
    let words = std::iter::once("sky-sim").chain(manifest.arguments.iter().map(String::as_str));
    SkySim::try_parse_from(words).map(|sim| sim.command).map_err(|_| foreign(path))
}

/// A file that is no result.
pub(super) fn not_a_result(path: &Path, error: &str) -> Failure {
    let hint = "a document of `sky-sim run -o json` or `compare -o json` is needed";
    Failure::usage(format!("'{}' is not a result: {error}", path.display()), hint)
}

fn foreign(path: &Path) -> Failure {
    let message = format!("the manifest of '{}' names no command that this version knows", path.display());
    Failure::usage(message, "verify it with the version that made it")
}

/// Why bytes may differ: from the manifest first, and where they start to.
fn reasons(was: &Manifest, found: &[u8], again: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let now = manifest_of(again);
    let mut changed = |what: &str, was: &str, now: &str| {
        if was != now {
            lines.push(format!("  {what} was {was}, is {now}"));
        }
    };
    changed("the version", &was.version, env!("CARGO_PKG_VERSION"));
    if let Some(now) = now {
        changed("the scenario's hash", &was.scenario_hash, &now.scenario_hash);
        changed("the catalog's hash", &was.catalog_hash, &now.catalog_hash);
    }
    let at = found.iter().zip(again).take_while(|(a, b)| a == b).count();
    let line = found[..at].split(|byte| *byte == b'\n').count();
    lines.push(format!("  the first difference is at byte {at}, line {line}"));
    lines
}

fn manifest_of(document: &[u8]) -> Option<Manifest> {
    if let Ok(result) = ResultRecord::read(&String::from_utf8_lossy(document)) {
        return result.studies.first().map(|study| study.manifest.clone());
    }
    if let Ok(swept) = serde_json::from_slice::<Swept>(document) {
        return Some(swept.manifest);
    }
    let line = document.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice::<crate::report::sweep::SweepHeader>(line).ok().map(|header| header.manifest)
}
