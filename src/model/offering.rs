//! What a cloud sells: an instance type in a location, on-demand or spot, at a price; and the same
//! ranked for a demand.

use super::{AcceleratorCount, AcceleratorId, CloudId, FamilyId, Money, RegionId, Span, TypeId, ZoneId};

/// On what terms capacity is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CapacityType {
    /// Kept until released.
    #[default]
    OnDemand,
    /// Cheaper, and may be taken back.
    Spot,
}

/// An instance type in a location on some terms, with its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Offering {
    /// The cloud that sells it.
    pub cloud: CloudId,
    /// On-demand or spot.
    pub capacity: CapacityType,
    /// The region.
    pub region: RegionId,
    /// The zone, where the cloud has zones and the offering is of one; else the whole region.
    pub zone: Option<ZoneId>,
    /// The instance type (with attached accelerators, on clouds that attach them).
    pub instance_type: TypeId,
    /// The quota it counts against.
    pub family: FamilyId,
    /// The accelerator model it carries.
    pub accelerator: Option<AcceleratorId>,
    /// The devices, where the cloud attaches them to a machine that it also sells without (GCP's N1). What runs out
    /// there is the devices, whatever the machine.
    pub attached: Option<AcceleratorCount>,
    /// List price of one node, in dollars per hour.
    pub price_hourly: Money,
}

/// Zones of one region, cheapest first; at most [`ZoneSet::MAX`] of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZoneSet {
    len: u8,
    zones: [ZoneId; Self::MAX],
}

/// A feasible way to meet a demand, as one attempt would ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// What would be leased. Its zone is open when the attempt covers several zones or the cloud has none.
    pub offering: Offering,
    /// The zones that one attempt covers, in the order they are tried; empty where the cloud has none.
    pub zones: ZoneSet,
    /// Which alternative of the request this meets.
    pub alternative: u16,
    /// Rank in an `ordered` list; all zero when the alternatives are unordered. Lower is tried first.
    pub preference: u16,
    /// Price of all nodes for the estimated run: what the ranking compares, in dollars.
    pub cost: Money,
    /// Estimated run time that `cost` was computed with.
    pub runtime: Span,
}

impl ZoneSet {
    /// The most zones a region of any cloud has had, with room to spare.
    pub const MAX: usize = 8;
    /// No zones.
    pub const EMPTY: Self = Self { len: 0, zones: [ZoneId(0); Self::MAX] };

    /// One zone.
    pub const fn one(zone: ZoneId) -> Self {
        let mut zones = [ZoneId(0); Self::MAX];
        zones[0] = zone;
        Self { len: 1, zones }
    }

    /// Adds a zone at the end; false if there is no room left.
    pub fn push(&mut self, zone: ZoneId) -> bool {
        let Some(slot) = self.zones.get_mut(self.len as usize) else { return false };
        *slot = zone;
        self.len += 1;
        true
    }

    /// The zones, in order.
    pub fn as_slice(&self) -> &[ZoneId] {
        &self.zones[..self.len as usize]
    }

    /// True if there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many.
    pub const fn len(&self) -> usize {
        self.len as usize
    }
}

impl std::fmt::Debug for ZoneSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

impl FromIterator<ZoneId> for ZoneSet {
    /// Zones past [`ZoneSet::MAX`] are left out.
    fn from_iter<I: IntoIterator<Item = ZoneId>>(zones: I) -> Self {
        let mut set = Self::EMPTY;
        for zone in zones {
            if !set.push(zone) {
                break;
            }
        }
        set
    }
}

impl CapacityType {
    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
        }
    }
}
