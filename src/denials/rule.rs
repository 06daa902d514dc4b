//! One line of a vendor's table.

use std::borrow::Cow;

use crate::model::{Cause, Span};

/// What else a refusal speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// This type in the zone that was asked (in the region, where no zone was named).
    Zone,
    /// This type in the whole region.
    Region,
    /// The quota family in the region, on the same terms (on-demand or spot).
    RegionFamily,
    /// Every type in the region, on the same terms.
    RegionCapacity,
    /// The whole cloud, on-demand and spot.
    Cloud,
    /// The quota family in every region of the cloud, on the same terms.
    CloudFamily,
    /// Everything with accelerators in every region of the cloud, on-demand and spot.
    CloudAccelerators,
    /// Nothing but this moment: the same call a little later may succeed. If it never does, the region.
    InPlace,
    /// The request itself: no other place would take it.
    Request,
}

/// What one code of one vendor means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The vendor's code, compared exactly.
    pub code: Cow<'static, str>,
    /// A part of the message that tells apart what shares the code.
    pub contains: Option<Cow<'static, str>>,
    /// Why it was refused.
    pub cause: Cause,
    /// What else the refusal speaks for.
    pub reach: Reach,
    /// How long it is believed.
    pub cooldown: Span,
    /// First pause before the same call is made again; `None` if repeating is of no use.
    pub in_place: Option<Span>,
    /// True if another error of the same answer explains more.
    pub defers: bool,
    /// Where this is known from.
    pub source: Cow<'static, str>,
}

impl Rule {
    /// A rule on the code alone.
    pub(super) const fn new(
        code: &'static str,
        cause: Cause,
        reach: Reach,
        cooldown: Span,
        source: &'static str,
    ) -> Self {
        Self {
            code: Cow::Borrowed(code),
            contains: None,
            cause,
            reach,
            cooldown,
            in_place: None,
            defers: false,
            source: Cow::Borrowed(source),
        }
    }

    /// A rule on the code, only where the message contains `part`.
    pub(super) const fn when(
        code: &'static str,
        part: &'static str,
        cause: Cause,
        reach: Reach,
        cooldown: Span,
        source: &'static str,
    ) -> Self {
        Self {
            code: Cow::Borrowed(code),
            contains: Some(Cow::Borrowed(part)),
            cause,
            reach,
            cooldown,
            in_place: None,
            defers: false,
            source: Cow::Borrowed(source),
        }
    }

    /// The same, tried again in place after a pause.
    pub(super) const fn again_after(mut self, seconds: u64) -> Self {
        self.in_place = Some(Span::from_secs(seconds));
        self
    }

    /// The same, unless another error of the answer explains more.
    pub(super) const fn deferring(mut self) -> Self {
        self.defers = true;
        self
    }

    /// True if the rule speaks of this error.
    pub fn matches(&self, code: &str, message: &str) -> bool {
        self.code == code && self.contains.as_ref().is_none_or(|part| message.contains(part.as_ref()))
    }
}

impl Reach {
    /// The name in tables and rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Region => "region",
            Self::RegionFamily => "region-family",
            Self::RegionCapacity => "region-capacity",
            Self::Cloud => "cloud",
            Self::CloudFamily => "cloud-family",
            Self::CloudAccelerators => "cloud-accelerators",
            Self::InPlace => "in-place",
            Self::Request => "request",
        }
    }
}
