//! A place in a file, and an error that shows it.

use std::fmt;

/// The most characters of a source line that are shown.
const SHOWN_COLUMNS: usize = 72;
/// The most characters of a user's value that a message repeats.
const QUOTED_CHARACTERS: usize = 60;

/// A named text: a file, or standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// How messages call it, usually the path as the user gave it.
    pub name: &'a str,
    /// The whole text.
    pub text: &'a str,
}

/// A place in a text. All zero for a value that stands in no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spot {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// First byte in the text.
    pub start: u32,
    /// Byte after the last one; equal to `start` where the extent is not known.
    pub end: u32,
}

/// An error in a file or a flag: where, what, and what would be right. Displayed over several lines with the source
/// line and a caret, without a trailing newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Identifies the kind of error, where the format numbers its errors.
    pub code: Option<&'static str>,
    /// The file's name, or the flag with its value (`--gpus 'V10O:8'`).
    pub file: String,
    /// Line, from 1; 0 when it has none (flags).
    pub line: u32,
    /// Column in characters, from 1; 0 when it has none.
    pub column: u32,
    /// The source line; empty when it cannot or must not be shown.
    pub excerpt: String,
    /// How many characters the caret underlines.
    pub width: u32,
    /// What is wrong: a fragment in lower case, without a full stop.
    pub message: String,
    /// What would be right, or what to do.
    pub hint: Option<String>,
}

impl Source<'_> {
    /// An error at `spot`. `hidden` are byte ranges (secrets) that the shown line must not repeat.
    pub fn problem(&self, spot: Spot, message: impl Into<String>, hidden: &[Spot]) -> Problem {
        let (start, line) = self.line(spot.line);
        let rest = line.chars().count().saturating_sub((spot.column as usize).saturating_sub(1));
        let extent = self.text.get(spot.start as usize..spot.end as usize).unwrap_or("");
        let width = extent.lines().next().unwrap_or("").trim_end().chars().count().min(rest).max(1);
        Problem {
            code: None,
            file: self.name.to_owned(),
            line: spot.line,
            column: spot.column,
            excerpt: masked(line, start, hidden),
            width: width as u32,
            message: message.into(),
            hint: None,
        }
    }

    /// A line, from 1, without its end, and where in the text it starts; empty past the end.
    fn line(&self, number: u32) -> (usize, &str) {
        let mut start = 0;
        for (index, line) in self.text.split_inclusive('\n').enumerate() {
            if index + 1 == number as usize {
                return (start, line.trim_end_matches(['\n', '\r']));
            }
            start += line.len();
        }
        (start, "")
    }
}

/// `text`, which starts at byte `start` of its file, with every hidden character replaced, so that columns stay right.
pub(super) fn masked(text: &str, start: usize, hidden: &[Spot]) -> String {
    let conceals = |at: usize| hidden.iter().any(|s| (s.start as usize..s.end as usize).contains(&at));
    text.char_indices().map(|(at, c)| if c != '\n' && conceals(start + at) { '*' } else { c }).collect()
}

impl Problem {
    /// An error without a place, such as one in a flag.
    pub fn unplaced(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: None,
            file: file.into(),
            line: 0,
            column: 0,
            excerpt: String::new(),
            width: 0,
            message: message.into(),
            hint: None,
        }
    }

    /// With a remedy; `None` leaves it as it is.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into().or(self.hint);
        self
    }

    /// With the number of its kind.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// `file:line:column`, or only the parts there are.
    pub fn place(&self) -> String {
        match (self.line, self.column) {
            (0, _) => self.file.clone(),
            (line, 0) => format!("{}:{line}", self.file),
            (line, column) => format!("{}:{line}:{column}", self.file),
        }
    }
}

impl std::error::Error for Problem {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.message)?;
        if let Some(code) = self.code {
            write!(f, " [{code}]")?;
        }
        if self.line > 0 && self.column > 0 && !self.excerpt.trim().is_empty() {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let (shown, before) = crop(&self.excerpt, self.column as usize - 1);
            let caret = "^".repeat((self.width as usize).min(shown.chars().count().saturating_sub(before)).max(1));
            // Tabs are repeated under tabs, so that the caret stands below its character whatever a tab is worth.
            let pad: String = shown.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            write!(f, "\n  {number} | {}\n  {margin} | {pad}{caret}", printable(&shown))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  = {hint}")?;
        }
        Ok(())
    }
}

/// A value as messages repeat it: in quotes, shortened, without control characters.
pub fn quote(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED_CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("'{}'", printable(&shown.replace('\n', "⏎").replace('\t', " ")))
}

/// A window of a long line around `at`, and where `at` is in it.
fn crop(line: &str, at: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= SHOWN_COLUMNS {
        return (line.trim_end().to_owned(), at);
    }
    let first = at.saturating_sub(SHOWN_COLUMNS / 2).min(length - SHOWN_COLUMNS);
    let mut window: Vec<char> = line.chars().skip(first).take(SHOWN_COLUMNS).collect();
    if first > 0 {
        window[0] = '…';
    }
    if first + SHOWN_COLUMNS < length {
        window[SHOWN_COLUMNS - 1] = '…';
    }
    (window.into_iter().collect(), at - first)
}

/// A file must not be able to send escape sequences to the terminal that shows its errors.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
