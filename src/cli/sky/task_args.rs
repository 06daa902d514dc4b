//! What is wanted: a task file, and flags laid over it.

use std::path::Path;

use clap::{ArgAction, Args};

use crate::catalog::Catalog;
use crate::cli::catalogs::CatalogArgs;
use crate::cli::{Console, Failure, files};
use crate::model::CloudId;
use crate::request::{Flags, Request, Secret, Source, parse_tasks, resolve};

/// Flags that say what is wanted. Each replaces what the file says.
#[derive(Debug, Clone, Args)]
pub(super) struct TaskArgs {
    /// The task, as a YAML file (`-` reads the standard input), or a command to run.
    #[arg(value_name = "TASK.yaml or COMMAND", num_args = 0..)]
    task: Vec<String>,
    /// Name of the task.
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,
    /// Accelerators of a node: `V100`, `V100:8`, `{A10:1, L4:1}` for any of these, `[A10:1, L4:1]` in this order.
    #[arg(long, value_name = "NAME[:COUNT]", visible_alias = "accelerators")]
    gpus: Option<String>,
    /// Where: `aws`, `gcp/us-central1`, `*/us-east-1`, `azure/eastus`.
    #[arg(long, value_name = "CLOUD[/REGION[/ZONE]]", conflicts_with_all = ["cloud", "region", "zone"])]
    infra: Option<String>,
    /// Only this cloud.
    #[arg(long)]
    cloud: Option<String>,
    /// Only this region.
    #[arg(long)]
    region: Option<String>,
    /// Only this zone.
    #[arg(long)]
    zone: Option<String>,
    /// Not here; may be repeated: `aws/us-east-1`.
    #[arg(long, value_name = "CLOUD[/REGION[/ZONE]]")]
    exclude: Vec<String>,
    /// This instance type.
    #[arg(short = 't', long)]
    instance_type: Option<String>,
    /// vCPUs of a node: `8`, `8+`.
    #[arg(long)]
    cpus: Option<String>,
    /// Memory of a node in GiB: `32`, `32+`.
    #[arg(long)]
    memory: Option<String>,
    /// Spot capacity: cheaper, and may be taken back.
    #[arg(long, action = ArgAction::SetTrue, overrides_with = "no_use_spot")]
    use_spot: bool,
    /// On-demand capacity, whatever the file says.
    #[arg(long, action = ArgAction::SetTrue)]
    no_use_spot: bool,
    /// How many nodes: all in one place, or none.
    #[arg(long, value_name = "N")]
    num_nodes: Option<u16>,
    /// The most one node may cost, in dollars per hour.
    #[arg(long, value_name = "DOLLARS")]
    max_hourly_cost: Option<String>,
    /// How long the work will run, which the ranking of unlike alternatives goes by: `90m`, `12h`.
    #[arg(long, value_name = "DURATION")]
    estimated_runtime: Option<String>,
    /// Disk of a node, in GB.
    #[arg(long, value_name = "GB")]
    disk_size: Option<String>,
    /// Kind of disk: low, medium, high, ultra, best.
    #[arg(long, value_name = "TIER")]
    disk_tier: Option<String>,
    /// Image to boot.
    #[arg(long)]
    image_id: Option<String>,
    /// Port to open; may be repeated.
    #[arg(long, value_name = "PORT")]
    ports: Vec<String>,
    /// Directory that is copied to the nodes.
    #[arg(long, value_name = "DIR")]
    workdir: Option<String>,
    /// Environment variable of the task, `NAME=VALUE`; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// The same for what must not be shown; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    secret: Vec<String>,
    /// Stop after being idle this long.
    #[arg(short = 'i', long, value_name = "DURATION")]
    autostop: Option<String>,
    /// Failover strategy: `cloud-first` (the default), `cheapest`, ...
    #[arg(long)]
    policy: Option<String>,
    /// After everything was refused, wait and go round again.
    #[arg(short, long, action = ArgAction::SetTrue)]
    retry_until_up: bool,
    /// Give up after this long: `30m`.
    #[arg(long, value_name = "DURATION")]
    max_wait: Option<String>,
    /// Give up after this many launch calls.
    #[arg(long, value_name = "N")]
    max_attempts: Option<u32>,
    /// Give up when failed attempts have cost this many dollars.
    #[arg(long, value_name = "DOLLARS")]
    budget: Option<String>,
    /// Pause between two rounds.
    #[arg(long, value_name = "DURATION")]
    retry_gap: Option<String>,
    #[command(flatten)]
    pub(super) catalogs: CatalogArgs,
}

/// What is wanted, with every name looked up.
pub(super) struct Wanted<'c> {
    /// The catalog the ids belong to.
    pub(super) catalog: &'c Catalog,
    /// One a task of the file.
    pub(super) requests: Vec<Request>,
}

impl Wanted<'_> {
    /// Tells what was accepted but changes nothing.
    pub(super) fn warn(&self, console: &mut Console) {
        for warning in self.requests.iter().flat_map(|request| &request.warnings) {
            console.note(format!("warning: {warning}"));
        }
    }
}

impl TaskArgs {
    /// Reads the file and the flags; warnings go beside the output.
    pub(super) fn resolve(&self, console: &mut Console) -> Result<Wanted<'static>, Failure> {
        self.resolve_in(self.catalogs.load()?, console)
    }

    /// The same with names looked up in this catalog.
    pub(super) fn resolve_in<'c>(&self, catalog: &'c Catalog, console: &mut Console) -> Result<Wanted<'c>, Failure> {
        let all: Vec<_> = catalog.clouds().collect();
        let wanted = self.resolve_on(catalog, &all)?;
        wanted.warn(console);
        Ok(wanted)
    }

    /// The same on these clouds alone; warnings are not told.
    pub(super) fn resolve_on<'c>(&self, catalog: &'c Catalog, enabled: &[CloudId]) -> Result<Wanted<'c>, Failure> {
        let (name, text, run) = self.source()?;
        let tasks = parse_tasks(&Source { name: &name, text: &text }, &self.flags(run))?;
        let mut requests = Vec::new();
        let mut problems = Vec::new();
        for task in &tasks {
            match resolve(task, catalog, enabled) {
                Ok(request) => requests.push(request),
                Err(errors) => problems.extend(errors),
            }
        }
        if problems.is_empty() { Ok(Wanted { catalog, requests }) } else { Err(Failure::Problems(problems)) }
    }

    /// True if neither file nor flags say anything, so that a scenario's own demand is meant.
    pub(super) fn is_empty(&self) -> bool {
        self.task.is_empty() && self.flags(None) == Flags::default()
    }

    /// Name and text of the file, and the command where one is given instead of it.
    fn source(&self) -> Result<(String, String, Option<String>), Failure> {
        match self.task.as_slice() {
            [] => Ok(("flags".to_owned(), String::new(), None)),
            [file] if is_file(file) => Ok((file.clone(), files::read(Path::new(file))?, None)),
            words => Ok(("flags".to_owned(), String::new(), Some(words.join(" ")))),
        }
    }

    fn flags(&self, run: Option<String>) -> Flags {
        let given = self.clone();
        Flags {
            name: given.name,
            gpus: given.gpus,
            instance_type: given.instance_type,
            infra: given.infra,
            cloud: given.cloud,
            region: given.region,
            zone: given.zone,
            cpus: given.cpus,
            memory: given.memory,
            use_spot: match (given.use_spot, given.no_use_spot) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            num_nodes: given.num_nodes,
            max_hourly_cost: given.max_hourly_cost,
            estimated_runtime: given.estimated_runtime,
            disk_size: given.disk_size,
            disk_tier: given.disk_tier,
            image_id: given.image_id,
            ports: given.ports,
            autostop: given.autostop,
            workdir: given.workdir,
            run,
            envs: given.env,
            secrets: given.secret.into_iter().map(Secret::new).collect(),
            policy: given.policy,
            retry_until_up: given.retry_until_up.then_some(true),
            max_wait: given.max_wait,
            max_attempts: given.max_attempts,
            budget: given.budget,
            retry_gap: given.retry_gap,
            exclude: given.exclude,
            ..Flags::default()
        }
    }
}

/// A path rather than a command: that it looks like one is enough, so that a misspelt path is an error and not run.
pub(super) fn is_file(word: &str) -> bool {
    let ending = Path::new(word).extension().map(std::ffi::OsStr::to_ascii_lowercase);
    word == "-" || ending.is_some_and(|ending| ending == "yaml" || ending == "yml")
}
