//! Scenario files: a market, what is wanted of it, and what must come of that, in YAML (schema 1).
//!
//! **Invariant:** a file is read whole or refused with every error at once, each with line, column, code and, where
//! something is near, "did you mean". The format's reference is `scenarios/README.md`.

pub mod codes;
mod compile;
mod demand;
mod expect;
mod laws;
mod library;
mod limits;
mod overlay;
mod parameters;
mod quotas;
mod rhythms;
mod schema;
mod selector;
mod settings;
mod shocks;
mod shown;
mod stocks;
#[cfg(test)]
mod tests;
mod worded;
mod work;

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::engine::policy::PolicyName;
use crate::model::{CloudId, Span};
use crate::optimizer::Options;
use crate::request::{Request, resolve};
use crate::sim::market::Market;
use crate::sim::probe::Probe;
use crate::yaml::{self, Node, Problem, Reader, Source, Spot, did_you_mean, quote};

pub use compile::{Growing, Wanted};
pub use demand::DemandSpec;
pub use expect::{Expect, Metric, TableRow, Threshold};
pub use library::Files;
use library::{Library, Part, Traces};
use parameters::Parameters;
pub use quotas::{IncreaseSpec, PaceSpec, QuotaScope, QuotaSpec};
pub use schema::scenario_schema;
pub use selector::Selector;
pub use settings::{Fault, Life, Line, Outcome as Answered, Refused};
pub use shocks::{Per, ShockSpec};
pub use shown::{Share, ShownPool, Together, idle, together};

/// The version of the format that this program reads.
pub const SCHEMA: i64 = 1;

const KEYS: &[&str] = &[
    "schema",
    "title",
    "why",
    "import",
    "catalog",
    "parameters",
    "matrix",
    "clouds",
    "shocks",
    "demand",
    "demands",
    "policies",
    "trials",
    "seed",
    "horizon",
    "expect",
    "probes",
    "thresholds",
];

/// A scenario with every name looked up.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// What it is for, and what it assumes.
    pub why: String,
    /// SHA-256 of the text, of the values set on the command line and of all files imported and played.
    pub hash: String,
    /// The catalog of its day.
    pub catalog: Arc<Catalog>,
    /// What is said of the clouds, in the order of the file.
    pub lines: Vec<Line>,
    /// Shocks that pools share.
    pub shocks: Vec<ShockSpec>,
    /// What is wanted.
    pub demands: Vec<DemandSpec>,
    /// The same with every name looked up, one a demand.
    pub requests: Vec<Request>,
    /// The policies to compare; the first is the one that `expect` speaks of.
    pub policies: Vec<PolicyName>,
    /// How many trials.
    pub trials: u64,
    /// The seed.
    pub seed: u64,
    /// No demand waits longer than until then.
    pub horizon: Option<Span>,
    /// What every trial must come to.
    pub expect: Expect,
    /// What some trial must reach.
    pub probes: Vec<Probe>,
    /// Bounds over all trials.
    pub thresholds: Vec<Threshold>,
    /// Values of parameters that `sky-sim sweep` runs every combination of.
    pub matrix: Vec<(String, Vec<String>)>,
    /// What works but is probably not what was meant.
    pub warnings: Vec<Problem>,
}

impl Scenario {
    /// Reads a scenario that is one text, against the catalog that it starts from. `settings` are values for its
    /// parameters.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn load(source: &Source, base: &Catalog, settings: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let nowhere = |_: &Path| Err("a text that is not in a file has no files beside it".to_owned());
        Self::load_with(source, base, settings, &nowhere)
    }

    /// Reads a scenario with what it imports and plays. The source's name is its path: other files are found relative
    /// to it.
    ///
    /// # Errors
    /// Everything that is wrong with it and with what it imports, in the order of the files.
    pub fn load_with(
        source: &Source,
        base: &Catalog,
        settings: &[(String, String)],
        files: Files<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let library = Library::new(files);
        let (parts, imports) = library.gather(source)?;
        let readers: Vec<Reader> =
            parts.iter().map(|part| Reader::new(Source { name: &part.name, text: &part.text })).collect();
        let read = read(&parts, &readers, base, settings, &library);
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        // The scenario's own file comes last and is told first.
        for reader in readers.into_iter().rev() {
            let (errors, others) = reader.finish();
            problems.extend(codes::numbered(errors));
            warnings.extend(others);
        }
        let scenario = read.map(|mut scenario| {
            scenario.warnings = warnings;
            scenario.hash = hash(source.text, settings, &library.into_read());
            problems.extend(scenario.resolve());
            scenario
        });
        let mut problems = codes::told_once(problems, imports.is_empty());
        problems.extend(imports);
        let place = |problem: &Problem| (problem.line, problem.column);
        problems.sort_by_key(|problem| if problem.file == source.name { (0, place(problem)) } else { (1, (0, 0)) });
        scenario.filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// Looks up the names of what is demanded; what is wrong with them.
    fn resolve(&mut self) -> Vec<Problem> {
        let clouds: Vec<CloudId> = self.catalog.clouds().collect();
        let mut problems = Vec::new();
        for demand in &self.demands {
            // Demands of one line are the same task, and what is wrong with it is told once.
            if demand.nth > 0 {
                self.requests.extend(self.requests.last().cloned());
                continue;
            }
            match resolve(&demand.task, &self.catalog, &clouds) {
                Ok(request) => self.requests.push(request),
                Err(found) => problems.extend(found.into_iter().map(|problem| problem.code(codes::BAD_DEMAND))),
            }
        }
        problems
    }

    /// True if it says what must come of it.
    pub fn expects(&self) -> bool {
        self.expect != Expect::default() || !self.probes.is_empty() || !self.thresholds.is_empty()
    }

    /// True if any demand is for a job.
    pub fn has_jobs(&self) -> bool {
        self.demands.iter().any(|demand| demand.job.is_some())
    }

    /// The market of this scenario with its own demands.
    pub fn market(&self) -> Market {
        let mut wanted: Vec<Wanted> = Vec::with_capacity(self.demands.len());
        for (demand, request) in self.demands.iter().zip(&self.requests) {
            let same = wanted.last().filter(|_| demand.nth > 0).cloned();
            wanted.push(same.unwrap_or_else(|| self.wanted(demand, request)));
        }
        compile::market(self, &wanted, &self.demands)
    }

    /// The market of this scenario with these demands instead of its own: what `sky --simulate` launches into.
    pub fn market_for(&self, wanted: &[Wanted]) -> Market {
        compile::market(self, wanted, &[])
    }

    fn wanted(&self, demand: &DemandSpec, request: &Request) -> Wanted {
        let plan = crate::optimizer::plan(&self.catalog, &request.requirements, request.nodes, &Options::default());
        Wanted {
            candidates: plan.candidates(),
            nodes: request.nodes,
            limits: request.limits,
            at: demand.at,
            hold: demand.hold.clone(),
        }
    }
}

fn read(
    parts: &[Part],
    readers: &[Reader],
    base: &Catalog,
    settings: &[(String, String)],
    library: &Library<'_>,
) -> Option<Scenario> {
    let mut parameters = Parameters::default();
    for (file, (part, reader)) in parts.iter().zip(readers).enumerate() {
        parameters.take(reader, reader.fields(&part.root, "a scenario")?.map(), file);
    }
    let (part, reader) = (parts.last()?, readers.last()?);
    for (name, value) in settings {
        parameters.set(reader, part.root.as_map()?, name, value);
    }
    let roots: Vec<Node> = parts
        .iter()
        .zip(readers)
        .enumerate()
        .map(|(file, (part, reader))| parameters.apply(reader, &part.root, file))
        .collect();
    let mut catalog = base.clone();
    for (root, reader) in roots.iter().zip(readers) {
        let fields = reader.fields(root, "a scenario")?;
        fields.only(KEYS);
        if let Some(node) = fields.require("schema", root.spot) {
            check_schema(reader, node)?;
        }
        catalog = overlay::read(reader, fields.map(), &catalog).unwrap_or(catalog);
    }
    let mut said = Said::default();
    for ((root, reader), part) in roots.iter().zip(readers).zip(parts) {
        said.take(reader, root.as_map()?, &catalog, &library.traces(&part.name));
    }
    let root = roots.last()?;
    let fields = reader.fields(root, "a scenario")?;
    let map = fields.map();
    let title = fields.require("title", root.spot).and_then(|node| reader.string(node, "title"));
    let why = fields.require("why", root.spot).and_then(|node| reader.string(node, "why"));
    let source = Source { name: &part.name, text: &part.text };
    let demands = demands(&source, reader, map, root.spot);
    let horizon: Option<Span> = fields.parsed("horizon");
    if horizon.is_none() && demands.iter().any(|demand| demand.job.is_some()) {
        let message =
            "a scenario with a job needs a value for horizon, so that a job that finds no machines has an end";
        reader.error_code(codes::MISSING_KEY, root.spot, message, "such as horizon: 14d".to_owned());
    }
    Some(Scenario {
        hash: String::new(),
        lines: said.lines,
        shocks: said.shocks,
        demands,
        requests: Vec::new(),
        policies: policies(reader, map),
        trials: fields.integer("trials", 1..=1_000_000_000).unwrap_or(1) as u64,
        seed: fields.integer("seed", 0..=i64::MAX).unwrap_or(1) as u64,
        horizon,
        expect: expect::read(reader, map, &catalog),
        probes: expect::probes(reader, map),
        thresholds: expect::thresholds(reader, map),
        matrix: parameters::matrix(reader, map, &parameters),
        // A missing one is an error, after which the demands are looked at all the same.
        title: title.unwrap_or_default().to_owned(),
        why: why.unwrap_or_default().trim().to_owned(),
        catalog: Arc::new(catalog),
        warnings: Vec::new(),
    })
}

/// `None` for a version whose other rules are not known here.
fn check_schema(reader: &Reader, node: &Node) -> Option<()> {
    if node.as_str() == Some("1") {
        return Some(());
    }
    let message = format!("schema {} is not one that this program reads", node.describe());
    reader.error_code(codes::WRONG_SCHEMA, node.spot, message, format!("it reads schema: {SCHEMA}"));
    None
}

/// What all files together say of the clouds.
#[derive(Default)]
struct Said {
    lines: Vec<Line>,
    shocks: Vec<ShockSpec>,
}

impl Said {
    fn take(&mut self, reader: &Reader, map: &yaml::Map, catalog: &Catalog, traces: &Traces<'_>) {
        let given = |key: &str| map.get(key).filter(|node| !node.is_null());
        if let Some(node) = given("shocks") {
            shocks::read(reader, catalog, node, None, &mut self.shocks);
        }
        let Some(clouds) = given("clouds").and_then(|node| reader.fields(node, "clouds")) else { return };
        for entry in &clouds.map().entries {
            // What stands below a selector that names nothing is read too, so that all errors come at once.
            let selector = Selector::read(reader, catalog, &entry.key, entry.key_spot);
            let selector = selector.unwrap_or_else(|| Selector::all(&entry.key));
            if let Some(node) = entry.value.as_map().and_then(|line| line.get("shocks")) {
                shocks::read(reader, catalog, node, Some(&selector), &mut self.shocks);
            }
            self.lines.extend(Line::read(reader, selector, &entry.value, traces));
        }
    }
}

fn demands(source: &Source, reader: &Reader, map: &yaml::Map, spot: Spot) -> Vec<DemandSpec> {
    let given = |key: &str| map.get(key).filter(|node| !node.is_null());
    match (given("demand"), given("demands")) {
        (Some(node), None) => demand::read(source, reader, node, 0),
        (None, Some(node)) => {
            let items = reader.list(node, "demands").unwrap_or_default();
            items.iter().enumerate().flat_map(|(line, item)| demand::read(source, reader, item, line)).collect()
        }
        (None, None) => {
            reader.error_code(codes::MISSING_KEY, spot, "a scenario needs a value for demand or demands", None);
            Vec::new()
        }
        (Some(_), Some(node)) => {
            reader.error(node.spot, "either demand or demands, not both");
            Vec::new()
        }
    }
}

fn policies(reader: &Reader, map: &yaml::Map) -> Vec<PolicyName> {
    let Some(node) = map.get("policies").filter(|node| !node.is_null()) else { return vec![PolicyName::default()] };
    if node.as_str() == Some("all") {
        return PolicyName::ALL.to_vec();
    }
    let find = |item: &Node| {
        let name = reader.string(item, "a policy")?;
        let found: Option<PolicyName> = name.parse().ok();
        if found.is_none() {
            let known = PolicyName::ALL.map(PolicyName::name);
            let hint = if name.starts_with("ttl(") {
                "a duration stands in the brackets, as in ttl(3m)".to_owned()
            } else {
                did_you_mean(name, known).unwrap_or_else(|| format!("policies: {}", known.join(", ")))
            };
            reader.error_code(codes::UNKNOWN_NAME, item.spot, format!("{} is not a policy", quote(name)), hint);
        }
        found
    };
    reader.list(node, "policies").unwrap_or_default().iter().filter_map(find).collect()
}

fn hash(text: &str, settings: &[(String, String)], files: &[(String, Arc<str>)]) -> String {
    let mut hash = Sha256::new();
    hash.update(text);
    for (name, value) in settings {
        hash.update(format!("\0{name}={value}"));
    }
    // Contents without their paths: the same files elsewhere are the same scenario.
    for (_, text) in files {
        hash.update("\0");
        hash.update(Sha256::digest(text.as_bytes()));
    }
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('?'));
    hash.finalize().iter().flat_map(digits).collect()
}
