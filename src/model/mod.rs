//! Plain values that every other module speaks in: units, places, offerings, demands, denials, calls.
//!
//! **Invariant:** no IO, no clock, no vendor; names no other module of the crate.

mod call;
mod demand;
mod denial;
mod ids;
mod journal;
mod offering;
mod place;
mod requirement;
mod units;

pub use call::{Answer, Attempt, Call, CallId, Event, Lease, LeaseId};
pub use demand::{Demand, DemandId, Limits};
pub use denial::{Cause, Denial, Denials, Scope};
pub use ids::{AcceleratorId, CloudId, FamilyId, RegionId, TypeId, ZoneId};
pub use journal::{Entry, Happening, Outcome};
pub use offering::{Candidate, CapacityType, Offering, ZoneSet};
pub use place::{Place, Preference};
pub use requirement::{AcceleratorCount, Bound, Requirement};
pub use units::{Money, ParseUnitError, Span, Timestamp};
