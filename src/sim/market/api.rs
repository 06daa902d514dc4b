//! A cloud's interface: how long each outcome takes to be told, and what goes wrong.

use std::sync::Arc;

use crate::model::Timestamp;

use super::super::law::Law;
use super::super::luck::Entity;

/// How one cloud answers in one place.
#[derive(Debug, Clone)]
pub struct Api {
    /// Names its streams of luck.
    pub entity: Entity,
    /// How long answers take.
    pub latency: Latency,
    /// What goes wrong.
    pub faults: Faults,
    /// In which words it refuses.
    pub answers: Answers,
    /// Position of the pace it takes calls at; `None` for any.
    pub pace: Option<u32>,
}

/// How long it takes until an outcome is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    /// All nodes up and reachable.
    pub launched: Law,
    /// No capacity; for all zones of an attempt together.
    pub stockout: Law,
    /// Over quota.
    pub quota: Law,
    /// Too many calls.
    pub throttle: Law,
    /// Bad credentials.
    pub unauthorized: Law,
    /// The connection breaks.
    pub lost: Law,
    /// Up after all, when the boot is slow.
    pub slow_boot: Law,
    /// Given up on, when what was made is never reached.
    pub boot_failed: Law,
    /// A release, done or failed.
    pub release: Law,
    /// A release that takes its time.
    pub slow_release: Law,
    /// A listing.
    pub find: Law,
}

/// What goes wrong, each with its probability a call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// The credentials are bad: every launch is refused.
    pub unauthorized: bool,
    /// A launch is turned away for its pace.
    pub throttle: f64,
    /// The answer to a launch is lost, whatever it made.
    pub lost: f64,
    /// A launch is never answered and makes nothing.
    pub hang: f64,
    /// A gang that does not fit comes up in part instead of not at all.
    pub partial: f64,
    /// A release fails; what it was to give back is still held.
    pub release_failed: f64,
    /// A listing does not show what was just made.
    pub list_lag: f64,
    /// A machine takes long to come up.
    pub slow_boot: f64,
    /// Machines are made but never reached: they are billed until they are given back.
    pub boot_failed: f64,
    /// A release takes long.
    pub slow_release: f64,
    /// From when to when the credentials are expired: launches are refused as if they were bad.
    pub expired: Option<(Timestamp, Timestamp)>,
}

impl Faults {
    /// True if launches are refused for their credentials at this moment.
    pub fn refuses(&self, now: Timestamp) -> bool {
        self.unauthorized || self.expired.is_some_and(|(from, to)| from <= now && now < to)
    }
}

/// Keys of the bodies (see [`crate::denials::body`]) that a cloud answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Catalog name of the cloud.
    pub cloud: Arc<str>,
    /// Project or subscription that the words name.
    pub account: Arc<str>,
    /// No capacity in a zone.
    pub stockout: &'static str,
    /// No capacity, with the zones that are recommended instead.
    pub stockout_hint: &'static str,
    /// Too many calls.
    pub throttle: &'static str,
    /// Bad credentials.
    pub unauthorized: &'static str,
}

impl Latency {
    /// How long `cloud` was seen to take. Stockouts: 13–18 s on GCP, about 11 s for all zones of an AWS region, 20 s
    /// and more on Azure. Launched: 4 min 38 s from asking to connected in a public AWS transcript; boots of 23–60 s
    /// on GCP; 350 s end to end on Azure. A quota answer comes within seconds, on Azure at once (409).
    pub fn of(cloud: &str) -> Self {
        let between = |low: f64, high: f64| Law::Uniform { low, high };
        let (launched, stockout, quota) = match cloud {
            "gcp" => (between(75.0, 120.0), between(13.0, 18.0), between(2.0, 6.0)),
            "azure" => (between(300.0, 400.0), between(20.0, 60.0), between(2.0, 5.0)),
            _ => (between(183.0, 278.0), between(9.0, 13.0), between(1.0, 3.0)),
        };
        Self {
            launched,
            stockout,
            quota,
            throttle: between(0.2, 1.0),
            unauthorized: between(0.5, 2.0),
            lost: between(30.0, 90.0),
            // Slower than the usual time-out of an attempt, now and then.
            slow_boot: between(480.0, 1200.0),
            // SkyPilot waits ten minutes for SSH.
            boot_failed: Law::Constant(600.0),
            release: between(20.0, 60.0),
            slow_release: between(300.0, 900.0),
            find: between(0.5, 3.0),
        }
    }
}

impl Answers {
    /// The usual bodies of a cloud. `zonal` is false where it has no zones.
    pub fn of(cloud: &str, zonal: bool) -> Self {
        let (account, stockout, hint, throttle, unauthorized) = match cloud {
            "gcp" => (
                "sky-project",
                "ZONE_RESOURCE_POOL_EXHAUSTED",
                "ZONE_RESOURCE_POOL_EXHAUSTED",
                "rateLimitExceeded.http",
                "forbidden.http",
            ),
            "azure" => {
                let stockout = if zonal { "ZonalAllocationFailed" } else { "SkuNotAvailable" };
                let account = "00000000-0000-0000-0000-000000000000";
                (account, stockout, stockout, "TooManyRequests", "AuthorizationFailed")
            }
            _ => (
                "123456789012",
                "InsufficientInstanceCapacity.nolist",
                "InsufficientInstanceCapacity",
                "RequestLimitExceeded.2026",
                "UnauthorizedOperation",
            ),
        };
        Self {
            cloud: Arc::from(cloud),
            account: Arc::from(account),
            stockout,
            stockout_hint: hint,
            throttle,
            unauthorized,
        }
    }

    /// The usual body of a quota answer, by the name of the limit and the terms of the attempt.
    pub fn quota(cloud: &str, global: bool, total: bool, spot: bool) -> &'static str {
        match (cloud, global, total, spot) {
            ("gcp", true, _, _) => "QUOTA_EXCEEDED.global",
            ("gcp", ..) => "QUOTA_EXCEEDED.region",
            ("azure", _, _, true) => "OperationNotAllowed.spot",
            ("azure", _, true, _) => "OperationNotAllowed.region",
            ("azure", ..) => "OperationNotAllowed.family",
            (_, _, _, true) => "MaxSpotInstanceCountExceeded",
            _ => "VcpuLimitExceeded",
        }
    }
}
