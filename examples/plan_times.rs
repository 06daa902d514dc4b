//! How long planning takes in a process that is up: what `reports/parity` holds against SkyPilot's optimizer.
//!
//! **Invariant:** reading task files is not counted; looking names up, ranking and placing is.
//!
//! Reads a JSON list of `{"id", "text"}` (the text of a task file) from the standard input and writes one line of JSON
//! for each that can be planned: `{"id", "ns"}`. Egress is charged as SkyPilot does.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sky::catalog::Catalog;
use sky::model::CloudId;
use sky::optimizer::{Egress, EgressTariff, Graph, GraphOptions, Options, plan, plan_graph};
use sky::request::{Flags, Request, Source, Task, parse_tasks, resolve};

/// How long each request is repeated, at least.
const ENOUGH: Duration = Duration::from_millis(30);
/// Of so many repetitions the least counts, at least.
const ROUNDS: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::embedded();
    let clouds: Vec<CloudId> = catalog.clouds().collect();
    let egress = Egress::new(catalog, EgressTariff::SkyPilot);
    let asked: Vec<Value> = serde_json::from_reader(io::stdin())?;
    let mut out = io::stdout().lock();
    for ask in &asked {
        let text = ask["text"].as_str().unwrap_or_default();
        let Ok(tasks) = parse_tasks(&Source { name: "task", text }, &Flags::default()) else { continue };
        let nanoseconds = match tasks.as_slice() {
            _ if looked_up(&tasks, catalog, &clouds).is_none() => continue,
            [task] => single(task, catalog, &clouds),
            tasks => several(tasks, catalog, &clouds, &egress),
        };
        writeln!(out, "{}", json!({ "id": ask["id"], "ns": nanoseconds }))?;
    }
    Ok(())
}

fn looked_up(tasks: &[Task], catalog: &Catalog, clouds: &[CloudId]) -> Option<Vec<Request>> {
    tasks.iter().map(|task| resolve(task, catalog, clouds).ok()).collect()
}

fn single(task: &Task, catalog: &Catalog, clouds: &[CloudId]) -> u64 {
    let options = Options::default();
    least(|| {
        let request = resolve(black_box(task), catalog, clouds).ok()?;
        Some(plan(catalog, &request.requirements, request.nodes, &options).len())
    })
}

fn several(tasks: &[Task], catalog: &Catalog, clouds: &[CloudId], egress: &Egress) -> u64 {
    least(|| {
        let requests = looked_up(black_box(tasks), catalog, clouds)?;
        let graph = Graph::of(catalog, &requests);
        plan_graph(catalog, &graph.tasks, &graph.edges, egress, &GraphOptions::default()).ok()
    })
}

/// Nanoseconds of the fastest repetition.
#[expect(clippy::disallowed_methods, reason = "this program measures")]
fn least<T>(mut work: impl FnMut() -> T) -> u64 {
    let started = Instant::now();
    let mut best = Duration::MAX;
    let mut rounds = 0;
    while rounds < ROUNDS || started.elapsed() < ENOUGH {
        let before = Instant::now();
        black_box(work());
        best = best.min(before.elapsed());
        rounds += 1;
    }
    best.as_nanos() as u64
}
