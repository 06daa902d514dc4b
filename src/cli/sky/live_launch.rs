//! `sky launch` on real clouds: the offer, the question, the launch as it happens, and its end.

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::cloud::CLOUDS;
use crate::cluster::launch::{End as Launched, Told, mismatch};
use crate::cluster::machine::check_files;
use crate::cluster::{Cluster, ClusterError, Wish, launch, names};
use crate::model::{CloudId, Entry, Happening, Outcome, Span, Timestamp};
use crate::optimizer::Plan;
use crate::report::launch::{End, LaunchRecord, failures, opening, up};
use crate::report::log::{Line, Narrator, place_title};
use crate::report::record::{Event, Offer};
use crate::report::{Clock, failure};
use crate::request::{Autostop as Wanted, Request};

use super::bring_up;
use super::launch::{LaunchArgs, LaunchOutput, offer};
use super::live::{Live, Which};
use super::offer::{feasible, policy};
use super::planning::lost_alternatives;
use super::provision_log::ProvisionLog;
use super::status::HostRecord;

/// How long an idle cluster with `--down` and without a time of its own is left alone.
const DOWN_AFTER: Span = Span::from_secs(60);

pub(super) fn run(args: &LaunchArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let catalog = args.task.catalogs.load()?;
    args.cluster.as_deref().map_or(Ok(()), names::check)?;
    let live = Live::open(environment, catalog, Which::All)?;
    let request = wanted(args, &live, catalog, console)?;
    // Before anything is paid for.
    check_files(&request.work, environment.home.as_deref())?;
    let begin = environment.now();
    let name = args.cluster.clone().unwrap_or_else(|| super::launch::made_up(begin));
    let existing = live.context.store.cluster(&name).map_err(ClusterError::from)?;
    if let Some(error) = existing.as_ref().and_then(|cluster| mismatch(catalog, cluster, &request)) {
        return Err(error.into());
    }
    let plan = feasible(catalog, &request)?;
    let policy = policy(request.policy.as_deref())?;
    if !agreed(args, &plan, &request, existing.as_ref(), &name, environment, console)? {
        console.note("Nothing was launched.");
        return Ok(Exit::Interrupted);
    }
    let clock = Clock::starting_at(begin);
    let mut log = ProvisionLog::create(&args.log_dir, environment, &clock, catalog)?;
    let mut show = Show::new(args.output, catalog, clock);
    if existing.as_ref().is_none_or(|cluster| cluster.held.is_none())
        && let Some(first) = plan.best()
    {
        let opening = opening(catalog, &name, request.nodes, &first.offering, &log.shown);
        log.lines(&opening);
        show.lines(&opening, console)?;
    }
    let wish =
        Wish { name: &name, request: &request, candidates: plan.candidates().into(), policy, remember: !args.fresh };
    let mut journal: Vec<Entry> = Vec::new();
    let mut unwritten = None;
    let ended = launch(&live.context, &wish, &mut |told| {
        let shown = match told {
            Told::Note(text) => {
                let line = Line::info(live.context.clock.now(), "launch", text);
                log.lines(std::slice::from_ref(&line));
                show.lines(&[line], console)
            }
            Told::Entry(entry) => {
                journal.push(entry.clone());
                log.entry(entry);
                show.entry(entry, console)
            }
            // The terminal has no words for a refusal that was got over; the log and the document keep it.
            Told::Aside(entry) => {
                journal.push(entry.clone());
                log.entry(entry);
                Ok(())
            }
        };
        // Whoever read this is gone; the launch itself goes on.
        unwritten = unwritten.take().or(shown.err());
    });
    show.end();
    let ended = ended?;
    let done = Done { args, name, policy: policy.to_string(), request, journal, ended, log: log.shown.clone() };
    let exit = done.exit();
    done.tell(catalog, &clock, live.context.clock.now(), console)?;
    match &done.ended.cluster {
        Some(cluster) if exit == Exit::Done => {
            bring_up::run(&live, args, &done.request, cluster, &log.directory, environment, console)
        }
        _ => Ok(exit),
    }
}

/// What is asked for, on the clouds that can be called.
fn wanted(
    args: &LaunchArgs,
    live: &Live,
    catalog: &'static Catalog,
    console: &mut Console,
) -> Result<Request, Failure> {
    let ready: Vec<CloudId> = live.context.clouds.ready().filter_map(|(name, _)| catalog.find_cloud(name)).collect();
    let usable = if ready.is_empty() { None } else { args.task.resolve_on(catalog, &ready).ok() };
    let Some(wanted) = usable else {
        // Errors of the task itself come first; then it is the clouds that are missing.
        let all = args.task.resolve_in(catalog, console)?;
        return Err(unusable(live, catalog, &all.requests));
    };
    wanted.warn(console);
    for (name, error) in live.context.clouds.missing() {
        let Some(cloud) = catalog.find_cloud(name) else { continue };
        // Of no interest where the task would not go there anyway.
        if args.output == LaunchOutput::Table && args.task.resolve_on(catalog, &[cloud]).is_ok() {
            let title = catalog.cloud_title(cloud);
            console.note(format!("{title} is left out: {error} (`sky check {name}` says what to do)."));
        }
    }
    let [request] = wanted.requests.as_slice() else {
        return Err(Failure::usage(
            format!("the file has {} tasks, and one is launched at a time", wanted.requests.len()),
            "give each its own file; `sky plan` shows all of them",
        ));
    };
    for warning in lost_alternatives(catalog, request) {
        console.note(format!("warning: {warning}"));
    }
    let mut request = request.clone();
    if args.down {
        for machine in &mut request.machines {
            let idle = machine.autostop.map_or(DOWN_AFTER, |stop| stop.idle);
            machine.autostop = Some(Wanted { idle, down: true });
        }
    }
    Ok(request)
}

/// None of the clouds that the task may use can be called: why, and what to do, cloud by cloud.
fn unusable(live: &Live, catalog: &Catalog, requests: &[Request]) -> Failure {
    let plan = requests.first().and_then(|request| feasible(catalog, request).ok());
    let mut asked: Vec<&str> = plan.iter().flat_map(Plan::iter).map(|c| catalog.cloud_name(c.offering.cloud)).collect();
    asked.sort_unstable();
    asked.dedup();
    let mut hints = Vec::new();
    for name in if asked.is_empty() { CLOUDS.to_vec() } else { asked } {
        let Err(error) = live.context.clouds.need(name) else { continue };
        let title = catalog.find_cloud(name).map_or(name, |id| catalog.cloud_title(id));
        hints.push(if live.context.config.allows(name) {
            format!("{title}: {error}; {}", super::check::remedy(&error))
        } else {
            format!("{title}: left out by 'clouds' in config.yaml")
        });
    }
    hints.push("or try the same launch against a market: --simulate scenarios/v100-scarce.yaml".to_owned());
    Failure::Plain {
        exit: Exit::NotAuthorized,
        message: "no cloud that the task may use can be called".to_owned(),
        hint: hints.join("\n  = "),
    }
}

/// Shows the offer of a new cluster and asks.
fn agreed(
    args: &LaunchArgs,
    plan: &Plan<'_>,
    request: &Request,
    existing: Option<&Cluster>,
    name: &str,
    environment: &Environment,
    console: &mut Console,
) -> Result<bool, Failure> {
    let held = existing.filter(|cluster| cluster.held.is_some());
    if held.is_none() && args.output == LaunchOutput::Table {
        offer(plan, request, args, environment, console)?;
    }
    let question = match held {
        None => format!("Launching a new cluster '{name}'. Proceed?"),
        Some(cluster) if cluster.status == crate::cluster::Status::Stopped => {
            format!("Restarting the stopped cluster '{name}'. Proceed?")
        }
        Some(_) => format!("Running task on cluster '{name}'. Proceed?"),
    };
    Ok(args.yes || console.confirm(&question)?)
}

/// What is seen while it happens.
struct Show<'a> {
    output: LaunchOutput,
    catalog: &'a Catalog,
    clock: Clock,
    narrator: Narrator<'a>,
    spinner: Option<ProgressBar>,
    attempts: u32,
}

impl<'a> Show<'a> {
    fn new(output: LaunchOutput, catalog: &'a Catalog, clock: Clock) -> Self {
        Self { output, catalog, clock, narrator: Narrator::new(catalog), spinner: None, attempts: 0 }
    }

    fn lines(&mut self, lines: &[Line], console: &mut Console) -> Result<(), Failure> {
        if self.output != LaunchOutput::Table {
            return Ok(());
        }
        let clock = self.clock;
        let mut write = || {
            lines.iter().try_for_each(|line| console.log(line, &clock))?;
            console.flush()
        };
        match &self.spinner {
            Some(spinner) => spinner.suspend(write),
            None => write(),
        }
    }

    fn entry(&mut self, entry: &Entry, console: &mut Console) -> Result<(), Failure> {
        if self.output == LaunchOutput::Ndjson {
            console.json_line(&Event::of(self.catalog, entry))?;
            return console.flush();
        }
        let lines = self.narrator.tell(entry);
        self.lines(&lines, console)?;
        self.spin(entry);
        Ok(())
    }

    /// On a terminal: what is being done, for how long, and the how-manieth attempt it is.
    fn spin(&mut self, entry: &Entry) {
        if self.output != LaunchOutput::Table {
            return;
        }
        let doing = match &entry.happening {
            Happening::Attempted(_, attempt) => {
                self.attempts += 1;
                let place = place_title(self.catalog, &attempt.offering.cloud, attempt.offering.region, &attempt.zones);
                format!("Launching on {place}")
            }
            Happening::Waiting(until) => format!("Waiting for {}", until.since(entry.at)),
            Happening::Lost(..) => "Looking for what the call made".to_owned(),
            Happening::Releasing(_) => "Releasing what is not kept".to_owned(),
            _ => return,
        };
        let spinner = self.spinner.get_or_insert_with(|| {
            let spinner = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
            spinner.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            spinner.enable_steady_tick(std::time::Duration::from_millis(120));
            spinner
        });
        spinner.set_message(format!("{doing}, attempt {}", self.attempts));
    }

    fn end(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

/// A launch that is over.
struct Done<'a> {
    args: &'a LaunchArgs,
    name: String,
    policy: String,
    request: Request,
    journal: Vec<Entry>,
    ended: Launched,
    log: String,
}

/// A launch on real clouds, for programs.
#[derive(Debug, Serialize)]
struct LiveRecord {
    #[serde(flatten)]
    launch: LaunchRecord,
    /// The cluster was there already.
    reused: bool,
    hosts: Vec<HostRecord>,
    /// Launches that may still hold machines.
    left: Vec<String>,
}

impl Done<'_> {
    fn exit(&self) -> Exit {
        match self.ended.outcome {
            _ if !self.ended.left.is_empty() => Exit::NotReleased,
            None => Exit::Done,
            Some(outcome) => Exit::of(outcome),
        }
    }

    fn tell(&self, catalog: &Catalog, clock: &Clock, now: Timestamp, console: &mut Console) -> Result<(), Failure> {
        match self.args.output {
            LaunchOutput::Table => self.words(catalog, clock, now, console)?,
            LaunchOutput::Json => console.json(&self.record(catalog, now))?,
            LaunchOutput::Ndjson => {}
        }
        console.flush()
    }

    fn words(&self, catalog: &Catalog, clock: &Clock, now: Timestamp, console: &mut Console) -> Result<(), Failure> {
        let end = End::of(&self.journal);
        if self.ended.reused {
            let line = Line::info(now, "launch", "Successfully provisioned or found existing VM.");
            console.log(&line, clock)?;
        } else if let Some(lease) = end.lease.filter(|_| self.ended.cluster.is_some()) {
            console.log(&up(catalog, &self.name, &lease, &end), clock)?;
        } else {
            let lines = failure::lines(catalog, &self.journal);
            console.lines(lines.first().map(|_| String::new()).into_iter().chain(lines))?;
        }
        let wasted = self.wasted();
        if wasted > 0.005 {
            console.line(format!("Launched and not kept: ${wasted:.2}."))?;
        }
        if self.ended.believed > 0 && self.ended.cluster.is_none() && self.ended.outcome != Some(Outcome::Cancelled) {
            console.line(format!(
                "{} refusals of the last minutes were believed without asking again; --fresh asks.",
                self.ended.believed
            ))?;
        }
        for (key, place) in &self.ended.left {
            console.note(format!(
                "warning: launch {key} on {place} may still hold machines; `sky status -r` gives them back"
            ));
        }
        Ok(())
    }

    fn wasted(&self) -> f64 {
        let cost = |entry: &Entry| match entry.happening {
            Happening::Released(_, cost) => cost.as_dollars(),
            _ => 0.0,
        };
        self.journal.iter().map(cost).sum()
    }

    fn record(&self, catalog: &Catalog, now: Timestamp) -> LiveRecord {
        let end = End::of(&self.journal);
        let held = self.ended.cluster.as_ref().and_then(|cluster| Some((cluster, cluster.held.as_ref()?)));
        let launch = LaunchRecord {
            schema: "sky.launch/1",
            cluster: self.name.clone(),
            simulated: false,
            seed: 0,
            policy: self.policy.clone(),
            outcome: self.ended.outcome.unwrap_or(Outcome::Placed).name(),
            exit_code: self.exit().code(),
            seconds: now.since(Timestamp::ZERO).as_secs_f64(),
            attempts: end.attempts,
            nodes: self.request.nodes,
            obtained: end.lease.map(|lease| Offer::of_lease(catalog, &lease)),
            price_hourly: held.map(|(cluster, held)| (held.price_hourly * i64::from(cluster.nodes)).as_dollars()),
            wasted: self.wasted(),
            orphans: end.orphans.clone(),
            failures: failures(catalog, &self.journal),
            log: self.log.clone(),
        };
        LiveRecord {
            launch,
            reused: self.ended.reused,
            hosts: self.ended.nodes.iter().map(HostRecord::of).collect(),
            left: self.ended.left.iter().map(|(key, place)| format!("{key} on {place}")).collect(),
        }
    }
}
