//! Jobs: progress while there are machines, loss when they are taken back, and the search for new ones.
//!
//! **Invariant:** a job runs on at most one lease at a time; work done is work kept plus work lost. The engine is told of
//! a recovery as of a new demand with the same candidates in another order, so every policy recovers in its own way.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{
    Answer, Attempt, Candidate, Demand, DemandId, Event, LeaseId, Limits, Money, RegionId, Span, Timestamp,
};

use super::super::billing::Ledger;
use super::super::market::{Job, Market, Recovery, Way, Wish};
use super::super::probe::Probe;
use super::{Item, SimWorld, State};

/// Where the jobs of a trial stand.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// One a demand; empty if no demand has a job.
    states: Vec<JobState>,
    /// Demands made to recover jobs, in order; their names follow those of the market's own demands.
    recoveries: Vec<Recovered>,
    /// Orders of candidates made so far, by demand and lost region.
    orders: BTreeMap<(u32, RegionId), Order>,
}

/// The candidates of a demand in another order, each with its position in the demand's own.
type Order = (Arc<[Candidate]>, Arc<[u32]>);

/// Where one job stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct JobState {
    /// Work that is safe.
    done: Span,
    /// Work that was lost.
    pub(super) lost: Span,
    /// The lease it runs on, and from when on it works there.
    running: Option<(u32, Timestamp)>,
    /// Counts its leases, so that an end that was planned for an earlier one is known to be stale.
    run: u32,
    pub(super) preemptions: u32,
    pub(super) finished: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Recovered {
    wish: u32,
    /// Position of each candidate in the demand's own ranking.
    order: Arc<[u32]>,
}

impl Jobs {
    /// True if any demand of this trial has a job.
    pub(super) fn is_wanted(&self) -> bool {
        !self.states.is_empty()
    }
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobEnd {
    /// From its arrival until all work was done; `None` if it never was.
    pub took: Option<Span>,
    /// True if it was not done by its deadline; `None` if it has none.
    pub missed: Option<bool>,
    /// Work that was lost with machines and done again.
    pub lost: Span,
    /// How often its machines were taken back.
    pub preemptions: u32,
    /// Launch calls made to find new machines.
    pub recovery_attempts: u32,
    /// What all its machines cost, in dollars.
    pub cost: Money,
}

impl SimWorld {
    /// What became of the job of a demand so far, the launch calls of its recoveries aside.
    pub fn job(&self, demand: usize) -> Option<JobEnd> {
        let job = self.market.demands[demand].job.as_ref()?;
        let state = self.state.job_of(demand)?;
        let arrived = self.arrival(demand);
        let ours = |id| self.state.wish_of(&self.market, demand_of(id)) == demand;
        let held = self.state.ledger.holdings().iter().filter(|holding| ours(holding.lease.id));
        let took = state.finished.map(|finished| finished.since(arrived));
        Some(JobEnd {
            took,
            missed: job.deadline.map(|deadline| took.is_none_or(|took| took > deadline)),
            lost: state.lost,
            preemptions: state.preemptions,
            recovery_attempts: 0,
            cost: held.fold(Money::ZERO, |sum, holding| sum + Ledger::cost(holding, self.state.now)),
        })
    }

    /// The demands that the world made to recover the job of a demand.
    pub fn recoveries(&self, demand: usize) -> impl Iterator<Item = DemandId> + '_ {
        self.state.recoveries_of(&self.market, demand)
    }
}

impl State {
    pub(super) fn reset_jobs(&mut self, market: &Market) {
        self.jobs.states.clear();
        self.jobs.recoveries.clear();
        if market.demands.iter().any(|wish| wish.job.is_some()) {
            self.jobs.states.resize(market.demands.len(), JobState::default());
        }
    }

    /// The demand of the scenario behind a demand.
    pub(super) fn wish_of(&self, market: &Market, demand: DemandId) -> usize {
        let recovery = (demand.0 as usize).checked_sub(market.demands.len());
        recovery.map_or(demand.0 as usize, |at| self.jobs.recoveries[at].wish as usize)
    }

    /// The demands made to recover the job of a demand.
    pub(super) fn recoveries_of<'s>(&'s self, market: &'s Market, wish: usize) -> impl Iterator<Item = DemandId> + 's {
        let first = market.demands.len();
        let of = move |(at, recovered): (usize, &Recovered)| {
            (recovered.wish as usize == wish).then_some(DemandId((first + at) as u32))
        };
        self.jobs.recoveries.iter().enumerate().filter_map(of)
    }

    pub(super) fn job_of(&self, wish: usize) -> Option<&JobState> {
        self.jobs.states.get(wish)
    }

    /// The way of an attempt of the market's own demands or of a recovery.
    pub(super) fn way<'m>(&self, market: &'m Market, attempt: &Attempt) -> Option<(usize, &'m Way)> {
        let Some(at) = (attempt.demand.0 as usize).checked_sub(market.demands.len()) else {
            return market.way(attempt);
        };
        let recovered = self.jobs.recoveries.get(at)?;
        let candidate = *recovered.order.get(attempt.candidate as usize)?;
        market.way(&Attempt { demand: DemandId(recovered.wish), candidate, ..*attempt })
    }

    /// A lease whose answer was lost is known now: if it is up, its job starts.
    pub(super) fn found(&mut self, answer: &Answer) {
        let Answer::Found(Some(lease)) = answer else { return };
        if let Some(position) = self.ledger.position(lease.id).filter(|_| self.jobs.is_wanted()) {
            let up = self.ledger.holdings()[position].up.max(self.now);
            self.agenda.push(up, Item::Up(position as u32));
            self.to_come += 1;
        }
    }

    /// The machines of a lease are up: its job works on.
    pub(super) fn start_job(&mut self, market: &Market, position: u32) {
        let holding = &self.ledger.holdings()[position as usize];
        let wish = self.wish_of(market, demand_of(holding.lease.id));
        let (open, Some(job)) = (holding.until.is_none(), &market.demands[wish].job) else { return };
        let state = &mut self.jobs.states[wish];
        if !open || state.running.is_some() || state.finished.is_some() {
            return;
        }
        let overhead = if state.preemptions > 0 { job.restart } else { Span::ZERO };
        let begins = self.now + overhead;
        state.running = Some((position, begins));
        self.to_come += 1;
        let left = Span(job.work.0.saturating_sub(state.done.0));
        self.agenda.push(begins + left, Item::JobDone { wish: wish as u32, run: state.run });
    }

    /// All work is done, unless the machines were lost before.
    pub(super) fn job_done(&mut self, wish: u32, run: u32) -> Option<Event> {
        let state = &mut self.jobs.states[wish as usize];
        if state.run != run {
            return None;
        }
        let (position, _) = state.running.take()?;
        self.to_come -= 1;
        state.run += 1;
        state.finished = Some(self.now);
        Some(Event::Finished(self.ledger.holdings()[position as usize].lease.id))
    }

    /// A lease was taken back: if a job ran there, it loses what was not saved and looks for new machines.
    pub(super) fn lose_job(&mut self, market: &Market, position: usize) {
        if self.jobs.states.is_empty() {
            return;
        }
        let holding = &self.ledger.holdings()[position];
        let wish = self.wish_of(market, demand_of(holding.lease.id));
        let Some(job) = &market.demands[wish].job else { return };
        let state = &mut self.jobs.states[wish];
        let Some((_, begins)) = state.running.filter(|(on, _)| *on as usize == position) else { return };
        let ran = self.now.since(begins);
        let told = holding.noticed.map_or(Span::ZERO, |noticed| noticed.since(begins)).min(ran);
        let kept = job.kept(state.done, ran, told);
        let reached = state.done + ran;
        state.lost += Span(reached.0 - kept.0);
        state.done = kept;
        state.running = None;
        state.run += 1;
        state.preemptions += 1;
        // The end that was planned no longer comes; the recovery does.
        self.agenda.push(self.now, Item::Recover { wish: wish as u32, lost: holding.lease.offering.region });
    }

    /// A lease was given back although a job had started on it, as with machines that come up when others were found in
    /// their place: what was done there is lost, and the job starts on those others.
    pub(super) fn abandon_job(&mut self, market: &Market, position: u32) {
        if !self.jobs.is_wanted() {
            return;
        }
        let wish = self.wish_of(market, demand_of(self.ledger.holdings()[position as usize].lease.id));
        let state = &mut self.jobs.states[wish];
        if let Some((_, begins)) = state.running.filter(|(on, _)| *on == position) {
            state.lost += self.now.since(begins);
            state.running = None;
            state.run += 1;
            self.to_come -= 1;
        }
    }

    /// The search for new machines begins: a demand with the same candidates in the order of the strategy.
    pub(super) fn recover(&mut self, market: &Market, wish: u32, lost: RegionId) -> Option<Event> {
        self.to_come -= 1;
        let origin = &market.demands[wish as usize];
        let job = origin.job.as_ref()?;
        let (candidates, order) = self.jobs.orders.entry((wish, lost)).or_insert_with(|| reordered(origin, job, lost));
        let (candidates, order) = (Arc::clone(candidates), Arc::clone(order));
        let id = DemandId((market.demands.len() + self.jobs.recoveries.len()) as u32);
        self.jobs.recoveries.push(Recovered { wish, order });
        self.probes.mark(Probe::Recovered);
        let limits = Limits {
            retry_until_up: true,
            max_wait: (origin.until < Timestamp::NEVER).then(|| origin.until.since(self.now)),
            ..origin.demand.limits
        };
        Some(Event::Arrived(Demand { id, nodes: origin.demand.nodes, candidates, limits }))
    }
}

/// The candidates of a demand with those in the lost region first or last, within each preference.
fn reordered(wish: &Wish, job: &Job, lost: RegionId) -> Order {
    let rank = |candidate: &Candidate| {
        let there = candidate.offering.region == lost;
        let later = match job.recovery {
            Recovery::Failover => !there,
            Recovery::EagerNextRegion => there,
        };
        candidate.preference * 2 + u16::from(later)
    };
    let all = &wish.demand.candidates;
    let mut order: Vec<u32> = (0..all.len() as u32).collect();
    order.sort_by_key(|at| (rank(&all[*at as usize]), *at));
    let candidates = order.iter().map(|at| {
        let candidate = &all[*at as usize];
        Candidate { preference: rank(candidate), ..*candidate }
    });
    (candidates.collect(), order.iter().copied().collect())
}

/// What a lease is named after.
pub(super) const fn demand_of(lease: LeaseId) -> DemandId {
    DemandId((lease.0.0 >> 32) as u32)
}
