//! Quantiles by linear interpolation between neighbouring values: type 7 of Hyndman and Fan (1996).
//!
//! **Invariant:** a quantile that has to interpolate towards a value that never came is itself never.

/// Where a quantile lies among sorted values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    /// Index of the value at or below it.
    pub(super) index: usize,
    /// How far it lies on the way to the next value, from 0 to less than 1.
    pub(super) weight: f64,
}

impl Position {
    /// Of the `q`-quantile of `n` values: 0-based rank (n − 1)·q. `q` is clamped to 0..=1; `None` without values
    /// and for what is not a number.
    pub(super) fn of(n: usize, q: f64) -> Option<Self> {
        let last = n.checked_sub(1).filter(|_| !q.is_nan())?;
        let rank = last as f64 * q.clamp(0.0, 1.0);
        // 0.99 · 100 may miss 99 by a rounding error, which must not pull in the next, perhaps infinite, value.
        let nearest = rank.round();
        if (rank - nearest).abs() <= 1e-9 {
            return Some(Self { index: nearest as usize, weight: 0.0 });
        }
        Some(Self { index: rank as usize, weight: rank - rank.floor() })
    }

    /// The quantile between the value at the index and the next one.
    pub(super) fn between(self, low: f64, high: f64) -> f64 {
        // Nothing to interpolate between two that never came; the difference would not be a number.
        if self.weight <= 0.0 || low >= high { low } else { low + self.weight * (high - low) }
    }

    /// The quantile of sorted values.
    pub(super) fn read(self, sorted: &[f64]) -> f64 {
        let low = sorted[self.index];
        self.between(low, sorted.get(self.index + 1).copied().unwrap_or(low))
    }
}

/// The `q`-quantile of values in ascending order, those that never came being infinite and last: x[⌊h⌋] +
/// (h − ⌊h⌋)·(x[⌊h⌋+1] − x[⌊h⌋]) with h = (n − 1)·q, counted from 0. `None` without values, infinite for *never*.
pub fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    Some(Position::of(sorted.len(), q)?.read(sorted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_hand_computed_values() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0), (7.0, 8.0)] {
            assert!((quantile(&sorted, q).expect("values") - expected).abs() < 1e-12, "{q}");
        }
        assert_eq!((quantile(&[], 0.5), quantile(&sorted, f64::NAN)), (None, None));
        assert_eq!(quantile(&[3.0], 0.99), Some(3.0));
    }

    #[test]
    fn never_is_reached_only_by_the_quantiles_that_need_it() {
        let mut sorted: Vec<f64> = (0..100).map(f64::from).collect();
        sorted.push(f64::INFINITY);
        assert_eq!(quantile(&sorted, 0.99), Some(99.0), "(101 − 1) · 0.99 is the 99th, whatever follows");
        assert_eq!(quantile(&sorted, 0.991), Some(f64::INFINITY));
        assert_eq!(quantile(&[f64::INFINITY; 3], 0.4), Some(f64::INFINITY));
    }
}
