//! How limits are written: `8`, `unlimited`, `{limit: 8, usage: {counted: ...}, increase: {to: 16, after: 2d}}`, and
//! how fast a cloud takes calls: `{calls: 20, every: 1m, burst: 5}`.

use crate::model::{Span, Timestamp};
use crate::sim::law::Law;
use crate::sim::market::{Pace, Stock};
use crate::yaml::{Node, Reader};

use super::library::Traces;
use super::settings::words;
use super::{laws, stocks};

/// A limit as written.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaSpec {
    /// In vCPUs or GPUs, as the cloud meters the family; infinite where there is no limit.
    pub limit: f64,
    /// What others in the account hold.
    pub usage: f64,
    /// The same where it comes and goes.
    pub background: Option<Stock>,
    /// A higher limit that is asked for.
    pub increase: Option<IncreaseSpec>,
    /// What it is a limit on.
    pub scope: QuotaScope,
}

/// A request for a higher limit, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct IncreaseSpec {
    /// The limit once it is granted.
    pub to: f64,
    /// When it is asked for; `None`: when a launch is first refused.
    pub asked: Option<Timestamp>,
    /// How long until it is granted.
    pub after: Law,
}

/// A pace as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceSpec {
    /// The pace.
    pub pace: Pace,
    /// True if each region of a cloud has one of its own.
    pub regional: bool,
}

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

pub(super) const QUOTA_KEYS: &[&str] = &["limit", "usage", "increase", "scope"];
pub(super) const INCREASE_KEYS: &[&str] = &["to", "asked", "after"];
pub(super) const PACE_KEYS: &[&str] = &["calls", "every", "burst", "scope"];

/// A number, `unlimited`, a mapping, or a list of those.
pub(super) fn read(reader: &Reader, node: &Node, traces: &Traces<'_>) -> Option<Vec<QuotaSpec>> {
    match node.as_list() {
        Some(items) => items.iter().map(|item| quota(reader, item, traces)).collect::<Vec<_>>().into_iter().collect(),
        None => quota(reader, node, traces).map(|quota| vec![quota]),
    }
}

fn quota(reader: &Reader, node: &Node, traces: &Traces<'_>) -> Option<QuotaSpec> {
    let plain = |limit| QuotaSpec { limit, usage: 0.0, background: None, increase: None, scope: QuotaScope::Family };
    if node.as_map().is_none() {
        return limit(reader, node).map(plain);
    }
    let fields = reader.fields(node, "quota")?;
    fields.only(QUOTA_KEYS);
    let usage = fields.get("usage").map(|node| match node.as_map() {
        Some(_) => (0.0, stocks::read(reader, node, traces)),
        None => (reader.number(node, "usage", 0.0..=1e9).unwrap_or(0.0), None),
    });
    let (usage, background) = usage.unwrap_or((0.0, None));
    let word = fields.one_of("scope", &QuotaScope::words());
    let scope =
        QuotaScope::ALL.iter().find(|(known, _)| Some(*known) == word).map_or(QuotaScope::Family, |(_, scope)| *scope);
    let limit = fields.require("limit", node.spot).and_then(|node| limit(reader, node));
    let increase = fields.get("increase").map(|node| increase(reader, node));
    let increase = if let Some(increase) = increase { Some(increase?) } else { None };
    Some(QuotaSpec { usage, background, increase, scope, ..plain(limit?) })
}

fn limit(reader: &Reader, node: &Node) -> Option<f64> {
    if node.as_str() == Some("unlimited") {
        return Some(f64::INFINITY);
    }
    reader.number(node, "quota", 0.0..=1e9)
}

fn increase(reader: &Reader, node: &Node) -> Option<IncreaseSpec> {
    let fields = reader.fields(node, "increase")?;
    fields.only(INCREASE_KEYS);
    let to = fields.require("to", node.spot).and_then(|node| reader.number(node, "to", 0.0..=1e9));
    let after = fields.require("after", node.spot).and_then(|node| laws::read(reader, node, "after"));
    let asked = match fields.get("asked") {
        None => Some(None),
        Some(node) if node.as_str() == Some("when-refused") => Some(None),
        Some(node) => reader.parsed::<Span>(node, "asked").map(|at| Some(Timestamp(at.0))),
    };
    Some(IncreaseSpec { to: to?, asked: asked?, after: after? })
}

/// Reads a pace.
pub(super) fn pace(reader: &Reader, node: &Node) -> Option<PaceSpec> {
    let fields = reader.fields(node, "rate")?;
    fields.only(PACE_KEYS);
    let calls = fields.require("calls", node.spot).and_then(|node| reader.number(node, "calls", 1e-6..=1e6));
    let every = fields.parsed::<Span>("every").unwrap_or(Span::from_secs(60));
    if every == Span::ZERO {
        reader.error(fields.get("every").map_or(node.spot, |node| node.spot), "every must be longer than nothing");
        return None;
    }
    let calls = calls?;
    let burst = fields.get("burst").map_or(Some(calls.max(1.0)), |node| reader.number(node, "burst", 1.0..=1e6));
    let regional = fields.one_of("scope", &["cloud", "region"]) == Some("region");
    let pace = Pace { per_second: calls / every.as_secs_f64(), burst: burst? };
    Some(PaceSpec { pace, regional })
}
