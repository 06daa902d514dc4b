//! Several tasks planned together: where each runs decides what moving data between them costs.
//!
//! **Invariant:** a task alone is planned exactly as [`plan()`] plans it; the total of a plan called optimal is not above
//! that of any other combination of candidates.
//!
//! A task with ordered alternatives takes part with those of the best rank that has a candidate at all, as in SkyPilot.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::model::{Candidate, Money, Place, Preference, Requirement, Scope, Span};

use super::egress::{Egress, MB_PER_GB};
use super::graph::{self, Choice, Effort, Link, Problem, ProblemError, Proof, Solution, Table};
use super::options::Options;
use super::plan::{Plan, plan};
use super::rank;
use super::thrifty::thrifty;

/// One task of a graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskNode {
    /// Its alternatives.
    pub wanted: Vec<Requirement>,
    /// How many nodes.
    pub nodes: u16,
    /// Data that it reads from where it already is.
    pub inputs: Vec<Input>,
    /// Places where its machines may cost a little more: they are weighed as if they were so much cheaper, and paid in
    /// full. Counts when dollars are minimised.
    pub prefer: Option<Preference>,
}

/// Data that lies somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// A region, or a cloud if the region is not known; then it costs as much as from the cloud's nearest region.
    pub from: Place,
    /// How much, in GB.
    pub gigabytes: f64,
}

/// One task reads what another writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Who writes; its position among the tasks.
    pub from: u32,
    /// Who reads.
    pub to: u32,
    /// How much, in GB, counted to the thousandth.
    pub gigabytes: f64,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Objective {
    /// Dollars: all tasks and transfers.
    #[default]
    Cost,
    /// Time until the last task is done, with the time of transfers; among the fastest plans that were met, the cheapest.
    Time,
}

/// How a graph is planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphOptions {
    /// What is minimised.
    pub objective: Objective,
    /// How each task's candidates are ranked.
    pub ranking: Options,
    /// Candidates that these cover are left out: a new plan after a denial.
    pub denied: Vec<Scope>,
    /// How much work may be spent.
    pub effort: Effort,
}

/// Data that moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transfer {
    /// The edge.
    pub edge: Edge,
    /// What it costs where the two tasks are placed.
    pub cost: Money,
    /// How long it takes.
    pub duration: Span,
}

/// A place for every task.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphPlan {
    /// The candidate of each task.
    pub tasks: Vec<Candidate>,
    /// What moves, one for each edge.
    pub transfers: Vec<Transfer>,
    /// What it costs to bring in data from outside.
    pub inputs: Money,
    /// All of it, in dollars.
    pub cost: Money,
    /// Time until the last task is done.
    pub duration: Span,
    /// Whether the objective is proven: its bound is in micro-dollars or microseconds.
    pub proof: Proof,
}

/// A graph that cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Nothing meets a task's requirements.
    #[error("nothing offered meets the requirements of task {task}")]
    Infeasible {
        /// Its position.
        task: u32,
    },
    /// The graph makes no sense.
    #[error(transparent)]
    Problem(#[from] ProblemError),
}

/// What the solvers count in, per micro-dollar or microsecond; fine enough that a MB times a price is a whole number.
const FINE: i64 = 1000;

/// Everything the two objectives need.
struct Prepared<'a> {
    egress: &'a Egress,
    /// Of each task its candidates, one a region and run time; then what each costs with its inputs, in fine units.
    candidates: Vec<Vec<Candidate>>,
    costs: Vec<Vec<i64>>,
    /// What each is weighed as; as it costs for a task without preferences, which has none here.
    weights: Vec<Vec<i64>>,
    volumes: Vec<i64>,
    /// Tables that depend on a volume, by volume; none if one table prices all.
    by_volume: BTreeMap<i64, Table>,
}

/// Places all tasks of a graph.
///
/// # Errors
/// If a task has no candidate, or the edges are circular or name tasks that do not exist.
pub fn plan_graph(
    catalog: &Catalog,
    tasks: &[TaskNode],
    edges: &[Edge],
    egress: &Egress,
    options: &GraphOptions,
) -> Result<GraphPlan, GraphError> {
    let prepared = Prepared::new(catalog, tasks, edges, egress, options)?;
    let cheap = prepared.problem(edges, Objective::Cost);
    let solution = match options.objective {
        Objective::Cost => graph::cheapest(&cheap, options.effort)?,
        Objective::Time => {
            let fast = prepared.problem(edges, Objective::Time);
            let fastest = graph::fastest(&fast, options.effort)?;
            let choices = thrifty(&cheap, &fast, &fastest, options.effort)?;
            Solution { choices, ..fastest }
        }
    };
    prepared.finish(edges, &solution)
}

impl<'a> Prepared<'a> {
    fn new(
        catalog: &Catalog,
        tasks: &[TaskNode],
        edges: &[Edge],
        egress: &'a Egress,
        options: &GraphOptions,
    ) -> Result<Self, GraphError> {
        let volumes = edges.iter().map(|edge| megabytes(edge.gigabytes)).collect::<Result<Vec<i64>, _>>()?;
        let mut candidates: Vec<Vec<Candidate>> = Vec::with_capacity(tasks.len());
        for (index, task) in tasks.iter().enumerate() {
            // Tasks that ask for the same are common, and looked up once.
            let known = (0..index).find_map(|other| known(&tasks[other], &candidates[other], task, options));
            let fresh = || {
                let ranking = Options { prefer: task.prefer.clone(), ..options.ranking.clone() };
                by_region(&plan(catalog, &task.wanted, task.nodes, &ranking), &options.denied, task.prefer.as_ref())
            };
            let found = known.unwrap_or_else(fresh);
            if found.is_empty() {
                return Err(GraphError::Infeasible { task: index as u32 });
            }
            candidates.push(found);
        }
        let (mut costs, mut weights) = (Vec::with_capacity(tasks.len()), Vec::with_capacity(tasks.len()));
        for (task, found) in tasks.iter().zip(&candidates) {
            let mut sums: Vec<i64> = found.iter().map(|candidate| candidate.cost.0.saturating_mul(FINE)).collect();
            for input in &task.inputs {
                let mb = megabytes(input.gigabytes)?;
                let moved = found.iter().map(|candidate| brought(catalog, egress, (input, mb), candidate));
                sums.iter_mut().zip(moved).for_each(|(sum, moved)| *sum = sum.saturating_add(moved));
            }
            weights.push(task.prefer.as_ref().map_or_else(Vec::new, |liked| weighed(liked, found, &sums)));
            costs.push(sums);
        }
        let by_volume = volumes.iter().filter_map(|&mb| Some((mb, egress.table_for(mb)?))).collect();
        Ok(Self { egress, candidates, costs, weights, volumes, by_volume })
    }

    fn problem(&self, edges: &[Edge], objective: Objective) -> Problem<'_> {
        let value = |task: usize, at: usize| match objective {
            Objective::Cost => self.weights[task].get(at).copied().unwrap_or(self.costs[task][at]),
            Objective::Time => (self.candidates[task][at].runtime.0 as i64).saturating_mul(FINE),
        };
        let choices = |(task, found): (usize, &Vec<Candidate>)| {
            let each = found.iter().enumerate();
            each.map(|(at, candidate)| Choice { class: candidate.offering.region.0, value: value(task, at) }).collect()
        };
        let tasks = self.candidates.iter().enumerate().map(choices).collect();
        let shared = if objective == Objective::Time { self.egress.time() } else { self.egress.price() };
        let mut tables = vec![shared];
        if objective == Objective::Cost {
            tables.extend(self.by_volume.values());
        }
        let link = |(edge, volume): (&Edge, &i64)| {
            let own = self.by_volume.keys().position(|known| known == volume).filter(|_| tables.len() > 1);
            let (table, volume) = own.map_or((0, *volume), |own| (own as u32 + 1, 1));
            Link { from: edge.from, to: edge.to, table, volume }
        };
        let links = edges.iter().zip(&self.volumes).map(link).collect();
        Problem { tasks, links, tables }
    }

    fn finish(&self, edges: &[Edge], solution: &Solution) -> Result<GraphPlan, GraphError> {
        let chosen = |task: usize| self.candidates[task][solution.choices[task] as usize];
        let tasks: Vec<Candidate> = (0..self.candidates.len()).map(chosen).collect();
        let region = |task: u32| tasks[task as usize].offering.region;
        let transfer = |(edge, &mb): (&Edge, &i64)| {
            let (from, to) = (region(edge.from), region(edge.to));
            let cost = Money(coarse(self.egress.nanos(from, to, mb)));
            Transfer { edge: *edge, cost, duration: Span(coarse(mb * self.egress.time().at(from.0, to.0)) as u64) }
        };
        let transfers: Vec<Transfer> = edges.iter().zip(&self.volumes).map(transfer).collect();
        let brought = |task: usize| self.costs[task][solution.choices[task] as usize] - tasks[task].cost.0 * FINE;
        let inputs = Money(coarse((0..tasks.len()).map(brought).sum()));
        let own = tasks.iter().fold(inputs, |sum, candidate| sum + candidate.cost);
        let cost = transfers.iter().fold(own, |sum, transfer| sum + transfer.cost);
        let duration = self.problem(edges, Objective::Time).time_of(&solution.choices)?;
        let proof = match solution.proof {
            Proof::Optimal => Proof::Optimal,
            Proof::Gap { lower_bound } => Proof::Gap { lower_bound: lower_bound / FINE },
        };
        Ok(GraphPlan { tasks, transfers, inputs, cost, duration: Span(coarse(duration) as u64), proof })
    }
}

/// The candidates of a task, from those of one that asks for the same but perhaps runs longer or shorter.
fn known(other: &TaskNode, found: &[Candidate], task: &TaskNode, options: &GraphOptions) -> Option<Vec<Candidate>> {
    if other.nodes != task.nodes || other.wanted.len() != task.wanted.len() || other.prefer != task.prefer {
        return None;
    }
    if other.wanted == task.wanted {
        return Some(found.to_vec());
    }
    let ([before], [wanted]) = (&other.wanted[..], &task.wanted[..]) else { return None };
    // Runs of an hour and more are ranked as the prices are, so the ranking is the same whatever their length.
    let long = |run: Span| run >= Span::HOUR;
    let alike = long(before.runtime) && long(wanted.runtime) && other.prefer.is_none();
    if !alike || !same_but_time(before, wanted) {
        return None;
    }
    let (overlay, runtime) = (&options.ranking.overlay, wanted.runtime);
    let rerun = |candidate: &Candidate| {
        let paid = overlay.apply(candidate.offering.cloud, candidate.offering.price_hourly);
        Candidate { runtime, cost: rank::cost(paid, task.nodes, runtime), ..*candidate }
    };
    Some(found.iter().map(rerun).collect())
}

/// True if two requirements differ in run time and label at most. Every field is spelled out, so that a new one cannot be
/// forgotten.
fn same_but_time(a: &Requirement, b: &Requirement) -> bool {
    let Requirement {
        accelerators,
        instance_types,
        cpus,
        memory,
        capacity,
        places,
        excluded,
        max_price_hourly,
        preference,
        runtime: _,
        label: _,
    } = a;
    *accelerators == b.accelerators
        && *instance_types == b.instance_types
        && (*cpus, *memory, *capacity) == (b.cpus, b.memory, b.capacity)
        && (places, excluded) == (&b.places, &b.excluded)
        && (*max_price_hourly, *preference) == (b.max_price_hourly, b.preference)
}

/// Of each region the candidates that can be best there: the first of each run time, and the first in a liked place.
/// Only those of the best rank.
fn by_region(plan: &Plan<'_>, denied: &[Scope], prefer: Option<&Preference>) -> Vec<Candidate> {
    let mut seen: Vec<(u16, Span, bool)> = Vec::new();
    let mut found: Vec<Candidate> = Vec::new();
    let mut open = vec![true; plan.catalog().regions().len()];
    let one_each = plan.runtimes() == 1 && prefer.is_none();
    let mut rank = None;
    for (position, ranked) in plan.ranked().iter().enumerate() {
        if rank.is_some_and(|rank| rank != plan.preference_at(position)) {
            break;
        }
        if !open[ranked.region as usize] {
            continue;
        }
        let Some(candidate) = still_open(plan.candidate(position), denied) else { continue };
        rank = Some(candidate.preference);
        let kind = (ranked.region, candidate.runtime, prefer.is_some_and(|liked| liked.is_for(&candidate)));
        if one_each {
            open[ranked.region as usize] = false;
        } else if seen.contains(&kind) {
            continue;
        } else {
            seen.push(kind);
        }
        found.push(candidate);
    }
    found
}

/// What candidates that cost this are weighed as: liked ones as much less as they may cost more.
fn weighed(liked: &Preference, found: &[Candidate], costs: &[i64]) -> Vec<i64> {
    let weight = |(candidate, &cost): (&Candidate, &i64)| {
        let own = candidate.cost.0.saturating_mul(FINE);
        let less = (own as i128 * 1000 / (1000 + i128::from(liked.premium_milli))) as i64;
        if liked.is_for(candidate) { cost - own + less } else { cost }
    };
    found.iter().zip(costs).map(weight).collect()
}

/// The candidate with the zones that no denial covers, if any.
fn still_open(mut candidate: Candidate, denied: &[Scope]) -> Option<Candidate> {
    if denied.is_empty() {
        return Some(candidate);
    }
    let covered = |zone| denied.iter().any(|scope| scope.covers(&candidate.offering, zone));
    if candidate.zones.is_empty() {
        return (!covered(None)).then_some(candidate);
    }
    candidate.zones = candidate.zones.as_slice().iter().copied().filter(|zone| !covered(Some(*zone))).collect();
    (!candidate.zones.is_empty()).then_some(candidate)
}

/// What it costs to bring in data, in dollars.
///
/// # Errors
/// If the volume is out of range.
pub fn input_cost(catalog: &Catalog, egress: &Egress, input: &Input, to: &Candidate) -> Result<Money, GraphError> {
    let mb = megabytes(input.gigabytes)?;
    Ok(Money(coarse(brought(catalog, egress, (input, mb), to))))
}

/// What it costs to move data between two placed tasks, in dollars.
///
/// # Errors
/// If the volume is out of range.
pub fn transfer_cost(egress: &Egress, gigabytes: f64, from: &Candidate, to: &Candidate) -> Result<Money, GraphError> {
    let mb = megabytes(gigabytes)?;
    Ok(Money(coarse(egress.nanos(from.offering.region, to.offering.region, mb))))
}

/// What it costs to bring in data, in fine units.
fn brought(catalog: &Catalog, egress: &Egress, (input, mb): (&Input, i64), candidate: &Candidate) -> i64 {
    let to = candidate.offering.region;
    let region = input.from.region.or(input.from.zone.map(|zone| catalog.zone_region(zone)));
    match (region, input.from.cloud) {
        (Some(region), _) => egress.nanos(region, to, mb),
        (None, Some(cloud)) => catalog.regions_of(cloud).map(|from| egress.nanos(from, to, mb)).min().unwrap_or(0),
        (None, None) => 0,
    }
}

/// Volumes in MB. The limit, a thousand exabytes, keeps every product of volume and price in range.
fn megabytes(gigabytes: f64) -> Result<i64, ProblemError> {
    const MOST: f64 = 1e9;
    if (0.0..=MOST).contains(&gigabytes) {
        Ok((gigabytes * MB_PER_GB).round() as i64)
    } else {
        Err(ProblemError::OutOfRange)
    }
}

/// From fine units, rounded to the nearest.
const fn coarse(fine: i64) -> i64 {
    (fine + FINE / 2).div_euclid(FINE)
}
