//! What a candidate is expected to cost when it may well be out of stock: money, and time at a price.
//!
//! **Invariant:** with certain availability and time for free, the expected cost is the cost.

use crate::model::{Candidate, Money, Span};

/// What is known of one candidate's availability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Availability {
    /// Chance that an attempt succeeds now.
    pub chance: f64,
    /// Time until an attempt that fails is over.
    pub failure: Span,
    /// Time until an attempt that succeeds is over.
    pub success: Span,
}

/// Cost of a candidate plus the time spent on it: `c + λ(s + f·(1 − p)/p)`, where `λ` is `hour_worth` (what an hour of
/// waiting is worth to the user), `s` and `f` the times to success and failure and `p` the chance. Trying candidates in
/// ascending order of this is optimal for independent candidates with known chances (Weitzman 1979, "Optimal search for
/// the best alternative"). One that can never succeed is worth [`Money`]'s maximum.
pub fn expected_cost(candidate: &Candidate, known: Availability, hour_worth: Money) -> Money {
    if known.chance <= 0.0 {
        return Money(i64::MAX);
    }
    let chance = known.chance.min(1.0);
    let hours = |span: Span| span.as_secs_f64() / 3600.0;
    let waited = hours(known.success) + hours(known.failure) * (1.0 - chance) / chance;
    let waiting = Money::from_dollars(hour_worth.as_dollars() * waited);
    Money(candidate.cost.0.saturating_add(waiting.0))
}
