//! The shape of many trials, for pictures: times in order, prices and their shares, a trial that is typical.

use crate::model::Money;

use super::Trial;

/// Seconds until each request that was placed was, ascending.
pub fn seconds_placed(trials: &[Trial]) -> Vec<f64> {
    let mut seconds: Vec<f64> = trials.iter().filter(|t| t.is_placed()).map(|t| t.elapsed.as_secs_f64()).collect();
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// How often each price was obtained.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceShares {
    /// The prices, ascending, in dollars per hour for all nodes.
    pub prices: Vec<Money>,
    /// The last of them stands for all from there on.
    pub is_open: bool,
    /// One a policy: the share of requests at each price, and last of those that were never placed.
    pub shares: Vec<Vec<f64>>,
}

impl PriceShares {
    /// Where a price stands among these: the first that is not below it.
    pub fn position(&self, price: Money) -> usize {
        self.prices.partition_point(|obtained| *obtained < cents(price))
    }
}

/// To the cent, as prices are printed.
const fn cents(price: Money) -> Money {
    Money((price.0 + 5_000) / 10_000 * 10_000)
}

/// Counts prices, to the cent; from the `most`-th on they share one place.
pub fn prices<'a>(arms: impl Iterator<Item = &'a [Trial]> + Clone, most: usize) -> PriceShares {
    let mut prices: Vec<Money> = arms.clone().flatten().filter_map(|trial| trial.price_hourly).map(cents).collect();
    prices.sort_unstable();
    prices.dedup();
    let is_open = prices.len() > most;
    prices.truncate(most);
    let share = |trials: &[Trial]| {
        let mut shares = vec![0.0; prices.len() + 1];
        for trial in trials {
            let at = match trial.price_hourly.map(cents) {
                Some(price) => prices.partition_point(|p| *p <= price).saturating_sub(1),
                None => prices.len(),
            };
            shares[at] += 1.0 / trials.len() as f64;
        }
        shares
    };
    PriceShares { shares: arms.map(share).collect(), prices, is_open }
}

/// The number of a trial worth telling, where failover had something to do: the first that took as many attempts as
/// nine of ten do not pass, by the first of each trial's `demands`.
pub fn telling(trials: &[Trial], demands: usize) -> u64 {
    let attempts = || trials.iter().step_by(demands.max(1)).map(|trial| trial.attempts);
    let mut all: Vec<u32> = attempts().collect();
    if all.is_empty() {
        return 0;
    }
    let rank = (all.len() * 9).div_ceil(10) - 1;
    let high = *all.select_nth_unstable(rank).1;
    attempts().position(|attempts| attempts == high).unwrap_or(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, Span};

    fn trial(dollars: Option<f64>) -> Trial {
        Trial {
            outcome: Some(if dollars.is_some() { Outcome::Placed } else { Outcome::NoCapacity }),
            elapsed: Span::from_secs(60),
            attempts: 1,
            price_hourly: dollars.map(Money::from_dollars),
            cheapest_hourly: None,
            wasted: Money::ZERO,
        }
    }

    #[test]
    fn prices_are_shared_out_and_never_comes_last() {
        let trials = [2.95, 2.951, 3.06, 9.0].map(|p| trial(Some(p))).into_iter().chain([trial(None)]);
        let trials: Vec<Trial> = trials.collect();
        let found = prices([trials.as_slice()].into_iter(), 2);
        assert_eq!(found.prices.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2.95", "3.06"]);
        assert!(found.is_open);
        assert_eq!([2.95321, 3.0, 3.06].map(|p| found.position(Money::from_dollars(p))), [0, 1, 1]);
        let rounded: Vec<i32> = found.shares[0].iter().map(|s| (s * 10.0).round() as i32).collect();
        assert_eq!(rounded, [4, 4, 2]);
        assert_eq!(seconds_placed(&trials).len(), 4);
    }
}
