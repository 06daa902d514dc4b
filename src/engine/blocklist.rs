//! Denials in force: what a refusal spoke for is not tried again before its cooldown is over.

use crate::model::{Cause, Denial, Scope, Timestamp};

/// One denial in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// What is not tried.
    pub scope: Scope,
    /// Why.
    pub cause: Cause,
    /// Until when.
    pub until: Timestamp,
}

/// All denials in force, shared by every demand of an engine.
#[derive(Debug, Clone, Default)]
pub struct Blocklist {
    blocks: Vec<Block>,
    /// Blocks that the pursuits have not been told of yet.
    fresh: Vec<Block>,
    /// The earliest end of a block, so that expiry is looked at only when something ends.
    next_end: Option<Timestamp>,
}

impl Blocklist {
    /// The blocks in force, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter()
    }

    /// Puts a denial in force from `now` on; returns the block it made, or `None` if it blocks nothing.
    pub fn add(&mut self, denial: &Denial, now: Timestamp) -> Option<Block> {
        if denial.cooldown.0 == 0 {
            return None;
        }
        let block = Block { scope: denial.scope, cause: denial.cause, until: now + denial.cooldown };
        self.put(block);
        Some(block)
    }

    /// Puts a block in force.
    pub(crate) fn put(&mut self, block: Block) {
        self.blocks.push(block);
        self.fresh.push(block);
        self.next_end = Some(self.next_end.map_or(block.until, |end| end.min(block.until)));
    }

    /// Drops what is over.
    pub fn expire(&mut self, now: Timestamp) {
        if self.next_end.is_some_and(|end| end <= now) {
            self.blocks.retain(|block| block.until > now);
            self.next_end = self.blocks.iter().map(|block| block.until).min();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
        self.fresh.clear();
        self.next_end = None;
    }

    pub(crate) fn take_fresh(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.fresh)
    }

    /// Returns the emptied list, so that its memory serves the next step.
    pub(crate) fn give_back(&mut self, mut fresh: Vec<Block>) {
        fresh.clear();
        self.fresh = fresh;
    }
}
