//! `sky-sim sweep`: policies over a grid of parameters, whole or in pieces; `sky-sim merge`: the pieces put together.

use std::fs::File;
use std::io::{BufReader, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use crate::cli::catalogs::CatalogArgs;
use crate::cli::files::{self, NotWritten};
use crate::cli::scenarios::{self, name_of};
use crate::cli::{Console, Environment, Failure};
use crate::engine::policy::PolicyName;
use crate::report::Manifest;
use crate::report::sweep::{At, SWEEP_SCHEMA, SweepHeader, SweptRecord, csv, jobs_table, markdown, table};
use crate::sim::market::Market;
use crate::sim::scenario::Scenario;
use crate::study::stats::Level;
use crate::study::{
    ArchiveError, Arm, Arms, Axis, Head, Layout, Reader, Shard, Summary, Writer, in_order, points, shard, windows,
};

use super::common::{Threads, manifest, policies, summaries, text_of};
use super::progress::Progress;

/// Flags of `sweep`.
#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    /// The scenario, as a YAML file.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,
    /// Values for one of the scenario's parameters; may be repeated, and every combination is run.
    #[arg(long = "set", value_name = "NAME=A,B,C", value_parser = axis)]
    axes: Vec<Axis>,
    #[command(flatten)]
    catalogs: CatalogArgs,
    /// Policies, separated by commas, or `all`; the scenario's own if absent.
    #[arg(long, value_name = "NAMES")]
    policies: Option<String>,
    /// Trials a policy and point; the scenario's own number if absent.
    #[arg(short = 'n', long, value_parser = clap::value_parser!(u64).range(1..))]
    trials: Option<u64>,
    /// Seed of all luck; the scenario's own if absent.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    threads: Threads,
    /// Run only this piece of the trials: `2/8`. Within a Slurm array the piece is the task's own.
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Run one of so many pieces; which one is what a Slurm array or a Kubernetes Indexed Job says.
    #[arg(long, value_name = "N", conflicts_with = "shard", value_parser = clap::value_parser!(u64).range(1..))]
    shards: Option<u64>,
    /// Where the file of trials goes.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// How to tell what came of it, once it is whole.
    #[arg(short, long, value_enum, default_value_t)]
    output: SweepOutput,
}

/// Flags of `merge`.
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// The files that the pieces wrote, in any order.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Where the whole goes.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// How to tell what came of it.
    #[arg(long, value_enum, default_value_t)]
    format: SweepOutput,
}

/// How a sweep is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum SweepOutput {
    /// For people.
    #[default]
    Table,
    /// For a document or a pull request.
    Markdown,
    /// A line a point and policy.
    Csv,
    /// One document, with a manifest.
    Json,
}

/// A sweep that is about to run.
struct Prepared {
    header: SweepHeader,
    layout: Layout,
    scenarios: Vec<Scenario>,
}

pub(super) fn run(args: &SweepArgs, environment: &Environment, console: &mut Console) -> Result<(), Failure> {
    let piece = match args.shard {
        Some(piece) => Some(piece),
        None => environment.array_task.shard(args.shards).map_err(|error| Failure::usage(error.to_string(), ""))?,
    };
    if let (None, Some(pieces)) = (piece, args.shards) {
        let hint = format!("give --shard I/{pieces}, or run it as an array of a batch system");
        return Err(Failure::usage("nothing says which of the pieces this is", hint));
    }
    let prepared = args.prepare(console)?;
    let trials = prepared.header.manifest.trials;
    let whole = Shard { index: 1, pieces: 1 };
    let Shard { index, pieces } = piece.unwrap_or(whole);
    let range = shard(trials, index, pieces).unwrap_or(0..trials);
    let name = name_of(&args.path);
    let name = if piece.is_some() { format!("{name}.{index}-of-{pieces}.trials") } else { format!("{name}.trials") };
    files::create_dir(&args.out)?;
    let file = args.out.join(name);
    let all = files::write_by(&file, |out| prepared.run(args.threads, range.clone(), out))?;
    if piece.is_none() {
        tell(&prepared.header, &all, args.output, console)?;
    }
    let count = range.end - range.start;
    console.note(format!("{count} trials a point and policy written to {}", file.display()));
    Ok(())
}

/// The file of these trials, made again; returns its manifest.
pub(super) fn file(
    args: &SweepArgs,
    trials: Range<u64>,
    out: impl Write,
    console: &mut Console,
) -> Result<Manifest, Failure> {
    let prepared = args.prepare(console)?;
    prepared.run(args.threads, trials, out).map_err(NotWritten::failure)?;
    Ok(prepared.header.manifest)
}

impl SweepArgs {
    /// The axes of the command line, and those of the scenario's matrix that it does not name.
    fn axes_of(&self, scenario: &Scenario) -> Vec<Axis> {
        let given = |name: &str| self.axes.iter().any(|(known, _)| known == name);
        let own = scenario.matrix.iter().filter(|(name, _)| !given(name)).cloned();
        self.axes.iter().cloned().chain(own).collect()
    }

    fn prepare(&self, console: &mut Console) -> Result<Prepared, Failure> {
        let catalog = self.catalogs.load()?;
        let plain = scenarios::load(&self.path, catalog, &[], console)?;
        let axes = self.axes_of(&plain);
        let points = points(&axes);
        let mut load = |point| scenarios::load(&self.path, catalog, point, console);
        let scenarios: Vec<Scenario> = points.iter().map(|point| load(point)).collect::<Result<_, _>>()?;
        let demands = plain.demands.len();
        if scenarios.iter().any(|scenario| scenario.demands.len() != demands) {
            return Err(Failure::usage(
                "the points of a sweep must have the same number of demands",
                "sweep them apart",
            ));
        }
        let policies: Vec<PolicyName> = policies(self.policies.as_deref(), &plain)?;
        let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
        let (seed, trials) = (self.seed.unwrap_or(plain.seed), self.trials.unwrap_or(plain.trials));
        let mut words = vec!["sweep".to_owned(), self.path.display().to_string()];
        let set = |(name, values): &Axis| ["--set".to_owned(), format!("{name}={}", values.join(","))];
        words.extend(axes.iter().flat_map(set).chain(self.catalogs.given()));
        let flags = [("--policies", names.join(",")), ("--trials", trials.to_string()), ("--seed", seed.to_string())];
        words.extend(flags.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        let manifest = manifest(&self.path, &plain, (seed, trials), names, words);
        let has_jobs = scenarios.iter().any(Scenario::has_jobs);
        let layout = Layout { points: points.len(), policies, demands, has_jobs };
        let header = SweepHeader { schema: SWEEP_SCHEMA.to_owned(), manifest, demands, has_jobs, points };
        Ok(Prepared { header, layout, scenarios })
    }
}

impl Prepared {
    /// Runs these trials at every point and writes their file, some trials of all points at a time.
    fn run(&self, threads: Threads, trials: Range<u64>, out: impl Write) -> Result<Vec<Vec<Arm>>, NotWritten> {
        let header = serde_json::to_string(&self.header)?;
        let mut writer = Writer::new(out, &Head { header, width: self.layout.width(), trials: trials.clone() })?;
        let policies = &self.layout.policies;
        let progress = Progress::new((trials.end - trials.start) * (policies.len() * self.scenarios.len()) as u64);
        let markets: Vec<Market> = self.scenarios.iter().map(Scenario::market).collect();
        let at = |(scenario, market)| {
            Arms::new(scenario, market, policies, self.header.manifest.seed).keeping(self.layout.keep())
        };
        let mut points: Vec<Arms<'_>> = self.scenarios.iter().zip(&markets).map(at).collect();
        for window in windows(trials, self.layout.requests()) {
            let run = |arms: &Arms<'_>| arms.run(window.clone(), |more| progress.add(more));
            let all: Vec<Vec<Arm>> = threads.install(|| points.par_iter().map(run).collect())?;
            self.layout.rows(&all, |row| writer.row(row))?;
            points.iter_mut().zip(all).for_each(|(arms, later)| arms.take(later));
        }
        progress.finish();
        writer.finish()?;
        Ok(points.into_iter().map(|arms| arms.arms).collect())
    }
}

pub(super) fn merge(args: &MergeArgs, console: &mut Console) -> Result<(), Failure> {
    let heads = args.files.iter().map(|path| Ok(open(path)?.head().clone()));
    let heads = heads.collect::<Result<Vec<Head>, Failure>>()?;
    let (Some(first), Some(path)) = (heads.first(), args.files.first()) else { return Ok(()) };
    let parsed = parsed(path, first)?;
    let trials = 0..parsed.manifest.trials;
    let order = in_order(&heads, trials.end).map_err(|error| plain(&error))?;
    let layout = layout(&parsed)?;
    let all = files::write_by(&args.out, |out| {
        let mut writer = Writer::new(out, &Head { trials, ..first.clone() })?;
        let mut all = layout.empty();
        for path in order.into_iter().map(|at| &args.files[at]) {
            read_rows(path, &layout, &mut all, |row| writer.row(row))?;
        }
        writer.finish()?;
        Ok(all)
    })?;
    tell(&parsed, &all, args.format, console)?;
    console.note(format!("{} pieces merged into {}", args.files.len(), args.out.display()));
    Ok(())
}

/// Hands the rows of a file over and adds up what they say.
fn read_rows(
    path: &Path,
    layout: &Layout,
    all: &mut [Vec<Arm>],
    mut each: impl FnMut(&[u64]) -> std::io::Result<()>,
) -> Result<(), NotWritten> {
    let mut reader = open(path)?;
    let (mut row, mut window) = (Vec::new(), layout.empty());
    let mut add = |window: Vec<Vec<Arm>>| {
        let points = all.iter_mut().zip(window);
        let arms = points.flat_map(|(arms, later)| arms.iter_mut().zip(later));
        arms.for_each(|(arm, later)| arm.take(later, layout.keep()));
    };
    for trials in windows(reader.head().trials.clone(), layout.requests()) {
        for _ in trials {
            reader.next(&mut row).map_err(|error| wrong(path, &error))?;
            each(&row)?;
            layout.read_row(&row, &mut window).ok_or_else(|| wrong(path, &ArchiveError::Damaged))?;
        }
        add(std::mem::replace(&mut window, layout.empty()));
    }
    // The end of the file proves that it is whole.
    reader.next(&mut row).map_err(|error| wrong(path, &error))?;
    Ok(())
}

/// A file of trials, to be read row by row.
pub(super) fn open(path: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    Reader::new(files::open(path)?).map_err(|error| wrong(path, &error))
}

/// What the first line of a file of trials says.
pub(super) fn parsed(path: &Path, head: &Head) -> Result<SweepHeader, Failure> {
    serde_json::from_str(&head.header).map_err(|_| wrong(path, &ArchiveError::Damaged))
}

fn layout(header: &SweepHeader) -> Result<Layout, Failure> {
    let policies = header.manifest.policies.iter().map(|name| crate::cli::sky::policy(Some(name)));
    let policies = policies.collect::<Result<Vec<PolicyName>, Failure>>()?;
    let SweepHeader { demands, has_jobs, .. } = *header;
    Ok(Layout { points: header.points.len(), policies, demands, has_jobs })
}

fn tell(header: &SweepHeader, all: &[Vec<Arm>], output: SweepOutput, console: &mut Console) -> Result<(), Failure> {
    if output != SweepOutput::Table {
        return console.text(&told(header, all, output)?);
    }
    with_rows(header, all, |rows| {
        console.table(&table(rows).lines())?;
        let Some(jobs) = jobs_table(rows) else { return Ok(()) };
        console.line("\nWhat became of jobs:")?;
        console.table(&jobs.lines())
    })?
}

/// What came of a sweep, as text in one of the formats that are no table on a terminal.
fn told(header: &SweepHeader, all: &[Vec<Arm>], output: SweepOutput) -> Result<String, Failure> {
    with_rows(header, all, |rows| match output {
        SweepOutput::Table => Ok(table(rows).lines().join("\n")),
        SweepOutput::Markdown => Ok(markdown(&header.manifest, rows)),
        SweepOutput::Csv => Ok(csv(rows)),
        SweepOutput::Json => text_of(&SweptRecord::new(header.manifest.clone(), rows)),
    })?
}

/// The document that `-o json` prints, made again.
pub(super) fn document(args: &SweepArgs, console: &mut Console) -> Result<String, Failure> {
    let prepared = args.prepare(console)?;
    let trials = 0..prepared.header.manifest.trials;
    let all = prepared.run(args.threads, trials, std::io::sink()).map_err(NotWritten::failure)?;
    told(&prepared.header, &all, SweepOutput::Json)
}

/// Sums up a sweep and hands its rows over.
fn with_rows<R>(header: &SweepHeader, all: &[Vec<Arm>], then: impl FnOnce(&[At<'_>]) -> R) -> Result<R, Failure> {
    let summed = all.iter().map(|arms| summaries(arms, Level::P95)).collect::<Result<Vec<Vec<Summary>>, _>>()?;
    let names = &header.manifest.policies;
    let at = |(point, summaries)| {
        let row = move |(policy, summary): (&'_ String, _)| (point, policy.clone(), summary);
        names.iter().zip::<&Vec<Summary>>(summaries).map(row).collect::<Vec<_>>()
    };
    let rows: Vec<_> = header.points.iter().zip(&summed).flat_map(at).collect();
    let rows: Vec<At<'_>> = rows.iter().map(|(point, policy, summary)| At { point, policy, summary }).collect();
    Ok(then(&rows))
}

/// Message and hint, which the error's text carries in parentheses.
fn words(error: &ArchiveError) -> (String, String) {
    let text = error.to_string();
    match text.split_once(" (") {
        Some((message, hint)) => (message.to_owned(), hint.trim_end_matches(')').to_owned()),
        None => (text, String::new()),
    }
}

/// Files that do not belong together.
fn plain(error: &ArchiveError) -> Failure {
    let (message, hint) = words(error);
    Failure::usage(message, hint)
}

/// A file that is not one of trials.
pub(super) fn wrong(path: &Path, error: &ArchiveError) -> Failure {
    let (message, hint) = words(error);
    Failure::usage(format!("'{}': {message}", path.display()), hint)
}

fn axis(text: &str) -> Result<Axis, String> {
    let (name, values) = text.split_once('=').ok_or_else(|| format!("'{text}' is not NAME=A,B,C"))?;
    let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err(format!("'{text}' has an empty value"));
    }
    Ok((name.trim().to_owned(), values))
}
