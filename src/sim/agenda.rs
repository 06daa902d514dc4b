//! The event kernel: what is still to happen, in the order of time.
//!
//! **Invariant:** two things at one moment happen in the order they were put in.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::Timestamp;

/// A queue of things to come.
#[derive(Debug, Clone)]
pub struct Agenda<T> {
    heap: BinaryHeap<Reverse<Slot<T>>>,
    sequence: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot<T> {
    at: Timestamp,
    sequence: u64,
    item: T,
}

impl<T> Slot<T> {
    fn key(&self) -> (Timestamp, u64) {
        (self.at, self.sequence)
    }
}

impl<T> PartialEq for Slot<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Slot<T> {}

impl<T> PartialOrd for Slot<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Slot<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::with_capacity(16), sequence: 0 }
    }
}

impl<T: Copy> Agenda<T> {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.sequence = 0;
    }

    /// Puts something in.
    pub fn push(&mut self, at: Timestamp, item: T) {
        self.heap.push(Reverse(Slot { at, sequence: self.sequence, item }));
        self.sequence += 1;
    }

    /// Changes what is still to come, or forgets it where `change` has nothing to say; the order stays.
    pub fn rework(&mut self, mut change: impl FnMut(T) -> Option<T>) {
        let slots = std::mem::take(&mut self.heap).into_iter();
        self.heap =
            slots.filter_map(|Reverse(slot)| Some(Reverse(Slot { item: change(slot.item)?, ..slot }))).collect();
    }

    /// Takes out the next thing, unless it lies after the deadline.
    pub fn pop_until(&mut self, deadline: Option<Timestamp>) -> Option<(Timestamp, T)> {
        let Reverse(next) = self.heap.peek()?;
        if deadline.is_some_and(|deadline| next.at > deadline) {
            return None;
        }
        self.heap.pop().map(|Reverse(slot)| (slot.at, slot.item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time_then_by_arrival_up_to_the_deadline() {
        let mut agenda = Agenda::default();
        for (at, item) in [(5, 'a'), (3, 'b'), (5, 'c'), (9, 'd')] {
            agenda.push(Timestamp(at), item);
        }
        let order: String = std::iter::from_fn(|| agenda.pop_until(Some(Timestamp(5)))).map(|(_, item)| item).collect();
        assert_eq!(order, "bac");
        agenda.push(Timestamp(9), 'e');
        agenda.push(Timestamp(9), 'f');
        agenda.rework(|item| (item != 'd').then(|| item.to_ascii_uppercase()));
        assert_eq!(agenda.pop_until(None), Some((Timestamp(9), 'E')));
        assert_eq!(agenda.pop_until(None), Some((Timestamp(9), 'F')));
        assert_eq!(agenda.pop_until(None), None);
    }
}
