//! The catalog as a whole: the shipped tables, both layouts, what is refused, and the order of units against a
//! naive scan.

mod errors;
mod layouts;
mod lint;
mod oracle;
mod shipped;
