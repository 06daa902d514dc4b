//! Scenario files: a market, what is wanted of it, and what must come of that, in YAML (schema 1).
//!
//! **Invariant:** a file is read whole or refused with every error at once, each with line, column, code and, where
//! something is near, "did you mean". The format's reference is `scenarios/README.md`.

pub mod codes;
mod compile;
mod demand;
mod expect;
mod laws;
mod overlay;
mod parameters;
mod schema;
mod selector;
mod settings;
mod stocks;
#[cfg(test)]
mod tests;

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
pub use schema::scenario_schema;
pub use selector::Selector;
pub use settings::{Fault, Life, Line, Outcome as Answered, QuotaScope, QuotaSpec, Refused};

/// The version of the format that this program reads.
pub const SCHEMA: i64 = 1;

const KEYS: &[&str] = &[
    "schema",
    "title",
    "why",
    "catalog",
    "parameters",
    "clouds",
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
    /// SHA-256 of the text and of the values set on the command line.
    pub hash: String,
    /// The catalog of its day.
    pub catalog: Arc<Catalog>,
    /// What is said of the clouds, in the order of the file.
    pub lines: Vec<Line>,
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
    /// What works but is probably not what was meant.
    pub warnings: Vec<Problem>,
}

impl Scenario {
    /// Reads a scenario against the catalog that it starts from. `settings` are values for its parameters.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the file.
    pub fn load(source: &Source, base: &Catalog, settings: &[(String, String)]) -> Result<Self, Vec<Problem>> {
        let with_code = |problem: Problem| problem.code(codes::SYNTAX);
        let mut documents =
            yaml::parse(source).map_err(|problems| problems.into_iter().map(with_code).collect::<Vec<_>>())?;
        if documents.len() != 1 {
            let found = documents.len();
            let problem = Problem::unplaced(source.name, format!("a scenario is one YAML document, not {found}"));
            return Err(vec![problem.code(codes::SYNTAX)]);
        }
        let reader = Reader::new(*source);
        let read = read(source, &reader, &documents.remove(0).root, base, settings);
        let (mut problems, warnings) = reader.finish();
        let mut scenario = match read {
            Some(scenario) if problems.is_empty() => scenario,
            _ => return Err(codes::numbered(problems)),
        };
        scenario.warnings = warnings;
        let clouds: Vec<CloudId> = scenario.catalog.clouds().collect();
        for demand in &scenario.demands {
            match resolve(&demand.task, &scenario.catalog, &clouds) {
                Ok(request) => scenario.requests.push(request),
                Err(found) => problems.extend(found.into_iter().map(|problem| problem.code(codes::BAD_DEMAND))),
            }
        }
        if problems.is_empty() { Ok(scenario) } else { Err(problems) }
    }

    /// The market of this scenario with its own demands.
    pub fn market(&self) -> Market {
        let wanted: Vec<Wanted> =
            self.demands.iter().zip(&self.requests).map(|(demand, request)| self.wanted(demand, request)).collect();
        self.market_for(&wanted)
    }

    /// The market of this scenario with these demands instead of its own: what `sky --simulate` launches into.
    pub fn market_for(&self, wanted: &[Wanted]) -> Market {
        compile::market(self, wanted)
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
    source: &Source,
    reader: &Reader,
    root: &Node,
    base: &Catalog,
    settings: &[(String, String)],
) -> Option<Scenario> {
    let map = reader.fields(root, "a scenario")?.map();
    let parameters = parameters::Parameters::read(reader, map, settings);
    let root = parameters.apply(reader, root);
    let fields = reader.fields(&root, "a scenario")?;
    fields.only(KEYS);
    check_schema(reader, fields.require("schema", root.spot))?;
    let title = fields.require("title", root.spot).and_then(|node| reader.string(node, "title"));
    let why = fields.require("why", root.spot).and_then(|node| reader.string(node, "why"));
    let map = fields.map();
    let catalog = overlay::read(reader, map, base).unwrap_or_else(|| base.clone());
    let lines = lines(reader, map, &catalog);
    let demands = demands(source, reader, map, root.spot);
    let policies = policies(reader, map);
    Some(Scenario {
        hash: hash(source.text, settings),
        lines,
        demands,
        requests: Vec::new(),
        policies,
        trials: fields.integer("trials", 1..=1_000_000_000).unwrap_or(1) as u64,
        seed: fields.integer("seed", 0..=i64::MAX).unwrap_or(1) as u64,
        horizon: fields.parsed("horizon"),
        expect: expect::read(reader, map, &catalog),
        probes: expect::probes(reader, map),
        thresholds: expect::thresholds(reader, map),
        title: title?.to_owned(),
        why: why?.trim().to_owned(),
        catalog: Arc::new(catalog),
        warnings: Vec::new(),
    })
}

fn check_schema(reader: &Reader, node: Option<&Node>) -> Option<()> {
    let node = node?;
    if node.as_str() == Some("1") {
        return Some(());
    }
    let message = format!("schema {} is not one that this program reads", node.describe());
    reader.error_code(codes::WRONG_SCHEMA, node.spot, message, format!("it reads schema: {SCHEMA}"));
    None
}

fn lines(reader: &Reader, map: &yaml::Map, catalog: &Catalog) -> Vec<Line> {
    let Some(clouds) = map.get("clouds").filter(|node| !node.is_null()).and_then(|node| reader.fields(node, "clouds"))
    else {
        return Vec::new();
    };
    let read = |entry: &yaml::Entry| {
        let selector = Selector::read(reader, catalog, &entry.key, entry.key_spot)?;
        Line::read(reader, selector, &entry.value)
    };
    clouds.map().entries.iter().filter_map(read).collect()
}

fn demands(source: &Source, reader: &Reader, map: &yaml::Map, spot: Spot) -> Vec<DemandSpec> {
    let given = |key: &str| map.get(key).filter(|node| !node.is_null());
    match (given("demand"), given("demands")) {
        (Some(node), None) => demand::read(source, reader, node).into_iter().collect(),
        (None, Some(node)) => {
            let items = reader.list(node, "demands").unwrap_or_default();
            items.iter().filter_map(|item| demand::read(source, reader, item)).collect()
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
            let known = PolicyName::ALL.into_iter().map(PolicyName::name);
            let message = format!("{} is not a policy", quote(name));
            reader.error_code(codes::UNKNOWN_NAME, item.spot, message, did_you_mean(name, known));
        }
        found
    };
    reader.list(node, "policies").unwrap_or_default().iter().filter_map(find).collect()
}

fn hash(text: &str, settings: &[(String, String)]) -> String {
    let mut hash = Sha256::new();
    hash.update(text);
    for (name, value) in settings {
        hash.update(format!("\0{name}={value}"));
    }
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('?'));
    hash.finalize().iter().flat_map(digits).collect()
}
