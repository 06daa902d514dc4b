//! What a user owns: clusters, in one SQLite file, and everything that happens to them.
//!
//! **Invariant:** intent is written down before a call is made, so that after a crash at any point what runs can be
//! found and settled; a cluster that was ever up is never moved or deleted by failover.

pub mod machine;
