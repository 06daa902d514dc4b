//! Values turned into what people and programs read: tables, log lines, summaries, JSON, CSV, plots.
//!
//! **Invariant:** no decisions and no clock; the same values give the same bytes. Names come from a [`Names`], dates
//! from a [`Clock`] that the caller chose. Nothing here writes to the console.

pub mod calibration;
pub mod cells;
mod clock;
pub mod compare;
pub mod explain;
pub mod failure;
pub mod fold;
pub mod grid;
pub mod inventory;
pub mod jobs;
pub mod launch;
pub mod log;
mod manifest;
mod names;
pub mod page;
pub mod pictures;
pub mod plan;
pub mod plan_graph;
pub mod plan_record;
pub mod plot;
pub mod record;
pub mod result;
pub mod story;
pub mod study;
pub mod sweep;
pub mod table;
pub mod timeline;

pub use clock::Clock;
pub use manifest::{Manifest, command};
pub use names::{Names, TypeFacts, accelerators_text, accelerators_title, resources_title};
