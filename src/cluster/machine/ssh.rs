//! One node by ssh: commands with their input, output and exit code.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::endpoint::{Endpoint, Machines, node_name};
use super::error::MachineError;
use super::quote::quote;

/// How to reach one node.
#[derive(Debug, Clone)]
pub(super) struct Ssh {
    /// `head`, `worker1`
    pub(super) node: String,
    pub(super) endpoint: Endpoint,
    options: Vec<String>,
    known_hosts: PathBuf,
    /// Ours; ssh writes below it.
    sky_home: PathBuf,
}

/// What a command answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) out: Vec<u8>,
    pub(super) err: String,
}

/// The code with which ssh itself fails.
const SSH_FAILED: i32 = 255;

/// How long what a command said beside its output is waited for once it has ended: a shared connection that stays in
/// the background may hold it open.
const LAST_WORDS: Duration = Duration::from_millis(200);

impl Machines {
    /// The way to a node.
    pub(super) fn ssh(&self, rank: usize) -> Ssh {
        let endpoint = self.nodes[rank].clone();
        let (known_hosts, sky_home) = (self.known_hosts(), self.sky_home.clone());
        Ssh { node: node_name(rank), options: self.options(&endpoint), endpoint, known_hosts, sky_home }
    }

    /// The ways to all nodes, by rank.
    pub(super) fn all(&self) -> Vec<Ssh> {
        (0..self.nodes.len()).map(|rank| self.ssh(rank)).collect()
    }

    fn options(&self, node: &Endpoint) -> Vec<String> {
        let mut settings = vec![
            "BatchMode=yes".to_owned(),
            "ConnectTimeout=15".to_owned(),
            // Four missed answers, a minute, and the connection counts as lost.
            "ServerAliveInterval=15".to_owned(),
            "ServerAliveCountMax=4".to_owned(),
            "StrictHostKeyChecking=accept-new".to_owned(),
            format!("UserKnownHostsFile={}", quoted(&self.known_hosts().display().to_string())),
            "GlobalKnownHostsFile=/dev/null".to_owned(),
            format!("HostKeyAlias={}", node.alias()),
            "CheckHostIP=no".to_owned(),
            "HashKnownHosts=no".to_owned(),
            "UpdateHostKeys=no".to_owned(),
            format!("IdentityFile={}", quoted(&node.key.display().to_string())),
            "IdentitiesOnly=yes".to_owned(),
            "PreferredAuthentications=publickey".to_owned(),
            "LogLevel=ERROR".to_owned(),
        ];
        match self.control_path(node) {
            Some(path) => settings.extend([
                "ControlMaster=auto".to_owned(),
                format!("ControlPath={}", quoted(&path.display().to_string())),
                "ControlPersist=60".to_owned(),
            ]),
            None => settings.push("ControlPath=none".to_owned()),
        }
        let mut options = vec!["-p".to_owned(), node.port.to_string(), "-l".to_owned(), node.user.clone()];
        options.extend(settings.into_iter().flat_map(|setting| ["-o".to_owned(), setting]));
        options
    }
}

/// A value of an option, as ssh's own parser of options wants a path with blanks; `%` begins a token there.
fn quoted(path: &str) -> String {
    let path = path.replace('%', "%%");
    if path.contains(' ') { format!("\"{path}\"") } else { path }
}

impl Ssh {
    /// Makes the directories that ssh writes into, for their owner alone.
    fn make_directories(&self) -> Result<(), MachineError> {
        for dir in [self.known_hosts.parent().unwrap_or(&self.sky_home), &self.sky_home.join("ctl")] {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| {
                let message = format!("'{}' cannot be made: {error}", dir.display());
                MachineError::here(message, "make it writable, or name another directory by SKY_HOME")
            })?;
        }
        Ok(())
    }

    /// `10.0.0.1:22`
    pub(super) fn host(&self) -> String {
        format!("{}:{}", self.endpoint.host, self.endpoint.port)
    }

    /// The command with which rsync reaches the node: split at blanks, with quotes.
    pub(super) fn for_rsync(&self) -> String {
        let words = std::iter::once("ssh".to_owned()).chain(self.options.iter().cloned());
        let quoted = words.map(|word| if word.contains([' ', '"']) { format!("'{word}'") } else { word });
        quoted.collect::<Vec<_>>().join(" ")
    }

    /// ssh with our options, running this command line on the node.
    fn command(&self, remote: &str) -> Command {
        let mut command = Command::new("ssh");
        command.args(&self.options).args(["-T", &self.endpoint.host, remote]);
        // A process group of its own: Ctrl-C is ours to answer, and what is not waited for any more is killed.
        command.process_group(0).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a script with arguments and input on the node, whatever it answers.
    pub(super) async fn script(&self, script: &str, args: &[&str], stdin: &[u8]) -> Result<Answer, MachineError> {
        let mut out = Vec::new();
        let (code, err) = self.stream(script, args, stdin, &mut |bytes| out.extend_from_slice(bytes)).await?;
        Ok(Answer { code, out, err })
    }

    /// The same for what must succeed; its output as text.
    pub(super) async fn must(
        &self,
        what: &str,
        script: &str,
        args: &[&str],
        stdin: &[u8],
    ) -> Result<String, MachineError> {
        let answer = self.script(script, args, stdin).await?;
        if answer.code != 0 {
            return Err(self.failed(what, &answer));
        }
        Ok(String::from_utf8_lossy(&answer.out).into_owned())
    }

    /// A command that did not do what it was to do.
    pub(super) fn failed(&self, what: &str, answer: &Answer) -> MachineError {
        let reason = match answer.err.trim() {
            "" => String::from_utf8_lossy(&answer.out).trim().to_owned(),
            words => words.to_owned(),
        };
        MachineError::Failed { node: self.node.clone(), what: what.to_owned(), code: answer.code, reason }
    }

    /// Runs a script and hands on its output as it comes; its exit code and what it said beside that.
    pub(super) async fn stream(
        &self,
        script: &str,
        args: &[&str],
        stdin: &[u8],
        output: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<(i32, String), MachineError> {
        self.make_directories()?;
        let words: Vec<String> = args.iter().map(|arg| quote(arg)).collect();
        let mut command = self.command(&format!("exec sh -c {} sh {}", quote(script), words.join(" ")));
        command.stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        let child = command.spawn().map_err(|error| no_program("ssh", &error))?;
        let (code, err) = converse(child, stdin, output).await.map_err(|error| self.lost(&error.to_string()))?;
        if code == SSH_FAILED { Err(self.refused(&err)) } else { Ok((code, err)) }
    }

    /// What ssh's own failure means.
    fn refused(&self, err: &str) -> MachineError {
        if err.contains("Host key verification failed") || err.contains("HOST IDENTIFICATION HAS CHANGED") {
            return MachineError::HostKeyChanged {
                node: self.node.clone(),
                host: self.host(),
                file: self.known_hosts.display().to_string(),
                alias: self.endpoint.alias(),
            };
        }
        self.lost(err)
    }

    fn lost(&self, err: &str) -> MachineError {
        let lines = || err.lines().map(str::trim).filter(|line| !line.is_empty());
        let reason = lines().next_back().unwrap_or("ssh ended without a word").to_owned();
        MachineError::Lost { node: self.node.clone(), host: self.host(), reason }
    }
}

/// Feeds a child and reads it until it has ended.
async fn converse(
    mut child: Child,
    stdin: &[u8],
    output: &mut (dyn FnMut(&[u8]) + Send),
) -> std::io::Result<(i32, String)> {
    let (input, mut out) = (child.stdin.take(), child.stdout.take().expect("piped"));
    let mut err = child.stderr.take().expect("piped");
    let mut words = Vec::new();
    let feed = async {
        if let Some(mut input) = input {
            // A command that reads no further has its reasons; its code tells them.
            let _ = input.write_all(stdin).await;
            let _ = input.shutdown().await;
        }
    };
    let read = async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match out.read(&mut buffer).await? {
                0 => return std::io::Result::Ok(()),
                length => output(&buffer[..length]),
            }
        }
    };
    let listen = async { err.read_to_end(&mut words).await };
    let end = async {
        let ((), read) = tokio::join!(feed, read);
        read?;
        child.wait().await
    };
    tokio::pin!(listen, end);
    let status = tokio::select! {
        status = &mut end => {
            let _ = tokio::time::timeout(LAST_WORDS, &mut listen).await;
            status?
        }
        _ = &mut listen => end.await?,
    };
    // Ended by a signal: the connection is gone as well.
    Ok((status.code().unwrap_or(SSH_FAILED), String::from_utf8_lossy(&words).into_owned()))
}

pub(super) fn no_program(name: &str, error: &std::io::Error) -> MachineError {
    MachineError::here(
        format!("'{name}' cannot be started: {error}"),
        format!("install {name} and see that it is in PATH"),
    )
}

/// The command line of a login on a node, or of one command there: `ssh` and its arguments, to be run with the
/// terminal handed over.
pub fn login_command(machines: &Machines, rank: usize, command: &[String]) -> Result<Vec<String>, MachineError> {
    let ssh = machines.ssh(rank);
    ssh.make_directories()?;
    let mut words = vec!["ssh".to_owned()];
    words.extend(ssh.options);
    if !command.is_empty() {
        words.push("-T".to_owned());
    }
    words.push(ssh.endpoint.host);
    words.extend(command.iter().cloned());
    Ok(words)
}
