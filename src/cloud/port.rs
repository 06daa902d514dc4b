//! What a cloud must be able to do, and the plain values that go in and come out.
//!
//! **Invariant:** names, never ids of a catalog: an adapter can be used, and tested, without one.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::CapacityType;

/// Names of the tags (labels) that every machine of ours carries. Lower case, digits and dashes only, so that every
/// cloud takes them.
pub mod tag {
    /// Which installation of `sky` made it: `gc` looks only at its own.
    pub const OWNER: &str = "sky-owner";
    /// The cluster it belongs to.
    pub const CLUSTER: &str = "sky-cluster";
    /// The launch call that made it: a [`super::LeaseKey`].
    pub const LEASE: &str = "sky-lease";
    /// Its place in the gang, from 0.
    pub const RANK: &str = "sky-rank";
    /// How many its launch ordered, where a cloud makes them one by one.
    pub const NODES: &str = "sky-nodes";
}

/// Names one launch call for ever: the idempotency token of its create calls and the tag of what they make. At most
/// 40 characters of `a-z0-9-`, beginning with a letter, so that every cloud takes it as a tag, a token and a part of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseKey(pub String);

impl fmt::Display for LeaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One launch, in names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which call this is; the same order with the same key makes nothing twice.
    pub key: LeaseKey,
    /// The installation that asks, for the tag.
    pub owner: String,
    /// The cluster's name on the cloud: `a-z0-9-`, at most 35 characters.
    pub cluster: String,
    /// `us-east-2`
    pub region: String,
    /// Zones to try in this order, all nodes in one of them; empty where the cloud has none or any will do.
    pub zones: Vec<String>,
    /// The vendor's name of the type, without accelerators that are attached to it.
    pub instance_type: String,
    /// Devices to attach, where the cloud attaches them (GCP's N1): the catalog's name and how many a node.
    pub accelerator: Option<(String, u32)>,
    /// On what terms.
    pub capacity: CapacityType,
    /// How many, all or none.
    pub nodes: u16,
    /// What each gets beside its type.
    pub machine: MachineSpec,
}

/// What a machine gets beside its type and place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MachineSpec {
    /// Size of the boot disk in GB.
    pub disk_size_gb: u32,
    /// `low`, `medium`, `high`, `ultra` or `best`; `None` is the cloud's usual one.
    pub disk_tier: Option<String>,
    /// The image in the vendor's own words; `None` is the adapter's default for the type.
    pub image: Option<String>,
    /// Ranges of ports to open beside ssh, both ends included.
    pub ports: Vec<(u16, u16)>,
    /// The user's labels.
    pub labels: Vec<(String, String)>,
    /// Who logs in.
    pub ssh_user: String,
    /// One line of an OpenSSH public key.
    pub ssh_public_key: String,
    /// Run as root at the first boot, if any.
    pub startup_script: Option<String>,
}

/// A machine of ours as the cloud tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// How the cloud names it in calls: an instance id on AWS, an instance name on GCP, a machine's name on Azure.
    pub id: String,
    /// Its region.
    pub region: String,
    /// Its zone, where it is in one.
    pub zone: Option<String>,
    /// The launch that made it; empty if its tag is gone.
    pub key: LeaseKey,
    /// Its cluster's name on the cloud; empty if its tag is gone.
    pub cluster: String,
    /// Its place in the gang.
    pub rank: u16,
    /// Whether it runs.
    pub state: NodeState,
    /// The vendor's name of its type.
    pub instance_type: String,
    /// On what terms.
    pub capacity: CapacityType,
    /// Where it is reached from outside.
    pub public_ip: Option<String>,
    /// Where its siblings reach it.
    pub private_ip: Option<String>,
}

/// Whether a machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// On its way up.
    Pending,
    /// Up, and billed.
    Running,
    /// On its way down, to be started again later.
    Stopping,
    /// Down, its disk kept.
    Stopped,
    /// Failed to come up; what is left of it has to be deleted.
    Failed,
    /// Gone, or going.
    Terminated,
}

/// What a launch made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launched {
    /// The machines that run, by rank. Fewer than ordered is a partial gang, which the engine gives back.
    pub nodes: Vec<Node>,
    /// What was refused on the way: zones that had nothing before the one that had, or the rest of a partial gang.
    pub refusals: Vec<Refusal>,
}

/// One error in the cloud's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `InsufficientInstanceCapacity`
    pub code: String,
    /// The cloud's sentence. Never holds a credential.
    pub message: String,
    /// The zone that was asked, where one was.
    pub zone: Option<String>,
    /// How long the cloud asked to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The cloud said no, and nothing was made (or, for a release, nothing was given back). Never empty.
    #[error("{}", words(.0))]
    Refused(Vec<Refusal>),
    /// No word: the connection broke or the answer could not be read. Something may have been made.
    #[error("{0}")]
    Lost(String),
    /// This machine has no usable credentials; the cloud was not asked.
    #[error("{message}")]
    NoCredentials {
        /// What is missing, as a lower-case fragment.
        message: String,
        /// What to do about it.
        remedy: String,
    },
}

fn words(refusals: &[Refusal]) -> String {
    let each: Vec<String> = refusals.iter().map(|refusal| format!("{}: {}", refusal.code, refusal.message)).collect();
    each.join("; ")
}

impl ProviderError {
    /// One refusal without a zone.
    pub fn refused(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(vec![Refusal { code: code.into(), message: message.into(), zone: None, retry_after: None }])
    }
}

/// Who the credentials speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// An account, project or subscription, and the user where known; no secret.
    pub name: String,
    /// Where the credentials came from (`environment`, `profile 'work'`, `metadata server`).
    pub source: String,
}

/// A limit of the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// The vendor's name of it.
    pub name: String,
    /// The limit, in the vendor's unit (vCPUs, devices).
    pub limit: f64,
    /// How much of it is used, where the cloud says so.
    pub usage: Option<f64>,
    /// The catalog's quota family that it limits and on what terms, where it limits one.
    pub counts: Option<(String, CapacityType)>,
}

/// A cloud. All calls may be made at once from many tasks; each may be dropped at any point (a time-out, Ctrl-C), and
/// what it may have made by then is found by its key.
#[async_trait]
pub trait CloudProvider: Send + Sync {
    /// The catalog's name of the cloud: `aws`, `azure`, `gcp`.
    fn name(&self) -> &'static str;

    /// Who logs in on the default image.
    fn default_user(&self) -> &'static str;

    /// Do the credentials work? Makes one cheap call that changes nothing.
    async fn check(&self) -> Result<Identity, ProviderError>;

    /// Makes all nodes in the first zone that has them, and waits until they run and have addresses. What a vendor
    /// leaves behind of a failed create (Azure's failed machines) is deleted before the refusal is returned.
    async fn launch(&self, order: &Order) -> Result<Launched, ProviderError>;

    /// The machines that a launch call made in this region, terminated ones left out. A listing may lag behind by
    /// seconds: who has to be sure looks again.
    async fn find(&self, region: &str, key: &LeaseKey) -> Result<Vec<Node>, ProviderError>;

    /// Terminates all that a launch call made in this region, disks and addresses too; machines that are known to be its
    /// own also where the listing does not show them yet. Already gone is done.
    async fn release(&self, region: &str, key: &LeaseKey, known: &[Node]) -> Result<(), ProviderError>;

    /// Terminates machines of one region that lost the tag of their launch, by name. Already gone is done.
    async fn terminate(&self, nodes: &[Node]) -> Result<(), ProviderError>;

    /// Settles what becomes of these machines if they shut themselves down: terminated, or merely stopped. False on a
    /// cloud that cannot be told; a machine must then see to it itself.
    async fn on_shutdown(&self, _nodes: &[Node], _terminate: bool) -> Result<bool, ProviderError> {
        Ok(false)
    }

    /// Stops these machines of one region and waits until they are stopped.
    async fn stop(&self, nodes: &[Node]) -> Result<(), ProviderError>;

    /// Starts stopped machines of one region and returns them with their new addresses.
    async fn start(&self, nodes: &[Node]) -> Result<Vec<Node>, ProviderError>;

    /// Every machine of this owner in these regions, terminated ones left out; for `gc`. An account's regions that are
    /// switched off are passed over.
    async fn list(&self, owner: &str, regions: &[String]) -> Result<Vec<Node>, ProviderError>;

    /// The limits of the account in this region.
    async fn quotas(&self, region: &str) -> Result<Vec<Quota>, ProviderError>;

    /// Zones of the region that sell this type now; `None` where the cloud does not say.
    async fn offered_zones(&self, region: &str, instance_type: &str) -> Result<Option<Vec<String>>, ProviderError>;
}
