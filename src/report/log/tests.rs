use std::sync::Arc;

use jiff::civil::date;

use super::super::names::fake::Fake;
use super::*;
use crate::model::{CapacityType, Cause, CloudId, DemandId, FamilyId, LeaseId, Money, Offering, Span, ZoneId};

fn attempt(cloud: u8, instance_type: u16, region: u16, zones: &[u16]) -> Attempt {
    let offering = Offering {
        cloud: CloudId(cloud),
        capacity: CapacityType::OnDemand,
        region: RegionId(region),
        zone: None,
        instance_type: TypeId(instance_type),
        family: FamilyId(0),
        accelerator: None,
        attached: None,
        price_hourly: Money::from_dollars(2.95),
    };
    Attempt {
        demand: DemandId(0),
        candidate: 0,
        offering,
        zones: zones.iter().copied().map(ZoneId).collect(),
        nodes: 1,
    }
}

fn denial(code: &str, text: &str) -> Denial {
    Denial {
        cause: Cause::Stockout,
        scope: Scope { cloud: Some(CloudId(2)), zone: Some(ZoneId(2)), ..Scope::default() },
        cooldown: Span::from_secs(600),
        retry_after: None,
        code: code.into(),
        text: text.into(),
    }
}

pub(crate) fn story() -> Vec<Entry> {
    let gcp = |region, zone| attempt(2, 2, region, &[zone]);
    let aws = attempt(0, 0, 0, &[0, 1]);
    let lease = Lease {
        id: LeaseId(CallId(4)),
        offering: aws.offering,
        zone: Some(ZoneId(0)),
        nodes: 1,
        since: Timestamp(60_000_000),
    };
    let exhausted = "The zone 'z' does not have enough resources.";
    let happenings = [
        (0, Happening::Arrived { candidates: 3, nodes: 1 }),
        (0, Happening::Round(1)),
        (0, Happening::Attempted(CallId(1), gcp(2, 2))),
        (13, Happening::Denied(CallId(1), denial("ZONE_RESOURCE_POOL_EXHAUSTED", exhausted))),
        (13, Happening::Blocked(denial("", "").scope, Timestamp(613_000_000))),
        (13, Happening::Attempted(CallId(2), gcp(2, 3))),
        (27, Happening::Lost(CallId(2), Arc::from("connection reset"))),
        (28, Happening::Found(CallId(2), None)),
        (28, Happening::Attempted(CallId(3), aws)),
        (39, Happening::Denied(CallId(3), denial("InsufficientInstanceCapacity", "No p3 in us-east-2a."))),
        (39, Happening::Denied(CallId(3), denial("InsufficientInstanceCapacity", "No p3 in us-east-2b."))),
        (39, Happening::Waiting(Timestamp(69_000_000))),
        (69, Happening::Round(2)),
        (69, Happening::Attempted(CallId(4), aws)),
        (90, Happening::Launched(CallId(4), lease)),
        (90, Happening::Ended(Outcome::Placed)),
    ];
    let entry =
        |(at, happening): (u64, Happening)| Entry { at: Timestamp(at * 1_000_000), demand: DemandId(0), happening };
    happenings.into_iter().map(entry).collect()
}

fn told(mut narrator: Narrator<'_>) -> String {
    let clock = Clock::starting_at(date(2022, 2, 11).at(21, 17, 43, 0));
    story().iter().flat_map(|entry| narrator.tell(entry)).map(|line| line.render(&clock) + "\n").collect()
}

#[test]
fn the_log_reads_as_the_page() {
    insta::assert_snapshot!(told(Narrator::new(&Fake)));
}

#[test]
fn the_detailed_log_leaves_nothing_out() {
    insta::assert_snapshot!(told(Narrator::detailed(&Fake)));
}

#[test]
fn a_failed_end_says_why() {
    let mut narrator = Narrator::new(&Fake);
    let end = Happening::Ended(Outcome::NoQuota);
    let lines = narrator.tell(&Entry { at: Timestamp::ZERO, demand: DemandId(0), happening: end });
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].level, lines[0].text.contains("quota")), (Level::Error, true));
}

#[test]
fn what_is_still_billed_is_told_with_its_place() {
    let mut narrator = Narrator::new(&Fake);
    let half = attempt(0, 0, 0, &[0]);
    // The third call of the second request.
    let id = CallId(1 << 32 | 2);
    let lease =
        Lease { id: LeaseId(id), offering: half.offering, zone: Some(ZoneId(0)), nodes: 1, since: Timestamp::ZERO };
    let happenings = [
        Happening::Attempted(id, half),
        Happening::PartlyLaunched(id, lease),
        Happening::NotReleased(lease.id, Arc::from("try again")),
        Happening::Orphaned(lease.id),
    ];
    let tell = |happening| narrator.tell(&Entry { at: Timestamp::ZERO, demand: DemandId(1), happening });
    let told: Vec<String> = happenings.into_iter().flat_map(tell).map(|line| line.text).collect();
    let place = place_title(&Fake, &CloudId(0), RegionId(0), &ZoneSet::one(ZoneId(0)));
    assert_eq!(
        told[told.len() - 2..],
        [
            format!("Releasing lease 2 on {place} failed (try again); trying again."),
            format!("Lease 2 on {place} could not be released and is still billed.")
        ]
    );
}
