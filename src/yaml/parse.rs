//! From text to tree: the only place that names the YAML parser.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_yaml::{Options, Spanned};

use super::brackets::{self, Seen, Unclosed};
use super::{Document, Entry, Map, Node, Problem, Scalar, Source, Spot, Value, quote};

/// Deeper nesting is refused: no format of ours needs it, and every walk over a tree is recursive.
const MAX_DEPTH: usize = 48;

/// Reads every document of `source`. Aliases and merge keys (`<<`) are resolved.
///
/// # Errors
/// The first syntax error, or every repeated key.
pub fn parse(source: &Source) -> Result<Vec<Document>, Vec<Problem>> {
    let text = source.text;
    if u32::try_from(text.len()).is_err() {
        return Err(vec![Problem::unplaced(source.name, "the file is larger than 4 GB")]);
    }
    let mut finish = Finish { source, problems: Vec::new() };
    let documents = match serde_yaml::from_multiple_with_options::<Raw>(text, options()) {
        Ok(raws) => raws.into_iter().map(|raw| Document { root: finish.node(raw) }).collect(),
        Err(error) => {
            finish.problems.push(syntax_problem(source, &error));
            Vec::new()
        }
    };
    if finish.problems.is_empty() {
        return Ok(documents);
    }
    // A line may hold a secret, and without a sound tree there is no telling where.
    if text.to_ascii_lowercase().contains("secrets") {
        finish.problems.iter_mut().for_each(|problem| problem.excerpt.clear());
    }
    Err(finish.problems)
}

fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: MAX_DEPTH, max_nodes: 500_000 },
        // Repeated keys are found in the tree, so that all of them are reported, with both places.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

/// A node before the source text is at hand to tell how it was written.
struct Raw(Spanned<Shape>);

enum Shape {
    /// Text, where the parser says so; else the text is cut out of the source.
    Scalar(Option<String>),
    Null,
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar(None))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar(None))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar(None))
    }
    fn visit_i128<E>(self, _: i128) -> Result<Shape, E> {
        Ok(Shape::Scalar(None))
    }
    fn visit_u128<E>(self, _: u128) -> Result<Shape, E> {
        Ok(Shape::Scalar(None))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar(None))
    }
    fn visit_str<E>(self, text: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar(Some(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }
    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Shape::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Shape::Map(pairs))
    }
}

/// Turns raw nodes into nodes, with the text at hand.
struct Finish<'s> {
    source: &'s Source<'s>,
    problems: Vec<Problem>,
}

impl Finish<'_> {
    fn node(&mut self, Raw(raw): Raw) -> Node {
        let spot = spot(&raw.referenced);
        let value = match raw.value {
            Shape::Null => Value::Scalar(Scalar { text: String::new(), quoted: false, null: true }),
            Shape::Scalar(text) => Value::Scalar(self.scalar(text, self::spot(&raw.defined))),
            Shape::List(items) => Value::List(items.into_iter().map(|item| self.node(item)).collect()),
            Shape::Map(pairs) => Value::Map(self.map(pairs)),
        };
        Node { spot, value }
    }

    fn scalar(&self, text: Option<String>, defined: Spot) -> Scalar {
        let written = self.source.text.get(defined.start as usize..defined.end as usize).unwrap_or("");
        let quoted = written.starts_with(['"', '\'', '|', '>']);
        Scalar { text: text.unwrap_or_else(|| written.trim().to_owned()), quoted, null: false }
    }

    fn map(&mut self, pairs: Vec<(Raw, Raw)>) -> Map {
        let mut map = Map::default();
        // A search of the map itself would take the square of the keys of a file that is none of ours.
        let mut lines: HashMap<String, u32> = HashMap::new();
        for (key, value) in pairs {
            let key = self.node(key);
            let value = self.node(value);
            let Some(scalar) = key.as_scalar() else {
                self.problem(key.spot, "a key must be a single value", "quote it if it is meant as text");
                continue;
            };
            let text = if scalar.null { "null".to_owned() } else { scalar.text.clone() };
            if let Some(line) = lines.get(&text) {
                let before = format!("it was first given in line {line}");
                self.problem(key.spot, &format!("the key {} is given twice", quote(&text)), &before);
                continue;
            }
            lines.insert(text.clone(), key.spot.line);
            map.entries.push(Entry { key: text, key_spot: key.spot, value });
        }
        map
    }

    fn problem(&mut self, spot: Spot, message: &str, hint: &str) {
        self.problems.push(self.source.problem(spot, message, &[]).hint(hint.to_owned()));
    }
}

fn spot(location: &serde_yaml::Location) -> Spot {
    let span = location.span();
    let start = span.byte_offset().unwrap_or(0);
    let end = start + span.byte_len().unwrap_or(0);
    Spot { line: location.line() as u32, column: location.column() as u32, start: start as u32, end: end as u32 }
}

fn syntax_problem(source: &Source, error: &serde_yaml::Error) -> Problem {
    let spot = error.location().map(|l| spot(&l)).unwrap_or_default();
    let text = error.without_snippet().to_string();
    let text = text.split(" at line ").next().unwrap_or("");
    // What opened before the parser stopped is why it stopped; what opens later is another mistake.
    let before = |a: Spot, b: Spot| (a.line, a.column) <= (b.line, b.column);
    match brackets::unclosed(source.text).filter(|found| before(found.opened, spot)) {
        Some(found) => unclosed_problem(source, &found),
        None => source.problem(Spot { end: spot.start, ..spot }, format!("not valid YAML: {text}"), &[]),
    }
}

fn unclosed_problem(source: &Source, found: &Unclosed) -> Problem {
    let (bracket, close) = (found.bracket, brackets::closing(found.bracket));
    let hint = match found.seen {
        Seen::End => format!("a '{close}' is missing"),
        Seen::Line(line) => format!("a '{close}' is missing before the key or item that begins in line {line}"),
        Seen::Other(other, at) => {
            format!("a '{close}' is missing before the '{other}' in line {}, column {}", at.line, at.column)
        }
    };
    source.problem(found.opened, format!("not valid YAML: the '{bracket}' opened here is not closed"), &[]).hint(hint)
}
