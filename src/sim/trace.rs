//! Files of real probes: numbers of machines, or prices, by time.
//!
//! **Invariant:** whatever the text, reading it gives a series that ascends in time, or an error that names the line;
//! nothing is guessed, nothing panics.
//!
//! Two formats are read. JSON as the spot-traces data of "Can't Be Late" has it: `{"metadata": {"gap_seconds": 195},
//! "data": [0, 1, ...]}`, a value a tick. CSV with a header: a column `seconds` and one of values, where a value
//! holds until the next row.

use crate::model::Span;

/// Values by time, run by run.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// When each run begins, in seconds from the start of the series, ascending from 0, with its value. Neighbours
    /// have different values.
    steps: Vec<(f64, f64)>,
    /// When the last one ends, in seconds.
    length: f64,
    /// Values that were read.
    ticks: usize,
}

/// Which values of a file are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// The column (of CSV) or key (of JSON) with the values; `nodes` or `data` if not given.
    pub column: Option<String>,
    /// Only rows of CSV whose columns have these values.
    pub only: Vec<(String, String)>,
}

/// A file that is not a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TraceError {
    /// The line, from 1, where there is one to blame.
    pub line: Option<u64>,
    /// What is wrong: a fragment in lower case.
    pub message: String,
}

impl std::fmt::Display for TraceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// A hundred years, in seconds: longer is a mistake.
const LONGEST: f64 = 3.2e9;

impl Series {
    /// Reads a file.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(text: &str, columns: &Columns) -> Result<Self, TraceError> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('{') { Self::json(text, columns) } else { Self::csv(text, columns) }
    }

    /// The values, each with when it begins and ends, in seconds from the start.
    pub fn runs(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        let ends = self.steps.iter().skip(1).map(|(begin, _)| *begin).chain([self.length]);
        self.steps.iter().zip(ends).map(|((begin, value), end)| (*begin, end, *value))
    }

    /// How long it is.
    pub fn length(&self) -> Span {
        Span::from_secs_f64(self.length)
    }

    /// How many values the file has.
    pub fn ticks(&self) -> usize {
        self.ticks
    }

    /// Mean over time.
    pub fn mean(&self) -> f64 {
        self.runs().map(|(begin, end, value)| (end - begin) * value).sum::<f64>() / self.length
    }

    fn json(text: &str, columns: &Columns) -> Result<Self, TraceError> {
        let at = |line: Option<u64>, message: String| TraceError { line, message };
        let wrong = |message: &str| at(None, message.to_owned());
        let root: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| at(Some(error.line() as u64).filter(|line| *line > 0), "not JSON".to_owned()))?;
        if let Some((name, _)) = columns.only.first() {
            return Err(at(None, format!("rows are chosen by {name}, which only CSV files have")));
        }
        let gap = root.pointer("/metadata/gap_seconds").and_then(serde_json::Value::as_f64);
        let gap = gap.filter(|gap| *gap > 0.0 && *gap < LONGEST);
        let gap = gap.ok_or_else(|| wrong("metadata.gap_seconds must be a number of seconds above 0"))?;
        let key = columns.column.as_deref().unwrap_or("data");
        let Some(values) = root.get(key).and_then(serde_json::Value::as_array) else {
            return Err(at(None, format!("there is no list '{key}'")));
        };
        let mut series = Growing::default();
        for (tick, value) in values.iter().enumerate() {
            let value = value.as_f64().and_then(sound);
            let value = value.ok_or_else(|| at(None, format!("{key}[{tick}] is not a number of at least 0")))?;
            series.push(tick as f64 * gap, value);
        }
        series.finish(values.len() as f64 * gap)
    }

    fn csv(text: &str, columns: &Columns) -> Result<Self, TraceError> {
        let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let place = |error: &csv::Error| error.position().map(csv::Position::line);
        let unread = |error: csv::Error| TraceError { line: place(&error), message: "not CSV".to_owned() };
        let header = rows.headers().map_err(unread)?.clone();
        let find = |name: &str| {
            header.iter().position(|column| column.eq_ignore_ascii_case(name)).ok_or_else(|| {
                let known = header.iter().collect::<Vec<_>>().join(", ");
                TraceError { line: Some(1), message: format!("there is no column '{name}'; columns: {known}") }
            })
        };
        let time = find("seconds")?;
        let column = columns.column.as_deref().unwrap_or("nodes");
        let value = find(column)?;
        let only = columns.only.iter().map(|(name, wanted)| Ok((find(name)?, wanted.as_str())));
        let only: Vec<(usize, &str)> = only.collect::<Result<_, TraceError>>()?;
        let mut series = Growing::default();
        let (mut first, mut last, mut gap) = (None, f64::NEG_INFINITY, 1.0);
        for row in rows.records() {
            let row = row.map_err(unread)?;
            let line = row.position().map(csv::Position::line);
            let wrong = |message: String| TraceError { line, message };
            if only.iter().any(|(at, wanted)| row.get(*at).is_none_or(|found| !found.eq_ignore_ascii_case(wanted))) {
                continue;
            }
            let number = |at: usize, name: &str| {
                let found = row.get(at).unwrap_or("");
                let number = found.parse::<f64>().ok().and_then(sound);
                number.ok_or_else(|| wrong(format!("{name} is not a number of at least 0: '{found}'")))
            };
            let (seconds, found) = (number(time, "seconds")?, number(value, column)?);
            if seconds <= last {
                return Err(wrong(format!("seconds must ascend, but {seconds} follows {last}")));
            }
            if last.is_finite() {
                gap = seconds - last;
            }
            last = seconds;
            series.push(seconds - *first.get_or_insert(seconds), found);
        }
        // Nothing says how long the last value holds: as long as the one before it.
        series.finish(last - first.unwrap_or(last) + gap)
    }
}

fn sound(number: f64) -> Option<f64> {
    (0.0..1e12).contains(&number).then_some(number)
}

#[derive(Default)]
struct Growing {
    steps: Vec<(f64, f64)>,
    ticks: usize,
}

impl Growing {
    fn push(&mut self, seconds: f64, value: f64) {
        self.ticks += 1;
        if self.steps.last().is_none_or(|(_, last)| last.total_cmp(&value).is_ne()) {
            self.steps.push((seconds, value));
        }
    }

    fn finish(self, length: f64) -> Result<Series, TraceError> {
        let refuse = |message: &str| Err(TraceError { line: None, message: message.to_owned() });
        if self.steps.is_empty() {
            return refuse("it has no values");
        }
        if length.is_nan() || length > LONGEST {
            return refuse("it is longer than a hundred years");
        }
        // The world counts microseconds: what is shorter cannot be told apart.
        if self.steps.windows(2).any(|pair| pair[1].0 - pair[0].0 < 1e-6) {
            return refuse("its values follow each other within a microsecond");
        }
        Ok(Series { steps: self.steps, length, ticks: self.ticks })
    }
}

/// Reads any text as a trace and plays it, for the fuzzer and the tests of its corpus.
///
/// # Panics
/// If what was read is not what it promises to be.
pub fn exercise(text: &str) {
    let only = vec![("zone".to_owned(), "a".to_owned())];
    for columns in [Columns::default(), Columns { column: Some("price".to_owned()), only }] {
        let Ok(series) = Series::read(text, &columns) else { continue };
        let mut last = 0.0;
        for (begin, end, value) in series.runs() {
            assert!(begin.total_cmp(&last).is_eq() && end > begin && value >= 0.0, "{begin} to {end} after {last}");
            last = end;
        }
        assert!(series.ticks() >= series.runs().count());
        let replay = super::market::Replay::new(&series, &super::market::Played::default());
        assert!(replay.is_none_or(|replay| replay.availability(0) > 0.999));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(f64, f64, f64)>, String> {
        Series::read(text, &Columns::default()).map(|series| series.runs().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn both_formats_say_the_same() {
        let json = r#"{"metadata": {"gap_seconds": 10}, "data": [0, 0, 2, 2, 1]}"#;
        let expected = vec![(0.0, 20.0, 0.0), (20.0, 40.0, 2.0), (40.0, 50.0, 1.0)];
        assert_eq!(read(json).unwrap(), expected);
        assert_eq!(read("seconds,nodes\n100,0\n110,0\n120,2\n130,2\n140,1\n").unwrap(), expected);
        assert_eq!(Series::read(json, &Columns::default()).unwrap().ticks(), 5);
        assert!((Series::read(json, &Columns::default()).unwrap().mean() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rows_and_columns_are_chosen() {
        let text = "Zone,Seconds,SpotPrice\na,0,1.5\nb,0,9\na,60,1.6\nb,90,8\n";
        let columns = Columns { column: Some("spotprice".into()), only: vec![("zone".to_owned(), "a".to_owned())] };
        let series = Series::read(text, &columns).unwrap();
        assert_eq!(series.runs().collect::<Vec<_>>(), [(0.0, 60.0, 1.5), (60.0, 120.0, 1.6)]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("", "no column 'seconds'"),
            ("seconds,nodes\n", "it has no values"),
            ("seconds,nodes\n0,1\n5,x\n", "line 3: nodes is not a number of at least 0: 'x'"),
            ("seconds,nodes\n5,1\n5,0\n", "line 3: seconds must ascend, but 5 follows 5"),
            ("seconds,nodes\n0,-1\n", "line 2: nodes is not"),
            ("seconds,price\n0,1\n", "no column 'nodes'; columns: seconds, price"),
            ("seconds,nodes\n0,1\n9e9,0\n", "longer than a hundred years"),
            ("seconds,nodes\n0,1\n1e-9,0\n", "within a microsecond"),
            ("{\"metadata\": {\"gap_seconds\": 0}, \"data\": [1]}", "gap_seconds must be"),
            ("{\"metadata\": {\"gap_seconds\": 5}, \"data\": [1, null]}", "data[1] is not a number"),
            ("{\"metadata\": {\"gap_seconds\": 5}}", "no list 'data'"),
            ("{\n\"metadata\": oops}", "line 2: not JSON"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    /// The corpus that the fuzzer starts from, and whatever it found.
    #[test]
    fn the_corpus_breaks_nothing() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/trace");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            exercise(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()));
            seen += 1;
        }
        assert!(seen > 5, "{seen}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC{0,120}", lines in proptest::collection::vec("[0-9.,e-]{0,12}", 0..12)) {
            exercise(&text);
            exercise(&format!("seconds,nodes\n{}\n", lines.join("\n")));
            exercise(&format!("seconds,price,zone\n{}\n", lines.join(",a\n")));
            exercise(&format!("{{\"metadata\": {{\"gap_seconds\": 7}}, \"data\": [{}]}}", lines.join(",")));
        }
    }
}
