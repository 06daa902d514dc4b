//! Where: a cloud, a region of it, a zone of that, each level may be left open.

use super::{Candidate, CloudId, RegionId, ZoneId};

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

/// Places that win over others that are up to `premium_milli` thousandths cheaper.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preference {
    /// Any of these.
    pub places: Vec<Place>,
    /// How much dearer they may be, in thousandths of the other price: 100 is a tenth.
    pub premium_milli: u32,
}

impl Preference {
    /// True if the candidate can be in one of the places.
    pub fn is_for(&self, candidate: &Candidate) -> bool {
        let offering = &candidate.offering;
        let zones = candidate.zones.as_slice();
        self.places.iter().any(|place| {
            place.cloud.is_none_or(|cloud| cloud == offering.cloud)
                && place.region.is_none_or(|region| region == offering.region)
                && place.zone.is_none_or(|zone| zones.contains(&zone))
        })
    }
}
