//! YAML as a tree that remembers where every key and value stands, and the errors that point there.
//!
//! **Invariant:** names no other module of the crate; no input makes it panic; the parser behind it is named only
//! in `parse`.
//!
//! A file is read in two steps. [`parse()`] turns text into [`Document`]s of spanned [`Node`]s, then the owner of
//! the format walks the tree with a [`Reader`], which reads values with types, collects every [`Problem`] instead
//! of stopping at the first, and knows how to say "did you mean".

mod brackets;
mod near;
mod node;
mod parse;
mod problem;
mod reader;

pub use near::{did_you_mean, nearest};
pub use node::{Document, Entry, Map, Node, Scalar, Value};
pub use parse::parse;
pub use problem::{Problem, Source, Spot, quote};
pub use reader::{Fields, Reader};

#[cfg(test)]
mod tests;
