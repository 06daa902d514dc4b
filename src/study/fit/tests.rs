//! The market that is shipped, held against what was counted in the trace, with luck that the search has never met.

use crate::catalog::Catalog;
use crate::sim::market::{Pool, Stock};
use crate::sim::scenario::Scenario;
use crate::yaml::Source;

use super::*;

/// The pools that change, with their regions.
fn pools(name: &str, text: &str) -> (Vec<Pool>, Vec<String>) {
    // AWS letters its zones for each account by itself: that of the catalog has V100 in 1b and none in 1c.
    let text = text.replace("us-east-1c", "us-east-1b");
    let source = Source { name, text: &text };
    let market = Scenario::load(&source, Catalog::embedded(), &[]).expect("a sound scenario").market();
    let changing = |pool: &Pool| matches!(pool.stock, Stock::Renewal(_));
    let mut found: Vec<(String, Pool)> = market
        .asks
        .iter()
        .map(|ask| (ask.words.zone.to_string(), market.pools[ask.pool as usize].clone()))
        .filter(|(_, pool)| changing(pool))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup_by(|a, b| a.0 == b.0);
    let region = |zone: &String| zone.trim_end_matches(char::is_alphabetic).to_owned();
    let regions = found.iter().map(|(zone, _)| region(zone)).collect();
    (found.into_iter().map(|(_, pool)| pool).collect(), regions)
}

/// What `reports/calibration` says was counted in the trace.
#[test]
fn the_shipped_v100_market_is_that_of_the_trace() {
    let (pools, regions) = pools("v100-probed.yaml", include_str!("../../../scenarios/v100-probed.yaml"));
    assert_eq!(pools.len(), 9);
    let (gap, ticks) = (195.0, 10_079);
    let mut count = Count::new(gap, regions);
    let replica = |trial: u64| -> Vec<Vec<bool>> {
        let rows = probe(&pools, Luck::new(77, trial), gap, ticks);
        rows.into_iter().map(|row| row.into_iter().map(|there| there > 0).collect()).collect()
    };
    let replicas: Vec<_> = (0..240).into_par_iter().map(replica).collect();
    for rows in &replicas {
        count.see(rows);
    }
    let figures = count.figures();
    let Some(Shape::Mixture { weight, short, long }) = figures.outages else { panic!("{figures:?}") };
    let trace = [0.0674, 0.0324, 0.0234, 0.0178, 0.0141, 0.0178, 0.0112, 0.0061];
    let ages = figures.hazard.iter().zip(trace).map(|(found, trace)| ("hazard", found.expect("outages"), trace));
    let correlation = figures.correlation.map(|found| found.expect("pairs"));
    let rest = [
        ("weight", weight, 0.606),
        ("short", short, 25.5 * 60.0),
        ("long", long, 275.0 * 60.0),
        ("within a region", correlation[0], 0.400),
        ("across regions", correlation[1], 0.139),
        ("dark", figures.dark, 0.015),
    ];
    for (what, found, trace) in ages.chain(rest) {
        assert!((found / trace - 1.0).abs() <= 0.1, "{what}: {found:.4}, in the trace {trace:.4}");
    }
}
