//! Any text as a scenario file: read, its errors shown, its market run once. Run with `cargo fuzz run scenario`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sky::catalog::Catalog;
use sky::sim::scenario::Scenario;
use sky::sim::trial::Runner;
use sky::yaml::Source;

fuzz_target!(|text: &str| {
    match Scenario::load(&Source { name: "fuzz", text }, Catalog::embedded(), &[]) {
        Err(problems) => assert!(problems.iter().all(|problem| problem.code.is_some())),
        Ok(mut scenario) => {
            scenario.horizon = Some(scenario.horizon.unwrap_or_default().min(sky::model::Span::HOUR));
            let mut runner = Runner::new(&scenario.market(), scenario.seed);
            runner.run(scenario.policies[0], 0);
            runner.world().audit().expect("books balance");
        }
    }
});
