//! What a user owns: clusters, in one SQLite file, and everything that happens to them.
//!
//! **Invariant:** intent is written down before a call is made, so that after a crash at any point what runs can be
//! found and settled; a cluster that was ever up is never moved or deleted by failover.

mod config;
mod context;
mod endpoints;
mod error;
pub mod gc;
mod idle;
mod keys;
pub mod launch;
pub mod life;
pub mod machine;
pub mod names;
pub mod refresh;
mod settle;
pub mod store;
#[cfg(test)]
mod tests;

pub use config::{Config, Ssh};
pub use context::Context;
pub use endpoints::{identity, machines};
pub use error::{Class, ClusterError};
pub use idle::settle_idle;
pub use keys::{KeyPair, key_pair};
pub use launch::{Wish, launch};
pub use store::{Autostop, Cluster, Held, Status, Store, StoreError};
