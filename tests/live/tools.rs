//! Finding tools, and servers that stop with the test.

#![expect(dead_code, reason = "each module of these tests needs a part of it")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// The full path of a program, or `None` with a word on standard error. With `SKY_TEST_REQUIRE` a missing program fails
/// the test: CI installs everything.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from));
    let found = places.map(|dir| dir.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("SKY_TEST_REQUIRE").is_none(), "{name} is not installed");
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// The Python interpreter that has these modules, or `None` as in [`tool`]. `SKY_TEST_PYTHON` names another one.
pub(crate) fn python(modules: &[&str]) -> Option<PathBuf> {
    let named = std::env::var_os("SKY_TEST_PYTHON").map(PathBuf::from);
    let python = named.or_else(|| tool("python3"))?;
    let import = format!("import {}", modules.join(", "));
    let has = Command::new(&python).args(["-c", &import]).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if !has {
        assert!(std::env::var_os("SKY_TEST_REQUIRE").is_none(), "python lacks one of {modules:?}");
        eprintln!("skipped: python lacks one of {modules:?}");
    }
    has.then_some(python)
}

/// How long one run of a program may take: many times what the longest takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

/// Running a program no longer than any should take.
pub(crate) trait Bounded {
    /// Runs it to its end; fails the test if it does not come to one.
    fn bounded(&mut self) -> Output;
}

impl Bounded for Command {
    fn bounded(&mut self) -> Output {
        finish(self.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts"))
    }
}

/// Waits for a program that was started with its output piped; fails the test if it does not end.
pub(crate) fn finish(child: Child) -> Output {
    let id = child.id().to_string();
    let (ended, end) = channel::<()>();
    let watch = std::thread::spawn(move || {
        let late = end.recv_timeout(LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
        if late {
            let _ = Command::new("kill").args(["-9", &id]).status();
        }
        late
    });
    let output = child.wait_with_output().expect("waits");
    drop(ended);
    let late = watch.join().expect("no panic");
    assert!(!late, "still running after {LIMIT:?}: {output:?}");
    output
}

/// Gives a `sky` whose state is in `dir` a key of its own, so that no test waits for one to be made. It opens nothing; clouds
/// that look at keys take it for one.
pub(crate) fn plant_key(dir: &Path) {
    std::fs::create_dir_all(dir).expect("a directory");
    std::fs::write(dir.join("sky-key"), "private\n").expect("writes");
    let public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g sky\n";
    std::fs::write(dir.join("sky-key.pub"), public).expect("writes");
}

/// A file that a server writes when it is ready; fails the test after 60 s.
pub(crate) fn awaited(path: &Path) -> String {
    let begin = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(path) {
            return text;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "no {}", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port()
}

/// A process that is killed when the test ends, however it ends.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    /// Starts it and waits until the port accepts connections; fails the test after 60 s.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).spawn().expect("starts");
        let mut server = Self { child };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().expect("waits").is_none(), "{command:?} ended before it listened");
            assert!(begin.elapsed() < Duration::from_secs(60), "{command:?} does not listen on {port}");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
