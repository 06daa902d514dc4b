//! Who asks: a token, and the project it is used in.
//!
//! **Invariant:** a token is seen by the request it signs and by nothing else: no error, no log, no `Debug`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gcp_auth::{
    ConfigDefaultCredentials, CustomServiceAccount, GCloudAuthorizedUser, MetadataServiceAccount, TokenProvider,
};
use serde::Deserialize;

use super::super::{ProviderError, Settings};

/// Compute Engine's own scope would do for it; Cloud TPU has none narrower.
const SCOPES: &[&str] = &["https://www.googleapis.com/auth/cloud-platform"];
/// The metadata server answers in milliseconds where there is one; elsewhere its name may take long not to resolve.
const METADATA_PATIENCE: Duration = Duration::from_secs(3);
const LOGIN: &str = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a service \
                     account's key file or CLOUDSDK_AUTH_ACCESS_TOKEN to a token";
const PROJECT: &str = "set GOOGLE_CLOUD_PROJECT, or run `gcloud auth application-default set-quota-project PROJECT`";

/// Where tokens come from.
pub(super) struct Tokens {
    source: Source,
    /// In words, for `sky check`.
    pub(super) told: String,
}

enum Source {
    Fixed(String),
    Issued(Arc<dyn TokenProvider>),
}

impl Tokens {
    /// A token that is given, not issued.
    pub(super) fn fixed(token: &str) -> Self {
        Self { source: Source::Fixed(token.to_owned()), told: "environment (CLOUDSDK_AUTH_ACCESS_TOKEN)".to_owned() }
    }

    fn issued(provider: impl TokenProvider + 'static, told: &str) -> Self {
        Self { source: Source::Issued(Arc::new(provider)), told: told.to_owned() }
    }

    /// A token that is valid now.
    pub(super) async fn token(&self) -> Result<String, ProviderError> {
        match &self.source {
            Source::Fixed(token) => Ok(token.clone()),
            Source::Issued(provider) => match provider.token(SCOPES).await {
                Ok(token) => Ok(token.as_str().to_owned()),
                Err(error) => Err(missing(format!("no token by {}: {error}", self.told), LOGIN)),
            },
        }
    }

    async fn project(&self) -> Option<String> {
        match &self.source {
            Source::Fixed(_) => None,
            Source::Issued(provider) => provider.project_id().await.ok().map(|project| project.to_string()),
        }
    }
}

/// The first credentials that are there, and the project.
pub(super) async fn find(settings: &Settings) -> Result<(Tokens, String), ProviderError> {
    super::api::prepare_tls();
    let tokens = tokens(settings).await?;
    let named = settings.first(&["GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT", "GCLOUD_PROJECT"]);
    let project = match named {
        Some(project) => Some(project.to_owned()),
        None => tokens.project().await.filter(|project| !project.is_empty() && project != "(unset)"),
    };
    let project = project.ok_or_else(|| missing("no Google Cloud project is set".to_owned(), PROJECT))?;
    Ok((tokens, project))
}

async fn tokens(settings: &Settings) -> Result<Tokens, ProviderError> {
    if let Some(token) = settings.get("CLOUDSDK_AUTH_ACCESS_TOKEN") {
        return Ok(Tokens::fixed(token));
    }
    if let Some(file) = settings.get("GOOGLE_APPLICATION_CREDENTIALS") {
        return service_account(Path::new(file)).await;
    }
    let login = match (settings.get("CLOUDSDK_CONFIG"), &settings.home) {
        (None, Some(home)) => Some(home.join(".config/gcloud/application_default_credentials.json")),
        _ => None,
    };
    if let Some(file) = login.filter(|file| file.is_file()) {
        return match ConfigDefaultCredentials::new().await {
            Ok(provider) => Ok(Tokens::issued(provider, "gcloud's application-default login")),
            Err(error) => Err(missing(format!("the login in {} does not work: {error}", file.display()), LOGIN)),
        };
    }
    if settings.get("NO_GCE_CHECK").is_none_or(|value| !value.eq_ignore_ascii_case("true")) {
        let asked = tokio::time::timeout(METADATA_PATIENCE, MetadataServiceAccount::new()).await;
        if let Ok(Ok(provider)) = asked {
            return Ok(Tokens::issued(provider, "metadata server"));
        }
    }
    match GCloudAuthorizedUser::new().await {
        Ok(provider) => Ok(Tokens::issued(provider, "gcloud's login")),
        Err(_) => Err(missing("no Google Cloud credentials were found".to_owned(), LOGIN)),
    }
}

#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
}

async fn service_account(file: &Path) -> Result<Tokens, ProviderError> {
    let name = file.display();
    let unreadable = |why: String| missing(format!("GOOGLE_APPLICATION_CREDENTIALS names {name}: {why}"), LOGIN);
    let text = tokio::fs::read_to_string(file).await.map_err(|error| unreadable(error.to_string()))?;
    // A parser's own words may quote what it read, so they are not repeated.
    let key: KeyFile = serde_json::from_str(&text).map_err(|_| unreadable("it is not a credentials file".into()))?;
    if key.kind != "service_account" {
        return Err(unreadable(format!("its type is '{}', only 'service_account' is read here", key.kind)));
    }
    let account = CustomServiceAccount::from_json(&text)
        .map_err(|_| unreadable("its private key or one of its fields cannot be read".into()))?;
    Ok(Tokens::issued(account, &format!("service account in {name}")))
}

fn missing(message: String, remedy: &str) -> ProviderError {
    ProviderError::NoCredentials { message, remedy: remedy.to_owned() }
}
