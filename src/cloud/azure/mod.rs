//! Azure, by Resource Manager's REST interface.
//!
//! **Invariant:** all that a launch makes lies in one resource group named after its key, so that it is found without a
//! search and given back by one deletion; every create is a `PUT` of a name that follows from the key.

mod arm;
mod bodies;
mod credential;
mod error;
mod facts;
mod launch;
mod nodes;
mod release;
mod size;
#[cfg(test)]
mod tests;
mod together;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use tokio::sync::Mutex;

use self::arm::{Arm, version};
use self::facts::Sold;
use self::wire::Subscription;
use super::{CloudProvider, Identity, Launched, LeaseKey, Node, Order, ProviderError, Quota, Settings};

const ENDPOINT: &str = "https://management.azure.com";
const CONNECT: Duration = Duration::from_secs(20);

/// One subscription of Azure.
pub struct Azure {
    arm: Arm,
    /// What each region sells, once it was asked.
    sold: Mutex<BTreeMap<String, Sold>>,
}

impl Azure {
    /// Finds the credentials and the subscription; changes nothing.
    ///
    /// Reads `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET` (or `AZURE_FEDERATED_TOKEN_FILE`), else the
    /// login of the Azure CLI, else the managed identity of the machine; `AZURE_SUBSCRIPTION_ID`, `AZURE_AUTHORITY_HOST`,
    /// and `SKY_AZURE_ENDPOINT` for another Resource Manager.
    ///
    /// # Errors
    /// [`ProviderError::NoCredentials`] with what to do about it.
    pub async fn connect(settings: &Settings) -> Result<Self, ProviderError> {
        // Whoever comes first installs it; it is the only one that is built in.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("sky/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ProviderError::Lost(format!("no HTTP client: {error}")))?;
        let named = settings.get("SKY_AZURE_ENDPOINT").unwrap_or(ENDPOINT);
        let endpoint = Url::parse(named).map_err(|error| ProviderError::NoCredentials {
            message: format!("SKY_AZURE_ENDPOINT is not an address: {error}"),
            remedy: format!("unset it, or set it to an address like {ENDPOINT}"),
        })?;
        let (credential, subscription) = credential::find(settings, &http).await?;
        let mut arm = Arm::new(http, endpoint, credential);
        arm.subscription = match subscription {
            Some(id) => id,
            None => only_subscription(&arm).await?,
        };
        Ok(Self { arm, sold: Mutex::default() })
    }
}

/// The subscription, where the credentials speak for exactly one.
async fn only_subscription(arm: &Arm) -> Result<String, ProviderError> {
    let all =
        arm.list::<Subscription>(arm.address("/subscriptions", version::SUBSCRIPTIONS)).await?.unwrap_or_default();
    let enabled: Vec<&Subscription> = all.iter().filter(|one| one.state != "Disabled").collect();
    match enabled.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err(ProviderError::NoCredentials {
            message: "these credentials speak for no subscription".to_owned(),
            remedy: "give the identity a role in a subscription, such as Contributor".to_owned(),
        }),
        several => {
            let each: Vec<String> = several.iter().map(|one| format!("{} ({})", one.id, one.display_name)).collect();
            Err(ProviderError::NoCredentials {
                message: format!("these credentials speak for {} subscriptions", several.len()),
                remedy: format!("set AZURE_SUBSCRIPTION_ID to one of {}", each.join(", ")),
            })
        }
    }
}

#[async_trait]
impl CloudProvider for Azure {
    fn name(&self) -> &'static str {
        "azure"
    }

    fn default_user(&self) -> &'static str {
        "azureuser"
    }

    async fn check(&self) -> Result<Identity, ProviderError> {
        let found: Option<Subscription> = self.arm.get("", version::SUBSCRIPTIONS).await?;
        let missing = || {
            let words = format!("the subscription '{}' could not be found", self.arm.subscription);
            ProviderError::refused("SubscriptionNotFound", words)
        };
        let subscription = found.ok_or_else(missing)?;
        if subscription.state == "Disabled" {
            let words = format!("the subscription '{}' is disabled", self.arm.subscription);
            return Err(ProviderError::refused("ReadOnlyDisabledSubscription", words));
        }
        let name = format!("{} ({})", subscription.display_name, self.arm.subscription);
        Ok(Identity { name, source: self.arm.credential.origin.clone() })
    }

    async fn launch(&self, order: &Order) -> Result<Launched, ProviderError> {
        self.launch_order(order).await
    }

    async fn find(&self, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
        let mut nodes = self.nodes_of(key).await?;
        nodes.retain(|node| node.region == nodes::location(region));
        Ok(nodes)
    }

    async fn release(&self, _region: &str, key: &LeaseKey, _known: &[Node]) -> Result<(), ProviderError> {
        // The group is named after the launch, so nothing has to be listed.
        Ok(self.release_group(key).await?)
    }

    async fn terminate(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        // Everything of a launch lies in a group that is named after it, and only the tag says which.
        let names: Vec<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
        let words = format!("{} lost the tag {}: delete the resource group", names.join(", "), super::tag::LEASE);
        Err(ProviderError::refused("ResourceNotFound", words))
    }

    async fn stop(&self, nodes: &[Node]) -> Result<(), ProviderError> {
        self.power(nodes, "deallocate").await
    }

    async fn start(&self, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
        self.power(nodes, "start").await?;
        let mut keys: Vec<&LeaseKey> = nodes.iter().map(|node| &node.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut started = Vec::with_capacity(nodes.len());
        for key in keys {
            started.extend(self.nodes_of(key).await?);
        }
        started.retain(|node| nodes.iter().any(|one| one.id == node.id));
        Ok(started)
    }

    async fn list(&self, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError> {
        let mut nodes = self.nodes_of_owner(owner).await?;
        nodes.retain(|node| regions.iter().any(|region| nodes::location(region) == node.region));
        Ok(nodes)
    }

    async fn quotas(&self, region: &str) -> Result<Vec<Quota>, ProviderError> {
        self.usages(region).await
    }

    async fn offered_zones(&self, region: &str, instance_type: &str) -> Result<Option<Vec<String>>, ProviderError> {
        Ok(self.zones_of(region, instance_type).await?)
    }
}
