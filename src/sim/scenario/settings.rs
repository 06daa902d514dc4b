//! What a scenario says of the offerings that a selector names.
//!
//! **Invariant:** each setting is looked up by itself, so a line that only sets the latency leaves the stock as a less
//! specific line has it.

use crate::catalog::Catalog;
use crate::denials::{Body, bodies};
use crate::model::{Offering, Span, Timestamp, ZoneId};
use crate::sim::law::Law;
use crate::sim::market::{Price, Rhythm, Stock};
use crate::yaml::{Fields, Node, Reader, did_you_mean, quote};

use super::library::Traces;
use super::quotas::{self, PaceSpec, QuotaSpec};
use super::selector::Selector;
use super::{codes, laws, rhythms, stocks};

/// One line under `clouds`.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it speaks of.
    pub selector: Selector,
    /// The stock.
    pub pool: Option<Stock>,
    /// True if all types with the same accelerator share one stock, counted in accelerators.
    pub share: Option<bool>,
    /// The hours of the day that press on the stock.
    pub rhythm: Option<Rhythm>,
    /// How many calls the cloud takes.
    pub pace: Option<PaceSpec>,
    /// Limits of the account.
    pub quota: Option<Vec<QuotaSpec>>,
    /// Latencies, by outcome.
    pub latency: Vec<(Outcome, Law)>,
    /// What goes wrong, each with its probability.
    pub faults: Vec<(Fault, f64)>,
    /// True if the credentials are bad.
    pub unauthorized: Option<bool>,
    /// From when to when the credentials are expired.
    pub expired: Option<(Timestamp, Timestamp)>,
    /// How long spot leases live.
    pub life: Option<Life>,
    /// How long before the end of a spot lease the cloud says so.
    pub notice: Option<Span>,
    /// What spot capacity costs.
    pub price: Option<Price>,
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
    /// Until the stock falls below what is leased.
    Stock,
    /// As long as this law draws.
    Drawn(Law),
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
        /// Up after all, when the boot is slow.
        SlowBoot = "slow_boot",
        /// Made, but given up on.
        BootFailed = "boot_failed",
        /// A release.
        Release = "release",
        /// A release that takes its time.
        SlowRelease = "slow_release",
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
        /// A machine takes long to come up.
        SlowBoot = "slow_boot",
        /// Machines are made but never reached.
        BootFailed = "boot_failed",
        /// A release takes long.
        SlowRelease = "slow_release",
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
    &["pool", "share", "rhythm", "quota", "rate", "api", "faults", "spot", "shocks", "account", "hint", "answers"];

/// Keys of `spot`.
pub(super) const SPOT_KEYS: &[&str] = &["life", "hazard_hourly", "notice", "price"];

impl Line {
    /// Reads one line; problems go to the reader.
    pub(super) fn read(reader: &Reader, selector: Selector, node: &Node, traces: &Traces<'_>) -> Option<Self> {
        let mut line = Self::nothing(selector);
        // `always` and `never` by themselves are the pool's.
        if node.as_str().is_some() {
            line.pool = stocks::read(reader, node, traces);
            return Some(line);
        }
        let fields = reader.fields(node, "a selector's settings")?;
        let of_pool = |key: &str| stocks::KINDS.contains(&key) || key == "stock";
        fields.only_or(KEYS, |key| {
            of_pool(key).then(|| "what a pool has over time is written below 'pool', as in {pool: never}".to_owned())
        });
        line.pool = fields.get("pool").and_then(|node| stocks::read(reader, node, traces));
        line.share = fields.one_of("share", &["type", "accelerator"]).map(|word| word == "accelerator");
        line.quota = fields.get("quota").and_then(|node| quotas::read(reader, node, traces));
        if line.quota.is_some() && line.selector.is_zonal() {
            let spot = fields.get("quota").map(|node| node.spot).unwrap_or_default();
            reader.error(spot, "a quota is of a region or a cloud, but this selector names a zone");
        }
        line.latency = latency(&fields);
        line.faults = faults(&fields);
        if let Some(faults) = fields.fields("faults") {
            line.credentials(&faults);
        }
        line.rhythm = fields.get("rhythm").and_then(|node| rhythms::read(reader, node));
        line.pace = fields.get("rate").and_then(|node| quotas::pace(reader, node));
        if let Some(spot) = fields.fields("spot") {
            line.spot(&spot, traces);
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
            rhythm: None,
            pace: None,
            quota: None,
            latency: Vec::new(),
            faults: Vec::new(),
            unauthorized: None,
            expired: None,
            life: None,
            notice: None,
            price: None,
            account: None,
            hint: None,
            bodies: Vec::new(),
        }
    }

    /// `unauthorized: true`, or `{after: 6h, for: 1h}` for credentials that expire.
    fn credentials(&mut self, faults: &Fields) {
        let Some(node) = faults.get("unauthorized") else { return };
        if node.as_map().is_none() {
            self.unauthorized = faults.boolean("unauthorized");
            return;
        }
        let Some(fields) = faults.fields("unauthorized") else { return };
        fields.only(&["after", "for"]);
        let after = fields.require("after", node.spot).and_then(|node| faults.reader().parsed::<Span>(node, "after"));
        let lasts = fields.parsed::<Span>("for");
        self.expired = after.map(|after| {
            let from = Timestamp(after.0);
            (from, lasts.map_or(Timestamp::NEVER, |lasts| from + lasts))
        });
        self.unauthorized = Some(false);
    }

    fn spot(&mut self, fields: &Fields, traces: &Traces<'_>) {
        fields.only(SPOT_KEYS);
        let reader = fields.reader();
        self.price = fields.get("price").and_then(|node| rhythms::price(reader, node, traces));
        self.notice = fields.parsed("notice");
        self.life = fields.get("life").and_then(|node| {
            match node.as_str() {
                Some("forever") => return Some(Life::Forever),
                Some("stock") => return Some(Life::Stock),
                Some(word) if word.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    let hint = did_you_mean(word, ["forever", "stock"]);
                    let hint = hint.unwrap_or_else(|| "such as stock, forever or {exponential: 20h}".to_owned());
                    reader.error_hint(node.spot, format!("{} is neither a life nor a law of one", quote(word)), hint);
                    return None;
                }
                _ => {}
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
            let hint = did_you_mean(text, all()).unwrap_or_else(|| {
                "a code as the cloud gives it, such as InsufficientInstanceCapacity; `sky-sim schema` has all"
                    .to_owned()
            });
            answers.reader().error_code(codes::UNKNOWN_NAME, entry.value.spot, message, hint);
        }
        found.map(|key| (refused, key))
    };
    answers.map().entries.iter().filter_map(read).collect()
}

/// The line that decides a setting: the most specific of those that have it, of equals the last.
pub(super) fn winner<'l>(
    lines: &'l [Line],
    catalog: &Catalog,
    offering: &Offering,
    zone: Option<ZoneId>,
    has: impl Fn(&Line) -> bool,
) -> Option<&'l Line> {
    decide(lines, catalog, offering, zone, |line| has(line).then_some(line))
}

/// What the line that decides a setting says of it.
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
