//! Differences of a quantile between two sides of pairs that are swapped at random.
//!
//! **Invariant:** one swap costs a few counts of bits and a short walk, not a sort: the pooled order never changes,
//! only who owns which value.

use crate::study::stats::quantile::Position;

/// Pairs pooled and sorted.
#[derive(Debug)]
pub(in crate::study::stats) struct Swaps {
    /// All values of both sides, ascending.
    values: Vec<f64>,
    /// Whose each is: coin · 2, plus 1 if it belongs to the second side as long as the coin shows 0.
    tags: Vec<u32>,
    unequal: usize,
    position: Position,
    /// Before every `spacing`-th value.
    checkpoints: Vec<Checkpoint>,
    spacing: usize,
}

/// Whose the values below a rank are. A pair wholly below gives each side one; a pair half below gives one side one,
/// which the coin decides.
#[derive(Debug, Clone)]
struct Checkpoint {
    whole: [usize; 2],
    /// Coins of the pairs half below.
    half: Vec<u64>,
    /// Those of them whose lower value is the second side's, as long as the coin shows 0.
    second: Vec<u64>,
}

/// A side, in the sense of bits.
const FIRST: u64 = 0;
const SECOND: u64 = 1;

impl Swaps {
    /// `None` without pairs.
    pub(in crate::study::stats) fn new(pairs: impl ExactSizeIterator<Item = (f64, f64)>, q: f64) -> Option<Self> {
        let position = Position::of(pairs.len(), q)?;
        let mut pooled: Vec<(f64, u32)> = Vec::with_capacity(2 * pairs.len());
        let mut unequal = 0u32;
        let mut equal = Vec::new();
        for (a, b) in pairs {
            if a.total_cmp(&b).is_eq() {
                equal.push(a);
            } else {
                pooled.extend([(a, unequal << 1), (b, unequal << 1 | 1)]);
                unequal += 1;
            }
        }
        // The coin past the last is never thrown: equal pairs look the same either way.
        pooled.extend(equal.into_iter().flat_map(|x| [(x, unequal << 1), (x, unequal << 1 | 1)]));
        pooled.sort_unstable_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        let (values, tags): (Vec<f64>, Vec<u32>) = pooled.into_iter().unzip();
        let spacing = (values.len() / 64).max(256);
        let checkpoints = checkpoints(&tags, unequal as usize, spacing);
        Some(Self { values, tags, unequal: unequal as usize, position, checkpoints, spacing })
    }

    /// Coins there are to throw.
    pub(in crate::study::stats) fn unequal(&self) -> usize {
        self.unequal
    }

    /// First side minus second, both never being no difference.
    pub(in crate::study::stats) fn difference(&self, coins: &[u64]) -> f64 {
        let difference = self.quantile(coins, FIRST) - self.quantile(coins, SECOND);
        if difference.is_nan() { 0.0 } else { difference }
    }

    fn quantile(&self, coins: &[u64], side: u64) -> f64 {
        let wanted = self.position.index;
        let past = self.checkpoints.partition_point(|checkpoint| checkpoint.below(coins, side) <= wanted);
        let start = (past - 1) * self.spacing;
        let mut missing = wanted - self.checkpoints[past - 1].below(coins, side);
        let mut owned = (start..self.tags.len()).filter(|at| owner(self.tags[*at], coins) == side);
        // Skipping one by one, since `nth` would not be faster.
        let mut low = owned.next();
        while missing > 0 {
            low = owned.next();
            missing -= 1;
        }
        let read = |at: Option<usize>| at.map_or(f64::INFINITY, |at| self.values[at]);
        if self.position.weight <= 0.0 { read(low) } else { self.position.between(read(low), read(owned.next())) }
    }
}

fn owner(tag: u32, coins: &[u64]) -> u64 {
    let coin = (tag >> 1) as usize;
    coins[coin / 64] >> (coin % 64) & 1 ^ u64::from(tag & 1)
}

impl Checkpoint {
    /// How many values below are this side's.
    fn below(&self, coins: &[u64], side: u64) -> usize {
        let flip = if side == FIRST { u64::MAX } else { 0 };
        let words = self.half.iter().zip(&self.second).zip(coins);
        self.whole[side as usize]
            + words.map(|((half, second), coin)| ((coin ^ second ^ flip) & half).count_ones() as usize).sum::<usize>()
    }
}

fn checkpoints(tags: &[u32], unequal: usize, spacing: usize) -> Vec<Checkpoint> {
    let words = unequal / 64 + 1;
    let mut now = Checkpoint { whole: [0; 2], half: vec![0; words], second: vec![0; words] };
    let mut all = vec![now.clone()];
    for (at, tag) in tags.iter().enumerate() {
        let coin = (tag >> 1) as usize;
        let (word, bit) = (coin / 64, 1u64 << (coin % 64));
        if coin == unequal {
            now.whole[(tag & 1) as usize] += 1;
        } else if now.half[word] & bit == 0 {
            now.half[word] |= bit;
            now.second[word] |= if tag & 1 == 1 { bit } else { 0 };
        } else {
            now.half[word] &= !bit;
            now.second[word] &= !bit;
            now.whole.iter_mut().for_each(|owned| *owned += 1);
        }
        if (at + 1) % spacing == 0 {
            all.push(now.clone());
        }
    }
    all
}
