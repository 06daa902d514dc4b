//! What spot capacity costs as time goes by.
//!
//! **Invariant:** a price is a process in time with a stream of its own, as stock is: asking only reads it.

use crate::model::{Money, Span, Timestamp};

use super::super::luck::{Entity, Luck, Purpose, Stream};
use super::super::special::normal_quantile;
use super::Replay;
use super::stock::{Stock, Track};

/// The course of a price.
#[derive(Debug, Clone, PartialEq)]
pub enum Price {
    /// The catalog's price times a factor that wanders and comes back: the exponential of an Ornstein–Uhlenbeck
    /// process, looked at on a grid.
    Reverting(Reverting),
    /// Dollars per hour for one node, as recorded: a trace in millionths of a dollar.
    Trace(Stock),
}

/// A factor that wanders around its level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reverting {
    /// Mean of the factor.
    pub level: f64,
    /// Standard deviation of its logarithm in the steady state.
    pub volatility: f64,
    /// After which half of a deviation is gone.
    pub half_life: Span,
    /// How often it changes.
    pub step: Span,
}

/// Where the course of a price stands.
#[derive(Debug, Clone)]
pub struct PriceTrack {
    stream: Stream,
    steps: u64,
    deviation: f64,
    replay: Option<Track>,
}

impl Price {
    /// A recorded price.
    pub fn trace(replay: Replay) -> Self {
        Self::Trace(Stock::Trace(replay))
    }

    /// The price at one moment, seen afresh.
    pub fn seen(&self, luck: Luck, entity: Entity, list: Money, at: Timestamp) -> Money {
        PriceTrack::start(self, luck, entity).at(self, list, at)
    }
}

impl Reverting {
    fn draw(stream: &mut Stream) -> f64 {
        normal_quantile(stream.unit())
    }

    /// What is left of a deviation after one step.
    fn keeps(&self) -> f64 {
        libm::exp2(-self.step.as_secs_f64() / self.half_life.as_secs_f64())
    }

    /// A lognormal factor has mean exp(μ + σ²/2).
    fn factor(&self, deviation: f64) -> f64 {
        let sigma = self.volatility;
        self.level * libm::exp(sigma * deviation - 0.5 * sigma * sigma)
    }
}

impl PriceTrack {
    /// The start of the course, in its steady state.
    pub fn start(price: &Price, luck: Luck, entity: Entity) -> Self {
        let mut stream = luck.stream(entity, Purpose::Price, 0);
        let replay = match price {
            Price::Trace(stock) => Some(Track::start(stock, luck, entity)),
            Price::Reverting(_) => None,
        };
        let deviation = Reverting::draw(&mut stream);
        Self { stream, steps: 0, deviation, replay }
    }

    /// The hourly price of a node whose price in the catalog is `list`. Time must not run backwards.
    pub fn at(&mut self, price: &Price, list: Money, now: Timestamp) -> Money {
        match (price, &mut self.replay) {
            (Price::Trace(stock), Some(track)) => Money(i64::from(track.at(stock, now))),
            (Price::Reverting(reverting), _) => {
                let keeps = reverting.keeps();
                let fresh = libm::sqrt(1.0 - keeps * keeps);
                while (self.steps + 1).saturating_mul(reverting.step.0) <= now.0 {
                    self.steps += 1;
                    self.deviation = keeps * self.deviation + fresh * Reverting::draw(&mut self.stream);
                }
                Money::from_dollars(list.as_dollars() * reverting.factor(self.deviation))
            }
            (Price::Trace(_), None) => list,
        }
    }

    /// The first moment after `now` at which it may be another. To be asked after [`PriceTrack::at`] for that moment.
    pub fn next_change(&mut self, price: &Price, now: Timestamp) -> Option<Timestamp> {
        match (price, &mut self.replay) {
            (Price::Trace(stock), Some(track)) => track.next_change(stock, now),
            (Price::Reverting(reverting), _) => Some(Timestamp((self.steps + 1).saturating_mul(reverting.step.0))),
            (Price::Trace(_), None) => None,
        }
    }
}
