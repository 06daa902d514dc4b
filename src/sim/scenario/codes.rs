//! The numbers of what can be wrong with a scenario, each with its explanation.
//!
//! **Invariant:** a number keeps its meaning for ever; one that is no longer used is not given away again.

use crate::yaml::Problem;

/// Not YAML, or a key given twice.
pub const SYNTAX: &str = "S001";
/// A key that nobody reads.
pub const UNKNOWN_KEY: &str = "S002";
/// A key that must be there.
pub const MISSING_KEY: &str = "S003";
/// A value of the wrong kind or out of range.
pub const WRONG_VALUE: &str = "S004";
/// A name that no catalog, table or list has.
pub const UNKNOWN_NAME: &str = "S005";
/// Numbers that make no law or process.
pub const NO_LAW: &str = "S006";
/// A `$name` that no parameter has.
pub const UNKNOWN_PARAMETER: &str = "S007";
/// A demand that the task language refuses.
pub const BAD_DEMAND: &str = "S008";
/// A version of the format that this program does not read.
pub const WRONG_SCHEMA: &str = "S009";
/// An overlay that the catalog cannot follow.
pub const BAD_OVERLAY: &str = "S010";
/// A file beside the scenario that cannot be read, or that imports itself.
pub const BAD_FILE: &str = "S011";
/// A file that is not a trace.
pub const BAD_TRACE: &str = "S012";

/// Every code with what it means and what to do.
pub const ALL: &[(&str, &str)] = &[
    (SYNTAX, "The file is not YAML, or a key is given twice in one mapping. The place named is where reading stopped."),
    (
        UNKNOWN_KEY,
        "No part of a scenario has this key. Keys are listed in scenarios/README.md; near ones are suggested.",
    ),
    (MISSING_KEY, "A key that has no default is not there: a scenario needs schema, title, why and a demand."),
    (
        WRONG_VALUE,
        "The value is of another kind than the key wants, or out of its range. Durations carry units (30s, 5m, 2h).",
    ),
    (
        UNKNOWN_NAME,
        "The name is neither a cloud, region, zone, instance type or accelerator of the catalog, nor a policy, probe, metric \
         or error body, whichever the key asks for.",
    ),
    (NO_LAW, "The parameters make no law with a positive, finite mean, or no process that ever changes."),
    (
        UNKNOWN_PARAMETER,
        "$name stands for a parameter of this scenario or of the command line; there is none of that name.",
    ),
    (
        BAD_DEMAND,
        "What the demand asks for is not a task that could be launched. The message is that of the task language.",
    ),
    (
        WRONG_SCHEMA,
        "The file names a version of the format that this program does not read. This program reads schema 1.",
    ),
    (
        BAD_OVERLAY,
        "The overlay adds a type in a zone for which no row of the catalog gives the price, or takes away what is not there.",
    ),
    (
        BAD_FILE,
        "A file that the scenario imports or plays cannot be read, or imports the file that imports it. Paths are relative to \
         the file that names them.",
    ),
    (
        BAD_TRACE,
        "The file is not a trace: JSON with metadata.gap_seconds and a list data, or CSV with columns seconds and nodes.",
    ),
];

/// What a code means.
pub fn explain(code: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(code)).map(|(_, text)| *text)
}

/// Gives the problems of the typed reader, which knows no codes, the code of their kind.
pub(super) fn numbered(problems: Vec<Problem>) -> Vec<Problem> {
    let number = |problem: Problem| {
        if problem.code.is_some() {
            return problem;
        }
        let code = if problem.message.starts_with("unknown key") {
            UNKNOWN_KEY
        } else if problem.message.contains("needs a value for") {
            MISSING_KEY
        } else {
            WRONG_VALUE
        };
        problem.code(code)
    };
    problems.into_iter().map(number).collect()
}
