//! `kill -9` at any moment, and what is found afterwards: no machine without a row, no row without its machines.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::site::Site;

/// Kills in all, and the longest that they may take together; on a slow machine there are fewer.
const KILLS: u32 = 200;
const AT_MOST: Duration = Duration::from_secs(150);
const AT_LEAST: u32 = 30;

const LAUNCH: [&str; 10] = ["launch", "-c", "c", "--gpus", "V100", "--num-nodes", "2", "--infra", "gcp", "-y"];

/// Starts `sky`, kills it after so long, and says whether it was still at work.
fn kill_after(site: &Site, args: &[&str], pause: Duration) -> bool {
    let mut child = site.command(args).spawn().expect("starts");
    sleep(pause);
    let busy = child.try_wait().expect("waits").is_none();
    let _ = child.kill();
    child.wait().expect("ends");
    busy
}

#[test]
fn whenever_it_is_killed_everything_is_found_again() {
    let site = Site::serve("v100-scarce.yaml", "600x");
    let mut luck = Xoshiro256PlusPlus::seed_from_u64(9);
    let begin = Instant::now();
    let full = {
        let begin = Instant::now();
        let up = site.sky(&LAUNCH);
        assert!(matches!(up.code, Some(0 | 3)), "{up:?}");
        begin.elapsed()
    };
    site.sky(&["down", "-a", "-y"]);
    let (mut kills, mut busy, mut completed, mut forgotten) = (0, 0, 0, 0);
    while kills < KILLS && begin.elapsed() < AT_MOST {
        let pause = full.mul_f64(luck.random_range(0.0..1.1));
        busy += u32::from(kill_after(&site, &[&LAUNCH[..], &["--fresh"]].concat(), pause));
        kills += 1;
        site.settle(2, &format!("launch {kills}, killed after {pause:?}"));
        if site.owned().is_empty() {
            forgotten += 1;
            continue;
        }
        completed += 1;
        let pause = full.mul_f64(luck.random_range(0.0..0.5));
        busy += u32::from(kill_after(&site, &["down", "c", "-y"], pause));
        kills += 1;
        site.settle(2, &format!("down {kills}, killed after {pause:?}"));
        let down = site.sky(&["down", "-a", "-y"]);
        assert_eq!(down.code, Some(0), "{down:?}");
        assert!(site.running().is_empty());
    }
    let orphans = site.json(&["gc", "-y", "-o", "json"]);
    assert_eq!(orphans["orphans"], serde_json::json!([]));
    eprintln!("{kills} kills, {busy} of them at work; {completed} launches were completed, {forgotten} given back");
    assert!(kills >= AT_LEAST && busy * 3 > kills, "{kills} kills, {busy} at work");
    assert!(completed > 0 && forgotten > 0, "{completed} completed, {forgotten} forgotten");
}
