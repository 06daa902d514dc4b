//! Amazon EC2's error codes.
//!
//! **Invariant:** on every code the first rule that matches wins, so rules with a message part stand before those
//! without.

use crate::model::{Cause, Span};

use super::{Reach, Rule};

/// A zone that had nothing is believed for three minutes, as Karpenter's AWS provider does: capacity comes and goes.
const STOCKOUT: Span = Span::from_secs(180);
/// A limit changes when support grants an increase, not by itself.
const QUOTA: Span = Span::HOUR;
/// What a location does not sell, it will not sell this week either; and credentials need a hand.
const LASTING: Span = Span::from_secs(24 * 3600);
/// A throttled region is left alone for a moment once repeating in place was in vain.
const THROTTLED: Span = Span::from_secs(60);

const API: &str = "EC2 API reference, error codes";
const SKYPILOT: &str = "SkyPilot retries it in place, 5 s growing to 60 s";

/// The table.
pub(super) static RULES: &[Rule] = &[
    Rule::when(
        "InsufficientInstanceCapacity",
        "in zones with support for",
        Cause::Stockout,
        Reach::Region,
        STOCKOUT,
        "github.com/fedora-copr/copr/issues/3279",
    ),
    Rule::new(
        "InsufficientInstanceCapacity",
        Cause::Stockout,
        Reach::Zone,
        STOCKOUT,
        "github.com/skyplane-project/skyplane/issues/299",
    ),
    Rule::new("InsufficientHostCapacity", Cause::Stockout, Reach::Zone, STOCKOUT, API),
    Rule::new("InsufficientReservedInstanceCapacity", Cause::Stockout, Reach::Zone, STOCKOUT, API),
    Rule::new("InsufficientCapacityOnHost", Cause::Stockout, Reach::Zone, STOCKOUT, API),
    Rule::new("InsufficientFreeAddressesInSubnet", Cause::Stockout, Reach::Zone, STOCKOUT, API),
    // Bids above the market price are not ours to make: with the market price above on-demand, there is no spot.
    Rule::new(
        "SpotMaxPriceTooLow",
        Cause::Stockout,
        Reach::Zone,
        STOCKOUT,
        "github.com/aws/aws-parallelcluster-node/pull/415",
    ),
    Rule::new(
        "VcpuLimitExceeded",
        Cause::QuotaExceeded,
        Reach::RegionFamily,
        QUOTA,
        "github.com/xlang-ai/OSWorld/issues/366",
    ),
    Rule::new(
        "MaxSpotInstanceCountExceeded",
        Cause::QuotaExceeded,
        Reach::RegionCapacity,
        QUOTA,
        "github.com/meadowdata/meadowrun/issues/84",
    ),
    Rule::new("InstanceLimitExceeded", Cause::QuotaExceeded, Reach::Region, QUOTA, API),
    Rule::when(
        "Unsupported",
        "in your requested Availability Zone",
        Cause::Unsupported,
        Reach::Zone,
        LASTING,
        "github.com/longhorn/longhorn-tests/pull/1130",
    ),
    Rule::new(
        "Unsupported",
        Cause::Unsupported,
        Reach::Region,
        LASTING,
        "github.com/hashicorp/terraform-provider-aws/issues/9113",
    ),
    Rule::new(
        "UnauthorizedOperation",
        Cause::Unauthorized,
        Reach::Cloud,
        LASTING,
        "github.com/aws/karpenter-provider-aws/issues/7370",
    ),
    Rule::new("AuthFailure", Cause::Unauthorized, Reach::Cloud, LASTING, API),
    Rule::new("InvalidClientTokenId", Cause::Unauthorized, Reach::Cloud, LASTING, API),
    Rule::new("SignatureDoesNotMatch", Cause::Unauthorized, Reach::Cloud, LASTING, API),
    Rule::new("RequestExpired", Cause::Unauthorized, Reach::Cloud, LASTING, API),
    Rule::new("ExpiredToken", Cause::Unauthorized, Reach::Cloud, LASTING, API),
    Rule::new("Blocked", Cause::Unauthorized, Reach::Cloud, LASTING, API),
    // A region that the account has not enabled, or that is still being validated; the others are.
    Rule::new("OptInRequired", Cause::Unauthorized, Reach::RegionCapacity, LASTING, API),
    Rule::new("PendingVerification", Cause::Unauthorized, Reach::RegionCapacity, QUOTA, API),
    Rule::new(
        "RequestLimitExceeded",
        Cause::RateLimited,
        Reach::InPlace,
        THROTTLED,
        "github.com/CloudSnorkel/cdk-github-runners/issues/946",
    )
    .again_after(5),
    Rule::new("Throttling", Cause::RateLimited, Reach::InPlace, THROTTLED, API).again_after(5),
    Rule::new("ServerInternal", Cause::RateLimited, Reach::InPlace, THROTTLED, SKYPILOT).again_after(5),
    Rule::new("InternalError", Cause::RateLimited, Reach::InPlace, THROTTLED, SKYPILOT).again_after(5),
    Rule::new("ServiceUnavailable", Cause::RateLimited, Reach::InPlace, THROTTLED, SKYPILOT).again_after(5),
    Rule::new("Unavailable", Cause::RateLimited, Reach::InPlace, THROTTLED, SKYPILOT).again_after(5),
    // Images, keys, groups and subnets are of one region: another region may well have them.
    Rule::when(
        "MissingInput",
        "No default subnet for availability zone",
        Cause::Unsupported,
        Reach::Zone,
        LASTING,
        "the EC2 API's own sentence, as moto answers it too",
    ),
    Rule::new("MissingInput", Cause::Unsupported, Reach::Region, LASTING, API),
    Rule::new("VPCIdNotSpecified", Cause::Unsupported, Reach::Region, LASTING, API),
    Rule::new("VolumeLimitExceeded", Cause::QuotaExceeded, Reach::RegionCapacity, QUOTA, API),
    Rule::new("InvalidAMIID.NotFound", Cause::Unsupported, Reach::Region, LASTING, API),
    Rule::new("InvalidKeyPair.NotFound", Cause::Unsupported, Reach::Region, LASTING, API),
    Rule::new("InvalidSubnetID.NotFound", Cause::Unsupported, Reach::Region, LASTING, API),
    Rule::new("InvalidGroup.NotFound", Cause::Unsupported, Reach::Region, LASTING, API),
    Rule::new("InvalidParameterValue", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("InvalidParameterCombination", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("InvalidParameter", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("InvalidAMIID.Malformed", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("InvalidBlockDeviceMapping", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("InvalidKeyPair.Format", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("MissingParameter", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("ValidationError", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
    Rule::new("IdempotentParameterMismatch", Cause::InvalidRequest, Reach::Request, Span::ZERO, API),
];
