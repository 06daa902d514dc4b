//! One alternative of a request, with every name resolved: what the optimizer filters offerings by.

use super::{AcceleratorId, CapacityType, Money, Place, Span, TypeId};

/// How many accelerators of which model, per node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AcceleratorCount {
    /// The model.
    pub accelerator: AcceleratorId,
    /// Thousandths of a device: 8 devices are 8000, a sixth of one is 167.
    pub count_milli: u32,
}

/// A lower bound or an exact amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bound {
    /// The amount: thousandths of a vCPU, or MiB of memory.
    pub amount: u64,
    /// True for `4`, false for `4+`.
    pub exact: bool,
}

/// What one alternative of a request asks of a node, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Any of these, each with its count; empty for a CPU-only request. (More than one only for a request
    /// by device memory, whose members are equally good.)
    pub accelerators: Vec<AcceleratorCount>,
    /// Any of these instance types; empty for any.
    pub instance_types: Vec<TypeId>,
    /// vCPUs, in thousandths.
    pub cpus: Option<Bound>,
    /// Memory, in MiB.
    pub memory: Option<Bound>,
    /// On-demand or spot.
    pub capacity: CapacityType,
    /// Inside any of these; empty for anywhere.
    pub places: Vec<Place>,
    /// Outside all of these.
    pub excluded: Vec<Place>,
    /// The most one node may cost, in dollars per hour.
    pub max_price_hourly: Option<Money>,
    /// Rank in an `ordered` list; equal for unordered alternatives.
    pub preference: u16,
    /// How long the work is estimated to run; one hour when nothing is known.
    pub runtime: Span,
    /// The alternative as the user wrote it, for messages: `A100:8 on gcp/us-central1`.
    pub label: String,
}

impl Bound {
    /// At least `amount`.
    pub const fn at_least(amount: u64) -> Self {
        Self { amount, exact: false }
    }

    /// True if `actual` satisfies the bound.
    pub const fn admits(self, actual: u64) -> bool {
        if self.exact { actual == self.amount } else { actual >= self.amount }
    }
}

impl Default for Requirement {
    /// Anything, on demand, anywhere, for one hour.
    fn default() -> Self {
        Self {
            accelerators: Vec::new(),
            instance_types: Vec::new(),
            cpus: None,
            memory: None,
            capacity: CapacityType::OnDemand,
            places: Vec::new(),
            excluded: Vec::new(),
            max_price_hourly: None,
            preference: 0,
            runtime: Span::HOUR,
            label: String::new(),
        }
    }
}
