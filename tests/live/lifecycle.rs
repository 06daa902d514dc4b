//! The life of clusters, by the program, against a simulated market behind a cloud's own protocol.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::site::{Answer, CANARY, Site};
use crate::tools::finish;

const LAUNCH: [&str; 7] = ["launch", "--gpus", "V100", "--infra", "gcp", "-y", "--retry-until-up"];

fn launch<'a>(name: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&LAUNCH[..], &["-c", name], rest].concat()
}

#[test]
fn a_cluster_lives_from_launch_to_down() {
    let site = Site::serve("v100-scarce.yaml", "300x");
    let up = site.sky(&launch("c", &["--num-nodes", "2"]));
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(up.out.contains("Creating a new cluster: \"c\" [2x GCP(n1-highmem-8, {'V100': 1.0})]."), "{}", up.out);
    assert!(up.out.contains("Got ZONE_RESOURCE_POOL_EXHAUSTED in us-central1-a (message: "), "{}", up.out);
    assert!(up.out.contains("Successfully provisioned or found existing VM."), "{}", up.out);
    assert!(up.out.contains("Cluster \"c\" is up: 2x GCP"), "{}", up.out);
    let running = site.running();
    let machines: Vec<String> = running.values().flatten().cloned().collect();
    assert_eq!((running.len(), machines.len()), (1, 2), "{running:?}");
    assert_eq!(site.owned(), machines);

    let again = site.sky(&launch("c", &[]));
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(site.running(), running, "it is used again");
    let wrong = site.sky(&["launch", "-c", "c", "--gpus", "T4", "--infra", "gcp", "-y"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.err.contains("does not fit") && wrong.err.contains("V100:1"), "{}", wrong.err);

    let table = site.sky(&["status"]).out;
    assert!(table.contains("2x n1-highmem-8 V100:1") && table.contains("UP"), "{table}");
    assert_eq!(site.sky(&["stop", "c", "-y"]).code, Some(0));
    let status = site.json(&["status", "-r", "-o", "json"]);
    assert_eq!((&status[0]["status"], &status[0]["hosts"][1]["state"]), (&"STOPPED".into(), &"stopped".into()));
    assert!(site.running().is_empty(), "what is stopped is not billed");
    let started = site.sky(&["start", "c", "-y", "--retry-until-up"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    assert_eq!(site.json(&["status", "-o", "json"])[0]["status"], "UP");
    let cost = site.json(&["cost-report", "-o", "json"]);
    assert!(cost[0]["running"].as_bool().expect("a truth") && cost[0]["nodes"] == 2, "{cost}");
    assert!(site.sky(&["gc", "--dry-run"]).out.contains("Nothing of ours is left behind"));

    assert_eq!(site.sky(&["down", "no-such", "-y"]).code, Some(2));
    let down = site.sky(&["down", "c*", "-y"]);
    assert_eq!(down.code, Some(0), "{down:?}");
    assert!(site.running().is_empty());
    assert!(site.sky(&["status"]).out.contains("No clusters"));
}

#[test]
fn where_there_is_nothing_the_exit_code_and_the_words_say_so() {
    let site = Site::serve("v100-scarce.yaml", "600x");
    // Every zone but the one that has some.
    let args = ["launch", "-c", "c", "--gpus", "V100", "--infra", "gcp/us-central1", "-y"];
    let none = site.sky(&args);
    assert_eq!(none.code, Some(3), "{none:?}");
    assert!(none.out.contains("x no capacity: 4 refusals") && none.out.contains("--retry-until-up"), "{}", none.out);
    assert_eq!(site.json(&["status", "-o", "json"]), serde_json::json!([]));
    let log = site.files().into_iter().find(|path| path.ends_with("provision.log")).expect("a log");
    let log = std::fs::read_to_string(log).expect("reads");
    assert!(log.contains("cause stockout") && log.contains("not tried for"), "{log}");
    let ndjson = site.sky(&[&args[..], &["-o", "ndjson", "--fresh"]].concat());
    let events: Vec<serde_json::Value> =
        ndjson.out.lines().map(|line| serde_json::from_str(line).expect("a document")).collect();
    assert_eq!(events.last().map(|event| event["outcome"].clone()), Some("no-capacity".into()));
}

#[test]
fn two_launches_of_one_name_make_one_cluster() {
    let site = Site::serve("v100-scarce.yaml", "120x");
    let start = || site.command(&launch("c", &[])).spawn().expect("starts");
    let both = [start(), start()];
    let ends: Vec<Answer> = both.map(|child| Answer::of(&finish(child))).into();
    let mut codes: Vec<_> = ends.iter().map(|end| end.code).collect();
    codes.sort();
    assert_eq!(codes, [Some(0), Some(2)], "{ends:?}");
    let lost = ends.iter().find(|end| end.code == Some(2)).expect("one lost");
    assert!(lost.err.contains("being worked on by another sky: `sky launch`, process"), "{}", lost.err);
    assert_eq!(site.running().len(), 1);
}

#[cfg(unix)]
#[test]
fn an_interrupt_gives_back_what_was_on_its_way() {
    let site = Site::serve("v100-scarce.yaml", "60x");
    let mut interrupted = 0;
    for millis in [400, 1200, 2800, 3900] {
        let child = site.command(&launch("c", &["--fresh"])).spawn().expect("starts");
        sleep(Duration::from_millis(millis));
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.is_ok());
        let begin = Instant::now();
        let end = Answer::of(&finish(child));
        assert!(begin.elapsed() < Duration::from_secs(60), "it goes on for {:?}", begin.elapsed());
        // Without a code: on a busy machine it came before `sky` listened, and so before it launched anything.
        if matches!(end.code, Some(130) | None) {
            interrupted += u32::from(end.code.is_some());
            assert!(site.running().is_empty(), "after {millis} ms: {:?}", site.running());
            assert_eq!(site.json(&["status", "-o", "json"]), serde_json::json!([]), "{end:?}");
        } else {
            assert_eq!(end.code, Some(0), "{end:?}");
            site.sky(&["down", "-a", "-y"]);
        }
    }
    assert!(interrupted > 1, "{interrupted}");
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_stops_at_once_and_what_is_left_is_found() {
    // So slow that giving back takes longer than the two interrupts.
    let site = Site::serve("v100-scarce.yaml", "20x");
    let child = site.command(&launch("c", &["--fresh", "-o", "ndjson"])).spawn().expect("starts");
    for _ in 0..600 {
        if !site.running().is_empty() {
            break;
        }
        sleep(Duration::from_millis(50));
    }
    assert!(!site.running().is_empty(), "nothing was launched in 30 s");
    let interrupt = || Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("sent");
    interrupt();
    sleep(Duration::from_millis(300));
    interrupt();
    let begin = Instant::now();
    let end = Answer::of(&finish(child));
    assert!(begin.elapsed() < Duration::from_secs(30), "it goes on for {:?}", begin.elapsed());
    assert_eq!(end.code, Some(130), "{end:?}");
    let at_once = end.err.contains("Stopped at once.");
    assert!(at_once || site.running().is_empty(), "{end:?}");
    site.settle(1, "after two interrupts");
}

#[test]
fn files_that_are_not_there_are_told_before_anything_is_paid_for() {
    let site = Site::serve("v100-scarce.yaml", "600x");
    let task = site.home.path().join("task.yaml");
    std::fs::write(&task, "workdir: ./no-such-directory\nrun: ls\n").expect("writes");
    let none = site.sky(&launch("c", &[&task.display().to_string()]));
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(none.err.contains("workdir: './no-such-directory' does not exist"), "{}", none.err);
    assert_eq!(site.page("/_sky/books")["launched"], 0);
}

#[test]
fn no_secret_is_written_or_said() {
    let mut site = Site::serve("v100-scarce.yaml", "600x");
    let mut said = String::new();
    let mut run = |site: &Site, args: &[&str]| {
        let answer = site.sky(args);
        said += &answer.out;
        said += &answer.err;
    };
    run(&site, &launch("c", &["--secret", &format!("TOKEN={CANARY}")]));
    run(&site, &["status", "-r"]);
    run(&site, &["check"]);
    // Credentials that the cloud refuses: its words come through, and they are not in them.
    site.export("CLOUDSDK_AUTH_ACCESS_TOKEN", CANARY);
    run(&site, &["check", "gcp"]);
    run(&site, &launch("d", &[]));
    run(&site, &["down", "-a", "-y"]);
    assert!(!said.is_empty() && !said.contains(CANARY), "{said}");
    let files = site.files();
    assert!(files.iter().any(|file| file.ends_with("state.db")), "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).expect("reads");
        let found = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
        assert!(!found, "in {}", file.display());
    }
}
