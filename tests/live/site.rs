//! `sky` in a home of its own, against `sky-sim serve`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::tools::{Bounded as _, Server, awaited, free_port, plant_key};

/// What is planted among the credentials, and must be seen nowhere.
pub(crate) const CANARY: &str = "canary-7f3a-do-not-show";

/// A simulated cloud on loopback, a home directory, and a `sky` that knows of both.
pub(crate) struct Site {
    pub(crate) home: tempfile::TempDir,
    exports: BTreeMap<String, String>,
    port: u16,
    _server: Server,
}

impl Site {
    /// Serves a scenario that ships with the package, so many times faster than the wall.
    pub(crate) fn serve(scenario: &str, speed: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let port = free_port();
        let file = home.path().join("exports");
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(scenario);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sky-sim"));
        command.arg("serve").arg(scenario).args(["--speed", speed, "--port", &port.to_string(), "--export"]).arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server::start(&mut command, port);
        let text = awaited(&file);
        let pairs = text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        let exports = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        plant_key(&home.path().join(".sky"));
        Self { home, exports, port, _server: server }
    }

    /// `sky` with these arguments, ready to be started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sky"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.args(args).env_clear().env("PATH", path).env("HOME", self.home.path()).envs(&self.exports);
        command.env("CANARY_SECRET", CANARY).env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `sky` to its end.
    pub(crate) fn sky(&self, args: &[&str]) -> Answer {
        Answer::of(&self.command(args).bounded())
    }

    /// A document that `sky` prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let answer = self.sky(args);
        serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error} in {answer:?}"))
    }

    /// A variable that clients of the server are to have.
    pub(crate) fn export(&mut self, name: &str, value: &str) {
        self.exports.insert(name.to_owned(), value.to_owned());
    }

    /// What the server says on one of its own pages.
    pub(crate) fn page(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", self.port)
            .expect("asks");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error} in {answer}"))
    }

    /// The machines that really run, by launch and name.
    pub(crate) fn running(&self) -> BTreeMap<String, Vec<String>> {
        let books = self.page("/_sky/books");
        let mut by_launch: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for machine in books["running"].as_array().expect("a list") {
            let text = |key: &str| machine[key].as_str().unwrap_or_default().to_owned();
            by_launch.entry(text("lease")).or_default().push(text("name"));
        }
        // Machines of one launch may have been made in any order.
        for names in by_launch.values_mut() {
            names.sort();
        }
        by_launch
    }

    /// The machines that rows own.
    pub(crate) fn owned(&self) -> Vec<String> {
        let clusters = self.json(&["status", "-o", "json"]);
        let hosts = clusters.as_array().expect("a list").iter().flat_map(|c| c["hosts"].as_array().expect("a list"));
        let mut owned: Vec<String> = hosts.map(|host| host["id"].as_str().expect("an id").to_owned()).collect();
        owned.sort();
        owned
    }

    /// Settles, then compares what runs with what is written down, of clusters of so many machines. What the cloud was
    /// already taking down when the program was killed is gone a little later, so the two are compared again until they
    /// agree, for a bounded time.
    pub(crate) fn settle(&self, nodes: usize, what: &str) {
        for look in 1.. {
            let refreshed = self.sky(&["status", "-r"]);
            assert_eq!(refreshed.code, Some(0), "{what}: {refreshed:?}");
            let running: Vec<String> = self.running().into_values().flatten().collect();
            let once: BTreeSet<String> = running.iter().cloned().collect();
            assert_eq!(once.len(), running.len(), "{what}: twice the same: {running:?}");
            let owned: BTreeSet<String> = self.owned().into_iter().collect();
            let whole = owned.is_empty() || owned.len() == nodes;
            if once == owned && whole {
                return;
            }
            assert!(look < 20, "{what}: {once:?} run, {owned:?} are written down: {refreshed:?}");
            sleep(Duration::from_millis(100));
        }
    }

    /// Every file below the home.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        fn below(dir: &Path, into: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(dir).expect("reads").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    below(&path, into);
                } else {
                    into.push(path);
                }
            }
        }
        let mut files = Vec::new();
        below(self.home.path(), &mut files);
        files
    }
}

/// How a run of `sky` ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
