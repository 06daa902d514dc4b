//! What is put on a machine before its first job: the launcher, and the way from the head node to the others.

use sha2::{Digest as _, Sha256};

use super::contact::on_all;
use super::endpoint::Machines;
use super::error::MachineError;
use super::ssh::{Answer, Ssh};

/// Runs jobs and tells of them.
const LAUNCHER: &str = include_str!("launcher.sh");

/// Stops the machine when it is idle.
const WATCHER: &str = include_str!("autostop.sh");

/// Takes a file from the standard input and puts it in place as a whole.
const INSTALL: &str =
    r#"umask 077 && mkdir -p .sky/bin && cat >".sky/bin/$1.new.$$" && mv -f ".sky/bin/$1.new.$$" ".sky/bin/$1""#;

/// Runs a script of ours if it is there.
const CALL: &str = r#"name=$1; shift; [ -e ".sky/bin/$name" ] || exit 90; exec sh ".sky/bin/$name" "$@""#;
const NOT_THERE: i32 = 90;

/// Makes the key by which the head node reaches the others, once, and prints its public half. What it knows of their
/// host keys comes over the standard input: that which was pinned here.
const HEAD_KEY: &str = r"umask 077 && mkdir -p .sky/internal && cat >.sky/internal/known_hosts || exit 1
[ -s .sky/internal/key ] || ssh-keygen -q -t ed25519 -N '' -C sky-internal -f .sky/internal/key </dev/null >&2 || exit 1
cat .sky/internal/key.pub";

/// Lets the key in that comes over the standard input.
const LET_IN: &str = r#"umask 077 && mkdir -p .ssh && read -r key && touch .ssh/authorized_keys || exit 1
grep -qxF "$key" .ssh/authorized_keys || printf '%s\n' "$key" >>.ssh/authorized_keys"#;

/// Names a script after what it holds, so that a new version never changes one that is running.
fn versioned(name: &str, text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let digits = hash.iter().take(4).fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    format!("{name}-{digits}.sh")
}

/// Puts a script of ours on a node.
async fn install(ssh: &Ssh, name: &str, text: &str) -> Result<(), MachineError> {
    ssh.must("keep a file in ~/.sky/bin", INSTALL, &[name], text.as_bytes()).await.map(|_| ())
}

/// Puts the launcher on every node, and introduces the nodes to each other.
pub(super) async fn prepare(machines: &Machines) -> Result<(), MachineError> {
    on_all(machines, |ssh| async move { install(&ssh, &launcher_name(), LAUNCHER).await }).await?;
    if machines.nodes.len() == 1 {
        return Ok(());
    }
    let pinned = std::fs::read(machines.known_hosts()).map_err(|error| {
        let file = machines.known_hosts();
        MachineError::here(format!("the pinned host keys in {} cannot be read: {error}", file.display()), "")
    })?;
    let key = machines.ssh(0).must("make a key for the other nodes", HEAD_KEY, &[], &pinned).await?;
    // A login file may print before it.
    let key = key.lines().next_back().unwrap_or_default().to_owned() + "\n";
    on_all(machines, move |ssh| {
        let key = key.clone();
        async move { ssh.must("let the head node in", LET_IN, &[], key.as_bytes()).await }
    })
    .await?;
    Ok(())
}

/// The launcher's name on the machines.
pub(super) fn launcher_name() -> String {
    versioned("launcher", LAUNCHER)
}

/// Calls the launcher on a node, which gets it first if it has none (of this version).
pub(super) async fn launcher(ssh: &Ssh, args: &[&str], stdin: &[u8]) -> Result<Answer, MachineError> {
    call(ssh, ("launcher", LAUNCHER), args, stdin).await
}

/// Calls the script that stops idle machines, in the same way.
pub(super) async fn watcher(ssh: &Ssh, args: &[&str], stdin: &[u8]) -> Result<Answer, MachineError> {
    call(ssh, ("autostop", WATCHER), args, stdin).await
}

/// Puts that script on a node.
pub(super) async fn install_watcher(ssh: &Ssh) -> Result<(), MachineError> {
    install(ssh, &versioned("autostop", WATCHER), WATCHER).await
}

/// The launcher with its output as it comes.
pub(super) async fn stream_launcher(
    ssh: &Ssh,
    args: &[&str],
    output: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<(i32, String), MachineError> {
    stream(ssh, ("launcher", LAUNCHER), args, b"", output).await
}

async fn call(ssh: &Ssh, script: (&str, &str), args: &[&str], stdin: &[u8]) -> Result<Answer, MachineError> {
    let mut out = Vec::new();
    let (code, err) = stream(ssh, script, args, stdin, &mut |bytes| out.extend_from_slice(bytes)).await?;
    Ok(Answer { code, out, err })
}

async fn stream(
    ssh: &Ssh,
    (name, text): (&str, &str),
    args: &[&str],
    stdin: &[u8],
    output: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<(i32, String), MachineError> {
    let name = versioned(name, text);
    let words: Vec<&str> = std::iter::once(name.as_str()).chain(args.iter().copied()).collect();
    let (code, err) = ssh.stream(CALL, &words, stdin, output).await?;
    if code != NOT_THERE {
        return Ok((code, err));
    }
    install(ssh, &name, text).await?;
    ssh.stream(CALL, &words, stdin, output).await
}
