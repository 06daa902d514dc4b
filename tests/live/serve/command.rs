//! The command and its control endpoint.

use std::process::Command;

use super::harness::{Serve, exchange, scenario};
use crate::tools::Bounded as _;

#[test]
fn the_control_endpoint_tells_and_changes_what_no_client_may_know() {
    let serve = Serve::start(&scenario("v100-scarce.yaml"), &["--seed", "7", "--speed", "max"]);
    assert_eq!(serve.get("/_sky/clock")["now"], 0.0);
    assert_eq!(serve.post("/_sky/clock?advance=1.5h", "")["now"], 5400.0);
    assert_eq!(serve.post("/_sky/clock?until=6000000000", "")["micros"], 6_000_000_000_u64);
    let pools = serve.get("/_sky/pools?window=6000&steps=50");
    let pools = pools["pools"].as_array().expect("pools");
    let clouds: std::collections::BTreeSet<&str> = pools.iter().filter_map(|pool| pool["cloud"].as_str()).collect();
    assert_eq!(clouds.into_iter().collect::<Vec<_>>(), ["aws", "azure", "gcp"]);
    let changes = |pool: &serde_json::Value| {
        let course = pool["course"].as_array().expect("a course");
        assert_eq!(course.len(), 50);
        course.windows(2).filter(|two| two[0] != two[1]).count()
    };
    assert!(pools.iter().map(changes).sum::<usize>() > 10, "a market that never moves");
    let books = serve.get("/_sky/books");
    assert_eq!((books["billed"].as_f64(), books["launched"].as_u64()), (Some(0.0), Some(0)));
    let order = r#"[{"cloud":"gcp","zone":"us-central1-a","times":2,"mishap":"lost"}]"#;
    assert_eq!(serve.post("/_sky/inject", order)[0]["times"], 2);
    let (status, text) = exchange(serve.port, "POST", "/_sky/inject", "127.0.0.1", r#"{"mishap":{"body":"NoSuch"}}"#);
    assert!(status == 400 && text.contains("NoSuch"), "{status} {text}");
    assert_eq!(exchange(serve.port, "POST", "/_sky/reset", "evil.example", "").0, 403);
    serve.post("/_sky/reset", "");
    assert_eq!(serve.get("/_sky/inject").as_array().map(Vec::len), Some(0));
    assert_eq!(exchange(serve.port, "GET", "/nothing/here", "127.0.0.1", "").0 / 100, 4);
}

#[test]
fn it_listens_on_loopback_alone_and_stops_when_told() {
    let sim = || Command::new(env!("CARGO_BIN_EXE_sky-sim"));
    let path = scenario("v100-scarce.yaml");
    let far = sim().arg("serve").arg(&path).args(["--host", "0.0.0.0", "--for", "5s"]).bounded();
    let text = String::from_utf8_lossy(&far.stderr).into_owned();
    assert_eq!(far.status.code(), Some(2), "{text}");
    assert!(text.contains("loopback"), "{text}");
    let speed = sim().arg("serve").arg(&path).args(["--speed", "fast"]).bounded();
    assert_eq!(speed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&speed.stderr).contains("60x"));
    let short = sim().arg("serve").arg(&path).args(["--seed", "3", "--for", "200ms"]).bounded();
    let told = String::from_utf8_lossy(&short.stdout).into_owned();
    assert_eq!(short.status.code(), Some(0), "{told}");
    assert!(told.starts_with("seed 3 · v100-scarce") && told.contains("export SKY_CLOCK_SPEED=60\n"), "{told}");
    let mut child = sim().arg("serve").arg(&path).stdout(std::process::Stdio::piped()).spawn().expect("runs");
    let mut first = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().expect("piped")), &mut first)
        .expect("a line");
    let stopped = Command::new("kill").arg(child.id().to_string()).status().expect("kill");
    assert!(stopped.success());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}
