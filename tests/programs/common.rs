//! Runs the programs as a shell would.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Its output.
    pub(crate) out: String,
    /// What it wrote beside that.
    pub(crate) err: String,
}

/// The programs, below a home of their own.
pub(crate) struct Shell {
    home: tempfile::TempDir,
}

impl Shell {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file into the home and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.home().join(name);
        std::fs::create_dir_all(path.parent().expect("below home")).expect("a directory");
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn sky(&self, args: &[&str]) -> Answer {
        self.run(env!("CARGO_BIN_EXE_sky"), args, "")
    }

    pub(crate) fn sky_sim(&self, args: &[&str]) -> Answer {
        self.run(env!("CARGO_BIN_EXE_sky-sim"), args, "")
    }

    pub(crate) fn sky_answering(&self, args: &[&str], stdin: &str) -> Answer {
        self.run(env!("CARGO_BIN_EXE_sky"), args, stdin)
    }

    fn run(&self, program: &str, args: &[&str], stdin: &str) -> Answer {
        let mut child = self
            .command(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        // A program that asks nothing closes its input unread, which is no failure of the test.
        let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
        let output = child.wait_with_output().expect("ended");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let home = self.home().to_str().expect("UTF-8");
        Answer {
            code: output.status.code(),
            out: text(output.stdout).replace(home, "~"),
            err: text(output.stderr).replace(home, "~"),
        }
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).env("HOME", self.home()).env_remove("NO_COLOR");
        command
    }
}

/// `I 02-11 21:17:43` becomes `I <date>`: the moment of the test is not part of the answer.
pub(crate) fn undated(text: &str) -> String {
    let line = |line: &str| match line.as_bytes() {
        [b'I' | b'W' | b'E', b' ', rest @ ..] if rest.len() > 14 && rest[2] == b'-' && rest[8] == b':' => {
            format!("{} <date>{}", &line[..1], &line[16..])
        }
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
