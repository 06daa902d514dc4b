//! The simulated market behind the clouds' own wire protocols, on loopback.
//!
//! **Invariant:** no decision of its own: what is in stock, in quota or refused is the market's; this translates.
//!
//! [`Site`] is the market behind any protocol. A frontend (`ec2`, `gce`, `arm`) is `pub fn router(site: Arc<Site>) ->
//! axum::Router`; it knows the wire format, the vendor's ids and what has no meaning for the market (networks, keys,
//! operations), all of which it keeps in its router's state and forgets when [`Site::generation`] has changed. It turns a
//! create call into an [`Ask`], gets a [`Verdict`] at once, and tells it as its vendor would: [`Clock::until`] waits
//! where the vendor lets the caller wait, [`Clock::hasten`] is called by whoever answers a poll of something that is
//! not done yet, [`wire::cut`] and [`wire::hang`] are the answers that do not come.

mod app;
pub mod arm;
pub mod clock;
mod control;
pub mod ec2;
pub mod gce;
pub mod login;
pub mod provider;
pub mod site;
pub mod ssh;
#[cfg(test)]
mod tests;
pub mod wire;

pub use app::{exports, router};
pub use clock::{Clock, Speed};
pub use site::{Ask, Ended, Filter, Instance, InstanceId, Outcome, Refusal, Site, SiteError, State, Verdict, Wire};
