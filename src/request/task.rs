//! A task as written: everything a file and flags say, before any name is looked up.

use crate::model::Span;
use crate::yaml::{self, Document, Fields, Node, Problem, Reader, Source, Spot};

use super::alternatives::{self, Alternative};
use super::chain;
use super::failover::{self, Failover};
use super::flags::{Flags, Overlay};
use super::known;
use super::located::Sheet;
use super::work::Work;

/// One task of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Task {
    /// Its name.
    pub name: Option<String>,
    /// The name of the chain that it is part of.
    pub chain: Option<String>,
    /// How many nodes.
    pub num_nodes: u16,
    /// The ways to meet it. Never empty.
    pub alternatives: Vec<Alternative>,
    /// The alternatives are in order of preference.
    pub ordered: bool,
    /// How to fail over.
    pub failover: Failover,
    /// How long it takes where its alternatives say nothing.
    pub runtime: Option<Span>,
    /// Positions in the file of the tasks that it waits for.
    pub depends_on: Vec<usize>,
    /// What it does.
    pub work: Work,
    /// What was accepted but changes nothing, once a key.
    pub warnings: Vec<Problem>,
    /// The file, for errors that are found later.
    pub sheet: Sheet,
}

/// A task with the names that it depends on, not looked up yet.
pub(super) struct Draft {
    pub(super) task: Task,
    pub(super) depends_on: Vec<(String, Spot)>,
    pub(super) name_spot: Spot,
    pub(super) has_depends_on: bool,
}

/// Reads every task of a file with the flags laid over each; an empty text is one task of flags alone.
///
/// # Errors
/// Everything that is wrong in the file and the flags, in the order of the file.
pub fn parse_tasks(source: &Source, flags: &Flags) -> Result<Vec<Task>, Vec<Problem>> {
    let overlay = Overlay::new(flags);
    let documents = match yaml::parse(source) {
        Ok(documents) => documents,
        Err(mut problems) => {
            problems.extend(overlay.problems);
            return Err(problems);
        }
    };
    let mut documents: Vec<&Document> = documents.iter().filter(|document| !document.root.is_null()).collect();
    let reader = Reader::new(*source);
    for document in &documents {
        hide_secrets(&reader, document);
    }
    let chain = chain::take_name(&reader, &mut documents);
    let mut drafts: Vec<Draft> = documents
        .iter()
        .filter_map(|document| reader.fields(&document.root, "a task"))
        .map(|fields| draft(&fields, flags, &overlay))
        .collect();
    if documents.is_empty() {
        let root = Node { value: yaml::Value::Map(yaml::Map::default()), spot: Spot::default() };
        drafts.extend(reader.fields(&root, "a task").map(|fields| draft(&fields, flags, &overlay)));
    }
    let sheet = Sheet { name: source.name.to_owned(), text: reader.redacted() };
    let mut tasks = chain::link(&reader, &drafts);
    let (mut problems, warnings) = reader.finish();
    problems.extend(overlay.problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    // `--name` calls several tasks by the name of the whole.
    let several = tasks.len() > 1;
    let chain = if several { flags.name.clone().or(chain) } else { None };
    for task in &mut tasks {
        task.sheet = sheet.clone();
        task.chain.clone_from(&chain);
        if !several && flags.name.is_some() {
            task.name.clone_from(&flags.name);
        }
    }
    if let Some(first) = tasks.first_mut() {
        first.warnings = once(warnings);
    }
    Ok(tasks)
}

/// A task of flags alone.
///
/// # Errors
/// Everything that is wrong in the flags.
pub fn from_flags(flags: &Flags) -> Result<Task, Vec<Problem>> {
    let tasks = parse_tasks(&Source { name: "", text: "" }, flags)?;
    Ok(tasks.into_iter().next().unwrap_or_default())
}

fn hide_secrets(reader: &Reader, document: &Document) {
    let Some(map) = document.root.as_map() else { return };
    for entry in map.entries.iter().filter(|entry| entry.key.to_ascii_lowercase().starts_with("secret")) {
        reader.hide(&entry.value);
    }
}

pub(super) fn draft(fields: &Fields, flags: &Flags, overlay: &Overlay) -> Draft {
    known::check(fields, &known::TASK, known::misplaced_in_task);
    known::warn_ignored(fields, &known::TASK_IGNORED);
    let reader = fields.reader();
    let resources = fields.get("resources").map(|node| (node, reader));
    let found = alternatives::read(resources, &overlay.block);
    let nodes = fields.integer("num_nodes", 1..=i64::from(u16::MAX)).map(|nodes| nodes as u16);
    let mut work = Work::read(fields, &overlay.envs, &overlay.secrets);
    work.run = flags.run.clone().or(work.run);
    work.workdir = flags.workdir.clone().or(work.workdir);
    let names = super::work::depends_on(fields);
    let task = Task {
        name: fields.string("name").map(str::to_owned),
        num_nodes: flags.num_nodes.or(nodes).unwrap_or(1),
        alternatives: found.list,
        ordered: found.ordered,
        failover: overlay.options.clone().over(failover::of_task(fields)).finish(),
        runtime: fields.parsed("estimated_runtime"),
        work,
        ..Task::default()
    };
    Draft {
        task,
        depends_on: names.iter().map(|(name, node)| ((*name).to_owned(), node.spot)).collect(),
        name_spot: fields.get("name").map(|node| node.spot).unwrap_or_default(),
        has_depends_on: fields.map().entry("depends_on").is_some(),
    }
}

/// One warning a key, however often it stands in the file.
fn once(warnings: Vec<Problem>) -> Vec<Problem> {
    let mut kept: Vec<Problem> = Vec::new();
    for warning in warnings {
        if !kept.iter().any(|other| other.message == warning.message) {
            kept.push(warning);
        }
    }
    kept
}
