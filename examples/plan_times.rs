//! How long planning takes in a process that is up: what `reports/parity` holds against SkyPilot's optimizer.
//!
//! **Invariant:** reading task files is not counted; looking names up, ranking and placing is.
//!
//! Reads a JSON list of `{"id", "text"}` (the text of a task file) from the standard input and writes one line of JSON
//! for each: nanoseconds, and for several tasks the totals with egress as SkyPilot charges it and by region.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sky::catalog::Catalog;
use sky::model::{CloudId, Place};
use sky::optimizer::{Edge, Egress, EgressTariff, GraphOptions, Input, Options, TaskNode, plan, plan_graph};
use sky::request::{Flags, Request, Source, Task, parse_tasks, resolve};

/// How long each request is repeated, at least.
const ENOUGH: Duration = Duration::from_millis(30);
/// Of so many repetitions the least counts, at least.
const ROUNDS: u32 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::embedded();
    let clouds: Vec<CloudId> = catalog.clouds().collect();
    let tariffs = [EgressTariff::SkyPilot, EgressTariff::Regions].map(|tariff| Egress::new(catalog, tariff));
    let asked: Vec<Value> = serde_json::from_reader(io::stdin())?;
    let mut out = io::stdout().lock();
    for ask in &asked {
        let text = ask["text"].as_str().unwrap_or_default();
        let Ok(tasks) = parse_tasks(&Source { name: "task", text }, &Flags::default()) else { continue };
        let Some(requests) = looked_up(&tasks, catalog, &clouds) else { continue };
        let answer = if requests.len() == 1 {
            json!({ "id": ask["id"], "ns": single(&tasks[0], catalog, &clouds) })
        } else {
            let totals = tariffs.each_ref().map(|egress| total(&requests, catalog, egress));
            let ns = least(|| {
                let requests = looked_up(black_box(&tasks), catalog, &clouds);
                requests.and_then(|requests| total(&requests, catalog, &tariffs[0]))
            });
            json!({ "id": ask["id"], "ns": ns, "skypilot_tariff": totals[0], "by_region": totals[1] })
        };
        writeln!(out, "{answer}")?;
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

/// Dollars for all tasks and transfers.
fn total(requests: &[Request], catalog: &Catalog, egress: &Egress) -> Option<f64> {
    let mut nodes = Vec::new();
    let mut edges = Vec::new();
    for (to, request) in (0..).zip(requests) {
        let inputs = request.work.inputs.as_ref().filter(|_| request.depends_on.is_empty());
        let from = |location: &str| match location.split(':').next() {
            Some("s3") => catalog.find_cloud("aws"),
            Some("gs") => catalog.find_cloud("gcp"),
            _ => None,
        };
        let inputs = inputs.map(|data| Input {
            from: Place { cloud: from(&data.location), ..Place::default() },
            gigabytes: data.gigabytes,
        });
        let inputs = inputs.into_iter().collect();
        nodes.push(TaskNode { wanted: request.requirements.clone(), nodes: request.nodes, inputs });
        for &before in &request.depends_on {
            let gigabytes = requests[before].work.outputs.as_ref().map_or(0.0, |data| data.gigabytes);
            edges.push(Edge { from: before as u32, to, gigabytes });
        }
    }
    plan_graph(catalog, &nodes, &edges, egress, &GraphOptions::default()).ok().map(|plan| plan.cost.as_dollars())
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
