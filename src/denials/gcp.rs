//! Google Compute Engine's error codes, from operations and from HTTP envelopes.
//!
//! **Invariant:** on every code the first rule that matches wins, so rules with a message part stand before those
//! without.

use crate::model::{Cause, Span};

use super::{Reach, Rule};

/// A zone that had nothing is believed for half an hour, as Karpenter's GCP provider does.
const STOCKOUT: Span = Span::from_secs(30 * 60);
/// A limit changes when an increase is granted, not by itself.
const QUOTA: Span = Span::HOUR;
/// What a location does not sell, it will not sell this week either; and permissions need a hand.
const LASTING: Span = Span::from_secs(24 * 3600);
/// The limit that new projects have at zero. It binds machines with accelerators alone.
const GPUS: &str = "'GPUS_ALL_REGIONS'";
/// A throttled project is left alone for a moment once repeating in place was in vain.
const THROTTLED: Span = Span::from_secs(60);

const RESOURCE_ERRORS: &str = "docs.cloud.google.com/compute/docs/resource-error";
const QUOTA_REGION: &str = "github.com/scylladb/scylla-cluster-tests/issues/3649";
const QUOTA_GLOBAL: &str = "github.com/fastai/course-v3/pull/165";
const QUOTA_HTTP: &str = "github.com/kelseyhightower/kubernetes-the-hard-way/issues/47";
const RATE: &str = "developers.google.com/compute/operations-quota";
const SKYPILOT: &str = "SkyPilot's table of GCP errors";
const NOT_SOLD: &str = "Compute Engine API reference: machineTypes.get and acceleratorTypes.get are by zone";
const STATUS_MAP: &str = "google.rpc status codes";

/// The table.
pub(super) static RULES: &[Rule] = &[
    Rule::new("ZONE_RESOURCE_POOL_EXHAUSTED", Cause::Stockout, Reach::Zone, STOCKOUT, RESOURCE_ERRORS),
    Rule::new(
        "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
        Cause::Stockout,
        Reach::Zone,
        STOCKOUT,
        "github.com/scylladb/scylla-cluster-tests/issues/12477",
    ),
    Rule::new("insufficientCapacity", Cause::Stockout, Reach::Zone, STOCKOUT, SKYPILOT),
    Rule::new("stockout", Cause::Stockout, Reach::Zone, STOCKOUT, SKYPILOT),
    Rule::new("RESOURCE_NOT_READY", Cause::Stockout, Reach::Zone, THROTTLED, SKYPILOT),
    // bulkInsert says this beside the cause, or alone; alone it can only mean that the zone had too few.
    Rule::new(
        "VM_MIN_COUNT_NOT_REACHED",
        Cause::Stockout,
        Reach::Zone,
        STOCKOUT,
        "github.com/related-sciences/gce-github-runner/pull/56",
    )
    .deferring(),
    // TPU nodes answer with bare numbers: 3 taken back while being made, 8 no capacity, 9 no reserved capacity.
    Rule::new("3", Cause::Preempted, Reach::Zone, STOCKOUT, SKYPILOT),
    Rule::new("8", Cause::Stockout, Reach::Zone, STOCKOUT, SKYPILOT),
    Rule::new("9", Cause::Stockout, Reach::Zone, STOCKOUT, SKYPILOT),
    Rule::when("RESOURCE_EXHAUSTED", "no more capacity", Cause::Stockout, Reach::Zone, STOCKOUT, STATUS_MAP),
    Rule::when("RESOURCE_EXHAUSTED", "uota", Cause::QuotaExceeded, Reach::RegionFamily, QUOTA, STATUS_MAP),
    Rule::when(
        "UNSUPPORTED_OPERATION",
        "preemption",
        Cause::Preempted,
        Reach::Zone,
        STOCKOUT,
        "github.com/scylladb/scylla-cluster-tests/pull/2945",
    ),
    Rule::new("UNSUPPORTED_OPERATION", Cause::Preempted, Reach::Zone, STOCKOUT, SKYPILOT),
    // A limit over all regions ends the search on this cloud; a regional one only in the region.
    Rule::when("QUOTA_EXCEEDED", GPUS, Cause::QuotaExceeded, Reach::CloudAccelerators, QUOTA, QUOTA_GLOBAL),
    Rule::when("QUOTA_EXCEEDED", "globally", Cause::QuotaExceeded, Reach::Cloud, QUOTA, QUOTA_GLOBAL),
    Rule::when("QUOTA_EXCEEDED", "_ALL_REGIONS'", Cause::QuotaExceeded, Reach::Cloud, QUOTA, QUOTA_GLOBAL),
    Rule::new("QUOTA_EXCEEDED", Cause::QuotaExceeded, Reach::RegionFamily, QUOTA, QUOTA_REGION),
    Rule::when("quotaExceeded", GPUS, Cause::QuotaExceeded, Reach::CloudAccelerators, QUOTA, QUOTA_GLOBAL),
    Rule::when("quotaExceeded", "globally", Cause::QuotaExceeded, Reach::Cloud, QUOTA, QUOTA_GLOBAL),
    Rule::when("quotaExceeded", "_ALL_REGIONS'", Cause::QuotaExceeded, Reach::Cloud, QUOTA, QUOTA_GLOBAL),
    Rule::new("quotaExceeded", Cause::QuotaExceeded, Reach::RegionFamily, QUOTA, QUOTA_HTTP),
    Rule::when(
        "type.googleapis.com/google.rpc.QuotaFailure",
        "in zone",
        Cause::QuotaExceeded,
        Reach::Zone,
        QUOTA,
        SKYPILOT,
    ),
    Rule::new(
        "type.googleapis.com/google.rpc.QuotaFailure",
        Cause::QuotaExceeded,
        Reach::RegionFamily,
        QUOTA,
        SKYPILOT,
    ),
    // Making many machines of one image too fast: patience first, and if that is in vain another zone's copy.
    Rule::new("RESOURCE_OPERATION_RATE_EXCEEDED", Cause::RateLimited, Reach::Zone, THROTTLED, SKYPILOT).again_after(5),
    Rule::new("rateLimitExceeded", Cause::RateLimited, Reach::InPlace, THROTTLED, RATE).again_after(5),
    Rule::new("userRateLimitExceeded", Cause::RateLimited, Reach::InPlace, THROTTLED, RATE).again_after(5),
    Rule::new("backendError", Cause::RateLimited, Reach::InPlace, THROTTLED, STATUS_MAP).again_after(5),
    Rule::new(
        "forbidden",
        Cause::Unauthorized,
        Reach::Cloud,
        LASTING,
        "github.com/kashifulhaque/discord-bot-for-gcp/issues/6",
    ),
    Rule::new(
        "accessNotConfigured",
        Cause::Unauthorized,
        Reach::Cloud,
        LASTING,
        "github.com/hashicorp/terraform/issues/19912",
    ),
    Rule::new("SERVICE_DISABLED", Cause::Unauthorized, Reach::Cloud, LASTING, STATUS_MAP),
    Rule::new("PERMISSION_DENIED", Cause::Unauthorized, Reach::Cloud, LASTING, STATUS_MAP),
    Rule::new("IAM_PERMISSION_DENIED", Cause::Unauthorized, Reach::Cloud, LASTING, SKYPILOT),
    Rule::new("authError", Cause::Unauthorized, Reach::Cloud, LASTING, STATUS_MAP),
    // A user's own network is global on this cloud, a subnetwork is of one region.
    Rule::new("VPC_NOT_FOUND", Cause::Unsupported, Reach::Cloud, LASTING, SKYPILOT),
    Rule::new("SUBNET_NOT_FOUND_FOR_VPC", Cause::Unsupported, Reach::RegionCapacity, LASTING, SKYPILOT),
    Rule::new("RESOURCE_NOT_FOUND", Cause::Unsupported, Reach::Zone, LASTING, SKYPILOT),
    // The price tables are a day old at best: what is not sold there (any more) may be in the next zone.
    Rule::when("notFound", "/machineTypes/", Cause::Unsupported, Reach::Zone, LASTING, NOT_SOLD),
    Rule::when("notFound", "/acceleratorTypes/", Cause::Unsupported, Reach::Zone, LASTING, NOT_SOLD),
    Rule::when("invalid", "referenced resource does not exist", Cause::Unsupported, Reach::Zone, LASTING, NOT_SOLD),
    // Answers to names we chose: the adapter knows what it asked for, another place would say the same.
    Rule::new("notFound", Cause::InvalidRequest, Reach::Request, Span::ZERO, STATUS_MAP),
    Rule::new("alreadyExists", Cause::InvalidRequest, Reach::Request, Span::ZERO, STATUS_MAP),
    Rule::new("invalid", Cause::InvalidRequest, Reach::Request, Span::ZERO, STATUS_MAP),
    Rule::new("required", Cause::InvalidRequest, Reach::Request, Span::ZERO, STATUS_MAP),
    Rule::new("badRequest", Cause::InvalidRequest, Reach::Request, Span::ZERO, STATUS_MAP),
];
