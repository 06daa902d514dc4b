//! Where a value came from, kept beside it so that errors found late still point at it.

use std::sync::Arc;

use crate::yaml::{Node, Problem, Reader, Source, Spot};

/// A place in the task file, or a flag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct At {
    /// The place in the file; all zero for a flag.
    pub spot: Spot,
    /// The flag with its value (`--gpus 'V100:8'`).
    pub flag: Option<Arc<str>>,
}

/// A value and where it came from. Equal if the values are, wherever they came from.
#[derive(Debug, Clone, Default)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub at: At,
}

/// A key that may be absent, or given as nothing on purpose (`accelerators: null`, `--gpus none`).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Field<T> {
    /// Not mentioned: what lies below shows through.
    #[default]
    Absent,
    /// Mentioned as nothing: hides what lies below.
    Cleared,
    /// Mentioned.
    Given(Located<T>),
}

/// The name and text of a task file, secrets replaced, for errors that are found after parsing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheet {
    /// The file's name.
    pub name: String,
    /// Its text with secrets replaced by `*`; lines and columns are those of the file.
    pub text: String,
}

impl At {
    /// The place of a node that `reader` reads.
    pub(super) fn node(reader: &Reader, node: &Node) -> Self {
        Self { spot: node.spot, flag: reader.flag().map(Arc::from) }
    }
}

impl<T> Located<T> {
    pub(super) fn new(value: T, reader: &Reader, node: &Node) -> Self {
        Self { value, at: At::node(reader, node) }
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> Field<T> {
    /// This, or what lies below if this is absent.
    pub(super) fn over(self, below: Self) -> Self {
        if matches!(self, Self::Absent) { below } else { self }
    }

    /// The value, if there is one.
    pub(super) fn given(&self) -> Option<&Located<T>> {
        if let Self::Given(located) = self { Some(located) } else { None }
    }

    /// The value alone.
    pub(super) fn value(self) -> Option<T> {
        if let Self::Given(located) = self { Some(located.value) } else { None }
    }

    /// The value with its place.
    pub(super) fn located(self) -> Option<Located<T>> {
        if let Self::Given(located) = self { Some(located) } else { None }
    }
}

impl Sheet {
    /// An error at a place of the file or at a flag.
    pub fn problem(&self, at: &At, message: impl Into<String>) -> Problem {
        match &at.flag {
            Some(flag) => Problem::unplaced(&**flag, message),
            None if at.spot == Spot::default() => Problem::unplaced(&*self.name, message),
            None => Source { name: &self.name, text: &self.text }.problem(at.spot, message, &[]),
        }
    }
}
