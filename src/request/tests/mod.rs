mod errors;
mod flags;
mod forms;
mod names;
mod robust;
mod schema;
mod several;

use crate::catalog::Catalog;
use crate::model::CloudId;

use super::*;

fn catalog() -> &'static Catalog {
    Catalog::embedded()
}

fn all_clouds() -> Vec<CloudId> {
    catalog().clouds().collect()
}

fn tasks_with(text: &str, flags: &Flags) -> Result<Vec<Task>, String> {
    parse_tasks(&Source { name: "task.yaml", text }, flags).map_err(|problems| joined(&problems))
}

fn task(text: &str) -> Task {
    let mut tasks = tasks_with(text, &Flags::default()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(tasks.len(), 1);
    tasks.remove(0)
}

fn request(text: &str) -> Request {
    resolve(&task(text), catalog(), &all_clouds()).unwrap_or_else(|problems| panic!("{}", joined(&problems)))
}

/// What is wrong with a file, found in either step.
fn wrong(text: &str) -> String {
    wrong_with(text, &Flags::default())
}

fn wrong_with(text: &str, flags: &Flags) -> String {
    match tasks_with(text, flags) {
        Err(problems) => problems,
        Ok(tasks) => match resolve(&tasks[0], catalog(), &all_clouds()) {
            Err(problems) => joined(&problems),
            Ok(request) => panic!("nothing is wrong: {request:?}"),
        },
    }
}

fn joined(problems: &[RequestError]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Rank and label of every alternative.
fn labels(request: &Request) -> String {
    let line = |r: &crate::model::Requirement| format!("{} {}", r.preference, r.label);
    request.requirements.iter().map(line).collect::<Vec<_>>().join("\n")
}
