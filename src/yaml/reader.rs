//! Typed reading of a tree, collecting every problem on the way.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::problem::masked;
use super::{Map, Node, Problem, Source, Spot, Value, did_you_mean, quote};

/// Shorter secrets are hidden where they stand only.
const SHORTEST_SECRET: usize = 4;

/// Reads values out of nodes and keeps what was wrong. A read gives `None` after it has noted the problem, so the
/// caller goes on and the user sees all errors at once.
#[derive(Debug)]
pub struct Reader<'s> {
    place: Origin<'s>,
    hidden: RefCell<Vec<Spot>>,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

#[derive(Debug)]
enum Origin<'s> {
    File(Source<'s>),
    Flag(String),
}

/// The pairs of one mapping, read by key.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'r, 's, 'n> {
    reader: &'r Reader<'s>,
    map: &'n Map,
    name: &'n str,
}

impl<'s> Reader<'s> {
    /// For the tree of a file.
    pub fn new(source: Source<'s>) -> Self {
        Self::of(Origin::File(source))
    }

    /// For the value of a command-line flag; problems are placed at `--flag 'value'`.
    pub fn for_flag(flag: &str, value: &str) -> Self {
        Self::of(Origin::Flag(format!("{flag} {}", quote(value))))
    }

    fn of(place: Origin<'s>) -> Self {
        Self { place, hidden: RefCell::default(), problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The flag with its value, if that is what is read.
    pub fn flag(&self) -> Option<&str> {
        if let Origin::Flag(flag) = &self.place { Some(flag) } else { None }
    }

    /// No problem will show the text of this node: it is secret. The same text elsewhere (an alias shows where it
    /// is used, not where it was written) is hidden too.
    pub fn hide(&self, node: &Node) {
        match &node.value {
            Value::Scalar(scalar) => {
                self.hidden.borrow_mut().push(node.spot);
                scalar.text.lines().map(str::trim).for_each(|line| self.hide_text(line));
            }
            Value::List(items) => items.iter().for_each(|item| self.hide(item)),
            Value::Map(map) => map.entries.iter().for_each(|entry| self.hide(&entry.value)),
        }
    }

    fn hide_text(&self, secret: &str) {
        let Origin::File(source) = &self.place else { return };
        // Hiding every `1` would hide the file and tell nothing.
        if secret.len() < SHORTEST_SECRET {
            return;
        }
        let spots = source.text.match_indices(secret).map(|(at, found)| Spot {
            start: at as u32,
            end: (at + found.len()) as u32,
            ..Spot::default()
        });
        self.hidden.borrow_mut().extend(spots);
    }

    /// The text with every hidden character replaced by `*`; lines and columns stay the same.
    pub fn redacted(&self) -> String {
        let Origin::File(source) = &self.place else { return String::new() };
        masked(source.text, 0, &self.hidden.borrow())
    }

    /// Notes an error.
    pub fn error(&self, spot: Spot, message: impl Into<String>) {
        self.error_hint(spot, message, None);
    }

    /// Notes an error with a remedy.
    pub fn error_hint(&self, spot: Spot, message: impl Into<String>, hint: impl Into<Option<String>>) {
        let problem = self.problem(spot, message.into()).hint(hint);
        self.problems.borrow_mut().push(problem);
    }

    /// Notes an error with the number of its kind.
    pub fn error_code(
        &self,
        code: &'static str,
        spot: Spot,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        let problem = self.problem(spot, message.into()).hint(hint).code(code);
        self.problems.borrow_mut().push(problem);
    }

    /// Notes something that works but is probably not what was meant.
    pub fn warn(&self, spot: Spot, message: impl Into<String>) {
        let problem = self.problem(spot, message.into());
        self.warnings.borrow_mut().push(problem);
    }

    /// True if nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// The errors and the warnings, in the order of the file.
    pub fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let sorted = |mut problems: Vec<Problem>| {
            problems.sort_by_key(|p| (p.line, p.column));
            problems
        };
        (sorted(self.problems.into_inner()), sorted(self.warnings.into_inner()))
    }

    fn problem(&self, spot: Spot, message: String) -> Problem {
        match &self.place {
            Origin::File(source) => source.problem(spot, message, &self.hidden.borrow()),
            Origin::Flag(flag) => Problem::unplaced(flag.as_str(), message),
        }
    }

    /// What a node is, for messages; a hidden text is not repeated.
    pub fn describe(&self, node: &Node) -> String {
        if node.as_str().is_some() && self.hidden.borrow().contains(&node.spot) {
            return "a text".to_owned();
        }
        node.describe()
    }

    /// The pairs of a mapping. `name` says what the mapping is (`resources`).
    pub fn fields<'r, 'n>(&'r self, node: &'n Node, name: &'n str) -> Option<Fields<'r, 's, 'n>> {
        let Some(map) = node.as_map() else {
            self.error(node.spot, format!("{name} must be a mapping of keys to values, not {}", self.describe(node)));
            return None;
        };
        Some(Fields { reader: self, map, name })
    }

    /// The items of a list.
    pub fn list<'n>(&self, node: &'n Node, name: &str) -> Option<&'n [Node]> {
        let items = node.as_list();
        if items.is_none() {
            self.error(node.spot, format!("{name} must be a list, not {}", self.describe(node)));
        }
        items
    }

    /// The text of any scalar.
    pub fn string<'n>(&self, node: &'n Node, name: &str) -> Option<&'n str> {
        let text = node.as_str();
        if text.is_none() {
            self.error(node.spot, format!("{name} must be a text, not {}", self.describe(node)));
        }
        text
    }

    /// A whole number within `range`.
    pub fn integer(&self, node: &Node, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let found = node.as_str().and_then(whole).filter(|n| range.contains(n));
        if found.is_none() {
            let expected = match (*range.start(), *range.end()) {
                (low, i64::MAX) => format!("of at least {low}"),
                (low, high) => format!("from {low} to {high}"),
            };
            self.error(node.spot, format!("{name} must be a whole number {expected}, not {}", self.describe(node)));
        }
        found
    }

    /// A finite number within `range`.
    pub fn number(&self, node: &Node, name: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let found = node.as_str().and_then(real).filter(|n| range.contains(n));
        if found.is_none() {
            let expected = match (*range.start(), *range.end()) {
                (f64::MIN, f64::MAX) => String::new(),
                (low, f64::MAX) => format!(" of at least {low}"),
                (low, high) => format!(" from {low} to {high}"),
            };
            self.error(node.spot, format!("{name} must be a number{expected}, not {}", self.describe(node)));
        }
        found
    }

    /// `true` or `false`, in the spellings of YAML 1.1 too (`yes`, `off`).
    pub fn boolean(&self, node: &Node, name: &str) -> Option<bool> {
        match node.as_str().unwrap_or("").to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" => Some(false),
            _ => {
                self.error(node.spot, format!("{name} must be true or false, not {}", self.describe(node)));
                None
            }
        }
    }

    /// Anything that parses itself from text: durations, amounts of money.
    pub fn parsed<T: FromStr<Err: Display>>(&self, node: &Node, name: &str) -> Option<T> {
        let text = self.string(node, name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                // A flag says already what is meant.
                let name = if self.flag().is_some() { String::new() } else { format!("{name}: ") };
                self.error(node.spot, format!("{name}{error}"));
                None
            }
        }
    }

    /// One of a few words; the given spelling of it.
    pub fn one_of<'w>(&self, node: &Node, name: &str, words: &[&'w str]) -> Option<&'w str> {
        let text = self.string(node, name)?;
        let found = words.iter().copied().find(|word| word.eq_ignore_ascii_case(text));
        if found.is_none() {
            let hint = did_you_mean(text, words.iter().copied())
                .unwrap_or_else(|| format!("possible values: {}", words.join(", ")));
            self.error_hint(node.spot, format!("{} is not a value of {name}", quote(text)), hint);
        }
        found
    }
}

impl<'r, 's, 'n> Fields<'r, 's, 'n> {
    /// Notes every key that is not in `known`, with the nearest ones that are.
    pub fn only(&self, known: &[&str]) {
        self.only_or(known, |_| None);
    }

    /// As [`Fields::only`], where `hint` may know better what was meant by an unknown key.
    pub fn only_or(&self, known: &[&str], hint: impl Fn(&str) -> Option<String>) {
        for entry in &self.map.entries {
            if known.contains(&entry.key.as_str()) {
                continue;
            }
            let hint = hint(&entry.key)
                .or_else(|| did_you_mean(&entry.key, known.iter().copied()))
                .unwrap_or_else(|| format!("known keys: {}", first_few(known)));
            let message = format!("unknown key {} in {}", quote(&entry.key), self.name);
            self.reader.error_hint(entry.key_spot, message, hint);
        }
    }

    /// The reader that problems go to.
    pub fn reader(&self) -> &'r Reader<'s> {
        self.reader
    }

    /// The mapping itself.
    pub fn map(&self) -> &'n Map {
        self.map
    }

    /// The value of a key; one that is null counts as absent.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.map.get(key).filter(|node| !node.is_null())
    }

    /// The value of a key that must be there. `spot` is shown if it is not.
    pub fn require(&self, key: &str, spot: Spot) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() && !self.is_misspelt(key) {
            self.reader.error(spot, format!("{} needs a value for {key}", self.name));
        }
        found
    }

    /// True if an unknown key of this mapping was told already, and that this one was probably meant by it.
    fn is_misspelt(&self, key: &str) -> bool {
        let meant = format!("did you mean '{key}'?");
        let told = self.reader.problems.borrow();
        let told = |place: Spot| {
            let is_it = |problem: &Problem| (problem.line, problem.column) == (place.line, place.column);
            told.iter().any(|problem| is_it(problem) && problem.hint.as_ref() == Some(&meant))
        };
        self.map.entries.iter().any(|entry| told(entry.key_spot))
    }

    /// See [`Reader::string`]. `None` too if the key is absent, as in all that follow.
    pub fn string(&self, key: &str) -> Option<&'n str> {
        self.reader.string(self.get(key)?, key)
    }

    /// See [`Reader::integer`].
    pub fn integer(&self, key: &str, range: RangeInclusive<i64>) -> Option<i64> {
        self.reader.integer(self.get(key)?, key, range)
    }

    /// See [`Reader::number`].
    pub fn number(&self, key: &str, range: RangeInclusive<f64>) -> Option<f64> {
        self.reader.number(self.get(key)?, key, range)
    }

    /// See [`Reader::boolean`].
    pub fn boolean(&self, key: &str) -> Option<bool> {
        self.reader.boolean(self.get(key)?, key)
    }

    /// See [`Reader::parsed`].
    pub fn parsed<T: FromStr<Err: Display>>(&self, key: &str) -> Option<T> {
        self.reader.parsed(self.get(key)?, key)
    }

    /// See [`Reader::one_of`].
    pub fn one_of<'w>(&self, key: &str, words: &[&'w str]) -> Option<&'w str> {
        self.reader.one_of(self.get(key)?, key, words)
    }

    /// See [`Reader::list`].
    pub fn list(&self, key: &str) -> Option<&'n [Node]> {
        self.reader.list(self.get(key)?, key)
    }

    /// See [`Reader::fields`]; the key is the name.
    pub fn fields(&self, key: &'n str) -> Option<Fields<'r, 's, 'n>> {
        self.reader.fields(self.get(key)?, key)
    }
}

fn first_few(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown}, ...") } else { shown }
}

/// `1_000` and `0x10` are whole numbers too.
fn whole(text: &str) -> Option<i64> {
    let digits = text.replace('_', "");
    if let Some(hex) = digits.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok();
    }
    digits.parse().ok().or_else(|| {
        let number: f64 = digits.parse().ok()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    })
}

fn real(text: &str) -> Option<f64> {
    text.replace('_', "").parse().ok().filter(|n: &f64| n.is_finite())
}
