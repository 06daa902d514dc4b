//! One block of resources as written: the outer one, an entry of `any_of` or `ordered`, or the flags.

use crate::model::{Bound, Money, Span};
use crate::yaml::{Fields, Node, Reader};

use super::accelerator::Wanted;
use super::located::{At, Field, Located};
use super::machine::{self, Image, Stopping};
use super::pattern::{self, Pattern};
use super::{amount, known};

/// Accelerators to choose from.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Choice {
    /// Each of them.
    pub(super) items: Vec<Located<Wanted>>,
    /// In order of preference (a list), or equally good (a mapping).
    pub(super) ordered: bool,
}

/// The keys of a block; what is absent shows what lies below.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Block {
    pub(super) accelerators: Field<Choice>,
    pub(super) accelerator_args: Field<Vec<(String, String)>>,
    pub(super) instance_types: Field<Vec<Located<String>>>,
    pub(super) cpus: Field<Bound>,
    pub(super) memory: Field<Bound>,
    pub(super) use_spot: Field<bool>,
    pub(super) max_price_hourly: Field<Money>,
    pub(super) runtime: Field<Span>,
    /// Several places, or one with wildcards below the cloud; excludes the next three.
    pub(super) patterns: Field<Vec<Located<Pattern>>>,
    pub(super) cloud: Field<String>,
    pub(super) region: Field<String>,
    pub(super) zone: Field<String>,
    pub(super) disk_size: Field<u32>,
    pub(super) disk_tier: Field<&'static str>,
    pub(super) image: Field<Image>,
    pub(super) ports: Field<Vec<String>>,
    pub(super) labels: Field<Vec<(String, String)>>,
    pub(super) autostop: Field<Stopping>,
    pub(super) job_recovery: Field<String>,
}

impl Block {
    /// Reads the keys of a block; `extra` are keys that somebody else reads.
    pub(super) fn read(fields: &Fields, extra: &[&str]) -> Self {
        let keys: Vec<&str> = known::RESOURCES.iter().chain(extra).copied().collect();
        known::check(fields, &keys, known::misplaced_in_resources);
        known::warn_ignored(fields, &known::RESOURCES_IGNORED);
        let mut block = Self {
            accelerators: field(fields, one_name(fields, &["accelerators", "accelerator", "gpus"]), accelerators),
            accelerator_args: field(fields, "accelerator_args", |r, n| machine::pairs(r, n, "accelerator_args")),
            instance_types: field(fields, "instance_type", instance_types),
            cpus: field(fields, "cpus", cpus),
            memory: field(fields, "memory", memory),
            use_spot: field(fields, "use_spot", |r, n| r.boolean(n, "use_spot")),
            max_price_hourly: field(fields, "max_hourly_cost", |r, n| money(r, n, "max_hourly_cost")),
            runtime: field(fields, "estimated_runtime", |r, n| r.parsed(n, "estimated_runtime")),
            cloud: field(fields, "cloud", |r, n| place_part(r, n, "cloud")).without_any(),
            region: field(fields, "region", |r, n| place_part(r, n, "region")).without_any(),
            zone: field(fields, "zone", |r, n| place_part(r, n, "zone")).without_any(),
            disk_size: field(fields, "disk_size", machine::disk_size),
            disk_tier: field(fields, "disk_tier", machine::disk_tier),
            image: field(fields, "image_id", machine::image),
            ports: field(fields, "ports", machine::ports),
            labels: field(fields, "labels", |r, n| machine::pairs(r, n, "labels")),
            autostop: field(fields, "autostop", machine::autostop),
            job_recovery: field(fields, one_name(fields, &["job_recovery", "spot_recovery"]), recovery),
            patterns: Field::Absent,
        };
        block.read_infra(fields);
        block
    }

    fn read_infra(&mut self, fields: &Fields) {
        let Some(entry) = fields.map().entry("infra") else { return };
        for key in ["cloud", "region", "zone"] {
            if fields.get(key).is_some() {
                let hint = format!("write infra: CLOUD/REGION/ZONE and leave {key} out");
                fields.reader().error_hint(entry.key_spot, format!("infra and {key} exclude each other"), hint);
            }
        }
        self.set_infra(field(fields, "infra", infra));
    }

    /// Takes over a whole place. A single plain one is the same as `cloud`, `region` and `zone`, so that an entry
    /// that names a region lies over an outer `infra: aws`.
    pub(super) fn set_infra(&mut self, infra: Field<Vec<Located<Pattern>>>) {
        if infra == Field::Absent {
            return;
        }
        self.patterns = Field::Cleared;
        (self.cloud, self.region, self.zone) = (Field::Cleared, Field::Cleared, Field::Cleared);
        match infra.located() {
            Some(Located { value, .. }) if value.len() == 1 && !value[0].value.is_wild() => {
                let Located { value: Pattern { cloud, region, zone }, at } =
                    value.into_iter().next().unwrap_or_default();
                let part = |part: Option<String>| match part {
                    Some(value) => Field::Given(Located { value, at: at.clone() }),
                    None => Field::Cleared,
                };
                (self.cloud, self.region, self.zone) = (part(cloud), part(region), part(zone));
            }
            Some(several) => self.patterns = Field::Given(several),
            None => {}
        }
    }

    /// This block laid over `below`: what is given here replaces it, labels are merged.
    pub(super) fn over(self, below: &Self) -> Self {
        let below = below.clone();
        let names_place = [&self.cloud, &self.region, &self.zone].iter().any(|part| part.given().is_some());
        let patterns = if names_place { Field::Cleared } else { self.patterns.over(below.patterns) };
        Self {
            accelerators: self.accelerators.over(below.accelerators),
            accelerator_args: self.accelerator_args.over(below.accelerator_args),
            instance_types: self.instance_types.over(below.instance_types),
            cpus: self.cpus.over(below.cpus),
            memory: self.memory.over(below.memory),
            use_spot: self.use_spot.over(below.use_spot),
            max_price_hourly: self.max_price_hourly.over(below.max_price_hourly),
            runtime: self.runtime.over(below.runtime),
            patterns,
            cloud: self.cloud.over(below.cloud),
            region: self.region.over(below.region),
            zone: self.zone.over(below.zone),
            disk_size: self.disk_size.over(below.disk_size),
            disk_tier: self.disk_tier.over(below.disk_tier),
            image: self.image.over(below.image),
            ports: self.ports.over(below.ports),
            labels: merged(self.labels, below.labels),
            autostop: self.autostop.over(below.autostop),
            job_recovery: self.job_recovery.over(below.job_recovery),
        }
    }
}

impl Pattern {
    /// True if a part below the cloud has to be compared name by name.
    pub(super) fn is_wild(&self) -> bool {
        [&self.cloud, &self.region, &self.zone].iter().any(|part| part.as_ref().is_some_and(|p| p.contains('*')))
    }
}

impl Field<String> {
    /// `*` means any.
    fn without_any(self) -> Self {
        if self.given().is_some_and(|l| l.value == "*") { Self::Cleared } else { self }
    }
}

/// Reads a key with its place.
pub(super) fn field<T>(fields: &Fields, key: &str, read: impl FnOnce(&Reader, &Node) -> Option<T>) -> Field<T> {
    let Some(entry) = fields.map().entry(key) else { return Field::Absent };
    let node = &entry.value;
    if node.is_null() || node.as_str().is_some_and(|text| text.eq_ignore_ascii_case("none")) {
        return Field::Cleared;
    }
    let reader = fields.reader();
    read(reader, node).map_or(Field::Absent, |value| Field::Given(Located::new(value, reader, node)))
}

/// The one key of several with the same meaning that is used; more than one is an error.
fn one_name<'k>(fields: &Fields, names: &[&'k str]) -> &'k str {
    let used: Vec<&str> = names.iter().copied().filter(|name| fields.map().entry(name).is_some()).collect();
    if let [first, second, ..] = used.as_slice()
        && let Some(entry) = fields.map().entry(second)
    {
        let message = format!("{second} and {first} mean the same");
        fields.reader().error_hint(entry.key_spot, message, "keep one of them".to_owned());
    }
    used.first().copied().unwrap_or(names[0])
}

fn merged(over: Field<Vec<(String, String)>>, below: Field<Vec<(String, String)>>) -> Field<Vec<(String, String)>> {
    match (over, below) {
        (Field::Given(over), Field::Given(below)) => {
            let hidden = |key: &str| over.value.iter().any(|(k, _)| k == key);
            let mut labels: Vec<_> = below.value.into_iter().filter(|(key, _)| !hidden(key)).collect();
            labels.extend(over.value);
            Field::Given(Located { value: labels, at: over.at })
        }
        (over, below) => over.over(below),
    }
}

/// A name, a mapping (equally good), or a list (in order of preference).
pub(super) fn accelerators(reader: &Reader, node: &Node) -> Option<Choice> {
    if node.as_map().is_some_and(|map| map.entries.is_empty()) || node.as_list().is_some_and(<[Node]>::is_empty) {
        reader.error_hint(node.spot, "accelerators is empty", "leave it out for a machine without any".to_owned());
        return None;
    }
    if let Some(map) = node.as_map() {
        let one = |entry: &crate::yaml::Entry| wanted_pair(reader, entry);
        return Some(Choice { items: map.entries.iter().filter_map(one).collect(), ordered: false });
    }
    let Some(items) = node.as_list() else {
        return Some(Choice { items: vec![wanted(reader, node, node.as_str()?)?], ordered: false });
    };
    let mut choice = Choice { items: Vec::new(), ordered: true };
    for item in items {
        match (item.as_map(), item.as_str()) {
            (Some(map), _) => choice.items.extend(map.entries.iter().filter_map(|e| wanted_pair(reader, e))),
            (None, Some(text)) => choice.items.extend(wanted(reader, item, text)),
            (None, None) => {
                reader
                    .error(item.spot, format!("an accelerator must be a text such as V100:8, not {}", item.describe()));
            }
        }
    }
    Some(choice)
}

/// `V100: 8`, or `V100:8` as a key without a value.
fn wanted_pair(reader: &Reader, entry: &crate::yaml::Entry) -> Option<Located<Wanted>> {
    let key = Node { spot: entry.key_spot, ..Node::text(&entry.key) };
    if entry.value.is_null() {
        return wanted(reader, &key, &entry.key);
    }
    let count = reader.string(&entry.value, "the count of an accelerator")?;
    // Which of the two is wrong decides where the caret goes.
    wanted(reader, &key, &entry.key)?;
    let at = At::node(reader, &key);
    wanted(reader, &entry.value, &format!("{}:{count}", entry.key)).map(|w| Located { at, ..w })
}

fn wanted(reader: &Reader, node: &Node, text: &str) -> Option<Located<Wanted>> {
    match text.parse::<Wanted>() {
        Ok(value) => Some(Located::new(value, reader, node)),
        Err(error) => {
            reader.error_hint(node.spot, error.to_string(), error.hint());
            None
        }
    }
}

fn instance_types(reader: &Reader, node: &Node) -> Option<Vec<Located<String>>> {
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    // One that is wrong leaves the key unread: fewer types than written would be another request.
    items
        .iter()
        .map(|item| Some(Located::new(reader.string(item, "instance_type")?.to_owned(), reader, item)))
        .collect()
}

fn cpus(reader: &Reader, node: &Node) -> Option<Bound> {
    let bound = node.as_str().and_then(amount::cpus);
    if bound.is_none() {
        let message = format!("cpus must be a number of vCPUs, not {}", node.describe());
        reader.error_hint(node.spot, message, "write 8 for exactly eight, 8+ for at least eight".to_owned());
    }
    bound
}

fn memory(reader: &Reader, node: &Node) -> Option<Bound> {
    let bound = node.as_str().and_then(amount::memory);
    if bound.is_none() {
        let message = format!("memory must be an amount of GB, not {}", node.describe());
        reader.error_hint(node.spot, message, "write 32 for exactly 32 GB, 32+ or 1TB+ for at least that".to_owned());
    }
    bound
}

pub(super) fn money(reader: &Reader, node: &Node, name: &str) -> Option<Money> {
    let amount: Money = reader.parsed(node, name)?;
    if amount <= Money::ZERO {
        reader.error(node.spot, format!("{name} must be more than zero, not {}", node.describe()));
        return None;
    }
    Some(amount)
}

fn place_part(reader: &Reader, node: &Node, name: &str) -> Option<String> {
    let text = reader.string(node, name)?.trim();
    if text.contains('/') {
        let hint = format!("write infra: {text}");
        reader.error_hint(node.spot, format!("{name} must be one name, not {}", node.describe()), hint);
        return None;
    }
    Some(text.to_owned())
}

/// One place or a list of them.
pub(super) fn infra(reader: &Reader, node: &Node) -> Option<Vec<Located<Pattern>>> {
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    let one = |item: &Node| {
        let text = reader.string(item, "infra")?;
        match pattern::infra(text) {
            Ok(pattern) => Some(Located::new(pattern, reader, item)),
            Err(message) => {
                let hint = "write CLOUD, CLOUD/REGION or CLOUD/REGION/ZONE, with * for any".to_owned();
                reader.error_hint(item.spot, message, hint);
                None
            }
        }
    };
    items.iter().map(one).collect()
}

/// `FAILOVER`, or `{strategy: FAILOVER, ...}`.
fn recovery(reader: &Reader, node: &Node) -> Option<String> {
    let name = if node.as_map().is_some() {
        let fields = reader.fields(node, "job_recovery")?;
        fields.get("strategy").map_or(Some(""), |strategy| reader.string(strategy, "strategy"))?
    } else {
        reader.string(node, "job_recovery")?
    };
    Some(name.to_ascii_uppercase())
}
