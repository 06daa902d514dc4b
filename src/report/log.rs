//! The journal told as log lines in the form of SkyPilot's page, and in full for the detailed log.
//!
//! **Invariant:** one pass, in the order of the journal; a line carries the time of the entry it tells.

use std::collections::BTreeMap;

use crate::model::{
    Attempt, CallId, Denial, Entry, Happening, Lease, LeaseId, Outcome, RegionId, Scope, Timestamp, TypeId, ZoneSet,
};

use super::clock::Clock;
use super::names::{Names, resources_title};

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Progress.
    Info,
    /// A refusal, a loss.
    Warning,
    /// The end without success.
    Error,
}

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// How it is meant.
    pub level: Level,
    /// The part of the program that speaks.
    pub module: &'static str,
    /// What it says; may be empty, to set a region apart from the one before.
    pub text: String,
}

impl Line {
    /// A line of progress.
    pub fn info(at: Timestamp, module: &'static str, text: impl Into<String>) -> Self {
        Self { at, level: Level::Info, module, text: text.into() }
    }

    /// `I 02-11 21:17:43 failover] Launching on GCP us-central1 (us-central1-a)`.
    pub fn render(&self, clock: &Clock) -> String {
        let level = match self.level {
            Level::Info => 'I',
            Level::Warning => 'W',
            Level::Error => 'E',
        };
        let line = format!("{level} {} {}] {}", clock.stamp(self.at), self.module, self.text);
        line.trim_end().to_owned()
    }
}

/// Tells a journal.
pub struct Narrator<'a> {
    names: &'a dyn Names,
    detailed: bool,
    attempts: BTreeMap<CallId, Attempt>,
    /// Where what came up is.
    places: BTreeMap<LeaseId, String>,
    /// Where and what the last announced attempt was for.
    last: Option<(RegionId, TypeId)>,
    /// The attempt whose refusals are being listed.
    listing: Option<CallId>,
}

const MODULE: &str = "failover";

impl<'a> Narrator<'a> {
    /// Tells what the page tells.
    pub fn new(names: &'a dyn Names) -> Self {
        Self { names, detailed: false, attempts: BTreeMap::new(), places: BTreeMap::new(), last: None, listing: None }
    }

    /// Tells every entry, with scopes and expiries: what goes to `provision.log`.
    pub fn detailed(names: &'a dyn Names) -> Self {
        Self { detailed: true, ..Self::new(names) }
    }

    /// The lines for one entry.
    pub fn tell(&mut self, entry: &Entry) -> Vec<Line> {
        if let Happening::Launched(_, lease) | Happening::PartlyLaunched(_, lease) | Happening::Found(_, Some(lease)) =
            &entry.happening
        {
            self.places.insert(lease.id, self.place(lease));
        }
        let mut lines = Vec::new();
        let mut say = |level, text: String| lines.push(Line { at: entry.at, level, module: MODULE, text });
        match &entry.happening {
            Happening::Attempted(call, attempt) => {
                self.attempts.insert(*call, *attempt);
                self.announce(*call, attempt, &mut |text| say(Level::Info, text));
            }
            Happening::Denied(call, denial) => self.refuse(*call, denial, &mut |text| say(Level::Warning, text)),
            Happening::Launched(_, lease) => self.succeed(lease, &mut |text| say(Level::Info, text)),
            Happening::Round(n) if *n > 1 => {
                self.last = None;
                say(Level::Info, format!("Retrying all candidates: round {n}."));
            }
            Happening::Ended(outcome) if *outcome != Outcome::Placed => {
                say(Level::Error, format!("Failed to provision: {}.", ending(*outcome)));
            }
            other => {
                if let Some((level, text)) = self.other(entry, other) {
                    say(level, text);
                }
            }
        }
        lines
    }

    fn announce(&mut self, call: CallId, attempt: &Attempt, say: &mut dyn FnMut(String)) {
        let here = (attempt.offering.region, attempt.offering.instance_type);
        match self.last {
            Some((region, kind)) if kind != here.1 => {
                if region != here.0 || self.detailed {
                    say(String::new());
                }
                say(format!(
                    "Trying other potential resources: [{}x {}].",
                    attempt.nodes,
                    resources_title(self.names, &attempt.offering)
                ));
            }
            Some((region, _)) if region == here.0 => {}
            _ => say(String::new()),
        }
        self.last = Some(here);
        say(format!("Launching on {}", place_title(self.names, &attempt.offering.cloud, here.0, &attempt.zones)));
        if self.detailed {
            say(format!(
                "  call {}: candidate {}, {} node(s) of {} at ${}/h each",
                short(call),
                attempt.candidate,
                attempt.nodes,
                resources_title(self.names, &attempt.offering),
                attempt.offering.price_hourly
            ));
        }
    }

    /// One refusal. An attempt over several zones lists them under one head, as AWS's answer a zone is told.
    fn refuse(&mut self, call: CallId, denial: &Denial, say: &mut dyn FnMut(String)) {
        let Some(attempt) = self.attempts.get(&call) else { return };
        let region = self.names.region(attempt.offering.region);
        if attempt.zones.len() > 1 {
            if self.listing != Some(call) {
                say(format!("Got error(s) in all zones of {region}:"));
                self.listing = Some(call);
            }
            say(format!(
                "  create_instances: Attempt failed with An error occurred ({}) when calling the RunInstances operation \
                 (reached max retries: 0): {}, retrying.",
                denial.code, denial.text
            ));
        } else {
            let place = attempt.zones.as_slice().first().map_or(region, |zone| self.names.zone(*zone));
            say(format!("Got {} in {place} (message: {})", denial.code, denial.text));
        }
        if self.detailed {
            let wait = denial.retry_after.map_or_else(String::new, |s| format!(", asked to wait {s}"));
            let scope = scope_title(self.names, &denial.scope);
            say(format!("  cause {}: speaks for {scope}, believed for {}{wait}", denial.cause, denial.cooldown));
        }
    }

    fn succeed(&self, lease: &Lease, say: &mut dyn FnMut(String)) {
        if self.detailed {
            let price = lease.offering.price_hourly * i64::from(lease.nodes);
            say(format!("Lease {}, ${price}/h", self.named(lease.id)));
        }
        say("Successfully provisioned or found existing VM.".to_owned());
    }

    fn place(&self, lease: &Lease) -> String {
        let zones = lease.zone.map_or(ZoneSet::EMPTY, ZoneSet::one);
        place_title(self.names, &lease.offering.cloud, lease.offering.region, &zones)
    }

    /// The number of a lease and where it is: those of two requests may have the same number.
    fn named(&self, lease: LeaseId) -> String {
        let place = self.places.get(&lease).map_or_else(String::new, |place| format!(" on {place}"));
        format!("{}{place}", short(lease.0))
    }

    fn other(&self, entry: &Entry, happening: &Happening) -> Option<(Level, String)> {
        let told = match happening {
            Happening::Waiting(until) => (Level::Info, format!("Retry after {}.", until.since(entry.at))),
            Happening::Retrying(_, pause) => {
                (Level::Warning, format!("The cloud asked for patience; the same call again in {pause}."))
            }
            Happening::PartlyLaunched(_, lease) => (
                Level::Warning,
                format!(
                    "Only {} node(s) came up on {}; giving them back before moving on.",
                    lease.nodes,
                    self.place(lease)
                ),
            ),
            Happening::Lost(_, why) => {
                (Level::Warning, format!("No answer ({why}); looking for what the call may have made."))
            }
            Happening::Found(_, Some(lease)) => (Level::Info, format!("Found it on {}.", self.place(lease))),
            Happening::Found(_, None) => (Level::Info, "It made nothing.".to_owned()),
            Happening::NotReleased(lease, why) => {
                (Level::Warning, format!("Releasing lease {} failed ({why}); trying again.", self.named(*lease)))
            }
            Happening::Orphaned(lease) => {
                (Level::Error, format!("Lease {} could not be released and is still billed.", self.named(*lease)))
            }
            Happening::Preempted(lease) => {
                (Level::Warning, format!("Lease {} was taken back by the cloud.", self.named(*lease)))
            }
            _ if !self.detailed => return None,
            Happening::Arrived { candidates, nodes } => {
                (Level::Info, format!("Wanted: {nodes} node(s); {candidates} candidates."))
            }
            Happening::Round(n) => (Level::Info, format!("Round {n}.")),
            Happening::Blocked(scope, until) => {
                (Level::Info, format!("  not tried for {}: {}", until.since(entry.at), scope_title(self.names, scope)))
            }
            Happening::Releasing(lease) => (Level::Info, format!("Releasing lease {}.", self.named(*lease))),
            Happening::Released(lease, cost) => {
                (Level::Info, format!("Released lease {}; it cost ${cost}.", self.named(*lease)))
            }
            Happening::Ended(outcome) => (Level::Info, format!("Ended: {}.", outcome.name())),
            _ => return None,
        };
        Some(told)
    }
}

/// The number of a call, and of the lease it made: the part that counts the calls of one request.
const fn short(call: CallId) -> u64 {
    call.0 & 0xffff_ffff
}

/// `GCP us-central1 (us-central1-a)`; without zones, `Azure eastus`.
pub fn place_title(names: &dyn Names, cloud: &crate::model::CloudId, region: RegionId, zones: &ZoneSet) -> String {
    let place = format!("{} {}", names.cloud(*cloud), names.region(region));
    if zones.is_empty() {
        return place;
    }
    let zones: Vec<&str> = zones.as_slice().iter().map(|zone| names.zone(*zone)).collect();
    format!("{place} ({})", zones.join(","))
}

/// What a denial speaks for, narrowest last: `AWS us-east-2 p3.2xlarge on-demand`.
pub fn scope_title(names: &dyn Names, scope: &Scope) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(scope.cloud.map(|id| names.cloud(id).to_owned()));
    match (scope.zone, scope.region) {
        (Some(zone), _) => parts.push(names.zone(zone).to_owned()),
        (None, Some(region)) => parts.push(names.region(region).to_owned()),
        (None, None) => parts.push("everywhere".to_owned()),
    }
    parts.extend(scope.family.map(|id| names.family(id).to_owned()));
    parts.extend(scope.instance_type.map(|id| names.instance_type(id).name.to_owned()));
    parts.extend(scope.accelerated.then(|| "with accelerators".to_owned()));
    parts.extend(scope.accelerator.map(|id| names.accelerator(id).to_owned()));
    parts.extend(
        scope
            .attached
            .map(|devices| format!("{}:{}", names.accelerator(devices.accelerator), devices.count_milli / 1000)),
    );
    parts.extend(scope.capacity.map(|capacity| capacity.name().to_owned()));
    parts.join(" ")
}

/// How it ended, as the end of a sentence.
pub const fn ending(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Placed => "all nodes are up",
        Outcome::Infeasible => "nothing that is offered meets the request",
        Outcome::NoCapacity => "no capacity in any of the candidate locations",
        Outcome::NoQuota => "quota is exhausted in every candidate location",
        Outcome::NotAuthorized => "credentials or permissions were refused everywhere",
        Outcome::Invalid => "the clouds reject the request itself",
        Outcome::TimedOut => "the longest wait that was allowed has passed",
        Outcome::TooManyAttempts => "the most attempts that were allowed have been made",
        Outcome::OverBudget => "going on would pass the budget",
        Outcome::Cancelled => "cancelled",
    }
}

#[cfg(test)]
pub(crate) mod tests;
