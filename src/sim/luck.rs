//! Streams of luck: one independent generator for every (seed, trial, entity, purpose, n).
//!
//! **Invariant:** a stream depends on nothing but those five values, so adding an entity, a policy or a thread
//! shifts nobody else's draws, and two policies meet the same luck.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// What something of the market is called, as a number: the hash of its name, never its position in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity(pub u64);

/// What a draw is for; each purpose has a stream of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Capacity coming and going.
    Stock = 1,
    /// How long an answer takes.
    Latency = 2,
    /// Whether something goes wrong.
    Fault = 3,
    /// How long a spot lease lives.
    Life = 4,
    /// How long a lease is needed.
    Hold = 5,
    /// When demands arrive.
    Arrival = 6,
    /// What a policy draws.
    Policy = 7,
    /// Shared shocks coming and going, and whom they hit.
    Shock = 8,
    /// Spot prices moving.
    Price = 9,
    /// What others in the account use, and when an increase is granted.
    Quota = 10,
}

/// The luck of one trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Luck {
    key: u64,
}

/// One stream.
#[derive(Debug, Clone)]
pub struct Stream(Xoshiro256PlusPlus);

impl Entity {
    /// From a name that is unique in its scenario (`pool gcp/us-west1/us-west1-a/n1-highmem-8+V100:1/spot`).
    pub fn named(name: &str) -> Self {
        // FNV-1a reads names well but spreads their last byte badly, hence the mixing after it.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(mix(hash, name.len() as u64))
    }

    /// What becomes of two things together, such as a shock and a pool it may hit. The order counts.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(mix(self.0, other.0))
    }
}

impl Luck {
    /// The luck of one trial of a study.
    pub fn new(seed: u64, trial: u64) -> Self {
        Self { key: mix(mix(0x736b_795f_6c75_636b, seed), trial) }
    }

    /// The `n`-th stream of an entity for a purpose.
    pub fn stream(self, entity: Entity, purpose: Purpose, n: u64) -> Stream {
        let key = mix(mix(self.key, entity.0), (purpose as u64) << 56 ^ n);
        Stream(Xoshiro256PlusPlus::seed_from_u64(key))
    }

    /// A number to start somebody else's generator with.
    pub fn seed(self, purpose: Purpose) -> u64 {
        mix(self.key, purpose as u64)
    }
}

impl Stream {
    /// A number strictly between 0 and 1, in steps of 2⁻⁵².
    pub fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

/// Takes `value` into `state` so that every bit of either changes about half of the result's bits: a multiplication
/// to 128 bits folded back, twice, with the odd constants of Stafford's thirteenth mixer.
fn mix(state: u64, value: u64) -> u64 {
    let once = fold(state ^ 0x9e37_79b9_7f4a_7c15, value ^ 0xbf58_476d_1ce4_e5b9);
    let spread = (once ^ (once >> 31)).wrapping_add(state.rotate_left(17));
    fold(spread ^ 0x94d0_49bb_1331_11eb, value.rotate_left(32) ^ 0xd6e8_feb8_6659_fd93)
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_keys_differ_in_about_half_their_bits() {
        let mut flipped = 0u32;
        let mut pairs = 0u32;
        for value in 0..500u64 {
            for bit in 0..64 {
                flipped += (mix(7, value) ^ mix(7, value ^ (1 << bit))).count_ones();
                flipped += (mix(value, 7) ^ mix(value ^ (1 << bit), 7)).count_ones();
                pairs += 2;
            }
        }
        let mean = f64::from(flipped) / f64::from(pairs);
        assert!((31.8..32.2).contains(&mean), "{mean} of 64 bits flip");
    }

    #[test]
    fn streams_are_their_own() {
        let luck = Luck::new(1, 2);
        let entity = Entity::named("pool a");
        let first = |stream: &mut Stream| stream.unit().to_bits();
        let base = first(&mut luck.stream(entity, Purpose::Stock, 0));
        assert_eq!(base, first(&mut luck.stream(entity, Purpose::Stock, 0)));
        assert_ne!(base, first(&mut luck.stream(entity, Purpose::Stock, 1)));
        assert_ne!(base, first(&mut luck.stream(entity, Purpose::Fault, 0)));
        assert_ne!(base, first(&mut luck.stream(Entity::named("pool b"), Purpose::Stock, 0)));
        assert_ne!(base, first(&mut Luck::new(1, 3).stream(entity, Purpose::Stock, 0)));
        assert_ne!(base, first(&mut Luck::new(2, 2).stream(entity, Purpose::Stock, 0)));
    }

    #[test]
    fn first_draws_over_trials_are_uniform() {
        let entity = Entity::named("pool a");
        let mut buckets = [0i32; 20];
        for trial in 0..20_000 {
            let u = Luck::new(42, trial).stream(entity, Purpose::Stock, 0).unit();
            buckets[(u * 20.0) as usize] += 1;
        }
        let chi2: f64 = buckets.iter().map(|n| f64::from(n - 1000).powi(2) / 1000.0).sum();
        // 19 degrees of freedom: 43.8 is passed once in a thousand times.
        assert!(chi2 < 43.8, "chi² {chi2}");
    }
}
