//! Interned names. An id is a position in a table of the catalog that made it, and tables are sorted
//! by name, so comparing ids compares names; that order is the documented tie-break everywhere.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// The position in the catalog's table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// A cloud, in alphabetical order of its name (`aws`, `azure`, `gcp`).
    CloudId(u8)
);
id!(
    /// A region of one cloud; sorted by cloud, then name.
    RegionId(u16)
);
id!(
    /// A zone of one region; sorted by region, then name.
    ZoneId(u16)
);
id!(
    /// An instance type of one cloud, with the accelerators attached to it; sorted by cloud, then name.
    TypeId(u16)
);
id!(
    /// An accelerator model (`V100`, `tpu-v3-8`).
    AcceleratorId(u16)
);
id!(
    /// What a cloud meters quota by: a bucket of instance types in one cloud.
    FamilyId(u16)
);
