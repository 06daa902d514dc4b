//! The pursuit of one demand: rounds over its candidates until it is placed or a limit is met.

use crate::model::{
    Attempt, Call, CallId, Cause, Demand, DemandId, Happening, Lease, LeaseId, Limits, Money, Outcome, Timestamp,
};

use super::blocklist::Block;
use super::field::Covered;
use super::policy::{Choice, Policy, View};
use super::recovery::{Flight, Purpose, Timer};
use super::{Field, Progress, Sink, Tally};

/// One demand and all that was done for it. Reused from trial to trial for its memory.
pub(crate) struct Acquisition {
    pub(super) id: DemandId,
    pub(super) nodes: u16,
    pub(super) limits: Limits,
    pub(super) policy: Box<dyn Policy>,
    pub(super) field: Field,
    pub(super) arrived: Timestamp,
    next_call: u32,
    pub(super) attempts: u32,
    pub(super) wasted: Money,
    pub(super) tally: Tally,
    pub(super) stage: Stage,
    /// Calls without an answer.
    pub(super) flights: Vec<Flight>,
    /// Calls to be made later.
    pub(super) timers: Vec<Timer>,
    /// What the demand was placed on.
    pub(super) lease: Option<Lease>,
    /// What is held but not wanted, until its release is confirmed.
    pub(super) unwanted: Vec<Lease>,
    /// Leases that served their purpose; what they cost is not waste.
    pub(super) finished: Vec<LeaseId>,
    pub(super) orphans: Vec<LeaseId>,
}

/// Where the pursuit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Choosing and attempting.
    Pursuing,
    /// Nothing to try before then; `new_round` if a round begins then.
    Waiting { until: Timestamp, new_round: bool },
    /// Over.
    Ended { outcome: Outcome, at: Timestamp },
}

impl Acquisition {
    pub(super) fn new(policy: Box<dyn Policy>) -> Self {
        Self {
            id: DemandId(0),
            nodes: 0,
            limits: Limits::default(),
            policy,
            field: Field::default(),
            arrived: Timestamp::ZERO,
            next_call: 0,
            attempts: 0,
            wasted: Money::ZERO,
            tally: Tally::default(),
            stage: Stage::Pursuing,
            flights: Vec::new(),
            timers: Vec::new(),
            lease: None,
            unwanted: Vec::new(),
            finished: Vec::new(),
            orphans: Vec::new(),
        }
    }

    /// Takes up a demand; what an earlier one left behind is forgotten.
    pub(super) fn begin(&mut self, demand: Demand, luck: u64, sink: &mut Sink<'_>) {
        self.id = demand.id;
        self.nodes = demand.nodes;
        self.limits = demand.limits;
        self.arrived = sink.now;
        self.next_call = 0;
        self.attempts = 0;
        self.wasted = Money::ZERO;
        self.tally = Tally::default();
        self.stage = Stage::Pursuing;
        self.flights.clear();
        self.timers.clear();
        self.lease = None;
        self.unwanted.clear();
        self.finished.clear();
        self.orphans.clear();
        let (candidates, nodes) = (demand.candidates.len() as u32, demand.nodes);
        sink.record(self.id, || Happening::Arrived { candidates, nodes });
        self.policy.begin(&demand.candidates, luck);
        self.field.begin(demand.candidates);
        for block in sink.blocklist.iter() {
            sink.covered.clear();
            self.field.learn(block, sink.covered);
        }
        if candidates == 0 {
            self.end(Outcome::Infeasible, sink);
        } else {
            self.begin_round(sink);
        }
    }

    /// Closes what a denial met by any demand speaks for.
    pub(super) fn learn(&mut self, block: &Block, known: &mut Covered) {
        if !matches!(self.stage, Stage::Ended { .. }) {
            self.field.learn(block, known);
        }
    }

    /// Does all that can be done now.
    pub(super) fn pursue(&mut self, sink: &mut Sink<'_>) {
        self.fire_timers(sink);
        self.lose_overdue(sink);
        if self.over_limit(sink) || self.is_attempting() {
            return;
        }
        if let Stage::Waiting { until, new_round } = self.stage {
            if until > sink.now {
                return;
            }
            self.stage = Stage::Pursuing;
            if new_round {
                self.begin_round(sink);
            }
        }
        if self.stage == Stage::Pursuing {
            self.choose(sink);
        }
    }

    fn choose(&mut self, sink: &mut Sink<'_>) {
        let may_retry = self.limits.retry_until_up;
        let view = View { now: sink.now, field: &self.field, memory: sink.memory, may_retry };
        let choice = self.policy.choose(&view);
        // Asking again until it is up is for capacity and quota; credentials that are refused stay so.
        if !matches!(choice, Choice::Attempt(_))
            && let Some(cause) = self.field.hopeless(sink.now)
        {
            let refused = cause == Cause::Unauthorized;
            return self.end(if refused { Outcome::NotAuthorized } else { self.tally.outcome() }, sink);
        }
        match choice {
            Choice::Attempt(candidate) => self.attempt(candidate, sink),
            Choice::Wait(until) => {
                let until = until.max(Timestamp(sink.now.0 + 1));
                self.stage = Stage::Waiting { until, new_round: false };
                sink.record(self.id, || Happening::Waiting(until));
            }
            Choice::Exhausted if self.limits.retry_until_up => {
                let until = self.next_opening(sink.now);
                self.stage = Stage::Waiting { until, new_round: true };
                sink.record(self.id, || Happening::Waiting(until));
            }
            Choice::Exhausted => self.end(self.tally.outcome(), sink),
        }
    }

    fn attempt(&mut self, candidate: usize, sink: &mut Sink<'_>) {
        let attempt = Attempt {
            demand: self.id,
            candidate: candidate as u32,
            offering: self.field.candidates()[candidate].offering,
            zones: self.field.open_zones(candidate, sink.now),
            nodes: self.nodes,
        };
        self.field.set_tried(candidate);
        self.launch(attempt, 0, sink);
    }

    /// Makes a launch call; `retries` says how often the same attempt was already turned away for its pace.
    pub(super) fn launch(&mut self, attempt: Attempt, retries: u32, sink: &mut Sink<'_>) {
        self.attempts += 1;
        let overdue = sink.now + self.limits.attempt_timeout;
        let id = self.call(Call::Launch(attempt), Purpose::Launch { attempt, retries, overdue }, sink);
        debug_assert_eq!(super::demand_of(id), self.id, "a call id names its demand");
    }

    /// Sends a call and remembers what it is for. A launch is recorded before it is asked for.
    pub(super) fn call(&mut self, call: Call, purpose: Purpose, sink: &mut Sink<'_>) -> CallId {
        let id = CallId(u64::from(self.id.0) << 32 | u64::from(self.next_call));
        self.next_call += 1;
        if let Call::Launch(attempt) = call {
            sink.record(self.id, || Happening::Attempted(id, attempt));
        }
        self.flights.push(Flight { id, purpose });
        sink.call(id, call);
        id
    }

    fn begin_round(&mut self, sink: &mut Sink<'_>) {
        self.field.next_round();
        self.policy.begin_round();
        let round = self.field.round();
        sink.record(self.id, || Happening::Round(round));
    }

    /// When the next round may begin: after the pause, and not before something is open again.
    fn next_opening(&self, now: Timestamp) -> Timestamp {
        let count = self.field.candidates().len();
        let opens = (0..count).map(|candidate| self.field.open_from(candidate)).min().unwrap_or(now);
        opens.max(now + self.limits.retry_gap)
    }

    /// Ends the pursuit if a limit is met. The wait is bounded even while an attempt is in flight; attempts and money
    /// are looked at between attempts.
    fn over_limit(&mut self, sink: &mut Sink<'_>) -> bool {
        if matches!(self.stage, Stage::Ended { .. }) {
            return true;
        }
        let limits = self.limits;
        let outcome = if limits.max_wait.is_some_and(|wait| sink.now >= self.arrived + wait) {
            Outcome::TimedOut
        } else if self.is_attempting() {
            return false;
        } else if limits.max_attempts.is_some_and(|max| self.attempts >= max) {
            Outcome::TooManyAttempts
        } else if limits.budget.is_some_and(|budget| self.wasted >= budget) {
            Outcome::OverBudget
        } else {
            return false;
        };
        self.end(outcome, sink);
        true
    }

    pub(super) fn end(&mut self, outcome: Outcome, sink: &mut Sink<'_>) {
        if !matches!(self.stage, Stage::Ended { .. }) {
            self.stage = Stage::Ended { outcome, at: sink.now };
            self.timers.retain(Timer::outlives_the_pursuit);
            sink.record(self.id, || Happening::Ended(outcome));
        }
    }

    /// The user no longer wants it: what is held is given back, what is in flight when its answer comes.
    pub(super) fn cancelled(&mut self, sink: &mut Sink<'_>) {
        self.end(Outcome::Cancelled, sink);
        if let Some(lease) = self.lease.take() {
            self.release(lease, sink);
        }
    }

    /// True while an attempt is in flight, about to be repeated, or looked for after its answer was lost.
    fn is_attempting(&self) -> bool {
        self.flights.iter().any(Flight::is_attempt) || self.timers.iter().any(Timer::is_attempt)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }

    pub(super) fn is_idle(&self) -> bool {
        self.is_over() && self.timers.is_empty() && self.flights.iter().all(Flight::is_abandoned)
    }

    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let calls = self.flights.iter().filter_map(Flight::overdue_at).chain(self.timers.iter().map(|timer| timer.at));
        let stage = match self.stage {
            Stage::Waiting { until, .. } if !self.is_attempting() => Some(until),
            _ => None,
        };
        let patience = self.limits.max_wait.filter(|_| !self.is_over()).map(|wait| self.arrived + wait);
        calls.chain(stage).chain(patience).min()
    }

    pub(super) fn progress(&self) -> Progress {
        let (outcome, ended_at) = match self.stage {
            Stage::Ended { outcome, at } => (Some(outcome), Some(at)),
            _ => (None, None),
        };
        Progress {
            outcome,
            ended_at,
            lease: self.lease,
            attempts: self.attempts,
            rounds: self.field.round(),
            wasted: self.wasted,
            tally: self.tally,
        }
    }

    pub(super) fn leases(&self) -> impl Iterator<Item = Lease> + '_ {
        self.lease.into_iter().chain(self.unwanted.iter().copied())
    }

    pub(super) fn orphans(&self) -> impl Iterator<Item = LeaseId> + '_ {
        self.orphans.iter().copied()
    }
}
