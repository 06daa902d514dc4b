//! Sweeps in pieces: the points of a grid of parameters, and which piece of the trials a machine runs.
//!
//! **Invariant:** nothing here reads the environment; what a batch system says is handed in as text.

use std::ops::Range;
use std::str::FromStr;

/// Values of one parameter.
pub type Axis = (String, Vec<String>);

/// Values of all parameters at one point.
pub type Point = Vec<(String, String)>;

/// Every combination, the last axis running fastest. One empty point without axes.
pub fn points(axes: &[Axis]) -> Vec<Point> {
    let start = vec![Point::new()];
    axes.iter().fold(start, |points, (name, values)| {
        let with = |point: &Point, value: &String| {
            point.iter().cloned().chain([(name.clone(), value.clone())]).collect::<Point>()
        };
        points.iter().flat_map(|point| values.iter().map(move |value| with(point, value))).collect()
    })
}

/// One of several pieces, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub index: u64,
    /// Of how many.
    pub pieces: u64,
}

/// The trials of piece `index` of `pieces`, counted from 1, of a study; sizes differ by at most one. `None` unless
/// 1 ≤ `index` ≤ `pieces`.
pub fn shard(trials: u64, index: u64, pieces: u64) -> Option<Range<u64>> {
    let cut = |at: u64| (u128::from(trials) * u128::from(at) / u128::from(pieces)) as u64;
    (index >= 1 && index <= pieces).then(|| cut(index - 1)..cut(index))
}

/// Text that names no piece.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ShardError(String);

/// What the batch system says of this task, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrayTask {
    /// `SLURM_ARRAY_TASK_ID`: counts from `SLURM_ARRAY_TASK_MIN`.
    pub slurm_id: Option<String>,
    /// `SLURM_ARRAY_TASK_MIN`.
    pub slurm_min: Option<String>,
    /// `SLURM_ARRAY_TASK_COUNT`.
    pub slurm_count: Option<String>,
    /// `JOB_COMPLETION_INDEX` of a Kubernetes Indexed Job: counts from 0.
    pub completion_index: Option<String>,
}

impl Shard {
    fn new(index: u64, pieces: u64) -> Result<Self, ShardError> {
        if index >= 1 && index <= pieces {
            return Ok(Self { index, pieces });
        }
        Err(ShardError(format!("there is no piece {index} of {pieces} (pieces are counted from 1)")))
    }
}

impl FromStr for Shard {
    type Err = ShardError;
    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parts = text
            .split_once('/')
            .and_then(|(index, pieces)| Some((index.trim().parse().ok()?, pieces.trim().parse().ok()?)));
        let (index, pieces) = parts.ok_or_else(|| ShardError(format!("'{text}' is not a piece such as 2/8")))?;
        Self::new(index, pieces)
    }
}

impl ArrayTask {
    /// The piece that the batch system gives this task; `pieces` overrides what it says of how many there are. `None`
    /// outside of an array.
    pub fn shard(&self, pieces: Option<u64>) -> Result<Option<Shard>, ShardError> {
        let number = |name: &str, text: &str| -> Result<u64, ShardError> {
            text.trim().parse().map_err(|_| ShardError(format!("{name} is '{text}', which is no number")))
        };
        let (index, known) = match (&self.slurm_id, &self.completion_index) {
            (Some(id), _) => {
                let id = number("SLURM_ARRAY_TASK_ID", id)?;
                let min = self.slurm_min.as_deref().map_or(Ok(1), |text| number("SLURM_ARRAY_TASK_MIN", text))?;
                let count = self.slurm_count.as_deref().map(|text| number("SLURM_ARRAY_TASK_COUNT", text));
                (id.checked_sub(min).map_or(0, |from_min| from_min + 1), count.transpose()?)
            }
            (None, Some(index)) => (number("JOB_COMPLETION_INDEX", index)?.saturating_add(1), None),
            (None, None) => return Ok(None),
        };
        let pieces = pieces.or(known).ok_or_else(|| {
            ShardError("this is a task of an array, but of how many pieces is not known (add --shards N)".to_owned())
        })?;
        Shard::new(index, pieces).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_once_in_the_order_given() {
        let axis = |name: &str, values: &[&str]| (name.to_owned(), values.iter().map(|v| (*v).to_owned()).collect());
        let grid = points(&[axis("a", &["1", "2"]), axis("b", &["x", "y", "z"])]);
        let text = |point: &Point| point.iter().map(|(n, v)| n.clone() + v).collect::<String>();
        assert_eq!(grid.iter().map(text).collect::<Vec<_>>(), ["a1bx", "a1by", "a1bz", "a2bx", "a2by", "a2bz"]);
        assert_eq!(points(&[]), [Point::new()]);
    }

    #[test]
    fn pieces_are_counted_from_one() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 2, pieces: 8 }));
        for wrong in ["0/8", "9/8", "2", "a/b", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn shards_cover_every_trial_once(trials: u64, pieces in 1u64..50) {
            let mut next = 0;
            for index in 1..=pieces {
                let of = shard(trials, index, pieces).expect("in range");
                proptest::prop_assert_eq!(of.start, next);
                proptest::prop_assert!((of.end - of.start).abs_diff(trials / pieces) <= 1);
                next = of.end;
            }
            proptest::prop_assert_eq!(next, trials);
            proptest::prop_assert_eq!((shard(trials, 0, pieces), shard(trials, pieces + 1, pieces)), (None, None));
        }
    }

    #[test]
    fn batch_systems_say_which_piece() {
        let text = |text: &str| Some(text.to_owned());
        let slurm =
            ArrayTask { slurm_id: text("12"), slurm_min: text("10"), slurm_count: text("4"), completion_index: None };
        assert_eq!(slurm.shard(None), Ok(Some(Shard { index: 3, pieces: 4 })));
        assert_eq!(slurm.shard(Some(6)), Ok(Some(Shard { index: 3, pieces: 6 })));
        let kubernetes = ArrayTask { completion_index: text("0"), ..ArrayTask::default() };
        assert_eq!(kubernetes.shard(Some(4)), Ok(Some(Shard { index: 1, pieces: 4 })));
        assert!(kubernetes.shard(None).is_err(), "how many there are is not in the environment");
        assert!(ArrayTask { slurm_id: text("x"), ..ArrayTask::default() }.shard(None).is_err());
        assert_eq!(ArrayTask::default().shard(None), Ok(None));
    }
}
