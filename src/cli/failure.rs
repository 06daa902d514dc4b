//! Why a command could not do what it was asked, for people and for programs.

use std::io;

use serde_json::{Value, json};

use crate::catalog::CatalogError;
use crate::yaml::Problem;

use super::Exit;

/// The end of a command that is not an outcome of what it did.
#[derive(Debug)]
pub enum Failure {
    /// The reader of the output went away, as `| head` does. Nothing to complain of.
    Closed,
    /// A command line that clap refuses, or `--help`.
    Usage(clap::Error),
    /// Files or flags with errors that have a place.
    Problems(Vec<Problem>),
    /// A price table that cannot be used.
    Catalog(CatalogError),
    /// Anything else: what, and the remedy.
    Plain {
        /// The exit code.
        exit: Exit,
        /// What is wrong, as a lower-case fragment.
        message: String,
        /// What to do about it.
        hint: String,
    },
}

impl Failure {
    /// A failure of the user's input that has no place in a file.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Plain { exit: Exit::Usage, message: message.into(), hint: hint.into() }
    }

    /// How the program ends for it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Closed => Exit::Done,
            // Help and version are no errors.
            Self::Usage(error) if !error.use_stderr() => Exit::Done,
            Self::Usage(_) | Self::Problems(_) | Self::Catalog(_) => Exit::Usage,
            Self::Plain { exit, .. } => *exit,
        }
    }

    /// In words, one error after the other.
    pub fn text(&self) -> String {
        match self {
            Self::Closed => String::new(),
            Self::Usage(error) => error.to_string(),
            Self::Problems(problems) => {
                let each: Vec<String> = problems.iter().map(|problem| format!("error: {problem}")).collect();
                each.join("\n")
            }
            Self::Catalog(error) => format!("error: {error}").replace("\n  hint: ", "\n  = "),
            Self::Plain { message, hint, .. } if hint.is_empty() => format!("error: {message}"),
            Self::Plain { message, hint, .. } => format!("error: {message}\n  = {hint}"),
        }
    }

    /// For programs: `{"error": {"exit_code": 2, "problems": [{"file": .., "line": .., "message": .., "hint": ..}]}}`.
    pub fn json(&self) -> Value {
        let problems: Vec<Value> = match self {
            Self::Closed => Vec::new(),
            Self::Usage(error) => vec![json!({ "message": error.to_string().trim() })],
            Self::Problems(problems) => problems.iter().map(problem_json).collect(),
            Self::Catalog(error) => vec![json!({
                "file": error.file, "line": error.line, "column_name": error.column,
                "message": error.problem, "hint": error.hint,
            })],
            Self::Plain { message, hint, .. } => vec![json!({ "message": message, "hint": hint })],
        };
        json!({ "error": { "exit_code": self.exit().code(), "problems": problems } })
    }
}

fn problem_json(problem: &Problem) -> Value {
    let known = |number: u32| (number > 0).then_some(number);
    json!({
        "code": problem.code,
        "file": problem.file,
        "line": known(problem.line),
        "column": known(problem.column),
        "message": problem.message,
        "hint": problem.hint,
    })
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        Self::Plain {
            exit: Exit::Internal,
            message: format!("the output could not be written: {error}"),
            hint: String::new(),
        }
    }
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Problems(problems)
    }
}
