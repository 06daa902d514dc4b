//! Shocks that make pools as correlated as they were seen to be: one for each region, one for all.
//!
//! **Invariant:** correlation and darkness of the model are closed forms, so nothing of this depends on luck.

use super::simplex::minimise;

/// What is known of the pools that are neither always up nor always down.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    /// Share of the time each is up.
    pub(super) availability: Vec<f64>,
    /// The region of each, as a number.
    pub(super) region: Vec<usize>,
    /// Of each region the mean correlation of its pools; `None` with fewer than two.
    pub(super) within: Vec<Option<f64>>,
    /// Of all pairs of pools of one region.
    pub(super) near: Option<f64>,
    /// Of pools of different regions.
    pub(super) across: Option<f64>,
    /// Share of the time that all are down.
    pub(super) dark: f64,
}

/// Share of the time a shock lasts, and the chance that it hits a pool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    pub(super) lasts: f64,
    pub(super) each: f64,
}

/// One shock a region, one for all.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shares {
    pub(super) regions: Vec<Share>,
    pub(super) all: Share,
}

/// A pool by itself may not be up more than this, or it would never go down by itself.
const MOST: f64 = 0.985;

impl Shares {
    fn region(&self, region: usize) -> Share {
        self.regions[region]
    }

    /// How much of the time a pool of this region is not hit.
    pub(super) fn spared(&self, region: usize) -> f64 {
        let Share { lasts, each } = self.region(region);
        (1.0 - lasts * each) * (1.0 - self.all.lasts * self.all.each)
    }

    fn correlation(&self, seen: &Seen, a: usize, b: usize) -> f64 {
        let together = |share: Share| {
            let Share { lasts, each } = share;
            (1.0 - 2.0 * lasts * each + lasts * each * each) / (1.0 - lasts * each).powi(2)
        };
        let near = if seen.region[a] == seen.region[b] { together(self.region(seen.region[a])) } else { 1.0 };
        let (x, y) = (seen.availability[a], seen.availability[b]);
        x * y * (near * together(self.all) - 1.0) / libm::sqrt(x * (1.0 - x) * y * (1.0 - y))
    }

    /// Share of the time that all pools are down: over what the shock of all does, the regions are independent.
    fn dark(&self, seen: &Seen) -> f64 {
        let given = |is_struck: bool| {
            let kept = if is_struck { 1.0 - self.all.each } else { 1.0 };
            let region = |region: usize| {
                let share = self.region(region);
                let pools = || (0..seen.region.len()).filter(move |pool| seen.region[*pool] == region);
                let down = |left: f64| {
                    let alone = |pool: usize| (seen.availability[pool] / self.spared(region)).min(1.0);
                    pools().map(|pool| 1.0 - alone(pool) * left * kept).product::<f64>()
                };
                share.lasts * down(1.0 - share.each) + (1.0 - share.lasts) * down(1.0)
            };
            (0..self.regions.len()).map(region).product::<f64>()
        };
        self.all.lasts * given(true) + (1.0 - self.all.lasts) * given(false)
    }

    /// How far all that is from what was seen, and from what can be.
    fn misfit(&self, seen: &Seen) -> f64 {
        let pairs = || (0..seen.region.len()).flat_map(|a| (a + 1..seen.region.len()).map(move |b| (a, b)));
        let mean = |of: &dyn Fn(usize, usize) -> bool| {
            let found: Vec<f64> =
                pairs().filter(|(a, b)| of(*a, *b)).map(|(a, b)| self.correlation(seen, a, b)).collect();
            found.iter().sum::<f64>() / found.len().max(1) as f64
        };
        let miss = |model: f64, seen: f64| ((model - seen) / (seen.abs() + 0.02)).powi(2);
        let mut sum = 0.0;
        for (region, within) in seen.within.iter().enumerate() {
            let own = |a: usize, b: usize| seen.region[a] == region && seen.region[b] == region;
            sum += within.map_or(0.0, |within| 0.5 * miss(mean(&own), within.max(0.0)));
        }
        // Shocks make no pools avoid each other: where those of one region do, the mean over all regions is missed
        // unless it counts by itself.
        sum += seen.near.map_or(0.0, |near| 2.0 * miss(mean(&|a, b| seen.region[a] == seen.region[b]), near.max(0.0)));
        sum += seen
            .across
            .map_or(0.0, |across| 2.0 * miss(mean(&|a, b| seen.region[a] != seen.region[b]), across.max(0.0)));
        sum += 2.0 * ((self.dark(seen) - seen.dark) / (seen.dark + 0.002)).powi(2);
        let above = |pool: usize| (seen.availability[pool] / self.spared(seen.region[pool]) - MOST).max(0.0);
        sum + 1e4 * (0..seen.region.len()).map(|pool| above(pool).powi(2)).sum::<f64>()
    }
}

/// The shocks that fit best. A region with one pool has none, since nothing would tell it from the pool's own outages.
pub(super) fn solve(seen: &Seen) -> Shares {
    let chance = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    let regions = seen.within.len();
    let shares = |p: &[f64]| Shares {
        regions: (0..regions)
            .map(|region| {
                let lasts = if seen.within[region].is_some() { chance(p[region]) } else { 0.0 };
                Share { lasts, each: 1.0 }
            })
            .collect(),
        all: Share {
            lasts: if seen.across.is_some() { chance(p[regions]) } else { 0.0 },
            each: chance(p[regions + 1]),
        },
    };
    let from = |all: f64, each: f64| {
        let mut start = vec![-1.5; regions];
        start.extend([all, each]);
        let once = minimise(&start, 0.7, 4_000, |p| shares(p).misfit(seen));
        // Once more from where it stopped: a simplex may have collapsed too early.
        let again = minimise(&once, 0.3, 4_000, |p| shares(p).misfit(seen));
        (shares(&again).misfit(seen), shares(&again))
    };
    let found = [from(-3.0, 1.0), from(-2.0, 0.0), from(-1.0, 0.5)];
    let [first, others @ ..] = found;
    others.into_iter().fold(first, |best, other| if other.0 < best.0 { other } else { best }).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shocks_of_nine_zones_are_found_again() {
        let truth = Shares {
            regions: vec![Share { lasts: 0.3, each: 1.0 }, Share { lasts: 0.1, each: 1.0 }],
            all: Share { lasts: 0.05, each: 0.8 },
        };
        let region = vec![0, 0, 0, 1, 1];
        let mut seen = Seen {
            availability: vec![0.3, 0.4, 0.5, 0.7, 0.75],
            region: region.clone(),
            within: vec![None, None],
            near: None,
            across: None,
            dark: 0.0,
        };
        seen.dark = truth.dark(&seen);
        let mean = |of: &dyn Fn(usize, usize) -> bool| {
            let pairs = (0..5).flat_map(|a| (a + 1..5).map(move |b| (a, b))).filter(|(a, b)| of(*a, *b));
            let found: Vec<f64> = pairs.map(|(a, b)| truth.correlation(&seen, a, b)).collect();
            found.iter().sum::<f64>() / found.len() as f64
        };
        let within = [0, 1].map(|r| Some(mean(&|a, b| region[a] == r && region[b] == r)));
        let across = Some(mean(&|a, b| region[a] != region[b]));
        let near = Some(mean(&|a, b| region[a] == region[b]));
        let seen = Seen { within: within.to_vec(), near, across, ..seen };
        let found = solve(&seen);
        assert!(found.misfit(&seen) < 1e-4, "{found:?} misses by {}", found.misfit(&seen));
    }
}
