//! What everything that is done with clusters needs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::catalog::Catalog;
use crate::cloud::live::Interrupt;
use crate::cloud::{Clock, Cloud, Clouds, LeaseKey, Node, ProviderError};
use crate::denials::Book;

use super::config::Config;
use super::error::ClusterError;
use super::store::{Claim, Store};

/// How long one look at machines may take.
const LOOK: Duration = Duration::from_secs(60);
/// How long giving back, stopping or starting may take.
const CHANGE: Duration = Duration::from_secs(900);

/// What everything that is done with clusters needs.
pub struct Context {
    /// What clouds sell.
    pub catalog: &'static Catalog,
    /// What is remembered.
    pub store: Store,
    /// The clouds that can be called.
    pub clouds: Clouds,
    /// What refusals mean.
    pub book: Arc<Book>,
    /// The time.
    pub clock: Clock,
    /// Where calls run.
    pub runtime: Handle,
    /// The user's wish to stop.
    pub interrupt: Interrupt,
    /// What the user settled.
    pub config: Config,
    /// Our directory (`~/.sky`).
    pub home: PathBuf,
}

impl Context {
    /// Seconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        self.clock.unix_now()
    }

    /// The right to change a cluster.
    ///
    /// # Errors
    /// When another process has it.
    pub fn claim(&self, name: &str, verb: &str) -> Result<Claim, ClusterError> {
        self.store.claim(name, verb, self.now())?.map_err(|holder| ClusterError::held(name, &holder))
    }

    /// A cloud that can be called.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn cloud(&self, name: &str) -> Result<&Cloud, ClusterError> {
        let failed = |error| ClusterError::provider(&format!("{name} cannot be called"), name, &self.book, &error);
        self.clouds.need(name).map_err(failed)
    }

    /// The machines of a launch, by rank, as the cloud tells of them now.
    ///
    /// # Errors
    /// As the cloud.
    pub async fn find(&self, cloud: &Cloud, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError> {
        let look = || cloud.provider.find(region, key);
        let name = cloud.provider.name();
        let mut nodes = cloud.pace.patiently(name, &self.book, &self.clock, LOOK, look).await?;
        nodes.sort_by_key(|node| node.rank);
        Ok(nodes)
    }

    /// Terminates what a launch made, these machines of it also where they are not listed.
    ///
    /// # Errors
    /// As the cloud.
    pub async fn release(
        &self,
        cloud: &Cloud,
        region: &str,
        key: &LeaseKey,
        known: &[Node],
    ) -> Result<(), ProviderError> {
        let release = || cloud.provider.release(region, key, known);
        cloud.pace.patiently(cloud.provider.name(), &self.book, &self.clock, CHANGE, release).await
    }

    /// Terminates machines whose launch is not known any more.
    ///
    /// # Errors
    /// As the cloud.
    pub async fn terminate(&self, cloud: &Cloud, nodes: &[Node]) -> Result<(), ProviderError> {
        let terminate = || cloud.provider.terminate(nodes);
        cloud.pace.patiently(cloud.provider.name(), &self.book, &self.clock, CHANGE, terminate).await
    }

    /// Settles what becomes of machines that shut themselves down; false where the cloud cannot be told.
    ///
    /// # Errors
    /// As the cloud.
    pub async fn on_shutdown(&self, cloud: &Cloud, nodes: &[Node], terminate: bool) -> Result<bool, ProviderError> {
        let settle = || cloud.provider.on_shutdown(nodes, terminate);
        cloud.pace.patiently(cloud.provider.name(), &self.book, &self.clock, LOOK, settle).await
    }

    /// Stops machines.
    ///
    /// # Errors
    /// As the cloud.
    pub async fn stop(&self, cloud: &Cloud, nodes: &[Node]) -> Result<(), ProviderError> {
        let stop = || cloud.provider.stop(nodes);
        cloud.pace.patiently(cloud.provider.name(), &self.book, &self.clock, CHANGE, stop).await
    }

    /// Starts machines.
    ///
    /// # Errors
    /// As the cloud.
    pub async fn start(&self, cloud: &Cloud, nodes: &[Node]) -> Result<Vec<Node>, ProviderError> {
        let start = || cloud.provider.start(nodes);
        let mut nodes = cloud.pace.patiently(cloud.provider.name(), &self.book, &self.clock, CHANGE, start).await?;
        nodes.sort_by_key(|node| node.rank);
        Ok(nodes)
    }
}
