//! Limits of the account and the pace of calls, as they stand now.

use super::super::market::{Market, Quota, QuotaTrack, Standing, Tokens};
use super::super::probe::Probe;
use super::State;

impl State {
    /// Makes room for a market that has grown.
    pub(super) fn grow(&mut self, market: &Market) {
        self.pools.resize(market.pools.len(), super::PoolState::default());
        self.ways.resize(market.ways.len(), super::WayState::default());
        self.used.resize(market.quotas.len(), 0);
        self.voice.grow(market);
        let luck = self.luck;
        self.limits.extend(market.quotas.iter().skip(self.limits.len()).map(|quota| QuotaTrack::start(quota, luck)));
        self.tokens.extend(market.paces.iter().skip(self.tokens.len()).map(Tokens::full));
    }

    /// Starts what limits and paces need, if anything changes about them.
    pub(super) fn reset_limits(&mut self, market: &Market) {
        self.limits.clear();
        if market.quotas.iter().any(|quota| quota.change.is_some()) {
            let luck = self.luck;
            self.limits.extend(market.quotas.iter().map(|quota| QuotaTrack::start(quota, luck)));
        }
        self.tokens.clear();
        self.tokens.extend(market.paces.iter().map(Tokens::full));
    }

    /// A limit and what others use of it, now.
    pub(super) fn standing(&mut self, quota: &Quota, index: usize) -> Standing {
        if quota.change.is_none() {
            return quota.fixed();
        }
        let standing = self.limits[index].at(quota, self.luck, self.now);
        if standing.limit != quota.limit {
            self.probes.mark(Probe::QuotaGranted);
        }
        standing
    }

    /// A launch was refused for a limit.
    pub(super) fn refused_for(&mut self, quota: &Quota, index: usize) {
        if quota.change.is_some() {
            self.limits[index].refused(quota, self.luck, self.now);
        }
    }

    /// True if a cloud takes one more call now.
    pub(super) fn is_in_pace(&mut self, market: &Market, pace: Option<u32>) -> bool {
        pace.is_none_or(|pace| self.tokens[pace as usize].take(&market.paces[pace as usize], self.now))
    }
}
