//! A market in numbers: pools with laws of their own under shocks that they share.
//!
//! **Invariant:** the numbers are those that the scenario file gives, digit for digit, so what is judged is what is run.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::model::{Span, Timestamp};
use crate::sim::market::{Course, Pool, Renewal, Shock, Stock};
use crate::sim::{Entity, Law, Luck};

use super::laws::Shape;

/// A pool by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Its selector: `aws/us-east-1/us-east-1a/V100`.
    pub place: String,
    /// The selector of its region: `aws/us-east-1`.
    pub region: String,
    /// Machines while it is up.
    pub nodes: u32,
    /// Share of the time it is up by itself; 1 and 0 for one that never changes.
    pub availability: f64,
    /// How long it is up; `None` for one that never changes.
    pub up: Option<Shape>,
    /// How long it is down.
    pub down: Option<Shape>,
}

/// What falls on many pools.
#[derive(Debug, Clone, PartialEq)]
pub struct Fall {
    /// The selector of what it falls on: `aws/us-east-1/V100`.
    pub on: String,
    /// The region it is for; `None` for all.
    pub region: Option<String>,
    /// From the end of one to the start of the next, in seconds, exponential.
    pub calm: f64,
    /// How long one lasts.
    pub lasts: Shape,
    /// Chance that a pool is hit.
    pub each: f64,
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The pools.
    pub pools: Vec<Fitted>,
    /// The shocks.
    pub falls: Vec<Fall>,
}

impl Model {
    /// With every number as it is printed.
    #[must_use]
    pub fn rounded(&self) -> Self {
        let minutes = |seconds: f64| (seconds / 0.6).round().max(1.0) * 0.6;
        let part = |share: f64| (share * 1e4).round() / 1e4;
        let shape = |shape: Shape| match shape {
            Shape::Mixture { weight, short, long } => {
                Shape::Mixture { weight: part(weight), short: minutes(short), long: minutes(long) }
            }
            Shape::Humped { weight, short, long, shape } => {
                Shape::Humped { weight: part(weight), short: minutes(short), long: minutes(long), shape: part(shape) }
            }
            Shape::Weibull(a, b) => Shape::Weibull(part(a), minutes(b)),
            Shape::LogNormal(mu, sigma) => Shape::LogNormal(libm::log(minutes(libm::exp(mu))), part(sigma)),
            Shape::Gamma(a, b) => Shape::Gamma(part(a), minutes(b)),
        };
        let pool = |pool: &Fitted| Fitted {
            availability: part(pool.availability),
            up: pool.up.map(shape),
            down: pool.down.map(shape),
            ..pool.clone()
        };
        let fall = |fall: &Fall| Fall {
            calm: minutes(fall.calm),
            lasts: shape(fall.lasts),
            each: part(fall.each),
            ..fall.clone()
        };
        Self { pools: self.pools.iter().map(pool).collect(), falls: self.falls.iter().map(fall).collect() }
    }

    /// As the simulator runs it.
    pub fn market(&self) -> Vec<Pool> {
        let shock = |fall: &Fall| {
            let calm = Law::Exponential { mean: fall.calm };
            let entity = Entity::named(&format!("shock {}", fall.on));
            Shock::new(entity, calm, fall.lasts.law(), 1.0, fall.each).ok().map(Arc::new)
        };
        let shocks: Vec<(&Fall, Arc<Shock>)> =
            self.falls.iter().filter_map(|fall| Some((fall, shock(fall)?))).collect();
        let pool = |pool: &Fitted| Pool {
            entity: Entity::named(&format!("pool {}", pool.place)),
            stock: pool.stock(),
            shocks: shocks
                .iter()
                .filter(|(fall, _)| pool.down.is_some() && fall.region.as_ref().is_none_or(|r| *r == pool.region))
                .map(|(_, shock)| Arc::clone(shock))
                .collect(),
            life: None,
            reclaims: false,
            notice: Span::ZERO,
            price: None,
        };
        self.pools.iter().map(pool).collect()
    }

    /// The lines of a scenario file.
    pub fn yaml(&self) -> String {
        // Writing to a string cannot fail.
        let mut text = String::new();
        if !self.falls.is_empty() {
            text.push_str("shocks:\n");
        }
        for fall in &self.falls {
            let lasts = law(&fall.lasts);
            let _ = writeln!(
                text,
                "  - {{on: \"{}\", every: {}, lasts: {lasts}, depth: 1, each: {}}}",
                fall.on,
                minutes(fall.calm),
                fall.each
            );
        }
        text.push_str("clouds:\n");
        for pool in &self.pools {
            let _ = match (&pool.up, &pool.down) {
                (Some(up), Some(down)) => writeln!(
                    text,
                    "  {}:\n    pool: {{semi_markov: {{availability: {}, up: {}, down: {}, nodes: {}}}}}",
                    pool.place,
                    pool.availability,
                    law(up),
                    law(down),
                    pool.nodes
                ),
                _ if pool.availability > 0.5 => {
                    writeln!(text, "  {}: {{pool: {{always: {}}}}}", pool.place, pool.nodes)
                }
                _ => writeln!(text, "  {}: {{pool: never}}", pool.place),
            };
        }
        text
    }
}

impl Fitted {
    fn stock(&self) -> Stock {
        let constant = Stock::Always(if self.availability > 0.5 { self.nodes } else { 0 });
        let (Some(up), Some(down)) = (self.up, self.down) else { return constant };
        // As a scenario reads `availability`: the up times are stretched to it.
        let mean = down.mean() * self.availability / (1.0 - self.availability);
        let up = up.law().stretched(mean / up.mean());
        Renewal::new(up, down.law(), self.nodes).map_or(constant, Stock::Renewal)
    }
}

fn minutes(seconds: f64) -> String {
    format!("{}m", (seconds / 0.6).round() / 100.0)
}

fn law(shape: &Shape) -> String {
    match shape {
        Shape::Mixture { weight, short, long } => {
            let rest = ((1.0 - weight) * 1e4).round() / 1e4;
            format!("{{hyper_exponential: [[{weight}, {}], [{rest}, {}]]}}", minutes(*short), minutes(*long))
        }
        Shape::Humped { weight, short, long, shape } => {
            let rest = ((1.0 - weight) * 1e4).round() / 1e4;
            format!(
                "{{mixture: [{{weight: {weight}, law: {{exponential: {}}}}}, \
                 {{weight: {rest}, law: {{gamma: {{shape: {shape}, mean: {}}}}}}}]}}",
                minutes(*short),
                minutes(*long)
            )
        }
        Shape::Weibull(a, b) => format!("{{weibull: {{shape: {a}, scale: {}}}}}", minutes(*b)),
        Shape::LogNormal(mu, sigma) => {
            format!("{{lognormal: {{median: {}, sigma: {sigma}}}}}", minutes(libm::exp(*mu)))
        }
        Shape::Gamma(a, b) => format!("{{gamma: {{shape: {a}, scale: {}}}}}", minutes(*b)),
    }
}

/// What probes at even times would see of a market: of every pool, the machines at each tick.
pub fn probe(pools: &[Pool], luck: Luck, gap: f64, ticks: usize) -> Vec<Vec<u32>> {
    let at = |tick: usize| Timestamp((tick as f64 * gap * 1e6).round() as u64);
    let row = |pool: &Pool| {
        let mut course = Course::start(pool, luck);
        let mut row = Vec::with_capacity(ticks);
        while row.len() < ticks {
            let now = at(row.len());
            let there = course.at(pool, now);
            let until = course.next_change(pool, now).map_or(u64::MAX, |next| next.0);
            while row.len() < ticks && (at(row.len()) == now || at(row.len()).0 < until) {
                row.push(there);
            }
        }
        row
    };
    pools.iter().map(row).collect()
}
