//! What can go wrong with a machine that runs.

/// Why something could not be done on the machines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// No login within the time that was granted.
    #[error("node '{node}' ({host}) did not let us in by ssh within {waited}: {reason}")]
    Unreachable {
        /// Which node of the cluster.
        node: String,
        /// Its address and port.
        host: String,
        /// How long was waited (`5 min`), or how often was tried.
        waited: String,
        /// What ssh said last.
        reason: String,
    },
    /// The host key is not the one of the first contact.
    #[error("node '{node}' ({host}) shows another host key than at first contact")]
    HostKeyChanged {
        /// Which node of the cluster.
        node: String,
        /// Its address and port.
        host: String,
        /// Where the pinned key is.
        file: String,
        /// Under which name.
        alias: String,
    },
    /// The connection broke.
    #[error("the connection to node '{node}' ({host}) was lost: {reason}")]
    Lost {
        /// Which node of the cluster.
        node: String,
        /// Its address and port.
        host: String,
        /// What ssh said.
        reason: String,
    },
    /// A command of ours failed on the machine.
    #[error("node '{node}' could not {what} (exit code {code}): {reason}")]
    Failed {
        /// Which node of the cluster.
        node: String,
        /// What it was to do.
        what: String,
        /// How it ended.
        code: i32,
        /// What it said.
        reason: String,
    },
    /// Something of this side: a program that is missing, a file that cannot be read.
    #[error("{message}")]
    Here {
        /// What is wrong, as a lower-case fragment.
        message: String,
        /// What to do about it.
        remedy: String,
    },
    /// There is no such job.
    #[error("cluster '{cluster}' has no job {job}")]
    NoJob {
        /// The cluster.
        cluster: String,
        /// The number, or `yet`.
        job: String,
    },
}

impl MachineError {
    /// What to do about it; may be empty.
    pub fn hint(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "see that port 22 is open to this machine (firewall, security group) and that the image runs an ssh \
                 server; the machine is still up and billed"
                    .to_owned()
            }
            Self::HostKeyChanged { file, alias, .. } => format!(
                "someone may be answering in its place. If the machine was reinstalled on purpose, remove the line of \
                 '{alias}' from {file}"
            ),
            Self::Lost { .. } => "a job that was submitted goes on; `sky logs` shows it".to_owned(),
            Self::Failed { .. } => String::new(),
            Self::Here { remedy, .. } => remedy.clone(),
            Self::NoJob { cluster, .. } => format!("`sky queue {cluster}` lists its jobs"),
        }
    }

    pub(super) fn here(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Here { message: message.into(), remedy: remedy.into() }
    }
}
