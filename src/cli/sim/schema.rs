//! `sky-sim schema`: JSON Schemas of what is read and of what is printed.

use clap::ValueEnum;
use schemars::schema_for;
use serde_json::Value;

use crate::cli::{Console, Exit, Failure};
use crate::report::compare::CompareRecord;
use crate::report::launch::LaunchRecord;
use crate::report::plan::PlanRecord;
use crate::report::record::Event;
use crate::report::study::StudyRecord;
use crate::report::sweep::SweptRecord;
use crate::request::task_schema;
use crate::sim::scenario::scenario_schema;

/// What a schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Kind {
    /// Scenario files.
    #[default]
    Scenario,
    /// Task files.
    Task,
    /// `sky-sim run -o json`.
    Run,
    /// `sky-sim compare -o json`.
    Compare,
    /// `sky-sim sweep -o json`.
    Sweep,
    /// `sky plan -o json`.
    Plan,
    /// `sky launch -o json`.
    Launch,
    /// A line of `sky launch -o ndjson` and of `journal.ndjson`.
    Event,
}

pub(super) fn run(kind: Kind, console: &mut Console) -> Result<Exit, Failure> {
    let schema: Value = match kind {
        Kind::Scenario => scenario_schema(),
        Kind::Task => task_schema(),
        Kind::Run => schema_for!(StudyRecord).to_value(),
        Kind::Compare => schema_for!(CompareRecord).to_value(),
        Kind::Sweep => schema_for!(SweptRecord).to_value(),
        Kind::Plan => schema_for!(PlanRecord).to_value(),
        Kind::Launch => schema_for!(LaunchRecord).to_value(),
        Kind::Event => schema_for!(Event).to_value(),
    };
    console.json(&schema)?;
    Ok(Exit::Done)
}
