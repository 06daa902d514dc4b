//! What is held, since when, and what it costs: the world's own set of books.
//!
//! **Invariant:** the bill of every lease is the sum of its prices times their times, and their sum is the integral over time of what
//! all held leases cost an hour, kept separately.

use crate::model::{DemandId, Lease, LeaseId, Money, Span, Timestamp};

/// One lease, open or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// What is held.
    pub lease: Lease,
    /// Position of the ask it came from.
    pub(super) ask: u32,
    /// Position of the way it came from.
    pub(super) way: u32,
    /// When it ended; `None` while it is held.
    pub until: Option<Timestamp>,
    /// True if the cloud took it back.
    pub preempted: bool,
    /// When the cloud said that it would take it back.
    pub noticed: Option<Timestamp>,
    /// When its machines are up; told only where a job waits for that.
    pub(super) up: Timestamp,
    /// What all its nodes cost an hour now, in millionths of a dollar.
    hourly: i64,
    /// Until when it is settled, and what it had cost by then, in millionths of a dollar × microseconds per hour.
    settled: (Timestamp, i128),
}

impl Holding {
    /// What it has cost until `now`, in millionths of a dollar × microseconds per hour.
    fn exact(&self, now: Timestamp) -> i128 {
        let (since, before) = self.settled;
        before + i128::from(self.hourly) * i128::from(self.until.unwrap_or(now).since(since).0)
    }
}

/// Leases are folded when so many more have ended than are held.
const FOLD: usize = 1024;

/// All leases of a trial.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    holdings: Vec<Holding>,
    /// (lease, position), sorted, to find a lease by its name.
    index: Vec<(LeaseId, u32)>,
    open: u32,
    /// Leases that ended and were folded into sums: how many, and what they cost, as in [`Holding::exact`].
    folded: (u64, i128),
    /// What all open leases cost an hour, in millionths of a dollar.
    burn: i64,
    /// Integral of `burn` over time, in millionths of a dollar × microseconds per hour.
    integral: i128,
    last: Timestamp,
}

impl Ledger {
    pub(super) fn clear(&mut self) {
        self.holdings.clear();
        self.index.clear();
        self.open = 0;
        self.folded = (0, 0);
        self.burn = 0;
        self.integral = 0;
        self.last = Timestamp::ZERO;
    }

    /// Every lease of the trial, in the order they were made, except those that were folded.
    pub fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// The last lease of all nodes that was made for a demand.
    pub(super) fn placed(&self, demand: DemandId, nodes: u16) -> Option<Lease> {
        let of = |lease: &Lease| (lease.id.0.0 >> 32) as u32 == demand.0 && lease.nodes == nodes;
        self.holdings.iter().rev().map(|holding| holding.lease).find(of)
    }

    /// How many were made, ever.
    pub fn count(&self) -> u64 {
        self.folded.0 + self.holdings.len() as u64
    }

    /// Once most leases have ended, folds those into sums, so that a world without an end stays small. Returns the new
    /// position of each lease by its old one, if anything has moved.
    pub(super) fn fold(&mut self) -> Option<Vec<Option<u32>>> {
        if self.holdings.len() < 2 * self.open as usize + FOLD {
            return None;
        }
        let mut positions = Vec::with_capacity(self.holdings.len());
        let mut kept = 0;
        for holding in &self.holdings {
            let stays = holding.until.is_none();
            positions.push(stays.then_some(kept));
            kept += u32::from(stays);
            if let Some(until) = holding.until {
                self.folded = (self.folded.0 + 1, self.folded.1 + holding.exact(until));
            }
        }
        self.holdings.retain(|holding| holding.until.is_none());
        self.index.retain_mut(|(_, position)| match positions[*position as usize] {
            Some(moved) => {
                *position = moved;
                true
            }
            None => false,
        });
        Some(positions)
    }

    /// How many are held.
    pub fn open(&self) -> u32 {
        self.open
    }

    /// The lease of this name.
    pub fn find(&self, id: LeaseId) -> Option<&Holding> {
        self.position(id).map(|at| &self.holdings[at])
    }

    pub(super) fn position(&self, id: LeaseId) -> Option<usize> {
        let found = self.index.binary_search_by_key(&id, |(lease, _)| *lease).ok()?;
        Some(self.index[found].1 as usize)
    }

    pub(super) fn get_mut(&mut self, position: usize) -> &mut Holding {
        &mut self.holdings[position]
    }

    pub(super) fn begin(&mut self, lease: Lease, ask: u32, way: u32) -> u32 {
        self.accrue(lease.since);
        self.burn += hourly(&lease);
        self.open += 1;
        let position = self.holdings.len() as u32;
        let (hourly, settled) = (hourly(&lease), (lease.since, 0));
        self.holdings.push(Holding {
            lease,
            ask,
            way,
            until: None,
            preempted: false,
            noticed: None,
            up: lease.since,
            hourly,
            settled,
        });
        // Calls are numbered upwards, so this is nearly always the end.
        let at = self.index.partition_point(|(id, _)| *id < lease.id);
        self.index.insert(at, (lease.id, position));
        position
    }

    /// Makes one lease of several nodes into as many of one node, named by the numbers that follow its own.
    pub(super) fn split(&mut self, position: usize) {
        let whole = self.holdings[position];
        self.holdings[position].lease.nodes = 1;
        self.holdings[position].hourly = hourly(&self.holdings[position].lease);
        for more in 1..u64::from(whole.lease.nodes) {
            let mut part = self.holdings[position];
            part.lease.id.0.0 += more;
            let at = self.index.partition_point(|(id, _)| *id < part.lease.id);
            self.index.insert(at, (part.lease.id, self.holdings.len() as u32));
            self.holdings.push(part);
            self.open += 1;
        }
    }

    /// Ends a lease; false if it had ended already.
    pub(super) fn end(&mut self, position: usize, now: Timestamp) -> bool {
        if self.holdings[position].until.is_some() {
            return false;
        }
        self.accrue(now);
        let holding = &mut self.holdings[position];
        holding.until = Some(now);
        self.burn -= holding.hourly;
        self.open -= 1;
        true
    }

    /// From now on each node of a lease costs this much an hour.
    pub(super) fn reprice(&mut self, position: usize, each: Money, now: Timestamp) {
        self.accrue(now);
        let holding = &mut self.holdings[position];
        holding.settled = (now, holding.exact(now));
        self.burn -= holding.hourly;
        holding.hourly = each.0 * i64::from(holding.lease.nodes);
        self.burn += holding.hourly;
    }

    fn accrue(&mut self, now: Timestamp) {
        self.integral += i128::from(self.burn) * i128::from(now.since(self.last).0);
        self.last = now;
    }

    /// What a lease has cost until `now`.
    pub fn cost(holding: &Holding, now: Timestamp) -> Money {
        Money((holding.exact(now) / i128::from(Span::HOUR.0)) as i64)
    }

    /// What everything has cost until `now`.
    pub fn billed(&self, now: Timestamp) -> Money {
        let integral = self.integral + i128::from(self.burn) * i128::from(now.since(self.last).0);
        Money((integral / i128::from(Span::HOUR.0)) as i64)
    }

    /// Says what does not add up, if anything: the bills against the integral, the open leases against the hourly cost.
    pub fn audit(&self, now: Timestamp) -> Result<(), String> {
        let bills = self.folded.1 + self.holdings.iter().map(|holding| holding.exact(now)).sum::<i128>();
        let integral = self.integral + i128::from(self.burn) * i128::from(now.since(self.last).0);
        if bills != integral {
            return Err(format!("bills of {bills} against an integral of {integral} µ$·µs/h"));
        }
        let held = self.holdings.iter().filter(|holding| holding.until.is_none());
        let (count, burn) = held.fold((0, 0), |(count, burn), h| (count + 1, burn + h.hourly));
        if (count, burn) != (self.open, self.burn) {
            return Err(format!(
                "{count} open leases at {burn} µ$/h, but the books say {} at {}",
                self.open, self.burn
            ));
        }
        Ok(())
    }
}

fn hourly(lease: &Lease) -> i64 {
    lease.offering.price_hourly.0 * i64::from(lease.nodes)
}
