//! From blocks to alternatives: `any_of`, `ordered`, sets and lists of accelerators, each laid over the outer fields.

use crate::model::{Bound, Money, Span};
use crate::yaml::{Fields, Node, Reader};

use super::accelerator::Wanted;
use super::block::{Block, Choice};
use super::located::{At, Located};
use super::machine::{Machine, Stopping};
use super::pattern::Pattern;

/// More alternatives than anyone writes by hand; each costs the optimizer a pass.
const MOST: usize = 1000;

/// One way to meet a task, as written: names are not looked up yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alternative {
    /// Where it was written, for errors that concern it as a whole.
    pub at: At,
    /// The accelerators of a node, if any.
    pub accelerator: Option<Located<Wanted>>,
    /// Any of these instance types; empty for any.
    pub instance_types: Vec<Located<String>>,
    /// vCPUs, in thousandths.
    pub cpus: Option<Located<Bound>>,
    /// Memory, in MiB.
    pub memory: Option<Located<Bound>>,
    /// Spot instead of on-demand.
    pub use_spot: bool,
    /// The most a node may cost, in dollars per hour.
    pub max_price_hourly: Option<Money>,
    /// How long the work takes on this.
    pub runtime: Option<Span>,
    /// Any of these places; if empty, the next three say where.
    pub patterns: Vec<Located<Pattern>>,
    /// The cloud.
    pub cloud: Option<Located<String>>,
    /// The region.
    pub region: Option<Located<String>>,
    /// The zone.
    pub zone: Option<Located<String>>,
    /// Rank in order of preference; lower is tried first.
    pub preference: u16,
    /// Where an image given per region was written.
    pub image_at: At,
    /// Everything else about the machine.
    pub machine: Machine,
}

/// All ways to meet a task.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Alternatives {
    pub(super) list: Vec<Alternative>,
    pub(super) ordered: bool,
}

/// Which annotation a list of blocks has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    AnyOf,
    Ordered,
}

impl Kind {
    const fn key(self) -> &'static str {
        match self {
            Self::AnyOf => "any_of",
            Self::Ordered => "ordered",
        }
    }

    const fn entry(self) -> &'static str {
        match self {
            Self::AnyOf => "an entry of any_of",
            Self::Ordered => "an entry of ordered",
        }
    }
}

/// Reads `resources` and lays the flags over every alternative in it.
pub(super) fn read(resources: Option<(&Node, &Reader)>, flags: &Block) -> Alternatives {
    let Some((node, reader)) = resources else { return expand(&[(flags.clone(), At::default())], None) };
    let at = At::node(reader, node);
    let Some(fields) = reader.fields(node, "resources") else { return Alternatives::default() };
    let base = Block::read(&fields, &["any_of", "ordered"]);
    let kind = kind(&fields, &base, flags);
    let Some((kind, entries)) = kind else { return expand(&[(flags.clone().over(&base), at)], None) };
    let merge = |entry: &Node| {
        let fields = reader.fields(entry, kind.entry())?;
        let block = Block::read(&fields, &[]);
        Some((flags.clone().over(&block.over(&base)), At::node(reader, entry)))
    };
    let blocks: Vec<(Block, At)> = entries.iter().filter_map(merge).collect();
    let found = expand(&blocks, Some(kind));
    if found.list.len() > MOST {
        reader.error(node.spot, format!("resources list {} alternatives, more than {MOST}", found.list.len()));
    }
    found
}

/// The list of blocks, if there is one, with the mixtures refused that have no clear order.
fn kind<'n>(fields: &Fields<'_, '_, 'n>, base: &Block, flags: &Block) -> Option<(Kind, &'n [Node])> {
    let reader = fields.reader();
    let kind = match (fields.get("any_of").is_some(), fields.get("ordered").is_some()) {
        (false, false) => return None,
        (true, true) => {
            let spot = fields.map().entry("ordered").map(|e| e.key_spot).unwrap_or_default();
            reader.error_hint(spot, "any_of and ordered exclude each other", "keep one of them".to_owned());
            return None;
        }
        (true, false) => Kind::AnyOf,
        (false, true) => Kind::Ordered,
    };
    let entries = fields.list(kind.key())?;
    if entries.is_empty() {
        reader.error(fields.get(kind.key())?.spot, format!("{} is empty", kind.key()));
    }
    // What the flags replace cannot contradict.
    let outer = base.accelerators.given().filter(|_| flags.accelerators.given().is_none());
    if let Some(Located { value: Choice { items, ordered }, at }) = outer {
        if kind == Kind::Ordered && items.len() > 1 {
            let hint = "give the accelerators in the entries of ordered".to_owned();
            reader.error_hint(at.spot, "several accelerators cannot be combined with ordered", hint);
        }
        if kind == Kind::AnyOf && *ordered && items.len() > 1 {
            let hint = "write a mapping {A: 1, B: 1} if any will do".to_owned();
            reader.error_hint(at.spot, "an ordered list of accelerators cannot be combined with any_of", hint);
        }
    }
    Some((kind, entries))
}

/// One alternative for each accelerator of each block.
fn expand(blocks: &[(Block, At)], kind: Option<Kind>) -> Alternatives {
    let mut found = Alternatives { list: Vec::new(), ordered: kind == Some(Kind::Ordered) };
    let mut rank: u16 = 0;
    for (block, at) in blocks {
        let choice = block.accelerators.given().map(|located| &located.value);
        let ranked = choice.is_some_and(|c| c.ordered && c.items.len() > 1) && kind != Some(Kind::AnyOf);
        found.ordered |= ranked;
        for item in choice.map_or(&[][..], |c| &c.items) {
            found.push(alternative(block, at, Some(item.clone()), rank));
            rank = rank.saturating_add(u16::from(ranked));
        }
        if choice.is_none() {
            found.push(alternative(block, at, None, rank));
        }
        rank = rank.saturating_add(u16::from(kind == Some(Kind::Ordered) && !ranked));
    }
    found
}

impl Alternatives {
    /// The same thing again, with a later rank at best, is never tried.
    fn push(&mut self, new: Alternative) {
        // Copied once and made like each in what does not count: a copy of each would cost more than all else.
        let mut like = new.clone();
        let same = |old: &Alternative| {
            like.preference = old.preference;
            like.at.clone_from(&old.at);
            like.image_at.clone_from(&old.image_at);
            like == *old
        };
        if !self.list.iter().any(same) {
            self.list.push(new);
        }
    }
}

fn alternative(block: &Block, at: &At, accelerator: Option<Located<Wanted>>, preference: u16) -> Alternative {
    let block = block.clone();
    let image_at = block.image.given().map(|l| l.at.clone()).unwrap_or_default();
    Alternative {
        at: at.clone(),
        accelerator,
        instance_types: block.instance_types.value().unwrap_or_default(),
        cpus: block.cpus.located(),
        memory: block.memory.located(),
        use_spot: block.use_spot.value().unwrap_or(false),
        max_price_hourly: block.max_price_hourly.value(),
        runtime: block.runtime.value(),
        patterns: block.patterns.value().unwrap_or_default(),
        cloud: block.cloud.located(),
        region: block.region.located(),
        zone: block.zone.located(),
        preference,
        image_at,
        machine: Machine {
            disk_size_gb: block.disk_size.value(),
            disk_tier: block.disk_tier.value(),
            image: block.image.value(),
            ports: block.ports.value().unwrap_or_default(),
            labels: block.labels.value().unwrap_or_default(),
            autostop: block.autostop.value().and_then(Stopping::after),
            accelerator_args: block.accelerator_args.value().unwrap_or_default(),
            job_recovery: block.job_recovery.value(),
        },
    }
}
