//! The replay of a trace: what real probes found, run by run.

use std::sync::Arc;

use crate::model::Span;

use super::super::luck::{Entity, Luck, Purpose};
use super::super::trace::Series;

/// A trace as a stock. Runs of equal numbers are kept as one, so that a tick costs a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    runs: Arc<[Run]>,
    offset: Offset,
    looped: bool,
}

/// This many machines until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// In microseconds from the start of the trace.
    pub(super) until: u64,
    pub(super) nodes: u32,
}

/// How a trace is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Played {
    /// Machines for each one of the trace; rounded down.
    pub rescale: f64,
    /// Time of the trial for a second of the trace.
    pub stretch: f64,
    /// Where in the trace a trial starts.
    pub offset: Offset,
    /// From the start again at its end; else the last number stays.
    pub looped: bool,
}

/// Where in a trace a trial starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// This far into it.
    At(Span),
    /// Anywhere, drawn for each trial: the same share of the length in every trace, so that traces of the same time
    /// stay together.
    Random,
}

impl Default for Played {
    fn default() -> Self {
        Self { rescale: 1.0, stretch: 1.0, offset: Offset::At(Span::ZERO), looped: true }
    }
}

impl Replay {
    /// From what probes found; `None` if nothing of it lasts a microsecond.
    pub fn new(series: &Series, played: &Played) -> Option<Self> {
        let mut runs: Vec<Run> = Vec::new();
        for (_, end, value) in series.runs() {
            let until = Span::from_secs_f64(end * played.stretch).0;
            let nodes = (value * played.rescale + 1e-9) as u32;
            if until <= runs.last().map_or(0, |run| run.until) {
                continue;
            }
            match runs.last_mut() {
                Some(last) if last.nodes == nodes => last.until = until,
                _ => runs.push(Run { until, nodes }),
            }
        }
        (!runs.is_empty()).then(|| Self { runs: runs.into(), offset: played.offset, looped: played.looped })
    }

    /// How long the trace is.
    pub fn length(&self) -> Span {
        Span(self.runs.last().map_or(0, |run| run.until))
    }

    /// True if it begins again at its end.
    pub fn is_looped(&self) -> bool {
        self.looped
    }

    /// Share of its time that at least `nodes` machines are there.
    pub fn availability(&self, nodes: u32) -> f64 {
        let mut from = 0;
        let mut up = 0;
        for run in &*self.runs {
            up += if run.nodes >= nodes { run.until - from } else { 0 };
            from = run.until;
        }
        up as f64 / from as f64
    }

    /// When, on the clock of the trial, the trace starts: not after 0.
    pub(super) fn starts(&self, luck: Luck) -> i64 {
        let length = self.length().0;
        let into = match self.offset {
            Offset::At(offset) if self.looped => offset.0 % length,
            Offset::At(offset) => offset.0,
            Offset::Random => {
                let share = luck.stream(Entity::named("traces"), Purpose::Stock, 0).unit();
                (share * length as f64) as u64
            }
        };
        -i64::try_from(into).unwrap_or(i64::MAX)
    }

    /// The run at a moment after the start of a lap: the position and the time of the lap's start.
    pub(super) fn find(&self, mut lap: i64, now: u64) -> (usize, i64) {
        let length = self.length().0;
        let mut into = now.saturating_add_signed(lap.saturating_neg());
        if self.looped && into >= length {
            lap = lap.saturating_add_unsigned(into / length * length);
            into %= length;
        }
        let found = self.runs.partition_point(|run| run.until <= into);
        (found.min(self.runs.len() - 1), lap)
    }

    pub(super) fn run(&self, position: usize) -> Run {
        self.runs[position]
    }

    /// True if there is no run at this position, so that the trace is over or begins again.
    pub(super) fn wraps(&self, position: usize) -> bool {
        position >= self.runs.len()
    }

    /// True if the run at this position never ends.
    pub(super) fn is_last(&self, position: usize) -> bool {
        position + 1 == self.runs.len() && (!self.looped || self.runs.len() == 1)
    }
}
