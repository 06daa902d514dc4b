//! The values of one policy over the trials, ready to be ranked and resampled.
//!
//! **Invariant:** values stay in the order of the trials, so that samples of the same trials can be paired; every value
//! is finite, or +∞ for a trial that never got there.

use super::quantile;

/// One value a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// By trial.
    values: Vec<f64>,
    /// Trials by ascending value; equal values in the order of the trials.
    order: Vec<u32>,
    /// The values in that order.
    sorted: Vec<f64>,
    never: usize,
}

/// A sample that nothing can be computed from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// NaN or −∞.
    #[error("the value of trial {trial} is not a number (give a trial that never succeeded as infinite)")]
    NotANumber {
        /// Index of the trial.
        trial: usize,
    },
    /// Samples that are to be paired have different lengths.
    #[error("{first} trials cannot be paired with {other} (run every policy on the same trials)")]
    Unpaired {
        /// Trials of the first sample.
        first: usize,
        /// Trials of the other.
        other: usize,
    },
    /// More trials than can be resampled.
    #[error("{trials} trials are more than can be resampled (at most 4294967295; split the study)")]
    TooMany {
        /// How many.
        trials: usize,
    },
}

impl Sample {
    /// From one value a trial, in the order of the trials; infinite for a trial that never got there.
    pub fn new(values: Vec<f64>) -> Result<Self, SampleError> {
        if u32::try_from(values.len()).is_err() {
            return Err(SampleError::TooMany { trials: values.len() });
        }
        if let Some(trial) = values.iter().position(|v| v.is_nan() || *v == f64::NEG_INFINITY) {
            return Err(SampleError::NotANumber { trial });
        }
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_unstable_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]).then(a.cmp(b)));
        let sorted: Vec<f64> = order.iter().map(|trial| values[*trial as usize]).collect();
        let never = sorted.iter().rev().take_while(|v| v.is_infinite()).count();
        Ok(Self { values, order, sorted, never })
    }

    /// How many trials.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many of them never got there.
    pub fn never(&self) -> usize {
        self.never
    }

    /// By trial.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Ascending, those that never came last.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// Trials by ascending value.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// How many trials got there by `time`.
    pub fn by(&self, time: f64) -> usize {
        self.sorted.partition_point(|v| *v <= time).min(self.len() - self.never)
    }

    /// The `q`-quantile (type 7); `None` without trials, infinite for *never*.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        quantile(&self.sorted, q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_comes_last_and_ties_keep_the_order_of_trials() {
        let never = f64::INFINITY;
        let sample = Sample::new(vec![5.0, never, 3.0, 5.0, never]).expect("numbers");
        assert_eq!(sample.order(), [2, 0, 3, 1, 4]);
        assert_eq!((sample.len(), sample.never()), (5, 2));
        assert_eq!((sample.by(2.0), sample.by(5.0), sample.by(f64::INFINITY)), (0, 3, 3));
        assert_eq!((sample.quantile(0.5), sample.quantile(0.9)), (Some(5.0), Some(f64::INFINITY)));
    }

    #[test]
    fn what_is_not_a_number_is_refused_with_its_trial() {
        assert_eq!(Sample::new(vec![1.0, f64::NAN]), Err(SampleError::NotANumber { trial: 1 }));
        assert_eq!(Sample::new(vec![f64::NEG_INFINITY]), Err(SampleError::NotANumber { trial: 0 }));
        assert!(Sample::new(Vec::new()).is_ok_and(|s| s.is_empty() && s.by(1.0) == 0));
    }
}
