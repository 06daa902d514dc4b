//! Scenario files as their author meets them: a starter, its errors, its market.

use crate::common::Shell;

#[test]
fn a_starter_is_written_checked_shown_and_run() {
    let shell = Shell::new();
    let path = shell.home().join("mine.yaml");
    let file = path.to_str().expect("UTF-8");
    let written = shell.sky_sim(&["init", file]);
    assert_eq!(written.code, Some(0), "{}", written.err);
    assert!(written.out.contains("sky-sim validate ~/mine.yaml"), "{}", written.out);
    let again = shell.sky_sim(&["init", file]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("is there already") && again.err.contains("--force"), "{}", again.err);
    assert_eq!(shell.sky_sim(&["init"]).out, std::fs::read_to_string(&path).expect("the starter"));
    assert!(shell.sky_sim(&["validate", file]).out.contains("ok: One V100"));
    let shown = shell.sky_sim(&["show", file]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    for text in
        ["us-central1-a", "never", "gcp/us-central1/V100", "Correlation of having a machine within a region: 0.", "█"]
    {
        assert!(shown.out.contains(text), "no {text} in\n{}", shown.out);
    }
    let ran = shell.sky_sim(&["run", file, "--trials", "100"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn a_market_is_shown_for_programs_and_drawn() {
    let shell = Shell::new();
    let dir = shell.home().join("plots");
    let args =
        ["show", "scenarios/shocks.yaml", "-o", "json", "--window", "12h", "--plots", dir.to_str().expect("UTF-8")];
    let answer = shell.sky_sim(&args);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let told: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!(told["schema"], "sky-sim.show/1");
    let (within, across) =
        (&told["correlation"]["within_region"]["mean"], &told["correlation"]["across_regions"]["mean"]);
    let (within, across) = (within.as_f64().expect("a number"), across.as_f64().expect("a number"));
    // What the scenario says of itself.
    assert!((0.4..0.6).contains(&within) && (0.05..0.2).contains(&across), "{within} {across}");
    assert_eq!(told["pools"][0]["strip"].as_array().map(Vec::len), Some(72));
    let svg = std::fs::read_to_string(dir.join("market.svg")).expect("a picture");
    assert!(svg.contains("europe-west4-a") && dir.join("market.png").exists());
}

#[test]
fn every_pool_is_shown_with_all_it_ended_up_with() {
    let shell = Shell::new();
    let shown = shell.sky_sim(&["show", "scenarios/market-full.yaml"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    for text in [
        "1  */V100: 6 machines, tenants of 1 every 12m00s for 1h40m; by the hour\n",
        "answer lost 5 %, slow boot 10 %, boot fails 5 %, slow release 20 %, credentials expire after 2h00m for 1h00m\n",
        "NVIDIA_V100_GPUS limit 8, used by others: up 6h00m (exponential), down 6h00m (exponential), 8 nodes, \
         raised to 32 30m00s after the first refusal\n",
        "0.5 calls a minute, 2 at once\n",
        "taken back with the stock, notice 30s\n",
        "price wanders: volatility 0.3, half-life 6h00m\n",
    ] {
        assert!(shown.out.contains(text), "no {text} in\n{}", shown.out);
    }
    let table = shown.out.lines().filter(|line| line.contains("Standard_NC6s_v3") || line.starts_with("---"));
    assert!(table.clone().count() > 20 && table.clone().all(|line| line.chars().count() <= 120), "{}", shown.out);
    let json = shell.sky_sim(&["show", "scenarios/market-full.yaml", "-o", "json"]).out;
    assert!(json.contains("\"taken back with the stock, notice 30s\""), "{json}");
}

#[test]
fn a_line_that_decides_nothing_is_named() {
    let shell = Shell::new();
    let head = "schema: 1\ntitle: t\nwhy: w\ndemand: {gpus: V100}\n";
    let show = |name: &str, clouds: &str| {
        let shown = shell.sky_sim(&["show", &shell.file(name, &format!("{head}clouds: {clouds}\n"))]);
        assert_eq!(shown.code, Some(0), "{}", shown.err);
        shown.out
    };
    let out = show("idle.yaml", "{'*/V100': {pool: {markov: {up: 1h, down: 1h}}}, gcp: never}");
    assert!(out.contains("The line 'gcp' decides no stock: '*/V100' counts more.\n"), "{out}");
    let out = show("sound.yaml", "{'*/V100': {pool: {markov: {up: 1h, down: 1h}}}, gcp/V100: never}");
    assert!(!out.contains("decides no stock"), "{out}");
}

#[test]
fn a_scenario_that_expects_nothing_passes_no_gate() {
    let shell = Shell::new();
    let open = "schema: 1\ntitle: t\nwhy: w\ndemand: {gpus: V100}\n";
    let file = shell.file("open.yaml", open);
    let gate = shell.sky_sim(&["gate", &file]);
    assert_eq!(gate.code, Some(2), "{gate:?}");
    assert!(gate.err.contains("there is nothing to hold this result against"), "{}", gate.err);
    let ran = shell.sky_sim(&["run", &file]);
    assert!(ran.code == Some(0) && !ran.out.contains("expects was met"), "{}", ran.out);
    let tight = format!("{open}thresholds: {{wait_p50: '<= 1s'}}\n");
    let file = shell.file("tight.yaml", &tight);
    let gate = shell.sky_sim(&["gate", &file]);
    assert_eq!(gate.code, Some(99), "{gate:?}");
    assert!(gate.out.contains("wait_p50 (cloud-first): expected at most 1s, found 1m"), "{}", gate.out);
}

#[test]
fn files_beside_a_scenario_are_found_beside_it() {
    let shell = Shell::new();
    shell.file("deep/market.yaml", "schema: 1\nclouds:\n  '*': {pool: {trace: {file: probes.csv}}}\n");
    shell.file("deep/probes.csv", "seconds,nodes\n0,1\n600,0\n1200,1\n");
    let head = "schema: 1\ntitle: t\nwhy: w\ndemand: {gpus: V100}\n";
    let file = shell.file("main.yaml", &format!("{head}import: deep/market.yaml\n"));
    let answer = shell.sky_sim(&["validate", &file]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    shell.file("deep/probes.csv", "seconds,nodes\n0,1\n0,0\n");
    let answer = shell.sky_sim(&["validate", &file]);
    assert_eq!(answer.code, Some(2));
    assert!(
        answer.err.contains("deep/market.yaml:3:") && answer.err.contains("line 3: seconds must ascend"),
        "{}",
        answer.err
    );
}

#[test]
fn a_code_is_explained_with_lines_that_are_wrong_and_right() {
    let answer = Shell::new().sky_sim(&["explain", "S007"]);
    for text in ["S007: No parameter has this name.", "  wrong:\n    trials: $n", "  right:\n    parameters: {n: 100}"]
    {
        assert!(answer.out.contains(text), "{}", answer.out);
    }
}
