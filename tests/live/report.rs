//! The page of a study in a real browser: it asks nothing of a network, says what it should in both themes, has no error
//! on its console, and nothing is wider than a phone.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::tools::{Bounded as _, tool};

/// A small market, so that a debug build is done in seconds.
const SMALL: &str = "\
schema: 1
title: two regions, the cheaper one often out
why: |
  small enough for a browser's test
clouds:
  gcp/V100: {pool: {markov: {up: 50m, down: 10m}}}
  gcp/us-central1/V100: {pool: {markov: {up: 40m, down: 20m}}}
demand: {gpus: V100, cloud: gcp}
policies: [cheapest, random]
trials: 300
seed: 3
horizon: 6h
";

/// A page around the page, as wide as a phone or a desk, that writes down what it finds there.
fn frame(page: &str, width: u32) -> String {
    let quoted = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!doctype html><body><pre id=found></pre><iframe id=f width={width} height=900 srcdoc=\"{quoted}\"></iframe>\
         <script>f.onload = () => {{ const d = f.contentDocument, e = d.documentElement;\
         const seen = [...d.querySelectorAll('figure')].filter((g) => [...g.querySelectorAll('svg')].filter((s) => s.getBoundingClientRect().width > 50).length === 1);\
         found.textContent = JSON.stringify({{ overflow: e.scrollWidth - e.clientWidth, figures: d.querySelectorAll('figure').length,\
         once: seen.length, tips: d.querySelectorAll('[data-tip]').length, title: d.title, paper: getComputedStyle(d.body).backgroundColor,\
         asked: performance.getEntriesByType('resource').length + f.contentWindow.performance.getEntriesByType('resource').length }}) }}</script>"
    )
}

struct Browser {
    program: PathBuf,
    home: tempfile::TempDir,
}

impl Browser {
    fn run(&self, flags: &[String]) -> (String, String) {
        let (out, err) = (self.home.path().join("out"), self.home.path().join("err"));
        let file = |path: &Path| Stdio::from(std::fs::File::create(path).expect("made"));
        let mut child = Command::new(&self.program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"])
            .arg(format!("--user-data-dir={}", self.home.path().join("profile").display()))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(file(&out))
            .stderr(file(&err))
            .spawn()
            .expect("starts");
        let begin = Instant::now();
        while child.try_wait().expect("waits").is_none() {
            if begin.elapsed() > Duration::from_secs(120) {
                let _ = child.kill();
                let _ = child.wait();
                panic!("the browser does not end");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let read = |path: &Path| std::fs::read(path).map(|b| String::from_utf8_lossy(&b).into_owned()).expect("read");
        (read(&out), read(&err))
    }

    /// What the page around the page found, and what the console said.
    fn look(&self, page: &str, width: u32, is_dark: bool) -> serde_json::Value {
        let around = self.home.path().join(format!("around-{width}.html"));
        std::fs::write(&around, frame(page, width)).expect("written");
        let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!is_dark));
        let wait = "--virtual-time-budget=5000".to_owned();
        let (dom, log) = self.run(&[scheme, wait, "--dump-dom".to_owned(), format!("file://{}", around.display())]);
        let console: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert!(console.is_empty(), "the console says {console:?}");
        let found = dom.split("<pre id=\"found\">").nth(1).and_then(|rest| rest.split("</pre>").next());
        let found = found.unwrap_or_else(|| panic!("nothing was found in {dom:.500}"));
        serde_json::from_str(&found.replace("&amp;", "&")).unwrap_or_else(|error| panic!("{error}: {found}"))
    }
}

#[test]
fn the_page_of_a_comparison_in_a_browser() {
    let Some(program) = tool("chromium") else { return };
    let browser = Browser { program, home: tempfile::tempdir().expect("a directory") };
    let scenario = browser.home.path().join("small.yaml");
    std::fs::write(&scenario, SMALL).expect("written");
    let file = browser.home.path().join("report.html");
    let made = Command::new(env!("CARGO_BIN_EXE_sky-sim"))
        .args(["compare".as_ref(), scenario.as_os_str(), "--html".as_ref(), file.as_os_str()])
        .bounded();
    assert!(made.status.success(), "{made:?}");
    let page = std::fs::read_to_string(&file).expect("a page");
    for said in [
        "two regions, the cheaper one often out",
        "Time until everything asked for is up",
        "Against cheapest, on the same luck",
        "Cost against wait",
        "Regret: what not knowing the market costs",
        "Why launches were refused",
        "over what the market had",
        "clairvoyant (bound)",
        "SHA-256 of the scenario",
        "sky-sim compare",
    ] {
        assert!(page.contains(said), "the page does not say '{said}'");
    }
    let phone = browser.look(&page, 400, false);
    assert_eq!(phone["overflow"], 0, "wider than a phone: {phone}");
    let desk = browser.look(&page, 1200, false);
    assert_eq!(desk["overflow"], 0, "{desk}");
    for found in [&phone, &desk] {
        assert!(found["figures"].as_u64() >= Some(9), "{found}");
        // Of the two drawings of a figure one is seen; those in folded details are not.
        assert!(found["once"].as_u64() >= Some(9), "{found}");
        assert!(found["tips"].as_u64() > Some(100), "shapes say what they are: {found}");
        assert_eq!(found["asked"], 0, "something was asked of a network: {found}");
    }
    let dark = browser.look(&page, 1200, true);
    assert_ne!(dark["paper"], desk["paper"], "the dark theme is not dark");
    let shot = browser.home.path().join("page.png");
    let flags = [format!("--screenshot={}", shot.display()), "--window-size=1100,2400".to_owned()];
    browser.run(&[&flags[..], &[format!("file://{}", file.display())]].concat());
    let bytes = std::fs::metadata(&shot).expect("a screenshot").len();
    assert!(bytes > 60_000, "an empty picture of {bytes} bytes");
    if let Some(keep) = option_env!("SKY_KEEP_PICTURES") {
        std::fs::copy(&shot, Path::new(keep).join("page.png")).expect("kept");
    }
}
