//! The live page in a real browser.

use std::process::Command;

use super::harness::{Serve, scenario};
use crate::tools::{Bounded as _, tool};

#[test]
fn the_page_shows_market_attempts_and_bill() {
    let Some(chromium) = tool("chromium") else { return };
    let serve = Serve::start(&scenario("v100-scarce.yaml"), &["--seed", "7", "--speed", "600x"]);
    serve.post("/_sky/clock?advance=3h", "");
    let profile = serve.dir.path().join("profile");
    let shown = Command::new(chromium)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("http://127.0.0.1:{}/_sky/", serve.port))
        .bounded();
    let page = String::from_utf8_lossy(&shown.stdout);
    assert!(page.contains("One V100 on demand, scarce everywhere"), "{page}");
    for word in ["us-central1-a", "Google Cloud", "seed 7", "Nothing is held"] {
        assert!(page.contains(word), "no '{word}' in {page}");
    }
    assert!(page.matches("<svg").count() > 20, "hardly a pool is drawn: {page}");
}

#[test]
fn events_bring_clock_bill_and_market() {
    let serve = Serve::start(&scenario("v100-scarce.yaml"), &["--seed", "7", "--speed", "600x"]);
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", serve.port)).expect("listens");
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("a limit");
    let head = format!("GET /_sky/events HTTP/1.1\r\nhost: 127.0.0.1:{}\r\n\r\n", serve.port);
    std::io::Write::write_all(&mut stream, head.as_bytes()).expect("sent");
    let mut told = String::new();
    let mut buffer = vec![0; 65536];
    while told.matches("event: market").count() < 2 {
        let read = std::io::Read::read(&mut stream, &mut buffer).expect("goes on");
        assert!(read > 0, "the stream ended: {told}");
        told.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(told.contains("event: about") && told.matches("event: state").count() >= 3, "{told}");
}
