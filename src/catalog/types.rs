//! What an instance type is, and the rows that offer it.
//!
//! **Invariant:** an id that another catalog made may give another type or panic, never a wrong mixture of two.

use std::ops::Range;

use super::compile::{NO_PRICE, NO_ROW, NONE, family};
use super::{Bucket, Catalog};
use crate::model::{AcceleratorCount, AcceleratorId, CapacityType, CloudId, FamilyId, Money, RegionId, TypeId, ZoneId};

/// An instance type with its accelerators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeInfo {
    /// Who sells it.
    pub cloud: CloudId,
    /// vCPUs in thousandths; 0 if unknown (TPU slices).
    pub vcpus_milli: u32,
    /// Memory in MiB; 0 if unknown (TPU slices).
    pub memory_mib: u32,
    /// Its accelerators, with the true count.
    pub accelerator: Option<AcceleratorCount>,
    /// The count as users and tables call it, in thousandths: 1000 for slices of an A10 on Azure.
    pub presented_milli: u32,
    /// The quota it counts against.
    pub family: FamilyId,
    /// One of the machines that a CPU-only request gets by default.
    pub default_cpu: bool,
    /// The accelerators are attached to a machine that is also sold without.
    pub attached: bool,
    /// A TPU slice, which stands for its own machines.
    pub slice: bool,
}

/// An accelerator model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceleratorInfo<'a> {
    /// Memory of one device in MiB: the least that any table names; 0 if unknown.
    pub memory_mib: u32,
    /// Who makes it; empty if unknown.
    pub manufacturer: &'a str,
}

impl AcceleratorInfo<'_> {
    /// Memory of one device in gigabytes as its maker calls it (`24` for an L4); 0 if unknown. Tables give either
    /// whole GiB, or what is left of a size in powers of ten: 22888 MiB are 24 GB.
    pub const fn memory_gb(&self) -> u32 {
        let mib = self.memory_mib as u64;
        if mib.is_multiple_of(1024) {
            return (mib / 1024) as u32;
        }
        ((mib * 1_048_576 + 500_000_000) / 1_000_000_000) as u32
    }
}

/// An instance type in a zone (in a region, on a cloud without zones).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The type.
    pub instance_type: TypeId,
    /// The region.
    pub region: RegionId,
    /// The zone, where the cloud has zones.
    pub zone: Option<ZoneId>,
    /// On-demand price per hour.
    pub price: Option<Money>,
    /// Spot price per hour.
    pub spot_price: Option<Money>,
}

impl Catalog {
    /// What an instance type is.
    pub fn type_info(&self, kind: TypeId) -> TypeInfo {
        let (columns, at) = (&self.columns, kind.index());
        let flags = columns.type_flags[at];
        TypeInfo {
            cloud: self.type_cloud(kind),
            vcpus_milli: columns.type_vcpus[at],
            memory_mib: columns.type_memory[at],
            accelerator: self.type_accelerator(kind),
            presented_milli: columns.type_presented[at],
            family: self.type_family(kind),
            default_cpu: flags & family::FLAG_DEFAULT_CPU != 0,
            attached: flags & family::FLAG_ATTACHED != 0,
            slice: flags & family::FLAG_SLICE != 0,
        }
    }

    /// vCPUs of a type in thousandths; 0 if unknown.
    pub fn type_vcpus_milli(&self, kind: TypeId) -> u32 {
        self.columns.type_vcpus[kind.index()]
    }

    /// Memory of a type in MiB; 0 if unknown.
    pub fn type_memory_mib(&self, kind: TypeId) -> u32 {
        self.columns.type_memory[kind.index()]
    }

    /// The accelerators of a type, where the cloud attaches them to a machine that it also sells without.
    pub fn type_attached(&self, kind: TypeId) -> Option<AcceleratorCount> {
        let attached = self.columns.type_flags[kind.index()] & family::FLAG_ATTACHED != 0;
        if attached { self.type_accelerator(kind) } else { None }
    }

    /// The accelerators of a type, with the true count.
    pub fn type_accelerator(&self, kind: TypeId) -> Option<AcceleratorCount> {
        let accelerator = self.columns.type_accelerator[kind.index()];
        let count_milli = self.columns.type_count[kind.index()];
        (accelerator != NONE).then_some(AcceleratorCount { accelerator: AcceleratorId(accelerator), count_milli })
    }

    /// The quota family of a type.
    pub fn type_family(&self, kind: TypeId) -> FamilyId {
        FamilyId(self.columns.type_family[kind.index()])
    }

    /// The bucket that a type's units are in.
    pub fn type_bucket(&self, kind: TypeId) -> Bucket {
        Bucket(self.columns.type_bucket[kind.index()])
    }

    /// The count as users and tables call it, in thousandths: what `A10:1` means for a slice that is really a sixth.
    pub fn presented_count(&self, kind: TypeId) -> u32 {
        self.columns.type_presented[kind.index()]
    }

    /// The true count, in thousandths, of a type that is presented with another.
    pub fn true_fraction(&self, kind: TypeId) -> Option<u32> {
        let count = self.columns.type_count[kind.index()];
        (count != self.presented_count(kind)).then_some(count)
    }

    /// Memory and maker of an accelerator.
    pub fn accelerator_info(&self, accelerator: AcceleratorId) -> AcceleratorInfo<'_> {
        AcceleratorInfo {
            memory_mib: self.columns.accelerator_memory[accelerator.index()],
            manufacturer: self.columns.accelerator_makers.get(accelerator.index()),
        }
    }

    /// How many rows there are.
    pub fn row_count(&self) -> u32 {
        self.columns.row_type.len() as u32
    }

    /// The rows that offer a type, by region, then on-demand price and zone.
    pub fn rows_of(&self, kind: TypeId) -> Range<u32> {
        self.columns.type_rows[kind.index()]..self.columns.type_rows[kind.index() + 1]
    }

    /// The cheapest row of a type on these terms with its price, the first of equals, if it is sold so anywhere.
    pub fn cheapest_row(&self, kind: TypeId, capacity: CapacityType) -> Option<(u32, Money)> {
        let column = match capacity {
            CapacityType::OnDemand => &self.columns.type_cheapest,
            CapacityType::Spot => &self.columns.type_cheapest_spot,
        };
        let row = Some(column[kind.index()]).filter(|row| *row != NO_ROW)?;
        self.price(row, capacity).map(|price| (row, price))
    }

    /// One row.
    pub fn row(&self, row: u32) -> Row {
        let zone = self.columns.row_zone[row as usize];
        Row {
            instance_type: self.row_type(row),
            region: self.row_region(row),
            zone: (zone != NONE).then_some(ZoneId(zone)),
            price: self.price(row, CapacityType::OnDemand),
            spot_price: self.price(row, CapacityType::Spot),
        }
    }

    /// The type of a row.
    pub fn row_type(&self, row: u32) -> TypeId {
        TypeId(self.columns.row_type[row as usize])
    }

    /// The region of a row.
    pub fn row_region(&self, row: u32) -> RegionId {
        RegionId(self.columns.row_region[row as usize])
    }

    /// The zone of a row, where the cloud has zones.
    pub fn row_zone(&self, row: u32) -> Option<ZoneId> {
        let zone = self.columns.row_zone[row as usize];
        (zone != NONE).then_some(ZoneId(zone))
    }

    /// The price of a row per hour, if it is sold on these terms.
    pub fn price(&self, row: u32, capacity: CapacityType) -> Option<Money> {
        let column = match capacity {
            CapacityType::OnDemand => &self.columns.row_price,
            CapacityType::Spot => &self.columns.row_spot,
        };
        let price = column[row as usize];
        (price != NO_PRICE).then_some(Money(price))
    }

    /// The row that offers a type in a zone of a region, or in the whole region on a cloud without zones.
    pub fn find_row(&self, kind: TypeId, region: RegionId, zone: Option<ZoneId>) -> Option<u32> {
        let rows = self.rows_of(kind);
        let regions = &self.columns.row_region[rows.start as usize..rows.end as usize];
        let first = rows.start + regions.partition_point(|r| *r < region.0) as u32;
        let zone = zone.map_or(NONE, |zone| zone.0);
        (first..rows.end)
            .take_while(|row| self.columns.row_region[*row as usize] == region.0)
            .find(|row| self.columns.row_zone[*row as usize] == zone)
    }
}
