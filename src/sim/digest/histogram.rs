//! Whole numbers counted in cells whose width grows with the number.
//!
//! **Invariant:** counts and the sum are whole numbers, so what is told does not depend on the order in which values came;
//! memory depends on the range of the values, not on how many there are.

/// Cells between a power of two and the next.
const CELLS: u64 = 1 << CELL_BITS;
const CELL_BITS: u32 = 12;
/// Cells that are made together.
const PAGE: usize = 64;

/// How many values of which size. Values below 8,192 are told exactly, others by the middle of their cell, which is at
/// most 1/8,192 (0.012 %) away from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Of the values from 0 up, and of the others by their distance from it.
    sides: [Pages; 2],
    count: u64,
    sum: i128,
    ends: Option<(i64, i64)>,
}

/// Counts by cell, for the cells that were met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Pages(Vec<Option<Box<[u64; PAGE]>>>);

const UP: usize = 0;
const DOWN: usize = 1;

impl Histogram {
    /// Counts a value.
    pub fn add(&mut self, value: i64) {
        self.sides[if value < 0 { DOWN } else { UP }].add(cell(value.unsigned_abs()));
        self.count += 1;
        self.sum += i128::from(value);
        self.ends = Some(self.ends.map_or((value, value), |(least, most)| (least.min(value), most.max(value))));
    }

    /// How many values.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The mean, exact but for its last bits; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The largest value.
    pub fn most(&self) -> Option<i64> {
        self.ends.map(|(_, most)| most)
    }

    /// The value of this rank, counted from 0, to the precision of its cell.
    pub fn at(&self, rank: u64) -> Option<f64> {
        let mut below = 0;
        self.values().find_map(|(value, count)| {
            below += count;
            (rank < below).then_some(value)
        })
    }

    /// Values, ascending, each with how often it came up, to the precision of their cells.
    pub fn values(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let (least, most) = self.ends.unwrap_or_default();
        let [up, down] = &self.sides;
        let down = down.cells().rev().map(|(cell, count)| (-middle(cell), count));
        let all = down.chain(up.cells().map(|(cell, count)| (middle(cell), count)));
        all.map(move |(value, count)| (value.clamp(least as f64, most as f64), count))
    }
}

impl Pages {
    fn add(&mut self, cell: usize) {
        let page = cell / PAGE;
        if self.0.len() <= page {
            self.0.resize(page + 1, None);
        }
        self.0[page].get_or_insert_with(|| Box::new([0; PAGE]))[cell % PAGE] += 1;
    }

    fn cells(&self) -> impl DoubleEndedIterator<Item = (usize, u64)> + '_ {
        let pages = self.0.iter().enumerate().filter_map(|(at, page)| Some((at, page.as_ref()?)));
        let cells = pages.flat_map(|(at, page)| page.iter().enumerate().map(move |(n, count)| (at * PAGE + n, *count)));
        cells.filter(|(_, count)| *count > 0)
    }
}

/// The cell of a value: its leading [`CELL_BITS`] bits after the first, and where the first one stands.
fn cell(value: u64) -> usize {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(CELL_BITS + 1);
    (u64::from(shift) * CELLS + (value >> shift)) as usize
}

/// The middle of a cell's values.
fn middle(cell: usize) -> f64 {
    let cell = cell as u64;
    let shift = (cell / CELLS).saturating_sub(1);
    let low = u128::from(cell - shift * CELLS) << shift;
    (low as f64) + ((1_u64 << shift) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[i64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.add(*value);
        }
        histogram
    }

    /// Of all sizes, not only large ones.
    fn value() -> impl Strategy<Value = i64> {
        (any::<i64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
    }

    proptest! {
        #[test]
        fn every_rank_is_told_to_the_precision_of_a_cell(values in prop::collection::vec(value(), 1..60)) {
            let histogram = of(&values);
            let mut sorted = values;
            sorted.sort_unstable();
            for (rank, value) in sorted.iter().enumerate() {
                let told = histogram.at(rank as u64).expect("a rank there is");
                let exact = *value as f64;
                prop_assert!((told - exact).abs() <= exact.abs() / 8192.0, "{} told as {}", value, told);
                prop_assert!(value.unsigned_abs() >= 8192 || told.to_bits() == exact.to_bits(), "{} told as {}", value, told);
            }
            prop_assert_eq!(histogram.at(sorted.len() as u64), None);
            prop_assert_eq!((histogram.count(), histogram.most()), (sorted.len() as u64, sorted.last().copied()));
            let sum: i128 = sorted.iter().map(|value| i128::from(*value)).sum();
            prop_assert_eq!(histogram.mean(), Some(sum as f64 / sorted.len() as f64));
        }

        #[test]
        fn the_order_does_not_show(values in prop::collection::vec(value(), 0..60), cut in 0usize..60) {
            let (first, last) = values.split_at(cut.min(values.len()));
            let turned = of(&[last, first].concat());
            prop_assert_eq!(turned.values().collect::<Vec<_>>(), of(&values).values().collect::<Vec<_>>());
            prop_assert_eq!((turned.sum, turned.ends), (of(&values).sum, of(&values).ends));
        }
    }

    #[test]
    fn memory_follows_the_range_and_not_the_number() {
        let pages = |histogram: &Histogram| histogram.sides.iter().flat_map(|side| &side.0).flatten().count();
        let few: Vec<i64> = (0..10_000).map(|n| 1_000_000 + n * 100).collect();
        let many: Vec<i64> = (0..1_000_000).map(|n| 1_000_000 + n).collect();
        assert_eq!(pages(&of(&few)), pages(&of(&many)));
    }
}
