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
    /// The first demand's attempts under a policy over what the market had.
    pub fn gantt(&self, policy: &str, journal: &[Entry]) -> Gantt {
        let story: Vec<Entry> = journal.iter().filter(|entry| entry.demand == DemandId(0)).cloned().collect();
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
