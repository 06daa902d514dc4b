//! What is told of traces, and of what a model makes: the figures that a calibration is judged by.
//!
//! **Invariant:** a trace and a simulated replica go through the same count, tick by tick, so what the ticks hide is
//! hidden in both.

use std::ops::Range;

use super::laws::{Family, Shape, fit};
use super::runs::{Run, in_turn};

/// Ends of the classes of ages of an outage, in seconds; the last class has no end.
pub const AGES: [f64; 8] = [1800.0, 3600.0, 5400.0, 7200.0, 10_800.0, 18_000.0, 36_000.0, f64::INFINITY];
/// Times at which the laws of up and down times are looked at, in seconds.
pub const TIMES: [f64; 8] = [400.0, 800.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 57_600.0];
/// How much later one looks again, in seconds.
const LATER: [f64; 7] = [195.0, 390.0, 780.0, 1755.0, 3510.0, 10_725.0, 43_095.0];

/// Counts, from which the figures follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Count {
    gap: f64,
    regions: Vec<String>,
    lags: Vec<usize>,
    /// Ticks looked at.
    ticks: u64,
    up: Vec<u64>,
    dark: u64,
    both: Vec<u64>,
    /// Outages that began, by pool.
    outages: Vec<u64>,
    runs: [Vec<Run>; 2],
    again: Vec<(u64, u64)>,
    ages: [(u64, u64); AGES.len()],
}

/// The figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Share of the time that each pool is up.
    pub availability: Vec<f64>,
    /// Outages a pool and day, over the pools that have any.
    pub outages_daily: f64,
    /// Outages a day, by pool.
    pub daily: Vec<f64>,
    /// Outages that began, by pool.
    pub began: Vec<u64>,
    /// Outages: all of them as a mixture of two exponential laws.
    pub outages: Option<Shape>,
    /// Mean, median and 95 % quantile of up times and of outages, in seconds, those that were cut off left out.
    pub lengths: [[f64; 3]; 2],
    /// Up times and outages that ended.
    pub whole: [u64; 2],
    /// Share of up times and of outages that are no longer than each of [`TIMES`].
    pub by_then: [[f64; TIMES.len()]; 2],
    /// How much later, in seconds, and how often a pool that was down is up then.
    pub again: Vec<(f64, f64)>,
    /// Chance that an outage of that age ends by the next tick.
    pub hazard: [Option<f64>; AGES.len()],
    /// Outages that ended at that age.
    pub ended: [u64; AGES.len()],
    /// Mean correlation of pools of one region, of different ones.
    pub correlation: [Option<f64>; 2],
    /// Share of the time that all are down.
    pub dark: f64,
}

impl Count {
    /// Nothing yet, of pools in these regions, looked at every `gap` seconds.
    pub fn new(gap: f64, regions: Vec<String>) -> Self {
        let pools = regions.len();
        let mut lags: Vec<usize> = LATER.iter().map(|later| (later / gap).round().max(1.0) as usize).collect();
        lags.dedup();
        Self {
            gap,
            ticks: 0,
            up: vec![0; pools],
            dark: 0,
            both: vec![0; pools * pools],
            outages: vec![0; pools],
            runs: [Vec::new(), Vec::new()],
            again: vec![(0, 0); lags.len()],
            ages: [(0, 0); AGES.len()],
            lags,
            regions,
        }
    }

    /// Counts a trace: of every pool, whether it is up at each tick.
    pub fn see(&mut self, pools: &[Vec<bool>]) {
        self.see_between(pools, 0..pools.first().map_or(0, Vec::len));
    }

    /// Counts those ticks of a trace, and what begins at them.
    pub(super) fn see_between(&mut self, pools: &[Vec<bool>], ticks: Range<usize>) {
        self.ticks += ticks.len() as u64;
        let words: Vec<Vec<u64>> = pools.iter().map(|up| packed(&up[ticks.clone()])).collect();
        for (a, one) in words.iter().enumerate() {
            for (b, other) in words.iter().enumerate().skip(a) {
                self.both[a * pools.len() + b] +=
                    one.iter().zip(other).map(|(x, y)| u64::from((x & y).count_ones())).sum::<u64>();
            }
            self.up[a] = self.both[a * pools.len() + a];
        }
        let any = |at: usize| words.iter().fold(0, |any, word| any | word[at]);
        let lit: u64 = (0..words.first().map_or(0, Vec::len)).map(|at| u64::from(any(at).count_ones())).sum();
        self.dark += ticks.len() as u64 - lit;
        for (pool, up) in pools.iter().enumerate() {
            self.runs_of(pool, up, &ticks);
            for (lag, (down, back)) in self.lags.iter().zip(&mut self.again) {
                for (now, later) in up[ticks.clone()].iter().zip(up.iter().skip(ticks.start + *lag)) {
                    *down += u64::from(!now);
                    *back += u64::from(!now & later);
                }
            }
        }
    }

    fn runs_of(&mut self, pool: usize, up: &[bool], begun: &Range<usize>) {
        for (_, is_up, run) in in_turn(up).into_iter().filter(|(from, ..)| begun.contains(from)) {
            self.runs[usize::from(!is_up)].push(run);
            if is_up {
                continue;
            }
            self.outages[pool] += 1;
            for tick in 1..=run.ticks {
                let class = AGES.iter().position(|end| tick as f64 * self.gap <= *end).unwrap_or(AGES.len() - 1);
                let is_last = tick == run.ticks;
                // Whether a run that was cut off ends at its last tick is not known.
                self.ages[class].0 += u64::from(!(is_last && run.is_cut));
                self.ages[class].1 += u64::from(is_last && !run.is_cut);
            }
        }
    }

    /// The runs up and down.
    pub fn runs(&self) -> &[Vec<Run>; 2] {
        &self.runs
    }

    /// Outages that began, by pool, a second.
    pub(super) fn outage_rates(&self) -> Vec<f64> {
        self.outages.iter().map(|count| *count as f64 / (self.ticks as f64 * self.gap)).collect()
    }

    /// Correlation of two pools; `None` where one never changes.
    pub(super) fn correlation(&self, a: usize, b: usize) -> Option<f64> {
        let (a, b) = (a.min(b), a.max(b));
        let share = |count: u64| count as f64 / self.ticks.max(1) as f64;
        let (x, y) = (share(self.up[a]), share(self.up[b]));
        let spread = libm::sqrt(x * (1.0 - x) * y * (1.0 - y));
        (spread > 0.0).then(|| (share(self.both[a * self.up.len() + b]) - x * y) / spread)
    }

    /// Mean correlation within a region, or of different ones (`None`).
    pub(super) fn mean_correlation(&self, of: impl Fn(&str, &str) -> bool) -> Option<f64> {
        let pools = self.regions.len();
        let pairs = (0..pools).flat_map(|a| (a + 1..pools).map(move |b| (a, b)));
        let found: Vec<f64> = pairs
            .filter(|(a, b)| of(&self.regions[*a], &self.regions[*b]))
            .filter_map(|(a, b)| self.correlation(a, b))
            .collect();
        (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
    }

    /// What follows.
    pub fn figures(&self) -> Figures {
        Figures { outages: fit(Family::Mixture, &self.runs[1], self.gap), ..self.sketch() }
    }

    /// The same without the mixture of outages, which takes long.
    pub(super) fn sketch(&self) -> Figures {
        let share = |count: u64| count as f64 / self.ticks.max(1) as f64;
        let moving = self.outages.iter().filter(|count| **count > 0).count().max(1);
        let days = self.ticks as f64 * self.gap / 86_400.0;
        Figures {
            availability: self.up.iter().map(|up| share(*up)).collect(),
            outages_daily: self.outages.iter().sum::<u64>() as f64 / moving as f64 / days.max(1e-9),
            daily: self.outages.iter().map(|count| *count as f64 / days.max(1e-9)).collect(),
            began: self.outages.clone(),
            outages: None,
            lengths: [0, 1].map(|side| lengths(&self.runs[side], self.gap)),
            whole: [0, 1].map(|side| self.runs[side].iter().filter(|run| !run.is_cut).count() as u64),
            by_then: [0, 1].map(|side| by_then(&self.runs[side], self.gap)),
            again: self
                .lags
                .iter()
                .zip(&self.again)
                .map(|(lag, (down, back))| (*lag as f64 * self.gap, *back as f64 / (*down).max(1) as f64))
                .collect(),
            hazard: self.ages.map(|(at_risk, ended)| (at_risk > 0).then(|| ended as f64 / at_risk as f64)),
            ended: self.ages.map(|(_, ended)| ended),
            correlation: [self.mean_correlation(|a, b| a == b), self.mean_correlation(|a, b| a != b)],
            dark: share(self.dark),
        }
    }
}

/// 64 ticks a word.
fn packed(up: &[bool]) -> Vec<u64> {
    up.chunks(64).map(|ticks| ticks.iter().enumerate().fold(0, |word, (n, up)| word | u64::from(*up) << n)).collect()
}

fn ended(runs: &[Run], gap: f64) -> Vec<f64> {
    let mut seconds: Vec<f64> = runs.iter().filter(|run| !run.is_cut).map(|run| run.ticks as f64 * gap).collect();
    seconds.sort_by(f64::total_cmp);
    seconds
}

fn lengths(runs: &[Run], gap: f64) -> [f64; 3] {
    let seconds = ended(runs, gap);
    let at = |q: f64| seconds.get(((seconds.len() as f64 * q) as usize).min(seconds.len().max(1) - 1)).copied();
    let mean = seconds.iter().sum::<f64>() / seconds.len().max(1) as f64;
    [mean, at(0.5).unwrap_or(0.0), at(0.95).unwrap_or(0.0)]
}

fn by_then(runs: &[Run], gap: f64) -> [f64; TIMES.len()] {
    let seconds = ended(runs, gap);
    TIMES.map(|time| seconds.partition_point(|s| *s <= time) as f64 / seconds.len().max(1) as f64)
}

/// The largest difference of the two laws of run lengths (Kolmogorov, Smirnov), those that were cut off left out.
pub fn distance(a: &[Run], b: &[Run], gap: f64) -> f64 {
    let (a, b) = (ended(a, gap), ended(b, gap));
    let share = |of: &[f64], x: f64| of.partition_point(|s| *s <= x) as f64 / of.len().max(1) as f64;
    a.iter().chain(&b).map(|x| (share(&a, *x) - share(&b, *x)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_trace_that_can_be_counted_by_hand() {
        let up = |text: &str| text.bytes().map(|b| b == b'1').collect::<Vec<bool>>();
        let mut count = Count::new(600.0, vec!["a".into(), "a".into(), "b".into()]);
        count.see(&[up("1100110011"), up("1100110011"), up("1111100000")]);
        let figures = count.figures();
        assert_eq!(figures.availability, [0.6, 0.6, 0.5]);
        assert_eq!(figures.correlation[0].map(|c| (c * 1e9).round() / 1e9), Some(1.0));
        // Up together at ticks 0, 1 and 4 of ten: (0.3 − 0.3) / spread.
        assert!(figures.correlation[1].is_some_and(|c| c.abs() < 1e-12));
        assert!((figures.dark - 0.2).abs() < 1e-12);
        // Down after one tick: of pool a, ticks 2, 3, 6, 7, of which 3 and 7 are followed by up; pool c never.
        assert_eq!(figures.again[0], (600.0, 4.0 / 12.0));
        // Outages of ages of one and two ticks: none ends at the first, four at the second; the third pool's is cut.
        assert_eq!(figures.hazard[0].map(|h| (h * 1e6).round()), Some((4.0f64 / 11.0 * 1e6).round()));
        // Part by part it is the same.
        let rows = [up("1100110011"), up("1100110011"), up("1111100000")];
        let mut parts = Count::new(600.0, vec!["a".into(), "a".into(), "b".into()]);
        for ticks in [0..3, 3..7, 7..10] {
            parts.see_between(&rows, ticks);
        }
        assert_eq!(parts.figures(), figures);
        assert!(distance(&count.runs()[1], &count.runs()[1], 600.0) < 1e-12);
    }
}
