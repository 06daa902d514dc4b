//! What the clouds' refusals mean: one table a vendor, from code to cause, reach and cooldown.
//!
//! **Invariant:** a code that no table knows is never guessed; it becomes [`Cause::Unknown`] and is shown. Rules look
//! at the code first and at the message only where one code says several things; never at the HTTP status, which
//! Azure shares between quota and capacity and Google between quota, permission and rate limit.

mod aws;
mod azure;
mod bodies;
mod gcp;
mod rule;
#[cfg(test)]
mod tests;
mod user;

use std::sync::Arc;

use crate::model::{CapacityType, Cause, Denial, Offering, Scope, Span, ZoneId};

pub use bodies::{Answered, Body, Fill, bodies, body};
pub use rule::{Reach, Rule};
pub use user::{Book, BookError};

/// How long a code that no table knows is believed: long enough to leave the place, short enough to be wrong.
const UNKNOWN_COOLDOWN: Span = Span::from_secs(180);

/// The rules of a cloud by its catalog name, most specific first; empty for a cloud without a table.
pub fn rules(cloud_name: &str) -> &'static [Rule] {
    match cloud_name {
        "aws" => aws::RULES,
        "azure" => azure::RULES,
        "gcp" => gcp::RULES,
        _ => &[],
    }
}

/// The rule for one error of a cloud (catalog name, such as `gcp`), or `None` for a code that no table knows.
pub fn classify(cloud_name: &str, code: &str, message: &str) -> Option<&'static Rule> {
    first_match(rules(cloud_name), code, message)
}

/// The rule for an answer that lists several errors, with the position of the error it speaks of. An error that only
/// says that something else went wrong (`VM_MIN_COUNT_NOT_REACHED`) counts when no other error explains it.
pub fn classify_all(cloud_name: &str, errors: &[(&str, &str)]) -> Option<(usize, &'static Rule)> {
    pick(errors.iter().map(|(code, message)| classify(cloud_name, code, message)))
}

/// The denial that a rule makes of an error met by `offering` in `zone` (`None` where the whole region was asked).
pub fn denial(rule: &Rule, code: &str, text: &str, offering: &Offering, zone: Option<ZoneId>) -> Denial {
    Denial {
        cause: rule.cause,
        scope: rule.reach.scope(offering, zone),
        cooldown: rule.cooldown,
        retry_after: rule.in_place,
        code: Arc::from(code),
        text: Arc::from(text),
    }
}

/// The denial for a code that no table knows: it speaks for that type where it was asked for, on those terms.
pub fn unknown(code: &str, text: &str, offering: &Offering, zone: Option<ZoneId>) -> Denial {
    Denial {
        cause: Cause::Unknown,
        scope: Reach::Zone.scope(offering, zone),
        cooldown: UNKNOWN_COOLDOWN,
        retry_after: None,
        code: Arc::from(code),
        text: Arc::from(text),
    }
}

/// [`classify`] and [`denial`] in one, falling back to [`unknown`].
pub fn read(cloud_name: &str, code: &str, text: &str, offering: &Offering, zone: Option<ZoneId>) -> Denial {
    match classify(cloud_name, code, text) {
        Some(rule) => denial(rule, code, text, offering, zone),
        None => unknown(code, text, offering, zone),
    }
}

fn first_match<'a>(rules: &'a [Rule], code: &str, message: &str) -> Option<&'a Rule> {
    rules.iter().find(|rule| rule.matches(code, message))
}

/// The first telling rule, else the first that merely defers to others.
fn pick<'a>(rules: impl Iterator<Item = Option<&'a Rule>>) -> Option<(usize, &'a Rule)> {
    let mut deferring = None;
    for (index, rule) in rules.enumerate() {
        match rule {
            Some(rule) if rule.defers => deferring = deferring.or(Some((index, rule))),
            Some(rule) => return Some((index, rule)),
            None => {}
        }
    }
    deferring
}

impl Reach {
    /// What a denial with this reach speaks for, met by `offering` in `zone`. Without a zone, what would have been
    /// said of the zone is said of the region. Stock and quota are kept apart for on-demand and spot by every cloud,
    /// so those scopes name the terms; credentials and rate limits do not.
    pub fn scope(self, offering: &Offering, zone: Option<ZoneId>) -> Scope {
        let cloud = Scope { cloud: Some(offering.cloud), ..Scope::default() };
        let region = Scope { region: Some(offering.region), ..cloud };
        let terms: Option<CapacityType> = Some(offering.capacity);
        match self {
            Self::Zone => Scope { zone, capacity: terms, ..stock(offering, region) },
            Self::Region => Scope { capacity: terms, ..stock(offering, region) },
            Self::RegionFamily => Scope { family: Some(offering.family), capacity: terms, ..region },
            Self::RegionCapacity => Scope { capacity: terms, ..region },
            Self::CloudFamily => Scope { family: Some(offering.family), capacity: terms, ..cloud },
            Self::CloudAccelerators => Scope { accelerated: true, ..cloud },
            Self::InPlace => region,
            Self::Cloud | Self::Request => cloud,
        }
    }
}

/// What runs out together: the instance type or, where devices are attached to machines of any type, the devices. Another
/// machine around the same devices would meet the same refusal.
fn stock(offering: &Offering, place: Scope) -> Scope {
    match offering.attached {
        Some(devices) => Scope { attached: Some(devices), ..place },
        None => Scope { instance_type: Some(offering.instance_type), ..place },
    }
}
