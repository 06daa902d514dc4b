//! The `failover` block: how to try, how long, and where not.

use crate::model::{Limits, Money, Span};
use crate::yaml::{Fields, Node, Reader};

use super::block::{self, field};
use super::known;
use super::located::{Field, Located};
use super::pattern::Pattern;

/// How to fail over, as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Failover {
    /// The policy's name; the default one if absent.
    pub policy: Option<Located<String>>,
    /// The most attempts in flight at once; 1 is one after the other.
    pub hedge: Option<u16>,
    /// When to stop.
    pub limits: Limits,
    /// Places to stay out of.
    pub exclude: Vec<Located<Pattern>>,
    /// Places to stay in while they cost little more.
    pub prefer: Option<Preferred>,
}

/// Places that win over others that are up to `premium_milli` thousandths cheaper.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preferred {
    /// The places.
    pub infra: Vec<Located<Pattern>>,
    /// How much dearer they may be, in thousandths: 100 is a tenth.
    pub premium_milli: u32,
}

/// The keys of the block; what is absent shows what lies below.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    pub(super) policy: Field<String>,
    pub(super) hedge: Field<u16>,
    pub(super) retry_until_up: Field<bool>,
    pub(super) max_wait: Field<Span>,
    pub(super) max_attempts: Field<u32>,
    pub(super) budget: Field<Money>,
    pub(super) retry_gap: Field<Span>,
    pub(super) attempt_timeout: Field<Span>,
    pub(super) exclude: Field<Vec<Located<Pattern>>>,
    pub(super) prefer: Field<Preferred>,
}

impl Options {
    pub(super) fn read(fields: &Fields) -> Self {
        fields.only_or(&known::FAILOVER, |key| {
            known::RESOURCES.contains(&key).then(|| format!("'{key}' belongs under resources"))
        });
        Self {
            policy: field(fields, "policy", |r, n| r.string(n, "policy").map(str::to_owned)),
            hedge: field(fields, "hedge", hedge),
            retry_until_up: field(fields, "retry_until_up", |r, n| r.boolean(n, "retry_until_up")),
            max_wait: field(fields, "max_wait", |r, n| r.parsed(n, "max_wait")),
            max_attempts: field(fields, "max_attempts", |r, n| {
                r.integer(n, "max_attempts", 1..=i64::from(u32::MAX)).map(|n| n as u32)
            }),
            budget: field(fields, "budget", |r, n| block::money(r, n, "budget")),
            retry_gap: field(fields, "retry_gap", |r, n| r.parsed(n, "retry_gap")),
            attempt_timeout: field(fields, "attempt_timeout", attempt_timeout),
            exclude: field(fields, "exclude", block::infra),
            prefer: field(fields, "prefer", prefer),
        }
    }

    /// These laid over `below`; the places to stay out of are those of both.
    pub(super) fn over(self, below: Self) -> Self {
        let exclude = match (self.exclude, below.exclude) {
            (Field::Given(mut over), Field::Given(below)) => {
                over.value.extend(below.value);
                Field::Given(over)
            }
            (over, below) => over.over(below),
        };
        Self {
            policy: self.policy.over(below.policy),
            hedge: self.hedge.over(below.hedge),
            retry_until_up: self.retry_until_up.over(below.retry_until_up),
            max_wait: self.max_wait.over(below.max_wait),
            max_attempts: self.max_attempts.over(below.max_attempts),
            budget: self.budget.over(below.budget),
            retry_gap: self.retry_gap.over(below.retry_gap),
            attempt_timeout: self.attempt_timeout.over(below.attempt_timeout),
            exclude,
            prefer: self.prefer.over(below.prefer),
        }
    }

    pub(super) fn finish(self) -> Failover {
        let default = Limits::default();
        Failover {
            policy: self.policy.located(),
            hedge: self.hedge.value(),
            limits: Limits {
                retry_until_up: self.retry_until_up.value().unwrap_or(default.retry_until_up),
                max_wait: self.max_wait.value(),
                max_attempts: self.max_attempts.value(),
                budget: self.budget.value(),
                retry_gap: self.retry_gap.value().unwrap_or(default.retry_gap),
                attempt_timeout: self.attempt_timeout.value().unwrap_or(default.attempt_timeout),
            },
            exclude: self.exclude.value().unwrap_or_default(),
            prefer: self.prefer.value(),
        }
    }
}

/// A width, or `true` and `false` for two and one.
fn hedge(reader: &Reader, node: &Node) -> Option<u16> {
    match node.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" => Some(2),
        "false" | "off" | "no" => Some(1),
        _ => reader.integer(node, "hedge", 1..=64).map(|width| width as u16),
    }
}

fn attempt_timeout(reader: &Reader, node: &Node) -> Option<Span> {
    let span: Span = reader.parsed(node, "attempt_timeout")?;
    if span == Span::ZERO {
        reader.error(node.spot, "attempt_timeout must be more than zero");
        return None;
    }
    Some(span)
}

fn prefer(reader: &Reader, node: &Node) -> Option<Preferred> {
    if node.as_map().is_none() {
        return Some(Preferred { infra: block::infra(reader, node)?, premium_milli: 0 });
    }
    let fields = reader.fields(node, "prefer")?;
    fields.only(&["infra", "premium"]);
    let infra = block::infra(reader, fields.require("infra", node.spot)?)?;
    let premium_milli = fields.get("premium").map_or(Some(0), |premium| share(reader, premium))?;
    Some(Preferred { infra, premium_milli })
}

/// `10%` or `0.1`, in thousandths.
fn share(reader: &Reader, node: &Node) -> Option<u32> {
    let text = node.as_str().unwrap_or_default().trim();
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(|p| p / 100.0).filter(|s| (0.0..=100.0).contains(s)),
        // `10` without a sign is more likely ten percent than ten times the price.
        None => text.parse::<f64>().ok().filter(|s| (0.0..=1.0).contains(s)),
    };
    if share.is_none() {
        let message = format!("premium must be a share of the price, not {}", node.describe());
        reader.error_hint(node.spot, message, "write for example 10% or 0.1".to_owned());
    }
    share.map(|share| (share * 1000.0).round() as u32)
}

/// The block of a task, if it has one.
pub(super) fn of_task(fields: &Fields) -> Options {
    fields.fields("failover").map_or_else(Options::default, |fields| Options::read(&fields))
}
