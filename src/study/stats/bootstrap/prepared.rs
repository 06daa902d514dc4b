//! A sample laid out so that its statistics follow quickly from how often each trial was drawn.
//!
//! **Invariant:** nothing is sorted or allocated per resample, and sums are made in one fixed order.

use crate::study::stats::quantile::Position;
use crate::study::stats::{Sample, Statistic};

/// A sample and the statistics asked of it.
#[derive(Debug)]
pub(in crate::study::stats) struct Prepared<'a> {
    sample: &'a Sample,
    slots: Vec<Slot>,
    /// Slots that are quantiles, by ascending position: one walk through the ranks serves them all.
    walk: Vec<usize>,
}

#[derive(Debug)]
enum Slot {
    /// Probability and position.
    Quantile(f64, Position),
    Mean(Centred),
    Undefined,
}

/// Values as offsets from the first of them, so that the mean of equal values is that value to the last bit.
#[derive(Debug)]
struct Centred {
    pivot: f64,
    offsets: Vec<f64>,
}

impl<'a> Prepared<'a> {
    pub(in crate::study::stats) fn new(sample: &'a Sample, statistics: &[Statistic]) -> Self {
        let slot = |statistic: &Statistic| match *statistic {
            Statistic::Quantile(q) => Position::of(sample.len(), q).map_or(Slot::Undefined, |p| Slot::Quantile(q, p)),
            Statistic::Mean => Centred::new(sample, f64::INFINITY).map_or(Slot::Undefined, Slot::Mean),
            Statistic::RestrictedMean(limit) => Centred::new(sample, limit).map_or(Slot::Undefined, Slot::Mean),
        };
        let slots: Vec<Slot> = statistics.iter().map(slot).collect();
        let index = |at: &usize| match &slots[*at] {
            Slot::Quantile(_, position) => Some(position.index),
            _ => None,
        };
        let mut walk: Vec<usize> = (0..slots.len()).filter(|at| index(at).is_some()).collect();
        walk.sort_by_key(index);
        Self { sample, slots, walk }
    }

    /// A statistic of the sample itself; NaN where undefined.
    pub(in crate::study::stats) fn original(&self, slot: usize) -> f64 {
        match &self.slots[slot] {
            Slot::Quantile(_, position) => position.read(self.sample.sorted()),
            Slot::Mean(centred) => centred.mean(),
            Slot::Undefined => f64::NAN,
        }
    }

    /// All statistics of the resample in which trial `i` was drawn `counts[i]` times; NaN where undefined.
    pub(in crate::study::stats) fn evaluate(&self, counts: &[u16], values: &mut [f64]) {
        for (slot, value) in self.slots.iter().zip(values.iter_mut()) {
            match slot {
                Slot::Mean(centred) => *value = centred.weighted(counts),
                Slot::Undefined => *value = f64::NAN,
                Slot::Quantile(..) => {}
            }
        }
        self.quantiles(counts, values);
    }

    fn quantiles(&self, counts: &[u16], values: &mut [f64]) {
        let (order, sorted) = (self.sample.order(), self.sample.sorted());
        let drawn = |trial: &u32| usize::from(counts[*trial as usize]);
        // Draws among the first `rank` values.
        let (mut below, mut rank) = (0, 0);
        for slot in &self.walk {
            let Slot::Quantile(_, position) = &self.slots[*slot] else { continue };
            while let Some(block) = order.get(rank..rank + BLOCK) {
                let more: usize = block.iter().map(drawn).sum();
                if below + more > position.index {
                    break;
                }
                below += more;
                rank += BLOCK;
            }
            while below <= position.index {
                below += drawn(&order[rank]);
                rank += 1;
            }
            let low = sorted[rank - 1];
            let twice = below > position.index + 1 || position.weight <= 0.0;
            let next =
                || order[rank..].iter().position(|trial| drawn(trial) > 0).map_or(low, |skip| sorted[rank + skip]);
            values[*slot] = if twice { low } else { position.between(low, next()) };
        }
    }

    /// A statistic of the sample without each of its trials in turn, for at least two trials; empty where undefined.
    pub(in crate::study::stats) fn leave_one_out(&self, slot: usize) -> Vec<f64> {
        match &self.slots[slot] {
            Slot::Quantile(q, _) => self.quantile_without_each(*q),
            Slot::Mean(centred) => centred.without_each(),
            Slot::Undefined => Vec::new(),
        }
    }

    /// Without the value of rank r, everything above it moves down by one.
    fn quantile_without_each(&self, q: f64) -> Vec<f64> {
        let (order, sorted) = (self.sample.order(), self.sample.sorted());
        let Some(position) = Position::of(sorted.len() - 1, q) else { return Vec::new() };
        let mut values = vec![0.0; sorted.len()];
        for (rank, trial) in order.iter().enumerate() {
            let at = |index: usize| sorted.get(index + usize::from(rank <= index)).copied();
            let low = at(position.index).unwrap_or(f64::NAN);
            values[*trial as usize] = position.between(low, at(position.index + 1).unwrap_or(low));
        }
        values
    }
}

/// Counts are added up this many at a time: they do not wait for each other, and are looked at one by one only where
/// a quantile falls.
const BLOCK: usize = 16;

impl Centred {
    /// `None` without values or if one is infinite even after the limit.
    fn new(sample: &Sample, limit: f64) -> Option<Self> {
        let mut offsets: Vec<f64> = sample.values().iter().map(|value| value.min(limit)).collect();
        let pivot = *offsets.first()?;
        if !offsets.iter().all(|value| value.is_finite()) {
            return None;
        }
        for value in &mut offsets {
            *value -= pivot;
        }
        Some(Self { pivot, offsets })
    }

    fn mean(&self) -> f64 {
        self.pivot + self.total() / self.offsets.len() as f64
    }

    fn total(&self) -> f64 {
        in_lanes(self.offsets.chunks(LANES).map(|block| block.iter().copied()))
    }

    fn weighted(&self, counts: &[u16]) -> f64 {
        let term = |(offset, count): (&f64, &u16)| offset * f64::from(*count);
        let blocks = self.offsets.chunks(LANES).zip(counts.chunks(LANES));
        self.pivot
            + in_lanes(blocks.map(|(offsets, counts)| offsets.iter().zip(counts).map(term))) / counts.len() as f64
    }

    fn without_each(&self) -> Vec<f64> {
        let total = self.total();
        let others = (self.offsets.len() - 1) as f64;
        self.offsets.iter().map(|offset| self.pivot + (total - offset) / others).collect()
    }
}

/// How many sums run side by side: faster than one, and with an order that is the same on every machine.
const LANES: usize = 8;

fn in_lanes(blocks: impl Iterator<Item = impl Iterator<Item = f64>>) -> f64 {
    let mut lanes = [0.0; LANES];
    for block in blocks {
        for (lane, term) in lanes.iter_mut().zip(block) {
            *lane += term;
        }
    }
    lanes.iter().sum()
}
