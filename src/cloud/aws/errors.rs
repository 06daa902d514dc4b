//! The SDK's errors as the port's.
//!
//! **Invariant:** what the service said is a refusal in its own words; what may have been heard but was not answered is
//! lost; a call that never left is a refusal, since nothing can have come of it.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::cloud::{ProviderError, Refusal};

/// What an endpoint that cannot be reached is called. Not a code of Amazon's: it never heard of the call.
const UNREACHABLE: &str = "EndpointUnreachable";

/// Reads an error of any service of the SDK.
pub(super) fn read<E>(error: &SdkError<E, HttpResponse>) -> ProviderError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => match answer.err().code() {
            Some(code) => ProviderError::Refused(vec![Refusal {
                code: code.to_owned(),
                message: discreet(answer.err().message().unwrap_or("no message")),
                zone: None,
                retry_after: retry_after(answer.raw()),
            }]),
            None => ProviderError::Lost(format!("HTTP {} without an error code", answer.raw().status().as_u16())),
        },
        SdkError::ConstructionFailure(_) => unsent(error),
        SdkError::DispatchFailure(failure) => {
            let never_left = failure.as_connector_error().is_some_and(|e| e.is_user() || is_connect(e));
            if never_left || source_of::<CredentialsError>(error).is_some() {
                unsent(error)
            } else {
                ProviderError::Lost(chain(error))
            }
        }
        _ => ProviderError::Lost(chain(error)),
    }
}

/// An error of a call that was not sent.
fn unsent<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> ProviderError {
    if let Some(credentials) = source_of::<CredentialsError>(error) {
        return ProviderError::NoCredentials {
            message: format!("the AWS credentials cannot be used: {}", chain(credentials)),
            remedy: "run `aws sts get-caller-identity` to see what is wrong, then `aws configure` or `aws sso login`"
                .to_owned(),
        };
    }
    ProviderError::refused(UNREACHABLE, chain(error))
}

/// True if no connection came about.
fn is_connect(error: &(dyn Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return io.kind() == std::io::ErrorKind::ConnectionRefused;
        }
        source = error.source();
    }
    // The resolver's and the connector's errors are types that nobody exports; their words are all there is.
    let words = chain(error);
    words.contains("dns error") || words.contains("tcp connect error") || words.contains("HTTP connect timeout")
}

fn source_of<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// An error and what caused it, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        source = cause.source();
    }
    discreet(&words)
}

/// Without what the service quotes back of a signed request: that holds the session token.
fn discreet(message: &str) -> String {
    let end = message.find("The Canonical String").or_else(|| message.find("The String-to-Sign"));
    end.map_or(message, |end| message[..end].trim_end()).to_owned()
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    response.headers().get("retry-after")?.trim().parse().ok().map(Duration::from_secs)
}

/// The code of a refusal.
pub(super) fn code(error: &ProviderError) -> Option<&str> {
    match error {
        ProviderError::Refused(refusals) => refusals.first().map(|refusal| refusal.code.as_str()),
        _ => None,
    }
}

/// A result whose error is of the SDK, with that error read.
pub(super) trait Told<T> {
    /// Reads the error.
    fn told(self) -> Result<T, ProviderError>;
}

impl<T, E> Told<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn told(self) -> Result<T, ProviderError> {
        self.map_err(|error| read(&error))
    }
}
