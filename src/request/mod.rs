//! The request language: task files and flags in, requirements with every name resolved out.
//!
//! **Invariant:** no IO and no clock; no text makes it panic; a secret is in no error, warning or `Debug` output.
//!
//! Two steps. [`parse_tasks`] reads text into [`Task`]s and knows no catalog. [`resolve()`] looks every name up in a
//! catalog and gives a [`Request`]. Both collect all errors, and each error points at its place in the file or at
//! the flag it came from. A task file for SkyPilot is read unchanged: keys that change nothing here are accepted
//! with one warning each, keys that nobody knows are errors.
//!
//! Where it differs from SkyPilot on purpose: environment values are the text as written (`true` stays `true`), a name
//! of an accelerator is completed only if one model fits and with a warning, members of a set inside `ordered` share
//! a rank, equal alternatives are tried once, and an alternative on a cloud that is not there is left out with a
//! warning.

mod accelerator;
mod alternatives;
mod amount;
mod block;
mod chain;
mod embed;
mod failover;
mod flags;
mod known;
mod located;
mod machine;
mod named;
mod overlay;
mod pattern;
mod resolve;
mod schema;
mod secret;
mod task;
mod work;

pub use accelerator::{Devices, NotAccelerator, Wanted};
pub use alternatives::Alternative;
pub use embed::{demand_keys, is_failover_key, is_resource_key, task_of};
pub use failover::{Failover, Preferred};
pub use flags::Flags;
pub use located::{At, Located, Sheet};
pub use machine::{Autostop, Image, Machine};
pub use named::{Named, NotNamed};
pub use overlay::overlaid;
pub use pattern::Pattern;
pub use resolve::{Request, resolve};
pub use schema::task_schema;
pub use secret::Secret;
pub use task::{Task, from_flags, parse_tasks};
pub use work::{DataSize, Work};

/// An error in a task file or a flag, with its place and a remedy.
pub use crate::yaml::Problem as RequestError;
/// A task file: its name for messages, and its text.
pub use crate::yaml::Source;

#[cfg(test)]
mod tests;
