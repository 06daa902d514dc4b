//! Why something could not be done with a cluster.

use crate::cloud::ProviderError;
use crate::denials::Book;
use crate::model::Cause;

use super::store::{Holder, StoreError};

/// What kind of failure it is; exit codes follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What was asked for makes no sense here.
    Usage,
    /// This machine is not as it has to be.
    Internal,
    /// Credentials or permission.
    NotAuthorized,
    /// No capacity there now.
    NoCapacity,
    /// Quota.
    NoQuota,
    /// Something may still be held and billed.
    NotReleased,
    /// The user wanted to stop.
    Interrupted,
}

/// Why something could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ClusterError {
    /// What kind.
    pub class: Class,
    /// What happened, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl ClusterError {
    /// A failure of this kind.
    pub fn new(class: Class, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { class, message: message.into(), remedy: remedy.into() }
    }

    /// A failure of the user's input.
    pub fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Class::Usage, message, remedy)
    }

    /// Another process works on the cluster.
    pub fn held(name: &str, holder: &Holder) -> Self {
        Self::usage(
            format!(
                "cluster '{name}' is being worked on by another sky: `sky {}`, process {} on {}",
                holder.verb,
                holder.pid,
                if holder.host.is_empty() { "another host" } else { &holder.host },
            ),
            "wait until it is done (`sky status` shows it), or end that process and try again",
        )
    }

    /// There is no such cluster.
    pub fn unknown(name: &str, known: &[String]) -> Self {
        let near = crate::yaml::did_you_mean(name, known.iter().map(String::as_str));
        Self::usage(
            format!("there is no cluster '{name}'"),
            near.unwrap_or_else(|| "`sky status` shows all".to_owned()),
        )
    }

    /// A cloud did not do what it was asked.
    pub fn provider(what: &str, cloud: &str, book: &Book, error: &ProviderError) -> Self {
        let message = format!("{what}: {error}");
        match error {
            ProviderError::NoCredentials { remedy, .. } => Self::new(Class::NotAuthorized, message, remedy.clone()),
            ProviderError::Lost(_) => {
                Self::new(Class::NotReleased, message, "`sky status -r` asks the cloud what became of it")
            }
            ProviderError::Refused(refusals) => {
                let errors: Vec<_> = refusals.iter().map(|r| (r.code.as_str(), r.message.as_str())).collect();
                let cause = book.classify_all(cloud, &errors).map(|(_, rule)| rule.cause);
                let (class, remedy) = match cause {
                    Some(Cause::Stockout | Cause::Preempted | Cause::Unsupported) => {
                        (Class::NoCapacity, "there is no capacity there now; try again later")
                    }
                    Some(Cause::QuotaExceeded) => (Class::NoQuota, "ask the cloud to raise this quota"),
                    Some(Cause::Unauthorized) => (Class::NotAuthorized, "`sky check` says which credentials work"),
                    Some(Cause::RateLimited) => (Class::Internal, "the cloud asks for patience; try again in a minute"),
                    _ => (Class::Internal, "the words are the cloud's own; `sky status -r` shows what is left"),
                };
                Self::new(class, message, remedy)
            }
        }
    }
}

impl From<StoreError> for ClusterError {
    fn from(error: StoreError) -> Self {
        Self::new(Class::Internal, error.message, error.remedy)
    }
}
