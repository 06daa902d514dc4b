//! `sky-sim replay`: a journal told again, and what other strategies would have made of the same luck.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::cli::catalogs::CatalogArgs;
use crate::cli::scenarios::{self, setting};
use crate::cli::{Console, Exit, Failure, files};
use crate::engine::policy::PolicyName;
use crate::model::Span;
use crate::report::cells::Cells;
use crate::report::page::Page;
use crate::report::plot::Gantt;
use crate::report::record::Event;
use crate::report::story::Scene;
use crate::report::study::outcome_name;
use crate::sim::JobEnd;
use crate::sim::scenario::Scenario;
use crate::sim::trial::Runner;
use crate::study::stats::Level;
use crate::study::{Arms, Trial};

use super::common::{Threads, policies, summaries};
use super::files_of::both;
use super::run::journal;

/// Flags of `replay`.
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The journal: `journal.ndjson` of `sky-sim run --out`, or what `sky launch -o ndjson` wrote; `-` for standard input.
    #[arg(value_name = "JOURNAL")]
    journal: PathBuf,
    /// The scenario whose market other policies meet: for a trial the one that made it, for a real launch one that is
    /// taken to be like the day it happened.
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// A value for one of the scenario's parameters; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting, requires = "scenario")]
    settings: Vec<(String, String)>,
    /// Policies that are tried instead, separated by commas, or `all`; the scenario's own if absent.
    #[arg(long, visible_alias = "policy", value_name = "NAMES", requires = "scenario")]
    policies: Option<String>,
    /// The seed of the study that the trial is of; the scenario's own if absent.
    #[arg(long, requires = "scenario")]
    seed: Option<u64>,
    /// Also write a page (HTML), and of a trial with its scenario plots (SVG, PNG), into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write a page that carries everything with it into this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    catalogs: CatalogArgs,
}

/// One line of a journal.
struct Line {
    policy: Option<String>,
    trial: Option<u64>,
    event: Value,
}

/// The lines of one policy; of a real launch, all.
struct Story<'a> {
    policy: Option<&'a str>,
    lines: Vec<&'a Line>,
}

/// What is told on the console and on the page alike.
struct Telling<'a> {
    console: &'a mut Console,
    page: Page,
    /// One a policy of a trial.
    pictures: Vec<(String, Gantt)>,
}

impl Telling<'_> {
    fn table(&mut self, title: &str, cells: &Cells) -> Result<(), Failure> {
        self.console.line(title)?;
        self.page.subheading(title.trim().trim_end_matches(':'));
        self.page.table(cells);
        self.console.table(&cells.lines())
    }

    fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.page.paragraph(text);
        self.console.line(text)
    }

    fn picture(&mut self, policy: &str, picture: Gantt) {
        self.page.picture(&picture, "Bars: attempts. Strips: when the place truly had what was wanted.");
        self.pictures.push((policy.to_owned(), picture));
    }
}

pub(super) fn run(args: &ReplayArgs, console: &mut Console) -> Result<Exit, Failure> {
    let name = args.journal.display().to_string();
    let page = Page::new(&format!("{name}, told again"), "What happened when and where, and what others make of it.");
    let mut telling = Telling { console, page, pictures: Vec::new() };
    args.tell(&mut telling)?;
    let Telling { console, page, pictures } = telling;
    let page = page.finish(&format!("sky-sim {}", env!("CARGO_PKG_VERSION")));
    if let Some(file) = &args.html {
        files::write(file, &page)?;
        console.note(format!("page written to {}", file.display()));
    }
    if let Some(dir) = &args.out {
        files::create_dir(dir)?;
        files::write(&dir.join("report.html"), &page)?;
        for (policy, picture) in &pictures {
            both(picture, dir, &format!("timeline.{policy}"))?;
        }
        console.note(format!("report.html and {} timelines written to {}", pictures.len(), dir.display()));
    }
    Ok(Exit::Done)
}

impl ReplayArgs {
    fn tell(&self, telling: &mut Telling<'_>) -> Result<(), Failure> {
        let lines = read(&files::read(&self.journal)?, &self.journal.display().to_string())?;
        let mut stories: Vec<Story<'_>> = Vec::new();
        for line in &lines {
            let policy = line.policy.as_deref();
            match stories.iter_mut().find(|story| story.policy == policy) {
                Some(story) => story.lines.push(line),
                None => stories.push(Story { policy, lines: vec![line] }),
            }
        }
        for Story { policy, lines } in &stories {
            let trial = lines.first().and_then(|line| line.trial);
            let title = match (policy, trial) {
                (Some(policy), Some(trial)) => format!("Trial {trial} under {policy}:"),
                _ => "The launch:".to_owned(),
            };
            telling.table(&title, &timeline(lines))?;
        }
        let Some(path) = &self.scenario else { return Ok(()) };
        let catalog = self.catalogs.load()?;
        let scenario = scenarios::load(path, catalog, &self.settings, telling.console)?;
        let others = policies(self.policies.as_deref(), &scenario)?;
        match lines.first().and_then(|line| line.trial) {
            Some(trial) => self.same_luck(&scenario, &others, (&stories, trial), telling),
            None => self.another_day(&scenario, &others, telling),
        }
    }
}

/// Every line, or the first that is none.
fn read(text: &str, name: &str) -> Result<Vec<Line>, Failure> {
    let hint = "a journal has a JSON object a line, each with at_s and event: journal.ndjson of sky-sim run --out, or \
                sky launch -o ndjson";
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |why: String| Failure::usage(format!("'{name}', line {}: {why}", at + 1), hint);
        let event: Value = serde_json::from_str(line).map_err(|error| wrong(format!("no JSON: {error}")))?;
        if event["at_s"].as_f64().is_none() || event["event"].as_str().is_none() {
            return Err(wrong("no event of a journal".to_owned()));
        }
        let policy = event["policy"].as_str().map(str::to_owned);
        lines.push(Line { policy, trial: event["trial"].as_u64(), event });
    }
    if lines.is_empty() {
        return Err(Failure::usage(format!("'{name}' is empty"), hint));
    }
    Ok(lines)
}

/// What happened when and where.
fn timeline(story: &[&Line]) -> Cells {
    let row = |line: &&Line| {
        let event = &line.event;
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let offer = &event["offer"];
        let place = offer["region"].as_str().map_or_else(String::new, |region| {
            let zones: Vec<&str> = offer["zones"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let place = match zones[..] {
                [zone] => zone.to_owned(),
                [] => region.to_owned(),
                _ => format!("{region} ({} zones)", zones.len()),
            };
            format!("{} {place}", offer["cloud"].as_str().unwrap_or_default())
        });
        let what = [text("cause"), text("code"), text("outcome"), text("reason")];
        let what: Vec<String> = what.into_iter().filter(|word| !word.is_empty()).collect();
        let at = Span::from_secs_f64(event["at_s"].as_f64().unwrap_or(0.0));
        vec![at.to_string(), text("event"), place, what.join(" · ")]
    };
    // Blocks follow from refusals, which are told.
    let told = story.iter().filter(|line| line.event["event"] != "blocked");
    Cells::new(["AT", "EVENT", "PLACE", "WHAT"], told.map(row).collect())
}

/// What became of a job in one trial.
fn job_row(policy: &str, job: &JobEnd) -> Vec<String> {
    let deadline = match job.missed {
        None => "-",
        Some(true) => "missed",
        Some(false) => "met",
    };
    vec![
        policy.to_owned(),
        job.took.map_or_else(|| "never".to_owned(), |took| took.to_string()),
        deadline.to_owned(),
        job.lost.to_string(),
        job.preemptions.to_string(),
        job.recovery_attempts.to_string(),
        format!("{:.2}", job.cost.as_dollars()),
    ]
}

impl ReplayArgs {
    /// The same trial under other policies.
    fn same_luck(
        &self,
        scenario: &Scenario,
        others: &[PolicyName],
        (stories, trial): (&[Story<'_>], u64),
        telling: &mut Telling<'_>,
    ) -> Result<(), Failure> {
        let (market, seed) = (scenario.market(), self.seed.unwrap_or(scenario.seed));
        let mut runner = Runner::new(&market, seed);
        let (mut rows, mut jobs) = (Vec::new(), Vec::new());
        for policy in others {
            let result = runner.run(*policy, trial);
            jobs.extend(
                result.demands.iter().filter_map(|demand| Some(job_row(&policy.to_string(), demand.job.as_ref()?))),
            );
            rows.extend(result.demands.iter().map(|demand| row(&policy.to_string(), &demand.ended())));
        }
        let head = ["POLICY", "END", "AFTER", "LAUNCH CALLS", "$/h", "CHEAPEST THERE WAS", "WASTED ($)"];
        let title = format!("\nTrial {trial} of {}, seed {seed}, under the same luck:", scenario.title);
        telling.table(&title, &Cells::new(head, rows))?;
        if !jobs.is_empty() {
            let head = ["POLICY", "DONE AFTER", "DEADLINE", "WORK LOST", "PREEMPTIONS", "RECOVERY CALLS", "COST ($)"];
            telling.table("\nWhat became of its job:", &Cells::new(head, jobs))?;
        }
        let scene = Scene { market: &market, names: &*scenario.catalog, seed, trial };
        if self.html.is_some() || self.out.is_some() {
            for policy in others {
                let name = policy.to_string();
                telling.picture(&name, scene.gantt(&name, &journal(&market, *policy, seed, trial)));
            }
        }
        for Story { policy, lines } in stories {
            let Some(policy) = policy.and_then(|name| name.parse::<PolicyName>().ok()) else { continue };
            let again = journal(&market, policy, seed, trial);
            let event = |entry| serde_json::to_value(Event::of(&*scenario.catalog, entry)).unwrap_or_default();
            let same = again.len() == lines.len()
                && again.iter().zip(lines).all(|(entry, line)| {
                    let event = event(entry);
                    ["at_s", "event", "call", "cause"].iter().all(|key| event[key] == line.event[key])
                });
            let told = if same {
                format!("{policy} makes the journal again, event by event: this is the market and the luck it met.")
            } else {
                format!("caution: {policy} does not make the journal again: another scenario, seed or version made it.")
            };
            telling.line(&told)?;
        }
        Ok(())
    }

    /// A real launch cannot be had again; what is told is a market that is taken to be like that day's.
    fn another_day(
        &self,
        scenario: &Scenario,
        others: &[PolicyName],
        telling: &mut Telling<'_>,
    ) -> Result<(), Failure> {
        let (market, seed) = (scenario.market(), self.seed.unwrap_or(scenario.seed));
        let mut all = Arms::new(scenario, &market, others, seed);
        self.threads.install(|| all.extend(0..scenario.trials, |_| {}))?;
        let summaries = summaries(&all.arms, Level::P95)?;
        let title = format!("\nOver {} days like those of {}:", scenario.trials, scenario.title);
        let named = all.arms.iter().map(|arm| arm.name.as_str()).zip(&summaries);
        telling.table(&title, &crate::report::study::table(named))?;
        telling.line(
            "Assumed: that the market of the scenario is like that of the launch. The journal knows only the places it \
             asked, at the moments it asked; what others had then is not known.",
        )
    }
}

fn row(policy: &str, trial: &Trial) -> Vec<String> {
    let money = |money: Option<crate::model::Money>| money.map_or_else(String::new, |money| money.to_string());
    vec![
        policy.to_owned(),
        outcome_name(trial.outcome).to_owned(),
        trial.elapsed.to_string(),
        trial.attempts.to_string(),
        money(trial.price_hourly),
        money(trial.cheapest_hourly),
        trial.wasted.to_string(),
    ]
}
