//! A server of simulated clouds, and `sky` pointed at it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::tools::{Server, awaited, free_port, plant_key};

/// The path of a shipped scenario.
pub(super) fn scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name)
}

/// The clouds that this build can call.
pub(super) fn clouds() -> Vec<&'static str> {
    let built = [("aws", cfg!(feature = "aws")), ("azure", cfg!(feature = "azure")), ("gcp", cfg!(feature = "gcp"))];
    built.into_iter().filter(|(_, built)| *built).map(|(cloud, _)| cloud).collect()
}

/// `sky-sim serve`, stopped when this is dropped.
pub(super) struct Serve {
    pub(super) port: u16,
    pub(super) dir: tempfile::TempDir,
    _server: Server,
}

impl Serve {
    /// Serves a scenario.
    pub(super) fn start(scenario: &Path, flags: &[&str]) -> Self {
        let (dir, port) = (tempfile::tempdir().expect("a directory"), free_port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_sky-sim"));
        command.arg("serve").arg(scenario).args(["--port", &port.to_string()]).args(flags);
        command.arg("--export").arg(dir.path().join("exports")).arg("--journal").arg(dir.path().join("journal"));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let server = Server::start(&mut command, port);
        Self { port, dir, _server: server }
    }

    /// What a client's shell has to export.
    pub(super) fn exports(&self) -> Vec<(String, String)> {
        let text = awaited(&self.dir.path().join("exports"));
        let pair = |line: &str| {
            let (name, value) = line.strip_prefix("export ").expect("an export").split_once('=').expect("a value");
            (name.to_owned(), value.to_owned())
        };
        text.lines().map(pair).collect()
    }

    /// A `sky` whose clouds are these and whose state is in `home`. It sees nothing else of the environment.
    pub(super) fn sky(&self, home: &Path, arguments: &[&str]) -> Command {
        let state = home.join(".sky");
        if !state.exists() {
            plant_key(&state);
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_sky"));
        command.env_clear().envs(self.exports()).env("HOME", home).env("TZ", "UTC").env("PATH", "/usr/bin:/bin");
        command.env("SKY_HOME", state).args(arguments).stdin(std::process::Stdio::null());
        command
    }

    /// A document of the control endpoint.
    pub(super) fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "")
    }

    /// The same for what changes something.
    pub(super) fn post(&self, path: &str, body: &str) -> Value {
        self.ask("POST", path, body)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, text) = exchange(self.port, method, path, "127.0.0.1", body);
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }
}

/// One request: the status and the body.
pub(super) fn exchange(port: u16, method: &str, path: &str, host: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}

/// A program's standard output as lines of JSON.
pub(super) fn lines(text: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(text);
    text.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
