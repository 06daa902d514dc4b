//! What clouds sell, where and for how much: one immutable table of instance types, places and prices.
//!
//! **Invariant:** no network and no clock. Names are interned, and ids follow names, so comparing ids compares
//! names. A row that cannot be read is an error with file and line; what is left out is noted.
//!
//! The tables in `catalogs/` are compiled into columns by the build script and embedded; [`Catalog::embedded`] only
//! views them. [`Catalog::from_dir`] builds the same columns from CSV files, in our layout or in that of `SkyPilot`'s
//! hosted catalogs.

mod compile;
mod diff;
mod edited;
mod hosted;
mod info;
mod lint;
mod names;
mod side_tables;
mod suggest;
mod types;
mod units;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::OnceLock;

pub use compile::family::ec2_bucket;
pub use compile::{CatalogError, Table, Tables};
pub use diff::{Diff, Offer};
pub use hosted::{SIDE_TABLES, with_zone_names};
pub use info::{CatalogInfo, CloudInfo, SideTableInfo};
pub use lint::{Finding, Rule};
pub use side_tables::{EgressPrice, Interruption, QuotaDefault, Source};
pub use suggest::AcceleratorHints;
pub use types::{AcceleratorInfo, Row, TypeInfo};
pub use units::{Bucket, Grain, UnitColumns};

use compile::Columns;

use crate::model::CloudId;

/// Amazon Web Services, in every catalog.
pub const AWS: CloudId = CloudId(0);
/// Microsoft Azure, in every catalog.
pub const AZURE: CloudId = CloudId(1);
/// Google Cloud, in every catalog.
pub const GCP: CloudId = CloudId(2);
/// In a column of ids: none.
pub const NONE: u16 = compile::NONE;

/// What clouds sell, where and for how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    columns: Columns,
}

/// Bytes on the boundary that their widest column needs.
#[repr(C, align(16))]
struct Aligned<T: ?Sized>(T);

static EMBEDDED: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/catalog.bin")));

#[cfg(target_endian = "big")]
compile_error!("the embedded catalog is viewed as it lies in memory, which needs a little-endian machine");

impl Catalog {
    /// The catalog that was compiled in.
    ///
    /// Looks at a few hundred bytes of it; the rest is brought into memory as it is used.
    pub fn embedded() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(Self::view_embedded)
    }

    /// What [`Catalog::embedded`] does on first use.
    #[doc(hidden)]
    pub fn view_embedded() -> Self {
        let columns = Columns::from_bytes(&EMBEDDED.0).expect("written by the build script from the same source");
        Self { columns }
    }

    /// Reads `aws.csv`, `azure.csv` and `gcp.csv` (or `aws/vms.csv` and so on), of which one is enough, and
    /// `egress.csv`, `spot_interruption.csv`, `default_quotas.csv` and `sources.csv` if they are there.
    ///
    /// # Errors
    /// The first cell or file that cannot be read, with file, line and column.
    pub fn from_dir(dir: &Path) -> Result<Self, CatalogError> {
        Self::from_tables(&compile::read_dir(dir)?)
    }

    /// Builds a catalog from CSV text in memory.
    ///
    /// # Errors
    /// The first cell that cannot be read, with file, line and column.
    pub fn from_tables(tables: &Tables) -> Result<Self, CatalogError> {
        Ok(Self { columns: compile::compile(tables)? })
    }

    /// SHA-256 of the source files, as 64 hexadecimal digits: the same for equal files wherever they lie.
    pub fn hash(&self) -> &str {
        self.columns.hash.get(0)
    }
}
