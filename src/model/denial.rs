//! A refusal is a value: why, and what else it speaks for.

use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use super::{
    AcceleratorCount, AcceleratorId, CapacityType, CloudId, FamilyId, Offering, RegionId, Span, TypeId, ZoneId,
};

/// Why a cloud said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// No capacity there now.
    Stockout,
    /// The account may not have that much of this family.
    QuotaExceeded,
    /// Too many calls; the same call may succeed a little later.
    RateLimited,
    /// Missing, expired or insufficient credentials.
    Unauthorized,
    /// The request itself is wrong; no other place would take it.
    InvalidRequest,
    /// This location never offers this.
    Unsupported,
    /// Spot capacity taken back while it was starting.
    Preempted,
    /// A code that no table knows: counted, shown, never guessed.
    Unknown,
}

/// The offerings a denial speaks for. `None` in a field means any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scope {
    /// The cloud.
    pub cloud: Option<CloudId>,
    /// The region.
    pub region: Option<RegionId>,
    /// The zone.
    pub zone: Option<ZoneId>,
    /// The quota family.
    pub family: Option<FamilyId>,
    /// The instance type.
    pub instance_type: Option<TypeId>,
    /// The accelerator model.
    pub accelerator: Option<AcceleratorId>,
    /// Only what carries accelerators, of whatever model.
    pub accelerated: bool,
    /// So many devices attached to whatever machine.
    pub attached: Option<AcceleratorCount>,
    /// On-demand or spot.
    pub capacity: Option<CapacityType>,
}

/// One refusal, classified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub cause: Cause,
    /// What it speaks for.
    pub scope: Scope,
    /// How long it is believed.
    pub cooldown: Span,
    /// How long the cloud asked to wait before the same call again.
    pub retry_after: Option<Span>,
    /// The cloud's own code (`ZONE_RESOURCE_POOL_EXHAUSTED`).
    pub code: Arc<str>,
    /// The cloud's own words.
    pub text: Arc<str>,
}

/// All refusals of one attempt: one a zone when it covered several.
pub type Denials = SmallVec<[Denial; 1]>;

impl Scope {
    /// True if the denial speaks for this offering in this zone. `zone` is `None` for an offering of a whole region
    /// on a cloud without zones; a scope that names a zone then does not cover it.
    pub fn covers(&self, offering: &Offering, zone: Option<ZoneId>) -> bool {
        (self.zone.is_none() || self.zone == zone) && self.covers_some_zone(offering)
    }

    /// Whether it speaks for this offering in a zone that it names, or in any if it names none.
    #[inline]
    pub fn covers_some_zone(&self, offering: &Offering) -> bool {
        fn admits<T: PartialEq + Copy>(wanted: Option<T>, actual: Option<T>) -> bool {
            wanted.is_none() || wanted == actual
        }
        admits(self.region, Some(offering.region))
            && admits(self.cloud, Some(offering.cloud))
            && admits(self.instance_type, Some(offering.instance_type))
            && admits(self.family, Some(offering.family))
            && admits(self.capacity, Some(offering.capacity))
            && admits(self.accelerator, offering.accelerator)
            && (!self.accelerated || offering.accelerator.is_some())
            && admits(self.attached, offering.attached)
    }
}

impl Cause {
    /// Every cause, in the order they are reported.
    pub const ALL: [Self; 8] = [
        Self::Stockout,
        Self::QuotaExceeded,
        Self::RateLimited,
        Self::Unauthorized,
        Self::InvalidRequest,
        Self::Unsupported,
        Self::Preempted,
        Self::Unknown,
    ];

    /// True if the same request may be granted later without anybody doing anything.
    pub const fn may_pass(self) -> bool {
        !matches!(self, Self::Unauthorized | Self::InvalidRequest | Self::Unsupported)
    }

    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stockout => "stockout",
            Self::QuotaExceeded => "quota",
            Self::RateLimited => "throttle",
            Self::Unauthorized => "unauthorized",
            Self::InvalidRequest => "invalid-request",
            Self::Unsupported => "unsupported",
            Self::Preempted => "preempted",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
