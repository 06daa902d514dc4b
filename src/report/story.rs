//! One request of one trial under one policy: its attempts, and when the places it asked truly had what it wanted.
//!
//! **Invariant:** the truth is read off a copy of the market's course, so telling it changes nothing; it is capacity
//! alone, what the account's limits and the cloud's faults made of it stands in the attempts.

use crate::model::{DemandId, Entry, Happening, Timestamp};
use crate::sim::Luck;
use crate::sim::market::{Market, Way};
use crate::sim::oracle;

use super::names::Names;
use super::plot::{Gantt, Strip, Truth};
use super::timeline;

/// A trial, to be looked at.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Where it took place.
    pub market: &'a Market,
    /// What things are called.
    pub names: &'a dyn Names,
    /// The seed of the study.
    pub seed: u64,
    /// The number of the trial.
    pub trial: u64,
}

impl Scene<'_> {
    /// The first demand's attempts under a policy over what the market had, until it was answered: what becomes of the
    /// machines hours later would make the attempts too small to see.
    pub fn gantt(&self, policy: &str, journal: &[Entry]) -> Gantt {
        let all = || journal.iter().filter(|entry| entry.demand == DemandId(0));
        let ended = all().position(|entry| matches!(entry.happening, Happening::Ended(_)));
        let story: Vec<Entry> = all().take(ended.map_or(usize::MAX, |at| at + 1)).cloned().collect();
        let bars = timeline::bars(self.names, &story);
        let last = story.last().map_or(Timestamp::ZERO, |entry| entry.at);
        let until = Timestamp((last.0 + last.0 / 12).max(60_000_000));
        let mut truth: Vec<Truth> = Vec::new();
        for entry in &story {
            if let Happening::Attempted(_, attempt) = &entry.happening
                && let Some((_, way)) = self.market.way(attempt)
            {
                let place = timeline::place(self.names, &attempt.offering, &attempt.zones);
                self.add(&mut truth, place, way, attempt.nodes, until);
            }
        }
        if let Some((place, way, nodes)) = self.clairvoyant() {
            self.add(&mut truth, place, way, nodes, until);
        }
        Gantt {
            title: format!("Trial {} under {policy}, over what the market had", self.trial),
            subtitle: String::new(),
            bars,
            truth,
        }
    }

    /// Where whoever knows the market would have gone.
    fn clairvoyant(&self) -> Option<(String, &Way, u16)> {
        let wish = self.market.demands.first()?;
        let (at, _) = oracle::cheapest(self.market, Luck::new(self.seed, self.trial), 0, wish.at)?;
        let (candidate, way) = self.market.candidates(0).nth(at as usize)?;
        let place = timeline::place(self.names, &candidate.offering, &candidate.zones);
        Some((place, way, wish.demand.nodes))
    }

    fn add(&self, truth: &mut Vec<Truth>, place: String, way: &Way, nodes: u16, until: Timestamp) {
        if truth.iter().any(|known| known.place == place) {
            return;
        }
        let luck = Luck::new(self.seed, self.trial);
        let seconds = |at: Timestamp| at.since(Timestamp::ZERO).as_secs_f64();
        let strip = |ask: usize| Strip {
            zone: self.market.asks[ask].words.zone.to_string(),
            open: oracle::course(self.market, luck, ask, nodes, until)
                .into_iter()
                .map(|(from, to)| (seconds(from), seconds(to)))
                .collect(),
        };
        let first = way.first_ask as usize;
        truth.push(Truth { place, zones: (first..first + way.asks as usize).map(strip).collect() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::engine::policy::PolicyName;
    use crate::sim::scenario::Scenario;
    use crate::sim::trial::Runner;
    use crate::yaml::Source;

    const JOB: &str = "schema: 1\ntitle: t\nwhy: w\nhorizon: 5d\ntrials: 20\n\
        clouds: {'*/V100/spot': {pool: {markov: {up: 2h, down: 1h, nodes: 1}}, spot: {life: stock}}}\n\
        demand: {gpus: V100, use_spot: true, cloud: aws, job: {work: 10h, checkpoint: 30m}}\n";

    #[test]
    fn a_job_that_works_for_hours_is_drawn_until_its_machines_are_up() {
        let scenario = Scenario::load(&Source { name: "s.yaml", text: JOB }, Catalog::embedded(), &[]).expect("sound");
        let market = scenario.market();
        let mut runner = Runner::new(&market, 1);
        let mut taken_back = 0;
        for trial in 0..20 {
            let mut journal = Vec::new();
            runner.run_recorded(PolicyName::default(), trial, |entry| journal.push(entry));
            let last = journal.iter().map(|entry| entry.at).max().expect("a story").since(Timestamp::ZERO);
            taken_back += journal.iter().filter(|entry| matches!(entry.happening, Happening::Preempted(..))).count();
            let scene = Scene { market: &market, names: &*scenario.catalog, seed: 1, trial };
            let picture = scene.gantt("cloud-first", &journal);
            let up = picture.bars.iter().map(|bar| bar.to).fold(0.0, f64::max);
            let seen = picture.truth.iter().flat_map(|truth| &truth.zones).flat_map(|zone| &zone.open);
            let seen = seen.map(|(_, to)| *to).fold(0.0, f64::max);
            assert!(up > 0.0 && seen <= up * 1.1 + 60.0, "trial {trial}: up at {up} s, drawn until {seen} s");
            assert!(last.as_secs_f64() > 10.0 * 3600.0, "the job takes its hours");
        }
        assert!(taken_back > 10, "machines were taken back");
    }
}
