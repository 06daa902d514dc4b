//! Command-line flags, laid over every alternative of the file.

use crate::yaml::{Fields, Node, Problem, Reader};

use super::block::{self, Block};
use super::failover::Options;
use super::located::Field;
use super::secret::Secret;
use super::work::is_variable;

/// What the command line says, still as text so that an error can repeat it. `none` takes away what the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flags {
    /// `--name`: the task's name.
    pub name: Option<String>,
    /// `--gpus`: as `accelerators` in a file.
    pub gpus: Option<String>,
    /// `--instance-type`.
    pub instance_type: Option<String>,
    /// `--infra`: replaces cloud, region and zone.
    pub infra: Option<String>,
    /// `--cloud`: takes away region and zone of the file.
    pub cloud: Option<String>,
    /// `--region`: takes away the zone of the file.
    pub region: Option<String>,
    /// `--zone`.
    pub zone: Option<String>,
    /// `--cpus`.
    pub cpus: Option<String>,
    /// `--memory`.
    pub memory: Option<String>,
    /// `--use-spot`, `--no-use-spot`.
    pub use_spot: Option<bool>,
    /// `--num-nodes`.
    pub num_nodes: Option<u16>,
    /// `--max-hourly-cost`, in dollars.
    pub max_hourly_cost: Option<String>,
    /// `--estimated-runtime`.
    pub estimated_runtime: Option<String>,
    /// `--disk-size`, in GB.
    pub disk_size: Option<String>,
    /// `--disk-tier`.
    pub disk_tier: Option<String>,
    /// `--image-id`.
    pub image_id: Option<String>,
    /// `--ports`, each occurrence.
    pub ports: Vec<String>,
    /// `--autostop`: a duration, or minutes.
    pub autostop: Option<String>,
    /// `--workdir`.
    pub workdir: Option<String>,
    /// The command to run, where it is given instead of a file.
    pub run: Option<String>,
    /// `--env NAME=VALUE`, each occurrence. (Without a value it is for the caller to look one up.)
    pub envs: Vec<String>,
    /// `--secret NAME=VALUE`, each occurrence.
    pub secrets: Vec<Secret>,
    /// `--policy`.
    pub policy: Option<String>,
    /// `--hedge`.
    pub hedge: Option<String>,
    /// `--retry-until-up`.
    pub retry_until_up: Option<bool>,
    /// `--max-wait`.
    pub max_wait: Option<String>,
    /// `--max-attempts`.
    pub max_attempts: Option<u32>,
    /// `--budget`, in dollars.
    pub budget: Option<String>,
    /// `--retry-gap`.
    pub retry_gap: Option<String>,
    /// `--exclude`, each occurrence.
    pub exclude: Vec<String>,
}

/// The flags as the blocks that they are laid over the file as.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    pub(super) block: Block,
    pub(super) options: Options,
    pub(super) envs: Vec<(String, String)>,
    pub(super) secrets: Vec<(String, Secret)>,
    pub(super) problems: Vec<Problem>,
}

impl Overlay {
    /// Reads the flags with the readers of the file, flag by flag.
    pub(super) fn new(flags: &Flags) -> Self {
        let mut overlay = Self::default();
        overlay.resources(flags);
        overlay.place(flags);
        overlay.failover(flags);
        overlay.variables(flags);
        if flags.num_nodes == Some(0) {
            overlay.problems.push(Problem::unplaced("--num-nodes '0'", "a task needs at least one node"));
        }
        overlay
    }

    fn resources(&mut self, flags: &Flags) {
        let mut block = Block::default();
        let of = |key, value: &Option<String>| (key, value.clone());
        let texts = [
            of("accelerators", &flags.gpus),
            of("instance_type", &flags.instance_type),
            of("cpus", &flags.cpus),
            of("memory", &flags.memory),
            of("max_hourly_cost", &flags.max_hourly_cost),
            of("estimated_runtime", &flags.estimated_runtime),
            of("disk_size", &flags.disk_size),
            of("disk_tier", &flags.disk_tier),
            of("image_id", &flags.image_id),
            of("autostop", &flags.autostop),
            of("use_spot", &flags.use_spot.map(|spot| spot.to_string())),
        ];
        for (key, value) in texts {
            let flag = if key == "accelerators" { "--gpus".to_owned() } else { format!("--{}", key.replace('_', "-")) };
            if let Some(value) = value {
                let read = self.read(&flag, key, &value, |fields| Block::read(fields, &[]));
                block = read.unwrap_or_default().over(&block);
            }
        }
        if !flags.ports.is_empty() {
            let list = format!("[{}]", flags.ports.join(", "));
            let read = self.read("--ports", "ports", &list, |fields| Block::read(fields, &[]));
            block = read.unwrap_or_default().over(&block);
        }
        self.block = block;
    }

    fn place(&mut self, flags: &Flags) {
        let parts = [("cloud", &flags.cloud), ("region", &flags.region), ("zone", &flags.zone)];
        if let Some(text) = &flags.infra {
            for (key, _) in parts.iter().filter(|(_, value)| value.is_some()) {
                let message = format!("--infra and --{key} exclude each other");
                self.problems.push(Problem::unplaced(format!("--infra '{text}'"), message));
            }
            let read = self.read("--infra", "infra", text, |fields| block::field(fields, "infra", block::infra));
            self.block.set_infra(read.unwrap_or_default());
            return;
        }
        // A coarser place than the file's takes the finer ones away: `--cloud aws` over `region: us-central1`.
        let mut coarser = false;
        for (key, value) in parts {
            let field = match value {
                Some(text) => self
                    .read(&format!("--{key}"), key, text, |fields| {
                        let block = Block::read(fields, &[]);
                        block.cloud.over(block.region).over(block.zone)
                    })
                    .unwrap_or_default(),
                None if coarser => Field::Cleared,
                None => Field::Absent,
            };
            coarser |= value.is_some();
            match key {
                "cloud" => self.block.cloud = field,
                "region" => self.block.region = field,
                _ => self.block.zone = field,
            }
        }
    }

    fn failover(&mut self, flags: &Flags) {
        let texts = [
            ("policy", flags.policy.clone()),
            ("hedge", flags.hedge.clone()),
            ("max_wait", flags.max_wait.clone()),
            ("max_attempts", flags.max_attempts.map(|n| n.to_string())),
            ("budget", flags.budget.clone()),
            ("retry_gap", flags.retry_gap.clone()),
            ("retry_until_up", flags.retry_until_up.map(|retry| retry.to_string())),
        ];
        let excluded = flags.exclude.iter().map(|place| ("exclude", Some(place.clone())));
        for (key, value) in texts.into_iter().chain(excluded) {
            let Some(value) = value else { continue };
            let read = self.read(&format!("--{}", key.replace('_', "-")), key, &value, Options::read);
            self.options = read.unwrap_or_default().over(std::mem::take(&mut self.options));
        }
    }

    fn variables(&mut self, flags: &Flags) {
        for text in &flags.envs {
            match split_variable(text) {
                Some((name, value)) => self.envs.push((name.to_owned(), value.to_owned())),
                None => self.problems.push(not_a_variable("--env", text)),
            }
        }
        for secret in &flags.secrets {
            match split_variable(secret.expose()) {
                Some((name, value)) => self.secrets.push((name.to_owned(), Secret::new(value))),
                // Without an equals sign all of it may be the secret.
                None => self.problems.push(not_a_variable("--secret", "***")),
            }
        }
    }

    /// Reads one flag as the file's mapping with that one key.
    fn read<T>(&mut self, flag: &str, key: &str, text: &str, read: impl FnOnce(&Fields) -> T) -> Option<T> {
        let reader = Reader::for_flag(flag, text);
        let root = Node::pair(key, value_of(text));
        let found = reader.fields(&root, flag).map(|fields| read(&fields));
        let (problems, _) = reader.finish();
        self.problems.extend(problems);
        found
    }
}

/// A flag may hold a mapping or a list as a file may: `--gpus '{A10:1, L4:1}'`.
fn value_of(text: &str) -> Node {
    let plain = || Node::text(text);
    if !text.starts_with(['{', '[']) {
        return plain();
    }
    let source = crate::yaml::Source { name: "", text };
    let root = crate::yaml::parse(&source).ok().and_then(|documents| documents.into_iter().next());
    root.map_or_else(plain, |document| document.root)
}

fn split_variable(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(name, _)| is_variable(name))
}

fn not_a_variable(flag: &str, shown: &str) -> Problem {
    let place = format!("{flag} {}", crate::yaml::quote(shown));
    Problem::unplaced(place, "a variable must be NAME=VALUE, its name letters, digits and underscores".to_owned())
}
