//! The attempts of a journal as bars of a timeline.
//!
//! **Invariant:** one bar an attempt; an attempt without an end in the journal lasts until its last entry.

use std::collections::BTreeMap;

use crate::model::{CallId, Cause, Entry, Happening, Offering, Timestamp, ZoneSet};

use super::names::Names;
use super::plot::{Bar, Kind};

/// The bars, in order of their start.
pub fn bars(names: &dyn Names, journal: &[Entry]) -> Vec<Bar> {
    let mut open: BTreeMap<CallId, Bar> = BTreeMap::new();
    let mut done: Vec<Bar> = Vec::new();
    for entry in journal {
        let now = seconds(entry.at);
        let (call, kind) = match &entry.happening {
            Happening::Attempted(call, attempt) => {
                let bar = Bar {
                    place: place(names, &attempt.offering, &attempt.zones),
                    from: now,
                    to: now,
                    kind: Kind::Troubled,
                };
                // The same call again, in place: one bar from the first to the last.
                open.entry(*call).or_insert(bar);
                continue;
            }
            Happening::Denied(call, denial) => (call, refused(denial.cause)),
            Happening::Launched(call, _) => (call, Kind::Launched),
            Happening::PartlyLaunched(call, _) | Happening::Lost(call, _) => (call, Kind::Troubled),
            _ => continue,
        };
        if let Some(bar) = open.remove(call) {
            done.push(Bar { to: now, kind, ..bar });
        }
    }
    let end = journal.last().map_or(0.0, |entry| seconds(entry.at));
    done.extend(open.into_values().map(|bar| Bar { to: end, ..bar }));
    done.sort_by(|a, b| a.from.total_cmp(&b.from));
    done
}

const fn refused(cause: Cause) -> Kind {
    match cause {
        Cause::Stockout => Kind::Stockout,
        Cause::QuotaExceeded => Kind::Quota,
        _ => Kind::Refused,
    }
}

/// `GCP us-central1-a V100:1` would be long; the type is told where there is room, in the log.
pub(super) fn place(names: &dyn Names, offering: &Offering, zones: &ZoneSet) -> String {
    let cloud = names.cloud(offering.cloud);
    match zones.as_slice() {
        [zone] => format!("{cloud} {}", names.zone(*zone)),
        [] => format!("{cloud} {}", names.region(offering.region)),
        zones => format!("{cloud} {} ({} zones)", names.region(offering.region), zones.len()),
    }
}

fn seconds(at: Timestamp) -> f64 {
    at.since(Timestamp::ZERO).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::story;
    use super::super::names::fake::Fake;
    use super::*;

    #[test]
    fn every_attempt_is_one_bar() {
        let bars = bars(&Fake, &story());
        let told: Vec<(&str, f64, f64, Kind)> = bars.iter().map(|b| (b.place.as_str(), b.from, b.to, b.kind)).collect();
        assert_eq!(
            told,
            [
                ("GCP us-central1-a", 0.0, 13.0, Kind::Stockout),
                ("GCP us-central1-f", 13.0, 27.0, Kind::Troubled),
                ("AWS us-east-2 (2 zones)", 28.0, 39.0, Kind::Stockout),
                ("AWS us-east-2 (2 zones)", 69.0, 90.0, Kind::Launched),
            ]
        );
    }
}
