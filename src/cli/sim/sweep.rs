//! `sky-sim sweep`: policies over a grid of parameters, whole or in pieces; `sky-sim merge`: the pieces put together.

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::catalogs::CatalogArgs;
use crate::cli::scenarios::{self, name_of};
use crate::cli::{Console, Environment, Failure, files};
use crate::engine::policy::PolicyName;
use crate::report::sweep::{At, SWEEP_SCHEMA, SweepHeader, SweptRecord, csv, jobs_table, markdown, table};
use crate::sim::scenario::Scenario;
use crate::study::stats::{Level, Table, TableError, shard};
use crate::study::{Arm, Arms, Axis, Layout, Shard, Summary, decode, encode, points};

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
    let (header, table) = prepared.table(args.threads, range.clone())?;
    files::create_dir(&args.out)?;
    let file = args.out.join(name);
    files::write_whole(&file, &encode(&header, &table))?;
    if piece.is_none() {
        tell(&prepared.header, &prepared.layout, &table, args.output, console)?;
    }
    let count = range.end - range.start;
    console.note(format!("{count} trials a point and policy written to {}", file.display()));
    Ok(())
}

/// The file of these trials, made again.
pub(super) fn file(args: &SweepArgs, trials: Range<u64>, console: &mut Console) -> Result<Vec<u8>, Failure> {
    let (header, table) = args.prepare(console)?.table(args.threads, trials)?;
    Ok(encode(&header, &table))
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
    /// Runs these trials at every point.
    fn table(&self, threads: Threads, trials: Range<u64>) -> Result<(String, Table), Failure> {
        let header = serde_json::to_string(&self.header).map_err(std::io::Error::from)?;
        let runs = (trials.end - trials.start) * self.layout.policies.len() as u64;
        let progress = Progress::new(runs * self.scenarios.len() as u64);
        let mut all = Vec::new();
        for scenario in &self.scenarios {
            let market = scenario.market();
            let mut arms = Arms::new(scenario, &market, &self.layout.policies, self.header.manifest.seed);
            threads.install(|| arms.extend(trials.clone(), |more| progress.add(more)))?;
            all.push(arms.arms);
        }
        progress.finish();
        let table = self.layout.table(&header, &all, trials).map_err(|error| damaged(&error))?;
        Ok((header, table))
    }
}

pub(super) fn merge(args: &MergeArgs, console: &mut Console) -> Result<(), Failure> {
    let mut read = Vec::new();
    for path in &args.files {
        read.push(read_file(path)?);
    }
    let Some((header, parsed)) = read.first().map(|(header, parsed, _)| (header.clone(), parsed.clone())) else {
        return Ok(());
    };
    if read.iter().any(|(other, ..)| *other != header) {
        return Err(damaged(&TableError::OtherStudy));
    }
    let pieces: Vec<Table> = read.into_iter().map(|(.., table)| table).collect();
    let table = Table::merge(pieces, parsed.manifest.trials).map_err(|error| damaged(&error))?;
    let layout = layout(&parsed)?;
    files::write_whole(&args.out, &encode(&header, &table))?;
    tell(&parsed, &layout, &table, args.format, console)?;
    console.note(format!("{} pieces merged into {}", args.files.len(), args.out.display()));
    Ok(())
}

/// A file of trials: its first line as it stands and as it reads, and its table.
pub(super) fn read_file(path: &Path) -> Result<(String, SweepHeader, Table), Failure> {
    let bytes = files::read_bytes(path)?;
    let wrong =
        |error: &TableError| Failure::usage(format!("'{}': {}", path.display(), words(error).0), words(error).1);
    let (header, table) = decode(&bytes).map_err(|error| wrong(&error))?;
    let parsed = serde_json::from_str(&header).map_err(|_| wrong(&TableError::Damaged))?;
    Ok((header, parsed, table))
}

fn layout(header: &SweepHeader) -> Result<Layout, Failure> {
    let policies = header.manifest.policies.iter().map(|name| crate::cli::sky::policy(Some(name)));
    let policies = policies.collect::<Result<Vec<PolicyName>, Failure>>()?;
    let SweepHeader { demands, has_jobs, .. } = *header;
    Ok(Layout { points: header.points.len(), policies, demands, has_jobs })
}

fn tell(
    header: &SweepHeader,
    layout: &Layout,
    whole: &Table,
    output: SweepOutput,
    console: &mut Console,
) -> Result<(), Failure> {
    if output != SweepOutput::Table {
        return console.text(&told(header, layout, whole, output)?);
    }
    with_rows(header, layout, whole, |rows| {
        console.table(&table(rows).lines())?;
        let Some(jobs) = jobs_table(rows) else { return Ok(()) };
        console.line("\nWhat became of jobs:")?;
        console.table(&jobs.lines())
    })?
}

/// What came of a sweep, as text in one of the formats that are no table on a terminal.
fn told(header: &SweepHeader, layout: &Layout, whole: &Table, output: SweepOutput) -> Result<String, Failure> {
    with_rows(header, layout, whole, |rows| match output {
        SweepOutput::Table => Ok(table(rows).lines().join("\n")),
        SweepOutput::Markdown => Ok(markdown(&header.manifest, rows)),
        SweepOutput::Csv => Ok(csv(rows)),
        SweepOutput::Json => text_of(&SweptRecord::new(header.manifest.clone(), rows)),
    })?
}

/// The document that `-o json` prints, made again.
pub(super) fn document(args: &SweepArgs, console: &mut Console) -> Result<String, Failure> {
    let prepared = args.prepare(console)?;
    let (_, whole) = prepared.table(args.threads, 0..prepared.header.manifest.trials)?;
    told(&prepared.header, &prepared.layout, &whole, SweepOutput::Json)
}

/// Sums up a sweep and hands its rows over.
fn with_rows<R>(
    header: &SweepHeader,
    layout: &Layout,
    whole: &Table,
    then: impl FnOnce(&[At<'_>]) -> R,
) -> Result<R, Failure> {
    let all: Vec<Vec<Arm>> = layout.points(whole).ok_or_else(|| damaged(&TableError::Damaged))?;
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
fn words(error: &TableError) -> (String, String) {
    let text = error.to_string();
    match text.split_once(" (") {
        Some((message, hint)) => (message.to_owned(), hint.trim_end_matches(')').to_owned()),
        None => (text, String::new()),
    }
}

fn damaged(error: &TableError) -> Failure {
    let (message, hint) = words(error);
    Failure::usage(message, hint)
}

fn axis(text: &str) -> Result<Axis, String> {
    let (name, values) = text.split_once('=').ok_or_else(|| format!("'{text}' is not NAME=A,B,C"))?;
    let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
    if values.iter().any(String::is_empty) {
        return Err(format!("'{text}' has an empty value"));
    }
    Ok((name.trim().to_owned(), values))
}
