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

/// An error explained.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// The number.
    pub code: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// Why it is an error, and what to do.
    pub why: &'static str,
    /// Lines that are wrong in this way.
    pub wrong: &'static str,
    /// The same lines as they would be right.
    pub right: &'static str,
}

const fn code(code: &'static str, what: &'static str, why: &'static str, [wrong, right]: [&'static str; 2]) -> Code {
    Code { code, what, why, wrong, right }
}

/// Every code with what it means and what to do.
pub const ALL: &[Code] = &[
    code(
        SYNTAX,
        "The file is not YAML, or a key is given twice in one mapping.",
        "A bracket that is not closed is shown where it was opened. Otherwise the place named is where reading stopped: the \
         mistake is there or just before. Of a key that is given twice both places are named, since nobody can tell which one \
         was meant.",
        ["clouds:\n  gcp: never\n  gcp: always", "clouds:\n  gcp: never\n  aws: always"],
    ),
    code(
        UNKNOWN_KEY,
        "No part of a scenario has this key.",
        "A misspelt key would be silently without effect. Near ones are suggested; `sky-sim schema` has them all, and \
         with it an editor completes them.",
        ["trails: 1000", "trials: 1000"],
    ),
    code(
        MISSING_KEY,
        "A key that has no default is not there.",
        "A scenario needs schema, title, why and a demand; some settings need values without which they mean nothing.",
        ["clouds:\n  gcp: {quota: {usage: 2}}", "clouds:\n  gcp: {quota: {limit: 8, usage: 2}}"],
    ),
    code(
        WRONG_VALUE,
        "The value is of another kind than the key wants, or out of its range.",
        "The message says what is wanted. Durations carry units (30s, 5m, 2h, 3d), shares lie between 0 and 1.",
        ["horizon: 5 parsecs", "horizon: 5d"],
    ),
    code(
        UNKNOWN_NAME,
        "The name is not one that could stand here.",
        "It is neither a cloud, region, zone, instance type or accelerator of the catalog, nor a policy, probe, metric or \
         error body, whichever the key asks for. `sky gpus list` tells what the catalog has.",
        ["clouds:\n  gcp/us-centrl1: never", "clouds:\n  gcp/us-central1: never"],
    ),
    code(
        NO_LAW,
        "The numbers make no law or process.",
        "A law of durations needs a positive, finite mean, or a steady state would not exist; a process must change at some \
         time.",
        [
            "clouds:\n  gcp: {pool: {semi_markov: {up: {pareto: {least: 1m, shape: 0.5}}, down: 1h}}}",
            "clouds:\n  gcp: {pool: {semi_markov: {up: {pareto: {least: 1m, shape: 1.5}}, down: 1h}}}",
        ],
    ),
    code(
        UNKNOWN_PARAMETER,
        "No parameter has this name.",
        "$name stands for a value under `parameters`, --set and `matrix` give such a value another one; none of them makes a \
         parameter. Text that starts with a dollar and is no parameter is written in quotes.",
        ["trials: $n", "parameters: {n: 100}\ntrials: $n"],
    ),
    code(
        BAD_DEMAND,
        "What the demand asks for is not a task that could be launched.",
        "A demand is read by the same rules as a task file, and the message is theirs.",
        ["demand: {gpus: V10O}", "demand: {gpus: V100}"],
    ),
    code(
        WRONG_SCHEMA,
        "The file names a version of the format that this program does not read.",
        "This program reads schema 1. A file of a later version may say things that it would not understand.",
        ["schema: 2\ntitle: t\nwhy: w", "schema: 1\ntitle: t\nwhy: w"],
    ),
    code(
        BAD_OVERLAY,
        "The catalog cannot follow the overlay.",
        "It takes away what is not there (rows of the catalog have no terms: an offering goes on demand and as spot), or adds a \
         type to a zone for which no row gives the price; `like` names a region that has one.",
        ["catalog: {without: [p3.2xlarge/spot]}", "catalog: {without: [p3.2xlarge]}"],
    ),
    code(
        BAD_FILE,
        "A file that the scenario names cannot be read, or imports itself.",
        "Paths are relative to the folder of the file that names them. Files may import files, but none that imports them.",
        ["import: [markt.yaml]", "import: [market.yaml]"],
    ),
    code(
        BAD_TRACE,
        "The file is not a trace.",
        "A trace is JSON with metadata.gap_seconds and a list `data`, or CSV with a header and the columns seconds, ascending, \
         and nodes (or the one that `column` names).",
        [
            "clouds:\n  gcp: {pool: {trace: {file: notes.txt}}}",
            "clouds:\n  gcp: {pool: {trace: {file: probes.csv, column: nodes}}}",
        ],
    ),
];

/// What a code means.
pub fn explain(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|known| known.code.eq_ignore_ascii_case(code.trim()))
}

/// Without what only follows from a parameter that there is none of, which stands at the same place. Where imports are
/// missing, so may be its value: nothing is known of the parameter then.
pub(super) fn told_once(problems: Vec<Problem>, is_whole: bool) -> Vec<Problem> {
    let place = |problem: &Problem| (problem.file.clone(), problem.line, problem.column);
    let is_unknown = |problem: &Problem| problem.code == Some(UNKNOWN_PARAMETER);
    let unknown: Vec<_> = problems.iter().filter(|problem| is_unknown(problem)).map(place).collect();
    let stays = |problem: &Problem| if is_unknown(problem) { is_whole } else { !unknown.contains(&place(problem)) };
    problems.into_iter().filter(stays).collect()
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

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;
    use crate::sim::scenario::Scenario;
    use crate::yaml::{Problem, Source};

    const HEAD: &str = "schema: 1\ntitle: t\nwhy: w\n";

    fn load(text: &str) -> Result<Scenario, Vec<Problem>> {
        Scenario::load(&Source { name: "s.yaml", text }, Catalog::embedded(), &[])
    }

    fn problems(text: &str) -> String {
        let problems = load(text).map(|scenario| scenario.title).unwrap_err();
        let told = |p: &Problem| format!("{}:{} {} {}", p.line, p.column, p.code.unwrap_or("-"), p.message);
        problems.iter().map(told).collect::<Vec<_>>().join("\n")
    }

    /// Whatever cannot be read, the rest is.
    #[test]
    fn no_error_hides_another() {
        let text = "title: t\ntrails: 5\nimport: nowhere.yaml\n\
                    shocks:\n  - {on: nowhere, every: 0s, lasts: $gone}\n\
                    clouds:\n  gcp/A1OO: {pool: {markov: {up: 1h, down: 5 parsecs}}, spot: {life: stok}}\n  aws: {quota: {limt: 3}}\n\
                    demands:\n  - {gpus: V1OO, count: 2, arrivals: {every: 1h}}\n  - {gpus: $what}\n";
        let found = problems(text);
        let expected = [
            "1:1 S003 a scenario needs a value for schema",
            "1:1 S003 a scenario needs a value for why",
            "2:1 S002 unknown key 'trails' in a scenario",
            "3:9 S011 'nowhere.yaml' cannot be read",
            "5:10 S005 'nowhere' names nothing",
            "5:26 S006 every of a shock must be longer than nothing",
            "7:3 S005 'A1OO' names nothing",
            "7:44 S004 down: '5 parsecs' is not a duration",
            "7:70 S004 'stok' is neither a life nor a law of one",
            "8:17 S002 unknown key 'limt' in quota",
            "10:12 S008 unknown accelerator 'V1OO'",
            "10:25 S004 either count or arrivals",
        ];
        for line in expected {
            assert!(found.contains(line), "missing: {line}\n{found}");
        }
        // The missing file may have had the parameters, and who misspelt `limit` did not forget it.
        assert_eq!(found.lines().count(), expected.len(), "{found}");
    }

    #[test]
    fn what_is_wrong_with_many_demands_of_one_line_is_one_error() {
        let text = format!("{HEAD}demands: [{{gpus: V100}}, {{gpus: V1OO, count: 300}}]\n");
        assert_eq!(problems(&text), "4:32 S008 unknown accelerator 'V1OO'");
    }

    #[test]
    fn a_parameter_that_there_is_none_of_is_one_error() {
        let text =
            format!("{HEAD}trials: $n\nclouds: {{aws: {{pool: $p}}}}\ndemand: {{gpus: $g, hold: $h}}\nhorizon: $d\n");
        let found = problems(&text);
        assert_eq!(found.lines().count(), 5, "{found}");
        assert!(found.lines().all(|line| line.contains("S007 no parameter is called")), "{found}");
    }

    #[test]
    fn a_name_that_looks_right_is_suggested() {
        for (demand, meant) in [("A1OO", "A100"), ("v1oO", "V100"), ("HlOO:8", "H100")] {
            let problems =
                load(&format!("{HEAD}demand: {{gpus: '{demand}'}}\nclouds: {{'*/{demand}': never}}\n")).unwrap_err();
            assert_eq!(problems.len(), 2, "{problems:?}");
            for problem in problems {
                let hint = problem.hint.clone().unwrap_or_default();
                assert!(hint.starts_with(&format!("did you mean '{meant}'")), "{problem}");
            }
        }
    }
}
