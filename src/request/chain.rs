//! Several tasks in one file: a chain in the order of the file, or a graph given by `depends_on`.

use crate::yaml::{Document, Reader, quote};

use super::task::{Draft, Task};
use super::work::near_task;

/// The name of the whole, if the first of several documents holds nothing else.
pub(super) fn take_name(reader: &Reader, documents: &mut Vec<&Document>) -> Option<String> {
    let map = documents.first()?.root.as_map()?;
    let [entry] = map.entries.as_slice() else { return None };
    if documents.len() < 2 || entry.key != "name" {
        return None;
    }
    let name = reader.string(&entry.value, "name")?.to_owned();
    if documents.iter().any(|document| waits_for(document, &name)) {
        return None;
    }
    documents.remove(0);
    Some(name)
}

/// True if a document names a task under `depends_on`, so that the name is not that of the whole.
fn waits_for(document: &Document, name: &str) -> bool {
    let names = document.root.as_map().and_then(|map| map.get("depends_on"));
    names.is_some_and(|names| {
        names.as_str() == Some(name)
            || names.as_list().is_some_and(|list| list.iter().any(|n| n.as_str() == Some(name)))
    })
}

/// Gives every task the positions of those that it waits for. Without any `depends_on` each waits for the one before.
pub(super) fn link(reader: &Reader, drafts: &[Draft]) -> Vec<Task> {
    let is_graph = drafts.iter().any(|draft| draft.has_depends_on);
    let names: Vec<Option<String>> = drafts.iter().map(|draft| draft.task.name.clone()).collect();
    let mut tasks = Vec::with_capacity(drafts.len());
    for (position, draft) in drafts.iter().enumerate() {
        let mut task = draft.task.clone();
        if is_graph {
            check_unique(reader, draft, &names[..position]);
            task.depends_on = positions(reader, draft, position, &names);
        } else {
            task.depends_on = position.checked_sub(1).into_iter().collect();
        }
        tasks.push(task);
    }
    if is_graph && reader.is_clean() {
        check_circles(reader, drafts, &tasks);
    }
    tasks
}

fn check_unique(reader: &Reader, draft: &Draft, before: &[Option<String>]) {
    if draft.task.name.is_some() && before.contains(&draft.task.name) {
        let name = draft.task.name.as_deref().unwrap_or_default();
        reader.error(
            draft.name_spot,
            format!("two tasks are called {}, so depends_on cannot tell them apart", quote(name)),
        );
    }
}

fn positions(reader: &Reader, draft: &Draft, own: usize, names: &[Option<String>]) -> Vec<usize> {
    let mut found = Vec::new();
    for (name, spot) in &draft.depends_on {
        match names.iter().position(|other| other.as_deref() == Some(name)) {
            Some(position) if position == own => reader.error(*spot, "a task cannot wait for itself"),
            Some(position) if found.contains(&position) => {}
            Some(position) => found.push(position),
            None => {
                let hint = near_task(name, names.iter().flatten().map(String::as_str));
                reader.error_hint(*spot, format!("no task is called {}", quote(name)), hint);
            }
        }
    }
    found.sort_unstable();
    found
}

/// Takes away tasks that wait for nothing, again and again; what remains waits for itself.
fn check_circles(reader: &Reader, drafts: &[Draft], tasks: &[Task]) {
    let mut done = vec![false; tasks.len()];
    while let Some(next) = (0..tasks.len()).find(|at| !done[*at] && tasks[*at].depends_on.iter().all(|d| done[*d])) {
        done[next] = true;
    }
    let Some(mut at) = done.iter().position(|done| !done) else { return };
    // Walking back as often as there are tasks ends up inside the circle.
    let back = |at: usize| tasks[at].depends_on.iter().copied().find(|d| !done[*d]).unwrap_or(at);
    for _ in 0..tasks.len() {
        at = back(at);
    }
    let name = |at: usize| tasks[at].name.clone().unwrap_or_else(|| format!("task {}", at + 1));
    let (first, mut circle) = (at, vec![name(at)]);
    loop {
        at = back(at);
        circle.push(name(at));
        if at == first {
            break;
        }
    }
    let spot = drafts[first].depends_on.first().map(|(_, spot)| *spot).unwrap_or_default();
    reader.error(spot, format!("tasks wait for each other in a circle: {}", circle.join(" after ")));
}
