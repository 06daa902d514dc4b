//! One request as Resource Manager reads it: method, path without regard to case, version, body.
//!
//! **Invariant:** names keep the case they were sent in; what is compared is compared without it.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method};
use serde_json::Value;

use super::reply::{Reply, bad, denied};

/// The parameter of the next page.
const SKIP: &str = "$skiptoken";

/// A request.
pub(super) struct Call {
    pub(super) method: Method,
    /// `http://127.0.0.1:4567`, as the client wrote it.
    pub(super) base: String,
    segments: Vec<String>,
    query: BTreeMap<String, String>,
    /// Path and query as they were sent.
    address: String,
    /// `Null` without one.
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
}

impl Call {
    /// Reads a request's parts; a body that is no JSON is refused.
    pub(super) fn read(method: Method, uri: &axum::http::Uri, headers: HeaderMap, body: &[u8]) -> Result<Self, Reply> {
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let segments = uri.path().split('/').filter(|part| !part.is_empty()).map(decode).collect();
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name).to_ascii_lowercase(), decode(&value.replace('+', " ")))
        });
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
        let (base, query) = (format!("http://{host}"), query.collect());
        let address = uri.to_string();
        let form =
            headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
        let body = if form {
            Value::String(String::from_utf8_lossy(body).into_owned())
        } else if body.iter().all(u8::is_ascii_whitespace) {
            Value::Null
        } else {
            serde_json::from_slice(body).map_err(|error| {
                let words = format!("The request content was invalid and could not be deserialized: '{error}'.");
                bad("InvalidRequestContent", &words)
            })?
        };
        Ok(Self { method, base, segments, query, address, body, headers })
    }

    /// The path in lower case, part by part.
    pub(super) fn path(&self) -> Vec<String> {
        self.segments.iter().map(|part| part.to_ascii_lowercase()).collect()
    }

    /// A part of the path as it was sent.
    pub(super) fn part(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }

    /// The whole path as it was sent, without a closing slash.
    pub(super) fn id(&self) -> String {
        format!("/{}", self.segments.join("/"))
    }

    /// A parameter; names have no case.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// Where a list goes on behind its first so many.
    pub(super) fn from(&self, position: usize) -> String {
        let kept = self.address.split(['?', '&']).filter(|part| !part.starts_with(SKIP));
        let (path, parts) =
            kept.collect::<Vec<&str>>().split_first().map_or(("", Vec::new()), |(path, rest)| (*path, rest.to_vec()));
        format!("{}{path}?{}&{SKIP}={position}", self.base, parts.join("&"))
    }

    /// How many of a list the client has.
    pub(super) fn position(&self) -> usize {
        self.parameter(SKIP).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Every request names the version of the interface that it was written for.
    pub(super) fn check_version(&self) -> Result<(), Reply> {
        let Some(version) = self.parameter("api-version") else {
            return Err(bad(
                "MissingApiVersionParameter",
                "The api-version query parameter (?api-version=) is required for all requests.",
            ));
        };
        if is_version(version) {
            return Ok(());
        }
        let words = format!(
            "The api-version '{version}' is invalid. The supported versions are '2025-04-01,2024-11-01,2024-07-01,\
             2024-03-01,2024-01-01,2023-09-01,2022-12-01,2021-07-01,2021-04-01'."
        );
        Err(denied(400, "InvalidApiVersionParameter", &words))
    }
}

/// `2024-07-01`, or with `-preview` behind it.
fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, len: usize, range: std::ops::RangeInclusive<u32>| {
        text.len() == len && text.parse().is_ok_and(|number| range.contains(&number))
    };
    number(year, 4, 2014..=2030) && number(month, 2, 1..=12) && number(day, 2, 1..=31)
}
