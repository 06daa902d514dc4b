//! Sums of numbers whose signs are flipped at random.
//!
//! **Invariant:** the same signs give the same bits, since terms are always added in the same order.

/// All sixteen sums of every four neighbours, so that four signs cost one look-up.
#[derive(Debug)]
pub(super) struct Flips {
    sums: Vec<[f64; 16]>,
}

impl Flips {
    pub(super) fn new(numbers: &[f64]) -> Self {
        let sum = |four: &[f64], signs: usize| {
            four.iter().enumerate().map(|(at, x)| if signs >> at & 1 == 1 { -x } else { *x }).sum()
        };
        Self { sums: numbers.chunks(4).map(|four| std::array::from_fn(|signs| sum(four, signs))).collect() }
    }

    /// The sum with the numbers negated whose bit is set.
    pub(super) fn sum(&self, coins: &[u64]) -> f64 {
        let four = |(word, sums): (&u64, &[[f64; 16]])| -> f64 {
            sums.iter().enumerate().map(|(at, sums)| sums[(word >> (4 * at) & 15) as usize]).sum()
        };
        coins.iter().zip(self.sums.chunks(16)).map(four).sum()
    }
}
