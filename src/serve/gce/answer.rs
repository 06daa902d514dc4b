//! What comes in, what goes out, and Google's envelopes around errors.
//!
//! **Invariant:** the status of an envelope is the status of its answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::login;
use crate::model::Timestamp;

/// Parameters of the address.
pub(super) type Parameters = BTreeMap<String, String>;

/// A request to one project.
#[derive(Debug)]
pub(super) struct Request {
    pub method: String,
    pub project: String,
    /// Of the path below the project.
    pub parts: Vec<String>,
    pub query: Parameters,
    /// Null if there is none.
    pub body: Value,
}

/// An answer that is ready.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Value,
    /// The body as it is sent, where it was put together from texts.
    pub text: Option<Box<str>>,
    pub headers: Vec<(String, String)>,
}

/// An answer, and when it is told.
#[derive(Debug)]
pub(super) enum Answer {
    Now(Reply),
    At(Timestamp, Reply),
    /// The connection is cut at that moment instead.
    Cut(Timestamp),
    Hang,
    /// The operation of this name, once it is done.
    Watch {
        operation: String,
        done: Timestamp,
    },
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body, text: None, headers: Vec::new() }
    }

    /// JSON that is text already.
    pub(super) fn text(text: String) -> Self {
        Self { text: Some(text.into()), ..Self::ok(Value::Null) }
    }

    /// An envelope with one error.
    pub(super) fn error(status: u16, reason: &str, message: &str) -> Self {
        let errors = json!([{"message": message, "domain": "global", "reason": reason}]);
        let body = json!({"error": {"code": status, "message": message, "errors": errors}});
        Self { status, ..Self::ok(body) }
    }
}

/// Refuses requests without a token, and those with any but the one that is given out.
pub(super) fn authorize(header: Option<&str>) -> Result<(), Reply> {
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).unwrap_or_default();
    let (message, brief, reason, detail) = match token {
        "" => (
            "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other \
             valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
            "Login Required.",
            "required",
            "CREDENTIALS_MISSING",
        ),
        login::GCP_TOKEN => return Ok(()),
        _ => (
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
             authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
            "Invalid Credentials",
            "authError",
            "ACCESS_TOKEN_EXPIRED",
        ),
    };
    let body = json!({"error": {
        "code": 401,
        "message": message,
        "errors": [{"message": brief, "domain": "global", "reason": reason, "location": "Authorization", "locationType": "header"}],
        "status": "UNAUTHENTICATED",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail, "domain": "googleapis.com",
            "metadata": {"service": "compute.googleapis.com"}}],
    }});
    let challenge = ("www-authenticate".to_owned(), "Bearer realm=\"https://accounts.google.com/\"".to_owned());
    Err(Reply { status: 401, headers: vec![challenge], ..Reply::ok(body) })
}

/// Below the project: `zones/us-central1-a/instances/x`, whole for the project itself.
pub(super) fn not_found(resource: &str) -> Reply {
    Reply::error(404, "notFound", &format!("The resource '{resource}' was not found"))
}

pub(super) fn no_such_address(path: &str) -> Reply {
    Reply::error(404, "notFound", &format!("The requested URL /compute/v1/{path} was not found on this server."))
}

pub(super) fn bad_json(why: &str) -> Reply {
    Reply::error(400, "parseError", &format!("Parse Error: {why}"))
}

/// A value that does not do, with a sentence that says why.
pub(super) fn invalid(field: &str, value: &str, why: &str) -> Reply {
    Reply::error(400, "invalid", &format!("Invalid value for field '{field}': '{value}'. {why}"))
}

pub(super) fn required(field: &str) -> Reply {
    Reply::error(400, "required", &format!("Required field '{field}' not specified"))
}

pub(super) fn already_exists(resource: &str) -> Reply {
    Reply::error(409, "alreadyExists", &format!("The resource '{resource}' already exists"))
}

/// A fingerprint that is not that of what is there now.
pub(super) fn condition_not_met(message: &str) -> Reply {
    let mut reply = Reply::error(412, "conditionNotMet", message);
    reply.body["error"]["errors"][0]["location"] = "If-Match".into();
    reply.body["error"]["errors"][0]["locationType"] = "header".into();
    reply
}
