//! A market fitted to traces of real ones, and how well it fits what it has not seen.
//!
//! **Invariant:** the same traces and seed give the same market, on any number of threads; a figure that the market
//! does not meet is told as plainly as one that it does.
//!
//! # How
//!
//! 1. A pool that a shock of its region and one of all spare is up by itself. How much of the time the shocks last and
//!    whom they hit follows in closed form from the availabilities, the mean correlations and the share of the time that
//!    everything is down (`shared`).
//! 2. Up times and outages of each pool give a law each, of the family that is likeliest on the later part of the trace
//!    when fitted to the earlier (`laws`). Their means follow from the pool's availability and its number of outages. Laws
//!    of two exponential parts are fitted to the ticks themselves, with the outages that no probe met (`hidden`).
//! 3. What the shocks hide and the ticks miss is put right by indirect inference (Gouriéroux, Monfort and Renault 1993):
//!    the market is simulated, probed as the trace was, and thirteen numbers that all pools share are moved until the run
//!    lengths, each pool's rate of outages, their mixture, the chance of recovery by age and the chance to be up again are
//!    those of the trace, each as closely as the trace itself knows it (`away`): downhill by slopes (`squares`) from
//!    several starts, at last without them (`simplex`).
//!
//! Journals of launches are probes at uneven times; what they tell of each pool by itself is in `journal`.

mod away;
mod compare;
mod figures;
mod hidden;
mod journal;
mod laws;
mod model;
mod runs;
mod shared;
mod simplex;
mod squares;
mod traces;

use rayon::prelude::*;

use crate::sim::Luck;

pub use compare::{Line, Told, UNMET, compare};
pub use figures::{AGES, Count, Figures, TIMES, distance};
pub use journal::{Asked, LEAST_PROBES, OnOff, Probes, is_journal};
pub use laws::{Family, Shape, fit as fit_law, log_likelihood};
pub use model::{Fall, Fitted, Model, probe};
pub use runs::Run;
pub use traces::{Probed, Traces, TracesError};

use away::Target;
use runs::runs;
use shared::{Seen, Shares, solve};
use simplex::minimise;

/// How a family did: parameters are fitted to the earlier part of the trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Contest {
    /// The family.
    pub family: Family,
    /// Akaike's criterion on all of the trace, over all pools; less is better.
    pub aic: f64,
    /// Logarithm of the likelihood on the later part; more is better.
    pub held_out: f64,
}

/// A market fitted to a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The market.
    pub model: Model,
    /// The families for up times and for outages, the chosen one first.
    pub contests: [Vec<Contest>; 2],
}

/// How the fit is done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seed of the luck.
    pub seed: u64,
    /// Replicas of the trace that are simulated at each step.
    pub replicas: u64,
    /// Steps.
    pub steps: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, replicas: 40, steps: 1500 }
    }
}

/// The share of a trace that laws are fitted to before they are judged on the rest.
const EARLIER: f64 = 0.7;
/// A pool that is up or down more of the time than this never changes.
const STEADY: f64 = 0.9995;

/// Where the pools' own laws come from, and how they give way to what the shocks do.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// From the lengths of runs, of these families for up times and outages: they are stretched as a whole.
    Runs([Family; 2]),
    /// From the ticks themselves (`hidden`): the short part stays and the long one gives way.
    Ticks,
}

impl Way {
    fn families(self) -> [Family; 2] {
        match self {
            Self::Runs(families) => families,
            Self::Ticks => [Family::Mixture; 2],
        }
    }
}

/// Fits a market to traces.
pub fn fit(traces: &Traces, options: Options) -> Fit {
    let contests = [0, 1].map(|side| contest(traces, side));
    let families = [0, 1].map(|side| contests[side].first().map_or(Family::Mixture, |c| c.family));
    // What is left of outages once shocks have made theirs may be of another family than all of them, so mixtures,
    // which bend most, are tried too; and where outages are about as short as a tick, only the ticks tell how many there
    // were. The nearest market is taken.
    let mut ways = vec![Way::Runs(families), Way::Runs([Family::Mixture; 2]), Way::Ticks];
    ways.dedup();
    let target = Target::new(traces);
    let begun = ways.into_iter().map(|way| Search { base: Base::new(traces, way), target: &target, options }.begun());
    let nearest = begun.min_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let model = nearest.map(|(_, search, knobs)| search.ended(&knobs).rounded());
    Fit { model: model.unwrap_or_else(|| Model { pools: Vec::new(), falls: Vec::new() }), contests }
}

/// The search for the nearest market.
struct Search<'a> {
    base: Base<'a>,
    target: &'a Target,
    options: Options,
}

impl Search<'_> {
    /// How far the market of these numbers is away, figure by figure; `None` out of bounds.
    fn parts(&self, knobs: &[f64]) -> Option<Vec<f64>> {
        let (traces, Options { seed, replicas, .. }) = (self.base.traces, self.options);
        knobs.iter().all(|knob| knob.abs() <= 3.0).then(|| {
            let simulated = simulate(&self.base.model(knobs), traces, seed, 0..replicas, traces.ticks());
            let mut parts = self.target.away(&simulated.figures());
            // A hair of weight on staying where the pools' own laws are, so that what nothing tells does not drift.
            parts.extend(knobs.iter().map(|knob| 0.1 * knob));
            parts
        })
    }

    fn misfit(&self, knobs: &[f64]) -> f64 {
        self.parts(knobs).map_or(f64::INFINITY, |parts| parts.iter().map(|part| part * part).sum::<f64>())
    }

    /// How near it gets at first, and where: downhill by slopes from several starts.
    fn begun(self) -> (f64, Self, Vec<f64>) {
        if self.base.moving.is_empty() {
            return (0.0, self, vec![0.0; KNOBS]);
        }
        let starts = STARTS.map(|[region, all]| {
            let mut start = [0.0; KNOBS];
            (start[8], start[12]) = (region, all);
            let found = squares::descend(&start, self.options.steps / 5, |knobs| self.parts(knobs));
            (self.misfit(&found), found)
        });
        // Where laws are about as short as a tick, slopes lead nowhere.
        let without = minimise(&[0.0; KNOBS], 0.5, self.options.steps / 4, |knobs| self.misfit(knobs));
        let without = (self.misfit(&without), without);
        let (away, best) = starts.into_iter().fold(without, |best, other| if other.0 < best.0 { other } else { best });
        (away, self, best)
    }

    /// The market it ends with: on without slopes, since those of what is simulated are rough near the end.
    fn ended(&self, knobs: &[f64]) -> Model {
        if self.base.moving.is_empty() {
            return self.base.model(knobs);
        }
        self.base.model(&minimise(knobs, 0.08, self.options.steps * 2 / 5, |knobs| self.misfit(knobs)))
    }
}

/// Starts of the search: how much long shocks of a region gather about their mean, and those of all.
const STARTS: [[f64; 2]; 3] = [[0.0, 0.0], [0.0, 2.0], [1.5, 1.5]];

/// Replicas of a market, probed as the traces were, and counted.
pub fn simulate(model: &Model, traces: &Traces, seed: u64, trials: std::ops::Range<u64>, ticks: usize) -> Count {
    let pools = model.market();
    let one = |trial: u64| {
        let rows = probe(&pools, Luck::new(seed, trial), traces.gap, ticks);
        rows.into_iter().map(|row| row.into_iter().map(|there| there > 0).collect()).collect()
    };
    let all: Vec<Vec<Vec<bool>>> = trials.into_par_iter().map(one).collect();
    let mut count = Count::new(traces.gap, traces.regions());
    for rows in &all {
        count.see(rows);
    }
    count
}

/// The families by what they make of the later part, given the earlier.
fn contest(traces: &Traces, side: usize) -> Vec<Contest> {
    let of = |from: usize, to: usize| -> Vec<Vec<Run>> {
        traces.pools.iter().map(|pool| runs(&pool.up()[from..to])[side].clone()).collect()
    };
    let cut = (traces.ticks() as f64 * EARLIER) as usize;
    let (all, earlier, later) = (of(0, traces.ticks()), of(0, cut), of(cut, traces.ticks()));
    let one = |family: Family| {
        let (mut aic, mut held_out) = (0.0, 0.0);
        for ((all, earlier), later) in all.iter().zip(&earlier).zip(&later) {
            if let Some(shape) = laws::fit(family, all, traces.gap) {
                aic += 2.0 * family.parameters() as f64 - 2.0 * log_likelihood(&shape, all, traces.gap);
            }
            if let Some(shape) = laws::fit(family, earlier, traces.gap) {
                held_out += log_likelihood(&shape, later, traces.gap);
            }
        }
        Contest { family, aic, held_out }
    };
    let mut all: Vec<Contest> = Family::ALL.into_par_iter().map(one).collect();
    all.sort_by(|a, b| b.held_out.total_cmp(&a.held_out));
    all
}

/// Numbers that all pools share: outages; weight and spread of outages, of up times; then of what shocks of a region last,
/// and of what those of all last, the mean, the spread, the weight, and how much the long ones gather about their mean.
const KNOBS: usize = 13;

/// What the pools say by themselves.
struct Base<'a> {
    traces: &'a Traces,
    way: Way,
    /// Positions of pools that change.
    moving: Vec<usize>,
    /// Their regions, as numbers.
    region: Vec<usize>,
    regions: Vec<String>,
    shares: Shares,
    /// Laws of up times and outages, of the pools that change.
    shapes: Vec<[Shape; 2]>,
    /// Outages a second.
    rates: Vec<f64>,
    /// The mean outage, in seconds.
    outage: f64,
}

impl<'a> Base<'a> {
    fn new(traces: &'a Traces, way: Way) -> Self {
        let families = way.families();
        let count = traces.count();
        let figures = count.sketch();
        let rates = count.outage_rates();
        let changes =
            |pool: &usize| (1.0 - STEADY..=STEADY).contains(&figures.availability[*pool]) && rates[*pool] > 0.0;
        let moving: Vec<usize> = (0..traces.pools.len()).filter(changes).collect();
        let mut regions: Vec<String> = moving.iter().map(|pool| traces.pools[*pool].region.clone()).collect();
        regions.sort();
        regions.dedup();
        let number = |pool: &usize| regions.iter().position(|name| *name == traces.pools[*pool].region).unwrap_or(0);
        let region: Vec<usize> = moving.iter().map(number).collect();
        let mean = |of: &dyn Fn(usize, usize) -> bool| {
            let pairs = (0..moving.len()).flat_map(|a| (a + 1..moving.len()).map(move |b| (a, b)));
            let found = pairs.filter(|(a, b)| of(region[*a], region[*b]));
            let found: Vec<f64> = found.filter_map(|(a, b)| count.correlation(moving[a], moving[b])).collect();
            (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
        };
        let seen = Seen {
            availability: moving.iter().map(|pool| figures.availability[*pool]).collect(),
            within: (0..regions.len()).map(|of| mean(&|a, b| a == of && b == of)).collect(),
            near: mean(&|a, b| a == b),
            across: mean(&|a, b| a != b),
            dark: if moving.len() == traces.pools.len() { figures.dark } else { 0.0 },
            region: region.clone(),
        };
        let shapes = |pool: &usize| {
            let up = traces.pools[*pool].up();
            let own = runs(&up);
            // Too few runs for a law of its own: that of all pools.
            let near = [0, 1].map(|side| {
                laws::fit(families[side], &own[side], traces.gap)
                    .or_else(|| laws::fit(families[side], &count.runs()[side], traces.gap))
                    .unwrap_or(Shape::Weibull(1.0, figures.lengths[side][0].max(traces.gap)))
            });
            if way == Way::Ticks { hidden::fit(&up, traces.gap, near) } else { near }
        };
        let shapes: Vec<[Shape; 2]> = moving.par_iter().map(shapes).collect();
        // Ticks also tell how many outages no probe met.
        let rate = |(pool, [up, down]): (&usize, &[Shape; 2])| match way {
            Way::Ticks => 1.0 / (up.mean() + down.mean()),
            Way::Runs(_) => rates[*pool],
        };
        Self {
            rates: moving.iter().zip(&shapes).map(rate).collect(),
            shapes,
            outage: figures.lengths[1][0],
            shares: solve(&seen),
            traces,
            way,
            moving,
            region,
            regions,
        }
    }

    fn model(&self, knobs: &[f64]) -> Model {
        let falls = self.falls(knobs);
        let pool = |(at, probed): (usize, &Probed)| {
            let up = probed.counts.iter().filter(|there| **there > 0).count();
            let mut fitted = Fitted {
                place: probed.place.clone(),
                region: probed.region.clone(),
                nodes: probed.typical(),
                availability: if up * 2 > probed.counts.len() { 1.0 } else { 0.0 },
                up: None,
                down: None,
            };
            if let Some(at) = self.moving.iter().position(|moving| *moving == at) {
                self.by_itself(at, up as f64 / probed.counts.len() as f64, knobs, &falls, &mut fitted);
            }
            fitted
        };
        let pools = self.traces.pools.iter().enumerate().map(pool).collect();
        Model { pools, falls: falls.into_iter().map(|(fall, _)| fall).collect() }
    }

    /// The shocks, each with the region it is for.
    fn falls(&self, knobs: &[f64]) -> Vec<(Fall, Option<usize>)> {
        let kind = self.traces.kind();
        let lasts = |share: f64, knobs: &[f64]| {
            let wanted = 3.0 * self.outage * libm::exp(knobs[0]);
            // One that comes less than once in as long as the trace is one that the trace cannot have shown.
            let most = share * self.traces.ticks() as f64 * self.traces.gap;
            Shape::Humped {
                weight: 1.0 / (1.0 + libm::exp(-0.5 - knobs[2])),
                short: 1.0,
                long: 1.0 + 4.0 * libm::exp(knobs[1]),
                shape: libm::exp(knobs[3]),
            }
            .with_mean(wanted.min(most))
        };
        let fall = |share: shared::Share, on: String, region: Option<usize>, knobs: &[f64]| {
            let lasts = lasts(share.lasts, knobs);
            let calm = lasts.mean() * (1.0 - share.lasts) / share.lasts;
            let name = region.map(|region| self.regions[region].clone());
            // A shock that hardly ever comes would only be noise.
            let is_felt = share.lasts > 0.002 && share.each > 0.01;
            is_felt.then_some((Fall { on, region: name, calm, lasts, each: share.each }, region))
        };
        let regions = self.shares.regions.iter().enumerate();
        let regions =
            regions.map(|(n, share)| fall(*share, format!("{}/{kind}", self.regions[n]), Some(n), &knobs[5..9]));
        let all = fall(self.shares.all, self.traces.everything(), None, &knobs[9..]);
        regions.chain([all]).flatten().collect()
    }

    /// A pool's own laws: means from its availability and its number of outages, less those that shocks make.
    fn by_itself(&self, at: usize, up: f64, knobs: &[f64], falls: &[(Fall, Option<usize>)], into: &mut Fitted) {
        let mine = falls.iter().filter(|(_, region)| region.is_none_or(|region| region == self.region[at]));
        let (mut spared, mut struck) = (1.0, 0.0);
        for (fall, _) in mine {
            let cycle = fall.calm + fall.lasts.mean();
            spared *= 1.0 - fall.each * fall.lasts.mean() / cycle;
            struck += fall.each / cycle;
        }
        let alone = (up / spared).clamp(0.001, 0.995);
        let wanted = self.rates[at] * libm::exp(knobs[0]);
        // Shocks are seen to begin only where the pool was up.
        let own = (wanted - struck * up).max(0.15 * wanted) / spared;
        let shape = |side: usize, weight: f64, spread: f64, mean: f64| {
            let own = match self.shapes[at][side] {
                Shape::Mixture { weight: w, short, long } => {
                    let odds = w / (1.0 - w) * libm::exp(weight);
                    let weight = odds / (1.0 + odds);
                    let (short, long) = if self.way == Way::Ticks {
                        let short = (short * libm::exp(-spread)).max(hidden::LEAST * self.traces.gap).min(mean);
                        (short, (mean - weight * short) / (1.0 - weight))
                    } else {
                        (short, short * (1.0 + (long / short - 1.0) * libm::exp(spread)).max(1.0))
                    };
                    Shape::Mixture { weight, short, long }
                }
                // Pools' own laws are of the families, of which this is none.
                humped @ Shape::Humped { .. } => humped,
                Shape::LogNormal(mu, sigma) => Shape::LogNormal(mu, sigma * libm::exp(0.5 * spread)),
                Shape::Weibull(shape, scale) => Shape::Weibull(shape * libm::exp(-0.5 * spread), scale),
                Shape::Gamma(shape, scale) => Shape::Gamma(shape * libm::exp(-0.5 * spread), scale),
            };
            own.with_mean(mean)
        };
        into.availability = alone;
        into.down = Some(shape(1, knobs[1], knobs[2], (1.0 - alone) / own));
        into.up = Some(shape(0, knobs[3], knobs[4], alone / own));
    }
}

#[cfg(test)]
mod tests;
