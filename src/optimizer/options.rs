//! What shifts the ranking away from list prices: discounts, and places that are liked a little better.
//!
//! **Invariant:** without options the ranking is by list price alone.

use crate::model::{CloudId, Money, Preference};

/// What the ranking goes by, besides list prices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What is really paid.
    pub overlay: PriceOverlay,
    /// Places that win unless they are much dearer.
    pub prefer: Option<Preference>,
}

/// What a user pays, as a factor on each cloud's list prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceOverlay {
    /// By cloud, in millionths: 850 000 is 15 % off.
    factors: [u32; Self::CLOUDS],
}

const WHOLE: u32 = 1_000_000;

impl PriceOverlay {
    const CLOUDS: usize = 8;

    /// List prices.
    pub const NONE: Self = Self { factors: [WHOLE; Self::CLOUDS] };

    /// The same, with a factor (in millionths) for one cloud. A cloud that no catalog has is left out.
    #[must_use]
    pub fn with(mut self, cloud: CloudId, factor_millionths: u32) -> Self {
        if let Some(factor) = self.factors.get_mut(cloud.index()) {
            *factor = factor_millionths;
        }
        self
    }

    /// True if list prices are paid.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// What is paid for a list price, rounded down to the millionth of a dollar.
    #[must_use]
    pub fn apply(&self, cloud: CloudId, list: Money) -> Money {
        match self.factors.get(cloud.index()) {
            Some(&factor) if factor != WHOLE => Money((list.0 as i128 * factor as i128 / WHOLE as i128) as i64),
            _ => list,
        }
    }
}

impl Default for PriceOverlay {
    fn default() -> Self {
        Self::NONE
    }
}
