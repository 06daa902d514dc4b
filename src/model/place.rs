//! Where: a cloud, a region of it, a zone of that, each level may be left open.

use super::{CloudId, RegionId, ZoneId};

/// A pattern of locations; `None` means any. A region implies its cloud, a zone its region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// The cloud, or any.
    pub cloud: Option<CloudId>,
    /// The region, or any of the cloud.
    pub region: Option<RegionId>,
    /// The zone, or any of the region.
    pub zone: Option<ZoneId>,
}
