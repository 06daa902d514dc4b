//! Proofs of the statistics: against definitions, against published numbers, and by simulation.

mod bootstrap;
mod comparing;
mod coverage;
mod degenerate;
mod permuting;
mod shares;
mod survival;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::*;

/// Luck of the tests themselves, apart from that of what is tested.
struct Dice(Xoshiro256PlusPlus);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed ^ 0xd1ce))
    }

    /// Strictly between 0 and 1.
    fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    fn exponential(&mut self) -> f64 {
        -libm::log(self.unit())
    }

    fn normal(&mut self) -> f64 {
        normal_quantile(self.unit())
    }

    fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }
}

fn sample(values: &[f64]) -> Sample {
    Sample::new(values.to_vec()).expect("numbers")
}

fn close(actual: f64, expected: f64, tolerance: f64) {
    assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected} ± {tolerance}");
}

/// What `compute` gives on so many threads.
fn on_threads<T: Send>(threads: usize, compute: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(compute)
}
