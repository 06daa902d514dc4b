//! Turns price tables into the columns a catalog is made of.
//!
//! **Invariant:** pure text to columns; names nothing outside this folder, because the build script
//! compiles the very same source to prepare the embedded catalog. A row that cannot be read is an error
//! with file, line and column; a row that is left out is noted.

mod assemble;
pub(crate) mod columns;
pub(crate) mod edit;
mod error;
pub(crate) mod extras;
pub(crate) mod family;
mod files;
mod gcp;
mod gpu_info;
mod intern;
mod number;
mod tables;
pub(crate) mod units;
mod vms;

pub(crate) use columns::Columns;
pub use error::CatalogError;
pub(crate) use files::read_dir;
pub use tables::{Table, Tables};

/// No id in a column of ids.
pub(crate) const NONE: u16 = u16::MAX;
/// No price in a column of prices.
pub(crate) const NO_PRICE: i64 = i64::MAX;
/// In a column of rows: none.
pub(crate) const NO_ROW: u32 = u32::MAX;
/// The clouds, in the order of their ids.
pub(crate) const CLOUDS: [&str; 3] = ["aws", "azure", "gcp"];

/// Reads all tables and builds the columns, each cloud's table on a thread of its own.
///
/// # Errors
/// The first cell that cannot be read, of the first file in alphabetical order that has one.
pub(crate) fn compile(tables: &Tables) -> Result<Columns, CatalogError> {
    let (clouds, hash) = std::thread::scope(|scope| {
        let hash = scope.spawn(|| tables.hash());
        let readers: Vec<_> = CLOUDS.iter().map(|cloud| scope.spawn(move || vms::read(tables, cloud))).collect();
        let clouds: Result<Vec<_>, _> = readers.into_iter().map(join).collect();
        (clouds, join(hash))
    });
    let mut clouds = clouds?;
    if clouds.iter().all(|cloud| cloud.read == 0) {
        return Err(CatalogError::no_tables(tables));
    }
    gcp::combine(&mut clouds[2]);
    let mut columns = assemble::assemble(&clouds)?;
    let (index, extras) = std::thread::scope(|scope| {
        let extras = scope.spawn(|| extras::read(&columns, tables));
        (units::Index::of(&columns), join(extras))
    });
    index.store(&mut columns);
    extras?.store(&mut columns);
    columns.hash = vec![hash].into();
    Ok(columns)
}

/// The result of a thread; its panic goes on in this one.
fn join<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A number of a checked cell in thousandths.
pub(crate) fn milli(text: &str) -> u32 {
    number::micros(text.as_bytes()).map_or(0, |micros| u32::try_from(micros / 1000).unwrap_or(u32::MAX))
}
