//! Who asks: tokens for Resource Manager from Microsoft's identity crate.
//!
//! **Invariant:** a token or secret is never part of an error; what has no credentials says how to get them.

use std::ffi::OsStr;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{AccessToken, Secret, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Request, RetryOptions, Transport};
use azure_core::time::OffsetDateTime;
use azure_identity as identity;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::cloud::{ProviderError, Settings};

/// What a token is for, unless another Resource Manager is asked over TLS: a sovereign cloud's is its own address.
const AUDIENCE: &str = "https://management.azure.com";
/// A token is renewed this long before it expires.
const MARGIN: Duration = Duration::from_secs(300);
/// Off Azure, nobody answers at the metadata server's address.
const METADATA: Duration = Duration::from_secs(2);

const REMEDY: &str = "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and \
                      AZURE_SUBSCRIPTION_ID to those of a service principal";

/// A source of tokens, and the last token.
pub(super) struct Credential {
    source: Arc<dyn TokenCredential>,
    /// Where it comes from, in words.
    pub(super) origin: String,
    audience: String,
    secret: Option<String>,
    last: Mutex<Option<AccessToken>>,
}

/// What `az account show` tells.
#[derive(Debug, Deserialize)]
struct Account {
    id: String,
}

/// The credentials of this machine, and its subscription where they tell it.
pub(super) async fn find(
    settings: &Settings,
    http: &reqwest::Client,
) -> Result<(Credential, Option<String>), ProviderError> {
    let subscription = settings.get("AZURE_SUBSCRIPTION_ID").map(str::to_owned);
    if let Some(found) = principal(settings, http)? {
        return Ok((found, subscription));
    }
    let runner = Arc::new(Runner { settings: settings.clone() });
    match runner.account().await {
        Ok(account) => {
            let options = identity::AzureCliCredentialOptions {
                subscription: Some(subscription.clone().unwrap_or_else(|| account.clone())),
                executor: Some(runner),
                ..Default::default()
            };
            let source = identity::AzureCliCredential::new(Some(options)).map_err(|error| unusable(&error))?;
            Ok((Credential::new(source, "az login", settings), Some(subscription.unwrap_or(account))))
        }
        Err(words) => Ok((machine(settings, http, &words).await?, subscription)),
    }
}

/// A service principal, or a workload's identity, of the environment.
fn principal(settings: &Settings, http: &reqwest::Client) -> Result<Option<Credential>, ProviderError> {
    let (Some(tenant), Some(client)) = (settings.get("AZURE_TENANT_ID"), settings.get("AZURE_CLIENT_ID")) else {
        // A secret without its owner is a mistake worth telling.
        return match settings.get("AZURE_CLIENT_SECRET") {
            Some(_) => Err(ProviderError::NoCredentials {
                message: "AZURE_CLIENT_SECRET is set, but not AZURE_TENANT_ID and AZURE_CLIENT_ID".to_owned(),
                remedy: REMEDY.to_owned(),
            }),
            None => Ok(None),
        };
    };
    let options = client_options(settings, http);
    if let Some(secret) = settings.get("AZURE_CLIENT_SECRET") {
        let options = identity::ClientSecretCredentialOptions { client_options: options };
        let source = identity::ClientSecretCredential::new(
            tenant,
            client.to_owned(),
            Secret::new(secret.to_owned()),
            Some(options),
        );
        let mut found = Credential::new(source.map_err(|error| unusable(&error))?, "environment", settings);
        found.secret = Some(secret.to_owned());
        return Ok(Some(found));
    }
    let Some(file) = settings.get("AZURE_FEDERATED_TOKEN_FILE") else { return Ok(None) };
    let options = identity::WorkloadIdentityCredentialOptions {
        credential_options: identity::ClientAssertionCredentialOptions { client_options: options },
        client_id: Some(client.to_owned()),
        tenant_id: Some(tenant.to_owned()),
        token_file_path: Some(file.into()),
    };
    let source = identity::WorkloadIdentityCredential::new(Some(options)).map_err(|error| unusable(&error))?;
    Ok(Some(Credential::new(source, "workload identity", settings)))
}

/// The identity of the machine we run on, if it is one of Azure's; `words` say why the CLI was no help.
async fn machine(settings: &Settings, http: &reqwest::Client, words: &str) -> Result<Credential, ProviderError> {
    let none = || ProviderError::NoCredentials { message: words.to_owned(), remedy: REMEDY.to_owned() };
    // As Microsoft's SDKs have it: `dev` leaves out the credentials of deployed services.
    if settings.get("AZURE_TOKEN_CREDENTIALS") == Some("dev") {
        return Err(none());
    }
    let client_options = ClientOptions { retry: RetryOptions::none(), ..client_options(settings, http) };
    let user = settings.get("AZURE_CLIENT_ID").map(|id| identity::UserAssignedId::ClientId(id.to_owned()));
    let options = identity::ManagedIdentityCredentialOptions { user_assigned_id: user, client_options };
    let source = identity::ManagedIdentityCredential::new(Some(options)).map_err(|_| none())?;
    let found = Credential::new(source, "managed identity", settings);
    match tokio::time::timeout(METADATA, found.token(false)).await {
        Ok(Ok(_)) => Ok(found),
        Ok(Err(_)) | Err(_) => Err(none()),
    }
}

impl Credential {
    fn new(source: Arc<dyn TokenCredential>, origin: &str, settings: &Settings) -> Self {
        let own = settings.get("SKY_AZURE_ENDPOINT").filter(|address| address.starts_with("https://"));
        let audience = format!("{}/.default", own.unwrap_or(AUDIENCE).trim_end_matches('/'));
        Self { source, origin: origin.to_owned(), audience, secret: None, last: Mutex::default() }
    }

    /// A token that is valid for some minutes; a new one if `fresh`.
    pub(super) async fn token(&self, fresh: bool) -> Result<Secret, ProviderError> {
        let mut last = self.last.lock().await;
        if let Some(token) =
            last.as_ref().filter(|token| !fresh && OffsetDateTime::now_utc() + MARGIN < token.expires_on)
        {
            return Ok(token.token.clone());
        }
        let token = self.source.get_token(&[&self.audience], None).await.map_err(|error| self.no_token(&error))?;
        Ok(last.insert(token).token.clone())
    }

    fn no_token(&self, error: &azure_core::Error) -> ProviderError {
        if matches!(root(error).kind(), ErrorKind::Connection | ErrorKind::Io) {
            return ProviderError::Lost(
                self.clean(format!("could not reach the sign-in of Azure: {}", first_line(error))),
            );
        }
        ProviderError::NoCredentials { message: self.clean(first_line(error)), remedy: REMEDY.to_owned() }
    }

    fn clean(&self, words: String) -> String {
        match &self.secret {
            Some(secret) => words.replace(secret.as_str(), "***"),
            None => words,
        }
    }
}

/// The innermost error of Microsoft's crates: outer ones are all of the kind `Credential`.
fn root(error: &azure_core::Error) -> &azure_core::Error {
    let mut at = error;
    while let Some(inner) = at.get_ref().and_then(|inner| inner.downcast_ref::<azure_core::Error>()) {
        at = inner;
    }
    at
}

/// The crate's words without the name of its type and without its link.
fn first_line(error: &azure_core::Error) -> String {
    let text = error.to_string();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.split_once("authentication failed.").map_or(line, |(_, words)| words).trim().to_owned()
}

fn unusable(error: &azure_core::Error) -> ProviderError {
    ProviderError::NoCredentials { message: first_line(error), remedy: REMEDY.to_owned() }
}

/// Our HTTP client for the crate, and the authority of `AZURE_AUTHORITY_HOST`.
fn client_options(settings: &Settings, http: &reqwest::Client) -> ClientOptions {
    let mut options = ClientOptions::default();
    let mut plain = None;
    if let Some(host) = settings.get("AZURE_AUTHORITY_HOST") {
        let with_scheme = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
        plain = with_scheme.strip_prefix("http://").map(|rest| rest.trim_end_matches('/').to_owned());
        let mut cloud = CustomConfiguration::default();
        // The crate insists on https; a loopback address is asked in plain all the same, below.
        cloud.authority_host = with_scheme.replacen("http://", "https://", 1);
        options.cloud = Some(Arc::new(cloud.into()));
    }
    let plain = plain.filter(|host| is_loopback(host));
    options.transport = Some(Transport::new(Arc::new(Plain { http: http.clone(), authority: plain })));
    options
}

fn is_loopback(authority: &str) -> bool {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// Sends by our client; to one loopback authority without TLS, so that a wire server can be signed in to.
#[derive(Debug)]
struct Plain {
    http: reqwest::Client,
    authority: Option<String>,
}

#[async_trait]
impl HttpClient for Plain {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let asked = request.url();
        let authority =
            asked.host_str().map(|host| asked.port().map_or(host.to_owned(), |port| format!("{host}:{port}")));
        if authority.is_none() || authority != self.authority {
            return HttpClient::execute_request(&self.http, request).await;
        }
        let mut plain = request.clone();
        let _ = plain.url_mut().set_scheme("http");
        HttpClient::execute_request(&self.http, &plain).await
    }
}

/// Runs `az` in the environment that we were given.
struct Runner {
    settings: Settings,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runner")
    }
}

#[async_trait]
impl identity::Executor for Runner {
    async fn run(&self, program: &OsStr, args: &[&OsStr]) -> std::io::Result<Output> {
        let mut command = tokio::process::Command::new(program);
        command.args(args).env_clear().envs(&self.settings.environment).kill_on_drop(true);
        command.stdin(std::process::Stdio::null()).output().await
    }
}

impl Runner {
    /// The id of the subscription that `az` is logged in to, or why there is none.
    async fn account(&self) -> Result<String, String> {
        let show = ["-c", "az account show --output json"].map(OsStr::new);
        let run = identity::Executor::run(self, OsStr::new("/bin/sh"), &show).await;
        let output = run.map_err(|error| format!("az could not be run: {error}"))?;
        match output.status.code() {
            Some(0) => {}
            Some(127) => return Err("no credentials in the environment, and the Azure CLI is not installed".to_owned()),
            _ => return Err("no credentials in the environment, and the Azure CLI is not logged in".to_owned()),
        }
        let account: Account = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("`az account show` cannot be understood: {error}"))?;
        Ok(account.id)
    }
}
