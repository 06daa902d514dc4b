//! From names to ids: what the clouds said, as the engine understands it.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::cloud::{Node, NodeState, ProviderError, Refusal};
use crate::denials::{self, Book};
use crate::model::{Attempt, Cause, Denial, Denials, Lease, LeaseId, Scope, Span, Timestamp, ZoneId};

/// Credentials that are missing here will be missing in the next region too.
const NO_CREDENTIALS_COOLDOWN: Span = Span::HOUR;

/// One denial for every zone that refused; where one answer lists several errors, the one that tells most.
pub(super) fn denials(catalog: &Catalog, book: &Book, attempt: &Attempt, refusals: &[Refusal]) -> Denials {
    let mut zones: Vec<Option<&str>> = refusals.iter().map(|refusal| refusal.zone.as_deref()).collect();
    zones.dedup();
    let mut seen: Vec<Option<&str>> = Vec::new();
    let mut found = Denials::new();
    for zone in zones {
        if seen.contains(&zone) {
            continue;
        }
        seen.push(zone);
        let here: Vec<&Refusal> = refusals.iter().filter(|refusal| refusal.zone.as_deref() == zone).collect();
        found.extend(denial(catalog, book, attempt, zone, &here));
    }
    found
}

fn denial(
    catalog: &Catalog,
    book: &Book,
    attempt: &Attempt,
    zone: Option<&str>,
    refusals: &[&Refusal],
) -> Option<Denial> {
    let cloud = catalog.cloud_name(attempt.offering.cloud);
    let only = match attempt.zones.as_slice() {
        [zone] => Some(*zone),
        _ => None,
    };
    let zone = zone.and_then(|name| zone_of(catalog, attempt, name)).or(only);
    let errors: Vec<(&str, &str)> = refusals.iter().map(|r| (r.code.as_str(), r.message.as_str())).collect();
    let (at, rule) = match book.classify_all(cloud, &errors) {
        Some((at, rule)) => (at, Some(rule)),
        None => (0, None),
    };
    let refusal = refusals.get(at)?;
    let (code, text) = (refusal.code.as_str(), refusal.message.as_str());
    let mut denial = match rule {
        Some(rule) => denials::denial(rule, code, text, &attempt.offering, zone),
        None => denials::unknown(code, text, &attempt.offering, zone),
    };
    if let Some(asked) = refusal.retry_after {
        let asked = Span::from_secs_f64(asked.as_secs_f64());
        denial.retry_after = Some(denial.retry_after.map_or(asked, |known| known.max(asked)));
    }
    Some(denial)
}

/// The denial that an error without any refusal amounts to; `None` for a lost answer.
pub(super) fn refused(catalog: &Catalog, book: &Book, attempt: &Attempt, error: &ProviderError) -> Option<Denials> {
    match error {
        ProviderError::Refused(refusals) => Some(denials(catalog, book, attempt, refusals)),
        ProviderError::NoCredentials { message, remedy } => {
            Some(Denials::from_iter([without_credentials(attempt, &format!("{message}; {remedy}"))]))
        }
        ProviderError::Lost(_) => None,
    }
}

/// The whole cloud is of no use without credentials.
fn without_credentials(attempt: &Attempt, text: &str) -> Denial {
    Denial {
        cause: Cause::Unauthorized,
        scope: Scope { cloud: Some(attempt.offering.cloud), ..Scope::default() },
        cooldown: NO_CREDENTIALS_COOLDOWN,
        retry_after: None,
        code: Arc::from("NoCredentials"),
        text: Arc::from(text),
    }
}

/// Our own state could not be written, so nothing may be launched anywhere.
pub(super) fn unwritten(attempt: &Attempt, why: &str) -> Denial {
    Denial {
        cause: Cause::InvalidRequest,
        scope: Scope { cloud: Some(attempt.offering.cloud), ..Scope::default() },
        cooldown: Span::ZERO,
        retry_after: None,
        code: Arc::from("StateNotWritten"),
        text: Arc::from(format!("nothing is launched that could not be found again: {why}")),
    }
}

/// What came up is fewer than ordered, and the cloud gave no reason.
pub(super) fn incomplete(attempt: &Attempt, nodes: usize) -> Denial {
    let text = format!("{nodes} of {} nodes came up", attempt.nodes);
    denials::unknown("PartialGang", &text, &attempt.offering, attempt.zones.as_slice().first().copied())
}

fn zone_of(catalog: &Catalog, attempt: &Attempt, name: &str) -> Option<ZoneId> {
    let zones = catalog.find_zones(Some(attempt.offering.cloud), name);
    zones.into_iter().find(|zone| catalog.zone_region(*zone) == attempt.offering.region)
}

/// Capacity held in the name of a launch call, with the price of the zone that was obtained.
pub(super) fn lease(catalog: &Catalog, id: LeaseId, attempt: &Attempt, nodes: &[Node], since: Timestamp) -> Lease {
    let named = nodes.iter().find_map(|node| node.zone.as_deref());
    let only = attempt.zones.as_slice().first().copied().filter(|_| attempt.zones.len() == 1);
    let zone = named.and_then(|name| zone_of(catalog, attempt, name)).or(only);
    let mut offering = attempt.offering;
    offering.zone = zone.or(offering.zone);
    let row = catalog.find_row(offering.instance_type, offering.region, zone);
    // Spot prices differ from zone to zone; list prices that were overlaid stay as they are.
    if offering.capacity == crate::model::CapacityType::Spot
        && attempt.zones.len() > 1
        && let Some(price) = row.and_then(|row| catalog.price(row, offering.capacity))
    {
        offering.price_hourly = price;
    }
    let held = nodes.iter().filter(|node| is_up(node.state)).count();
    Lease { id, offering, zone, nodes: held as u16, since }
}

/// True for a machine that does what it was launched for, or will in a moment.
pub(super) const fn is_up(state: NodeState) -> bool {
    matches!(state, NodeState::Pending | NodeState::Running)
}

/// The TPU slice of an attempt, if it is for one.
pub(super) fn slice(catalog: &Catalog, attempt: &Attempt) -> Option<crate::model::AcceleratorCount> {
    let kind = attempt.offering.instance_type;
    catalog.type_accelerator(kind).filter(|_| catalog.type_info(kind).slice)
}
