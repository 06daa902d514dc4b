//! Which offerings meet a request, what they cost, and in which order they are tried.
//!
//! **Invariant:** pure: no state, no clock, no printing; what is left out is a value with its reason. The same question
//! has the same answer, whatever the order of alternatives' offerings in the tables.
//!
//! [`plan()`] ranks everything that meets a request; the catalog keeps its lists in order of price, so that ranking is
//! filtering and merging. From the [`Plan`] come the table a user sees ([`Plan::rows`]), the candidates the engine tries
//! ([`Plan::candidates`]) and, while denials come and go, the best that is left ([`Replanner`]). [`rejections`] and
//! [`nearest`] explain what is not in it. [`plan_graph`] places several tasks at once, weighing the cost or time of
//! moving data between them; its solvers are in [`graph`].

mod defaults;
mod egress;
mod expect;
mod explain;
mod filter;
mod forced;
pub mod graph;
mod options;
mod plan;
mod rank;
mod reject;
mod replan;
mod rows;
mod several;
mod tasks;
#[cfg(test)]
mod tests;
mod thrifty;

pub use egress::{Egress, EgressTariff};
pub use expect::{Availability, expected_cost};
pub use explain::{Explanation, Later, Standing, explain, standing, unmet};
pub use forced::forced;
pub use options::{Options, PriceOverlay};
pub use plan::{Plan, plan};
pub use rank::Ranked;
pub use reject::{Drop, Nearest, Rejection, Relaxation, nearest, offered_in, rejections, rejections_among, why_not};
pub use replan::Replanner;
pub use rows::Row;
pub use several::{Graph, Outside};
pub use tasks::{
    Edge, GraphError, GraphOptions, GraphPlan, Input, Objective, TaskNode, Transfer, input_cost, plan_graph,
    transfer_cost,
};
