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
use crate::report::record::Event;
use crate::report::study::outcome_name;
use crate::sim::scenario::Scenario;
use crate::sim::trial::Runner;
use crate::study::stats::Level;
use crate::study::{Arms, Trial};

use super::common::{Threads, policies, summaries};
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

pub(super) fn run(args: &ReplayArgs, console: &mut Console) -> Result<Exit, Failure> {
    let lines = read(&files::read(&args.journal)?, &args.journal.display().to_string())?;
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
        console.line(title)?;
        console.table(&timeline(lines).lines())?;
    }
    let Some(path) = &args.scenario else { return Ok(Exit::Done) };
    let catalog = args.catalogs.load()?;
    let scenario = scenarios::load(path, catalog, &args.settings, console)?;
    let others = policies(args.policies.as_deref(), &scenario)?;
    match lines.first().and_then(|line| line.trial) {
        Some(trial) => args.same_luck(&scenario, &others, (&stories, trial), console)?,
        None => args.another_day(&scenario, &others, console)?,
    }
    Ok(Exit::Done)
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

impl ReplayArgs {
    /// The same trial under other policies.
    fn same_luck(
        &self,
        scenario: &Scenario,
        others: &[PolicyName],
        (stories, trial): (&[Story<'_>], u64),
        console: &mut Console,
    ) -> Result<(), Failure> {
        let (market, seed) = (scenario.market(), self.seed.unwrap_or(scenario.seed));
        let mut runner = Runner::new(&market, seed);
        let mut rows = Vec::new();
        for policy in others {
            let result = runner.run(*policy, trial);
            rows.extend(result.demands.iter().map(|demand| row(&policy.to_string(), &demand.ended())));
        }
        console.line(format!("\nTrial {trial} of {}, seed {seed}, under the same luck:", scenario.title))?;
        console.table(
            &Cells::new(["POLICY", "END", "AFTER", "LAUNCH CALLS", "$/h", "CHEAPEST THERE WAS", "WASTED ($)"], rows)
                .lines(),
        )?;
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
            console.line(told)?;
        }
        Ok(())
    }

    /// A real launch cannot be had again; what is told is a market that is taken to be like that day's.
    fn another_day(&self, scenario: &Scenario, others: &[PolicyName], console: &mut Console) -> Result<(), Failure> {
        let (market, seed) = (scenario.market(), self.seed.unwrap_or(scenario.seed));
        let mut all = Arms::new(scenario, &market, others, seed);
        self.threads.install(|| all.extend(0..scenario.trials, |_| {}))?;
        let summaries = summaries(&all.arms, Level::P95)?;
        console.line(format!("\nOver {} days like those of {}:", scenario.trials, scenario.title))?;
        let named = all.arms.iter().map(|arm| arm.name.as_str()).zip(&summaries);
        console.table(&crate::report::study::table(named).lines())?;
        console.line(
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
