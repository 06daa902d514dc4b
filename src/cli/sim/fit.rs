//! `sky-sim fit`: traces of a real market or journals of launches in, a scenario and the account of its fit out.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::catalog::Catalog;
use crate::cli::catalogs::CatalogArgs;
use crate::cli::{Console, Exit, Failure, files};
use crate::report::calibration::{Calibration, Part, score};
use crate::report::command;
use crate::sim::trace::{Columns, Series};
use crate::study::fit::{Fit, Options, Traces, UNMET, compare, fit, is_journal, simulate};

use super::common::Threads;
use super::compare::percentage;
use super::files_of::both;
use super::fit_journal;

/// Flags of `fit`.
#[derive(Debug, Args)]
pub(super) struct FitArgs {
    /// Traces: files of probes named `ZONE_ACCELERATOR_COUNT.json`, CSV files with a column `zone`, or directories of
    /// such. Or journals of launches: `sky launch -o ndjson`, `journal.ndjson` of `sky-sim run --out`.
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,
    /// Write the scenario into this file.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The accelerator, where the files' names do not tell it.
    #[arg(long, value_name = "NAME")]
    accelerator: Option<String>,
    /// Title of the scenario.
    #[arg(long, value_name = "TEXT")]
    pub(super) title: Option<String>,
    /// Where the traces come from; goes into the scenario's `why`.
    #[arg(long, value_name = "TEXT")]
    pub(super) source: Option<String>,
    /// The last part of the trace, which judges a market fitted to the part before it.
    #[arg(long, value_name = "PERCENT", default_value = "30%", value_parser = percentage)]
    held_out: f64,
    /// Seed of the luck.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps of the search for the nearest market.
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = clap::value_parser!(u64).range(1..100_000))]
    steps: u64,
    /// Also write the calibration (Markdown, HTML, plots) into this directory.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    catalogs: CatalogArgs,
}

/// What a file's name says: `us-east-1a_v100_1.json`.
struct Named {
    zone: String,
    accelerator: Option<String>,
}

pub(super) fn run(args: &FitArgs, console: &mut Console) -> Result<Exit, Failure> {
    let catalog = args.catalogs.load()?;
    let texts = args.texts()?;
    let journals = texts.iter().filter(|(_, text)| is_journal(text)).count();
    if journals > 0 && journals == texts.len() {
        return fit_journal::run(args, &texts, console);
    }
    if let Some((trace, _)) = texts.iter().find(|(_, text)| journals > 0 && !is_journal(text)) {
        let hint = "fit journals and traces apart: probes at even times tell more than a market of both would show";
        return Err(Failure::usage(format!("'{}' is a trace and others are journals", trace.display()), hint));
    }
    let (traces, accelerator) = args.read(catalog, texts)?;
    let (ticks, days) = (traces.ticks(), traces.ticks() as f64 * traces.gap / 86_400.0);
    console.note(format!("{} pools, {ticks} ticks of {} s, {days:.1} days; fitting", traces.pools.len(), traces.gap));
    let options = Options { seed: args.seed, steps: args.steps as usize, ..Options::default() };
    let cut = (ticks as f64 * (1.0 - args.held_out)) as usize;
    let (earlier, later) = (traces.part(0, cut), traces.part(cut, ticks));
    let (whole, parts) = args.threads.install(|| {
        let before = fit(&earlier, options);
        let whole = fit(&traces, options);
        let parts = vec![
            part("The part held out", HELD_OUT, &before, &later, args.seed),
            part("The part fitted to, for comparison", FITTED, &before, &earlier, args.seed),
            part("All of the trace, and the market that is written", WHOLE, &whole, &traces, args.seed),
        ];
        (whole, parts)
    })?;
    let calibration = Calibration {
        title: args.title.clone().unwrap_or_else(|| format!("{accelerator} as it was probed")),
        lead: format!(
            "{} pools probed every {} s for {days:.1} days; the last {:.0} % are held out.",
            traces.pools.len(),
            traces.gap,
            args.held_out * 100.0
        ),
        command: command(&args.given()),
        contests: whole.contests.clone(),
        cautions: drift(&earlier, &later),
        yaml: whole.model.yaml(),
        parts,
    };
    console.lines(calibration.lines())?;
    if let Some(file) = &args.output {
        files::write(file, &args.scenario(&whole, &calibration, &accelerator))?;
        console.note(format!("scenario written to {}", file.display()));
    }
    if let Some(dir) = &args.out {
        write_all(&calibration, dir)?;
        console.note(format!("calibration.md, calibration.html and plots written to {}", dir.display()));
    }
    Ok(Exit::Done)
}

const HELD_OUT: &str = "The market was fitted to the earlier part alone; nothing of this part was known.";
const FITTED: &str = "The same market against the part it was fitted to: what is off here is the model's fault, what is off \
                      only above is the market having moved.";
const WHOLE: &str = "Fitted to everything there is; this is the market in the scenario.";

fn part(title: &str, note: &str, of: &Fit, traces: &Traces, seed: u64) -> Part {
    Part {
        title: title.to_owned(),
        note: note.to_owned(),
        lines: compare(&of.model, traces, seed),
        trace: traces.count(),
        market: simulate(&of.model, traces, seed, UNMET..UNMET + 24, traces.ticks()),
    }
}

/// Says how much the trace itself moved between its parts.
fn drift(earlier: &Traces, later: &Traces) -> Vec<String> {
    let mean = |traces: &Traces| {
        let all = traces.count().figures().availability;
        all.iter().sum::<f64>() / all.len().max(1) as f64
    };
    let (before, after) = (mean(earlier), mean(later));
    let told = format!(
        "the pools were up {:.1} % of the time in the earlier part and {:.1} % in the later: no market that does not change \
         with time fits both",
        before * 100.0,
        after * 100.0
    );
    if (after / before - 1.0).abs() > 0.1 { vec![told] } else { Vec::new() }
}

fn write_all(calibration: &Calibration, dir: &Path) -> Result<(), Failure> {
    files::create_dir(dir)?;
    files::write(&dir.join("calibration.md"), &calibration.markdown())?;
    files::write(&dir.join("calibration.html"), &calibration.page(env!("CARGO_PKG_VERSION")))?;
    for (part, name) in calibration.parts.iter().zip(["held-out", "fitted", "whole"]) {
        for (picture, drawn) in calibration.pictures(part) {
            both(&drawn, dir, &format!("{name}.{picture}"))?;
        }
    }
    Ok(())
}

impl FitArgs {
    /// The files, with what is in them.
    fn texts(&self) -> Result<Vec<(PathBuf, String)>, Failure> {
        let mut paths = Vec::new();
        for path in &self.traces {
            if path.is_dir() { paths.extend(files::below(path)?) } else { paths.push(path.clone()) }
        }
        paths.into_iter().map(|path| files::read(&path).map(|text| (path, text))).collect()
    }

    /// The traces, and the accelerator that they are of.
    fn read(&self, catalog: &Catalog, texts: Vec<(PathBuf, String)>) -> Result<(Traces, String), Failure> {
        let (mut all, mut accelerator) = (Vec::new(), self.accelerator.clone());
        for (path, text) in texts {
            for (zone, columns, of) in named(&path, &text)? {
                accelerator = accelerator.or(of);
                let series = Series::read(&text, &columns).map_err(|error| {
                    Failure::usage(
                        format!("'{}': {error}", path.display()),
                        "a trace is JSON as spot-traces has it, or CSV with a column seconds",
                    )
                })?;
                let (cloud, region) = place(catalog, &zone, &path)?;
                all.push((format!("{cloud}/{region}/{zone}"), format!("{cloud}/{region}"), series));
            }
        }
        let Some(accelerator) = accelerator else {
            return Err(Failure::usage("no file's name tells the accelerator", "add --accelerator V100"));
        };
        let known = catalog.find_accelerator(&accelerator).map(|id| catalog.accelerator_name(id).to_owned());
        let known = known.ok_or_else(|| {
            Failure::usage(
                format!("no cloud has an accelerator '{accelerator}'"),
                "see sky gpus list, and name it with --accelerator",
            )
        })?;
        let all = all.into_iter().map(|(place, region, series)| (format!("{place}/{known}"), region, series)).collect();
        let traces = Traces::new(all);
        traces
            .map(|traces| (traces, known))
            .map_err(|error| Failure::usage(error.to_string(), "give traces that were probed at the same ticks"))
    }

    /// The scenario file.
    fn scenario(&self, fit: &Fit, calibration: &Calibration, accelerator: &str) -> String {
        let mut text = String::from("# yaml-language-server: $schema=./schema.json\nschema: 1\n");
        let from = self.source.clone().unwrap_or_else(|| "traces given on the command line".to_owned());
        let whole = calibration.parts.last().map_or_else(String::new, |part| score(&part.lines));
        let held = calibration.parts.first().map_or_else(String::new, |part| score(&part.lines));
        let why = format!(
            "Fitted by sky-sim fit to {from}. {} Zones that were not probed have nothing. Each zone has long-tailed up \
             times and outages of its own; shocks over a region and over everything make them fail together. Against the \
             trace it was fitted to: {whole}. Fitted to the earlier part and judged on the rest: {held}. Again: {}",
            calibration.lead, calibration.command
        );
        // Writing to a string cannot fail.
        let _ = writeln!(text, "title: {}", quoted(&calibration.title));
        text.push_str("why: |\n");
        for line in wrapped(&why, 116) {
            let _ = writeln!(text, "  {line}");
        }
        let yaml =
            calibration.yaml.replacen("clouds:\n", &format!("clouds:\n  \"*/{accelerator}\": {{pool: never}}\n"), 1);
        text.push_str(&yaml);
        let clouds: Vec<&str> = fit.model.pools.iter().filter_map(|pool| pool.place.split('/').next()).collect();
        let cloud = clouds.first().filter(|first| clouds.iter().all(|cloud| cloud == *first));
        let cloud = cloud.map_or_else(String::new, |cloud| format!(", cloud: {cloud}"));
        let _ = writeln!(
            text,
            "demand: {{gpus: {accelerator}{cloud}, use_spot: true, retry_until_up: true}}\n\
             policies: [cloud-first, cheapest, round-robin, random]\ntrials: 1000\nseed: 1\nhorizon: 24h"
        );
        text
    }

    /// The arguments that make it again.
    pub(super) fn given(&self) -> Vec<String> {
        let mut words = vec!["fit".to_owned()];
        words.extend(self.traces.iter().map(|path| path.display().to_string()));
        let path = |path: &PathBuf| path.display().to_string();
        let flags = [
            ("--output", self.output.as_ref().map(path)),
            ("--accelerator", self.accelerator.clone()),
            ("--title", self.title.clone()),
            ("--source", self.source.clone()),
            ("--held-out", Some(format!("{:.0}%", self.held_out * 100.0))),
            ("--seed", Some(self.seed.to_string())),
            ("--steps", Some(self.steps.to_string())),
            ("--out", self.out.as_ref().map(path)),
        ];
        words.extend(
            flags
                .into_iter()
                .flat_map(|(name, value)| value.into_iter().flat_map(move |value| [name.to_owned(), value])),
        );
        words
    }
}

/// The zones a file is about, with the columns of each and the accelerator if its name tells.
fn named(path: &Path, text: &str) -> Result<Vec<(String, Columns, Option<String>)>, Failure> {
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let mut parts = stem.split('_').map(str::to_owned);
    let named = Named { zone: parts.next().unwrap_or_default(), accelerator: parts.next() };
    if text.trim_start().starts_with('{') {
        return Ok(vec![(named.zone, Columns::default(), named.accelerator)]);
    }
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let column = |rows: &mut csv::Reader<&[u8]>| {
        let head = rows.headers().ok()?;
        head.iter().position(|name| name.eq_ignore_ascii_case("zone"))
    };
    let Some(column) = column(&mut rows) else { return Ok(vec![(named.zone, Columns::default(), named.accelerator)]) };
    let name = rows.headers().map(|head| head[column].to_owned()).unwrap_or_default();
    let mut zones: Vec<String> = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|error| Failure::usage(format!("'{}': {error}", path.display()), ""))?;
        if let Some(zone) = row.get(column).filter(|zone| !zones.iter().any(|known| known == zone)) {
            zones.push(zone.to_owned());
        }
    }
    let of = |zone: String| (zone.clone(), Columns { column: None, only: vec![(name.clone(), zone)] }, None);
    Ok(zones.into_iter().map(of).collect())
}

/// The cloud and the region of a zone.
fn place(catalog: &Catalog, zone: &str, path: &Path) -> Result<(String, String), Failure> {
    let Some(id) = catalog.find_zone(None, zone) else {
        let hint = "name the file after its zone (us-east-1a_v100_1.json), or give a CSV with a column zone";
        return Err(Failure::usage(format!("'{}': no cloud has a zone '{zone}'", path.display()), hint));
    };
    let region = catalog.zone_region(id);
    let cloud = catalog.cloud_name(catalog.region_cloud(region)).to_owned();
    Ok((cloud, catalog.region_name(region).to_owned()))
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Lines of at most so many characters, broken at spaces.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
