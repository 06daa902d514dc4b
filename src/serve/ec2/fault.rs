//! Errors as EC2 tells them.
//!
//! **Invariant:** code, sentence and HTTP status are Amazon's.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::xml::escaped;
use crate::denials::{Fill, body};
use crate::serve::Refusal;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// A parameter with a value that cannot be.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterValue", message)
    }

    /// A parameter that is missing.
    pub(super) fn missing(name: &str) -> Self {
        Self::new(400, "MissingParameter", format!("The request must contain the parameter {name}"))
    }

    /// Something that does not exist: `InvalidGroup.NotFound`.
    pub(super) fn absent(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// A genuine body of the tables with its placeholders filled in.
    pub(super) fn genuine(key: &str, values: &[(&str, &str)]) -> Self {
        match body("aws", key) {
            Some(body) => Self::new(body.http, &body.code, body.render(Fill(values))),
            None => Self::new(500, "InternalError", "An internal error has occurred"),
        }
    }

    /// What the market said.
    pub(super) fn of(refusal: &Refusal) -> Self {
        Self::new(refusal.http(), refusal.code(), refusal.message())
    }

    /// The answer of the Query API.
    pub(super) fn xml(&self, request_id: &str) -> Response {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{}</Code><Message>{}</Message>\
             </Error></Errors><RequestID>{request_id}</RequestID></Response>",
            escaped(&self.code),
            escaped(&self.message)
        );
        let headers = [(header::CONTENT_TYPE, "text/xml;charset=UTF-8"), (header::SERVER, "AmazonEC2")];
        (self.status(), headers, text).into_response()
    }

    /// The answer of the older Query APIs, such as STS.
    pub(super) fn old_xml(&self, namespace: &str, request_id: &str) -> Response {
        let text = format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error>\
             <RequestId>{request_id}</RequestId></ErrorResponse>",
            escaped(&self.code),
            escaped(&self.message)
        );
        (self.status(), [(header::CONTENT_TYPE, "text/xml")], text).into_response()
    }

    /// The answer of the JSON 1.1 services.
    pub(super) fn json(&self, request_id: &str) -> Response {
        let text = serde_json::json!({ "__type": self.code, "message": self.message }).to_string();
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", request_id)];
        (self.status(), headers, text).into_response()
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
