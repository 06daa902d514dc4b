//! The whole order in which a request is tried, from which the first candidate is what a user is offered.
//!
//! **Invariant:** every offering that meets the request is in it, exactly once an alternative at most; the order is
//! complete when the plan is made, only the candidates' details are read from the catalog when asked for.

use crate::catalog::Catalog;
use crate::model::{Candidate, CapacityType, Money, Preference, Requirement};

use super::filter::{self, Places};
use super::options::{Options, PriceOverlay};
use super::rank::{self, Alternative, Ranked};

/// The ranked candidates of one request.
#[derive(Debug, Clone)]
pub struct Plan<'c> {
    catalog: &'c Catalog,
    nodes: u16,
    overlay: PriceOverlay,
    alternatives: Vec<Alternative>,
    ranked: Vec<Ranked>,
}

/// Ranks every offering that meets one of the alternatives: by preference, then cost, then as [`Ranked`] is documented to
/// break ties.
///
/// ```
/// use sky::{catalog::Catalog, model::{AcceleratorCount, Requirement}, optimizer::{Options, plan}};
/// let catalog = Catalog::embedded();
/// let v100 = AcceleratorCount { accelerator: catalog.find_accelerator("V100").unwrap(), count_milli: 1000 };
/// let wanted = Requirement { accelerators: vec![v100], ..Requirement::default() };
/// let plan = plan(catalog, &[wanted], 1, &Options::default());
/// let best = plan.best().unwrap();
/// assert!(plan.iter().all(|candidate| candidate.cost >= best.cost));
/// ```
pub fn plan<'c>(catalog: &'c Catalog, wanted: &[Requirement], nodes: u16, options: &Options) -> Plan<'c> {
    let alternatives: Vec<Alternative> = wanted
        .iter()
        .map(|wanted| Alternative {
            capacity: wanted.capacity,
            grain: filter::grain(nodes),
            preference: wanted.preference,
            runtime: wanted.runtime,
            places: Places::compile(catalog, &wanted.places, &wanted.excluded),
        })
        .collect();
    let ranked = rank::rank(catalog, wanted, &alternatives, nodes, options);
    let mut plan = Plan { catalog, nodes, overlay: options.overlay, alternatives, ranked };
    if let Some(preference) = &options.prefer {
        plan.prefer(preference);
    }
    plan
}

impl<'c> Plan<'c> {
    /// How many candidates there are.
    pub const fn len(&self) -> usize {
        self.ranked.len()
    }

    /// True if nothing meets the request.
    pub const fn is_empty(&self) -> bool {
        self.ranked.is_empty()
    }

    /// How many nodes are asked for.
    pub const fn nodes(&self) -> u16 {
        self.nodes
    }

    /// The catalog it was made from.
    pub const fn catalog(&self) -> &'c Catalog {
        self.catalog
    }

    /// The order, in short form.
    pub fn ranked(&self) -> &[Ranked] {
        &self.ranked
    }

    /// The candidate at a position.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn candidate(&self, position: usize) -> Candidate {
        let ranked = self.ranked[position];
        let alternative = &self.alternatives[ranked.alternative as usize];
        let (offering, zones) = self.catalog.unit_offering(ranked.unit, alternative.capacity, alternative.grain);
        let zones = alternative.places.as_ref().map_or(zones, |places| places.narrow(ranked.region, zones));
        Candidate {
            offering,
            zones,
            alternative: ranked.alternative,
            preference: alternative.preference,
            cost: self.cost_at(position),
            runtime: alternative.runtime,
        }
    }

    /// What the candidate at a position costs: all nodes, for the whole run, at the price that is really paid.
    pub fn cost_at(&self, position: usize) -> Money {
        let ranked = self.ranked[position];
        let alternative = &self.alternatives[ranked.alternative as usize];
        let list = self.catalog.unit_price(ranked.unit, alternative.capacity);
        let cloud = self.catalog.region_cloud(crate::model::RegionId(ranked.region));
        rank::cost(self.overlay.apply(cloud, list), self.nodes, alternative.runtime)
    }

    /// On what terms the candidate at a position is held.
    pub fn capacity_at(&self, position: usize) -> CapacityType {
        self.alternatives[self.ranked[position].alternative as usize].capacity
    }

    /// The rank of the alternative that the candidate at a position meets.
    pub fn preference_at(&self, position: usize) -> u16 {
        self.alternatives[self.ranked[position].alternative as usize].preference
    }

    /// How many different run times the alternatives are estimated to have.
    pub(super) fn runtimes(&self) -> usize {
        let mut runtimes: Vec<_> = self.alternatives.iter().map(|alternative| alternative.runtime).collect();
        runtimes.sort_unstable();
        runtimes.dedup();
        runtimes.len()
    }

    /// The candidate that is tried first.
    pub fn best(&self) -> Option<Candidate> {
        (!self.is_empty()).then(|| self.candidate(0))
    }

    /// All candidates, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Candidate> + '_ {
        (0..self.len()).map(|position| self.candidate(position))
    }

    /// All candidates, in order.
    pub fn candidates(&self) -> Vec<Candidate> {
        self.iter().collect()
    }

    /// The same candidates by another measure: preference first, then what `score` gives (expected cost, time, ...), then
    /// as before.
    #[must_use]
    pub fn by_score<S: Ord>(mut self, mut score: impl FnMut(&Candidate) -> S) -> Self {
        let mut scored: Vec<(u16, S, Ranked)> = (0..self.len())
            .map(|position| {
                let candidate = self.candidate(position);
                (candidate.preference, score(&candidate), self.ranked[position])
            })
            .collect();
        scored.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        self.ranked = scored.into_iter().map(|(_, _, ranked)| ranked).collect();
        self
    }

    /// Within each rank of preference, brings the candidates in liked places to the front that are not too much dearer
    /// than the cheapest of the rank.
    fn prefer(&mut self, liked: &Preference) {
        let Some(places) = Places::compile(self.catalog, &liked.places, &[]) else { return };
        let mut start = 0;
        while start < self.len() {
            let rank = self.preference_at(start);
            let end = (start..self.len()).find(|&at| self.preference_at(at) != rank).unwrap_or(self.len());
            let cheapest = self.cost_at(start).0 as i128;
            let limit = cheapest * (1000 + liked.premium_milli as i128) / 1000;
            let first = |at: usize| {
                let near = || {
                    let candidate = self.candidate(at);
                    places.admit(self.ranked[at].region, candidate.zones.as_slice().iter().copied())
                };
                self.cost_at(at).0 as i128 <= limit && near()
            };
            let (mut front, back): (Vec<usize>, Vec<usize>) = (start..end).partition(|&at| first(at));
            front.extend(back);
            let order: Vec<Ranked> = front.into_iter().map(|at| self.ranked[at]).collect();
            self.ranked[start..end].copy_from_slice(&order);
            start = end;
        }
    }
}
