//! Why a launch failed: refusals grouped by cause, with the clouds' own words and the next thing to do.
//!
//! **Invariant:** every refusal of the journal is counted in exactly one group; nothing is guessed beyond its cause.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::{Attempt, CallId, Cause, CloudId, Denial, Entry, Happening};

use super::names::Names;

/// Refusals for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Why.
    pub cause: Cause,
    /// How many refusals.
    pub refusals: usize,
    /// The same, by cloud and code.
    pub voices: Vec<Voice>,
}

/// What one cloud said, in the words of its last answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// The cloud's title.
    pub cloud: String,
    /// The cloud's code.
    pub code: String,
    /// Its words.
    pub text: String,
    /// Zones (or regions, where the attempt named no zone) it spoke of, without repetition, in order of name.
    pub places: Vec<String>,
    /// Quota families or instance types it spoke of, without repetition.
    pub kinds: Vec<String>,
}

/// How many places are named before the rest is only counted.
const PLACES_SHOWN: usize = 6;

/// Groups the refusals of a journal, the commonest cause first.
pub fn groups(names: &dyn Names, journal: &[Entry]) -> Vec<Group> {
    let mut attempts: BTreeMap<CallId, &Attempt> = BTreeMap::new();
    let mut found: BTreeMap<(Cause, CloudId, &str), Gathered<'_>> = BTreeMap::new();
    for entry in journal {
        match &entry.happening {
            Happening::Attempted(call, attempt) => {
                attempts.insert(*call, attempt);
            }
            Happening::Denied(call, denial) => {
                let Some(attempt) = attempts.get(call) else { continue };
                let key = (denial.cause, attempt.offering.cloud, &*denial.code);
                let gathered = found.entry(key).or_insert_with(|| Gathered::new(denial));
                gathered.add(names, attempt, denial);
            }
            _ => {}
        }
    }
    let mut groups: BTreeMap<Cause, Group> = BTreeMap::new();
    for ((cause, cloud, code), gathered) in found {
        let group = groups.entry(cause).or_insert_with(|| Group { cause, refusals: 0, voices: Vec::new() });
        group.refusals += gathered.count;
        group.voices.push(Voice {
            cloud: names.cloud(cloud).to_owned(),
            code: code.to_owned(),
            text: gathered.last.text.to_string(),
            places: gathered.places.into_iter().collect(),
            kinds: gathered.kinds.into_iter().collect(),
        });
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.refusals));
    groups
}

struct Gathered<'a> {
    count: usize,
    last: &'a Denial,
    places: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl<'a> Gathered<'a> {
    fn new(denial: &'a Denial) -> Self {
        Self { count: 0, last: denial, places: BTreeSet::new(), kinds: BTreeSet::new() }
    }

    fn add(&mut self, names: &dyn Names, attempt: &Attempt, denial: &'a Denial) {
        self.count += 1;
        self.last = denial;
        let region = attempt.offering.region;
        let zone = denial.scope.zone.or_else(|| match attempt.zones.as_slice() {
            [zone] if denial.cause != Cause::QuotaExceeded => Some(*zone),
            _ => None,
        });
        self.places.insert(zone.map_or(names.region(region), |zone| names.zone(zone)).to_owned());
        self.kinds.insert(match denial.cause {
            Cause::QuotaExceeded => names.family(attempt.offering.family).to_owned(),
            _ => names.instance_type(attempt.offering.instance_type).name.to_owned(),
        });
    }
}

/// The summary's lines; empty when nothing was refused.
pub fn lines(names: &dyn Names, journal: &[Entry]) -> Vec<String> {
    let groups = groups(names, journal);
    let mut lines = Vec::new();
    if !groups.is_empty() {
        lines.push("Reasons for provision failures:".to_owned());
    }
    for group in &groups {
        lines.push(String::new());
        lines.push(format!("x {}: {}", title(group.cause), counted(group.refusals, "refusal")));
        for voice in &group.voices {
            lines.push(format!("    {} {}: {}", voice.cloud, voice.kinds.join(", "), few(&voice.places)));
            lines.push(format!("      {}: {}", voice.code, voice.text));
        }
        lines.push(format!("  -> {}", next(group.cause)));
    }
    lines
}

/// The cause as a heading.
const fn title(cause: Cause) -> &'static str {
    match cause {
        Cause::Stockout => "no capacity",
        Cause::QuotaExceeded => "quota exceeded",
        Cause::RateLimited => "too many calls",
        Cause::Unauthorized => "credentials or permission refused",
        Cause::InvalidRequest => "request rejected",
        Cause::Unsupported => "not offered there",
        Cause::Preempted => "taken back while starting",
        Cause::Unknown => "not understood",
    }
}

/// What to do about a cause.
pub const fn next(cause: Cause) -> &'static str {
    match cause {
        Cause::Stockout => {
            "keep trying with --retry-until-up, or allow more: other accelerators (any_of), clouds, regions or types"
        }
        Cause::QuotaExceeded => {
            "ask the cloud to raise the quota of this family in these regions, or allow other places"
        }
        Cause::RateLimited => "try again later, or raise the account's rate limit",
        Cause::Unauthorized => "renew the credentials of this cloud, or grant it the permission that it names",
        Cause::InvalidRequest => "correct what the cloud complains of; no other place would take it",
        Cause::Unsupported => "nothing: other places are tried; exclude these to save the time",
        Cause::Preempted => "try again, or ask for on-demand capacity",
        Cause::Unknown => "read the cloud's words; a code that is met often deserves a line in the table of denials",
    }
}

/// `1 refusal`, `3 refusals`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn few(places: &[String]) -> String {
    let mut text = places[..places.len().min(PLACES_SHOWN)].join(", ");
    if places.len() > PLACES_SHOWN {
        let _ = write!(text, " and {} more", places.len() - PLACES_SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::story;
    use super::super::names::fake::Fake;
    use super::*;

    #[test]
    fn refusals_are_grouped_and_none_is_lost() {
        let journal = story();
        let denied = journal.iter().filter(|e| matches!(e.happening, Happening::Denied(..))).count();
        let groups = groups(&Fake, &journal);
        assert_eq!(groups.iter().map(|g| g.refusals).sum::<usize>(), denied);
        assert_eq!(groups.len(), 1);
        let clouds: Vec<&str> = groups[0].voices.iter().map(|v| v.cloud.as_str()).collect();
        assert_eq!(clouds, ["AWS", "GCP"]);
    }

    #[test]
    fn the_summary_names_cause_words_and_remedy() {
        insta::assert_snapshot!(lines(&Fake, &story()).join("\n"));
        assert_eq!(lines(&Fake, &[]), Vec::<String>::new());
    }

    #[test]
    fn many_places_are_counted() {
        let places: Vec<String> = (0..9).map(|n| format!("z{n}")).collect();
        assert_eq!(few(&places), "z0, z1, z2, z3, z4, z5 and 3 more");
        assert_eq!(few(&places[..2]), "z0, z1");
    }
}
