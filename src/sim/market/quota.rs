//! Limits of the account: how much may be held at once, what others hold of it, and when more is granted.

use crate::model::Timestamp;

use super::super::law::Law;
use super::super::luck::{Entity, Luck, Purpose};
use super::stock::{Stock, Track};

/// A limit on how much may be held at once, in thousandths of a vCPU or a GPU, as the cloud meters it.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// What the cloud calls it in its words (`NVIDIA_V100_GPUS`, `standardNCSv3Family`).
    pub name: Box<str>,
    /// The most that may be held.
    pub limit: u64,
    /// What somebody else in the account holds at all times.
    pub usage: u64,
    /// The body that answers when the limit is passed.
    pub body: &'static str,
    /// What changes about it; `None` for nothing.
    pub change: Option<Box<Change>>,
}

/// What changes about a limit as time goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Names its streams of luck.
    pub entity: Entity,
    /// What others hold beside the fixed part: the machines of a process, or what its tenants hold.
    pub background: Option<Stock>,
    /// A higher limit that is asked for.
    pub increase: Option<Increase>,
}

/// A request for a higher limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Increase {
    /// The limit once it is granted.
    pub to: u64,
    /// When it is asked for; `None`: when a launch is first refused for this limit.
    pub asked: Option<Timestamp>,
    /// How long until it is granted.
    pub after: Law,
}

/// A limit and what others use of it at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The most that may be held.
    pub limit: u64,
    /// What others hold.
    pub usage: u64,
}

/// Where a limit that changes stands.
#[derive(Debug, Clone, Default)]
pub struct QuotaTrack {
    background: Option<Track>,
    granted: Option<Timestamp>,
}

impl Standing {
    /// True if `more` fits beside what is held by others and `own` by us.
    pub fn admits(self, own: u64, more: u64) -> bool {
        self.usage.saturating_add(own).saturating_add(more) <= self.limit
    }
}

impl Quota {
    /// As it stands when nothing changes about it.
    pub fn fixed(&self) -> Standing {
        Standing { limit: self.limit, usage: self.usage }
    }

    /// As it stands at a moment, seen afresh; an increase that waits for a refusal is not granted.
    pub fn seen(&self, luck: Luck, at: Timestamp) -> Standing {
        QuotaTrack::start(self, luck).at(self, luck, at)
    }
}

impl QuotaTrack {
    /// The start of its course.
    pub fn start(quota: &Quota, luck: Luck) -> Self {
        let Some(change) = &quota.change else { return Self::default() };
        let granted = change.increase.as_ref().and_then(|increase| Some(change.grant(increase, luck, increase.asked?)));
        let background = change.background.as_ref();
        Self { background: background.map(|stock| Track::start(stock, luck, change.entity)), granted }
    }

    /// As it stands now. Time must not run backwards.
    pub fn at(&mut self, quota: &Quota, luck: Luck, now: Timestamp) -> Standing {
        let Some(change) = &quota.change else { return quota.fixed() };
        let Standing { mut limit, mut usage } = quota.fixed();
        if let Some(stock) = &change.background {
            let track = self.background.get_or_insert_with(|| Track::start(stock, luck, change.entity));
            let there = track.at(stock, now);
            let held = stock.machines().map_or(there, |machines| machines - there);
            usage = usage.saturating_add(u64::from(held) * 1000);
        }
        if let Some(increase) = change.increase.as_ref().filter(|_| self.granted.is_some_and(|at| at <= now)) {
            limit = increase.to;
        }
        Standing { limit, usage }
    }

    /// A launch was refused: where the increase waited for that, it is asked for now.
    pub fn refused(&mut self, quota: &Quota, luck: Luck, now: Timestamp) {
        if let Some(change) = &quota.change
            && let Some(increase) = &change.increase
            && self.granted.is_none()
        {
            self.granted = Some(change.grant(increase, luck, now));
        }
    }
}

impl Change {
    fn grant(&self, increase: &Increase, luck: Luck, asked: Timestamp) -> Timestamp {
        asked + increase.after.span(&mut luck.stream(self.entity, Purpose::Quota, 0))
    }
}
