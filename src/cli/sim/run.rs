//! `sky-sim run`: candidates, one typical trial told in full, then what every policy achieves over all trials.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::scenarios::ScenarioArgs;
use crate::cli::{Console, Exit, Failure, files};
use crate::engine::policy::PolicyName;
use crate::model::{DemandId, Entry, Money};
use crate::optimizer::{Options, plan};
use crate::report::log::Narrator;
use crate::report::page::{Studied, studies};
use crate::report::pictures::Drawn;
use crate::report::plot::Gantt;
use crate::report::story::Scene;
use crate::report::study::{CSV_HEAD, PolicyRecord, StudyRecord, csv_lines, ends, table as study_table};
use crate::report::{Clock, Manifest, failure, jobs, table};
use crate::sim::check::{self, check};
use crate::sim::market::Market;
use crate::sim::scenario::Scenario;
use crate::sim::trial::Runner;
use crate::study::stats::Level;
use crate::study::{Arm, Arms, Judgement, Summary, judge, resampling, telling, windows};

use super::common::{Threads, first_only, manifest, policies, sampled, summaries, text_of};
use super::files_of::{subtitle, write_all};
use super::progress::Progress;

/// Flags of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Trials a policy; the scenario's own number if absent.
    #[arg(short = 'n', long, value_parser = clap::value_parser!(u64).range(1..))]
    trials: Option<u64>,
    /// Seed of all luck; the scenario's own if absent.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    threads: Threads,
    /// Policies to compare, separated by commas, or `all`; the scenario's own if absent.
    #[arg(long, value_name = "NAMES")]
    policies: Option<String>,
    /// Which trial is told in full; one with more to tell than most if absent.
    #[arg(long, value_name = "N")]
    trial: Option<u64>,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: RunOutput,
    /// Also write a page (HTML), JSON, CSV, NDJSON and plots (SVG, PNG) into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Also write a page that carries everything with it into this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// How a study is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum RunOutput {
    /// For people.
    #[default]
    Table,
    /// One document, with a manifest.
    Json,
    /// A line a request of every trial.
    Csv,
}

/// A study that has been run.
pub(super) struct Study {
    pub(super) scenario: Scenario,
    pub(super) manifest: Manifest,
    pub(super) arms: Vec<Arm>,
    /// What each arm adds up to.
    summaries: Vec<Summary>,
    /// How they compare; only where somebody will look.
    judgement: Option<Judgement>,
    /// The told trial over what the market had, one a policy; only where somebody will look.
    stories: Vec<Gantt>,
    /// The number of the trial that is told.
    pub(super) told: u64,
    /// Its journal, under each policy.
    pub(super) journals: Vec<Vec<Entry>>,
    /// What of the scenario's expectations was not met; `None` if they were not looked at.
    pub(super) unmet: Option<Vec<check::Failure>>,
}

pub(super) fn run(args: &RunArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == RunOutput::Json {
        console.tell_errors_as_json();
    }
    let (scenario, policies, manifest) = args.prepare(console)?;
    if args.output == RunOutput::Table {
        console.line(format!("seed {} · again: {}", manifest.seed, manifest.command))?;
        console.flush()?;
    }
    let study = args.simulate(scenario, &policies, manifest, console)?;
    match args.output {
        RunOutput::Table => tell(&study, console)?,
        RunOutput::Json => console.text(&text_of(&study.record())?)?,
        // Written while it was run, so that it need not be kept.
        RunOutput::Csv => {}
    }
    if let Some(dir) = &args.out {
        write_all(&study, dir, console)?;
    }
    if let Some(file) = &args.html {
        files::write(file, &study.page())?;
        console.note(format!("page written to {}", file.display()));
    }
    Ok(if study.unmet.as_ref().is_none_or(Vec::is_empty) { Exit::Done } else { Exit::Unmet })
}

/// The document that `-o json` prints, made again.
pub(super) fn document(args: &RunArgs, console: &mut Console) -> Result<String, Failure> {
    let (scenario, policies, manifest) = args.prepare(console)?;
    text_of(&args.simulate(scenario, &policies, manifest, console)?.record())
}

impl RunArgs {
    fn prepare(&self, console: &mut Console) -> Result<(Scenario, Vec<PolicyName>, Manifest), Failure> {
        let scenario = self.scenario.load(console)?;
        let policies = self.policies(&scenario)?;
        let manifest = self.manifest(&scenario, &policies);
        Ok((scenario, policies, manifest))
    }

    fn policies(&self, scenario: &Scenario) -> Result<Vec<PolicyName>, Failure> {
        policies(self.policies.as_deref(), scenario)
    }

    fn manifest(&self, scenario: &Scenario, policies: &[PolicyName]) -> Manifest {
        let seed = self.seed.unwrap_or(scenario.seed);
        let trials = self.trials.unwrap_or(scenario.trials);
        let policies: Vec<String> = policies.iter().map(ToString::to_string).collect();
        let mut arguments = vec!["run".to_owned()];
        arguments.extend(self.scenario.given());
        let numbers = ["--seed".to_owned(), seed.to_string(), "--trials".to_owned(), trials.to_string()];
        arguments.extend(numbers.into_iter().chain(["--policies".to_owned(), policies.join(",")]));
        manifest(&self.scenario.path, scenario, (seed, trials), policies, arguments)
    }

    fn simulate(
        &self,
        scenario: Scenario,
        policies: &[PolicyName],
        manifest: Manifest,
        console: &mut Console,
    ) -> Result<Study, Failure> {
        let market = scenario.market();
        let (seed, trials) = (manifest.seed, manifest.trials);
        let arms = if self.output == RunOutput::Csv {
            self.write_rows(&scenario, &market, policies, &manifest, console)?
        } else {
            let progress = Progress::new(trials * policies.len() as u64);
            let mut all = Arms::new(&scenario, &market, policies, seed);
            self.threads.install(|| all.extend(0..trials, |more| progress.add(more)))?;
            progress.finish();
            all.arms
        };
        let summaries = summaries(&arms, Level::P95)?;
        let demands = scenario.demands.len();
        let told = self.trial.unwrap_or_else(|| arms.first().map_or(0, |arm| telling(&arm.trials, demands)));
        let journals: Vec<Vec<Entry>> = policies.iter().map(|policy| journal(&market, *policy, seed, told)).collect();
        let (mut judgement, mut stories) = (None, Vec::new());
        if self.out.is_some() || self.html.is_some() {
            let (horizon, resampling) = (scenario.horizon, resampling(seed, policies.len(), 1));
            let judged = self.threads.install(|| judge(&arms, 0, horizon, Level::P95, resampling))?;
            judgement = Some(judged.map_err(|error| sampled(&error))?);
            let scene = Scene { market: &market, names: &*scenario.catalog, seed, trial: told };
            stories = arms.iter().zip(&journals).map(|(arm, journal)| scene.gantt(&arm.name, journal)).collect();
        }
        // Expectations speak of the scenario's own policies, and bounds over all trials of no fewer than its own number.
        let comparable = scenario.expects() && policies == scenario.policies && trials >= scenario.trials;
        let unmet = comparable.then(|| check(&scenario, &market, &arms.iter().map(Arm::run).collect::<Vec<_>>()));
        Ok(Study { scenario, manifest, arms, summaries, judgement, stories, told, journals, unmet })
    }

    /// Runs one policy after the other, as their lines stand, and writes each trial down before it is dropped.
    fn write_rows(
        &self,
        scenario: &Scenario,
        market: &Market,
        policies: &[PolicyName],
        manifest: &Manifest,
        console: &mut Console,
    ) -> Result<Vec<Arm>, Failure> {
        let progress = Progress::new(manifest.trials * policies.len() as u64);
        console.text(CSV_HEAD)?;
        let mut arms = Vec::new();
        for policy in policies {
            let mut all = Arms::new(scenario, market, &[*policy], manifest.seed);
            for window in windows(0..manifest.trials, scenario.demands.len()) {
                let first = window.start;
                let later = self.threads.install(|| all.run(window, |more| progress.add(more)))?;
                for arm in &later {
                    console.text(&csv_lines(&arm.name, first, &arm.trials, scenario.demands.len()))?;
                }
                all.take(later);
            }
            arms.extend(all.arms);
        }
        progress.finish();
        Ok(arms)
    }
}

/// One trial, written down.
pub(super) fn journal(market: &Market, policy: PolicyName, seed: u64, trial: u64) -> Vec<Entry> {
    let mut entries = Vec::new();
    Runner::new(market, seed).run_recorded(policy, trial, |entry| entries.push(entry));
    entries
}

impl Study {
    pub(super) fn policies(&self) -> Vec<PolicyRecord> {
        self.summaries().map(|(name, summary)| PolicyRecord::of(name, summary)).collect()
    }

    pub(super) fn record(&self) -> StudyRecord {
        let unmet = self.unmet.as_ref().map(|unmet| unmet.iter().map(ToString::to_string).collect());
        StudyRecord::new(self.manifest.clone(), self.policies(), unmet)
    }

    pub(super) fn trials(&self) -> impl Iterator<Item = (&str, &[crate::study::Trial])> {
        self.arms.iter().map(|arm| (arm.name.as_str(), arm.trials.as_slice()))
    }

    fn summaries(&self) -> impl Iterator<Item = (&str, &Summary)> {
        self.arms.iter().map(|arm| arm.name.as_str()).zip(&self.summaries)
    }

    /// What there is to draw.
    pub(super) fn drawn<'a>(&'a self, subtitle: &'a str) -> Drawn<'a> {
        Drawn {
            subtitle,
            arms: &self.arms,
            summaries: &self.summaries,
            judgement: self.judgement.as_ref(),
            cheapest_listed: cheapest_listed(&self.scenario),
        }
    }

    /// The told trial, one picture a policy.
    pub(super) fn stories(&self) -> &[Gantt] {
        &self.stories
    }

    /// The page.
    pub(super) fn page(&self) -> String {
        let subtitle = subtitle(&self.manifest);
        let unmet: Option<Vec<String>> =
            self.unmet.as_ref().map(|unmet| unmet.iter().map(ToString::to_string).collect());
        let cautions: Vec<String> = first_only(&self.arms).into_iter().collect();
        studies(&[Studied {
            title: &self.scenario.title,
            why: &self.scenario.why,
            manifest: &self.manifest,
            drawn: self.drawn(&subtitle),
            cautions: &cautions,
            unmet: unmet.as_deref(),
            stories: &self.stories,
        }])
    }

    /// The told trial's journal of the first demand, under the first policy.
    pub(super) fn story(&self) -> Vec<Entry> {
        let all = self.journals.first().into_iter().flatten();
        // Where there is one demand, all others are the world's, to recover its job.
        all.filter(|entry| entry.demand == DemandId(0) || self.scenario.demands.len() == 1).cloned().collect()
    }
}

/// The price of the first demand's cheapest candidate, all nodes, in dollars per hour.
pub(super) fn cheapest_listed(scenario: &Scenario) -> Option<Money> {
    let request = scenario.requests.first()?;
    let plan = plan(&scenario.catalog, &request.requirements, request.nodes, &Options::default());
    plan.iter().map(|candidate| candidate.offering.price_hourly * i64::from(request.nodes)).min()
}

fn tell(study: &Study, console: &mut Console) -> Result<(), Failure> {
    let scenario = &study.scenario;
    console.line(format!("{}: {}", study.manifest.scenario, scenario.title))?;
    console.lines(scenario.why.lines().map(|line| format!("  {line}")))?;
    for (n, request) in scenario.requests.iter().take(SHOWN_DEMANDS).enumerate() {
        let plan = plan(&scenario.catalog, &request.requirements, request.nodes, &Options::default());
        let nodes = if request.nodes == 1 { "1 node".to_owned() } else { format!("{} nodes", request.nodes) };
        let which = if scenario.requests.len() == 1 { String::new() } else { format!("demand {}, ", n + 1) };
        console.line(format!("\nConsidered resources ({which}{nodes}): {} candidates", plan.len()))?;
        let rows = plan.rows();
        let rows = rows.iter().map(|row| table::Row { candidate: &row.candidate, chosen: row.chosen });
        console.table(&table::lines(&*scenario.catalog, rows))?;
    }
    if scenario.requests.len() > SHOWN_DEMANDS {
        console.line(format!("... and {} demands more", scenario.requests.len() - SHOWN_DEMANDS))?;
    }
    tell_story(study, console)?;
    let (trials, demands) = (study.manifest.trials, scenario.demands.len());
    let each = if demands == 1 { String::new() } else { format!(" of {demands} demands") };
    console.line(format!("\nOver {trials} trials{each} a policy, under the same luck:"))?;
    console.table(&study_table(study.summaries()).lines())?;
    console.lines(ends(study.summaries()))?;
    let jobs = jobs::table(study.summaries());
    if !jobs.is_empty() {
        console.line("\nWhat became of jobs:")?;
        console.table(&jobs)?;
    }
    match study.unmet.as_deref() {
        None => {}
        Some([]) => console.line("What the scenario expects was met.")?,
        Some(unmet) => console.lines(unmet.iter().map(|failure| format!("not met: {failure}")))?,
    }
    if trials < FEW_TRIALS && scenario.trials >= FEW_TRIALS {
        console
            .line(format!("Only {trials} trials: the intervals are wide, and p99 means little. Add --trials 10000."))?;
    }
    Ok(())
}

fn tell_story(study: &Study, console: &mut Console) -> Result<(), Failure> {
    let Some(arm) = study.arms.first() else { return Ok(()) };
    console.line(format!("\nTrial {} of {} under {}, told in full:", study.told, study.manifest.trials, arm.name))?;
    let (clock, story) = (Clock::elapsed(), study.story());
    let mut narrator = Narrator::new(&*study.scenario.catalog);
    for line in story.iter().flat_map(|entry| narrator.tell(entry)) {
        console.log(&line, &clock)?;
    }
    let placed = story.iter().any(|entry| matches!(entry.happening, crate::model::Happening::Launched(..)));
    if !placed {
        console.lines(failure::lines(&*study.scenario.catalog, &story))?;
    }
    Ok(())
}

/// Demands whose candidates are shown; more would bury the result.
const SHOWN_DEMANDS: usize = 3;

/// Below so many trials a 99 % quantile is little more than the largest value.
const FEW_TRIALS: u64 = 300;
