//! The best candidate that is left while denials come and go, without ranking again.
//!
//! **Invariant:** the answer is always that of dropping from the plan everything a denial in force covers; a denial costs
//! time in proportion to the candidates it could touch, not to the plan.

use crate::catalog::Catalog;
use crate::model::{Candidate, RegionId, Scope, ZoneSet};

use super::plan::Plan;

/// A plan and the denials in force.
#[derive(Debug, Clone)]
pub struct Replanner<'p, 'c> {
    plan: &'p Plan<'c>,
    /// Positions in the plan by region, ascending within one.
    by_region: Index,
    /// Positions by instance type, likewise.
    by_type: Index,
    /// Of each position: the zones that are closed, by bit; or that all of it is.
    closed: Vec<u16>,
    /// Of each region: how many denials of the whole cloud are in force.
    shut: Vec<u16>,
    /// A tournament over regions of their first open positions: the winner is at 1, region `r` at `leaves + r`.
    first: Vec<u32>,
    leaves: usize,
    scopes: Vec<Scope>,
}

/// Lists of positions, one a key.
#[derive(Debug, Clone)]
struct Index {
    starts: Vec<u32>,
    positions: Vec<u32>,
}

/// Set in [`Replanner::closed`] where the caller ruled a candidate out.
const RULED_OUT: u16 = 1 << 15;
/// Set where a denial covers the candidate whatever the zone.
const WHOLE: u16 = 1 << 14;
const NOBODY: u32 = u32::MAX;

impl Index {
    fn new(keys: usize, of: impl Iterator<Item = usize> + Clone) -> Self {
        let mut starts = vec![0u32; keys + 1];
        of.clone().for_each(|key| starts[key + 1] += 1);
        (0..keys).for_each(|key| starts[key + 1] += starts[key]);
        let mut next = starts.clone();
        let mut positions = vec![0; starts[keys] as usize];
        for (position, key) in (0..).zip(of) {
            positions[next[key] as usize] = position;
            next[key] += 1;
        }
        Self { starts, positions }
    }

    fn of(&self, key: usize) -> &[u32] {
        &self.positions[self.starts[key] as usize..self.starts[key + 1] as usize]
    }
}

impl<'p, 'c> Replanner<'p, 'c> {
    /// Everything is open.
    pub fn new(plan: &'p Plan<'c>) -> Self {
        let catalog = plan.catalog();
        let regions = catalog.regions().len();
        let ranked = plan.ranked();
        let by_region = Index::new(regions, ranked.iter().map(|ranked| ranked.region as usize));
        let by_type = Index::new(catalog.types().len(), ranked.iter().map(|r| catalog.row_type(r.unit).index()));
        let leaves = regions.next_power_of_two();
        let mut first = vec![NOBODY; 2 * leaves];
        for region in 0..regions {
            first[leaves + region] = by_region.of(region).first().copied().unwrap_or(NOBODY);
        }
        for node in (1..leaves).rev() {
            first[node] = first[2 * node].min(first[2 * node + 1]);
        }
        let (closed, shut) = (vec![0; ranked.len()], vec![0; regions]);
        Self { plan, by_region, by_type, closed, shut, first, leaves, scopes: Vec::new() }
    }

    /// The position of the best candidate that is not wholly covered by denials.
    pub fn next(&self) -> Option<usize> {
        (self.first[1] != NOBODY).then_some(self.first[1] as usize)
    }

    /// The same with its details; of its zones those that are open.
    pub fn next_candidate(&self) -> Option<Candidate> {
        let position = self.next()?;
        let mut candidate = self.plan.candidate(position);
        let open = (0..).zip(candidate.zones.as_slice()).filter(|(bit, _)| self.closed[position] & 1 << bit == 0);
        candidate.zones = open.map(|(_, zone)| *zone).collect::<ZoneSet>();
        Some(candidate)
    }

    /// From now on, what the denial speaks for is closed.
    pub fn block(&mut self, scope: &Scope) {
        self.scopes.push(*scope);
        if let Some(regions) = self.whole_cloud(scope) {
            for region in regions {
                self.shut[region.index()] += 1;
                self.update(region.index());
            }
            return;
        }
        self.touch(scope, |this, position| {
            let before = this.closed[position];
            this.closed[position] |= this.covered(scope, position);
            this.closed[position] != before
        });
    }

    /// A denial is no longer believed. One that was never blocked changes nothing.
    pub fn release(&mut self, scope: &Scope) {
        let Some(at) = self.scopes.iter().position(|known| known == scope) else { return };
        self.scopes.swap_remove(at);
        if let Some(regions) = self.whole_cloud(scope) {
            for region in regions {
                self.shut[region.index()] -= 1;
                self.update(region.index());
            }
            return;
        }
        self.touch(scope, |this, position| {
            let before = this.closed[position];
            let others = this.scopes.iter().filter(|scope| this.whole_cloud(scope).is_none());
            let closed = others.fold(0, |closed, scope| closed | this.covered(scope, position));
            this.closed[position] = before & RULED_OUT | closed;
            this.closed[position] != before
        });
    }

    /// Rules one candidate out, whatever denials say, until [`Replanner::reset`].
    pub fn rule_out(&mut self, position: usize) {
        self.closed[position] |= RULED_OUT;
        self.update(self.plan.ranked()[position].region as usize);
    }

    /// Opens everything again.
    pub fn reset(&mut self) {
        self.scopes.clear();
        self.closed.fill(0);
        self.shut.fill(0);
        (0..self.shut.len()).for_each(|region| self.update(region));
    }

    /// The regions of a scope that names a cloud and nothing else.
    fn whole_cloud(&self, scope: &Scope) -> Option<impl Iterator<Item = RegionId> + use<'c>> {
        let bare = Scope { cloud: scope.cloud, ..Scope::default() };
        let catalog: &'c Catalog = self.plan.catalog();
        (*scope == bare).then_some(scope.cloud?).map(|cloud| catalog.regions_of(cloud))
    }

    /// Looks at every candidate that a scope could cover and, where that changed one, at the first open one of its region.
    fn touch(&mut self, scope: &Scope, mut change: impl FnMut(&mut Self, usize) -> bool) {
        let plan = self.plan;
        let mut changed: Option<RegionId> = None;
        let region = scope.zone.map(|zone| plan.catalog().zone_region(zone)).or(scope.region);
        let named = scope.region.is_some() && scope.region != region;
        let range = match (scope.instance_type, region) {
            // A zone of one region in another: nothing is there.
            _ if named => return,
            (Some(kind), _) => self.by_type.starts[kind.index()]..self.by_type.starts[kind.index() + 1],
            (None, Some(region)) => self.by_region.starts[region.index()]..self.by_region.starts[region.index() + 1],
            (None, None) => 0..self.by_region.positions.len() as u32,
        };
        for at in range {
            let index = if scope.instance_type.is_some() { &self.by_type } else { &self.by_region };
            let position = index.positions[at as usize] as usize;
            let here = RegionId(plan.ranked()[position].region);
            if region.is_none_or(|region| region == here) && change(self, position) {
                // Positions of one region mostly come together; it is looked at once.
                if let Some(before) = changed.replace(here).filter(|before| *before != here) {
                    self.update(before.index());
                }
            }
        }
        if let Some(last) = changed {
            self.update(last.index());
        }
    }

    /// What of a candidate a scope covers, as bits.
    fn covered(&self, scope: &Scope, position: usize) -> u16 {
        let (catalog, ranked) = (self.plan.catalog(), self.plan.ranked()[position]);
        let kind = catalog.row_type(ranked.unit);
        // The cheap questions first, so that the candidate is only looked up if the scope may well cover it.
        if scope.family.is_some_and(|family| family != catalog.type_family(kind))
            || scope.instance_type.is_some_and(|wanted| wanted != kind)
        {
            return 0;
        }
        let candidate = self.plan.candidate(position);
        if scope.zone.is_none() || candidate.zones.is_empty() {
            return if scope.covers(&candidate.offering, None) { WHOLE } else { 0 };
        }
        let zones = (0u16..).zip(candidate.zones.as_slice());
        zones.fold(0, |bits, (bit, zone)| bits | (scope.covers(&candidate.offering, Some(*zone)) as u16) << bit)
    }

    /// Finds the first open position of a region and tells the tournament.
    fn update(&mut self, region: usize) {
        let open = |position: &&u32| {
            let position = **position as usize;
            let closed = self.closed[position];
            // Of most candidates nothing was ever said, or enough.
            closed == 0 || closed & (RULED_OUT | WHOLE) == 0 && closed != all(&self.plan.candidate(position).zones)
        };
        let first = if self.shut[region] > 0 { None } else { self.by_region.of(region).iter().find(open) };
        let mut node = self.leaves + region;
        self.first[node] = first.copied().unwrap_or(NOBODY);
        while node > 1 {
            node /= 2;
            self.first[node] = self.first[2 * node].min(self.first[2 * node + 1]);
        }
    }
}

/// The bits of all zones of a candidate that has zones.
const fn all(zones: &ZoneSet) -> u16 {
    (1 << zones.len()) - 1
}
