//! `sky-sim compare`: several policies under the same luck, with what may and may not be said about them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::catalogs::CatalogArgs;
use crate::cli::scenarios::{self, setting, settings_given};
use crate::cli::sky::policy;
use crate::cli::{Console, Exit, Failure};
use crate::engine::policy::PolicyName;
use crate::report::Manifest;
use crate::report::compare::{CompareRecord, Compared, ComparedRecord, achieved, csv, differences, verdicts};
use crate::sim::scenario::Scenario;
use crate::study::stats::{Estimate, Level, Next, Statistic, UntilCi, cautions};
use crate::study::{Arm, Arms, Judgement, Summary, correct, judge, resampling};

use super::common::{Threads, first_only, manifest, policies, sampled, summaries, text_of};
use super::files_compared::write_all;
use super::progress::Progress;

/// Flags of `compare`.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The scenarios, as YAML files; their differences are judged as one family.
    #[arg(value_name = "SCENARIO", required = true)]
    paths: Vec<PathBuf>,
    /// A value for one of the scenarios' parameters; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    #[command(flatten)]
    catalogs: CatalogArgs,
    /// Policies to compare, separated by commas, or `all`; the scenario's own if absent.
    #[arg(long, value_name = "NAMES")]
    policies: Option<String>,
    /// The policy the others are compared with; the first one if absent.
    #[arg(long, value_name = "NAME")]
    baseline: Option<String>,
    /// Trials a policy; the scenario's own number if absent.
    #[arg(short = 'n', long, value_parser = clap::value_parser!(u64).range(1..))]
    trials: Option<u64>,
    /// Go on until the median and the 90 % quantile of every policy's waits are known to this precision: `2%`.
    #[arg(long, value_name = "PERCENT", conflicts_with = "trials", value_parser = percentage)]
    until_ci: Option<f64>,
    /// Seed of all luck; the scenario's own if absent.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    threads: Threads,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: CompareOutput,
    /// Also write a page (HTML), JSON, CSV, Markdown and plots (SVG, PNG) into this directory.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Also write a page that carries everything with it into this file.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
}

/// How a comparison is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum CompareOutput {
    /// For people.
    #[default]
    Table,
    /// For a document or a pull request.
    Markdown,
    /// A line a difference.
    Csv,
    /// One document, with a manifest.
    Json,
}

/// Trials before the first look at a precision.
const FIRST_LOOK: u64 = 1_000;
/// Trials at which a precision is given up.
const LAST_LOOK: u64 = 1_024_000;

/// One scenario, run.
pub(super) struct Ran {
    pub(super) scenario: Scenario,
    pub(super) manifest: Manifest,
    pub(super) arms: Vec<Arm>,
    pub(super) summaries: Vec<Summary>,
    /// What to beware of.
    pub(super) cautions: Vec<String>,
}

pub(super) fn run(args: &CompareArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == CompareOutput::Json {
        console.tell_errors_as_json();
    }
    let (ran, judgements) = args.compare(console)?;
    let record = record(&ran, &judgements);
    let told = || ran.iter().zip(&judgements);
    match args.output {
        CompareOutput::Table => {
            for (at, (ran, judgement)) in told().enumerate() {
                console.lines((at > 0).then_some(""))?;
                console.lines(lines(ran, judgement, false))?;
            }
        }
        CompareOutput::Markdown => console.text(&markdown(&ran, &judgements))?,
        CompareOutput::Csv => console.text(&csv(&record))?,
        CompareOutput::Json => console.text(&text_of(&record)?)?,
    }
    if args.out.is_some() || args.html.is_some() {
        write_all(args, &ran, &judgements, &record, console)?;
    }
    Ok(Exit::Done)
}

/// The document that `-o json` prints, made again.
pub(super) fn document(args: &CompareArgs, console: &mut Console) -> Result<String, Failure> {
    let (ran, judgements) = args.compare(console)?;
    text_of(&record(&ran, &judgements))
}

impl CompareArgs {
    fn compare(&self, console: &mut Console) -> Result<(Vec<Ran>, Vec<Judgement>), Failure> {
        let catalog = self.catalogs.load()?;
        let load = |path: &PathBuf| scenarios::load(path, catalog, &self.settings, console);
        let loaded = self.paths.iter().map(load).collect::<Result<Vec<_>, Failure>>()?;
        let level = self.plan().map_or(Level::P95, UntilCi::level);
        let (mut all, mut judgements, studies) = (Vec::new(), Vec::new(), loaded.len());
        for (path, scenario) in self.paths.iter().zip(loaded) {
            let policies = policies(self.policies.as_deref(), &scenario)?;
            let baseline = self.baseline(&policies)?;
            let ran = self.simulate(path, scenario, &policies, level)?;
            let resampling = resampling(ran.manifest.seed, policies.len(), studies);
            let horizon = ran.scenario.horizon;
            let judged = self.threads.install(|| judge(&ran.arms, baseline, horizon, level, resampling))?;
            judgements.push(judged.map_err(|error| sampled(&error))?);
            all.push(ran);
        }
        correct(&mut judgements);
        Ok((all, judgements))
    }

    fn plan(&self) -> Option<UntilCi> {
        UntilCi::new(self.until_ci?, Level::P95, FIRST_LOOK, LAST_LOOK)
    }

    fn baseline(&self, policies: &[PolicyName]) -> Result<usize, Failure> {
        let Some(name) = &self.baseline else { return Ok(0) };
        let wanted = policy(Some(name))?;
        policies.iter().position(|policy| *policy == wanted).ok_or_else(|| {
            let known: Vec<String> = policies.iter().map(ToString::to_string).collect();
            let hint = format!("one of {}, or add it to --policies", known.join(", "));
            Failure::usage(format!("the baseline '{name}' is not among the policies compared"), hint)
        })
    }

    fn simulate(&self, path: &Path, scenario: Scenario, policies: &[PolicyName], level: Level) -> Result<Ran, Failure> {
        let seed = self.seed.unwrap_or(scenario.seed);
        let market = scenario.market();
        let mut all = Arms::new(&scenario, &market, policies, seed);
        let first = self.plan().and_then(|plan| plan.looks().next());
        let mut trials = first.or(self.trials).unwrap_or(scenario.trials);
        let (mut from, mut exhausted) = (0, None);
        while from < trials {
            let progress = Progress::new((trials - from) * policies.len() as u64);
            self.threads.install(|| all.extend(from..trials, |more| progress.add(more)))?;
            progress.finish();
            from = trials;
            if let Some(plan) = self.plan() {
                match plan.next(trials, &watched(&all.arms, plan.level())?) {
                    Next::Enough => {}
                    Next::Until(more) => trials = more,
                    Next::Exhausted => exhausted = Some(plan),
                }
            }
        }
        let arms = all.arms;
        let names: Vec<String> = policies.iter().map(ToString::to_string).collect();
        let manifest = manifest(path, &scenario, (seed, trials), names, self.given());
        let requests = trials * scenario.demands.len() as u64;
        let mut told: Vec<String> = cautions(&TOLD, requests).iter().map(ToString::to_string).collect();
        if scenario.demands.len() > 1 {
            told.push(
                "requests of one trial share its luck: intervals, which take them one by one, are too narrow".into(),
            );
        }
        told.extend(first_only(&arms));
        if let Some((wanted, plan)) = self.until_ci.zip(exhausted) {
            told.push(format!(
                "{trials} trials did not bring the waits to ±{} %, and no more are run: {}",
                wanted * 100.0,
                too_wide(&arms, plan)?.join(", ")
            ));
        }
        let summaries = summaries(&arms, level)?;
        Ok(Ran { scenario, manifest, arms, summaries, cautions: told })
    }

    /// The arguments that make the document again.
    fn given(&self) -> Vec<String> {
        let mut words = vec!["compare".to_owned()];
        words.extend(self.paths.iter().map(|path| path.display().to_string()));
        words.extend(settings_given(&self.settings));
        words.extend(self.catalogs.given());
        let mut flag = |name: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        };
        flag("--policies", self.policies.clone());
        flag("--baseline", self.baseline.clone());
        flag("--trials", self.trials.map(|trials| trials.to_string()));
        flag("--until-ci", self.until_ci.map(|part| part.to_string()));
        flag("--seed", self.seed.map(|seed| seed.to_string()));
        words
    }
}

/// What the tables tell quantiles of.
const TOLD: [Statistic; 3] = [Statistic::P50, Statistic::P90, Statistic::P99];

/// What `--until-ci` looks at: the median and the 90 % quantile of every policy.
const WATCHED: [f64; 2] = [0.5, 0.9];

fn watched(arms: &[Arm], level: Level) -> Result<Vec<Option<Estimate>>, Failure> {
    let of = |arm: &Arm| arm.waits(WATCHED, level).map_err(|error| sampled(&error));
    let all = arms.iter().map(of).collect::<Result<Vec<_>, Failure>>()?;
    Ok(all.into_iter().flatten().collect())
}

/// The waits that are not known to the precision that was asked for, each with the precision it is known to.
fn too_wide(arms: &[Arm], plan: UntilCi) -> Result<Vec<String>, Failure> {
    let names = arms.iter().flat_map(|arm| WATCHED.map(|q| (arm, Statistic::Quantile(q))));
    let told = |((arm, statistic), estimate): ((&Arm, Statistic), Option<Estimate>)| {
        let width = estimate.and_then(Estimate::relative_half_width);
        let known = width.map_or("open".to_owned(), |width| format!("±{:.1} %", width * 100.0));
        (!plan.is_enough(estimate)).then(|| format!("{statistic} of {} is {known}", arm.name))
    };
    Ok(names.zip(watched(arms, plan.level())?).filter_map(told).collect())
}

fn named(ran: &Ran) -> Vec<(&str, &Summary)> {
    ran.arms.iter().map(|arm| arm.name.as_str()).zip(&ran.summaries).collect()
}

fn record(ran: &[Ran], judgements: &[Judgement]) -> CompareRecord {
    let one = |(ran, judgement): (&Ran, &Judgement)| {
        let arms = named(ran);
        ComparedRecord::new(ran.manifest.clone(), Compared { arms: &arms, judgement }, ran.cautions.clone())
    };
    CompareRecord { schema: "sky-sim.compare/1", studies: ran.iter().zip(judgements).map(one).collect() }
}

fn lines(ran: &Ran, judgement: &Judgement, markdown: bool) -> Vec<String> {
    let arms = named(ran);
    let compared = Compared { arms: &arms, judgement };
    let Manifest { scenario, trials, seed, .. } = &ran.manifest;
    let mark = if markdown { "## " } else { "" };
    let mut lines = vec![
        format!("{mark}{scenario}: {}", ran.scenario.title),
        String::new(),
        format!("{trials} trials a policy under the same luck, seed {seed}."),
        String::new(),
    ];
    let drawn = |cells: crate::report::cells::Cells| if markdown { cells.markdown() } else { cells.lines() };
    lines.extend(drawn(achieved(compared)));
    if let Some(jobs) = crate::report::jobs::cells(arms.iter().copied()) {
        lines.extend([String::new(), "What became of jobs:".to_owned(), String::new()]);
        lines.extend(drawn(jobs));
    }
    if arms.len() > 1 {
        let baseline = arms.get(judgement.baseline).map_or("", |(name, _)| name);
        lines.extend([String::new(), format!("Paired differences from {baseline} (~ may be luck):"), String::new()]);
        lines.extend(drawn(differences(compared)));
        lines.push(String::new());
        lines.extend(verdicts(compared).into_iter().map(|line| if markdown { format!("- {line}") } else { line }));
    }
    lines.extend(ran.cautions.iter().map(|caution| format!("{}caution: {caution}", if markdown { "- " } else { "" })));
    lines
}

pub(super) fn markdown(ran: &[Ran], judgements: &[Judgement]) -> String {
    let mut all = vec!["# Policies compared".to_owned()];
    for (ran, judgement) in ran.iter().zip(judgements) {
        all.push(String::new());
        all.extend(lines(ran, judgement, true));
    }
    if let Some(first) = ran.first() {
        all.extend([String::new(), format!("Again: `{}`", first.manifest.command)]);
    }
    all.join("\n") + "\n"
}

/// `2%` or `0.02`, as a part of one.
pub(super) fn percentage(text: &str) -> Result<f64, String> {
    let (number, of) = text.trim().strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    let part = number.trim().parse::<f64>().ok().map(|number| number / of);
    let sound = part.filter(|part| *part > 0.0 && *part < 1.0);
    sound.ok_or_else(|| format!("'{text}' is not a part between 0 % and 100 %, such as 2%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, Span};
    use crate::study::Trial;

    #[test]
    fn what_is_not_known_well_enough_is_named() {
        let arm = |policy: PolicyName, outcome| {
            let trial = |n: u64| Trial {
                outcome: Some(outcome),
                elapsed: Span::from_secs(1_000 + n % 100),
                attempts: 1,
                price_hourly: None,
                cheapest_hourly: None,
                wasted: crate::model::Money::ZERO,
            };
            Arm { trials: (0..1_000).map(trial).collect(), ..Arm::new(policy) }
        };
        let arms = [arm(PolicyName::Cheapest, Outcome::Placed), arm(PolicyName::Random, Outcome::TimedOut)];
        let plan = |wanted| UntilCi::new(wanted, Level::P95, 1_000, 1_000).expect("a plan");
        let told = |wanted| too_wide(&arms, plan(wanted)).expect("numbers");
        assert_eq!(told(0.02), ["p50 of random is open", "p90 of random is open"]);
        let close = told(0.001);
        assert_eq!(close.len(), 4);
        assert!(close[0].starts_with("p50 of cheapest is ±0."), "{close:?}");
    }
}
