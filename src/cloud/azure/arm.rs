//! Requests to Resource Manager: versions, tokens, pages, asynchronous operations, patience.
//!
//! **Invariant:** only what may be made twice is repeated here: reads, deletions, and `PUT`s of the network, which name
//! what they make. The token goes to the endpoint's own origin and nowhere else.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::credential::Credential;
use super::error::{ArmError, Denied, denied, innermost, retry_after};
use super::wire::{Operation, Page};

/// The versions of the providers' interfaces that the bodies are written for.
pub(super) mod version {
    /// `Microsoft.Compute`: machines, usages.
    pub(in super::super) const COMPUTE: &str = "2024-07-01";
    /// `Microsoft.Compute/disks`.
    pub(in super::super) const DISKS: &str = "2024-03-02";
    /// `Microsoft.Compute/skus`.
    pub(in super::super) const SKUS: &str = "2021-07-01";
    /// `Microsoft.Network`.
    pub(in super::super) const NETWORK: &str = "2024-01-01";
    /// Groups, and resources across providers.
    pub(in super::super) const RESOURCES: &str = "2021-04-01";
    /// Subscriptions.
    pub(in super::super) const SUBSCRIPTIONS: &str = "2022-12-01";
}

/// One answer from which waiting may follow may take this long; some regions hang.
const REQUEST: Duration = Duration::from_secs(60);
/// How often a request that may be repeated is repeated.
const REPETITIONS: usize = 3;
/// The longest pause that is obeyed in place; a longer one is the caller's business.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at an operation that names no pause: from, to.
const LOOK: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// An operation that takes longer than this is given up on.
const LOOKS: usize = 400;

/// A client of one subscription.
pub(super) struct Arm {
    http: reqwest::Client,
    endpoint: Url,
    /// The id of the subscription; empty until it is known.
    pub(super) subscription: String,
    /// Who asks.
    pub(super) credential: Credential,
}

/// An answer that is not a refusal.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Arm {
    pub(super) fn new(http: reqwest::Client, endpoint: Url, credential: Credential) -> Self {
        Self { http, endpoint, subscription: String::new(), credential }
    }

    /// The address of a resource below the subscription: `path` begins with `/` or is empty, and may hold a query.
    pub(super) fn below(&self, path: &str, version: &str) -> String {
        self.address(&format!("/subscriptions/{}{path}", self.subscription), version)
    }

    /// The address of a path, with the version as a parameter.
    pub(super) fn address(&self, path: &str, version: &str) -> String {
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{}{path}{joint}api-version={version}", self.endpoint.as_str().trim_end_matches('/'))
    }

    /// Makes one request once.
    async fn once(&self, method: &Method, url: &str, body: Option<&Value>) -> Result<Answer, ArmError> {
        match self.with_token(method, url, body, false).await {
            // A token may be withdrawn before it expires: the next one counts.
            Err(ArmError::Denied(denied)) if denied.status == 401 => self.with_token(method, url, body, true).await,
            other => other,
        }
    }

    async fn with_token(
        &self,
        method: &Method,
        url: &str,
        body: Option<&Value>,
        fresh: bool,
    ) -> Result<Answer, ArmError> {
        let target = self.own(url)?;
        let token = self.credential.token(fresh).await.map_err(ArmError::Credentials)?;
        let mut request = self.http.request(method.clone(), target).timeout(REQUEST).bearer_auth(token.secret());
        request = match body {
            Some(body) => request.json(body),
            // Gateways want a length with every POST.
            None if *method == Method::POST => request.header("content-length", "0"),
            None => request,
        };
        let answer = request.send().await.map_err(|error| {
            let never_sent = error.is_connect();
            let words = innermost(&error.without_url());
            let words = format!("{} did not answer: {words}", self.endpoint.host_str().unwrap_or("Azure"));
            if never_sent { ArmError::Unsent(words) } else { ArmError::Broken(words) }
        });
        read(answer?).await
    }

    /// The address, if it is on the endpoint's origin: the address of an operation comes from a header.
    fn own(&self, url: &str) -> Result<Url, ArmError> {
        let elsewhere = || ArmError::Broken("an operation's address is not on Azure's endpoint".to_owned());
        let url = self.endpoint.join(url).map_err(|_| elsewhere())?;
        if url.origin() == self.endpoint.origin() { Ok(url) } else { Err(elsewhere()) }
    }

    /// Makes a request that may be made twice, again while it is throttled or the connection breaks.
    pub(super) async fn patiently(&self, method: &Method, url: &str, body: Option<&Value>) -> Result<Answer, ArmError> {
        self.repeating(method, url, body, |error| match error {
            ArmError::Broken(_) | ArmError::Unsent(_) => Some(Duration::ZERO),
            ArmError::Denied(denied) if denied.is_throttle() => Some(denied.retry_after.unwrap_or_default()),
            _ => None,
        })
        .await
    }

    /// Makes a request that must be heard of at most once: again only if it never left this machine.
    pub(super) async fn carefully(&self, method: &Method, url: &str, body: Option<&Value>) -> Result<Answer, ArmError> {
        self.repeating(method, url, body, |error| matches!(error, ArmError::Unsent(_)).then_some(Duration::ZERO)).await
    }

    /// Makes a request again after the pause that `again` asks for, a few times.
    async fn repeating(
        &self,
        method: &Method,
        url: &str,
        body: Option<&Value>,
        again: impl Fn(&ArmError) -> Option<Duration>,
    ) -> Result<Answer, ArmError> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_times(REPETITIONS)
            .with_jitter()
            .build();
        loop {
            let error = match self.once(method, url, body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(asked) = again(&error).filter(|asked| *asked <= PATIENCE) else { return Err(error) };
            let Some(pause) = pauses.next() else { return Err(error) };
            tokio::time::sleep(asked.max(pause)).await;
        }
    }

    /// Waits for what an accepted request began.
    pub(super) async fn settled(&self, accepted: Answer) -> Result<(), ArmError> {
        let (url, by_status) = match (accepted.header("azure-asyncoperation"), accepted.header("location")) {
            (Some(operation), _) => (operation.to_owned(), true),
            (None, Some(location)) if accepted.status == StatusCode::ACCEPTED => (location.to_owned(), false),
            _ => return Ok(()),
        };
        let mut pauses = looks();
        let mut asked = retry_after(&accepted.headers);
        for _ in 0..LOOKS {
            let usual = pauses.next().unwrap_or(LOOK.1);
            tokio::time::sleep(asked.unwrap_or(usual).min(PATIENCE)).await;
            let answer = self.patiently(&Method::GET, &url, None).await?;
            asked = retry_after(&answer.headers);
            if by_status {
                let operation: Operation = parse(answer.body)?;
                match operation.status.as_str() {
                    "Succeeded" => return Ok(()),
                    "Failed" | "Canceled" => return Err(ArmError::Denied(operation.denied())),
                    _ => {}
                }
            } else if answer.status != StatusCode::ACCEPTED {
                return Ok(());
            }
        }
        Err(ArmError::Broken("an operation of Azure does not end".to_owned()))
    }

    /// Creates what may be created twice, and waits until it is there.
    pub(super) async fn put(&self, path: &str, version: &str, body: &Value) -> Result<(), ArmError> {
        let accepted = self.patiently(&Method::PUT, &self.below(path, version), Some(body)).await?;
        self.settled(accepted).await
    }

    /// Reads one resource; `None` where there is none.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, version: &str) -> Result<Option<T>, ArmError> {
        match self.patiently(&Method::GET, &self.below(path, version), None).await {
            Ok(answer) => parse(answer.body).map(Some),
            Err(ArmError::Denied(denied)) if denied.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a list, page by page; `None` where what it is a list of is not there.
    pub(super) async fn list<T: DeserializeOwned>(&self, url: String) -> Result<Option<Vec<T>>, ArmError> {
        let mut all = Vec::new();
        let mut next = Some(url);
        while let Some(url) = next {
            let page: Page<T> = match self.patiently(&Method::GET, &url, None).await {
                Ok(answer) => parse(answer.body)?,
                Err(ArmError::Denied(denied)) if denied.status == 404 => return Ok(None),
                Err(error) => return Err(error),
            };
            all.extend(page.value);
            next = page.next_link.filter(|link| !link.is_empty());
        }
        Ok(Some(all))
    }

    /// Deletes a resource and waits until it is gone; already gone is done.
    pub(super) async fn delete(&self, path: &str, version: &str) -> Result<(), ArmError> {
        let done = match self.patiently(&Method::DELETE, &self.below(path, version), None).await {
            Ok(accepted) => self.settled(accepted).await,
            Err(error) => Err(error),
        };
        match done {
            Err(ArmError::Denied(denied)) if denied.status == 404 || is_gone(&denied) => Ok(()),
            done => done,
        }
    }
}

/// Codes of an operation whose subject went away under it.
fn is_gone(denied: &Denied) -> bool {
    matches!(denied.code(), "ResourceNotFound" | "ResourceGroupNotFound" | "NotFound")
}

/// The pauses between looks at an operation.
pub(super) fn looks() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(LOOK.0)
        .with_max_delay(LOOK.1)
        .with_factor(1.5)
        .without_max_times()
        .build()
}

fn parse<T: DeserializeOwned>(body: Value) -> Result<T, ArmError> {
    serde_json::from_value(body)
        .map_err(|error| ArmError::Broken(format!("an answer of Azure is not as expected: {error}")))
}

/// An answer's body, or why there is none.
async fn read(answer: reqwest::Response) -> Result<Answer, ArmError> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let text = answer
        .text()
        .await
        .map_err(|error| ArmError::Broken(format!("Azure's answer broke off: {}", innermost(&error.without_url()))))?;
    let body = if text.trim().is_empty() { Ok(Value::Null) } else { serde_json::from_str(&text) };
    if status.is_success() {
        let body = body.map_err(|_| ArmError::Broken("Azure's answer is not JSON".to_owned()))?;
        return Ok(Answer { status, headers, body });
    }
    let denied = body.ok().and_then(|body| denied(status.as_u16(), &headers, &body));
    if status.is_server_error() {
        // The request may have been carried out all the same.
        let words = denied.map(|denied| denied.errors[0].clone());
        let (code, message) = words.unwrap_or_else(|| (status.as_u16().to_string(), "no reason given".to_owned()));
        return Err(ArmError::Broken(format!("Azure failed to answer: {code}: {message}")));
    }
    Err(ArmError::Denied(denied.unwrap_or_else(|| Denied {
        status: status.as_u16(),
        errors: vec![(format!("Http{}", status.as_u16()), "Azure gave no reason".to_owned())],
        retry_after: retry_after(&headers),
    })))
}
