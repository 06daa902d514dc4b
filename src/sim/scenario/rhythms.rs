//! How rhythms and prices are written: `{daily: {peak: 14h, swing: 0.5}, weekly: [1, 1, 1, 1, 1, 0.6, 0.6]}`,
//! `{half_life: 6h, volatility: 0.2}`.

use crate::model::Span;
use crate::sim::market::{Price, Replay, Reverting, Rhythm};
use crate::yaml::{Fields, Node, Reader};

use super::library::Traces;
use super::{codes, stocks};

pub(super) const RHYTHM_KEYS: &[&str] = &["daily", "weekly", "start"];
pub(super) const DAILY_KEYS: &[&str] = &["peak", "swing"];
pub(super) const PRICE_KEYS: &[&str] = &["reverting", "trace"];
pub(super) const REVERTING_KEYS: &[&str] = &["half_life", "volatility", "level", "step"];

/// Reads a rhythm.
pub(super) fn read(reader: &Reader, node: &Node) -> Option<Rhythm> {
    let fields = reader.fields(node, "rhythm")?;
    fields.only(RHYTHM_KEYS);
    let daily = fields.get("daily").map_or(Some([1.0; 24]), |node| daily(reader, node));
    let weekly = fields.get("weekly").map_or(Some([1.0; 7]), |node| factors(reader, node, "weekly"));
    let start = match fields.get("start") {
        None => Some(Some(Span::ZERO)),
        Some(node) if node.as_str() == Some("random") => Some(None),
        Some(node) => moment(reader, node).map(Some),
    };
    match Rhythm::new(&daily?, &weekly?, start?) {
        Ok(rhythm) => Some(rhythm),
        Err(error) => {
            reader.error_code(codes::NO_LAW, node.spot, format!("rhythm: {error}"), None);
            None
        }
    }
}

/// A factor an hour, or a wave: 1 + swing · cos(2π (hour − peak)/24).
fn daily(reader: &Reader, node: &Node) -> Option<[f64; 24]> {
    if node.as_map().is_none() {
        return factors(reader, node, "daily");
    }
    let fields = reader.fields(node, "daily")?;
    fields.only(DAILY_KEYS);
    let peak = fields.require("peak", node.spot).and_then(|node| reader.parsed::<Span>(node, "peak"));
    let swing = fields.require("swing", node.spot).and_then(|node| reader.number(node, "swing", 0.0..=0.99));
    let (peak, swing) = (peak?.as_secs_f64() / 3600.0, swing?);
    // The middle of each hour.
    let wave = |hour: usize| libm::cos(std::f64::consts::TAU * (hour as f64 + 0.5 - peak) / 24.0);
    Some(std::array::from_fn(|hour| 1.0 + swing * wave(hour)))
}

fn factors<const N: usize>(reader: &Reader, node: &Node, name: &str) -> Option<[f64; N]> {
    let items = reader.list(node, name)?;
    let all: Option<Vec<f64>> = items.iter().map(|item| reader.number(item, name, 1e-3..=1e3)).collect();
    let found = items.len();
    let array = <[f64; N]>::try_from(all?).ok();
    if array.is_none() {
        reader.error(node.spot, format!("{name} needs {N} factors, not {found}"));
    }
    array
}

/// `tue 09:30`, or a duration since Monday 00:00.
fn moment(reader: &Reader, node: &Node) -> Option<Span> {
    let text = reader.string(node, "start")?;
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let lower = text.to_ascii_lowercase();
    let found = match days.iter().position(|day| lower.starts_with(day)) {
        None => text.parse().ok(),
        Some(day) => {
            let clock = lower[3..].trim();
            let (hour, minute) = clock.split_once(':').unwrap_or((if clock.is_empty() { "0" } else { clock }, "0"));
            let time = hour.parse::<u64>().ok().zip(minute.parse::<u64>().ok());
            let time = time.filter(|(hour, minute)| *hour < 24 && *minute < 60);
            time.map(|(hour, minute)| Span::from_secs(day as u64 * 86_400 + hour * 3600 + minute * 60))
        }
    };
    if found.is_none() {
        reader.error(node.spot, "start must be a time of the week such as 'tue 09:30', a duration, or random");
    }
    found
}

/// Reads a price.
pub(super) fn price(reader: &Reader, node: &Node, traces: &Traces<'_>) -> Option<Price> {
    let fields = reader.fields(node, "price")?;
    fields.only(PRICE_KEYS);
    match (fields.get("reverting"), fields.get("trace")) {
        (Some(node), None) => reverting(&reader.fields(node, "reverting")?, node),
        (None, Some(node)) => recorded(&reader.fields(node, "trace")?, node, traces),
        _ => {
            reader.error_hint(node.spot, "price must name one process", "processes: reverting, trace".to_owned());
            None
        }
    }
}

fn reverting(fields: &Fields, node: &Node) -> Option<Price> {
    fields.only(REVERTING_KEYS);
    let reader = fields.reader();
    let span = |key: &str| {
        let found = fields.parsed::<Span>(key)?;
        if found == Span::ZERO {
            reader.error(
                fields.get(key).map_or(node.spot, |node| node.spot),
                format!("{key} must be longer than nothing"),
            );
        }
        Some(found)
    };
    let half_life = fields.require("half_life", node.spot).and_then(|_| span("half_life"));
    let volatility =
        fields.require("volatility", node.spot).and_then(|node| reader.number(node, "volatility", 0.0..=5.0));
    let level = fields.get("level").map_or(Some(1.0), |node| reader.number(node, "level", 1e-3..=1e3));
    let step = fields.get("step").map_or(Some(Span::from_secs(600)), |_| span("step"));
    let reverting = Reverting { level: level?, volatility: volatility?, half_life: half_life?, step: step? };
    (reverting.step > Span::ZERO && reverting.half_life > Span::ZERO).then_some(Price::Reverting(reverting))
}

/// A trace of dollars per hour; its numbers are kept in millionths.
fn recorded(fields: &Fields, node: &Node, traces: &Traces<'_>) -> Option<Price> {
    fields.only(stocks::TRACE_KEYS);
    let played = stocks::played(fields)?;
    let reader = fields.reader();
    let file = fields.require("file", node.spot)?;
    let series = traces.series(reader, file, &stocks::columns(fields))?;
    if series.runs().any(|(.., dollars)| dollars * played.rescale > 4000.0) {
        reader.error_code(codes::BAD_TRACE, file.spot, "a price of more than $4000 an hour is a mistake", None);
        return None;
    }
    let played = crate::sim::market::Played { rescale: played.rescale * 1e6, ..played };
    Replay::new(&series, &played).map(Price::trace)
}
