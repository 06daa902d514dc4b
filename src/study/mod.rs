//! Many trials summed up: what a policy achieves on a scenario, with how sure one may be of it.
//!
//! **Invariant:** no clouds, no clock, no luck; every number that is estimated carries an interval, and trials that
//! never succeeded count as never, not as missing.

mod shape;
mod statistics;
pub mod stats;
mod summary;
mod sweep;

pub use shape::{PriceShares, prices, seconds_placed, telling};
pub use statistics::{Estimate, mean, quantile, wilson};
pub use summary::{Quantile, Summary, Trial, summarise};
pub use sweep::{Arm, sweep};
