//! Waits of which some were cut off: the Kaplan–Meier curve, its band, quantiles and restricted mean.
//!
//! **Invariant:** a trial cut off at the same moment as an event was still waiting at that moment. The curve is silent
//! past the last observation, and assumes that being cut off says nothing about the wait to come.

use super::{Estimate, Interval, Level};

/// One wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wait {
    /// Until it ended, or until it was cut off; at least 0.
    pub time: f64,
    /// Whether it ended.
    pub ended: bool,
}

/// The curve at one of its times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// When.
    pub time: f64,
    /// How many were still waiting just before.
    pub at_risk: usize,
    /// How many waits ended then.
    pub ended: usize,
    /// How many were cut off then.
    pub cut_off: usize,
    /// The share still waiting just after.
    pub waiting: f64,
    /// Greenwood's sum of ended / (at risk · (at risk − ended)): the variance of the curve over its square. Infinite
    /// once nobody waits.
    pub greenwood: f64,
}

/// The share still waiting, over time (Kaplan, Meier 1958).
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    steps: Vec<Step>,
}

/// The time a trial is expected to wait before a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The area under the curve up to the limit.
    pub value: f64,
    /// Its variance, by Greenwood's formula.
    pub variance: f64,
}

impl Curve {
    /// From waits in any order. `None` if a time is negative or not a number; a wait that is infinite is one cut off
    /// after all others.
    pub fn new(waits: &[Wait]) -> Option<Self> {
        if waits.iter().any(|wait| wait.time.is_nan() || wait.time < 0.0) {
            return None;
        }
        let mut sorted = waits.to_vec();
        sorted.sort_unstable_by(|a, b| a.time.total_cmp(&b.time));
        let (mut at_risk, mut waiting, mut greenwood) = (sorted.len(), 1.0, 0.0);
        let step = |group: &[Wait]| {
            let ended = group.iter().filter(|wait| wait.ended && wait.time.is_finite()).count();
            let left = (at_risk - ended) as f64;
            waiting *= left / at_risk as f64;
            if ended > 0 {
                greenwood += ended as f64 / (at_risk as f64 * left);
            }
            let (time, cut_off) = (group[0].time, group.len() - ended);
            let step = Step { time, at_risk, ended, cut_off, waiting, greenwood };
            at_risk -= group.len();
            step
        };
        Some(Self { steps: sorted.chunk_by(|a, b| a.time >= b.time).map(step).collect() })
    }

    /// Every time at which a wait ended or was cut off.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The last step at or before `time`.
    fn at(&self, time: f64) -> Option<&Step> {
        self.steps[..self.steps.partition_point(|step| step.time <= time)].last()
    }

    /// The share still waiting at `time`, with the interval from Greenwood's variance on the scale of log(−log), which
    /// keeps it within 0 and 1. No interval before the first wait ended and once all have. `None` without waits, and
    /// past the last observation unless all have ended.
    pub fn waiting(&self, time: f64, level: Level) -> Option<Estimate> {
        let last = self.steps.last()?;
        if time.is_nan() || (time > last.time && last.waiting > 0.0) {
            return None;
        }
        Some(self.at(time).map_or(Estimate { value: 1.0, interval: None }, |step| step.estimate(level)))
    }

    /// The curve with its pointwise band, one entry a step.
    pub fn band(&self, level: Level) -> impl Iterator<Item = (f64, Estimate)> + '_ {
        self.steps.iter().map(move |step| (step.time, step.estimate(level)))
    }

    /// The earliest time by which at least a share of `q` has ended, with the times at which the band crosses that
    /// share (Brookmeyer, Crowley 1982). `None` without waits; infinite where the curve, or that side of its band, ends
    /// before.
    pub fn quantile(&self, q: f64, level: Level) -> Option<Estimate> {
        if self.steps.is_empty() || q.is_nan() {
            return None;
        }
        // A product of quotients may miss one half by a rounding error.
        let left = 1.0 - q.clamp(0.0, 1.0) + 1e-12;
        let first = |reached: &dyn Fn(&Step) -> bool| {
            let step = self.steps.iter().find(|step| step.ended > 0 && reached(step));
            step.map_or(f64::INFINITY, |step| step.time)
        };
        // Once all have ended the band has no ends, but the quantile lies behind for certain.
        let side = |step: &Step, end: fn(Interval) -> f64| step.estimate(level).interval.map_or(step.waiting, end);
        let value = first(&|step| step.waiting <= left);
        let low = first(&|step| side(step, |i| i.low) <= left);
        // All having ended at once is no bound on how late others may.
        let bounded = |step: &Step| step.estimate(level).interval.is_some_and(|i| i.high <= left);
        let high = first(&bounded);
        Some(Estimate { value, interval: Some(Interval { low, high }) })
    }

    /// The median.
    pub fn median(&self, level: Level) -> Option<Estimate> {
        self.quantile(0.5, level)
    }

    /// The mean wait, each counted as at most `limit`: the area under the curve. `None` without waits, for a limit that
    /// is not a positive number, and past the last observation unless all have ended by then.
    pub fn restricted_mean(&self, limit: f64) -> Option<RestrictedMean> {
        let last = self.steps.last()?;
        if !limit.is_finite() || limit <= 0.0 || (limit > last.time && last.waiting > 0.0) {
            return None;
        }
        let (mut end, mut area, mut variance) = (limit, 0.0, 0.0);
        // Backwards, so that the area behind a step is known when its variance is needed.
        for step in self.steps.iter().rev().filter(|step| step.time <= limit) {
            area += step.waiting * (end - step.time);
            end = step.time;
            let left = (step.at_risk - step.ended) as f64;
            // Where nobody is left there is no area behind, and the term is 0 · ∞: nothing.
            if left > 0.0 {
                variance += area * area * step.ended as f64 / (step.at_risk as f64 * left);
            }
        }
        Some(RestrictedMean { value: area + end, variance })
    }
}

impl RestrictedMean {
    /// With an interval that is symmetric in the logarithm, since waits are never below zero and their means lean upwards
    /// where a few are long; none where nobody waited.
    pub fn estimate(self, level: Level) -> Estimate {
        let times = libm::exp(level.z() * self.variance.sqrt() / self.value);
        let ends = || Interval { low: self.value / times, high: self.value * times };
        Estimate { value: self.value, interval: (self.value > 0.0).then(ends) }
    }
}

impl Step {
    fn estimate(&self, level: Level) -> Estimate {
        let log = libm::log(self.waiting);
        let interval = (self.waiting > 0.0 && self.waiting < 1.0).then(|| {
            let spread = libm::exp(level.z() * self.greenwood.sqrt() / log.abs());
            Interval { low: libm::exp(log * spread), high: libm::exp(log / spread) }
        });
        Estimate { value: self.waiting, interval }
    }
}
