//! `sky-sim compare`, `sweep`, `merge`, `verify` and `gate` as a user meets them.

use std::path::Path;
use std::process::Command;

use crate::common::{Answer, Shell};

const FRONT_DOOR: &str = "scenarios/v100-scarce.yaml";

/// Waits that a parameter decides, and one policy that does worse than the other.
const SMALL: &str = "\
schema: 1
title: two regions, the cheaper one often out
why: |
  small enough for tests
parameters:
  down: 20m
clouds:
  gcp/V100: {pool: always}
  gcp/us-central1/V100: {pool: {markov: {up: 40m, down: $down}}}
demand: {gpus: V100, cloud: gcp}
policies: [cheapest, random]
trials: 300
seed: 3
horizon: 6h
";

fn json(answer: &Answer) -> serde_json::Value {
    serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn a_comparison_tells_what_is_no_luck() {
    let shell = Shell::new();
    let small = shell.file("small.yaml", SMALL);
    let answer = shell.sky_sim(&["compare", &small, "--policies", "cheapest,cloud-first,random"]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    insta::assert_snapshot!("compare_as_a_table", answer.out);
    let markdown = ["compare", &small, "--policies", "cheapest,random", "-o", "markdown"];
    insta::assert_snapshot!("compare_as_markdown", shell.sky_sim(&markdown).out);
}

#[test]
fn a_comparison_is_the_same_on_any_number_of_threads_and_verified() {
    let shell = Shell::new();
    let with = |threads: &str| {
        let args = ["compare", FRONT_DOOR, "--policies", "cheapest,random,ttl(3m)", "--trials", "600", "-o", "json"];
        shell.sky_sim(&[&args[..], &["--baseline", "random", "--threads", threads]].concat())
    };
    let (one, three) = (with("1"), with("3"));
    assert_eq!(one.code, Some(0), "{}", one.err);
    assert_eq!(one.out, three.out);
    let document = json(&one);
    let study = &document["studies"][0];
    assert_eq!((&document["schema"], &study["baseline"]), (&"sky-sim.compare/1".into(), &"random".into()));
    assert_eq!(study["differences"].as_array().map(Vec::len), Some(16), "eight measures of two policies");
    assert!(
        study["clairvoyant"]["price_hourly"]["value"].as_f64() < study["policies"][1]["price_hourly"]["value"].as_f64()
    );
    let result = shell.file("compare.json", &one.out);
    let verified = shell.sky_sim(&["verify", &result]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let forged = shell.file("forged.json", &one.out.replacen("\"trials\": 600", "\"trials\": 601", 1));
    let refused = shell.sky_sim(&["verify", &forged]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.contains("not the same again") && refused.out.contains("first difference"), "{}", refused.out);
}

#[test]
fn a_precision_is_reached_by_itself_and_files_are_written() {
    let shell = Shell::new();
    let out = shell.home().join("reports");
    let args = ["compare", FRONT_DOOR, "--policies", "cheapest,random", "--until-ci", "10%", "-o", "json"];
    let answer = shell.sky_sim(&[&args[..], &["--out", path(&out)]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    let trials = json(&answer)["studies"][0]["manifest"]["trials"].as_u64().expect("a number");
    assert!(trials >= 1000 && (trials / 1000).is_power_of_two() && trials.is_multiple_of(1000), "{trials}");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect(name);
    assert_eq!(read("compare.json"), answer.out);
    assert_eq!(read("differences.csv").lines().count(), 1 + 8);
    assert!(read("compare.md").contains("| random | wait p50 |"), "{}", read("compare.md"));
    assert!(read("v100-scarce.time-to-provision.svg").starts_with("<svg"));
}

#[test]
fn several_scenarios_are_one_family() {
    let shell = Shell::new();
    let small = shell.file("small.yaml", SMALL);
    let alone = json(&shell.sky_sim(&["compare", &small, "-o", "json"]));
    let both = json(&shell.sky_sim(&["compare", &small, &small, "-o", "json"]));
    assert_eq!(both["studies"].as_array().map(Vec::len), Some(2));
    let p =
        |document: &serde_json::Value| document["studies"][0]["differences"][1]["p_holm"].as_f64().expect("a chance");
    assert!(p(&both) >= p(&alone));
}

#[test]
fn pieces_of_a_sweep_make_the_bytes_of_the_whole() {
    let shell = Shell::new();
    let (small, home) = (shell.file("small.yaml", SMALL), shell.home().to_owned());
    let sweep = |more: &[&str]| {
        let args = ["sweep", &small, "--set", "down=10m,80m", "--trials", "301", "--out", path(&home)];
        shell.sky_sim(&[&args[..], more].concat())
    };
    let whole = sweep(&[]);
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    insta::assert_snapshot!("sweep_as_a_table", whole.out);
    for piece in ["1/4", "2/4", "3/4", "4/4"] {
        let answer = sweep(&["--shard", piece, "--threads", "1"]);
        assert_eq!((answer.code, answer.out.as_str()), (Some(0), ""), "{}", answer.err);
    }
    let piece = |n: u32| path(&home.join(format!("small.{n}-of-4.trials"))).to_owned();
    let merged = path(&home.join("merged.trials")).to_owned();
    let merge = |pieces: &[u32]| {
        let files: Vec<String> = pieces.iter().map(|n| piece(*n)).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        shell.sky_sim(&[&["merge"], &files[..], &["-o", &merged]].concat())
    };
    let answer = merge(&[3, 1, 4, 2]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert_eq!(answer.out, whole.out);
    let bytes = |file: &str| std::fs::read(file).expect("a file");
    assert_eq!(bytes(&merged), bytes(path(&home.join("small.trials"))), "byte for byte");

    assert_eq!(shell.sky_sim(&["verify", &merged]).code, Some(0));
    assert_eq!(shell.sky_sim(&["verify", &piece(2)]).code, Some(0), "a piece alone is verified too");

    let missing = merge(&[1, 2, 4]);
    assert_eq!(missing.code, Some(2));
    insta::assert_snapshot!("merge_of_too_few", missing.err);
    let twice = merge(&[1, 2, 3, 4, 4]);
    assert_eq!(twice.code, Some(2));
    assert!(twice.err.contains("twice"), "{}", twice.err);
    let other = shell.sky_sim(&["sweep", &small, "--seed", "9", "--shard", "1/4", "--out", path(&home.join("other"))]);
    assert_eq!(other.code, Some(0), "{}", other.err);
    let foreign = path(&home.join("other/small.1-of-4.trials")).to_owned();
    assert!(shell.sky_sim(&["merge", &piece(1), &foreign, "-o", &merged]).err.contains("different studies"));
    let mut damaged = bytes(&piece(1));
    damaged.truncate(damaged.len() - 1);
    std::fs::write(piece(1), damaged).expect("written");
    assert_eq!(merge(&[1, 2, 3, 4]).code, Some(2));
}

#[test]
fn a_batch_system_says_which_piece() {
    let shell = Shell::new();
    let (small, home) = (shell.file("small.yaml", SMALL), shell.home().to_owned());
    let program = env!("CARGO_BIN_EXE_sky-sim");
    let bin = Path::new(program).parent().expect("a directory");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/slurm-array.sbatch");
    assert!(Command::new("bash").arg("-n").arg(&script).status().expect("bash").success());
    let slurm = |task: &str| {
        let mut command = shell.command("bash");
        let searched = "PATH=\"$1:$PATH\"; shift; exec bash \"$@\"";
        command.args(["-c", searched, "sh"]).arg(bin).arg(&script).args([&small, "--trials", "40"]);
        command.env("SWEEP_OUT", home.join("sweep"));
        if !task.is_empty() {
            command
                .env("SLURM_ARRAY_TASK_ID", task)
                .env("SLURM_ARRAY_TASK_MIN", "1")
                .env("SLURM_ARRAY_TASK_COUNT", "2");
        }
        command.output().expect("run").status.code()
    };
    assert_eq!([slurm("1"), slurm("2"), slurm("3"), slurm("")], [Some(0), Some(0), Some(2), Some(2)]);
    let kubernetes = |index: &str| {
        let args = ["sweep", &small, "--trials", "40", "--shards", "3", "--out", path(&home)];
        shell.command(program).args(args).env("JOB_COMPLETION_INDEX", index).output().expect("run").status.code()
    };
    assert_eq!([kubernetes("0"), kubernetes("2"), kubernetes("3")], [Some(0), Some(0), Some(2)]);
    for file in ["sweep/small.1-of-2.trials", "sweep/small.2-of-2.trials", "small.1-of-3.trials", "small.3-of-3.trials"]
    {
        assert!(home.join(file).exists(), "{file}");
    }
    let lost = shell.sky_sim(&["sweep", &small, "--shards", "3"]);
    assert_eq!(lost.code, Some(2));
    assert!(lost.err.contains("--shard I/3"), "{}", lost.err);
}

#[test]
fn the_job_for_kubernetes_is_one() {
    let text = include_str!("../../deploy/kubernetes-indexed-job.yaml");
    let job: serde_json::Value = serde_yaml::from_str(text).expect("YAML");
    let (spec, pod) = (&job["spec"], &job["spec"]["template"]["spec"]);
    assert_eq!((&job["apiVersion"], &job["kind"]), (&"batch/v1".into(), &"Job".into()));
    assert_eq!((&spec["completionMode"], &pod["restartPolicy"]), (&"Indexed".into(), &"Never".into()));
    let words = |key: &str| -> Vec<String> {
        let list = pod["containers"][0][key].as_array().expect("a list");
        list.iter().map(|word| word.as_str().expect("a string").to_owned()).collect()
    };
    let words = [words("command"), words("args")].concat();
    let shards = words.iter().position(|word| word == "--shards").expect("--shards");
    assert_eq!(words[shards + 1], spec["completions"].as_u64().expect("a number").to_string(), "a pod a piece");
    let mounts = pod["containers"][0]["volumeMounts"].as_array().expect("a list");
    let volumes = pod["volumes"].as_array().expect("a list");
    for mount in mounts {
        assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount}");
    }
    // The same words, run here: only the paths differ.
    let shell = Shell::new();
    let small = shell.file("small.yaml", SMALL);
    let local = |word: &String| match word.as_str() {
        "/scenarios/v100-scarce.yaml" => small.clone(),
        "/sweep" => path(shell.home()).to_owned(),
        "1000000" => "40".to_owned(),
        word => word.to_owned(),
    };
    let words: Vec<String> = words.iter().skip(1).map(local).collect();
    let mut command = shell.command(env!("CARGO_BIN_EXE_sky-sim"));
    assert!(command.args(&words).env("JOB_COMPLETION_INDEX", "7").status().expect("run").success());
    assert!(shell.home().join("small.8-of-8.trials").exists());
}

#[test]
fn the_gate_names_what_became_worse() {
    let shell = Shell::new();
    let small = shell.file("small.yaml", SMALL);
    let base = shell.file("base.json", &shell.sky_sim(&["run", &small, "--policies", "cheapest", "-o", "json"]).out);
    let same = shell.sky_sim(&["gate", &small, "--baseline", &base]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert_eq!(same.out, "passed: none of 7 numbers is worse by more than 5 %\n");
    assert!(same.err.contains("own bounds were not looked at"), "{}", same.err);
    let nothing = shell.sky_sim(&["gate", &base]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    let worse = shell.file("small.yaml", &SMALL.replace("down: 20m", "down: 300m"));
    let failed = shell.sky_sim(&["gate", &worse, "--baseline", &base]);
    assert_eq!(failed.code, Some(99), "{failed:?}");
    insta::assert_snapshot!("gate_failed", format!("{}{}", failed.err, failed.out));
    let generous = shell.sky_sim(&["gate", &worse, "--baseline", &base, "--max-regression", "99.9%"]);
    assert!(generous.out.lines().count() < failed.out.lines().count(), "{}", generous.out);
    let result = shell.file("worse.json", &shell.sky_sim(&["compare", &worse, "-o", "json"]).out);
    assert_eq!(shell.sky_sim(&["gate", &result, "--baseline", &base]).code, Some(99), "results are compared as well");
    // A scenario without bounds passes no gate by itself; one that keeps its own does.
    assert_eq!(shell.sky_sim(&["gate", &small]).code, Some(2));
    let kept = shell.file("kept.yaml", &format!("{SMALL}thresholds: {{attempts_mean: \"<= 5\"}}\n"));
    assert_eq!(shell.sky_sim(&["gate", &kept]).out, "passed: the scenario's bounds are kept\n");
    let bounded = shell.file("bounded.yaml", &format!("{SMALL}thresholds: {{attempts_mean: \"<= 1\"}}\n"));
    let unmet = shell.sky_sim(&["gate", &bounded]);
    assert_eq!(unmet.code, Some(99));
    assert!(unmet.out.contains("not met: thresholds.attempts_mean"), "{}", unmet.out);
}

#[test]
fn wrong_input_is_refused_with_the_remedy() {
    let shell = Shell::new();
    let small = shell.file("small.yaml", SMALL);
    let note = shell.file("note.json", "{}");
    let folder = path(shell.home()).to_owned();
    let wrong: [&[&str]; 11] = [
        &["compare", &small, "--baseline", "sticky"],
        &["compare", &small, "--policies", "cheepest"],
        &["compare", &small, "--until-ci", "200%"],
        &["sweep", &small, "--set", "down"],
        &["sweep", &small, "--set", "dwon=1m,2m"],
        &["sweep", &small, "--shard", "5/4"],
        &["merge", &note, "-o", "whole.trials"],
        &["merge", &folder, "-o", "whole.trials"],
        &["verify", &note],
        &["gate", &small, "--baseline", &note],
        &["gate", &small, "--max-regression", "much"],
    ];
    let mut told = String::new();
    for args in wrong {
        let answer = shell.sky_sim(args);
        assert_eq!(answer.code, Some(2), "{args:?}: {answer:?}");
        told += &answer.err;
        told += "---\n";
    }
    insta::assert_snapshot!("wrong_input", told);
}

#[test]
fn a_trial_is_told_again_and_tried_otherwise_under_its_own_luck() {
    let shell = Shell::new();
    let small = shell.file("small.yaml", SMALL);
    let out = shell.home().join("run");
    let made = shell.sky_sim(&["run", &small, "--trials", "40", "--out", path(&out)]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let journal = out.join("journal.ndjson");
    let again = shell.sky_sim(&["replay", path(&journal), "--scenario", &small, "--policies", "cloud-first,random"]);
    assert_eq!(again.code, Some(0), "{}", again.err);
    for told in
        ["under cheapest:", "attempted", "under the same luck:", "cloud-first", "cheapest makes the journal again"]
    {
        assert!(again.out.contains(told), "'{told}' is not in {}", again.out);
    }
    let (page, dir) = (shell.home().join("replay.html"), shell.home().join("replay"));
    let files = ["--html", path(&page), "--out", path(&dir)];
    let args = ["replay", path(&journal), "--scenario", &small, "--policies", "cloud-first,random"];
    assert_eq!(shell.sky_sim(&[&args[..], &files].concat()).out, again.out, "files change nothing that is told");
    let html = std::fs::read_to_string(&page).expect("a page");
    assert!(html.contains("<svg") && html.contains("under the same luck"), "{html}");
    assert_eq!(std::fs::read_to_string(dir.join("report.html")).expect("a page"), html);
    assert!(dir.join("timeline.random.svg").exists() && dir.join("timeline.cloud-first.png").exists());
    let other = shell.sky_sim(&["replay", path(&journal), "--scenario", &small, "--seed", "4"]);
    assert!(other.out.contains("does not make the journal again"), "{}", other.out);
    let launch = shell.file(
        "launch.ndjson",
        "{\"at_s\":0,\"event\":\"arrived\"}\n{\"at_s\":13.5,\"event\":\"ended\",\"outcome\":\"placed\"}\n",
    );
    let told = shell.sky_sim(&["replay", &launch, "--scenario", &small]);
    assert!(told.out.contains("Assumed: that the market") && told.out.contains("placed"), "{told:?}");
    let wrong =
        shell.sky_sim(&["replay", &shell.file("wrong.ndjson", "{\"at_s\":0,\"event\":\"arrived\"}\nnonsense\n")]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("line 2"), "{}", wrong.err);
}

#[test]
fn a_market_is_fitted_to_traces_and_runs() {
    let shell = Shell::new();
    // Two zones of one region and one of another; long and short outages in turns, drawn by a little recurrence.
    let trace = |seed: u64| {
        let (mut state, mut ticks) = (seed, Vec::new());
        while ticks.len() < 1200 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (up, down) = (state >> 60, state >> 33 & if (state >> 40).is_multiple_of(4) { 31 } else { 3 });
            ticks.extend(std::iter::repeat_n("1", up as usize + 1).chain(std::iter::repeat_n("0", down as usize + 1)));
        }
        format!("{{\"metadata\": {{\"gap_seconds\": 600}}, \"data\": [{}]}}", ticks[..1200].join(", "))
    };
    for (zone, seed) in [("us-east-1a", 1), ("us-east-1c", 2), ("us-west-2a", 3)] {
        shell.file(&format!("traces/{zone}_v100_1.json"), &trace(seed));
    }
    let (fitted, out) = (shell.home().join("fitted.yaml"), shell.home().join("calibration"));
    let traces = shell.home().join("traces");
    let args = ["fit", path(&traces), "-o", path(&fitted), "--out", path(&out), "--steps", "40"];
    let answer = shell.sky_sim(&args);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    assert!(answer.out.contains("The part held out:") && answer.out.contains("figures within 10 %"), "{}", answer.out);
    assert!(out.join("calibration.md").is_file() && out.join("calibration.html").is_file());
    let again = shell.home().join("again.yaml");
    shell.sky_sim(&["fit", path(&traces), "-o", path(&again), "--steps", "40", "--threads", "1"]);
    let market = |file: &Path| {
        let text = std::fs::read_to_string(file).expect("written");
        text[text.find("clouds:").expect("a market")..].to_owned()
    };
    assert_eq!(market(&fitted), market(&again), "the same traces give the same market on any number of threads");
    let valid = shell.sky_sim(&["validate", path(&fitted)]);
    assert_eq!(valid.code, Some(0), "{valid:?}");
    let run = shell.sky_sim(&["run", path(&fitted), "--trials", "20"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let nowhere = shell.sky_sim(&["fit", &shell.file("nowhere_v100_1.json", &trace(1))]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.err.contains("no cloud has a zone 'nowhere'"), "{}", nowhere.err);
}

/// Spot machines that are taken back, and jobs that survive it.
const JOBS: &str = "\
schema: 1
title: a job on spot machines
why: |
  small enough for tests
parameters:
  down: 20m
clouds:
  \"*/V100/spot\":
    pool: {semi_markov: {up: {exponential: 1h}, down: {exponential: $down}, nodes: 1}}
    spot: {life: stock}
demand:
  task: {resources: {accelerators: V100, use_spot: true, cloud: aws}}
  job: {work: 4h, checkpoint: 30m, restart: 10m, deadline: 8h, recovery: failover}
policies: [cloud-first, sticky]
trials: 40
seed: 3
horizon: 2d
";

#[test]
fn a_sweep_of_jobs_is_cut_and_merged_and_told_in_every_format() {
    let shell = Shell::new();
    let (jobs, home) = (shell.file("jobs.yaml", JOBS), shell.home().to_owned());
    let sweep = |more: &[&str]| {
        let args = ["sweep", &jobs, "--set", "down=20m,2h", "--out", path(&home)];
        let answer = shell.sky_sim(&[&args[..], more].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        answer
    };
    let whole = sweep(&["-o", "json"]);
    let whole_file = std::fs::read(home.join("jobs.trials")).expect("a file");
    let document = json(&whole);
    let rows = document["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 4, "two points, two policies");
    assert!(rows.iter().all(|row| row["jobs"]["jobs"].as_u64().is_some_and(|jobs| jobs > 30)), "{document}");
    let recoveries = |row: &serde_json::Value| row["jobs"]["preemptions"]["value"].as_f64().expect("a number");
    assert!(rows.iter().all(|row| recoveries(row) > 0.5), "machines were taken back: {document}");
    let [p1, p2] = ["1/2", "2/2"].map(|piece| sweep(&["--shard", piece]));
    assert_eq!((p1.out.as_str(), p2.out.as_str()), ("", ""));
    let piece = |n: u32| path(&home.join(format!("jobs.{n}-of-2.trials"))).to_owned();
    let merged = path(&home.join("merged.trials")).to_owned();
    let answer = shell.sky_sim(&["merge", &piece(2), &piece(1), "-o", &merged, "--format", "json"]);
    assert_eq!(answer.out, whole.out, "{}", answer.err);
    assert_eq!(std::fs::read(&merged).expect("a file"), whole_file, "byte for byte");

    // The shell writes its home as `~`.
    let text = shell.file("swept.json", &whole.out.replace("~/", &format!("{}/", path(&home))));
    let verified = shell.sky_sim(&["verify", &text]);
    assert_eq!(verified.code, Some(0), "the document is made again: {verified:?}");
    let published = include_str!("../../schemas/sweep.schema.json");
    let printed = shell.sky_sim(&["schema", "sweep"]).out;
    assert_eq!(printed.trim(), published.trim(), "run: sky-sim schema sweep > schemas/sweep.schema.json");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("sweep.json", serde_json::from_str(published).expect("JSON")).expect("a schema");
    let schema = compiler.compile("sweep.json", &mut schemas).expect("a sound schema");
    assert!(schemas.validate(&document, schema).is_ok(), "{document}");
    let nothing = serde_json::json!({"schema": "sky-sim.swept/1", "rows": []});
    assert!(schemas.validate(&nothing, schema).is_err(), "a document needs its manifest");

    insta::assert_snapshot!("sweep_of_jobs_as_markdown", sweep(&["-o", "markdown"]).out);
    let table = sweep(&[]).out;
    assert!(table.contains("What became of jobs:"), "{table}");
    let csv = sweep(&["-o", "csv"]).out;
    let widths: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(widths.iter().all(|width| *width == 2 + 3 * 15), "{csv}");
}

#[test]
fn the_trial_of_a_job_is_told_until_its_end() {
    let shell = Shell::new();
    let jobs = shell.file("jobs.yaml", JOBS);
    let told = |trial: u32| {
        let told = shell.sky_sim(&["run", &jobs, "--trial", &trial.to_string()]);
        assert_eq!(told.code, Some(0), "{}", told.err);
        told.out
    };
    let taken_back = (0..20).map(told).find(|out| out.contains(") was taken back by the cloud"));
    let taken_back = taken_back.expect("a trial with a preemption");
    let (_, after) = taken_back.split_once("was taken back").expect("it says so");
    let story = after.split("Over 40 trials").next().unwrap_or_default();
    for line in ["Launching on AWS", "Successfully provisioned"] {
        assert!(story.contains(line), "the story ends before '{line}': {after}");
    }
}

#[test]
fn a_replay_tells_what_became_of_the_job() {
    let shell = Shell::new();
    let (jobs, out) = (shell.file("jobs.yaml", JOBS), shell.home().join("run"));
    let made = shell.sky_sim(&["run", &jobs, "--set", "down=2h", "--out", path(&out), "-o", "json"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let journal = out.join("journal.ndjson");
    let told = shell.sky_sim(&["replay", path(&journal), "--scenario", &jobs, "--set", "down=2h"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let (_, table) = told.out.split_once("What became of its job:").expect("a job");
    let row = table.lines().find(|line| line.starts_with(" cloud-first")).expect("a row");
    let cells: Vec<&str> = row.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let [policy, after, deadline, ..] = cells[..] else { panic!("{row}") };
    assert_eq!(policy, "cloud-first");
    let took = after.parse::<sky::model::Span>();
    let is_late = took.map_or(true, |took| took > sky::model::Span::HOUR * 8);
    assert_eq!(deadline, if is_late { "missed" } else { "met" }, "{table}");
}

#[test]
fn what_became_of_jobs_is_told_by_a_comparison_too() {
    let shell = Shell::new();
    let (jobs, page) = (shell.file("jobs.yaml", JOBS), shell.home().join("page.html"));
    // Two hours of outage a turn leave few jobs their eight hours.
    let compare = |more: &[&str]| {
        let answer = shell.sky_sim(&[&["compare", &jobs, "--set", "down=2h"][..], more].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        answer
    };
    let document = json(&compare(&["-o", "json"]));
    let missed = document.pointer("/studies/0/policies/0/jobs/missed/value").and_then(serde_json::Value::as_f64);
    let missed = missed.unwrap_or_else(|| panic!("no misses in {document}"));
    assert!(missed > 0.0, "some are late, or nothing is shown by this");
    let late = format!("{:.1} %", missed * 100.0);
    for (form, words) in [("table", "JOBS DONE           LATE"), ("markdown", "| POLICY | JOBS DONE | LATE |")] {
        let told = compare(&["-o", form]).out;
        assert!(told.contains(words) && told.contains(&late), "no {words} and {late} in {told}");
    }
    compare(&["--html", path(&page)]);
    let html = std::fs::read_to_string(&page).expect("a page");
    for words in ["What became of jobs", "<th>LATE</th>", "<dt>late</dt>", "<dt>job cost ($)</dt>"] {
        assert!(html.contains(words), "the page does not say {words}");
    }
}

/// Two zones whose laws are known, asked every seven minutes for twenty days.
const KNOWN: &str = "\
schema: 1
title: two known zones
why: |
  an oracle for fits from journals
clouds:
  \"*/V100\": {pool: never}
  gcp/us-central1/us-central1-a/V100: {pool: {markov: {up: 40m, down: 20m, nodes: 4}}}
  gcp/us-central1/us-central1-b/V100: {pool: {markov: {up: 2h, down: 1h, nodes: 4}}}
demand: {gpus: V100, infra: gcp/us-central1, arrivals: {every: 7m, count: 4000}, hold: 1m}
policies: [random]
trials: 1
horizon: 20d
";

#[test]
fn a_market_is_fitted_to_a_journal_of_launches_and_runs() {
    let shell = Shell::new();
    let known = shell.file("known.yaml", KNOWN);
    let out = shell.home().join("run");
    let made = shell.sky_sim(&["run", &known, "--out", path(&out)]);
    assert!(made.code.is_some_and(|code| code != 2), "{}", made.err);
    let journal = path(&out.join("journal.ndjson")).to_owned();
    let fitted = path(&shell.home().join("fitted.yaml")).to_owned();
    let answer = shell.sky_sim(&["fit", &journal, "-o", &fitted]);
    assert_eq!(answer.code, Some(0), "{}", answer.err);
    // The truth: up two thirds of the time. Twenty days hold 480 and 160 cycles, so the standard errors of the shares are
    // 1.5 and 2.6 %. A zone that refused is left alone for a while, so its short outages are not seen to end: some 200
    // and 100 changes tell how long it stays as it is, and the standard errors of the means are some 11 %. The tolerances
    // are three of them.
    let text = std::fs::read_to_string(&fitted).expect("a scenario");
    let minutes = |zone: &str| {
        let line = text.lines().find(|line| line.contains(zone)).unwrap_or_else(|| panic!("{zone}: {text}"));
        ["up: ", "down: "].map(|key| {
            let from = line.split(key).nth(1).expect("a time");
            from.split('m').next().and_then(|number| number.parse::<f64>().ok()).expect("minutes")
        })
    };
    for (zone, [up, down], share, part) in
        [("us-central1-a/", [40.0, 20.0], 0.045, 0.33), ("us-central1-b/", [120.0, 60.0], 0.08, 0.33)]
    {
        let [found_up, found_down] = minutes(zone);
        assert!((found_up / (found_up + found_down) - 2.0 / 3.0).abs() < share, "{zone}: {found_up} and {found_down}");
        assert!((found_up / up - 1.0).abs() < part && (found_down / down - 1.0).abs() < part, "{text}");
    }
    assert_eq!(shell.sky_sim(&["validate", &fitted]).code, Some(0), "{text}");
    let run = shell.sky_sim(&["run", &fitted, "--trials", "20"]);
    assert_eq!(run.code, Some(0), "{}", run.err);

    // The first lines alone are too few answers of any pool: refused by name.
    let whole = std::fs::read_to_string(&journal).expect("a journal");
    let few: Vec<&str> = whole.lines().take(30).collect();
    let refused = shell.sky_sim(&["fit", &shell.file("few.ndjson", &few.join("\n"))]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("gcp/us-central1/us-central1-"), "{}", refused.err);
    let mixed = shell.sky_sim(&["fit", &journal, &shell.file("trace.csv", "seconds,nodes\n0,1\n600,0\n")]);
    assert!(mixed.code == Some(2) && mixed.err.contains("is a trace and others are journals"), "{mixed:?}");
}
