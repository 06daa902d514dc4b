//! Lists: filtered, in order, a page at a time.
//!
//! **Invariant:** following `nextPageToken` to its end shows everything that stays, once.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Value, json};

use super::answer::{Reply, Request, invalid};
use super::{filter, links};

/// Entries of a page, unless the client wants fewer.
const MOST: usize = 500;

struct Page {
    filter: filter::Filter,
    from: usize,
    most: usize,
    newest_first: bool,
}

fn page(request: &Request) -> Result<Page, Reply> {
    let text = request.query.get("filter").map_or("", String::as_str);
    let filter = filter::parse(text).map_err(|_| invalid("filter", text, "Invalid list filter expression."))?;
    let most = match request.query.get("maxResults") {
        None => MOST,
        Some(text) => match text.parse::<usize>() {
            Ok(0) => MOST,
            Ok(most) if most <= MOST => most,
            _ => return Err(invalid("maxResults", text, "Values must be within the range: [0, 500]")),
        },
    };
    let from = match request.query.get("pageToken").map(String::as_str) {
        None | Some("") => 0,
        Some(token) => {
            offset(token).ok_or_else(|| invalid("pageToken", token, "The token is not one of this list."))?
        }
    };
    let newest_first = match request.query.get("orderBy").map(String::as_str) {
        None | Some("" | "name" | "name asc") => false,
        Some("creationTimestamp desc") => true,
        Some(other) => return Err(invalid("orderBy", other, "Supported are name and creationTimestamp desc.")),
    };
    Ok(Page { filter, from, most, newest_first })
}

fn offset(token: &str) -> Option<usize> {
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("from ")?.parse().ok()
}

fn token(from: usize) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("from {from}"))
}

/// An entry of a list, with the text that it is sent as: a machine's is made once and sent often.
#[derive(Debug, Clone)]
pub(super) struct Item {
    value: Arc<Value>,
    text: Arc<str>,
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Self { text: value.to_string().into(), value: Arc::new(value) }
    }
}

impl Item {
    fn name(&self) -> &str {
        self.value["name"].as_str().unwrap_or_default()
    }

    /// The entry by itself.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// A list of one place; `kind` such as `compute#instanceList`.
pub(super) fn list(request: &Request, kind: &str, items: Vec<impl Into<Item>>) -> Result<Reply, Reply> {
    let page = page(request)?;
    let mut items: Vec<Item> = items.into_iter().map(Into::into).collect();
    items.retain(|item| page.filter.admits(&item.value));
    if page.newest_first {
        let when =
            |item: &Item| item.value.get("creationTimestamp").or(item.value.get("insertTime")).map(Value::to_string);
        items.sort_by_cached_key(|item| std::cmp::Reverse(when(item)));
    } else {
        items.sort_by(|a, b| a.name().cmp(b.name()));
    }
    let more = items.len() > page.from + page.most;
    let mut text = head(request, kind);
    let shown = items.get(page.from..).unwrap_or_default();
    // Google leaves `items` out where there are none.
    if !shown.is_empty() {
        text += ",\"items\":";
        push_all(&mut text, &shown[..shown.len().min(page.most)]);
    }
    Ok(ended(text, more.then_some(page.from + page.most)))
}

/// A list over places: `places` are all (`zones/us-central1-a`), each with what is there under `key`.
pub(super) fn everywhere(
    request: &Request,
    kind: &str,
    key: &str,
    places: Vec<(String, Vec<impl Into<Item>>)>,
) -> Result<Reply, Reply> {
    let page = page(request)?;
    let (mut seen, mut shown, mut more) = (0, 0, false);
    let mut text = head(request, kind) + ",\"items\":{";
    for (index, (place, all)) in places.into_iter().enumerate() {
        let here = all.into_iter().map(Into::into).filter(|item: &Item| page.filter.admits(&item.value));
        let mut here: Vec<Item> = here.collect();
        here.sort_by(|a, b| a.name().cmp(b.name()));
        let skipped = here.len().min(page.from.saturating_sub(seen));
        seen += here.len();
        let room = page.most - shown;
        more |= here.len() - skipped > room;
        let here = &here[skipped..here.len().min(skipped + room)];
        shown += here.len();
        let comma = if index > 0 { "," } else { "" };
        // Names of places and keys hold nothing that JSON would escape.
        if here.is_empty() {
            let _ = write!(
                text,
                "{comma}\"{place}\":{{\"warning\":{{\"code\":\"NO_RESULTS_ON_PAGE\",\"message\":\"There are no results for \
                 scope '{place}' on this page.\",\"data\":[{{\"key\":\"scope\",\"value\":\"{place}\"}}]}}}}"
            );
        } else {
            let _ = write!(text, "{comma}\"{place}\":{{\"{key}\":");
            push_all(&mut text, here);
            text.push('}');
        }
    }
    text.push('}');
    Ok(ended(text, more.then_some(page.from + page.most)))
}

/// A list as it begins, up to its entries.
fn head(request: &Request, kind: &str) -> String {
    let below = request.parts.join("/");
    let head = json!({
        "kind": kind,
        "id": format!("projects/{}/{below}", request.project),
        "selfLink": links::link(&request.project, &below),
    });
    let mut text = head.to_string();
    text.pop();
    text
}

fn push_all(text: &mut String, items: &[Item]) {
    text.reserve(items.iter().map(|item| item.text.len() + 1).sum::<usize>() + 256);
    for (index, item) in items.iter().enumerate() {
        text.push(if index == 0 { '[' } else { ',' });
        text.push_str(&item.text);
    }
    text.push(']');
}

fn ended(mut text: String, next: Option<usize>) -> Reply {
    if let Some(from) = next {
        let _ = write!(text, ",\"nextPageToken\":\"{}\"", token(from));
    }
    text.push('}');
    Reply::text(text)
}
