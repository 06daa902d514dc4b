//! Every genuine body is classified as its `scope` says.

use super::*;
use crate::model::{AcceleratorId, CloudId, FamilyId, Money, RegionId, TypeId};

const OFFERING: Offering = Offering {
    cloud: CloudId(2),
    capacity: CapacityType::Spot,
    region: RegionId(7),
    zone: None,
    instance_type: TypeId(5),
    family: FamilyId(3),
    accelerator: Some(AcceleratorId(1)),
    attached: None,
    price_hourly: Money(2_000_000),
};

/// What each body must become. The scope text of the body stands beside it, so that neither can drift alone.
const EXPECTED: &[(&str, &str, &str, Cause, Reach)] = &[
    ("aws", "InsufficientInstanceCapacity", "zone", Cause::Stockout, Reach::Zone),
    ("aws", "InsufficientInstanceCapacity.nolist", "zone", Cause::Stockout, Reach::Zone),
    ("aws", "InsufficientInstanceCapacity.region", "region", Cause::Stockout, Reach::Region),
    ("aws", "VcpuLimitExceeded", "region+family", Cause::QuotaExceeded, Reach::RegionFamily),
    ("aws", "MaxSpotInstanceCountExceeded", "region", Cause::QuotaExceeded, Reach::RegionCapacity),
    ("aws", "SpotMaxPriceTooLow", "zone", Cause::Stockout, Reach::Zone),
    ("aws", "Unsupported", "zone", Cause::Unsupported, Reach::Zone),
    ("aws", "Unsupported.config", "region", Cause::Unsupported, Reach::Region),
    ("aws", "UnauthorizedOperation", "account: stop, do not fail over", Cause::Unauthorized, Reach::Cloud),
    ("aws", "RequestLimitExceeded", "retry in place", Cause::RateLimited, Reach::InPlace),
    ("aws", "RequestLimitExceeded.2026", "retry in place", Cause::RateLimited, Reach::InPlace),
    (
        "aws",
        "InsufficientInstanceCapacity.start",
        "StartInstances on a stopped spot instance",
        Cause::Stockout,
        Reach::Zone,
    ),
    ("gcp", "ZONE_RESOURCE_POOL_EXHAUSTED", "zone", Cause::Stockout, Reach::Zone),
    ("gcp", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "zone", Cause::Stockout, Reach::Zone),
    ("gcp", "QUOTA_EXCEEDED.region", "region", Cause::QuotaExceeded, Reach::RegionFamily),
    ("gcp", "QUOTA_EXCEEDED.global", "project: every region of this cloud", Cause::QuotaExceeded, Reach::Cloud),
    ("gcp", "UNSUPPORTED_OPERATION", "zone (spot preempted while starting)", Cause::Preempted, Reach::Zone),
    ("gcp", "VM_MIN_COUNT_NOT_REACHED", "read the other errors in the same list first", Cause::Stockout, Reach::Zone),
    ("gcp", "VM_MIN_COUNT_NOT_REACHED.alone", "zone", Cause::Stockout, Reach::Zone),
    ("gcp", "RESOURCE_OPERATION_RATE_EXCEEDED", "retry in place, then zone", Cause::RateLimited, Reach::Zone),
    ("gcp", "quotaExceeded.http", "region", Cause::QuotaExceeded, Reach::RegionFamily),
    ("gcp", "rateLimitExceeded.http", "retry in place", Cause::RateLimited, Reach::InPlace),
    ("gcp", "forbidden.http", "project: stop", Cause::Unauthorized, Reach::Cloud),
    ("gcp", "billingDisabled.http", "project: stop", Cause::Unauthorized, Reach::Cloud),
    ("gcp", "accessNotConfigured.http", "project: stop", Cause::Unauthorized, Reach::Cloud),
    ("gcp", "notFound.http", "-", Cause::InvalidRequest, Reach::Request),
    ("gcp", "alreadyExists.http", "-", Cause::InvalidRequest, Reach::Request),
    ("azure", "SkuNotAvailable", "location (or the zone asked for)", Cause::Stockout, Reach::Zone),
    ("azure", "SkuNotAvailable.subscription", "location for this subscription", Cause::Unsupported, Reach::Region),
    ("azure", "OperationNotAllowed.region", "location", Cause::QuotaExceeded, Reach::RegionCapacity),
    ("azure", "OperationNotAllowed.family", "location + VM family", Cause::QuotaExceeded, Reach::RegionFamily),
    ("azure", "OperationNotAllowed.spot", "location, spot only", Cause::QuotaExceeded, Reach::RegionCapacity),
    (
        "azure",
        "QuotaExceeded.deployment",
        "location; only when creating through Microsoft.Resources/deployments",
        Cause::QuotaExceeded,
        Reach::RegionCapacity,
    ),
    ("azure", "AllocationFailed", "location", Cause::Stockout, Reach::Region),
    ("azure", "ZonalAllocationFailed", "zone", Cause::Stockout, Reach::Zone),
    ("azure", "OverconstrainedAllocationRequest", "location", Cause::Stockout, Reach::Region),
    ("azure", "OverconstrainedZonalAllocationRequest", "zone", Cause::Stockout, Reach::Zone),
    ("azure", "ReadOnlyDisabledSubscription", "subscription: stop", Cause::Unauthorized, Reach::Cloud),
    ("azure", "AuthorizationFailed", "subscription or resource group: stop", Cause::Unauthorized, Reach::Cloud),
    ("azure", "TooManyRequests", "retry after the Retry-After header", Cause::RateLimited, Reach::InPlace),
];

#[test]
fn every_body_is_classified_as_its_scope_says() {
    let shipped: usize = ["aws", "gcp", "azure"].iter().map(|cloud| bodies(cloud).len()).sum();
    assert_eq!(shipped, EXPECTED.len(), "a body without an expectation, or the other way round");
    for (cloud, key, scope, cause, reach) in EXPECTED {
        let body = body(cloud, key).unwrap_or_else(|| panic!("{cloud} has no body {key}"));
        assert_eq!(body.scope, *scope, "{key}");
        let (_, rule) = classify_all(cloud, &body.errors()).unwrap_or_else(|| panic!("no rule for {key}"));
        assert_eq!((rule.cause, rule.reach), (*cause, *reach), "{key}");
        let patient = matches!(cause, Cause::RateLimited);
        assert_eq!(rule.in_place.is_some(), patient, "{key}: repeated in place iff throttled");
        assert!(!body.sources.is_empty() && !rule.source.is_empty(), "{key} has no source");
    }
}

#[test]
fn the_message_survives_rendering_and_is_still_recognised() {
    let fill = Fill(&[("type", "p3.16xlarge"), ("zone", "us-east-2a"), ("other_zones", "us-east-2b")]);
    let body = body("aws", "InsufficientInstanceCapacity").unwrap();
    assert_eq!(
        body.render(fill),
        "We currently do not have sufficient p3.16xlarge capacity in the Availability Zone you requested (us-east-2a). \
         Our system will be working on provisioning additional capacity. You can currently get p3.16xlarge capacity by \
         not specifying an Availability Zone in your request or choosing us-east-2b."
    );
    assert_eq!(Fill(&[]).apply("{zone} {{\"a\": {x}}}"), "{zone} {{\"a\": {x}}}", "unknown placeholders stay");
}

#[test]
fn a_count_not_reached_defers_to_the_error_beside_it() {
    let errors =
        [("VM_MIN_COUNT_NOT_REACHED", "…"), ("QUOTA_EXCEEDED", "Quota 'CPUS' exceeded.  Limit: 24.0 in region x.")];
    let (index, rule) = classify_all("gcp", &errors).unwrap();
    assert_eq!((index, rule.cause), (1, Cause::QuotaExceeded));
    let errors = [("VM_MIN_COUNT_NOT_REACHED", "…"), ("NEVER_HEARD_OF", "…")];
    assert_eq!(classify_all("gcp", &errors).map(|(index, _)| index), Some(0));
}

#[test]
fn what_a_zone_does_not_sell_is_looked_for_in_the_next() {
    for kind in ["machineTypes/n9-standard-8", "acceleratorTypes/nvidia-tesla-v100"] {
        let denial = read(
            "gcp",
            "notFound",
            &format!("The resource 'projects/p/zones/us-east1-b/{kind}' was not found"),
            &OFFERING,
            Some(ZoneId(9)),
        );
        assert_eq!((denial.cause, denial.scope.zone), (Cause::Unsupported, Some(ZoneId(9))));
    }
    let lost = classify("gcp", "notFound", "The resource 'projects/p/zones/us-east1-b/instances/a' was not found");
    assert_eq!(lost.unwrap().cause, Cause::InvalidRequest);
}

#[test]
fn a_limit_on_all_gpus_leaves_machines_without() {
    for code in ["QUOTA_EXCEEDED", "quotaExceeded"] {
        let global = |quota: &str| format!("Quota '{quota}' exceeded.  Limit: 0.0 globally.");
        let reach = |quota| classify("gcp", code, &global(quota)).unwrap().reach;
        assert_eq!((reach("GPUS_ALL_REGIONS"), reach("CPUS_ALL_REGIONS")), (Reach::CloudAccelerators, Reach::Cloud));
    }
}

#[test]
fn an_unknown_code_is_not_guessed() {
    assert!(classify("gcp", "NEVER_HEARD_OF", "does not have enough resources").is_none());
    assert!(classify("azure", "OperationNotAllowed", "The VM must be running.").is_none());
    assert!(classify("hetzner", "InsufficientInstanceCapacity", "").is_none());
    let denial = read("gcp", "NEVER_HEARD_OF", "text", &OFFERING, Some(ZoneId(9)));
    assert_eq!(denial.cause, Cause::Unknown);
    assert_eq!((denial.scope.zone, denial.scope.instance_type), (Some(ZoneId(9)), Some(TypeId(5))));
    assert_eq!((&*denial.code, &*denial.text), ("NEVER_HEARD_OF", "text"));
}

#[test]
fn a_scope_covers_what_it_speaks_for_and_nothing_else() {
    let zone = Some(ZoneId(9));
    let other_type = Offering { instance_type: TypeId(6), ..OFFERING };
    let other_family = Offering { family: FamilyId(4), ..other_type };
    let other_region = Offering { region: RegionId(8), ..OFFERING };
    let on_demand = Offering { capacity: CapacityType::OnDemand, ..OFFERING };
    let covers = |reach: Reach, offering: &Offering, at| reach.scope(&OFFERING, zone).covers(offering, at);
    assert!(covers(Reach::Zone, &OFFERING, zone) && !covers(Reach::Zone, &OFFERING, Some(ZoneId(10))));
    assert!(covers(Reach::Region, &OFFERING, Some(ZoneId(10))) && !covers(Reach::Region, &other_type, zone));
    assert!(covers(Reach::RegionFamily, &other_type, zone) && !covers(Reach::RegionFamily, &other_family, zone));
    assert!(covers(Reach::RegionCapacity, &other_family, zone) && !covers(Reach::RegionCapacity, &on_demand, zone));
    assert!(covers(Reach::CloudFamily, &other_region, zone) && !covers(Reach::CloudFamily, &other_family, zone));
    let bare = Offering { accelerator: None, ..OFFERING };
    assert!(covers(Reach::CloudAccelerators, &other_region, None) && !covers(Reach::CloudAccelerators, &bare, zone));
    assert!(covers(Reach::Cloud, &on_demand, zone) && covers(Reach::Cloud, &other_region, None));
    let regionwide = Reach::Zone.scope(&OFFERING, None);
    assert!(regionwide.covers(&OFFERING, None) && !regionwide.covers(&other_region, None));
}

#[test]
fn no_rule_is_unreachable() {
    for cloud in ["aws", "azure", "gcp"] {
        let table = rules(cloud);
        for (index, rule) in table.iter().enumerate() {
            let shadowed = table[..index].iter().any(|earlier| {
                earlier.code == rule.code
                    && earlier
                        .contains
                        .as_ref()
                        .is_none_or(|part| rule.contains.as_ref().is_some_and(|own| own.contains(part.as_ref())))
            });
            assert!(!shadowed, "{cloud} {} is hidden by an earlier rule", rule.code);
        }
    }
}

#[test]
fn a_users_rule_comes_before_the_table() {
    let book = Book::parse(
        "- {cloud: aws, code: WeirdThing, cause: stockout, reach: zone, cooldown: 5m}\n\
         - {cloud: aws, code: Unsupported, contains: 'gp4', cause: unsupported, reach: cloud}\n",
    )
    .unwrap();
    assert_eq!(book.classify("aws", "WeirdThing", "").unwrap().cooldown, Span::from_secs(300));
    assert_eq!(book.classify("aws", "Unsupported", "no gp4 here").unwrap().reach, Reach::Cloud);
    assert_eq!(book.classify("aws", "Unsupported", "other").unwrap().reach, Reach::Region);
    assert!(book.classify("gcp", "WeirdThing", "").is_none());
    assert_eq!(book.classify_all("aws", &[("?", ""), ("WeirdThing", "")]).unwrap().0, 1);
}

#[test]
fn a_wrong_rule_says_what_would_be_right() {
    let error = Book::parse("- {cloud: aws, code: X, cause: stokout, reach: zone}").unwrap_err();
    assert!(error.to_string().starts_with("rule 1: 'stokout' is not a cause; expected one of stockout"), "{error}");
    assert!(matches!(
        Book::parse("- {cloud: aws, code: X, cause: stockout, reach: zone, colldown: 1}"),
        Err(BookError::Form(_))
    ));
    assert!(Book::parse("- {cloud: ibm, code: X, cause: stockout, reach: zone}").is_err());
}
