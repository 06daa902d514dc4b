//! Every error of a file at once, each with place, code and suggestion; and the scenarios that ship.

use proptest::prelude::*;

use crate::sim::Ends;
use crate::sim::check::{Run, Watch, check};
use crate::sim::market::Stock;
use crate::sim::trial::{DemandResult, run_trials};

use super::*;

fn load(text: &str) -> Result<Scenario, Vec<Problem>> {
    Scenario::load(&Source { name: "s.yaml", text }, Catalog::embedded(), &[])
}

fn problems(text: &str) -> String {
    let problems = load(text).map(|scenario| scenario.title).unwrap_err();
    problems
        .iter()
        .map(|p| format!("{}:{} {} {}", p.line, p.column, p.code.unwrap_or("-"), p.message))
        .collect::<Vec<_>>()
        .join("\n")
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");

fn read_file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

const HEAD: &str = "schema: 1\ntitle: t\nwhy: w\n";

#[test]
fn every_error_is_reported_at_once() {
    let text = "schema: 1\ntitle: t\ntrails: 5\nclouds:\n  gcp/us-centrl1: never\n  aws: {pool: {markov: {up: 30m, down: 5}}, fualts: {}}\n  \
                azure: {pool: {semi_markov: {up: {pareto: {least: 1m, shape: 0.5}}, down: 1h}}, quota: lots}\n\
                policies: [cheapest, clever]\nprobes: [stokout]\nthresholds: {placed: most}\nhorizon: 5 parsecs\n\
                demand: {gpus: V100, spot: true}\nseed: $seed\n";
    let found = problems(text);
    let expected = [
        "1:1 S003 a scenario needs a value for why",
        "3:1 S002 unknown key 'trails' in a scenario",
        "5:3 S005 'us-centrl1' names nothing",
        "6:45 S002 unknown key 'fualts'",
        "S006 up: a pareto law with a shape of at most 1 has no mean",
        "S004 quota must be a number",
        "S005 'clever' is not a policy",
        "S005 'stokout' is not a probe",
        "S004 'most' is not a bound",
        "S004 horizon: '5 parsecs' is not a duration",
        "S002 unknown key 'spot' in a demand",
        "S007 no parameter is called 'seed'",
    ];
    for line in expected {
        assert!(found.contains(line), "missing: {line}\n{found}");
    }
    assert_eq!(found.lines().count(), expected.len(), "{found}");
}

#[test]
fn a_suggestion_is_made_where_something_is_near() {
    let text = format!("{HEAD}policies: [cheepest]\ndemand: {{gpus: V100}}\n");
    let problem = &load(&text).unwrap_err()[0];
    assert_eq!(problem.hint.as_deref(), Some("did you mean 'cheapest'?"));
    assert!(
        problem.to_string().starts_with("s.yaml:4:12: 'cheepest' is not a policy [S005]\n  4 | policies"),
        "{problem}"
    );
}

#[test]
fn the_task_language_refuses_a_demand_in_its_own_words() {
    let text = format!("{HEAD}demand: {{gpus: V10O}}\n");
    let problem = &load(&text).unwrap_err()[0];
    assert_eq!((problem.code, problem.line), (Some(codes::BAD_DEMAND), 4));
    assert!(problem.to_string().contains("V100"), "{problem}");
    let text = format!("{HEAD}demand:\n  task:\n    resources:\n      acelerators: V100\n");
    assert!(load(&text).unwrap_err()[0].to_string().contains("s.yaml:7:7"), "{:?}", load(&text).unwrap_err());
}

#[test]
fn a_demand_is_a_task_or_its_keys_written_flat() {
    let flat = load(&format!("{HEAD}demand: {{gpus: 'V100:8', nodes: 2, max_wait: 1h, cloud: gcp}}\n")).unwrap();
    let task = "demand:\n  task:\n    num_nodes: 2\n    resources: {accelerators: 'V100:8', cloud: gcp}\n    failover: {max_wait: 1h}\n";
    let whole = load(&format!("{HEAD}{task}")).unwrap();
    assert_eq!(flat.requests[0].requirements, whole.requests[0].requirements);
    assert_eq!((flat.requests[0].nodes, flat.requests[0].limits), (2, whole.requests[0].limits));
    assert_eq!(flat.requests[0].limits.max_wait, Some(Span::HOUR));
}

#[test]
fn parameters_stand_for_values_and_can_be_set() {
    let text = format!(
        "{HEAD}parameters: {{gpu: V100, n: 3}}\ntrials: $n\ndemand: {{gpus: $gpu}}\nclouds:\n  aws: {{pool: {{always: $n}}}}\n"
    );
    let scenario = load(&text).unwrap();
    assert_eq!(scenario.trials, 3);
    let source = Source { name: "s.yaml", text: &text };
    let set = |name: &str, value: &str| Scenario::load(&source, Catalog::embedded(), &[(name.into(), value.into())]);
    let other = set("n", "7").unwrap();
    assert_eq!(other.trials, 7);
    assert_ne!(other.hash, scenario.hash);
    assert!(set("gqu", "A100").unwrap_err()[0].to_string().contains("did you mean 'gpu'?"));
}

#[test]
fn the_most_specific_line_wins_setting_by_setting() {
    let text = format!(
        "{HEAD}demand: {{gpus: V100, cloud: gcp}}\nclouds:\n  '*': {{pool: never, api: {{launched: 5s, stockout: 1s}}}}\n  \
         gcp/us-west1: {{pool: always}}\n  gcp/us-west1-b/V100: {{api: {{launched: 7s}}}}\n"
    );
    let scenario = load(&text).unwrap();
    let market = scenario.market();
    let catalog = &scenario.catalog;
    let mut seen = 0;
    for (candidate, way) in market.candidates(0) {
        let stock = &market.pools[market.asks_of(way)[0].pool as usize].stock;
        let api = &market.apis[way.api as usize].latency;
        let zone = catalog.zone_name(candidate.offering.zone.unwrap());
        let up = stock.availability(1) == Some(1.0);
        assert_eq!(up, zone.starts_with("us-west1"), "{zone}");
        let launched = if zone == "us-west1-b" { 7.0 } else { 5.0 };
        assert_eq!((api.launched.mean(), api.stockout.mean()), (launched, 1.0), "{zone}");
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
}

#[test]
fn types_that_share_accelerators_draw_from_one_pool() {
    let text = format!(
        "{HEAD}demands:\n  - {{gpus: 'V100:8', zone: us-east-1a}}\n  - {{gpus: V100, zone: us-east-1a, at: 1s}}\nclouds:\n  \
         aws/V100: {{pool: {{always: 8}}, share: accelerator}}\nexpect: {{}}\n"
    );
    let market = load(&text).unwrap().market();
    let result = crate::sim::trial::Runner::new(&market, 1).run(PolicyName::CloudFirst, 0);
    let outcomes: Vec<_> = result.demands.iter().map(|demand| demand.outcome.unwrap().name()).collect();
    assert_eq!(outcomes, ["placed", "no-capacity"]);
}

#[test]
fn every_code_is_explained_by_lines_that_are_wrong_and_right() {
    for code in codes::ALL {
        let whole = |lines: &str| {
            let head = if lines.starts_with("schema") { "" } else { HEAD };
            let demand = if lines.contains("demand") { "" } else { "demand: {gpus: V100}\n" };
            format!("{head}{lines}\n{demand}")
        };
        let of = |lines: &str| {
            let text = whole(lines);
            let beside = [
                ("s.yaml", text.as_str()),
                ("market.yaml", "schema: 1\nclouds: {gcp: never}\n"),
                ("probes.csv", "seconds,nodes\n0,1\n60,0\n"),
                ("notes.txt", "nothing of the kind\n"),
            ];
            load_files(&beside)
        };
        let wrong = of(code.wrong).map(|scenario| scenario.title).unwrap_err();
        assert_eq!(wrong[0].code, Some(code.code), "{}", wrong[0]);
        of(code.right).unwrap_or_else(|problems| panic!("{}: {}", code.code, problems[0]));
        assert!(codes::explain(&code.code.to_lowercase()).is_some_and(|found| found.what == code.what));
    }
    assert!(codes::explain("S999").is_none());
}

#[test]
fn an_overlay_takes_away_and_adds() {
    let text = format!(
        "{HEAD}demand: {{gpus: 'V100:8', cloud: aws}}\ncatalog:\n  without: [aws/us-east-1/p3.16xlarge, aws/p3dn.24xlarge]\n  \
         add:\n    - {{instance_type: p3.16xlarge, zone: us-east-2c}}\n"
    );
    let scenario = load(&text).unwrap();
    let market = scenario.market();
    let names: Vec<&str> = market.candidates(0).map(|(c, _)| scenario.catalog.region_name(c.offering.region)).collect();
    assert_eq!(names[..2], ["us-east-2", "us-west-2"]);
    assert_eq!(market.ways[0].asks, 3);
    let text = text.replace("us-east-2c", "us-east-2q").replace("p3dn.24xlarge]", "p3.2xlarge/spot]");
    assert_eq!(load(&text).unwrap_err().len(), 2);
}

/// Loads the first of these files; the others lie beside it.
fn load_files(files: &[(&str, &str)]) -> Result<Scenario, Vec<Problem>> {
    let read = |path: &Path| {
        let found = files.iter().find(|(name, _)| path == Path::new(name));
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| format!("no file {}", path.display()))
    };
    let (name, text) = files[0];
    Scenario::load_with(&Source { name, text }, Catalog::embedded(), &[], &read)
}

#[test]
fn a_market_is_imported_and_the_importer_has_the_last_word() {
    let market = "schema: 1\nimport: base.yaml\nparameters: {n: 3, gpu: T4}\nclouds:\n  gcp: {pool: {always: $n}}\n";
    let base = "schema: 1\nclouds:\n  '*': never\n  aws: {pool: {always: 7}}\nshocks: [{on: aws, every: 9h, lasts: 1h}]\n\
                demand: {gpus: H100}\n";
    let main = format!(
        "{HEAD}import: [m/market.yaml]\nparameters: {{gpu: V100}}\ndemand: {{gpus: $gpu}}\nclouds:\n  aws: {{pool: {{always: 5}}}}\n"
    );
    let files = [("main.yaml", main.as_str()), ("m/market.yaml", market), ("m/base.yaml", base)];
    let scenario = load_files(&files).unwrap();
    let market_of = scenario.market();
    let mut seen = Vec::new();
    for (candidate, way) in market_of.candidates(0) {
        let pool = &market_of.pools[market_of.asks_of(way)[0].pool as usize];
        let cloud = scenario.catalog.cloud_name(candidate.offering.cloud);
        seen.push((cloud, pool.stock.clone(), pool.shocks.len()));
    }
    for expected in [("aws", Stock::Always(5), 1), ("gcp", Stock::Always(3), 0), ("azure", Stock::Always(0), 0)] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
    }
    let mut other = files;
    let changed = base.replace("9h", "8h");
    other[2].1 = &changed;
    assert_ne!(load_files(&other).unwrap().hash, scenario.hash, "the hash covers what is imported");
}

#[test]
fn files_that_are_missing_wrong_or_circular_are_said_where_they_are_named() {
    let main = format!("{HEAD}import: [a.yaml, gone.yaml]\ndemand: {{gpus: V100}}\n");
    let of = |a: &str, b: &str| {
        let files = [("main.yaml", main.as_str()), ("a.yaml", a), ("b.yaml", b)];
        load_files(&files).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let found = of("schema: 1\nimport: ./b.yaml\n", "schema: 1\nimport: [a.yaml]\n");
    assert!(found.contains("b.yaml:2:10: 'a.yaml' imports itself [S011]"), "{found}");
    assert!(
        found.contains("a.yaml imports b.yaml imports a.yaml") && found.contains("main.yaml:4:18: 'gone.yaml'"),
        "{found}"
    );
    let main = format!("{HEAD}import: a.yaml\ndemand: {{gpus: V100}}\n");
    let files = [("main.yaml", main.as_str()), ("a.yaml", "schema: 1\nclouds:\n  gpc: never\ntrails: 1\n")];
    let found: Vec<String> =
        load_files(&files).unwrap_err().iter().map(|p| format!("{} {:?}", p.place(), p.code)).collect();
    assert_eq!(found, ["a.yaml:3:3 Some(\"S005\")", "a.yaml:4:1 Some(\"S002\")"]);
}

#[test]
fn a_trace_is_played_from_beside_the_scenario() {
    let text =
        format!("{HEAD}demand: {{gpus: V100}}\nclouds:\n  '*': {{pool: {{trace: {{file: t.json, rescale: 2}}}}}}\n");
    let of = |trace: &str| load_files(&[("s/s.yaml", &text), ("s/t.json", trace)]);
    let scenario = of(r#"{"metadata": {"gap_seconds": 60}, "data": [0, 1, 1, 1]}"#).unwrap();
    assert_eq!(scenario.market().pools[0].availability(2), Some(0.75));
    let found = of("{}").unwrap_err()[0].to_string();
    assert!(
        found.contains("s/s.yaml:6:30: 't.json' is not a trace: metadata.gap_seconds must") && found.contains("S012"),
        "{found}"
    );
    assert!(load(&text).unwrap_err()[0].to_string().contains("not in a file"), "{:?}", load(&text));
}

#[test]
fn a_matrix_names_parameters() {
    let text = format!("{HEAD}parameters: {{n: 1}}\nmatrix: {{n: [1, 2], m: [3]}}\ndemand: {{gpus: V100}}\n");
    let problems = load(&text).unwrap_err();
    assert_eq!((problems.len(), problems[0].code), (1, Some(codes::UNKNOWN_PARAMETER)));
    let scenario = load(&text.replace(", m: [3]", "")).unwrap();
    assert_eq!(scenario.matrix, [("n".to_owned(), vec!["1".to_owned(), "2".to_owned()])]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", lines in prop::collection::vec("[ a-z0-9:{}\\[\\]*/$.-]{0,30}", 0..12)) {
        let _ = load(&text);
        let _ = load(&format!("{HEAD}{}\n", lines.join("\n")));
    }
}

/// The scenarios that ship, read at compile time so that no path is needed.
macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        const SHIPPED: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../scenarios/", $name, ".yaml")))),*];
    };
}

shipped!(
    "any-of-scarce",
    "cloud-out",
    "crowd",
    "gang-16",
    "h100-probed",
    "high-cpu",
    "market-full",
    "nothing-feasible",
    "ordered-scarce",
    "page-any-of",
    "page-cross-cloud",
    "page-cross-region",
    "page-multi-gpu",
    "pinned-zone",
    "quota-everywhere",
    "quota-region",
    "retry-until-up",
    "shocks",
    "spot-job",
    "spot-then-on-demand",
    "tpu",
    "trace-replay",
    "v100-probed",
    "v100-scarce",
);

#[test]
fn every_shipped_scenario_comes_to_what_it_says() {
    let mut wrong = Vec::new();
    for (name, text) in SHIPPED {
        let file = format!("{FOLDER}/{name}.yaml");
        let scenario = match Scenario::load_with(&Source { name: &file, text }, Catalog::embedded(), &[], &read_file) {
            Ok(scenario) => scenario,
            Err(problems) => {
                wrong.extend(problems.iter().map(ToString::to_string));
                continue;
            }
        };
        assert!(scenario.warnings.is_empty(), "{name}: {:?}", scenario.warnings);
        let market = scenario.market();
        let trials = scenario.trials.min(if cfg!(debug_assertions) { 300 } else { 10_000 });
        let run = |policy: &PolicyName| {
            let (mut watch, mut ended) = (Watch::default(), Vec::new());
            for result in run_trials(&market, *policy, scenario.seed, 0..trials, |_| {}) {
                watch.see(&scenario, &result);
                ended.extend(result.demands.iter().map(DemandResult::ended));
            }
            (*policy, watch, ended)
        };
        let runs: Vec<_> = scenario.policies.iter().map(run).collect();
        let runs: Vec<Run<'_>> =
            runs.iter().map(|(policy, watch, ended)| Run { policy: *policy, watch, ends: Ends::Each(ended) }).collect();
        wrong.extend(check(&scenario, &market, &runs).iter().map(|failure| format!("{name}: {failure}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn shipped_scenarios_keep_to_the_published_schema() {
    let published = include_str!("../../../scenarios/schema.json");
    let current = serde_json::to_string_pretty(&scenario_schema()).unwrap() + "\n";
    if std::option_env!("UPDATE_SCHEMA").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/schema.json"), &current).unwrap();
    }
    assert!(published == current, "scenarios/schema.json is old: build the tests with UPDATE_SCHEMA=1 set to renew it");
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("sky.scenario/1", scenario_schema()).unwrap();
    let schema = compiler.compile("sky.scenario/1", &mut schemas).unwrap();
    let check = |name: &str, text: &str| {
        let root = yaml::parse(&Source { name, text }).unwrap().remove(0).root.to_json();
        schemas.validate(&root, schema).map_err(|error| format!("{name}: {error}"))
    };
    for (name, text) in SHIPPED {
        check(name, text).unwrap();
    }
    assert!(check("typo", &format!("{HEAD}demand: {{gpus: V100}}\ntrails: 5\n")).is_err());
    assert!(check("no demand", HEAD).is_err());
}

#[test]
fn every_scenario_of_the_folder_is_tested() {
    let mut found: Vec<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    found.sort();
    let listed: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, listed);
    let readme = include_str!("../../../scenarios/README.md");
    for name in listed {
        assert!(readme.contains(&format!("`{name}`")), "scenarios/README.md does not list {name}");
    }
}

#[test]
fn no_number_of_threads_changes_a_byte() {
    for (name, text) in SHIPPED.iter().filter(|(name, _)| ["market-full", "spot-job", "crowd", "shocks"].contains(name))
    {
        let file = format!("{FOLDER}/{name}.yaml");
        let scenario =
            Scenario::load_with(&Source { name: &file, text }, Catalog::embedded(), &[], &read_file).unwrap();
        let market = scenario.market();
        let of = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run_trials(&market, scenario.policies[0], 7, 0..280, |_| {}))
        };
        let expected = of(1);
        assert!(expected == of(2) && expected == of(8), "{name}");
    }
}

#[test]
fn a_line_of_demands_may_stand_for_many() {
    let text = format!(
        "{HEAD}horizon: 9h\ndemands:\n  - {{gpus: V100, count: 3}}\n  - {{gpus: T4, at: 1h, arrivals: {{every: 30m, until: 2h}}}}\n  \
         - {{gpus: T4, arrivals: {{every: 13m, count: 2}}, job: {{work: 1h, recovery: eager-failover}}}}\n"
    );
    let scenario = load(&text).unwrap();
    assert_eq!((scenario.demands.len(), scenario.requests.len()), (9, 9));
    let market = scenario.market();
    assert_eq!(
        market.demands.iter().map(|wish| wish.gap.is_some()).collect::<Vec<_>>(),
        [[false; 3], [true; 3], [true; 3]].concat()
    );
    assert_eq!(market.demands[0].first_way, market.demands[2].first_way);
    assert!(market.demands[7].job.is_some() && market.demands[6].job.is_none());
    let entities: std::collections::BTreeSet<_> = market.demands.iter().map(|wish| wish.entity).collect();
    assert_eq!(entities.len(), 9);
    let wrong = load(&format!(
        "{HEAD}demand: {{gpus: V100, count: 2, arrivals: {{every: 1m}}, job: {{work: 0s}}, hold: 1h}}\n"
    ));
    let found: Vec<String> = wrong.unwrap_err().iter().map(|problem| problem.message.clone()).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    let endless = load(&format!("{HEAD}demand: {{gpus: V100, job: {{work: 1h}}}}\n"));
    assert!(endless.unwrap_err()[0].message.contains("horizon"));
}

#[test]
fn a_scenario_shows_what_its_pools_ended_up_with() {
    let text = format!(
        "{HEAD}shocks: [{{on: aws/V100, per: region, every: 3h, lasts: 1h}}]\nclouds:\n  '*': never\n  \
         aws/V100: {{pool: {{markov: {{up: 30m, down: 10m, nodes: 2}}}}}}\n  aws/us-east-1a: {{pool: {{schedule: [{{to: 1h}}]}}}}\n\
         demand: {{gpus: V100, cloud: aws, num_nodes: 2}}\n"
    );
    let scenario = load(&text).unwrap();
    let market = scenario.market();
    let pools = scenario.shown(&market);
    let of =
        |zone: &str| pools.iter().find(|pool| pool.place.ends_with(zone) && pool.what.starts_with("p3.2x")).unwrap();
    let usual = of("us-east-1b");
    assert_eq!((usual.selector.as_deref(), usual.wanted, usual.shocks), (Some("aws/V100"), 2, 1));
    assert!((usual.all.value - 0.75 * 0.75).abs() < 1e-9 && usual.all.exact);
    let special = of("us-east-1a");
    assert_eq!((special.selector.as_deref(), special.stock.as_str()), (Some("aws/us-east-1a"), "1 window"));
    assert!(!special.one.exact && special.one.value < 0.1);
    let [within, across] = together(&market, &pools);
    assert!(within.unwrap().mean > 0.1 && across.unwrap().most.abs() < 1e-9, "{within:?} {across:?}");
    let strip = scenario.strip(&market.pools[usual.pool], 2, 0, Span::HOUR * 48, 48);
    assert!(strip.iter().any(|share| *share < 0.5) && strip.iter().any(|share| *share > 0.5));
}

#[test]
fn a_further_demand_or_line_shifts_nobodys_luck() {
    let base = format!(
        "{HEAD}clouds:\n  '*': {{pool: {{markov: {{up: 20m, down: 40m, nodes: 2}}}}}}\n  aws/H100: {{faults: {{lost: 0.5}}}}\n"
    );
    let alone = load(&format!("{base}demands:\n  - {{gpus: V100}}\n")).unwrap().market();
    let other = "  - {gpus: T4, at: 1s}\n  - {gpus: 'H100:8'}\n";
    let joined = load(&format!("{base}demands:\n  - {{gpus: V100}}\n{other}")).unwrap().market();
    let last = load(&format!("{base}demands:\n{other}  - {{gpus: V100}}\n")).unwrap().market();
    let run = |market: &Market, demand: usize| {
        let mut runner = crate::sim::trial::Runner::new(market, 9);
        let of = |trial| runner.run(PolicyName::Cheapest, trial).demands[demand].clone();
        (0..50).map(of).map(|d| (d.outcome, d.waited, d.attempts, d.price_hourly)).collect::<Vec<_>>()
    };
    let expected = run(&alone, 0);
    assert!(expected.iter().any(|(_, _, attempts, _)| *attempts > 2), "the market was not scarce");
    assert_eq!(run(&joined, 0), expected);
    assert_eq!(run(&last, 2), expected);
}
