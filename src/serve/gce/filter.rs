//! Filter expressions of lists: `labels.k="v"`, `(status != DONE) (name:sky-*)`, `a=1 OR NOT b=2`, `name eq sky-.*`.
//!
//! **Invariant:** an expression that cannot be read is an error, never a filter that lets everything through.

use serde_json::Value;

/// A condition on a resource.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare { field: String, how: How, value: String },
}

#[derive(Debug, PartialEq, Clone, Copy)]
pub(super) enum How {
    Equal,
    Unequal,
    Has,
    Matches,
    Differs,
}

/// Reads an expression; empty lets everything through.
pub(super) fn parse(text: &str) -> Result<Filter, String> {
    let tokens = tokens(text)?;
    let mut rest = &tokens[..];
    if rest.is_empty() {
        return Ok(Filter::All(Vec::new()));
    }
    let filter = any(&mut rest)?;
    if rest.is_empty() { Ok(filter) } else { Err(format!("unexpected '{}'", rest[0].text)) }
}

#[derive(Debug, Clone)]
struct Token {
    text: String,
    quoted: bool,
}

impl Token {
    fn is(&self, text: &str) -> bool {
        !self.quoted && self.text == text
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(&letter) = letters.peek() {
        let mut word = String::new();
        match letter {
            letter if letter.is_whitespace() => {
                letters.next();
                continue;
            }
            '"' | '\'' => {
                letters.next();
                loop {
                    match letters.next() {
                        Some('\\') => word.extend(letters.next()),
                        Some(end) if end == letter => break,
                        Some(inner) => word.push(inner),
                        None => return Err("a quote is not closed".to_owned()),
                    }
                }
                found.push(Token { text: word, quoted: true });
                continue;
            }
            '(' | ')' | ':' | '=' => word.extend(letters.next()),
            '!' => {
                word.extend(letters.next());
                word.extend(letters.next_if_eq(&'='));
            }
            _ => {
                while let Some(inner) = letters.next_if(|c| !c.is_whitespace() && !"()=!:\"".contains(*c)) {
                    word.push(inner);
                }
            }
        }
        found.push(Token { text: word, quoted: false });
    }
    Ok(found)
}

fn any(rest: &mut &[Token]) -> Result<Filter, String> {
    let mut parts = vec![all(rest)?];
    while rest.first().is_some_and(|token| token.is("OR")) {
        *rest = &rest[1..];
        parts.push(all(rest)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::Any(parts) })
}

fn all(rest: &mut &[Token]) -> Result<Filter, String> {
    let mut parts = vec![one(rest)?];
    while let Some(next) = rest.first() {
        if next.is(")") || next.is("OR") {
            break;
        }
        if next.is("AND") {
            *rest = &rest[1..];
        }
        parts.push(one(rest)?);
    }
    Ok(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
}

fn one(rest: &mut &[Token]) -> Result<Filter, String> {
    let Some((first, after)) = rest.split_first() else { return Err("it ends too early".to_owned()) };
    *rest = after;
    if first.is("NOT") || first.is("-") {
        return Ok(Filter::Not(Box::new(one(rest)?)));
    }
    if first.is("(") {
        let inner = any(rest)?;
        return match rest.split_first() {
            Some((close, after)) if close.is(")") => {
                *rest = after;
                Ok(inner)
            }
            _ => Err("a parenthesis is not closed".to_owned()),
        };
    }
    let how = match rest.first() {
        Some(token) if token.is("=") => How::Equal,
        Some(token) if token.is("!=") => How::Unequal,
        Some(token) if token.is(":") => How::Has,
        Some(token) if token.is("eq") => How::Matches,
        Some(token) if token.is("ne") => How::Differs,
        _ => return Err(format!("'{}' is compared with nothing", first.text)),
    };
    let Some(value) = rest.get(1).filter(|token| token.quoted || !["(", ")", "=", ":"].contains(&token.text.as_str()))
    else {
        return Err(format!("'{}' is compared with nothing", first.text));
    };
    *rest = &rest[2..];
    Ok(Filter::Compare { field: first.text.clone(), how, value: value.text.clone() })
}

impl Filter {
    /// True if the resource is let through.
    pub(super) fn admits(&self, resource: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.admits(resource)),
            Self::Any(parts) => parts.iter().any(|part| part.admits(resource)),
            Self::Not(part) => !part.admits(resource),
            Self::Compare { field, how, value } => compare(found(resource, field), *how, value),
        }
    }
}

fn found<'a>(resource: &'a Value, field: &str) -> Option<&'a Value> {
    // Only the first dot parts: keys of labels may hold dots themselves.
    match resource.get(field) {
        Some(value) => Some(value),
        None => field.split_once('.').and_then(|(outer, inner)| found(resource.get(outer)?, inner)),
    }
}

fn compare(found: Option<&Value>, how: How, wanted: &str) -> bool {
    let text = match found {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    match how {
        How::Equal => text.is_some_and(|text| alike(&text, wanted)),
        How::Unequal => text.is_none_or(|text| !alike(&text, wanted)),
        How::Has => text.is_some_and(|text| {
            wanted == "*" || text.to_lowercase().contains(&wanted.trim_matches('*').to_lowercase())
        }),
        How::Matches => text.is_some_and(|text| pattern(&text, wanted)),
        How::Differs => text.is_none_or(|text| !pattern(&text, wanted)),
    }
}

/// `*` stands for anything at either end.
fn alike(text: &str, wanted: &str) -> bool {
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        _ => text == wanted,
    }
}

/// Of regular expressions, what filters are made of: a literal with `.*` at either end.
fn pattern(text: &str, wanted: &str) -> bool {
    alike(text, &wanted.replace(".*", "*"))
}
