//! Why offerings are left out, and what comes nearest when nothing is left.
//!
//! **Invariant:** an offering is dropped here if and only if it is in no plan; the reason is the first that applies, in the
//! order of [`Drop`].

use std::collections::BTreeMap;

use crate::catalog::{Bucket, Catalog};
use crate::model::{Bound, Candidate, CapacityType, Money, Place, Requirement, TypeId};

use super::filter::{self, Buckets, Places};
use super::options::Options;
use super::plan::plan;

/// Why an offering does not meet a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drop {
    /// It has another accelerator, or none, or one where none is wanted.
    OtherAccelerator,
    /// The right accelerator, another number of them.
    OtherCount,
    /// Another instance type is asked for.
    OtherType,
    /// A machine that a CPU-only request only gets if no default machine will do.
    NotDefault,
    /// Fewer vCPUs than asked for, or than the default.
    TooFewCpus,
    /// More vCPUs than the exact number.
    TooManyCpus,
    /// Less memory than asked for, or than the default.
    TooLittleMemory,
    /// More memory than the exact amount.
    TooMuchMemory,
    /// In none of the places asked for.
    OutsidePlaces,
    /// In a place that is excluded.
    Excluded,
    /// Not sold on demand, or no price is known.
    NotOnDemand,
    /// Not sold as spot capacity, or no price is known.
    NotSpot,
    /// Above the price limit.
    TooExpensive,
}

/// The offerings that one alternative drops for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejection {
    /// The alternative.
    pub alternative: u16,
    /// The reason.
    pub reason: Drop,
    /// How many rows of the catalog: instance types in a zone, or in a region on a cloud without zones.
    pub offerings: u32,
    /// The cheapest of those rows, if any has a price on the terms asked for.
    pub cheapest: Option<(u32, Money)>,
}

/// What has to be given up for the nearest offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relaxation {
    /// The number of accelerators.
    Count,
    /// The number of vCPUs.
    Cpus,
    /// The amount of memory.
    Memory,
    /// Both.
    Size,
    /// Where.
    Places,
    /// The price limit.
    Price,
    /// Spot or on-demand: the other one is offered.
    Capacity,
    /// All of it but the accelerator and the instance type.
    Everything,
}

/// An offer that comes near a requirement that nothing meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nearest {
    /// What has to be given up.
    pub relaxed: Relaxation,
    /// The best candidate then: nearest in size or number, else cheapest.
    pub candidate: Candidate,
}

impl Drop {
    /// A few words for messages.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::OtherAccelerator => "other accelerator",
            Self::OtherCount => "other number of accelerators",
            Self::OtherType => "other instance type",
            Self::NotDefault => "not a default CPU machine",
            Self::TooFewCpus => "too few vCPUs",
            Self::TooManyCpus => "too many vCPUs",
            Self::TooLittleMemory => "too little memory",
            Self::TooMuchMemory => "too much memory",
            Self::OutsidePlaces => "outside the places asked for",
            Self::Excluded => "excluded place",
            Self::NotOnDemand => "no on-demand price",
            Self::NotSpot => "no spot price",
            Self::TooExpensive => "too expensive",
        }
    }
}

/// One requirement, ready to give reasons.
struct Judge<'a> {
    catalog: &'a Catalog,
    wanted: &'a Requirement,
    options: &'a Options,
    buckets: Buckets,
    inside: Option<Places>,
    outside: Option<Places>,
}

impl<'a> Judge<'a> {
    fn new(catalog: &'a Catalog, wanted: &'a Requirement, options: &'a Options) -> Self {
        let inside = Places::compile(catalog, &wanted.places, &[]);
        let outside = Places::compile(catalog, &[], &wanted.excluded);
        let buckets = filter::buckets(catalog, wanted);
        let mut judge = Self { catalog, wanted, options, buckets, inside, outside };
        let default = [Bucket::DEFAULT_CPU];
        if wanted.instance_types.is_empty() && judge.buckets[..] == default && !judge.any(Bucket::DEFAULT_CPU) {
            judge.buckets.push(Bucket::OTHER_CPU);
        }
        judge
    }

    /// True if some row of a bucket will do.
    fn any(&self, bucket: Bucket) -> bool {
        let rows = self.catalog.bucket_types(bucket).flat_map(|kind| self.catalog.rows_of(kind));
        rows.into_iter().any(|row| self.row(row).is_ok())
    }

    /// The first reason against an instance type, wherever it is.
    fn kind(&self, kind: TypeId) -> Result<(), Drop> {
        let bucket = self.catalog.type_bucket(kind);
        if !self.buckets.contains(&bucket) {
            let device = self.catalog.type_accelerator(kind).map(|device| device.accelerator);
            let asked = self.wanted.accelerators.iter().any(|wanted| Some(wanted.accelerator) == device);
            return Err(match device {
                None if self.wanted.accelerators.is_empty() && self.wanted.instance_types.is_empty() => {
                    Drop::NotDefault
                }
                _ if asked => Drop::OtherCount,
                _ if !self.wanted.instance_types.is_empty() => Drop::OtherType,
                _ => Drop::OtherAccelerator,
            });
        }
        filter::fits(self.catalog, self.wanted, kind)
    }

    /// The first reason against where and how a row is sold.
    fn terms(&self, row: u32) -> Result<(), Drop> {
        let (region, zone) = (self.catalog.row_region(row), self.catalog.row_zone(row));
        let admits = |places: &Option<Places>| places.as_ref().is_none_or(|places| places.admit(region.0, zone));
        if !admits(&self.inside) {
            return Err(Drop::OutsidePlaces);
        }
        if !admits(&self.outside) {
            return Err(Drop::Excluded);
        }
        let absent = if self.wanted.capacity == CapacityType::Spot { Drop::NotSpot } else { Drop::NotOnDemand };
        let list = self.catalog.price(row, self.wanted.capacity).ok_or(absent)?;
        let price = self.options.overlay.apply(self.catalog.region_cloud(region), list);
        if self.wanted.max_price_hourly.is_some_and(|limit| price > limit) {
            return Err(Drop::TooExpensive);
        }
        Ok(())
    }

    fn row(&self, row: u32) -> Result<(), Drop> {
        self.kind(self.catalog.row_type(row))?;
        self.terms(row)
    }
}

/// Why a row of the catalog does not meet a requirement.
///
/// # Errors
/// The first reason; none if it does.
pub fn why_not(catalog: &Catalog, wanted: &Requirement, row: u32, options: &Options) -> Result<(), Drop> {
    Judge::new(catalog, wanted, options).row(row)
}

/// Everything each alternative drops, counted by reason. A type that is dropped wherever it is sold costs one look.
pub fn rejections(catalog: &Catalog, wanted: &[Requirement], options: &Options) -> Vec<Rejection> {
    let whole = |tally: &mut Tally, judge: &Judge<'_>, kind: TypeId, reason: Drop| {
        let offerings = catalog.rows_of(kind).len() as u32;
        tally.add(reason, offerings, catalog.cheapest_row(kind, judge.wanted.capacity));
    };
    count(catalog, wanted, options, |_, _| true, whole)
}

/// The same among those rows alone for which `asked` is true of an alternative's position and the row.
pub fn rejections_among(
    catalog: &Catalog,
    wanted: &[Requirement],
    options: &Options,
    asked: impl Fn(u16, u32) -> bool,
) -> Vec<Rejection> {
    let whole = |tally: &mut Tally, judge: &Judge<'_>, kind: TypeId, reason: Drop| {
        let alternative = tally.alternative;
        for row in catalog.rows_of(kind).filter(|row| asked(alternative, *row)) {
            tally.add_row(judge, row, reason);
        }
    };
    count(catalog, wanted, options, &asked, whole)
}

/// Judges every type and, where a type fits, its rows that are `asked` about; `whole` counts a type that does not.
fn count(
    catalog: &Catalog,
    wanted: &[Requirement],
    options: &Options,
    asked: impl Fn(u16, u32) -> bool,
    whole: impl Fn(&mut Tally, &Judge<'_>, TypeId, Drop),
) -> Vec<Rejection> {
    let each = (0..).zip(wanted).flat_map(|(alternative, wanted)| {
        let judge = Judge::new(catalog, wanted, options);
        let mut tally = Tally { alternative, found: BTreeMap::new() };
        for kind in catalog.types() {
            if let Err(reason) = judge.kind(kind) {
                whole(&mut tally, &judge, kind, reason);
                continue;
            }
            for row in catalog.rows_of(kind).filter(|row| asked(alternative, *row)) {
                if let Err(reason) = judge.terms(row) {
                    tally.add_row(&judge, row, reason);
                }
            }
        }
        tally.rejections()
    });
    each.collect()
}

/// What one alternative drops, by reason: how many rows, and the cheapest of them.
struct Tally {
    alternative: u16,
    found: BTreeMap<Drop, (u32, Option<(Money, u32)>)>,
}

impl Tally {
    fn add(&mut self, reason: Drop, offerings: u32, cheapest: Option<(u32, Money)>) {
        if offerings > 0 {
            let (count, least) = self.found.entry(reason).or_default();
            *count += offerings;
            *least = [*least, cheapest.map(|(row, price)| (price, row))].into_iter().flatten().min();
        }
    }

    fn add_row(&mut self, judge: &Judge<'_>, row: u32, reason: Drop) {
        self.add(reason, 1, judge.catalog.price(row, judge.wanted.capacity).map(|price| (row, price)));
    }

    fn rejections(self) -> Vec<Rejection> {
        let alternative = self.alternative;
        let rejection = |(reason, (offerings, cheapest)): (Drop, (u32, Option<(Money, u32)>))| Rejection {
            alternative,
            reason,
            offerings,
            cheapest: cheapest.map(|(price, row)| (row, price)),
        };
        self.found.into_iter().map(rejection).collect()
    }
}

/// What is offered if one thing is given up; for the number of accelerators, the nearest numbers (at most four). Empty if
/// giving up any one thing does not help, nor all together.
pub fn nearest(catalog: &Catalog, wanted: &Requirement, nodes: u16, options: &Options) -> Vec<Nearest> {
    let mut out = other_counts(catalog, wanted, nodes, options);
    let anything = Some(Bound::at_least(0));
    let relax = |relaxed: Relaxation| -> Option<Nearest> {
        let mut other = wanted.clone();
        match relaxed {
            Relaxation::Cpus => other.cpus = anything,
            Relaxation::Memory => other.memory = anything,
            Relaxation::Size => (other.cpus, other.memory) = (anything, anything),
            Relaxation::Places => (other.places, other.excluded) = (Vec::new(), Vec::new()),
            Relaxation::Price => other.max_price_hourly = None,
            Relaxation::Capacity => other.capacity = turned(wanted.capacity),
            Relaxation::Count | Relaxation::Everything => {
                let kept = (wanted.accelerators.clone(), wanted.instance_types.clone());
                other = Requirement { runtime: wanted.runtime, ..Requirement::default() };
                (other.accelerators, other.instance_types) = kept;
                (other.cpus, other.memory) = (anything, anything);
            }
        }
        let candidates = plan(catalog, &[other], nodes, options).candidates();
        let distance = |candidate: &&Candidate| {
            let kind = candidate.offering.instance_type;
            let far = |bound: Option<Bound>, actual: u32| bound.map_or(0, |bound| bound.amount.abs_diff(actual as u64));
            let cpus = far(wanted.cpus, catalog.type_vcpus_milli(kind));
            (cpus, far(wanted.memory, catalog.type_memory_mib(kind)))
        };
        let sized = matches!(relaxed, Relaxation::Cpus | Relaxation::Memory | Relaxation::Size);
        let candidate = if sized { candidates.iter().min_by_key(distance) } else { candidates.first() };
        candidate.map(|&candidate| Nearest { relaxed, candidate })
    };
    let single = [
        (wanted.cpus.is_some(), Relaxation::Cpus),
        (wanted.memory.is_some(), Relaxation::Memory),
        (wanted.cpus.is_some() && wanted.memory.is_some(), Relaxation::Size),
        (!(wanted.places.is_empty() && wanted.excluded.is_empty()), Relaxation::Places),
        (wanted.max_price_hourly.is_some(), Relaxation::Price),
        (true, Relaxation::Capacity),
    ];
    out.extend(single.into_iter().filter(|(given, _)| *given).filter_map(|(_, relaxed)| relax(relaxed)));
    if out.is_empty() {
        out.extend(relax(Relaxation::Everything));
    }
    out
}

/// The same accelerators in other numbers, the nearest first, of equally near ones the larger.
fn other_counts(catalog: &Catalog, wanted: &Requirement, nodes: u16, options: &Options) -> Vec<Nearest> {
    const AT_MOST: usize = 4;
    let mut counts: Vec<_> = wanted
        .accelerators
        .iter()
        .flat_map(|device| {
            let others = catalog.accelerator_buckets(device.accelerator);
            others.filter_map(|bucket| catalog.bucket_accelerator(bucket)).map(|other| (*device, other))
        })
        .filter(|(device, other)| device.count_milli != other.count_milli)
        .collect();
    counts.sort_by_key(|(device, other)| {
        (device.count_milli.abs_diff(other.count_milli), std::cmp::Reverse(other.count_milli))
    });
    counts.dedup_by_key(|(_, other)| *other);
    let offer = |(_, other)| {
        let other = Requirement { accelerators: vec![other], ..wanted.clone() };
        let candidate = plan(catalog, &[other], nodes, options).best()?;
        Some(Nearest { relaxed: Relaxation::Count, candidate })
    };
    counts.into_iter().filter_map(offer).take(AT_MOST).collect()
}

const fn turned(capacity: CapacityType) -> CapacityType {
    match capacity {
        CapacityType::OnDemand => CapacityType::Spot,
        CapacityType::Spot => CapacityType::OnDemand,
    }
}

/// The clouds, regions and zones where a requirement could be met if it did not say where: for messages that name them.
pub fn offered_in(catalog: &Catalog, wanted: &Requirement, nodes: u16, options: &Options) -> Vec<Place> {
    let anywhere = Requirement { places: Vec::new(), excluded: Vec::new(), ..wanted.clone() };
    let plan = plan(catalog, &[anywhere], nodes, options);
    let mut seen = vec![false; catalog.regions().len()];
    let fresh = plan.ranked().iter().filter(|ranked| !std::mem::replace(&mut seen[ranked.region as usize], true));
    let place = |region| Place { cloud: Some(catalog.region_cloud(region)), region: Some(region), zone: None };
    fresh.map(|ranked| place(crate::model::RegionId(ranked.region))).collect()
}
