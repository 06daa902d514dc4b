//! What a scenario says of the offerings that a selector names.
//!
//! **Invariant:** each setting is looked up by itself, so a line that only sets the latency leaves the stock as a less
//! specific line has it.

use crate::catalog::Catalog;
use crate::denials::{Body, bodies};
use crate::model::{Offering, Span, ZoneId};
use crate::sim::law::Law;
use crate::sim::market::Stock;
use crate::yaml::{Fields, Node, Reader, did_you_mean, quote};

use super::library::Traces;
use super::selector::Selector;
use super::{codes, laws, stocks};

/// One line under `clouds`.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it speaks of.
    pub selector: Selector,
    /// The stock.
    pub pool: Option<Stock>,
    /// True if all types with the same accelerator share one stock, counted in accelerators.
    pub share: Option<bool>,
    /// Limits of the account.
    pub quota: Option<Vec<QuotaSpec>>,
    /// Latencies, by outcome.
    pub latency: Vec<(Outcome, Law)>,
    /// What goes wrong, each with its probability.
    pub faults: Vec<(Fault, f64)>,
    /// True if the credentials are bad.
    pub unauthorized: Option<bool>,
    /// How long spot leases live.
    pub life: Option<Life>,
    /// How long before the end of a spot lease the cloud says so.
    pub notice: Option<Span>,
    /// Project, account or subscription that the cloud's words name.
    pub account: Option<String>,
    /// Zones that a stockout answer recommends.
    pub hint: Option<String>,
    /// Bodies to answer with, by what they are for.
    pub bodies: Vec<(Refused, &'static str)>,
}

/// How long a spot lease lives.
#[derive(Debug, Clone, PartialEq)]
pub enum Life {
    /// Until it is released.
    Forever,
    /// As long as this law draws.
    Drawn(Law),
}

/// A limit as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuotaSpec {
    /// In vCPUs or GPUs, as the cloud meters the family; infinite where there is no limit.
    pub limit: f64,
    /// What others in the account hold.
    pub usage: f64,
    /// What it is a limit on.
    pub scope: QuotaScope,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All, in the order they are listed.
            pub const ALL: &[(&str, Self)] = &[$(($word, Self::$variant),)*];

            /// The words they are written with.
            pub fn words() -> Vec<&'static str> {
                Self::ALL.iter().map(|(word, _)| *word).collect()
            }
        }
    };
}

pub(super) use words;

words! {
    /// What a limit is on.
    QuotaScope {
        /// A quota family in a region.
        Family = "family",
        /// Everything in a region.
        Region = "region",
        /// All accelerators (or, without, all vCPUs) of the cloud.
        Global = "global",
    }
}

words! {
    /// Outcomes with a latency of their own.
    Outcome {
        /// All nodes up.
        Launched = "launched",
        /// No capacity.
        Stockout = "stockout",
        /// Over quota.
        Quota = "quota",
        /// Too many calls.
        Throttle = "throttle",
        /// Bad credentials.
        Unauthorized = "unauthorized",
        /// The connection breaks.
        Lost = "lost",
        /// A release.
        Release = "release",
        /// A listing.
        Find = "find",
    }
}

words! {
    /// What can go wrong with some probability.
    Fault {
        /// Turned away for its pace.
        Throttle = "throttle",
        /// The answer is lost.
        Lost = "lost",
        /// Never answered.
        Hang = "hang",
        /// A gang comes up in part.
        Partial = "partial",
        /// A release fails.
        ReleaseFailed = "release_failed",
        /// A listing does not show what was just made.
        ListLag = "list_lag",
    }
}

words! {
    /// Refusals whose words can be chosen.
    Refused {
        /// No capacity.
        Stockout = "stockout",
        /// Over quota.
        Quota = "quota",
        /// Too many calls.
        Throttle = "throttle",
        /// Bad credentials.
        Unauthorized = "unauthorized",
    }
}

/// Keys of a line.
pub(super) const KEYS: &[&str] =
    &["pool", "share", "quota", "api", "faults", "spot", "shocks", "account", "hint", "answers"];

impl Line {
    /// Reads one line; problems go to the reader.
    pub(super) fn read(reader: &Reader, selector: Selector, node: &Node, traces: &Traces<'_>) -> Option<Self> {
        let shorthand = node.as_str().filter(|text| ["always", "never"].contains(text));
        let mut line = Self::nothing(selector);
        if shorthand.is_some() {
            line.pool = stocks::read(reader, node, traces);
            return Some(line);
        }
        let fields = reader.fields(node, "a selector's settings")?;
        fields.only(KEYS);
        line.pool = fields.get("pool").and_then(|node| stocks::read(reader, node, traces));
        line.share = fields.one_of("share", &["type", "accelerator"]).map(|word| word == "accelerator");
        line.quota = fields.get("quota").and_then(|node| quotas(reader, node));
        if line.quota.is_some() && line.selector.is_zonal() {
            let spot = fields.get("quota").map(|node| node.spot).unwrap_or_default();
            reader.error(spot, "a quota is of a region or a cloud, but this selector names a zone");
        }
        line.latency = latency(&fields);
        line.faults = faults(&fields);
        line.unauthorized = fields.fields("faults").and_then(|faults| faults.boolean("unauthorized"));
        if let Some(spot) = fields.fields("spot") {
            line.spot(&spot);
        }
        line.account = fields.string("account").map(str::to_owned);
        line.hint = fields.string("hint").map(str::to_owned);
        line.bodies = fields.fields("answers").map(|answers| answer_bodies(&answers)).unwrap_or_default();
        Some(line)
    }

    fn nothing(selector: Selector) -> Self {
        Self {
            selector,
            pool: None,
            share: None,
            quota: None,
            latency: Vec::new(),
            faults: Vec::new(),
            unauthorized: None,
            life: None,
            notice: None,
            account: None,
            hint: None,
            bodies: Vec::new(),
        }
    }

    fn spot(&mut self, fields: &Fields) {
        fields.only(&["life", "hazard_hourly", "notice"]);
        let reader = fields.reader();
        self.notice = fields.parsed("notice");
        self.life = fields.get("life").and_then(|node| {
            if node.as_str() == Some("forever") {
                return Some(Life::Forever);
            }
            laws::read(reader, node, "life").map(Life::Drawn)
        });
        if let Some(node) = fields.get("hazard_hourly") {
            if self.life.is_some() {
                reader.error(node.spot, "either life or hazard_hourly, not both");
            }
            let hazard = reader.number(node, "hazard_hourly", 0.0..=1e6);
            self.life = hazard.map(|hazard| {
                if hazard > 0.0 { Life::Drawn(Law::Exponential { mean: 3600.0 / hazard }) } else { Life::Forever }
            });
        }
    }
}

fn latency(fields: &Fields) -> Vec<(Outcome, Law)> {
    let Some(api) = fields.fields("api") else { return Vec::new() };
    api.only(&Outcome::words());
    let read = |(word, outcome): &(&str, Outcome)| {
        let node = api.get(word)?;
        Some((*outcome, laws::read(api.reader(), node, word)?))
    };
    Outcome::ALL.iter().filter_map(read).collect()
}

fn faults(fields: &Fields) -> Vec<(Fault, f64)> {
    let Some(faults) = fields.fields("faults") else { return Vec::new() };
    let mut known = Fault::words();
    known.push("unauthorized");
    faults.only(&known);
    Fault::ALL.iter().filter_map(|(word, fault)| Some((*fault, faults.number(word, 0.0..=1.0)?))).collect()
}

fn answer_bodies(answers: &Fields) -> Vec<(Refused, &'static str)> {
    answers.only(&Refused::words());
    let read = |entry: &crate::yaml::Entry| {
        let refused = Refused::ALL.iter().find(|(word, _)| *word == entry.key)?.1;
        let text = answers.string(&entry.key)?;
        let all = || ["aws", "azure", "gcp"].into_iter().flat_map(bodies).map(|body: &Body| body.key.as_str());
        let found = all().find(|key| key.eq_ignore_ascii_case(text));
        if found.is_none() {
            let message = format!("{} is not the key of an error body", quote(text));
            answers.reader().error_code(codes::UNKNOWN_NAME, entry.value.spot, message, did_you_mean(text, all()));
        }
        found.map(|key| (refused, key))
    };
    answers.map().entries.iter().filter_map(read).collect()
}

/// A number, `unlimited`, a mapping, or a list of those.
fn quotas(reader: &Reader, node: &Node) -> Option<Vec<QuotaSpec>> {
    match node.as_list() {
        Some(items) => items.iter().map(|item| quota(reader, item)).collect::<Vec<_>>().into_iter().collect(),
        None => quota(reader, node).map(|quota| vec![quota]),
    }
}

fn quota(reader: &Reader, node: &Node) -> Option<QuotaSpec> {
    if node.as_map().is_none() {
        return limit(reader, node).map(|limit| QuotaSpec { limit, usage: 0.0, scope: QuotaScope::Family });
    }
    let fields = reader.fields(node, "quota")?;
    fields.only(&["limit", "usage", "scope"]);
    let usage = fields.number("usage", 0.0..=1e9).unwrap_or(0.0);
    let word = fields.one_of("scope", &QuotaScope::words());
    let scope =
        QuotaScope::ALL.iter().find(|(known, _)| Some(*known) == word).map_or(QuotaScope::Family, |(_, scope)| *scope);
    let limit = fields.require("limit", node.spot).and_then(|node| limit(reader, node))?;
    Some(QuotaSpec { limit, usage, scope })
}

fn limit(reader: &Reader, node: &Node) -> Option<f64> {
    if node.as_str() == Some("unlimited") {
        return Some(f64::INFINITY);
    }
    reader.number(node, "quota", 0.0..=1e9)
}

/// The line that decides a setting: the most specific of those that have it, of equals the last.
pub(super) fn decide<'l, T>(
    lines: &'l [Line],
    catalog: &Catalog,
    offering: &Offering,
    zone: Option<ZoneId>,
    get: impl Fn(&'l Line) -> Option<T>,
) -> Option<T> {
    let mut best: Option<(u32, T)> = None;
    for line in lines {
        let weight = line.selector.weight();
        if best.as_ref().is_some_and(|(most, _)| *most > weight) {
            continue;
        }
        if let Some(value) = get(line)
            && line.selector.admits(catalog, offering, zone)
        {
            best = Some((weight, value));
        }
    }
    best.map(|(_, value)| value)
}
