//! Why offerings were left out.
//!
//! **Invariant:** x.

/// Why an offering does not meet a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drop {
    /// It has another accelerator, or none, or one where none is wanted.
    OtherAccelerator,
    /// The right accelerator, another number of them.
    OtherCount,
    /// Another instance type is asked for.
    OtherType,
    /// Fewer vCPUs.
    TooFewCpus,
    /// More vCPUs than the exact number.
    TooManyCpus,
    /// Less memory.
    TooLittleMemory,
    /// More memory than the exact amount.
    TooMuchMemory,
}
