//! What the commands that run trials share: threads, policies, summaries.

use std::path::Path;

use clap::Args;
use serde::Serialize;

use crate::cli::scenarios::name_of;
use crate::cli::sky::policy;
use crate::cli::{Exit, Failure};
use crate::engine::policy::PolicyName;
use crate::report::{Manifest, command};
use crate::sim::scenario::Scenario;
use crate::study::stats::{Level, SampleError};
use crate::study::{Arm, Summary};

/// How many threads run trials.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Threads {
    /// Threads; as many as there are cores if absent. Never changes a byte of the result.
    #[arg(short = 'j', long, value_parser = clap::value_parser!(u64).range(1..=1024))]
    threads: Option<u64>,
}

impl Threads {
    /// Runs something on them.
    pub(super) fn install<R: Send>(self, run: impl FnOnce() -> R + Send) -> Result<R, Failure> {
        let Some(threads) = self.threads else { return Ok(run()) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build();
        let pool = pool.map_err(|error| Failure::usage(format!("{threads} threads cannot be started: {error}"), ""))?;
        Ok(pool.install(run))
    }
}

/// The policies of a flag: names separated by commas, `all`, or the scenario's own if absent.
pub(super) fn policies(names: Option<&str>, scenario: &Scenario) -> Result<Vec<PolicyName>, Failure> {
    match names {
        None => Ok(scenario.policies.clone()),
        Some("all") => Ok(PolicyName::ALL.to_vec()),
        Some(names) => names.split(',').map(|name| policy(Some(name.trim()))).collect(),
    }
}

/// What each arm adds up to.
pub(super) fn summaries(arms: &[Arm], level: Level) -> Result<Vec<Summary>, Failure> {
    arms.iter().map(|arm| arm.summary(level)).collect::<Result<_, _>>().map_err(|error| sampled(&error))
}

/// What to beware of where requests are too many to be kept one by one.
pub(super) fn first_only(arms: &[Arm]) -> Option<String> {
    let arm = arms.iter().find(|arm| arm.digest.is_some())?;
    let kept = arm.trials.len();
    Some(format!(
        "differences, mean waits, regret and pictures are of the first {kept} requests, all else is of every one"
    ))
}

/// A study that cannot be judged.
pub(super) fn sampled(error: &SampleError) -> Failure {
    Failure::Plain { exit: Exit::Internal, message: error.to_string(), hint: String::new() }
}

/// What makes a study again.
pub(super) fn manifest(
    path: &Path,
    scenario: &Scenario,
    (seed, trials): (u64, u64),
    policies: Vec<String>,
    arguments: Vec<String>,
) -> Manifest {
    Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: name_of(path),
        scenario_hash: scenario.hash.clone(),
        catalog_hash: scenario.catalog.hash().to_owned(),
        seed,
        trials,
        policies,
        command: command(&arguments),
        arguments,
    }
}

/// A document as it is printed and written: the bytes that `verify` compares.
pub(super) fn text_of(document: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(document).map_err(std::io::Error::from)? + "\n")
}
