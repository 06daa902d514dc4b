//! Brackets that nobody closed: the parser stops where reading makes no sense any more, which is lines after the mistake.
//!
//! Text is read as the parser reads it, only coarser: quotes, comments and block scalars are known, since brackets in them
//! are letters.

use super::Spot;

/// A bracket that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// The bracket.
    pub(super) bracket: char,
    /// Where it was opened.
    pub(super) opened: Spot,
    /// What shows that it is not closed.
    pub(super) seen: Seen,
}

/// What shows that a bracket is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// The end of the text, or of the document.
    End,
    /// A line, from 1, on which the next key begins that is no deeper than what the bracket belongs to.
    Line(u32),
    /// The closing bracket of another kind, and where.
    Other(char, Spot),
}

/// The bracket that would close one.
pub(super) const fn closing(bracket: char) -> char {
    if bracket == '[' { ']' } else { '}' }
}

/// The first bracket that is not closed, if one is.
pub(super) fn unclosed(text: &str) -> Option<Unclosed> {
    let mut scan = Scan { open: Vec::new(), owner: Owner::Document, quote: None, block: None, last: ' ' };
    let mut start = 0;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        if let Some(found) = scan.line(line.trim_end_matches(['\n', '\r']), number, start as u32) {
            return Some(found);
        }
        start += line.len();
    }
    scan.innermost(Seen::End)
}

/// A column, or the document itself, whose values may begin in any.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Document,
    Column(usize),
}

impl Owner {
    /// True if a line of this depth belongs to it.
    fn has(self, indent: usize) -> bool {
        match self {
            Self::Document => true,
            Self::Column(column) => indent > column,
        }
    }
}

struct Scan {
    /// Brackets that are open, outermost first.
    open: Vec<(char, Spot)>,
    /// Column of the key or dash that the value being read belongs to.
    owner: Owner,
    /// The quote within which the line begins.
    quote: Option<char>,
    /// The owner's column of a block scalar, within which the line may lie.
    block: Option<Owner>,
    /// The last letter that was neither space nor comment.
    last: char,
}

impl Scan {
    fn innermost(&self, seen: Seen) -> Option<Unclosed> {
        // In a quote that is not closed nothing is known of brackets.
        let (bracket, opened) = *self.open.last().filter(|_| self.quote.is_none())?;
        Some(Unclosed { bracket, opened, seen })
    }

    fn line(&mut self, line: &str, number: u32, start: u32) -> Option<Unclosed> {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let content = &line[indent..];
        if self.quote.is_none() {
            if content.is_empty() || content.starts_with('#') {
                return None;
            }
            if self.block.is_some_and(|owner| owner.has(indent)) {
                return None;
            }
            self.block = None;
            if self.open.is_empty() {
                self.owner = Owner::Document;
            } else if indent == 0 && is_marker(content) {
                return self.innermost(Seen::End);
            } else if !self.owner.has(indent) && !",[{".contains(self.last) && begins_key(content) {
                return self.innermost(Seen::Line(number));
            }
        }
        self.letters(line, number, start)
    }

    fn letters(&mut self, line: &str, number: u32, start: u32) -> Option<Unclosed> {
        // Whether a value may begin here, and where the key began that would own it.
        let (mut fresh, mut key) = (true, None);
        let mut letters = line.char_indices().enumerate().peekable();
        let mut before = ' ';
        while let Some((column, (at, c))) = letters.next() {
            let next = letters.peek().map_or(' ', |(_, (_, next))| *next);
            // Of a bracket, which takes one byte.
            let start = start + at as u32;
            let spot = Spot { line: number, column: column as u32 + 1, start, end: start + 1 };
            let last = std::mem::replace(&mut before, c);
            if let Some(quote) = self.quote {
                self.last = c;
                if quote == '"' && c == '\\' || quote == '\'' && c == quote && next == quote {
                    letters.next();
                } else if c == quote {
                    self.quote = None;
                }
                continue;
            }
            if c == '#' && last.is_whitespace() {
                break;
            }
            if c.is_whitespace() {
                continue;
            }
            self.last = c;
            let in_flow = !self.open.is_empty();
            match c {
                '[' | '{' if fresh || in_flow => {
                    self.open.push((c, spot));
                    fresh = true;
                }
                ']' | '}' if in_flow => {
                    if self.open.last().is_some_and(|(open, _)| closing(*open) != c) {
                        return self.innermost(Seen::Other(c, spot));
                    }
                    self.open.pop();
                    fresh = false;
                }
                ',' if in_flow => fresh = true,
                '"' | '\'' if fresh => {
                    (self.quote, fresh, key) = (Some(c), false, key.or(Some(column)));
                }
                ':' if next.is_whitespace() || in_flow && (",[]{}".contains(next) || "\"'".contains(last)) => {
                    if !in_flow {
                        self.owner = key.take().map_or(self.owner, Owner::Column);
                    }
                    fresh = true;
                }
                '-' | '?' if fresh && !in_flow && next.is_whitespace() => self.owner = Owner::Column(column),
                '|' | '>' if fresh && !in_flow => {
                    self.block = Some(self.owner);
                    return None;
                }
                // A tag or an anchor, after which the value still begins.
                '!' | '&' if fresh => {
                    let goes_on = |c: char| !(c.is_whitespace() || in_flow && ",]}".contains(c));
                    while letters.next_if(|(_, (_, c))| goes_on(*c)).is_some() {}
                }
                _ => (fresh, key) = (false, key.or(Some(column)).filter(|_| !in_flow)),
            }
        }
        None
    }
}

/// `---` or `...`: a document begins or ends.
fn is_marker(content: &str) -> bool {
    let rest = content.strip_prefix("---").or_else(|| content.strip_prefix("..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// `key: value`, `key:` or `- item`.
fn begins_key(content: &str) -> bool {
    let key = content.split_once(':').filter(|(_, rest)| rest.is_empty() || rest.starts_with(char::is_whitespace));
    content.starts_with("- ") || key.is_some_and(|(key, _)| !key.contains(['[', ']', '{', '}', ',']))
}
