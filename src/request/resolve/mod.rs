//! From a task as written to a request: every name looked up in a catalog, every alternative checked.

mod accelerators;
mod instances;
mod label;
mod places;

use crate::catalog::Catalog;
use crate::model::{CapacityType, CloudId, Limits, Place, Preference, Requirement, Span};
use crate::yaml::Problem;

use super::alternatives::Alternative;
use super::located::At;
use super::machine::Machine;
use super::task::Task;
use super::work::Work;

/// A task with every name resolved: what the optimizer ranks candidates for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The task's name.
    pub name: Option<String>,
    /// The name of the chain that it is part of.
    pub chain: Option<String>,
    /// How many nodes; more than one is a gang.
    pub nodes: u16,
    /// The alternatives. Never empty.
    pub requirements: Vec<Requirement>,
    /// Options of the machines; one for each requirement, in the same order.
    pub machines: Vec<Machine>,
    /// The alternatives are in order of preference.
    pub ordered: bool,
    /// How long and how hard to try.
    pub limits: Limits,
    /// The policy's name; the default one if absent.
    pub policy: Option<String>,
    /// The most attempts in flight at once.
    pub hedge: u16,
    /// Places that win over slightly cheaper ones.
    pub prefer: Option<Preference>,
    /// Positions in the file of the tasks that it waits for.
    pub depends_on: Vec<usize>,
    /// What the task does, and the sizes of its data.
    pub work: Work,
    /// What was accepted but changes nothing, or was understood differently from how it was written.
    pub warnings: Vec<String>,
}

/// Why an alternative gives no requirement.
enum Dropped {
    /// It is wrong; the problem is noted.
    Wrong,
    /// It is right, but not here: its cloud is not supported or not enabled.
    Elsewhere(Box<Problem>),
}

/// Looks names up and keeps what was wrong.
struct Resolver<'a> {
    task: &'a Task,
    catalog: &'a Catalog,
    /// Clouds that may be used, in order.
    clouds: Vec<CloudId>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

/// Looks up every name of a task. `enabled` are the clouds that may be used.
///
/// An alternative on a cloud that may not be used is left out with a warning, unless it is the only one.
///
/// # Errors
/// Every name that is unknown or ambiguous and every contradiction, in the order of the alternatives.
pub fn resolve(task: &Task, catalog: &Catalog, enabled: &[CloudId]) -> Result<Request, Vec<Problem>> {
    let clouds = catalog.clouds().filter(|cloud| enabled.contains(cloud)).collect();
    let warnings = task.warnings.iter().map(one_line).collect();
    let mut resolver = Resolver { task, catalog, clouds, problems: Vec::new(), warnings };
    let excluded = resolver.excluded();
    let prefer = resolver.preference();
    let (mut requirements, mut machines) = (Vec::new(), Vec::new());
    let mut elsewhere = Vec::new();
    for alternative in &task.alternatives {
        match resolver.requirement(alternative, &excluded) {
            Ok(requirement) => {
                requirements.push(requirement);
                machines.push(alternative.machine.clone());
            }
            Err(Dropped::Elsewhere(problem)) => elsewhere.push(*problem),
            Err(Dropped::Wrong) => {}
        }
    }
    let Resolver { mut problems, mut warnings, .. } = resolver;
    if requirements.is_empty() {
        problems.extend(elsewhere);
    } else {
        warnings.extend(elsewhere.iter().map(|p| format!("{}; this alternative is left out", one_line(p))));
    }
    problems.dedup();
    if !problems.is_empty() || requirements.is_empty() {
        return Err(problems);
    }
    warnings.dedup();
    let failover = &task.failover;
    Ok(Request {
        name: task.name.clone(),
        chain: task.chain.clone(),
        nodes: task.num_nodes,
        requirements,
        machines,
        ordered: task.ordered,
        limits: failover.limits,
        policy: failover.policy.as_ref().map(|policy| policy.value.clone()),
        hedge: failover.hedge.unwrap_or(1),
        prefer,
        depends_on: task.depends_on.clone(),
        work: task.work.clone(),
        warnings,
    })
}

impl Request {
    /// The request of `--gpus V100:8` alone, on every cloud of the catalog.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn for_gpus(gpus: &str, catalog: &Catalog) -> Result<Self, Vec<Problem>> {
        let flags = super::Flags { gpus: Some(gpus.to_owned()), ..super::Flags::default() };
        let clouds: Vec<CloudId> = catalog.clouds().collect();
        resolve(&super::from_flags(&flags)?, catalog, &clouds)
    }
}

impl Resolver<'_> {
    fn requirement(&mut self, alternative: &Alternative, excluded: &[Place]) -> Result<Requirement, Dropped> {
        // All three are looked at before giving up, so that all their errors are seen.
        let places = self.places_of(alternative);
        let accelerators = self.accelerators(alternative);
        let (places, accelerators) = match (places, accelerators) {
            (Ok(places), Ok(accelerators)) => (places, accelerators),
            (Err(dropped @ Dropped::Elsewhere(_)), Ok(_)) => return Err(dropped),
            _ => return Err(Dropped::Wrong),
        };
        let instance_types = self.instance_types(alternative, &places, &accelerators)?;
        let places = self.implied_places(places, &accelerators);
        let places = self.with_image(alternative, places)?;
        let mut requirement = Requirement {
            accelerators,
            cpus: alternative.cpus.as_ref().map(|cpus| cpus.value),
            memory: alternative.memory.as_ref().map(|memory| memory.value),
            capacity: if alternative.use_spot { CapacityType::Spot } else { CapacityType::OnDemand },
            places: if instance_types.is_empty() { self.within_enabled(places) } else { places },
            instance_types,
            excluded: excluded.to_vec(),
            max_price_hourly: alternative.max_price_hourly,
            preference: alternative.preference,
            runtime: alternative.runtime.or(self.task.runtime).unwrap_or(Span::HOUR),
            label: String::new(),
        };
        requirement.label = label::of(self.catalog, alternative, &requirement);
        Ok(requirement)
    }

    fn wrong(&mut self, at: &At, message: impl Into<String>, hint: impl Into<Option<String>>) -> Dropped {
        let problem = self.task.sheet.problem(at, message).hint(hint);
        self.problems.push(problem);
        Dropped::Wrong
    }

    fn elsewhere(&self, at: &At, message: impl Into<String>, hint: impl Into<Option<String>>) -> Dropped {
        Dropped::Elsewhere(Box::new(self.task.sheet.problem(at, message).hint(hint)))
    }

    /// `AWS, Azure or GCP`.
    fn titles(&self, clouds: &[CloudId]) -> String {
        let titles: Vec<&str> = clouds.iter().map(|cloud| self.catalog.cloud_title(*cloud)).collect();
        match titles.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => "no cloud".to_owned(),
        }
    }
}

/// A warning without its source line.
fn one_line(problem: &Problem) -> String {
    let place = problem.place();
    if place.is_empty() { problem.message.clone() } else { format!("{place}: {}", problem.message) }
}
