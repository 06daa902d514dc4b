//! Many trials summed up: what a policy achieves on a scenario, with how sure one may be of it.
//!
//! **Invariant:** no clouds, no clock, no luck; every number that is estimated carries an interval, and trials that
//! never succeeded count as never, not as missing.

mod archive;
mod arms;
pub mod fit;
mod gate;
mod jobs;
mod judge;
mod pieces;
mod shape;
pub mod stats;
mod summary;

pub use crate::sim::trial::Ended as Trial;
pub use archive::{ArchiveError, Head, Layout, Reader, Writer, in_order};
pub use arms::{Arm, Arms, KEPT, windows};
pub use gate::{Pair, Regression, regressions};
pub use jobs::{JobSummary, summarise_jobs};
pub use judge::{Bound, Judged, Judgement, Measure, Unit, correct, judge, resampling};
pub use pieces::{ArrayTask, Axis, Point, Shard, ShardError, points, shard};
pub use shape::{PriceShares, prices, seconds_placed, telling};
pub use summary::{LeftBehind, Refusals, Summary, summarise, waits};
