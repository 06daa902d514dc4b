//! Traces and shocks: what is replayed is what was probed, and shocks correlate as the closed form says.

use std::sync::Arc;

use super::*;
use crate::sim::market::{Course, Offset, Played, Pool, Replay, Shock};
use crate::sim::trace::{Columns, Series};

fn series(values: &[u32]) -> Series {
    let text = format!("{{\"metadata\": {{\"gap_seconds\": 60}}, \"data\": {values:?}}}");
    Series::read(&text, &Columns::default()).unwrap()
}

fn shock(name: &str, calm: f64, lasts: f64, depth: f64, each: f64) -> Arc<Shock> {
    let (calm, lasts) = (Law::Exponential { mean: calm }, Law::LogNormal { mu: lasts.ln() - 0.5, sigma: 1.0 });
    Arc::new(Shock::new(Entity::named(name), calm, lasts, depth, each).unwrap())
}

fn pool(name: &str, stock: Stock, shocks: Vec<Arc<Shock>>) -> Pool {
    let entity = Entity::named(name);
    Pool { entity, stock, shocks: shocks.into(), life: None, reclaims: false, notice: Span::ZERO, price: None }
}

proptest! {
    #[test]
    fn a_replay_says_what_the_probes_found(
        values in prop::collection::vec(0u32..4, 1..40),
        offset in 0u64..10_000,
        looped in any::<bool>(),
        mut times in prop::collection::vec(0u64..20_000, 1..60),
    ) {
        times.sort_unstable();
        let length = values.len() as u64 * 60;
        let played = Played { offset: Offset::At(Span::from_secs(offset)), looped, ..Played::default() };
        let stock = Stock::Trace(Replay::new(&series(&values), &played).unwrap());
        let pool = pool("a", stock, Vec::new());
        let mut course = Course::start(&pool, Luck::new(1, 1));
        for at in times {
            let into = offset + at;
            let into = if looped { into % length } else { into.min(length - 1) };
            let now = Timestamp(at * 1_000_000);
            prop_assert_eq!(course.at(&pool, now), values[(into / 60) as usize], "at {} s", at);
            if let Some(next) = course.next_change(&pool, now) {
                prop_assert!(next > now, "{:?} after {:?}", next, now);
            }
        }
    }

    #[test]
    fn between_two_changes_nothing_changes(seed in 0u64..500, step in 1u64..4000) {
        let stocks = [
            renewal(1200.0, 2400.0, 4),
            Stock::Counted(Counted::new(8, 2, 400.0, 1500.0).unwrap()),
            Stock::Schedule(Box::new([Window { from: Timestamp(9_000_000), to: Timestamp(900_000_000), nodes: 3 }])),
            Stock::Trace(Replay::new(&series(&[0, 1, 1, 3, 0]), &Played::default()).unwrap()),
            Stock::Always(4),
        ];
        for stock in stocks {
            let pool = pool("a", stock, vec![shock("s", 3000.0, 800.0, 0.5, 0.7)]);
            let (mut told, mut seen) = (Course::start(&pool, Luck::new(seed, 0)), Course::start(&pool, Luck::new(seed, 0)));
            let mut now = Timestamp::ZERO;
            for _ in 0..40 {
                let level = told.at(&pool, now);
                let Some(next) = told.next_change(&pool, now) else { break };
                prop_assert!(next > now);
                for at in (now.0..next.0).step_by(step as usize * 1_000_000) {
                    prop_assert_eq!(seen.at(&pool, Timestamp(at)), level, "{:?}", pool.stock);
                }
                now = next;
            }
        }
    }
}

#[test]
fn a_random_offset_is_the_same_moment_in_every_trace() {
    let played = Played { offset: Offset::Random, ..Played::default() };
    let values: Vec<u32> = (0..100).collect();
    let stock = Stock::Trace(Replay::new(&series(&values), &played).unwrap());
    let (a, b) = (pool("a", stock.clone(), Vec::new()), pool("b", stock, Vec::new()));
    let first = |pool: &Pool, trial| Course::start(pool, Luck::new(3, trial)).at(pool, Timestamp::ZERO);
    let starts: Vec<u32> = (0..400).map(|trial| first(&a, trial)).collect();
    assert_eq!(starts, (0..400).map(|trial| first(&b, trial)).collect::<Vec<_>>());
    let mean = f64::from(starts.iter().sum::<u32>()) / 400.0;
    assert!((mean - 49.5).abs() < 6.0, "{mean}");
}

#[test]
fn scale_and_stretch_change_numbers_and_time() {
    let played = Played { rescale: 2.5, stretch: 2.0, ..Played::default() };
    let replay = Replay::new(&series(&[0, 1, 3]), &played).unwrap();
    assert_eq!(replay.length(), Span::from_secs(360));
    assert!((replay.availability(3) - 1.0 / 3.0).abs() < 1e-12 && replay.availability(8).abs() < 1e-12);
    let pool = pool("a", Stock::Trace(replay), Vec::new());
    let mut course = Course::start(&pool, Luck::new(1, 1));
    let seen: Vec<u32> = [0, 120, 240, 360].map(|at| course.at(&pool, Timestamp(at * 1_000_000))).into();
    assert_eq!(seen, [0, 2, 7, 0]);
}

/// Shares of trials in which the first, the second, and both have a machine at a moment.
fn shares(a: &Pool, b: &Pool, at: Timestamp) -> [f64; 3] {
    let trials = 40_000;
    let mut seen = [0.0; 3];
    for trial in 0..trials {
        let luck = Luck::new(8, trial);
        let up = |pool: &Pool| Course::start(pool, luck).at(pool, at) > 0;
        let (a, b) = (up(a), up(b));
        for (sum, there) in seen.iter_mut().zip([a, b, a && b]) {
            *sum += f64::from(u8::from(there)) / trials as f64;
        }
    }
    seen
}

#[test]
fn shocks_correlate_pools_as_the_closed_form_says() {
    let region = shock("region", 3.0 * 3600.0, 3600.0, 1.0, 0.8);
    let cloud = shock("cloud", 20_000.0, 5000.0, 1.0, 1.0);
    let stock = || renewal(3000.0, 1000.0, 2);
    let a = pool("a", stock(), vec![region.clone(), cloud.clone()]);
    let b = pool("b", stock(), vec![region, cloud.clone()]);
    let far = pool("c", stock(), vec![cloud]);
    let (local, wide) = (0.25, 0.2);
    // With shares s and t of the two shocks: P(a) = p (1 − s e)(1 − t); P(a and b) = p² (1 − 2se + se²)(1 − t).
    let up = 0.75 * (1.0 - local * 0.8) * (1.0 - wide);
    let both = 0.75 * 0.75 * (1.0 - 2.0 * local * 0.8 + local * 0.64) * (1.0 - wide);
    let correlation = (both - up * up) / (up * (1.0 - up));
    assert!((a.availability(1).unwrap() - up).abs() < 1e-9);
    assert!((a.correlation(&b).unwrap() - correlation).abs() < 1e-9, "{:?} {correlation}", a.correlation(&b));
    assert!(a.correlation(&far).unwrap() < correlation && a.correlation(&far).unwrap() > 0.05);
    assert_eq!(a.correlation(&pool("d", stock(), Vec::new())), Some(0.0));
    for seconds in [0, 4000, 90_000] {
        let [x, y, xy] = shares(&a, &b, Timestamp(seconds * 1_000_000));
        let found = (xy - x * y) / libm::sqrt(x * (1.0 - x) * y * (1.0 - y));
        assert!((x - up).abs() < 0.011 && (y - up).abs() < 0.011, "{x} {y} against {up} at {seconds} s");
        assert!((found - correlation).abs() < 0.03, "{found} against {correlation} at {seconds} s");
    }
}

#[test]
fn a_shock_takes_a_share_of_the_machines() {
    let a = pool("a", Stock::Always(5), vec![shock("half", 1000.0, 1000.0, 0.5, 1.0)]);
    // Struck half of the time: two of five are left then.
    let at_least: Vec<f64> = (0..7).map(|nodes| a.availability(nodes).unwrap()).collect();
    assert_eq!(at_least, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.0]);
    let found: Vec<u32> =
        (0..200).map(|trial| Course::start(&a, Luck::new(1, trial)).at(&a, Timestamp(7_000_000))).collect();
    assert!(found.iter().all(|nodes| [2, 5].contains(nodes)), "{found:?}");
    let struck = found.iter().filter(|nodes| **nodes == 2).count();
    assert!((70..130).contains(&struck), "{struck}");
}

#[test]
fn a_further_pool_or_shock_shifts_no_luck() {
    let one = shock("one", 5000.0, 2000.0, 1.0, 0.5);
    let alone = pool("a", renewal(600.0, 600.0, 1), vec![one.clone()]);
    let course = |pool: &Pool| {
        let mut course = Course::start(pool, Luck::new(2, 9));
        (0..200).map(|minute| course.at(pool, Timestamp(minute * 60_000_000))).collect::<Vec<_>>()
    };
    let expected = course(&alone);
    let harmless = shock("two", 5000.0, 2000.0, 0.0, 1.0);
    assert_eq!(course(&pool("a", renewal(600.0, 600.0, 1), vec![harmless, one])), expected);
    assert!(expected.contains(&0) && expected.contains(&1));
}
