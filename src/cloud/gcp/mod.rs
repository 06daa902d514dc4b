//! Google Compute Engine, by its REST interface v1.
//!
//! **Invariant:** every machine of a launch is named after its key and its place in the gang, and every create carries
//! a request id made from the key and the zone, so a call that is made twice makes nothing twice and what it made is
//! found by name even where a listing lags behind.

mod api;
mod body;
mod credentials;
mod firewall;
mod launch;
mod operation;
mod reads;
mod tables;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;

use super::{CloudProvider, Identity, Launched, LeaseKey, Node, Order, ProviderError, Quota, Settings};

use api::Api;

/// Compute Engine in one project.
pub struct Gcp {
    api: Arc<Api>,
}

impl Gcp {
    /// Looks for credentials and a project as Google's own tools do. Fails with [`ProviderError::NoCredentials`] where
    /// either is missing; asks no one but the token's issuer.
    ///
    /// Read are `CLOUDSDK_AUTH_ACCESS_TOKEN`, `GOOGLE_APPLICATION_CREDENTIALS` (a service account's key), the login of
    /// `gcloud auth application-default login`, the metadata server (unless `NO_GCE_CHECK=true`) and `gcloud`, in this
    /// order; `GOOGLE_CLOUD_PROJECT` or `CLOUDSDK_CORE_PROJECT`; `CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE`.
    pub async fn connect(settings: &Settings) -> Result<Self, ProviderError> {
        let (tokens, project) = credentials::find(settings).await?;
        let endpoint = settings.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE").unwrap_or(api::PUBLIC_ENDPOINT);
        Ok(Self { api: Arc::new(Api::new(endpoint, project, tokens)?) })
    }
}

/// [`Gcp::connect`], for callers that know clouds by module.
pub async fn connect(settings: &Settings) -> Result<Gcp, ProviderError> {
    Gcp::connect(settings).await
}

#[async_trait]
impl CloudProvider for Gcp {
    fn name(&self) -> &'static str {
        "gcp"
    }

    fn default_user(&self) -> &'static str {
        "gcpuser"
    }

    async fn check(&self) -> Result<Identity, ProviderError> {
        reads::identity(&self.api).await
    }

    async fn launch(&self, order: &Order) -> Result<Launched, ProviderError> {
        launch::launch(&self.api, order).await
    }

    async fn find(&self, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
        reads::find(&self.api, region, key).await
    }

    async fn release(&self, region: &str, key: &LeaseKey) -> Result<(), ProviderError> {
        let nodes = reads::find(&self.api, region, key).await?;
        launch::delete_all(&self.api, nodes.iter().map(at)).await
    }

    async fn stop(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        launch::stop_all(&self.api, nodes.iter().map(at)).await
    }

    async fn start(&self, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
        launch::start_all(&self.api, nodes.iter().map(at)).await
    }

    async fn list(&self, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
        reads::list(&self.api, owner, regions).await
    }

    async fn quotas(&self, region: &str) -> Result<Vec<Quota>, ProviderError> {
        reads::quotas(&self.api, region).await
    }

    async fn offered_zones(&self, region: &str, instance_type: &str) -> Result<Option<Vec<String>>, ProviderError> {
        reads::offered_zones(&self.api, region, instance_type).await.map(Some)
    }
}

/// Where a machine is found: its zone and its name.
fn at(node: &Node) -> (String, String) {
    (node.zone.clone().unwrap_or_default(), node.id.clone())
}
