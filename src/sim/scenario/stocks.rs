//! How stocks are written: `always`, `never`, `{semi_markov: {up: ..., down: ..., nodes: 4}}`.

use crate::model::{Span, Timestamp};
use crate::sim::law::{Law, LawError};
use crate::sim::market::{Counted, Offset, Played, Renewal, Replay, Stock, Window};
use crate::sim::trace::Columns;
use crate::yaml::{Fields, Node, Reader};

use super::library::Traces;
use super::{codes, laws};

/// As many machines as anybody will ask for.
pub(super) const PLENTY: u32 = 1_000_000;

/// What a stock without a line is.
pub(super) const DEFAULT: Stock = Stock::Always(PLENTY);

/// Processes by name.
pub(super) const KINDS: &[&str] = &["always", "never", "schedule", "markov", "semi_markov", "counted", "trace"];

/// Reads a stock.
pub(super) fn read(reader: &Reader, node: &Node, traces: &Traces<'_>) -> Option<Stock> {
    if node.as_map().is_none() {
        return reader.one_of(node, "pool", &["always", "never"]).map(|word| match word {
            "never" => Stock::Always(0),
            _ => DEFAULT,
        });
    }
    let fields = reader.fields(node, "pool")?;
    fields.only(KINDS);
    let [entry] = fields.map().entries.as_slice() else {
        reader.error_hint(node.spot, "pool must name one process", format!("processes: {}", KINDS.join(", ")));
        return None;
    };
    let value = &entry.value;
    match entry.key.as_str() {
        "always" => nodes(reader, value).map(Stock::Always),
        "never" => Some(Stock::Always(0)),
        "schedule" => schedule(reader, value),
        key @ ("markov" | "semi_markov") => renewal(&reader.fields(value, key)?, value, key == "markov"),
        "counted" => counted(&reader.fields(value, "counted")?, value),
        "trace" => trace(&reader.fields(value, "trace")?, value, traces),
        _ => None,
    }
}

fn nodes(reader: &Reader, node: &Node) -> Option<u32> {
    reader.integer(node, "nodes", 0..=i64::from(PLENTY)).map(|nodes| nodes as u32)
}

fn schedule(reader: &Reader, node: &Node) -> Option<Stock> {
    let items = reader.list(node, "schedule")?;
    let mut windows: Vec<Window> = Vec::new();
    for item in items {
        let Some(fields) = reader.fields(item, "a window") else { continue };
        fields.only(&["from", "to", "nodes"]);
        let from = fields.parsed::<Span>("from").unwrap_or(Span::ZERO);
        let to = fields.parsed::<Span>("to").map_or(Timestamp::NEVER, |to| Timestamp(to.0));
        let window = Window {
            from: Timestamp(from.0),
            to,
            nodes: fields.get("nodes").map_or(Some(PLENTY), |n| nodes(reader, n))?,
        };
        if window.from >= window.to || windows.last().is_some_and(|last| last.to > window.from) {
            reader.error(item.spot, "windows must not be empty, and must be in the order of time without overlap");
        }
        windows.push(window);
    }
    Some(Stock::Schedule(windows.into()))
}

fn renewal(fields: &Fields, node: &Node, markov: bool) -> Option<Stock> {
    fields.only(&["up", "down", "nodes", "availability"]);
    let reader = fields.reader();
    let law = |key: &str| {
        let node = fields.get(key)?;
        // For the Markov chain a duration is a mean; its law is given by the name.
        let law = laws::read(reader, node, key)?;
        if !markov {
            return Some(law);
        }
        let mean = law.mean();
        if !matches!(law, Law::Constant(_)) {
            reader.error(node.spot, format!("{key} of markov is a mean, such as 30m; use semi_markov for other laws"));
        }
        Some(Law::Exponential { mean })
    };
    let nodes = fields.get("nodes").map_or(Some(PLENTY), |node| nodes(reader, node));
    let availability = fields.get("availability").map(|node| reader.number(node, "availability", 0.001..=0.999));
    let (up, down) = (law("up"), law("down"));
    let (up, down) = match (fields.get("up").is_some(), fields.get("down").is_some(), availability) {
        (true, true, None) => (up?, down?),
        // Stretching the other law to the availability keeps its shape.
        (true, true, Some(a)) => {
            let (up, down, a) = (up?, down?, a?);
            let factor = down.mean() * a / (1.0 - a) / up.mean();
            (up.stretched(factor), down)
        }
        _ => {
            reader.error(node.spot, "a process of up and down times needs both up and down");
            return None;
        }
    };
    made(reader, node, Renewal::new(up, down, nodes?).map(Stock::Renewal))
}

fn counted(fields: &Fields, node: &Node) -> Option<Stock> {
    fields.only(&["machines", "size", "gap", "hold"]);
    let reader = fields.reader();
    let machines = fields.require("machines", node.spot).and_then(|node| nodes(reader, node));
    let size = fields.integer("size", 1..=i64::from(PLENTY)).unwrap_or(1) as u32;
    let mean = |key: &str| {
        let node = fields.require(key, node.spot)?;
        reader.parsed::<Span>(node, key).map(Span::as_secs_f64)
    };
    let (gap, hold) = (mean("gap"), mean("hold"));
    made(reader, node, Counted::new(machines?, size, gap?, hold?).map(Stock::Counted))
}

/// Keys of a trace.
pub(super) const TRACE_KEYS: &[&str] = &["file", "column", "only", "offset", "rescale", "stretch", "loop"];

fn trace(fields: &Fields, node: &Node, traces: &Traces<'_>) -> Option<Stock> {
    fields.only(TRACE_KEYS);
    let reader = fields.reader();
    let played = played(fields);
    let file = fields.require("file", node.spot)?;
    let series = traces.series(reader, file, &columns(fields))?;
    let replay = Replay::new(&series, &played?);
    if replay.is_none() {
        reader.error_code(codes::BAD_TRACE, file.spot, "nothing of this trace lasts a microsecond", None);
    }
    replay.map(Stock::Trace)
}

/// How a trace is played.
pub(super) fn played(fields: &Fields) -> Option<Played> {
    let reader = fields.reader();
    let usual = Played::default();
    let offset = match fields.get("offset") {
        None => Some(usual.offset),
        Some(node) if node.as_str() == Some("random") => Some(Offset::Random),
        Some(node) => reader.parsed::<Span>(node, "offset").map(Offset::At),
    };
    let factor = |key: &str, most: f64| fields.get(key).map_or(Some(1.0), |node| reader.number(node, key, 1e-6..=most));
    let (rescale, stretch) = (factor("rescale", f64::from(PLENTY)), factor("stretch", 1e6));
    let looped = fields.get("loop").map_or(Some(usual.looped), |node| reader.boolean(node, "loop"));
    Some(Played { offset: offset?, rescale: rescale?, stretch: stretch?, looped: looped? })
}

/// `column` and `only` of a trace.
pub(super) fn columns(fields: &Fields) -> Columns {
    let only = fields.fields("only").map(|only| {
        let text = |entry: &crate::yaml::Entry| Some((entry.key.clone(), only.string(&entry.key)?.to_owned()));
        only.map().entries.iter().filter_map(text).collect()
    });
    Columns { column: fields.string("column").map(str::to_owned), only: only.unwrap_or_default() }
}

fn made(reader: &Reader, node: &Node, stock: Result<Stock, LawError>) -> Option<Stock> {
    match stock {
        Ok(stock) => Some(stock),
        Err(error) => {
            reader.error_code(codes::NO_LAW, node.spot, format!("pool: {error}"), None);
            None
        }
    }
}
