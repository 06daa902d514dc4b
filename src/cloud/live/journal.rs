//! What is written down of the calls of a launch, so that after a crash what they made can be found.

use crate::cloud::{LeaseKey, Node, Order};
use crate::model::{Attempt, CallId, Denial};

/// Intent, before a call is made.
#[derive(Debug, Clone, Copy)]
pub enum Intent<'a> {
    /// Machines are about to be ordered.
    Launch {
        /// The cloud's catalog name.
        cloud: &'a str,
        /// The order, with its key.
        order: &'a Order,
        /// The same in ids.
        attempt: &'a Attempt,
    },
    /// What a launch made is about to be given back.
    Release {
        /// The launch.
        key: &'a LeaseKey,
    },
}

/// What is known once a call is answered.
#[derive(Debug, Clone, Copy)]
pub enum Settled<'a> {
    /// The launch made these.
    Made {
        /// The launch.
        key: &'a LeaseKey,
        /// What runs.
        nodes: &'a [Node],
    },
    /// The launch was refused: it made nothing.
    Nothing {
        /// The launch.
        key: &'a LeaseKey,
    },
    /// What the launch made has been given back.
    Released {
        /// The launch.
        key: &'a LeaseKey,
    },
    /// A refusal, also one met on the way to a zone that had capacity.
    Denied {
        /// The launch call.
        call: CallId,
        /// What was refused, and what else it speaks for.
        denial: &'a Denial,
        /// The same launch obtained its machines elsewhere, so the engine is not told.
        aside: bool,
    },
}

/// Where it is written.
pub trait Journal {
    /// Writes an intent down; the call is made only if that succeeds.
    ///
    /// # Errors
    /// Why it could not be written.
    fn before(&mut self, intent: Intent<'_>) -> Result<(), String>;

    /// Writes down what came of it. A loss here is mended later: the intent stays open and is looked into.
    fn after(&mut self, settled: Settled<'_>);
}

/// Writes nothing down, for tests that cannot crash.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwritten;

impl Journal for Unwritten {
    fn before(&mut self, _: Intent<'_>) -> Result<(), String> {
        Ok(())
    }

    fn after(&mut self, _: Settled<'_>) {}
}
