//! Answers in ARM's shape.
//!
//! **Invariant:** every error is `{"error": {"code", "message"}}`; every answer carries a request id.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::call::Call;
use crate::denials;
use crate::serve::site::Refusal;

/// An answer before it is written.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
    /// The connection is cut instead.
    cut: bool,
}

impl Reply {
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body), cut: false }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None, cut: false }
    }

    /// No answer at all.
    pub(super) fn cut() -> Self {
        Self { cut: true, ..Self::empty(204) }
    }

    pub(super) fn without_body(self) -> Self {
        Self { body: None, ..self }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        if self.cut {
            return crate::serve::wire::cut();
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match self.body {
            Some(body) => {
                (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
            }
            None => status.into_response(),
        };
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// One error.
pub(super) fn denied(status: u16, code: &str, message: &str) -> Reply {
    Reply::new(status, json!({"error": {"code": code, "message": message}}))
}

/// One error of the request itself.
pub(super) fn bad(code: &str, message: &str) -> Reply {
    denied(400, code, message)
}

/// One error of a property, as Compute and Network name it.
pub(super) fn bad_property(target: &str, message: &str) -> Reply {
    let error = json!({"code": "InvalidParameter", "message": message, "target": target});
    Reply::new(400, json!({"error": error}))
}

pub(super) fn no_group(name: &str) -> Reply {
    denied(404, "ResourceGroupNotFound", &format!("Resource group '{name}' could not be found."))
}

pub(super) fn no_resource(kind: &str, name: &str, group: &str) -> Reply {
    let words = format!(
        "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to \
         https://aka.ms/ARMResourceNotFoundFix"
    );
    denied(404, "ResourceNotFound", &words)
}

/// A refusal of the market that is told at once, in its genuine envelope.
pub(super) fn refused(refusal: &Refusal) -> Reply {
    let body =
        refusal.envelope().unwrap_or_else(|| json!({"error": {"code": refusal.code(), "message": refusal.message()}}));
    let mut reply = Reply::new(refusal.http(), body);
    if let Some(seconds) = refusal.body.headers.as_ref().and_then(|headers| headers.get("Retry-After")?.as_str()) {
        reply = reply.with("retry-after", seconds.to_owned());
    }
    reply
}

/// The error object of a refusal that is told in polling.
pub(super) fn error_of(refusal: &Refusal) -> Value {
    let envelope = refusal.envelope().unwrap_or(Value::Null);
    let inner = envelope.get("error").cloned();
    inner.unwrap_or_else(|| json!({"code": refusal.code(), "message": refusal.message()}))
}

/// One of the genuine refusals that are told at once, by its key, with the call's own names in it.
pub(super) fn refused_by_name(key: &str, call: &Call) -> Reply {
    let values = [("subscription", call.part(1)), ("rg", call.part(3)), ("name", call.part(7))];
    let values = values.map(|(name, value)| (name, value.to_owned())).to_vec();
    match denials::body("azure", key) {
        Some(body) => refused(&Refusal { body, values, zone: None }),
        None => denied(403, key, "Not allowed."),
    }
}
