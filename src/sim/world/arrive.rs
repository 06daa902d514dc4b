//! When demands arrive, and launches whose machines are gone before they are up.

use crate::model::{Answer, Denials, Timestamp};

use super::super::luck::Purpose;
use super::super::market::Market;
use super::super::voice::Refusal;
use super::State;

impl State {
    /// A lease that was taken back before it was up is a launch that failed.
    pub(super) fn too_late(&mut self, market: &Market, answer: Answer) -> Answer {
        let Answer::Launched(lease) = &answer else { return answer };
        let Some(holding) = self.ledger.find(lease.id).filter(|holding| holding.preempted) else { return answer };
        let (ask, way) = (holding.ask as usize, &market.ways[holding.way as usize]);
        let answers = &market.apis[way.api as usize].answers;
        let denial = self.voice.refuse(ask, Refusal::Stockout, &market.asks[ask], answers, &lease.offering);
        Answer::Denied(Denials::from_iter([denial]))
    }

    /// Draws when demands arrive that follow each other.
    pub(super) fn draw_arrivals(&mut self, market: &Market) {
        self.arrivals.clear();
        if market.demands.iter().all(|wish| wish.gap.is_none()) {
            return;
        }
        let mut last = Timestamp::ZERO;
        for wish in &market.demands {
            let at = wish.gap.as_ref().map_or(wish.at, |gap| {
                let from = if gap.first { wish.at } else { last };
                from + gap.law.span(&mut self.luck.stream(wish.entity, Purpose::Arrival, 0))
            });
            last = at;
            self.arrivals.push(at);
        }
    }

    /// When a demand arrives in this trial.
    pub(super) fn arrival(&self, market: &Market, index: usize) -> Timestamp {
        self.arrivals.get(index).copied().unwrap_or(market.demands[index].at)
    }
}
