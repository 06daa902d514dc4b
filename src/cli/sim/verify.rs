//! `sky-sim verify`: makes a result again and compares bytes.

use std::io::{self, BufRead, Write};
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
    let Again { was, now, same, difference } = make_again(&args.path, console)?;
    let Some(line) = difference else {
        console.line(format!("{}: the same {same} bytes again", args.path.display()))?;
        return Ok(Exit::Done);
    };
    console.line(format!("{}: not the same again", args.path.display()))?;
    console.lines(changes(&was, now.as_ref()))?;
    console.line(format!("  the first difference is at byte {same}, line {line}"))?;
    Ok(Exit::Different)
}

/// A result, made again.
struct Again {
    /// What made it then,
    was: Manifest,
    /// and now.
    now: Option<Manifest>,
    /// Bytes that are the same, from the first on.
    same: u64,
    /// The line of the first that is not.
    difference: Option<usize>,
}

fn make_again(path: &Path, console: &mut Console) -> Result<Again, Failure> {
    if files::starts_with(path, b"{\"schema\":\"sky-sim.sweep/")? {
        return trials_again(path, console);
    }
    let found = files::read_bytes(path)?;
    let text = String::from_utf8_lossy(&found);
    let (was, again) = document_again(path, &text, console)?;
    let mut against = Against::new(&found[..]);
    against.write_all(again.as_bytes())?;
    against.end(was, manifest_of(&again))
}

/// A file of trials, row by row.
fn trials_again(path: &Path, console: &mut Console) -> Result<Again, Failure> {
    let (mut reader, mut row) = (sweep::open(path)?, Vec::new());
    let head = reader.head().clone();
    let was = sweep::parsed(path, &head)?.manifest;
    // To the end once, so that a damaged file is not called another one.
    while reader.next(&mut row).map_err(|error| sweep::wrong(path, &error))? {}
    let Command::Sweep(args) = parse(path, &was)? else { return Err(foreign(path)) };
    let mut against = Against::new(files::open(path)?);
    let now = sweep::file(&args, head.trials, &mut against, console)?;
    against.end(was, Some(now))
}

/// A document of `run`, `compare` or `sweep`, with the manifest of what it was.
fn document_again(path: &Path, text: &str, console: &mut Console) -> Result<(Manifest, String), Failure> {
    if let Ok(swept) = serde_json::from_str::<Swept>(text)
        && swept.schema == SWEPT_SCHEMA
    {
        let Command::Sweep(args) = parse(path, &swept.manifest)? else { return Err(foreign(path)) };
        return Ok((swept.manifest, sweep::document(&args, console)?));
    }
    let result = ResultRecord::read(text).map_err(|error| not_a_result(path, &error))?;
    let Some(manifest) = result.studies.first().map(|study| study.manifest.clone()) else { return Err(foreign(path)) };
    let again = match parse(path, &manifest)? {
        Command::Run(args) => study::document(&args, console)?,
        Command::Compare(args) => compare::document(&args, console)?,
        _ => return Err(foreign(path)),
    };
    Ok((manifest, again))
}

/// Takes bytes, and compares them with those that were found.
struct Against<R> {
    found: R,
    same: u64,
    line: usize,
    differs: bool,
}

impl<R: BufRead> Against<R> {
    const fn new(found: R) -> Self {
        Self { found, same: 0, line: 1, differs: false }
    }

    /// What came of it, once all bytes are there.
    fn end(mut self, was: Manifest, now: Option<Manifest>) -> Result<Again, Failure> {
        let is_same = !self.differs && self.found.fill_buf()?.is_empty();
        Ok(Again { was, now, same: self.same, difference: (!is_same).then_some(self.line) })
    }
}

impl<R: BufRead> Write for Against<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.differs || bytes.is_empty() {
            return Ok(bytes.len());
        }
        let found = self.found.fill_buf()?;
        let at_most = found.len().min(bytes.len());
        let same = found.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        self.line += found[..same].split(|byte| *byte == b'\n').count() - 1;
        self.differs = same < at_most || found.is_empty();
        self.found.consume(same);
        self.same += same as u64;
        Ok(if self.differs { bytes.len() } else { same })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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

/// Why bytes may differ, as far as manifests tell.
fn changes(was: &Manifest, now: Option<&Manifest>) -> Vec<String> {
    let mut lines = Vec::new();
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
    lines
}

fn manifest_of(document: &str) -> Option<Manifest> {
    if let Ok(result) = ResultRecord::read(document) {
        return result.studies.first().map(|study| study.manifest.clone());
    }
    serde_json::from_str::<Swept>(document).ok().map(|swept| swept.manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that are the same, the line of the first that is not and whether there is one.
    fn against(found: &str, again: &[&str]) -> (u64, usize, bool) {
        let mut against = Against::new(found.as_bytes());
        for part in again {
            against.write_all(part.as_bytes()).expect("memory");
            assert_eq!(against.write(&[]).expect("memory"), 0);
        }
        let is_over = against.found.is_empty();
        (against.same, against.line, against.differs || !is_over)
    }

    #[test]
    fn the_first_difference_is_found_however_bytes_come() {
        assert_eq!(against("a\nb\n", &["a", "\nb\n"]), (4, 3, false));
        assert_eq!(against("a\nb\n", &["a\n", "c\n"]), (2, 2, true));
        assert_eq!(against("a\nb\n", &["a\nb"]), (3, 2, true), "too short");
        assert_eq!(against("a\nb", &["a\nb\n"]), (3, 2, true), "too long");
        assert_eq!(against("", &[]), (0, 1, false));
    }
}
