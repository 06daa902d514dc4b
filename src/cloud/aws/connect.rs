//! Credentials, endpoints and clients: what has to be known before the first call.
//!
//! **Invariant:** what the environment says comes from [`Settings`]; a credential is handed to the SDK and kept nowhere
//! else, and no error holds one.

#![expect(
    deprecated,
    reason = "the new names of the profile files' types are in a crate that is not meant to be named"
)]

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_http_client::tls::Provider as Tls;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::errors::chain;
use crate::cloud::{ProviderError, Settings};

/// Where calls that are not about a region go when nothing names one.
const HOME_REGION: &str = "us-east-1";
/// A connection that takes longer is to a region that is not well.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest that one request may take. Far above what EC2 needs, so that what hangs is noticed without cutting off what
/// is merely slow.
const REQUEST: Duration = Duration::from_secs(60);
/// How often a call that changes nothing, or can be repeated safely, is sent.
const TRIES: u32 = 4;

/// Clients, one a region, made when first needed.
pub(super) struct Clients {
    base: SdkConfig,
    endpoints: Endpoints,
    home: String,
    source: String,
    ec2: Mutex<HashMap<String, aws_sdk_ec2::Client>>,
}

/// Addresses that replace the regions' own, for tests and private endpoints.
#[derive(Default)]
struct Endpoints {
    all: Option<String>,
    ec2: Option<String>,
    quotas: Option<String>,
    sts: Option<String>,
}

impl Clients {
    /// Finds credentials the way the AWS command line does: environment, profile (static keys, SSO, assumed role, external
    /// process), web identity, container, instance role.
    pub(super) async fn connect(settings: &Settings) -> Result<Self, ProviderError> {
        let http = HttpBuilder::new().tls_provider(Tls::Rustls(CryptoMode::Ring)).build_https();
        let chosen = settings.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).unwrap_or(HOME_REGION);
        let files = profile_files(settings);
        let (provider, source) = credentials(settings, &http, &files, chosen).await?;
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(REQUEST).build();
        let base = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .credentials_provider(provider)
            .profile_files(files)
            .profile_name(profile_name(settings))
            .region(Region::new(chosen.to_owned()))
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(timeouts)
            .load()
            .await;
        Ok(Self { base, endpoints: Endpoints::of(settings), home: chosen.to_owned(), source, ec2: Mutex::default() })
    }

    /// The region of calls that are about none.
    pub(super) fn home(&self) -> &str {
        &self.home
    }

    /// Where the credentials came from.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// EC2 in this region.
    pub(super) fn ec2(&self, region: &str) -> aws_sdk_ec2::Client {
        let mut made = self.ec2.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(region) {
            return client.clone();
        }
        let mut config = aws_sdk_ec2::config::Builder::from(&self.base).region(Region::new(region.to_owned()));
        if let Some(url) = self.endpoints.of_service(self.endpoints.ec2.as_deref()) {
            config = config.endpoint_url(url);
        }
        let client = aws_sdk_ec2::Client::from_conf(config.build());
        made.insert(region.to_owned(), client.clone());
        client
    }

    /// Service Quotas in this region.
    pub(super) fn quotas(&self, region: &str) -> aws_sdk_servicequotas::Client {
        let mut config =
            aws_sdk_servicequotas::config::Builder::from(&self.base).region(Region::new(region.to_owned()));
        if let Some(url) = self.endpoints.of_service(self.endpoints.quotas.as_deref()) {
            config = config.endpoint_url(url);
        }
        aws_sdk_servicequotas::Client::from_conf(config.build())
    }

    /// The service that knows who we are.
    pub(super) fn sts(&self) -> aws_sdk_sts::Client {
        let mut config = aws_sdk_sts::config::Builder::from(&self.base);
        if let Some(url) = self.endpoints.of_service(self.endpoints.sts.as_deref()) {
            config = config.endpoint_url(url);
        }
        aws_sdk_sts::Client::from_conf(config.build())
    }
}

impl Endpoints {
    fn of(settings: &Settings) -> Self {
        if settings.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(is_true) {
            return Self::default();
        }
        let get = |name: &str| settings.get(name).map(str::to_owned);
        Self {
            all: get("AWS_ENDPOINT_URL"),
            ec2: get("AWS_ENDPOINT_URL_EC2"),
            quotas: get("AWS_ENDPOINT_URL_SERVICE_QUOTAS"),
            sts: get("AWS_ENDPOINT_URL_STS"),
        }
    }

    fn of_service<'a>(&'a self, own: Option<&'a str>) -> Option<&'a str> {
        own.or(self.all.as_deref())
    }
}

fn is_true(value: &str) -> bool {
    value.eq_ignore_ascii_case("true")
}

fn profile_name(settings: &Settings) -> String {
    settings.get("AWS_PROFILE").unwrap_or("default").to_owned()
}

/// The files that profiles are read from.
fn profile_files(settings: &Settings) -> ProfileFiles {
    let place = |variable: &str, name: &str| -> Option<PathBuf> {
        let named = settings.get(variable).map(PathBuf::from);
        named.or_else(|| settings.home.as_ref().map(|home| home.join(".aws").join(name))).filter(|path| path.is_file())
    };
    // Without any file the builder would give up; an empty one says nothing.
    let mut files = ProfileFiles::builder().with_contents(ProfileFileKind::Config, "");
    if let Some(path) = place("AWS_CONFIG_FILE", "config") {
        files = files.with_file(ProfileFileKind::Config, path);
    }
    if let Some(path) = place("AWS_SHARED_CREDENTIALS_FILE", "credentials") {
        files = files.with_file(ProfileFileKind::Credentials, path);
    }
    files.build()
}

/// The first provider that has credentials, and its name. One that is set up but does not work ends the search: what
/// comes after it is not what the user meant.
async fn credentials(
    settings: &Settings,
    http: &SharedHttpClient,
    files: &ProfileFiles,
    region: &str,
) -> Result<(SharedCredentialsProvider, String), ProviderError> {
    if let Some(keys) = environment(settings)? {
        return Ok((SharedCredentialsProvider::new(keys), "environment".to_owned()));
    }
    for (source, provider) in providers(settings, http, files, region) {
        match provider.provide_credentials().await {
            Ok(_) => return Ok((provider, source)),
            Err(CredentialsError::CredentialsNotLoaded(_)) => {}
            Err(error) => return Err(unusable(&source, &error, settings)),
        }
    }
    if let Some(profile) = settings.get("AWS_PROFILE") {
        return Err(ProviderError::NoCredentials {
            message: format!("the profile '{profile}' (AWS_PROFILE) has no AWS credentials"),
            remedy: format!(
                "run `aws configure --profile {profile}` or `aws configure sso --profile {profile}`, or unset AWS_PROFILE"
            ),
        });
    }
    Err(ProviderError::NoCredentials {
        message: "no AWS credentials were found".to_owned(),
        remedy: "run `aws configure` (keys) or `aws configure sso`, or set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            .to_owned(),
    })
}

/// Keys in the environment; half of a pair is a mistake that is worth a word.
fn environment(settings: &Settings) -> Result<Option<Credentials>, ProviderError> {
    let secret = settings.first(&["AWS_SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY"]);
    match (settings.get("AWS_ACCESS_KEY_ID"), secret) {
        (Some(id), Some(secret)) => {
            let token = settings.get("AWS_SESSION_TOKEN").map(str::to_owned);
            Ok(Some(Credentials::new(id, secret, token, None, "environment")))
        }
        (Some(_), None) => Err(half("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
        (None, Some(_)) => Err(half("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")),
        (None, None) => Ok(None),
    }
}

fn half(set: &str, missing: &str) -> ProviderError {
    ProviderError::NoCredentials {
        message: format!("{set} is set, but {missing} is not"),
        remedy: format!("set {missing} too, or unset {set} so that a profile is used"),
    }
}

fn providers(
    settings: &Settings,
    http: &SharedHttpClient,
    files: &ProfileFiles,
    region: &str,
) -> Vec<(String, SharedCredentialsProvider)> {
    let config = ProviderConfig::without_region()
        .with_http_client(http.clone())
        .with_region(Some(Region::new(region.to_owned())));
    let mut providers = Vec::new();
    let mut add = |source: &str, provider| providers.push((source.to_owned(), provider));

    let profile = ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_files(files.clone())
        .profile_name(profile_name(settings))
        .build();
    add(&format!("profile '{}'", profile_name(settings)), SharedCredentialsProvider::new(profile));

    if let (Some(file), Some(role)) = (settings.get("AWS_WEB_IDENTITY_TOKEN_FILE"), settings.get("AWS_ROLE_ARN")) {
        let token = StaticConfiguration {
            web_identity_token_file: file.into(),
            role_arn: role.to_owned(),
            session_name: settings.get("AWS_ROLE_SESSION_NAME").unwrap_or("sky").to_owned(),
        };
        let provider =
            WebIdentityTokenCredentialsProvider::builder().configure(&config).static_configuration(token).build();
        add("web identity", SharedCredentialsProvider::new(provider));
    }
    if settings.first(&["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]).is_some() {
        let provider = EcsCredentialsProvider::builder().configure(&config).build();
        add("container", SharedCredentialsProvider::new(provider));
    }
    // With a profile named, an instance role is not what was meant.
    let role_wanted = settings.get("AWS_PROFILE").is_none();
    if role_wanted && !settings.get("AWS_EC2_METADATA_DISABLED").is_some_and(is_true) {
        let provider = ImdsCredentialsProvider::builder().configure(&config).build();
        add("instance role", SharedCredentialsProvider::new(provider));
    }
    providers
}

fn unusable(source: &str, error: &CredentialsError, settings: &Settings) -> ProviderError {
    let words = chain(error);
    let remedy = if source == "instance role" {
        "run `aws configure`, or set AWS_EC2_METADATA_DISABLED=true if this is no EC2 instance".to_owned()
    } else if words.contains("SSO") || words.contains("sso") || words.contains("token") {
        format!("run `aws sso login --profile {}`", profile_name(settings))
    } else {
        format!("mend it with `aws configure --profile {}`, or choose another with AWS_PROFILE", profile_name(settings))
    };
    ProviderError::NoCredentials { message: format!("the AWS credentials of {source} do not work: {words}"), remedy }
}
