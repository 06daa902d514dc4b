//! A launch as it is told: its first lines, its end, and the same as a document.
//!
//! **Invariant:** the words are SkyPilot's page's where the page has words.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Entry, Happening, Lease, Offering, Outcome, Timestamp, ZoneSet};

use super::failure::counted;
use super::log::{Line, place_title};
use super::names::{Names, resources_title};
use super::record::Offer;

const MODULE: &str = "launch";

/// What is said before the first attempt: what is created, how to reuse it, where the details go.
pub fn opening(names: &dyn Names, cluster: &str, nodes: u16, offering: &Offering, log: &str) -> Vec<Line> {
    let say = |text: String| Line::info(Timestamp::ZERO, MODULE, text);
    vec![
        say(format!("Creating a new cluster: \"{cluster}\" [{nodes}x {}].", resources_title(names, offering))),
        say("Tip: to reuse an existing cluster, specify --cluster-name (-c) in the CLI. Run `sky status` to see existing \
             clusters."
            .to_owned()),
        say(format!("To view detailed progress: tail -n100 -f {log}")),
    ]
}

/// What is said when all nodes are up.
pub fn up(names: &dyn Names, cluster: &str, lease: &Lease, end: &End) -> Line {
    let zones = lease.zone.map_or(ZoneSet::EMPTY, ZoneSet::one);
    let offering = &lease.offering;
    let text = format!(
        "Cluster \"{cluster}\" is up: {}x {} on {}, ${}/h, after {} and {}.",
        lease.nodes,
        resources_title(names, offering),
        place_title(names, &offering.cloud, offering.region, &zones),
        offering.price_hourly * i64::from(lease.nodes),
        counted(end.attempts as usize, "launch call"),
        end.at.since(Timestamp::ZERO),
    );
    Line::info(end.at, MODULE, text)
}

/// A launch for programs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LaunchRecord {
    /// `sky.launch/1`.
    pub schema: &'static str,
    /// The cluster's name.
    pub cluster: String,
    /// True if a simulated market stood in for the clouds.
    pub simulated: bool,
    /// The seed of the simulation's luck.
    pub seed: u64,
    /// The failover strategy.
    pub policy: String,
    /// How it ended: `placed`, `no-capacity`, `no-quota`, ...
    pub outcome: &'static str,
    /// The exit code of the program.
    pub exit_code: u8,
    /// Seconds from the request to the end.
    pub seconds: f64,
    /// Launch calls made.
    pub attempts: u32,
    /// Nodes asked for.
    pub nodes: u16,
    /// What was obtained; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obtained: Option<Offer>,
    /// Price of all nodes obtained, in dollars per hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_hourly: Option<f64>,
    /// Dollars spent on what was launched and not kept.
    pub wasted: f64,
    /// Calls whose leases could not be released: they are still billed.
    pub orphans: Vec<u64>,
    /// Why, grouped by cause, the commonest first.
    pub failures: Vec<FailureRecord>,
    /// The detailed log.
    pub log: String,
}

/// Refusals for one cause.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FailureRecord {
    /// The cause.
    pub cause: &'static str,
    /// How many.
    pub refusals: usize,
    /// What to do about it.
    pub next: &'static str,
    /// By cloud and code.
    pub voices: Vec<VoiceRecord>,
}

/// What one cloud said.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VoiceRecord {
    /// The cloud.
    pub cloud: String,
    /// Its code.
    pub code: String,
    /// Its words, of its last answer.
    pub message: String,
    /// Zones or regions it spoke of.
    pub places: Vec<String>,
}

/// The groups of [`super::failure::groups`] for programs.
pub fn failures(names: &dyn Names, journal: &[Entry]) -> Vec<FailureRecord> {
    let voice = |voice: super::failure::Voice| VoiceRecord {
        cloud: voice.cloud,
        code: voice.code,
        message: voice.text,
        places: voice.places,
    };
    let group = |group: super::failure::Group| FailureRecord {
        cause: group.cause.name(),
        refusals: group.refusals,
        next: super::failure::next(group.cause),
        voices: group.voices.into_iter().map(voice).collect(),
    };
    super::failure::groups(names, journal).into_iter().map(group).collect()
}

/// What a journal of one demand came to.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// How it ended; `None` if the journal ends before the pursuit does.
    pub outcome: Option<Outcome>,
    /// When.
    pub at: Timestamp,
    /// What is held at the end.
    pub lease: Option<Lease>,
    /// Launch calls made.
    pub attempts: u32,
    /// Calls whose leases could not be released.
    pub orphans: Vec<u64>,
}

impl End {
    /// Reads it off a journal.
    pub fn of(journal: &[Entry]) -> Self {
        let mut end = Self { outcome: None, at: Timestamp::ZERO, lease: None, attempts: 0, orphans: Vec::new() };
        for entry in journal {
            match &entry.happening {
                Happening::Attempted(..) | Happening::Retrying(..) => end.attempts += 1,
                Happening::Launched(_, lease) => end.lease = Some(*lease),
                Happening::Preempted(id) | Happening::Released(id, _) if end.lease.is_some_and(|l| l.id == *id) => {
                    end.lease = None;
                }
                Happening::Orphaned(id) => end.orphans.push(id.0.0),
                Happening::Ended(outcome) => (end.outcome, end.at) = (Some(*outcome), entry.at),
                _ => {}
            }
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::super::Clock;
    use super::super::log::tests::story;
    use super::super::names::fake::Fake;
    use super::*;

    #[test]
    fn the_first_lines_are_the_pages() {
        let Happening::Attempted(_, attempt) = &story()[2].happening else { panic!("an attempt") };
        let lines = opening(&Fake, "gpu", 1, &attempt.offering, "~/sky_logs/sky-x/provision.log");
        let clock = Clock::starting_at(jiff::civil::date(2022, 2, 11).at(21, 17, 43, 0));
        assert_eq!(
            lines[0].render(&clock),
            "I 02-11 21:17:43 launch] Creating a new cluster: \"gpu\" [1x GCP(n1-highmem-8, {'V100': 1.0})]."
        );
        assert!(lines[2].text.ends_with("tail -n100 -f ~/sky_logs/sky-x/provision.log"));
    }

    #[test]
    fn the_end_is_read_off_the_journal() {
        let end = End::of(&story());
        assert_eq!((end.outcome, end.attempts, end.at), (Some(Outcome::Placed), 4, Timestamp(90_000_000)));
        assert!(end.lease.is_some());
    }
}
