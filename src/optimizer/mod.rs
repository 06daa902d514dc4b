//! Which offerings meet a request, what they cost, and in which order they are tried.
//!
//! **Invariant:** pure: no state, no clock, no printing; what is left out is a value with its reason.

pub mod graph;
