//! Streams of luck for resampling: one for every (seed, purpose, index).
//!
//! **Invariant:** a stream depends on nothing but those three values, so threads and other resamples shift no draw.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// What the luck is spent on; bootstrap and permutation test of one seed must not share theirs.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(super) enum Purpose {
    /// Drawing trials with replacement.
    Resample = 1,
    /// Swapping the sides of pairs.
    Permute = 2,
}

/// Uniform bits.
#[derive(Debug, Clone)]
pub(super) struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of the `index`-th resample or permutation.
    pub(super) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let key = mix(mix(mix(seed) ^ purpose as u64) ^ index);
        Self(Xoshiro256PlusPlus::seed_from_u64(key))
    }

    /// 64 fair coins.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws `counts.len()` times with replacement and counts how often each index came up.
    ///
    /// Two draws from each 64 bits: the upper half of a product maps 32 bits to an index, and the few values that would
    /// favour some indices are drawn again (Lemire 2019), so every index has the same chance exactly.
    pub(super) fn draw_counts(&mut self, counts: &mut [u16]) {
        counts.fill(0);
        let n = counts.len() as u64;
        let unfair = (1u64 << 32) % n.max(1);
        let mut left = n;
        while left > 0 {
            let bits = self.bits();
            for half in [bits >> 32, bits & 0xffff_ffff] {
                let product = half * n;
                if left > 0 && product & 0xffff_ffff >= unfair {
                    counts[(product >> 32) as usize] += 1;
                    left -= 1;
                }
            }
        }
    }
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): every input bit changes about half of the output's.
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finaliser_is_splitmix64s() {
        // The first outputs of the published generator from state 1234567.
        let gamma = 0x9e37_79b9_7f4a_7c15_u64;
        let outputs: Vec<u64> = (0..3).map(|n| mix(1_234_567_u64.wrapping_add(gamma.wrapping_mul(n)))).collect();
        assert_eq!(outputs, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_are_complete_and_even() {
        let n = 50;
        let (mut total, mut counts) = (vec![0u32; n], vec![0u16; n]);
        for index in 0..2000 {
            Stream::new(7, Purpose::Resample, index).draw_counts(&mut counts);
            assert_eq!(counts.iter().map(|c| usize::from(*c)).sum::<usize>(), n);
            total.iter_mut().zip(&counts).for_each(|(sum, c)| *sum += u32::from(*c));
        }
        let chi2: f64 = total.iter().map(|t| (f64::from(*t) - 2000.0).powi(2) / 2000.0).sum();
        // 49 degrees of freedom: 85.4 is passed once in a thousand times.
        assert!(chi2 < 85.4, "chi² {chi2}");
    }

    #[test]
    fn streams_are_their_own() {
        let first = |seed, purpose, index| Stream::new(seed, purpose, index).bits();
        let base = first(1, Purpose::Resample, 2);
        assert_eq!(base, first(1, Purpose::Resample, 2));
        for other in [first(1, Purpose::Resample, 3), first(1, Purpose::Permute, 2), first(2, Purpose::Resample, 2)] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn nothing_to_draw_from_draws_nothing() {
        Stream::new(1, Purpose::Resample, 0).draw_counts(&mut []);
    }
}
