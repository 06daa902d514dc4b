//! Limits of the account.

/// A limit on how much may be held at once, in thousandths of a vCPU or a GPU, as the cloud meters it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// What the cloud calls it in its words (`NVIDIA_V100_GPUS`, `standardNCSv3Family`).
    pub name: Box<str>,
    /// The most that may be held.
    pub limit: u64,
    /// What somebody else in the account holds already.
    pub usage: u64,
    /// The body that answers when the limit is passed.
    pub body: &'static str,
}

impl Quota {
    /// True if `more` fits beside what is held by others and `own` by us.
    pub fn admits(&self, own: u64, more: u64) -> bool {
        self.usage.saturating_add(own).saturating_add(more) <= self.limit
    }
}
