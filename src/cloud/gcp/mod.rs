//! Google Compute Engine by its REST interface v1, and Cloud TPU by its v2.
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
mod tpu;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;

use super::{CloudProvider, Identity, Launched, LeaseKey, Node, Order, ProviderError, Quota, Settings};

use api::{Api, Place};

/// Compute Engine and Cloud TPU in one project.
pub struct Gcp {
    clouds: Clouds,
}

/// The interfaces that machines are made by.
struct Clouds {
    compute: Arc<Api>,
    /// `None` where only Compute Engine's address was replaced: a test server's neighbour is not the real Cloud TPU.
    tpu: Option<Arc<Api>>,
}

impl Gcp {
    /// Looks for credentials and a project as Google's own tools do. Fails with [`ProviderError::NoCredentials`] where
    /// either is missing; asks no one but the token's issuer.
    ///
    /// Read are `CLOUDSDK_AUTH_ACCESS_TOKEN`, `GOOGLE_APPLICATION_CREDENTIALS` (a service account's key), the login of
    /// `gcloud auth application-default login`, the metadata server (unless `NO_GCE_CHECK=true`) and `gcloud`, in this
    /// order; `GOOGLE_CLOUD_PROJECT` or `CLOUDSDK_CORE_PROJECT`; `CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE` and `_TPU`.
    /// `SKY_GCP_NETWORK` and `SKY_GCP_SUBNETWORK` name where machines are put instead of the default network,
    /// `SKY_GCP_SERVICE_ACCOUNT` (an address, or `none`) whom they speak for instead of the project's default account.
    pub async fn connect(settings: &Settings) -> Result<Self, ProviderError> {
        let (tokens, project) = credentials::find(settings).await?;
        let (tokens, usual) = (Arc::new(tokens), Place::default());
        let place = Place {
            network: settings.get("SKY_GCP_NETWORK").map_or(usual.network, str::to_owned),
            subnetwork: settings.get("SKY_GCP_SUBNETWORK").map(str::to_owned),
            account: match settings.get("SKY_GCP_SERVICE_ACCOUNT") {
                Some("none") => None,
                Some(address) => Some(address.to_owned()),
                None => usual.account,
            },
        };
        let compute = settings.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE");
        let tpu = match (settings.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_TPU"), compute) {
            (None, Some(_)) => None,
            (named, _) => Some(format!("{}/v2", named.unwrap_or(api::PUBLIC_TPU).trim_end_matches('/'))),
        };
        let tpu = tpu.map(|endpoint| Api::new(&endpoint, project.clone(), Arc::clone(&tokens), place.clone()));
        let tpu = tpu.transpose()?.map(Arc::new);
        let compute = Api::new(compute.unwrap_or(api::PUBLIC_ENDPOINT), project, tokens, place)?;
        Ok(Self { clouds: Clouds { compute: Arc::new(compute), tpu } })
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
        reads::identity(&self.clouds.compute).await
    }

    async fn launch(&self, order: &Order) -> Result<Launched, ProviderError> {
        launch::launch(&self.clouds.compute, self.clouds.tpu.as_ref(), order).await
    }

    async fn find(&self, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
        let machines = reads::find(&self.clouds.compute, region, key).await?;
        match &self.clouds.tpu {
            Some(tpu) if machines.is_empty() => tpu::find(tpu, region, key).await,
            _ => Ok(machines),
        }
    }

    async fn release(&self, region: &str, key: &LeaseKey, known: &[Node]) -> Result<(), ProviderError> {
        let mut nodes = self.find(region, key).await?;
        let unlisted = known.iter().filter(|node| nodes.iter().all(|listed| listed.id != node.id));
        nodes.extend(unlisted.cloned().collect::<Vec<_>>());
        launch::delete_all(&self.clouds, &nodes).await
    }

    async fn terminate(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        launch::delete_all(&self.clouds, nodes).await
    }

    async fn stop(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        launch::stop_all(&self.clouds, nodes).await
    }

    async fn start(&self, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
        launch::start_all(&self.clouds, nodes).await
    }

    async fn list(&self, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
        let mut nodes = reads::list(&self.clouds.compute, owner, regions).await?;
        if let Some(tpu) = &self.clouds.tpu {
            nodes.extend(tpu::list(tpu, owner, regions).await?);
        }
        Ok(nodes)
    }

    async fn quotas(&self, region: &str) -> Result<Vec<Quota>, ProviderError> {
        reads::quotas(&self.clouds.compute, region).await
    }

    async fn offered_zones(&self, region: &str, instance_type: &str) -> Result<Option<Vec<String>>, ProviderError> {
        if instance_type == tables::TPU_HOST {
            return Ok(None);
        }
        reads::offered_zones(&self.clouds.compute, region, instance_type).await.map(Some)
    }
}
