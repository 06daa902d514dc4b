//! Laws of up times and outages fitted to all that probes at even times saw of one pool, and to what they cannot have
//! seen.
//!
//! **Invariant:** the likelihood is exact: outages and up times that come and go between two probes, however many, are
//! in it, so that the laws give the rate at which they truly come, not the one at which they are met.
//!
//! With laws of two exponential parts each the pool is a Markov chain of four states of which a probe tells two apart
//! (a hidden Markov model; the chain from tick to tick is the exponential of its rates times the tick).

use std::array::from_fn;

use super::laws::Shape;
use super::simplex::minimise;

/// Rates or chances from state to state: up for short, up for long, down for short, down for long.
type Matrix = [[f64; 4]; 4];

/// A shorter part, in ticks, is not told from many shorter still: probes would meet as much of either.
pub(super) const LEAST: f64 = 0.5;
/// Looks at the likelihood, before and after the simplex is spread again.
const LOOKS: usize = 600;

/// The likeliest laws of up times and of outages, two exponential parts each, from those that the runs by themselves
/// suggest; `up` says whether the pool was up at each tick of `gap` seconds.
pub(super) fn fit(up: &[bool], gap: f64, near: [Shape; 2]) -> [Shape; 2] {
    let bounds = [LEAST * gap, (up.len() as f64 * gap).max(gap)];
    let inside = |mean: f64| libm::log(mean.clamp(bounds[0], bounds[1]));
    let numbers = near.map(|shape| match shape {
        Shape::Mixture { weight, short, long } => {
            [libm::log(weight / (1.0 - weight)).clamp(-4.5, 4.5), inside(short), inside(long)]
        }
        other => [0.0, inside(other.mean()), inside(other.mean())],
    });
    let start = numbers.concat();
    let worth = |p: &[f64]| {
        let is_mean = |at: usize| (inside(0.0)..=inside(f64::INFINITY)).contains(&p[at]);
        let is_sound = [0, 3].iter().all(|at: &usize| p[*at].abs() <= 4.6) && [1, 2, 4, 5].into_iter().all(is_mean);
        if is_sound { -log_likelihood(&laws(p), up, gap) } else { f64::INFINITY }
    };
    let once = minimise(&start, -0.4, LOOKS, worth);
    // Once more from where it stopped: a simplex may have collapsed too early.
    laws(&minimise(&once, 0.2, LOOKS, worth))
}

/// The laws that the numbers of the search stand for.
fn laws(p: &[f64]) -> [Shape; 2] {
    [0, 3].map(|at| {
        let weight = 1.0 / (1.0 + libm::exp(-p[at]));
        let (one, other) = (libm::exp(p[at + 1]), libm::exp(p[at + 2]));
        if one <= other {
            Shape::Mixture { weight, short: one, long: other }
        } else {
            Shape::Mixture { weight: 1.0 - weight, short: other, long: one }
        }
    })
}

/// The natural logarithm of the chance to see just this at the ticks.
fn log_likelihood(laws: &[Shape; 2], up: &[bool], gap: f64) -> f64 {
    let sides = laws.map(|shape| match shape {
        Shape::Mixture { weight, short, long } => ([weight, 1.0 - weight], [short, long]),
        other => ([1.0, 0.0], [other.mean(); 2]),
    });
    let mut rates: Matrix = [[0.0; 4]; 4];
    let mut held = [0.0; 4];
    for (side, (weights, means)) in sides.into_iter().enumerate() {
        let (here, there) = (2 * side, 2 - 2 * side);
        for part in 0..2 {
            rates[here + part][here + part] = -1.0 / means[part];
            for next in 0..2 {
                rates[here + part][there + next] = sides[1 - side].0[next] / means[part];
            }
            held[here + part] = weights[part] * means[part];
        }
    }
    let chances = exponential(&rates, gap);
    let side = |is_up: bool| if is_up { 0 } else { 2 };
    let Some(first) = up.first() else { return 0.0 };
    let (mut at, cycle) = (side(*first), held.iter().sum::<f64>());
    let mut state = [held[at] / cycle, held[at + 1] / cycle];
    let mut sum = 0.0;
    for is_up in &up[1..] {
        let to = side(*is_up);
        state = from_fn(|next| state[0] * chances[at][to + next] + state[1] * chances[at + 1][to + next]);
        at = to;
        let chance = state[0] + state[1];
        // Logarithms take long, so they are taken only before what is left gets too small.
        if chance < 1e-100 {
            sum += libm::log(chance.max(1e-300));
            state = state.map(|part| part / chance.max(1e-300));
        }
    }
    sum + libm::log((state[0] + state[1]).max(1e-300))
}

/// The exponential of rates times seconds: the series of a part of the time, squared as often as it was halved.
fn exponential(rates: &Matrix, seconds: f64) -> Matrix {
    let fastest = rates.iter().enumerate().map(|(at, row)| -row[at]).fold(0.0, f64::max) * seconds;
    let halved = libm::ceil(libm::log2((fastest * 8.0).max(1.0)));
    let part = seconds / libm::exp2(halved);
    let unit: Matrix = from_fn(|row| from_fn(|column| f64::from(u8::from(row == column))));
    let (mut sum, mut term) = (unit, unit);
    for n in 1..=10 {
        term = product(&term, rates).map(|row| row.map(|x| x * part / f64::from(n)));
        sum = from_fn(|row| from_fn(|column| sum[row][column] + term[row][column]));
    }
    (0..halved as u32).fold(sum, |sum, _| product(&sum, &sum))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    from_fn(|row| from_fn(|column| (0..4).map(|k| a[row][k] * b[k][column]).sum()))
}

#[cfg(test)]
mod tests {
    use super::super::model::probe;
    use super::*;
    use crate::model::Span;
    use crate::sim::market::{Pool, Renewal, Stock};
    use crate::sim::{Entity, Luck};
    use crate::study::fit::laws;

    #[test]
    fn a_chain_of_two_states_has_a_closed_form() {
        // Up 300 s, down 100 s on average: P(up after t | up) = 0.75 + 0.25 exp(-t (1/300 + 1/100)).
        let alike = |mean: f64| Shape::Mixture { weight: 0.5, short: mean, long: mean };
        let stays = 0.75 + 0.25 * libm::exp(-600.0 / 75.0);
        let back = 0.75 - 0.75 * libm::exp(-600.0 / 75.0);
        let seen = [true, true, false, true];
        let chance = 0.75 * stays * (1.0 - stays) * back;
        let found = log_likelihood(&[alike(300.0), alike(100.0)], &seen, 600.0);
        assert!((found - libm::log(chance)).abs() < 1e-9, "{found} {}", libm::log(chance));
    }

    #[test]
    fn outages_that_end_before_the_next_probe_are_counted() {
        // Most outages end before the next probe, so that about half are met.
        let truth = [
            Shape::Mixture { weight: 0.6, short: 1200.0, long: 12_000.0 },
            Shape::Mixture { weight: 0.85, short: 360.0, long: 9000.0 },
        ];
        let pool = Pool {
            entity: Entity(3),
            stock: Stock::Renewal(Renewal::new(truth[0].law(), truth[1].law(), 1).expect("a sound law")),
            shocks: Vec::new().into(),
            life: None,
            reclaims: false,
            notice: Span::ZERO,
            price: None,
        };
        let rows = probe(&[pool], Luck::new(3, 0), 600.0, 60_000);
        let up: Vec<bool> = rows[0].iter().map(|there| *there > 0).collect();
        let runs = super::super::runs::runs(&up);
        let near = [0, 1].map(|side| laws::fit(laws::Family::Mixture, &runs[side], 600.0).expect("runs"));
        let rate = |laws: &[Shape; 2]| 1.0 / (laws[0].mean() + laws[1].mean());
        let met = runs[1].len() as f64 / (60_000.0 * 600.0);
        assert!(met < 0.6 * rate(&truth), "a probe meets few of them: {met} of {}", rate(&truth));
        let found = fit(&up, 600.0, near);
        assert!((rate(&found) / rate(&truth) - 1.0).abs() < 0.1, "{found:?}");
        let Shape::Mixture { weight, short, long } = found[1] else { panic!("{found:?}") };
        for (found, truth) in [(weight, 0.85), (short, 360.0), (long, 9000.0)] {
            assert!((found / truth - 1.0).abs() < 0.15, "{weight} {short} {long}");
        }
    }
}
