//! `sky-sim` as a user meets it.

use crate::common::Shell;

const FRONT_DOOR: &str = "scenarios/v100-scarce.yaml";

#[test]
fn the_front_door_tells_candidates_one_trial_and_the_summary() {
    let shell = Shell::new();
    let answer = shell.sky_sim(&["run", FRONT_DOOR, "--trials", "400", "--seed", "7"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let first = answer.out.lines().next().expect("a line");
    assert!(
        first.starts_with("seed 7 · again: sky-sim run scenarios/v100-scarce.yaml --seed 7 --trials 400"),
        "{first}"
    );
    let order =
        ["CHOSEN", "failover] Launching on GCP us-central1 (us-central1-a)", "Over 400 trials", "cheapest: placed"];
    let places: Vec<usize> = order.iter().map(|text| answer.out.find(text).expect(text)).collect();
    assert!(places.is_sorted(), "{}", answer.out);
    assert!(answer.out.contains("Successfully provisioned or found existing VM."), "{}", answer.out);
}

#[test]
fn threads_never_change_a_byte() {
    let shell = Shell::new();
    let with =
        |threads: &str| shell.sky_sim(&["run", FRONT_DOOR, "--trials", "700", "-o", "json", "--threads", threads]);
    let (one, two) = (with("1"), with("2"));
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{}", one.err);
    assert_eq!(one.out, two.out);
    let table = |threads: &str| shell.sky_sim(&["run", FRONT_DOOR, "--trials", "300", "--threads", threads]).out;
    assert_eq!(table("1"), table("2"));
}

#[test]
fn seeds_matter_and_repeat() {
    let shell = Shell::new();
    let with = |seed: &str| shell.sky_sim(&["run", FRONT_DOOR, "--trials", "300", "-o", "csv", "--seed", seed]).out;
    assert_eq!(with("5"), with("5"));
    assert_ne!(with("5"), with("6"));
    assert_eq!(with("5").lines().count(), 1 + 2 * 300, "a line a trial and policy, and the header");
}

#[test]
fn the_document_carries_what_made_it() {
    let shell = Shell::new();
    let answer = shell.sky_sim(&["run", FRONT_DOOR, "--trials", "300", "-o", "json", "--policies", "cheapest,random"]);
    let study: serde_json::Value = serde_json::from_str(&answer.out).expect("JSON");
    let manifest = &study["manifest"];
    assert_eq!((&study["schema"], &manifest["trials"]), (&"sky-sim.run/1".into(), &300.into()));
    assert_eq!(manifest["catalog_hash"].as_str().map(str::len), Some(64));
    let policies: Vec<&str> =
        study["policies"].as_array().expect("a list").iter().filter_map(|p| p["policy"].as_str()).collect();
    assert_eq!(policies, ["cheapest", "random"]);
    let again: Vec<&str> =
        manifest["command"].as_str().expect("a command").split(' ').skip(1).chain(["-o", "json"]).collect();
    assert_eq!(shell.sky_sim(&again).out, answer.out, "the command in the manifest makes the same document");
}

#[test]
fn files_are_written_for_programs_and_for_the_eye() {
    let shell = Shell::new();
    let dir = shell.home().join("out");
    let answer = shell.sky_sim(&["run", FRONT_DOOR, "--trials", "300", "--out", dir.to_str().expect("UTF-8")]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let size = |name: &str| std::fs::metadata(dir.join(name)).unwrap_or_else(|e| panic!("{name}: {e}")).len();
    for picture in ["time-to-provision", "attempts", "price", "timeline"] {
        assert!(size(&format!("{picture}.svg")) > 2_000 && size(&format!("{picture}.png")) > 5_000, "{picture}");
    }
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect(name);
    assert_eq!(read("trials.csv").lines().count(), 601);
    assert_eq!(read("summary.csv").lines().count(), 3);
    assert!(read("provision.log").contains("believed for"), "the detailed log gives scopes and cooldowns");
    for line in read("journal.ndjson").lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(event["event"].is_string() && event["policy"].is_string(), "{event}");
    }
}

#[test]
fn a_scenario_that_is_wrong_is_refused_with_every_error() {
    let shell = Shell::new();
    let text = "schema: 1\ntitle: wrong\nwhy: |\n  to be refused\nclouds:\n  gcp/V100:\n    pol: always\ndemand: {gpus: V10O}\n\
                policies: [cheepest]\n";
    let path = shell.file("wrong.yaml", text);
    let answer = shell.sky_sim(&["validate", &path]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    for word in ["wrong.yaml:7:", "did you mean 'pool'?", "wrong.yaml:9:", "did you mean 'cheapest'?"] {
        assert!(answer.err.contains(word), "{word}: {}", answer.err);
    }
    assert_eq!(shell.sky_sim(&["validate", FRONT_DOOR]).code, Some(0));
    assert_eq!(shell.sky_sim(&["run", "missing.yaml"]).code, Some(2));
    assert_eq!(shell.sky_sim(&["run", FRONT_DOOR, "--policies", "cheepest"]).code, Some(2));
}

#[test]
fn what_is_printed_meets_the_printed_schema() {
    let shell = Shell::new();
    let cases: [(&str, &[&str]); 3] = [
        ("run", &["run", FRONT_DOOR, "--trials", "50", "-o", "json"]),
        ("plan", &["plan", "--gpus", "V100", "-o", "json"]),
        ("launch", &["launch", "--simulate", FRONT_DOOR, "--gpus", "V100", "-y", "-o", "json"]),
    ];
    for (kind, args) in cases {
        let printed = if kind == "run" { shell.sky_sim(args) } else { shell.sky(args) };
        let document: serde_json::Value = serde_json::from_str(&printed.out).expect("JSON");
        let schema = serde_json::from_str(&shell.sky_sim(&["schema", kind]).out).expect("JSON");
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.add_resource("printed.json", schema).expect("a resource");
        let index = compiler.compile("printed.json", &mut schemas).expect("a schema");
        assert!(schemas.validate(&document, index).is_ok(), "{kind}: {document:#}");
    }
}

#[test]
fn every_shipped_scenario_is_valid() {
    let shell = Shell::new();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = std::fs::read_dir(dir).expect("scenarios").map(|entry| entry.expect("an entry").path());
    let files: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    assert!(files.len() >= 15, "{files:?}");
    let args: Vec<&str> = std::iter::once("validate").chain(files.iter().map(String::as_str)).collect();
    let answer = shell.sky_sim(&args);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    assert_eq!(answer.out.lines().filter(|line| line.contains(": ok: ")).count(), files.len());
}

#[test]
fn codes_are_explained_and_policies_listed() {
    let shell = Shell::new();
    assert!(shell.sky_sim(&["explain", "s002"]).out.starts_with("S002: "));
    assert_eq!(shell.sky_sim(&["explain", "S999"]).code, Some(2));
    let strategies = shell.sky_sim(&["strategies"]).out;
    assert!(strategies.contains(" cloud-first ") && strategies.contains(" cheapest "), "{strategies}");
}
