//! `kill -9` at any moment, and what is found afterwards: no machine without a row, no row without its machines.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::site::Site;

/// Kills in all, and the longest that they may take together: on a slow machine there are fewer. `SKY_TEST_KILLS` says
/// how many there are to be, however long that takes.
const KILLS: u32 = 200;
const AT_MOST: Duration = Duration::from_secs(150);
const AT_LEAST: u32 = 30;

/// Sites that are worked on at once: while one waits for its cloud the others use the processor.
const SITES: u64 = 3;

const LAUNCH: [&str; 10] = ["launch", "-c", "c", "--gpus", "V100", "--num-nodes", "2", "--infra", "gcp", "-y"];

/// What was killed, and what became of it.
#[derive(Debug, Default)]
struct Tally {
    kills: u32,
    /// Killed while at work.
    busy: u32,
    /// Launches that had made everything.
    completed: u32,
    /// Launches that were given back.
    forgotten: u32,
}

/// Starts `sky`, kills it after so long, and says whether it was still at work.
fn kill_after(site: &Site, args: &[&str], pause: Duration) -> bool {
    let mut child = site.command(args).spawn().expect("starts");
    sleep(pause);
    let busy = child.try_wait().expect("waits").is_none();
    let _ = child.kill();
    child.wait().expect("ends");
    busy
}

fn rounds(seed: u64, kills: u32, end: Option<Instant>) -> Tally {
    let site = Site::serve("v100-scarce.yaml", "600x");
    let mut luck = Xoshiro256PlusPlus::seed_from_u64(seed);
    let full = {
        let begin = Instant::now();
        let up = site.sky(&LAUNCH);
        assert!(matches!(up.code, Some(0 | 3)), "{up:?}");
        begin.elapsed()
    };
    site.sky(&["down", "-a", "-y"]);
    let mut met = Tally::default();
    while met.kills < kills && end.is_none_or(|end| Instant::now() < end) {
        let pause = full.mul_f64(luck.random_range(0.0..1.1));
        met.busy += u32::from(kill_after(&site, &[&LAUNCH[..], &["--fresh"]].concat(), pause));
        met.kills += 1;
        site.settle(2, &format!("launch {}, killed after {pause:?}", met.kills));
        if site.owned().is_empty() {
            met.forgotten += 1;
            continue;
        }
        met.completed += 1;
        let pause = full.mul_f64(luck.random_range(0.0..0.5));
        met.busy += u32::from(kill_after(&site, &["down", "c", "-y"], pause));
        met.kills += 1;
        site.settle(2, &format!("down {}, killed after {pause:?}", met.kills));
        let down = site.sky(&["down", "-a", "-y"]);
        assert_eq!(down.code, Some(0), "{down:?}");
        assert!(site.running().is_empty());
    }
    let orphans = site.json(&["gc", "-y", "-o", "json"]);
    assert_eq!(orphans["orphans"], serde_json::json!([]));
    met
}

#[test]
fn whenever_it_is_killed_everything_is_found_again() {
    let asked: Option<u32> = std::env::var("SKY_TEST_KILLS").ok().and_then(|text| text.parse().ok());
    let end = if asked.is_none() { Some(Instant::now() + AT_MOST) } else { None };
    let each = asked.unwrap_or(KILLS).div_ceil(SITES as u32);
    let met = std::thread::scope(|scope| {
        let sites: Vec<_> = (0..SITES).map(|site| scope.spawn(move || rounds(9 + site, each, end))).collect();
        sites.into_iter().map(|site| site.join().expect("no panic")).fold(Tally::default(), |sum, met| Tally {
            kills: sum.kills + met.kills,
            busy: sum.busy + met.busy,
            completed: sum.completed + met.completed,
            forgotten: sum.forgotten + met.forgotten,
        })
    });
    eprintln!("{met:?}");
    assert!(met.kills >= asked.unwrap_or(AT_LEAST), "{met:?}");
    assert!(met.busy * 3 > met.kills && met.completed > 0 && met.forgotten > 0, "{met:?}");
}
