//! What can come of one request to Resource Manager, and ARM's error envelope.
//!
//! **Invariant:** a refusal keeps the vendor's code and sentence; nothing of a request's headers gets into an error.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use crate::cloud::{ProviderError, Refusal};

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum ArmError {
    /// ARM said no.
    Denied(Denied),
    /// The request never left this machine.
    Unsent(String),
    /// No answer, or none that can be read; the request may have been carried out.
    Broken(String),
    /// No token to ask with.
    Credentials(ProviderError),
}

/// A refusal in ARM's words, whether at once or from polling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denied {
    /// HTTP status; 200 for what was heard in polling.
    pub(super) status: u16,
    /// Code and message, the outer error first, then those it lists in `details`.
    pub(super) errors: Vec<(String, String)>,
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
}

impl Denied {
    /// The outer code.
    pub(super) fn code(&self) -> &str {
        self.errors.first().map_or("", |(code, _)| code)
    }

    /// As the port has it.
    pub(super) fn refusals(&self, zone: Option<&str>) -> Vec<Refusal> {
        let each = self.errors.iter().map(|(code, message)| Refusal {
            code: code.clone(),
            message: message.clone(),
            zone: zone.map(str::to_owned),
            retry_after: self.retry_after,
        });
        each.collect()
    }

    /// Too many requests: the same one may succeed a little later.
    pub(super) fn is_throttle(&self) -> bool {
        self.status == 429
    }
}

impl From<ArmError> for ProviderError {
    fn from(error: ArmError) -> Self {
        match error {
            ArmError::Denied(denied) => Self::Refused(denied.refusals(None)),
            ArmError::Unsent(words) | ArmError::Broken(words) => Self::Lost(words),
            ArmError::Credentials(error) => error,
        }
    }
}

/// The error object of an envelope, of an operation, or nested in either.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    code: String,
    message: String,
    details: Vec<ErrorBody>,
}

impl ErrorBody {
    /// Itself and all that it lists, outer first.
    pub(super) fn flatten(self, into: &mut Vec<(String, String)>) {
        if !self.code.is_empty() || !self.message.is_empty() {
            into.push((self.code, self.message));
        }
        for inner in self.details {
            inner.flatten(into);
        }
    }
}

/// Reads `{"error": {...}}`, or the bare object that some providers send. `None` where there is neither.
pub(super) fn denied(status: u16, headers: &HeaderMap, body: &Value) -> Option<Denied> {
    let object = body.get("error").unwrap_or(body);
    let parsed: ErrorBody = serde_json::from_value(object.clone()).ok()?;
    let mut errors = Vec::new();
    parsed.flatten(&mut errors);
    (!errors.is_empty()).then(|| Denied { status, errors, retry_after: retry_after(headers) })
}

/// How long the server asks to wait: `x-ms-retry-after-ms` where it is given, else `Retry-After` in seconds.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let exact = number("retry-after-ms").or_else(|| number("x-ms-retry-after-ms")).map(Duration::from_millis);
    exact.or_else(|| number("retry-after").map(Duration::from_secs))
}

/// The innermost cause: `error sending request` says less than `connection refused`.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string()
}
