//! Trials as files: what a piece of a sweep writes, and what pieces are put together from.
//!
//! **Invariant:** a file is one line of JSON that says what was run, the same for every piece, and the trials that this
//! piece ran; so merged pieces are, byte for byte, the file of the whole. Files are written and read row by row, so that
//! none has to fit the memory.

mod file;
mod layout;
mod order;
#[cfg(test)]
mod tests;

pub use file::{ArchiveError, Head, Reader, Writer};
pub use layout::Layout;
pub use order::in_order;
