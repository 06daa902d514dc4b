//! A stochastic world in virtual time: clouds, their pools, limits and interfaces, drawn from streams of luck.
//!
//! **Invariant:** no wall clock; stock is a process in *time*, so asking never changes the market; the same seed
//! gives the same bytes whatever is asked, in whatever order, on however many threads.

pub mod agenda;
mod billing;
pub mod check;
mod digest;
mod law;
mod luck;
pub mod market;
pub mod oracle;
mod probe;
pub mod scenario;
mod special;
#[cfg(test)]
mod tests;
pub mod trace;
pub mod trial;
mod voice;
mod watch;
mod world;

pub use billing::{Holding, Ledger};
pub use digest::{Digest, Ends, Histogram, JobsDigest, PREMIUM_PARTS};
pub use law::{Law, LawError};
pub use luck::{Entity, Luck, Purpose, Stream};
pub use probe::{Probe, Probes};
pub use world::{Asked, JobEnd, OpenWorld, SimWorld, Spoken, Taken};
