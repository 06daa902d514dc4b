//! Azure Resource Manager's error codes, at once and from polling.
//!
//! **Invariant:** on every code the first rule that matches wins, so rules with a message part stand before those
//! without.

use crate::model::{Cause, Span};

use super::{Reach, Rule};

/// A place that had nothing is believed for an hour, as Karpenter's Azure provider does.
const STOCKOUT: Span = Span::HOUR;
/// A limit changes when an increase is granted, not by itself.
const QUOTA: Span = Span::HOUR;
/// A restriction of the subscription, and permissions, need a hand.
const LASTING: Span = Span::from_secs(24 * 3600);
/// A throttled subscription is left alone for a moment once repeating in place was in vain.
const THROTTLED: Span = Span::from_secs(60);

const SKU: &str = "github.com/Azure-Samples/azuresandbox/issues/70";
const SUBSCRIPTION_SKU: &str = "github.com/microsoft/vscode-azurevirtualmachines/issues/20";
const REGIONAL: &str = "github.com/cloud-barista/cb-spider/issues/1558";
const FAMILY: &str = "github.com/Azure/karpenter-provider-azure/issues/192";
const SPOT: &str = "github.com/scylladb/scylla-cluster-tests/issues/4994";
const DEPLOYMENT: &str = "github.com/theonemule/fahclient-azure-vm/issues/3";
const THROTTLING: &str = "learn.microsoft.com/troubleshoot/azure/virtual-machines/troubleshooting-throttling-errors";
const ARM: &str = "Azure Resource Manager, common deployment errors";
const SKYPILOT: &str = "SkyPilot's table of Azure errors";

/// The table.
pub(super) static RULES: &[Rule] = &[
    Rule::when("SkuNotAvailable", "for subscription '", Cause::Unsupported, Reach::Region, LASTING, SUBSCRIPTION_SKU),
    Rule::new("SkuNotAvailable", Cause::Stockout, Reach::Zone, STOCKOUT, SKU),
    Rule::new("AllocationFailed", Cause::Stockout, Reach::Region, STOCKOUT, "github.com/Azure/azure-cli/issues/2401"),
    Rule::new(
        "ZonalAllocationFailed",
        Cause::Stockout,
        Reach::Zone,
        STOCKOUT,
        "github.com/openshift/release/pull/5181",
    ),
    Rule::new(
        "OverconstrainedAllocationRequest",
        Cause::Stockout,
        Reach::Region,
        STOCKOUT,
        "github.com/Azure-Samples/aks-store-demo/issues/115",
    ),
    Rule::new(
        "OverconstrainedZonalAllocationRequest",
        Cause::Stockout,
        Reach::Zone,
        STOCKOUT,
        "github.com/jenkins-infra/helpdesk/issues/3584",
    ),
    // One code for four things; the message tells which.
    Rule::when("OperationNotAllowed", "too many requests", Cause::RateLimited, Reach::InPlace, THROTTLED, THROTTLING)
        .again_after(2),
    Rule::when("OperationNotAllowed", "LowPriorityCores", Cause::QuotaExceeded, Reach::RegionCapacity, QUOTA, SPOT),
    Rule::when(
        "OperationNotAllowed",
        "Total Regional Cores",
        Cause::QuotaExceeded,
        Reach::RegionCapacity,
        QUOTA,
        REGIONAL,
    ),
    Rule::when("OperationNotAllowed", "Cores quota", Cause::QuotaExceeded, Reach::RegionFamily, QUOTA, FAMILY),
    Rule::when("QuotaExceeded", "LowPriorityCores", Cause::QuotaExceeded, Reach::RegionCapacity, QUOTA, SPOT),
    Rule::when("QuotaExceeded", "Total Regional Cores", Cause::QuotaExceeded, Reach::RegionCapacity, QUOTA, DEPLOYMENT),
    Rule::new("QuotaExceeded", Cause::QuotaExceeded, Reach::RegionFamily, QUOTA, DEPLOYMENT),
    Rule::new("TooManyRequests", Cause::RateLimited, Reach::InPlace, THROTTLED, THROTTLING).again_after(2),
    Rule::new("SubscriptionRequestsThrottled", Cause::RateLimited, Reach::InPlace, THROTTLED, ARM).again_after(2),
    // Wrappers: the reason is among the inner errors.
    Rule::new("InvalidTemplateDeployment", Cause::InvalidRequest, Reach::Request, Span::ZERO, ARM).deferring(),
    Rule::new("DeploymentFailed", Cause::InvalidRequest, Reach::Request, Span::ZERO, ARM).deferring(),
    Rule::new(
        "ReadOnlyDisabledSubscription",
        Cause::Unauthorized,
        Reach::Cloud,
        LASTING,
        "github.com/microsoft/vscode-azureappservice/issues/1646",
    ),
    Rule::new(
        "AuthorizationFailed",
        Cause::Unauthorized,
        Reach::Cloud,
        LASTING,
        "github.com/cloudquery/cloudquery/issues/16133",
    ),
    Rule::new("ClientAuthenticationError", Cause::Unauthorized, Reach::Cloud, LASTING, SKYPILOT),
    Rule::new("InvalidAuthenticationToken", Cause::Unauthorized, Reach::Cloud, LASTING, ARM),
    Rule::new("ExpiredAuthenticationToken", Cause::Unauthorized, Reach::Cloud, LASTING, ARM),
    Rule::new("SubscriptionNotFound", Cause::Unauthorized, Reach::Cloud, LASTING, ARM),
    Rule::new("LocationNotAvailableForResourceType", Cause::Unsupported, Reach::RegionCapacity, LASTING, ARM),
    Rule::new("InvalidParameter", Cause::InvalidRequest, Reach::Request, Span::ZERO, ARM),
    Rule::new("BadRequest", Cause::InvalidRequest, Reach::Request, Span::ZERO, ARM),
];
