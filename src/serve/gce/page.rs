//! Lists: filtered, in order, a page at a time.
//!
//! **Invariant:** following `nextPageToken` to its end shows everything that stays, once.

use base64::Engine as _;
use serde_json::{Map, Value, json};

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

/// A list of one place; `kind` such as `compute#instanceList`.
pub(super) fn list(request: &Request, kind: &str, mut items: Vec<Value>) -> Result<Reply, Reply> {
    let page = page(request)?;
    items.retain(|item| page.filter.admits(item));
    let name = |item: &Value| item["name"].as_str().unwrap_or_default().to_owned();
    if page.newest_first {
        let when = |item: &Value| item.get("creationTimestamp").or(item.get("insertTime")).map(Value::to_string);
        items.sort_by_key(|item| std::cmp::Reverse(when(item)));
    } else {
        items.sort_by_cached_key(name);
    }
    let more = items.len() > page.from + page.most;
    let shown: Vec<Value> = items.into_iter().skip(page.from).take(page.most).collect();
    let below = request.parts.join("/");
    let mut body = json!({
        "kind": kind,
        "id": format!("projects/{}/{below}", request.project),
        "selfLink": links::link(&request.project, &below),
    });
    // Google leaves `items` out where there are none.
    if !shown.is_empty() {
        body["items"] = shown.into();
    }
    if more {
        body["nextPageToken"] = token(page.from + page.most).into();
    }
    Ok(Reply::ok(body))
}

/// A list over places: `places` are all (`zones/us-central1-a`), each with what is there under `key`.
pub(super) fn everywhere(
    request: &Request,
    kind: &str,
    key: &str,
    places: Vec<(String, Vec<Value>)>,
) -> Result<Reply, Reply> {
    let page = page(request)?;
    let mut items = Map::new();
    let (mut seen, mut shown, mut more) = (0, 0, false);
    for (place, all) in places {
        let mut here: Vec<Value> = all.into_iter().filter(|item| page.filter.admits(item)).collect();
        here.sort_by_cached_key(|item| item["name"].as_str().unwrap_or_default().to_owned());
        let skipped = here.len().min(page.from.saturating_sub(seen));
        seen += here.len();
        let room = page.most - shown;
        more |= here.len() - skipped > room;
        let here: Vec<Value> = here.into_iter().skip(skipped).take(room).collect();
        shown += here.len();
        let value = if here.is_empty() { json!({"warning": nothing(&place)}) } else { json!({ key: here }) };
        items.insert(place, value);
    }
    let below = request.parts.join("/");
    let mut body = json!({
        "kind": kind,
        "id": format!("projects/{}/{below}", request.project),
        "selfLink": links::link(&request.project, &below),
        "items": items,
    });
    if more {
        body["nextPageToken"] = token(page.from + page.most).into();
    }
    Ok(Reply::ok(body))
}

fn nothing(place: &str) -> Value {
    json!({
        "code": "NO_RESULTS_ON_PAGE",
        "message": format!("There are no results for scope '{place}' on this page."),
        "data": [{"key": "scope", "value": place}],
    })
}
