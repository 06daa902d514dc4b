//! Traces of several pools on one grid of time.
//!
//! **Invariant:** all pools have a number at each tick; what one trace has beyond the shortest is left out, and said.

use crate::sim::trace::Series;

use super::figures::Count;

/// One pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// Its selector: `aws/us-east-1/us-east-1a/V100`.
    pub place: String,
    /// The selector of its region: `aws/us-east-1`.
    pub region: String,
    /// Machines at each tick.
    pub counts: Vec<u32>,
}

/// Several pools.
#[derive(Debug, Clone, PartialEq)]
pub struct Traces {
    /// Seconds from tick to tick.
    pub gap: f64,
    /// The pools.
    pub pools: Vec<Probed>,
}

/// Traces that do not go together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TracesError {
    /// None at all.
    #[error("there is no trace")]
    None,
    /// Ticks of different lengths.
    #[error("'{place}' was probed every {gap} s, the others every {others} s")]
    Gap {
        /// Whose.
        place: String,
        /// Its ticks.
        gap: f64,
        /// Those of the first.
        others: f64,
    },
    /// Too short to fit anything to.
    #[error("{ticks} ticks are too few: at least {least} are needed")]
    Short {
        /// How many there are.
        ticks: usize,
        /// How many there must be.
        least: usize,
    },
    /// The same pool twice.
    #[error("'{0}' comes twice")]
    Twice(String),
}

/// Fewer ticks say nothing about long outages.
const LEAST: usize = 200;

/// Parts of the time that are left out in turn, to see how much a figure hangs on any of them. Few enough that most
/// outages are over within one.
const BLOCKS: usize = 10;

/// The standard error of a figure, from its values without each of several even parts of the time (the jackknife of
/// blocks; Künsch 1989).
pub(super) fn standard_error(without: &[f64]) -> f64 {
    let n = without.len() as f64;
    let mean = without.iter().sum::<f64>() / n;
    libm::sqrt((n - 1.0) / n * without.iter().map(|value| (value - mean).powi(2)).sum::<f64>())
}

impl Traces {
    /// Puts them on one grid; each with its selector, that of its region, and its values by time.
    pub fn new(all: Vec<(String, String, Series)>) -> Result<Self, TracesError> {
        let gap_of = |series: &Series| {
            let shortest = series.runs().map(|(from, to, _)| to - from).fold(f64::INFINITY, f64::min);
            let even = series.length().as_secs_f64() / series.ticks().max(1) as f64;
            // Rows of CSV that hold until the next one may be fewer than there were probes.
            even.min(shortest)
        };
        let Some((_, _, first)) = all.first() else { return Err(TracesError::None) };
        let gap = gap_of(first);
        let mut pools: Vec<Probed> = Vec::new();
        for (place, region, series) in all {
            let own = gap_of(&series);
            if (own / gap - 1.0).abs() > 0.01 {
                return Err(TracesError::Gap { place, gap: own, others: gap });
            }
            if pools.iter().any(|pool| pool.place == place) {
                return Err(TracesError::Twice(place));
            }
            let mut counts = Vec::new();
            for (_, to, value) in series.runs() {
                let end = (to / gap).round() as usize;
                counts.resize(end.max(counts.len()), value.max(0.0) as u32);
            }
            pools.push(Probed { place, region, counts });
        }
        let ticks = pools.iter().map(|pool| pool.counts.len()).min().unwrap_or(0);
        if ticks < LEAST {
            return Err(TracesError::Short { ticks, least: LEAST });
        }
        for pool in &mut pools {
            pool.counts.truncate(ticks);
        }
        Ok(Self { gap, pools })
    }

    /// Ticks of each.
    pub fn ticks(&self) -> usize {
        self.pools.first().map_or(0, |pool| pool.counts.len())
    }

    /// The part from one tick up to another.
    #[must_use]
    pub fn part(&self, from: usize, to: usize) -> Self {
        let pool = |pool: &Probed| Probed { counts: pool.counts[from..to].to_vec(), ..pool.clone() };
        Self { gap: self.gap, pools: self.pools.iter().map(pool).collect() }
    }

    /// The region of each pool.
    pub fn regions(&self) -> Vec<String> {
        self.pools.iter().map(|pool| pool.region.clone()).collect()
    }

    /// Counted.
    pub fn count(&self) -> Count {
        let mut count = Count::new(self.gap, self.regions());
        let rows: Vec<Vec<bool>> = self.pools.iter().map(Probed::up).collect();
        count.see(&rows);
        count
    }

    /// Counted once without each of [`BLOCKS`] even parts of the time.
    pub(super) fn counts_without(&self) -> Vec<Count> {
        let rows: Vec<Vec<bool>> = self.pools.iter().map(Probed::up).collect();
        let edge = |block: usize| self.ticks() * block / BLOCKS;
        let without = |out: usize| {
            let mut count = Count::new(self.gap, self.regions());
            for block in (0..BLOCKS).filter(|block| *block != out) {
                count.see_between(&rows, edge(block)..edge(block + 1));
            }
            count
        };
        (0..BLOCKS).map(without).collect()
    }

    /// What all pools have in common behind their region: `V100`.
    pub(super) fn kind(&self) -> String {
        let kind = |pool: &Probed| pool.place.rsplit('/').next().unwrap_or("*").to_owned();
        self.pools.first().map_or_else(|| "*".to_owned(), kind)
    }

    /// A selector of all of them: `aws/V100`, or `*/V100` of several clouds.
    pub(super) fn everything(&self) -> String {
        let clouds: Vec<&str> = self.pools.iter().filter_map(|pool| pool.place.split('/').next()).collect();
        let cloud = clouds.first().copied().unwrap_or("*");
        let one = if clouds.iter().all(|other| *other == cloud) { cloud } else { "*" };
        format!("{one}/{}", self.kind())
    }
}

impl Probed {
    /// Whether it was up, at each tick.
    pub(super) fn up(&self) -> Vec<bool> {
        self.counts.iter().map(|there| *there > 0).collect()
    }

    /// The usual number of machines while it is up.
    pub(super) fn typical(&self) -> u32 {
        let mut up: Vec<u32> = self.counts.iter().copied().filter(|there| *there > 0).collect();
        up.sort_unstable();
        up.get(up.len() / 2).copied().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_mean_is_that_of_the_textbook() {
        // Of 1, 2, 3, 4: the root of their variance, 5/3, over 4.
        let without = [9.0, 8.0, 7.0, 6.0].map(|rest| rest / 3.0);
        assert!((standard_error(&without) - libm::sqrt(5.0 / 12.0)).abs() < 1e-12);
    }
}
