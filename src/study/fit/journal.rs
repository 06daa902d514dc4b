//! Launch journals as probes: every attempt asked a pool whether it has machines, and was told.
//!
//! **Invariant:** only answers that speak of capacity count; a pool with too few of them gets no law, and is named.
//!
//! A pool that is up and down in turns, each for an exponential time, is a chain of two states. Between two probes of it
//! that are a time *t* apart, the chance to be up is π + (s − π) e^(−t/τ), with π the share of the time that it is up, s what
//! the earlier probe saw (1 or 0) and τ how fast it forgets. The likelihood of that needs no even times. When to ask is the
//! strategy's choice, made from what was seen before, so it does not bias the estimate.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::simplex::minimise;

/// Fewer answers say next to nothing of a pool.
pub const LEAST_PROBES: usize = 12;
/// Fewer changes between answers do not tell how long it stays as it is.
const LEAST_CHANGES: usize = 6;

/// One answer.
#[derive(Debug, Clone, PartialEq)]
struct Probe {
    at: f64,
    is_up: bool,
}

/// What one journal, or one trial of it, tells of its pools. Clocks of different stories have nothing to do with each other.
#[derive(Debug, Clone, Default)]
pub struct Probes {
    /// By pool; each inner list is one story, in the order of time.
    pools: BTreeMap<String, Vec<Vec<Probe>>>,
    /// Nodes that were once obtained.
    nodes: BTreeMap<String, u32>,
    /// Stories that were left out since another strategy asked the same market.
    pub left_out: Vec<String>,
}

/// A pool, as far as its answers tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its selector: `gcp/us-central1/us-central1-a/V100:1/spot`.
    pub place: String,
    /// Answers.
    pub probes: usize,
    /// Of these, those that had machines.
    pub accepted: usize,
    /// Times that an answer was another than the one before it.
    pub changes: usize,
    /// The most nodes that one attempt obtained, at least 1.
    pub nodes: u32,
    /// What was fitted; `None` with too few answers.
    pub law: Option<OnOff>,
}

/// A chain of two states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnOff {
    /// Share of the time that it is up.
    pub availability: f64,
    /// How fast it forgets, in seconds: of the pool itself, or of all of them where its own answers changed too rarely.
    pub memory: f64,
    /// True if `memory` is that of all pools.
    pub is_borrowed: bool,
}

impl OnOff {
    /// Mean up time, in seconds.
    pub fn up(&self) -> f64 {
        self.memory / (1.0 - self.availability)
    }

    /// Mean outage, in seconds.
    pub fn down(&self) -> f64 {
        self.memory / self.availability
    }
}

#[derive(Deserialize)]
struct Line {
    policy: Option<String>,
    trial: Option<u64>,
    at_s: f64,
    event: String,
    call: Option<u64>,
    offer: Option<Offer>,
    nodes: Option<u32>,
    cause: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Offer {
    cloud: String,
    region: String,
    zones: Vec<String>,
    instance_type: String,
    capacity: String,
    accelerators: Option<String>,
}

impl Offer {
    /// The pool of one of its zones; of the region on clouds without zones.
    fn pool(&self, zone: Option<&str>) -> String {
        let thing = self.accelerators.as_ref().unwrap_or(&self.instance_type);
        let zone = zone.unwrap_or("*");
        format!("{}/{}/{zone}/{thing}/{}", self.cloud.to_ascii_lowercase(), self.region, self.capacity)
    }

    /// The pools that a refusal of this scope speaks of: a zone of the attempt, or else all of them.
    fn refused(&self, scope: Option<&str>) -> Vec<String> {
        let named =
            self.zones.iter().find(|zone| scope.is_some_and(|scope| scope.split(' ').any(|word| word == *zone)));
        match named {
            Some(zone) => vec![self.pool(Some(zone))],
            None if self.zones.is_empty() => vec![self.pool(None)],
            None => self.zones.iter().map(|zone| self.pool(Some(zone))).collect(),
        }
    }
}

/// True if a text looks like a journal: its first line is an event.
pub fn is_journal(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| serde_json::from_str::<Line>(line).is_ok())
}

/// The strategy and the trial that lines are of; none of either for a real launch.
type Story = (Option<String>, Option<u64>);
/// Calls of one story: who was asked, and when.
type Calls = BTreeMap<u64, (f64, Offer)>;

impl Probes {
    /// Adds a journal of this name. The error says which line is none, and why.
    pub fn read(&mut self, name: &str, text: &str) -> Result<(), String> {
        let (mut told, mut calls): (Option<Story>, Calls) = (None, BTreeMap::new());
        let mut found: BTreeMap<String, Vec<Probe>> = BTreeMap::new();
        let mut left_out: Vec<String> = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line: Line =
                serde_json::from_str(line).map_err(|error| format!("'{name}', line {}: {error}", at + 1))?;
            // Strategies that were tried on one trial all met the same machines: the first speaks for them.
            let story = (line.policy.clone(), line.trial);
            if *told.get_or_insert_with(|| story.clone()) != story {
                let (policy, trial) = (story.0.unwrap_or_default(), story.1.unwrap_or(0));
                let what = format!("'{name}': {policy}, trial {trial}");
                if !left_out.contains(&what) {
                    left_out.push(what);
                }
                continue;
            }
            self.take(line, &mut calls, &mut found);
        }
        for (pool, mut probes) in found {
            probes.sort_by(|a, b| a.at.total_cmp(&b.at));
            self.pools.entry(pool).or_default().push(probes);
        }
        self.left_out.extend(left_out);
        Ok(())
    }

    fn take(&mut self, line: Line, calls: &mut Calls, found: &mut BTreeMap<String, Vec<Probe>>) {
        let Some(call) = line.call else { return };
        let mut saw = |pool: String, at: f64, is_up: bool| found.entry(pool).or_default().push(Probe { at, is_up });
        match (line.event.as_str(), line.offer) {
            ("attempted", Some(offer)) => {
                calls.insert(call, (line.at_s, offer));
            }
            ("launched" | "partly-launched", Some(offer)) => {
                let Some((at, _)) = calls.get(&call) else { return };
                let pool = offer.pool(offer.zones.first().map(String::as_str));
                let nodes = self.nodes.entry(pool.clone()).or_default();
                *nodes = (*nodes).max(line.nodes.unwrap_or(1));
                saw(pool, *at, true);
            }
            ("denied", _) if line.cause.as_deref() == Some("stockout") => {
                let Some((at, offer)) = calls.get(&call) else { return };
                for pool in offer.refused(line.scope.as_deref()) {
                    saw(pool, *at, false);
                }
            }
            _ => {}
        }
    }

    /// The pools by name, each with its law where there are answers enough.
    pub fn fit(&self) -> Vec<Asked> {
        let stories = |pool: &str| &self.pools[pool];
        let enough: Vec<&String> = self.pools.keys().filter(|pool| count(stories(pool)) >= LEAST_PROBES).collect();
        let common = self.common_memory(&enough);
        let one = |(place, stories): (&String, &Vec<Vec<Probe>>)| {
            let (probes, changes) = (count(stories), changes(stories));
            let law = (probes >= LEAST_PROBES).then(|| {
                if changes >= LEAST_CHANGES {
                    let found = minimise(&[0.0, libm::log(common)], 0.5, 400, |p| away(stories, p[0], p[1]));
                    OnOff { availability: share(found[0]), memory: libm::exp(found[1]), is_borrowed: false }
                } else {
                    let found = minimise(&[0.0], 0.5, 200, |p| away(stories, p[0], libm::log(common)));
                    OnOff { availability: share(found[0]), memory: common, is_borrowed: true }
                }
            });
            Asked {
                place: place.clone(),
                probes,
                accepted: stories.iter().flatten().filter(|probe| probe.is_up).count(),
                changes,
                nodes: self.nodes.get(place).copied().unwrap_or(1).max(1),
                law,
            }
        };
        self.pools.iter().map(one).collect()
    }

    /// How fast all pools forget: each at the share of its answers, one memory for all.
    fn common_memory(&self, pools: &[&String]) -> f64 {
        let level = |stories: &[Vec<Probe>]| {
            let up = stories.iter().flatten().filter(|probe| probe.is_up).count() as f64;
            // Half an answer each way, so that a pool that always answered the same has a chance to do otherwise.
            libm::log((up + 0.5) / (count(stories) as f64 - up + 0.5))
        };
        let all: Vec<(f64, &Vec<Vec<Probe>>)> =
            pools.iter().map(|pool| (level(&self.pools[*pool]), &self.pools[*pool])).collect();
        let found = minimise(&[libm::log(3600.0)], 0.7, 200, |p| {
            all.iter().map(|(level, stories)| away(stories, *level, p[0])).sum::<f64>()
        });
        libm::exp(found[0])
    }
}

fn share(level: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-level))
}

fn count(stories: &[Vec<Probe>]) -> usize {
    stories.iter().map(Vec::len).sum()
}

fn changes(stories: &[Vec<Probe>]) -> usize {
    let pairs = stories.iter().flat_map(|story| story.windows(2));
    pairs.filter(|pair| pair[0].is_up != pair[1].is_up).count()
}

/// Minus the logarithm of the likelihood of a share (as its log odds) and a memory (as a logarithm), with a hair of weight
/// on the middle: half an answer each way, and memories from a second to a year.
fn away(stories: &[Vec<Probe>], level: f64, log_memory: f64) -> f64 {
    if !(0.0..=17.3).contains(&log_memory) || level.abs() > 12.0 {
        return f64::INFINITY;
    }
    let (up, memory) = (share(level), libm::exp(log_memory));
    let of = |chance: f64, is_up: bool| libm::log(if is_up { chance } else { 1.0 - chance }.max(1e-12));
    let mut sum = 0.5 * (of(up, true) + of(up, false));
    for story in stories {
        let mut before: Option<&Probe> = None;
        for probe in story {
            let chance = before.map_or(up, |before| {
                let seen = f64::from(u8::from(before.is_up));
                up + (seen - up) * libm::exp(-(probe.at - before.at).max(0.0) / memory)
            });
            sum += of(chance, probe.is_up);
            before = Some(probe);
        }
    }
    -sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::sim::market::{Course, Pool, Renewal, Stock};
    use crate::sim::{Entity, Law, Luck};

    /// Answers of a pool that is up for 40 minutes and down for 20 in the mean, asked at these moments, as a journal.
    fn journal(moments: &[f64], trial: u64) -> String {
        let exponential = |mean: f64| Law::Exponential { mean };
        let stock = Stock::Renewal(Renewal::new(exponential(2400.0), exponential(1200.0), 4).expect("laws"));
        let pool = Pool {
            entity: Entity(7),
            stock,
            shocks: Box::default(),
            life: None,
            reclaims: false,
            notice: crate::model::Span::ZERO,
            price: None,
        };
        let mut course = Course::start(&pool, Luck::new(3, trial));
        let offer = r#"{"cloud":"GCP","region":"us-central1","zones":["us-central1-a"],"instance_type":"n1-highmem-8","capacity":"spot","accelerators":"V100:1"}"#;
        let mut text = String::new();
        for (call, at) in moments.iter().enumerate() {
            let is_up = course.at(&pool, Timestamp((at * 1e6) as u64)) > 0;
            let answer = if is_up {
                format!(r#""event":"launched","offer":{offer},"nodes":2"#)
            } else {
                r#""event":"denied","cause":"stockout","scope":"GCP us-central1-a V100:1 spot""#.to_owned()
            };
            let asked = format!(r#""event":"attempted","offer":{offer},"nodes":2"#);
            for (at, what) in [(*at, asked), (at + 30.0, answer)] {
                text.extend([&*format!("{{\"at_s\":{at},\"call\":{call},"), &*what, "}\n"]);
            }
        }
        text
    }

    #[test]
    fn a_pool_asked_at_uneven_times_is_found_again() {
        let mut probes = Probes::default();
        // Ten days, asked after 2, 5 and 23 minutes in turn; then a second story with a clock of its own.
        let gaps = [120.0, 300.0, 1380.0];
        let moments: Vec<f64> = (0..1440)
            .scan(0.0, |at, n| {
                *at += gaps[n % 3];
                Some(*at)
            })
            .collect();
        probes.read("a", &journal(&moments, 0)).expect("a journal");
        probes.read("b", &journal(&moments, 1)).expect("a journal");
        let found = probes.fit();
        let [asked] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (asked.place.as_str(), asked.probes, asked.nodes),
            ("gcp/us-central1/us-central1-a/V100:1/spot", 2880, 2)
        );
        let law = asked.law.expect("answers enough");
        // Twenty days hold 480 cycles. Of the share, the standard error is √(π(1−π)·2τ/T) = 1.5 %; of a mean over 480
        // cycles some 6 %, a little more since short ones fall between the probes. Three of each.
        assert!((law.availability - 2.0 / 3.0).abs() < 0.045, "{law:?}");
        assert!((law.up() / 2400.0 - 1.0).abs() < 0.2 && (law.down() / 1200.0 - 1.0).abs() < 0.2, "{law:?}");
        assert!(!law.is_borrowed);
    }

    #[test]
    fn too_few_answers_make_no_law_and_other_refusals_are_no_answers() {
        let mut probes = Probes::default();
        let few: Vec<f64> = (0..LEAST_PROBES - 1).map(|n| n as f64 * 600.0).collect();
        let quota = journal(&few, 0).replace("stockout", "quota");
        probes.read("few", &journal(&few, 0)).expect("a journal");
        let found = probes.fit();
        assert_eq!((found[0].probes, found[0].law), (LEAST_PROBES - 1, None));
        probes.read("quota", &quota).expect("a journal");
        let more = probes.fit()[0].probes;
        assert_eq!(more, LEAST_PROBES - 1 + found[0].accepted, "a quota says nothing of capacity");
    }

    #[test]
    fn strategies_that_met_the_same_luck_count_once() {
        let lines = journal(&[0.0, 600.0], 0);
        let of = |policy: &str| lines.replace("{\"at_s\"", &format!("{{\"policy\":\"{policy}\",\"trial\":4,\"at_s\""));
        let mut probes = Probes::default();
        probes.read("j", &(of("cheapest") + &of("random"))).expect("a journal");
        assert_eq!(probes.fit()[0].probes, 2);
        assert_eq!(probes.left_out, ["'j': random, trial 4"]);
        assert!(probes.read("k", "{}\n").expect_err("no event").starts_with("'k', line 1:"));
        assert!(is_journal(&lines) && !is_journal("{\"metadata\": {}, \"data\": [1]}"));
    }
}
