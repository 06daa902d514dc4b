//! The optimizer: ranking one request over the whole embedded catalog, and planning graphs of tasks.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sky::catalog::Catalog;
use sky::model::{AcceleratorCount, Requirement, Scope, Span};
use sky::optimizer::graph::{self, Choice, Effort, Link, Problem};
use sky::optimizer::{
    Edge, Egress, EgressTariff, GraphOptions, Objective, Options, Replanner, TaskNode, plan, plan_graph, rejections,
};

mod setup;

fn devices(catalog: &Catalog, name: &str, count: u32) -> Requirement {
    let accelerator = catalog.find_accelerator(name).expect("the embedded catalog has it");
    let accelerators = vec![AcceleratorCount { accelerator, count_milli: count * 1000 }];
    Requirement { accelerators, ..Requirement::default() }
}

const TEN: [(&str, u32); 10] = [
    ("T4", 1),
    ("V100", 1),
    ("A100", 1),
    ("L4", 1),
    ("A10G", 1),
    ("H100", 8),
    ("A10", 1),
    ("A100-80GB", 8),
    ("P100", 1),
    ("H200", 8),
];

fn single(criterion: &mut Criterion) {
    let catalog = Catalog::embedded();
    let options = Options::default();
    let ten: Vec<Requirement> = TEN.iter().map(|(name, count)| devices(catalog, name, *count)).collect();
    let mut group = criterion.benchmark_group("plan");
    for (name, wanted, nodes) in [
        ("V100:1", &[devices(catalog, "V100", 1)][..], 1),
        ("A100:8 x16 nodes", &[devices(catalog, "A100", 8)], 16),
        ("default CPU", &[Requirement::default()], 1),
        ("any_of 10 GPUs", &ten, 1),
    ] {
        group.bench_function(name, |b| b.iter(|| plan(catalog, black_box(wanted), nodes, &options)));
    }
    let v100 = plan(catalog, &ten[1..2], 1, &options);
    group.bench_function("V100:1, candidates in full", |b| b.iter(|| black_box(&v100).candidates()));
    group.bench_function("V100:1, reasons for the rest", |b| b.iter(|| rejections(catalog, &ten[1..2], &options)));
    group.finish();
    for (name, wanted) in [("V100:1", &ten[1..2]), ("default CPU", &[Requirement::default()]), ("any_of 10 GPUs", &ten)]
    {
        println!("{name}: {} candidates", plan(catalog, wanted, 1, &options).len());
    }
}

fn again(criterion: &mut Criterion) {
    let catalog = Catalog::embedded();
    let mut group = criterion.benchmark_group("replan");
    for (name, wanted) in [("V100:1", devices(catalog, "V100", 1)), ("default CPU", Requirement::default())] {
        let plan = plan(catalog, &[wanted], 1, &Options::default());
        let best = plan.best().expect("offered").offering;
        let stockout = Scope {
            cloud: Some(best.cloud),
            region: Some(best.region),
            instance_type: Some(best.instance_type),
            ..Scope::default()
        };
        let quota = Scope { family: Some(best.family), instance_type: None, ..stockout };
        let credentials = Scope { cloud: Some(best.cloud), ..Scope::default() };
        group.bench_function(BenchmarkId::new("new", name), |b| b.iter(|| Replanner::new(black_box(&plan))));
        for (cause, scope) in [("stockout", stockout), ("quota", quota), ("credentials", credentials)] {
            let mut replanner = Replanner::new(&plan);
            // A denial comes and goes: two changes, each with a new best candidate.
            group.bench_function(BenchmarkId::new(format!("{name}, {cause} comes and goes"), plan.len()), |b| {
                b.iter(|| {
                    replanner.block(black_box(&scope));
                    let second = replanner.next();
                    replanner.release(black_box(&scope));
                    (second, replanner.next())
                });
            });
        }
    }
    group.finish();
}

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// From which tasks each task reads: a chain, any earlier ones, or two of the layer before.
fn edges(shape: &str, tasks: u32, numbers: &mut Numbers) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for task in 1..tasks {
        match shape {
            "chain" => pairs.push((task - 1, task)),
            "dag" => {
                for _ in 0..2 {
                    pairs.push((numbers.below(task.into()) as u32, task));
                }
            }
            _ => {
                let layer = task / 10 * 10;
                for _ in 0..(if layer > 0 { 2 } else { 0 }) {
                    pairs.push((layer - 10 + numbers.below(10) as u32, task));
                }
            }
        }
    }
    pairs
}

/// Costs up to 20 dollars in every region, volumes up to 300 GB: nothing stands out, so that all has to be weighed.
fn weighed<'a>(egress: &'a Egress, shape: &str, tasks: u32) -> Problem<'a> {
    let mut numbers = Numbers(tasks.into());
    let links = edges(shape, tasks, &mut numbers).into_iter().map(|(from, to)| {
        let volume = 1000 + numbers.below(300_000) as i64;
        Link { from, to, table: 0, volume }
    });
    let links = links.collect();
    let regions = egress.price().classes() as u16;
    let choice = |class: u16, numbers: &mut Numbers| Choice { class, value: numbers.below(20_000_000_000) as i64 };
    let tasks = (0..tasks).map(|_| (0..regions).map(|class| choice(class, &mut numbers)).collect()).collect();
    Problem { tasks, links, tables: vec![egress.price()] }
}

const GRAPHS: [(&str, u32); 7] =
    [("chain", 20), ("chain", 200), ("dag", 10), ("dag", 20), ("dag", 50), ("layers", 100), ("layers", 200)];

fn solvers(criterion: &mut Criterion) {
    let egress = Egress::new(Catalog::embedded(), EgressTariff::Regions);
    let mut group = criterion.benchmark_group("graph, random costs in all regions");
    for (shape, tasks) in GRAPHS {
        let problem = weighed(&egress, shape, tasks);
        println!("{shape} of {tasks}: {:?}", graph::cheapest(&problem, Effort::default()).expect("sound").proof);
        group.bench_function(BenchmarkId::new(shape, tasks), |b| {
            b.iter(|| graph::cheapest(black_box(&problem), Effort::default()));
        });
    }
    group.finish();
}

fn graphs(criterion: &mut Criterion) {
    let catalog = Catalog::embedded();
    let egress = Egress::new(catalog, EgressTariff::Regions);
    let mut group = criterion.benchmark_group("plan_graph");
    group.bench_function("egress tables", |b| b.iter(|| Egress::new(catalog, EgressTariff::Regions)));
    for (shape, tasks) in GRAPHS {
        let mut numbers = Numbers(7);
        let pairs = edges(shape, tasks, &mut numbers);
        let edge = |(from, to)| Edge { from, to, gigabytes: 1.0 + numbers.below(300) as f64 };
        let pairs: Vec<Edge> = pairs.into_iter().map(edge).collect();
        let wanted = |kind: u64, hours: u64| {
            let wanted =
                TEN.get(kind as usize).map_or_else(Requirement::default, |(name, n)| devices(catalog, name, *n));
            Requirement { runtime: Span(Span::HOUR.0 * hours), ..wanted }
        };
        let mut node = |_| {
            let wanted = vec![wanted(numbers.below(14), 1 + numbers.below(24))];
            TaskNode { wanted, nodes: 1, ..TaskNode::default() }
        };
        let nodes: Vec<TaskNode> = (0..tasks).map(&mut node).collect();
        for objective in [Objective::Cost, Objective::Time] {
            let options = GraphOptions { objective, ..GraphOptions::default() };
            let found = plan_graph(catalog, &nodes, &pairs, &egress, &options).expect("offered");
            println!("{shape} of {tasks}, {objective:?}: {:?}, {} $", found.proof, found.cost);
            group.bench_function(BenchmarkId::new(format!("{shape}, {objective:?}"), tasks), |b| {
                b.iter(|| plan_graph(catalog, black_box(&nodes), &pairs, &egress, &options));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = setup::criterion();
    targets = single, again, solvers, graphs
}
criterion_main!(benches);
