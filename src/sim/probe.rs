//! Rare branches of the simulator and whether a trial reached them.
//!
//! **Invariant:** a test that is to meet a storm says so with a probe, and fails when none came.

/// A branch worth knowing about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// A zone had no capacity.
    Stockout,
    /// A limit of the account was met.
    OverQuota,
    /// A call was turned away for its pace.
    Throttled,
    /// Credentials were refused.
    Unauthorized,
    /// An answer was lost.
    Lost,
    /// A call was never answered.
    Hung,
    /// A launch was looked for.
    LookedFor,
    /// A gang came up in part.
    Partial,
    /// A release failed.
    ReleaseFailed,
    /// Spot capacity was taken back.
    Preempted,
    /// A job looked for new machines.
    Recovered,
    /// A machine took long to come up.
    SlowBoot,
    /// Machines were made and never reached.
    BootFailed,
    /// A release took long.
    SlowRelease,
    /// A higher limit was granted and used.
    QuotaGranted,
    /// A spot price changed while something was leased at it.
    Repriced,
    /// An attempt went to another zone of the same region than the one before it.
    CrossZone,
    /// To another region of the same cloud.
    CrossRegion,
    /// To another cloud.
    CrossCloud,
}

/// A set of probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Probes(u32);

impl Probe {
    /// Every probe, in the order they are listed.
    pub const ALL: [Self; 19] = [
        Self::Stockout,
        Self::OverQuota,
        Self::Throttled,
        Self::Unauthorized,
        Self::Lost,
        Self::Hung,
        Self::LookedFor,
        Self::Partial,
        Self::ReleaseFailed,
        Self::Preempted,
        Self::Recovered,
        Self::SlowBoot,
        Self::BootFailed,
        Self::SlowRelease,
        Self::QuotaGranted,
        Self::Repriced,
        Self::CrossZone,
        Self::CrossRegion,
        Self::CrossCloud,
    ];

    /// The name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stockout => "stockout",
            Self::OverQuota => "over-quota",
            Self::Throttled => "throttled",
            Self::Unauthorized => "unauthorized",
            Self::Lost => "lost-answer",
            Self::Hung => "hung",
            Self::LookedFor => "looked-for",
            Self::Partial => "partial-gang",
            Self::ReleaseFailed => "release-failed",
            Self::Preempted => "preempted",
            Self::Recovered => "recovered",
            Self::SlowBoot => "slow-boot",
            Self::BootFailed => "boot-failed",
            Self::SlowRelease => "slow-release",
            Self::QuotaGranted => "quota-granted",
            Self::Repriced => "repriced",
            Self::CrossZone => "cross-zone",
            Self::CrossRegion => "cross-region",
            Self::CrossCloud => "cross-cloud",
        }
    }

    /// The probe of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|probe| probe.name() == name)
    }
}

impl Probes {
    /// Adds a probe.
    pub fn mark(&mut self, probe: Probe) {
        self.0 |= 1 << probe as u32;
    }

    /// True if it was reached.
    pub const fn has(self, probe: Probe) -> bool {
        self.0 & 1 << probe as u32 != 0
    }

    /// Those that one or the other reached.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The probes that were reached.
    pub fn iter(self) -> impl Iterator<Item = Probe> {
        Probe::ALL.into_iter().filter(move |probe| self.has(*probe))
    }
}
