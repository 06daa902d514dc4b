//! The market that is shipped, held against what was counted in the trace, with luck that the search has never met.

use crate::catalog::Catalog;
use crate::model::Span;
use crate::sim::Entity;
use crate::sim::market::{Pool, Renewal, Stock};
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

/// Two pools in regions of their own, of which one has one long time up and one long outage beside its bursts.
#[test]
fn every_pool_keeps_its_own_rate_of_outages() {
    let laws = [
        [(0.94, 900.0, 90_000.0), (0.9, 2400.0, 40_000.0)],
        // Most outages end before the next probe.
        [(0.6, 3000.0, 15_000.0), (0.9, 240.0, 1500.0)],
    ];
    let places = ["aws/us-east-1/us-east-1a/V100", "aws/us-west-2/us-west-2a/V100"];
    let pool = |(place, [up, down]): (&str, [(f64, f64, f64); 2])| {
        let law = |(weight, short, long)| Shape::Mixture { weight, short, long }.law();
        Pool {
            entity: Entity::named(place),
            stock: Stock::Renewal(Renewal::new(law(up), law(down), 1).expect("sound laws")),
            shocks: Vec::new().into(),
            life: None,
            reclaims: false,
            notice: Span::ZERO,
            price: None,
        }
    };
    let pools: Vec<Pool> = places.into_iter().zip(laws).map(pool).collect();
    let counts = probe(&pools, Luck::new(11, 0), 600.0, 3000);
    let probed = |(place, counts): (&str, Vec<u32>)| Probed {
        place: place.to_owned(),
        region: place.rsplitn(3, '/').last().expect("a region").to_owned(),
        counts,
    };
    let traces = Traces { gap: 600.0, pools: places.into_iter().zip(counts).map(probed).collect() };
    let fitted = fit(&traces, Options { seed: 1, replicas: 8, steps: 60 });
    let seen = traces.count().figures().daily;
    let market = simulate(&fitted.model, &traces, 1, UNMET..UNMET + 60, traces.ticks()).figures().daily;
    for (place, (market, seen)) in places.iter().zip(market.iter().zip(&seen)) {
        assert!((market / seen - 1.0).abs() < 0.2, "{place}: {market:.2} a day, {seen:.2} in the trace");
    }
}
