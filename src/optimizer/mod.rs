//! Which offerings meet a request, what they cost, and in which order they are tried.
//!
//! **Invariant:** pure: no state, no clock, no printing; what is left out is a value with its reason.

mod defaults;
mod egress;
mod expect;
mod filter;
pub mod graph;
mod options;
mod plan;
mod rank;
mod reject;
mod replan;
mod rows;
mod tasks;
#[cfg(test)]
mod tests;

pub use egress::{Egress, EgressTariff};
pub use expect::{Availability, expected_cost};
pub use options::{Options, Preference, PriceOverlay};
pub use plan::{Plan, plan};
pub use rank::Ranked;
pub use reject::{Drop, Nearest, Rejection, Relaxation, nearest, offered_in, rejections, why_not};
pub use replan::Replanner;
pub use rows::Row;
pub use tasks::{Edge, GraphError, GraphOptions, GraphPlan, Input, Objective, TaskNode, Transfer, plan_graph};
