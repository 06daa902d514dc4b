//! One HTTP exchange: what is sent with every request, and how an answer is read.
//!
//! **Invariant:** a create is sent once; only what may safely be repeated (reads, deletes, waits) is sent again.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinSet;

use super::super::{ProviderError, Refusal};
use super::credentials::Tokens;
use super::wire::{Envelope, EnvelopeError};

/// Where Compute Engine is.
pub(super) const PUBLIC_ENDPOINT: &str = "https://compute.googleapis.com/compute/v1/";
/// Where Cloud TPU is.
pub(super) const PUBLIC_TPU: &str = "https://tpu.googleapis.com/";
/// Most calls answer within seconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// A wait answers within two minutes.
pub(super) const LONG_PATIENCE: Duration = Duration::from_secs(150);
/// Letters that stand in a path as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');
/// Codes that pass by themselves.
const PASSING: &[&str] = &[
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "backendError",
    "internalError",
    "UNAVAILABLE",
    "RATE_LIMIT_EXCEEDED",
];
/// How many calls of one order are under way at once.
const AT_ONCE: usize = 8;

/// The interface of one project.
pub(super) struct Api {
    http: reqwest::Client,
    /// Up to and including `projects/PROJECT`.
    base: String,
    pub(super) project: String,
    pub(super) tokens: Arc<Tokens>,
    pub(super) rules: super::firewall::Known,
    pub(super) place: Place,
}

/// What of the project machines are put into.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Name of the network.
    pub network: String,
    /// Name of its subnetwork in every region; `None` where the network makes its own.
    pub subnetwork: Option<String>,
    /// Whom machines speak for: an address, or `default` for the project's own account; `None` for nobody.
    pub account: Option<String>,
}

impl Default for Place {
    fn default() -> Self {
        Self { network: "default".to_owned(), subnetwork: None, account: Some("default".to_owned()) }
    }
}

/// One request.
pub(super) struct Ask<'a, B: Serialize + Sync> {
    pub method: Method,
    /// Below the project, from [`path`].
    pub path: String,
    pub query: &'a [(&'a str, &'a str)],
    pub body: Option<&'a B>,
    pub patience: Duration,
}

/// Joins the parts of a path below the project.
pub(super) fn path(parts: &[&str]) -> String {
    let mut path = String::new();
    for part in parts {
        path.push('/');
        path.extend(utf8_percent_encode(part, SEGMENT));
    }
    path
}

/// TLS by ring, for this process; whoever was first has chosen the same.
pub(super) fn prepare_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Api {
    pub(super) fn new(
        endpoint: &str,
        project: String,
        tokens: Arc<Tokens>,
        place: Place,
    ) -> Result<Self, ProviderError> {
        prepare_tls();
        let http = reqwest::Client::builder()
            .user_agent(concat!("sky/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| ProviderError::Lost(format!("no HTTP client: {}", root(&error))))?;
        let encoded = utf8_percent_encode(&project, SEGMENT);
        let base = format!("{}/projects/{encoded}", endpoint.trim_end_matches('/'));
        Ok(Self { http, base, project, tokens, rules: super::firewall::Known::default(), place })
    }

    /// Reads, again where a moment's trouble is in the way.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ProviderError> {
        let ask: Ask<'_, ()> =
            Ask { method: Method::GET, path: path.to_owned(), query, body: None, patience: PATIENCE };
        self.again(&ask).await
    }

    /// Sends without a body what may be repeated: a delete, a stop, a wait.
    pub(super) async fn tell<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        patience: Duration,
    ) -> Result<T, ProviderError> {
        let ask: Ask<'_, ()> = Ask { method, path: path.to_owned(), query: &[], body: None, patience };
        self.again(&ask).await
    }

    /// Posts `{}` where the interface wants an object that has no fields; may be repeated.
    pub(super) async fn post_empty<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        let empty = serde_json::Map::new();
        let (path, body) = (path.to_owned(), Some(&empty));
        self.again(&Ask { method: Method::POST, path, query: &[], body, patience: PATIENCE }).await
    }

    /// Makes something, named by the query so that it is made once: sent once.
    pub(super) async fn create<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        body: &(impl Serialize + Sync),
    ) -> Result<T, ProviderError> {
        let ask = Ask { method: Method::POST, path: path.to_owned(), query, body: Some(body), patience: PATIENCE };
        self.once(&ask).await
    }

    async fn again<T: DeserializeOwned, B: Serialize + Sync>(&self, ask: &Ask<'_, B>) -> Result<T, ProviderError> {
        let pauses =
            ExponentialBuilder::default().with_min_delay(Duration::from_millis(500)).with_max_times(3).with_jitter();
        (|| self.once(ask)).retry(pauses).when(passes).await
    }

    async fn once<T: DeserializeOwned, B: Serialize + Sync>(&self, ask: &Ask<'_, B>) -> Result<T, ProviderError> {
        let token = self.tokens.token().await?;
        let mut request = self
            .http
            .request(ask.method.clone(), format!("{}{}", self.base, ask.path))
            .bearer_auth(token)
            .timeout(ask.patience);
        if !ask.query.is_empty() {
            request = request.query(ask.query);
        }
        match ask.body {
            Some(body) => request = request.json(body),
            None if ask.method == Method::POST => request = request.header(reqwest::header::CONTENT_LENGTH, 0),
            None => {}
        }
        let answer = request.send().await.map_err(|error| lost(&error))?;
        let status = answer.status();
        let wait = answer.headers().get(reqwest::header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
        let bytes = answer.bytes().await.map_err(|error| lost(&error))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes)
                .map_err(|error| ProviderError::Lost(format!("the answer cannot be read: {error}")));
        }
        Err(refused(status, &bytes, wait.map(Duration::from_secs)))
    }
}

/// Whether a moment's patience may help.
fn passes(error: &ProviderError) -> bool {
    match error {
        ProviderError::Lost(_) => true,
        ProviderError::Refused(refusals) => refusals.iter().all(|refusal| PASSING.contains(&refusal.code.as_str())),
        ProviderError::NoCredentials { .. } => false,
    }
}

fn lost(error: &reqwest::Error) -> ProviderError {
    let host = error.url().and_then(|url| url.host_str()).unwrap_or("compute engine").to_owned();
    let what = if error.is_connect() { "cannot be reached" } else { "did not answer" };
    ProviderError::Lost(format!("{host} {what}: {}", root(error)))
}

/// The innermost cause, which is the one that says something.
fn root(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = if error.is_timeout() { "timed out".to_owned() } else { "connection broken".to_owned() };
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text
}

/// An error's body. Without Google's envelope it is a proxy that speaks; whether the request passed it is not known.
fn refused(status: StatusCode, bytes: &[u8], retry_after: Option<Duration>) -> ProviderError {
    let Ok(Envelope { error }) = serde_json::from_slice::<Envelope>(bytes) else {
        if status.is_server_error() {
            return ProviderError::Lost(format!("HTTP {status} without a word of Compute Engine"));
        }
        return ProviderError::refused(format!("HTTP {}", status.as_u16()), status.to_string());
    };
    let as_refusal = |code: String, message: String| Refusal { code, message, zone: None, retry_after };
    if error.errors.iter().all(|inner| inner.reason.is_empty()) {
        let code = code_without_reason(&error).unwrap_or_else(|| format!("HTTP {}", status.as_u16()));
        return ProviderError::Refused(vec![as_refusal(code, error.message)]);
    }
    let refusals = error.errors.into_iter().map(|inner| {
        // The short sentence of an inner error ("Access Not Configured.") has a long one around it.
        let message = if error.message.contains(&inner.message) { error.message.clone() } else { inner.message };
        as_refusal(inner.reason, message)
    });
    ProviderError::Refused(refusals.collect())
}

fn code_without_reason(error: &EnvelopeError) -> Option<String> {
    error.details.iter().find_map(|detail| detail.reason.clone()).or_else(|| error.status.clone())
}

/// True if the cloud answered with this reason.
pub(super) fn says(error: &ProviderError, reason: &str) -> bool {
    matches!(error, ProviderError::Refused(refusals) if refusals.iter().any(|refusal| refusal.code == reason))
}

/// Runs calls side by side and gives their answers in the order of the calls. Dropped, it stops them all.
pub(super) async fn together<F, T>(calls: Vec<F>) -> Vec<Result<T, ProviderError>>
where
    F: Future<Output = Result<T, ProviderError>> + Send + 'static,
    T: Send + 'static,
{
    let mut waiting = calls.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut answers: Vec<(usize, Result<T, ProviderError>)> = Vec::new();
    loop {
        while running.len() < AT_ONCE {
            let Some((index, call)) = waiting.next() else { break };
            running.spawn(async move { (index, call.await) });
        }
        match running.join_next().await {
            Some(Ok(answer)) => answers.push(answer),
            Some(Err(error)) => answers.push((usize::MAX, Err(ProviderError::Lost(error.to_string())))),
            None => break,
        }
    }
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
