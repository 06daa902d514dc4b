//! Real clouds: the port that a vendor implements, and what drives it.
//!
//! **Invariant:** no policy. An adapter translates an [`Order`] into the vendor's calls and the vendor's answers into
//! [`Node`]s and [`Refusal`]s in the vendor's own words; what a refusal means is looked up in `denials`, what follows
//! from it the engine decides.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
mod clock;
pub mod conformance;
mod connect;
pub mod ec2;
pub mod fake;
#[cfg(feature = "gcp")]
pub mod gcp;
pub mod live;
mod pace;
mod port;
mod settings;

pub use clock::{Clock, SPEED, SpeedError, URL};
pub use connect::{CLOUDS, Cloud, Clouds, connect};
pub use pace::Pace;
pub use port::{
    CloudProvider, Identity, Launched, LeaseKey, MachineSpec, Node, NodeState, Order, ProviderError, Quota, Refusal,
    tag,
};
pub use settings::Settings;
