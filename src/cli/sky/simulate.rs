//! `sky launch --simulate`: the same launch, log and exit code, against a simulated market in virtual time.

use std::path::Path;

use jiff::civil::DateTime;

use crate::cli::{Console, Environment, Exit, Failure};
use crate::engine::policy::PolicyName;
use crate::model::{Entry, Happening, Outcome, Span};
use crate::optimizer::Plan;
use crate::report::launch::{End, LaunchRecord, failures, opening, up};
use crate::report::log::{Line, Narrator};
use crate::report::record::{Event, Offer};
use crate::report::{Clock, failure};
use crate::request::Request;
use crate::sim::scenario::{Scenario, Wanted};
use crate::sim::trial::Runner;

use super::launch::LaunchOutput;
use super::provision_log::ProvisionLog;

/// A launch that is about to be simulated.
pub(super) struct Simulated<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) scenario_path: &'a Path,
    pub(super) cluster: String,
    pub(super) request: &'a Request,
    pub(super) plan: &'a Plan<'a>,
    pub(super) policy: PolicyName,
    pub(super) seed: u64,
    pub(super) begin: DateTime,
    pub(super) log_dir: &'a str,
    pub(super) output: LaunchOutput,
}

/// Pursues it and tells it.
pub(super) fn run(launch: &Simulated<'_>, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let clock = Clock::starting_at(launch.begin);
    let names = launch.plan.catalog();
    let mut log = ProvisionLog::create(launch.log_dir, environment, &clock, names)?;
    let first = launch.plan.best().ok_or_else(|| Failure::usage("there is nothing to launch", ""))?;
    let opening = opening(names, &launch.cluster, launch.request.nodes, &first.offering, &log.shown);
    if launch.output == LaunchOutput::Table {
        let market = format!("Simulated market: {} (seed {}).", launch.scenario_path.display(), launch.seed);
        console.log(&Line::info(opening[0].at, "launch", market), &clock)?;
        opening.iter().try_for_each(|line| console.log(line, &clock))?;
    }
    let journal = launch.pursue();
    log.lines(&opening);
    for entry in &journal {
        log.entry(entry);
    }
    let end = End::of(&journal);
    let exit = exit_of(&end);
    match launch.output {
        LaunchOutput::Table => launch.tell(&journal, &end, &clock, console)?,
        LaunchOutput::Json => console.json(&launch.record(&journal, &end, exit, &log.shown))?,
        LaunchOutput::Ndjson => {
            journal.iter().try_for_each(|entry| console.json_line(&Event::of(names, entry)))?;
        }
    }
    Ok(exit)
}

impl Simulated<'_> {
    fn pursue(&self) -> Vec<Entry> {
        let wanted = Wanted {
            candidates: self.plan.candidates(),
            nodes: self.request.nodes,
            limits: self.request.limits,
            at: Span::ZERO,
            hold: None,
        };
        let market = self.scenario.market_for(&[wanted]);
        let mut journal = Vec::new();
        Runner::new(&market, self.seed).run_recorded(self.policy, 0, |entry| journal.push(entry));
        journal
    }

    fn tell(&self, journal: &[Entry], end: &End, clock: &Clock, console: &mut Console) -> Result<(), Failure> {
        let names = self.plan.catalog();
        let mut narrator = Narrator::new(names);
        for line in journal.iter().flat_map(|entry| narrator.tell(entry)) {
            console.log(&line, clock)?;
        }
        if let Some(lease) = end.lease {
            return console.log(&up(names, &self.cluster, &lease, end), clock);
        }
        let lines = failure::lines(names, journal);
        console.lines(lines.first().map(|_| String::new()).into_iter().chain(lines.iter().cloned()))
    }

    fn record(&self, journal: &[Entry], end: &End, exit: Exit, log: &str) -> LaunchRecord {
        let names = self.plan.catalog();
        let wasted = journal.iter().filter_map(|entry| match entry.happening {
            Happening::Released(_, cost) => Some(cost.as_dollars()),
            _ => None,
        });
        LaunchRecord {
            schema: "sky.launch/1",
            cluster: self.cluster.clone(),
            simulated: true,
            seed: self.seed,
            policy: self.policy.to_string(),
            outcome: crate::report::study::outcome_name(end.outcome),
            exit_code: exit.code(),
            seconds: end.at.0 as f64 / 1e6,
            attempts: end.attempts,
            nodes: self.request.nodes,
            obtained: end.lease.map(|lease| Offer::of_lease(names, &lease)),
            price_hourly: end.lease.map(|l| (l.offering.price_hourly * i64::from(l.nodes)).as_dollars()),
            wasted: wasted.fold(0.0, |sum, cost| sum + cost),
            orphans: end.orphans.clone(),
            failures: failures(names, journal),
            log: log.to_owned(),
        }
    }
}

fn exit_of(end: &End) -> Exit {
    if !end.orphans.is_empty() {
        return Exit::NotReleased;
    }
    Exit::of(end.outcome.unwrap_or(Outcome::TimedOut))
}
