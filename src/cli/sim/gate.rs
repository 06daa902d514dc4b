//! `sky-sim gate`: fails a build when a scenario's bounds are broken or a result is worse than an earlier one.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::{Console, Exit, Failure, files};
use crate::model::Span;
use crate::report::result::ResultRecord;
use crate::study::stats::Level;
use crate::study::{Regression, regressions};

use super::compare::percentage;
use super::verify::not_a_result;
use super::{Command, SkySim, run as study};

/// Flags of `gate`.
#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// A scenario to run now, or a document of `run` or `compare`.
    #[arg(value_name = "SCENARIO|RESULT")]
    path: PathBuf,
    /// The document that nothing may be worse than.
    #[arg(long, value_name = "RESULT")]
    baseline: Option<PathBuf>,
    /// By how much a number may be worse than the baseline's.
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = percentage)]
    max_regression: f64,
    /// Policies to run; the baseline's, or else the scenario's own, if absent.
    #[arg(long, value_name = "NAMES")]
    policies: Option<String>,
    /// Trials a policy; the baseline's, or else the scenario's own number, if absent.
    #[arg(short = 'n', long)]
    trials: Option<u64>,
    /// Seed of all luck; the baseline's, or else the scenario's own, if absent.
    #[arg(long)]
    seed: Option<u64>,
    /// A value for one of the scenario's parameters; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
}

pub(super) fn run(args: &GateArgs, console: &mut Console) -> Result<Exit, Failure> {
    let before = args.baseline.as_deref().map(read).transpose()?;
    let is_result = args.path.extension().is_some_and(|ending| ending == "json");
    let after = if is_result { read(&args.path)? } else { args.simulate(before.as_ref(), console)? };
    let unmet = after.unmet.iter().flatten();
    let mut broken: Vec<String> = unmet.map(|unmet| format!("not met: {unmet}")).collect();
    if after.unmet.is_none() {
        // A gate that looks at nothing must not pass in silence.
        console.note(
            "note: the scenario's own bounds were not looked at: it has none, or they speak of other policies or more trials",
        );
        if before.is_none() {
            let hint = "give --baseline, or run a scenario that has thresholds, probes or expect with its own policies and \
                        no fewer trials";
            return Err(Failure::usage("there is nothing to hold this result against", hint));
        }
    }
    let mut looked_at = 0;
    if let Some(before) = &before {
        let pairs = after.pairs(before);
        if pairs.is_empty() {
            let hint = "compare results of the same scenario and policies";
            return Err(Failure::usage("the result and the baseline have nothing in common", hint));
        }
        looked_at = pairs.len();
        for note in differing(&after, before) {
            console.note(note);
        }
        broken.extend(regressions(&pairs, args.max_regression, Level::P95).iter().map(told));
    }
    if broken.is_empty() {
        let bounds = after.unmet.is_some().then(|| "the scenario's bounds are kept".to_owned());
        let most = percent(args.max_regression);
        let against = before.is_some().then(|| format!("none of {looked_at} numbers is worse by more than {most} %"));
        let passed: Vec<String> = bounds.into_iter().chain(against).collect();
        console.line(format!("passed: {}", passed.join("; ")))?;
        return Ok(Exit::Done);
    }
    console.lines(&broken)?;
    console.line(format!("failed: {} of what must hold does not", broken.len()))?;
    Ok(Exit::Unmet)
}

impl GateArgs {
    /// Runs the scenario as the baseline was run, unless flags say otherwise.
    fn simulate(&self, before: Option<&ResultRecord>, console: &mut Console) -> Result<ResultRecord, Failure> {
        use clap::Parser as _;
        let name = crate::cli::scenarios::name_of(&self.path);
        let manifests = before.iter().flat_map(|before| &before.studies).map(|study| &study.manifest);
        let known = manifests.into_iter().find(|manifest| manifest.scenario == name);
        let mut words = vec!["sky-sim".to_owned(), "run".to_owned(), self.path.display().to_string()];
        let mut flag = |name: &str, given: Option<String>, known: Option<String>| {
            words.extend(given.or(known).into_iter().flat_map(|value| [name.to_owned(), value]));
        };
        flag("--policies", self.policies.clone(), known.map(|manifest| manifest.policies.join(",")));
        flag("--trials", self.trials.map(|n| n.to_string()), known.map(|manifest| manifest.trials.to_string()));
        flag("--seed", self.seed.map(|n| n.to_string()), known.map(|manifest| manifest.seed.to_string()));
        self.settings.iter().for_each(|setting| flag("--set", Some(setting.clone()), None));
        let Command::Run(args) = SkySim::try_parse_from(words).map_err(Failure::Usage)?.command else {
            return Err(Failure::usage("this is nothing to run", "give a scenario or a result"));
        };
        let text = study::document(&args, console)?;
        ResultRecord::read(&text).map_err(|error| not_a_result(&self.path, &error))
    }
}

fn read(path: &Path) -> Result<ResultRecord, Failure> {
    ResultRecord::read(&files::read(path)?).map_err(|error| not_a_result(path, &error))
}

/// What may explain a difference beside the program.
fn differing(after: &ResultRecord, before: &ResultRecord) -> Vec<String> {
    let mut notes = Vec::new();
    for (new, old) in after.studies.iter().flat_map(|new| before.studies.iter().map(move |old| (new, old))) {
        let (new, old) = (&new.manifest, &old.manifest);
        if new.scenario != old.scenario {
            continue;
        }
        for (what, same) in [
            ("the scenario", new.scenario_hash == old.scenario_hash),
            ("the catalog", new.catalog_hash == old.catalog_hash),
            ("the seed", new.seed == old.seed),
        ] {
            notes.extend((!same).then(|| format!("note: {}: {what} is not the baseline's", new.scenario)));
        }
    }
    notes
}

fn told(regression: &Regression) -> String {
    let Regression { what, before, after, part, p } = regression;
    let number = |value: f64| match value {
        value if value.is_infinite() => "never".to_owned(),
        value if what.contains(" wait ") => Span::from_secs_f64(value).to_string(),
        value => format!("{value:.4}"),
    };
    let size = if part.is_finite() { format!("{} % worse", percent(*part)) } else { "worse".to_owned() };
    let p = if *p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") };
    format!("regression: {what}: {} became {}, {size} ({p})", number(*before), number(*after))
}

fn percent(part: f64) -> f64 {
    (part * 1000.0).round() / 10.0
}
