//! Plain `ssh NAME`: a file a cluster, included by one line at the top of the user's `~/.ssh/config`.
//!
//! **Invariant:** of the user's file nothing but that line is ever changed, and it goes with the last cluster.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::endpoint::{Machines, directory};
use super::error::MachineError;

/// Makes `ssh NAME` lead to the head node, and `ssh NAME-worker1` to the next.
///
/// # Errors
/// A file that cannot be written; nothing depends on it, so it may be told as a warning.
pub fn add_shortcut(machines: &Machines, home: &Path) -> Result<(), MachineError> {
    let dir = shortcuts(&machines.sky_home);
    let write = || {
        private_dir(&dir)?;
        let _lock = lock(&dir)?;
        replace(&dir.join(format!("{}.conf", machines.cluster)), &entry(machines))?;
        include(&dir, &home.join(".ssh/config"))
    };
    write().map_err(|error: io::Error| {
        MachineError::here(
            format!("`ssh {}` is not set up: {error}", machines.cluster),
            format!("`sky ssh {}` works all the same", machines.cluster),
        )
    })
}

/// Forgets everything this side knows of a cluster's machines: host keys, shared connections, the entry for `ssh NAME`.
///
/// # Errors
/// A file that cannot be written or removed.
pub fn forget(sky_home: &Path, cluster: &str, home: Option<&Path>) -> Result<(), MachineError> {
    let dir = shortcuts(sky_home);
    let remove = || {
        gone(fs::remove_dir_all(directory(sky_home, cluster)))?;
        if !dir.is_dir() {
            return Ok(());
        }
        let _lock = lock(&dir)?;
        gone(fs::remove_file(dir.join(format!("{cluster}.conf"))))?;
        let left = fs::read_dir(&dir)?.flatten().any(|entry| entry.path().extension().is_some_and(|e| e == "conf"));
        match home {
            Some(home) if !left => exclude(&dir, &home.join(".ssh/config")),
            _ => Ok(()),
        }
    };
    remove().map_err(|error: io::Error| {
        MachineError::here(format!("what was kept of cluster '{cluster}' could not be removed: {error}"), "")
    })
}

impl Machines {
    /// Ends the shared connections, as before an address changes hands.
    pub async fn disconnect(&self) {
        for node in &self.nodes {
            let Some(path) = self.control_path(node).filter(|path| path.exists()) else { continue };
            let mut command = tokio::process::Command::new("ssh");
            command.arg("-O").arg("exit").arg("-S").arg(path).arg(&node.host).stdin(Stdio::null());
            // There may be none any more, which is what is wanted.
            let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).status().await;
        }
    }
}

fn shortcuts(sky_home: &Path) -> PathBuf {
    sky_home.join("ssh")
}

fn entry(machines: &Machines) -> String {
    let mut text = String::from("# Written by sky; it goes with the cluster.\n");
    for (rank, node) in machines.nodes.iter().enumerate() {
        let name = if rank == 0 { machines.cluster.clone() } else { format!("{}-worker{rank}", machines.cluster) };
        let _ = write!(
            text,
            "Host {name}\n  HostName {}\n  User {}\n  Port {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
             HostKeyAlias {}\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n  \
             StrictHostKeyChecking accept-new\n  CheckHostIP no\n  UpdateHostKeys no\n",
            node.host,
            node.user,
            node.port,
            in_quotes(&node.key),
            node.alias(),
            in_quotes(&machines.known_hosts()),
        );
    }
    text
}

/// A path as a word of ssh's configuration, where `%` begins a token.
fn in_quotes(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('%', "%%"))
}

fn include_line(dir: &Path) -> String {
    format!("Include \"{}/*.conf\"", dir.display())
}

fn include(dir: &Path, config: &Path) -> io::Result<()> {
    let line = include_line(dir);
    let text = or_empty(fs::read_to_string(config))?;
    if text.lines().any(|known| known.trim() == line) {
        return Ok(());
    }
    if let Some(parent) = config.parent().filter(|parent| !parent.exists()) {
        private_dir(parent)?;
    }
    replace(config, &format!("{line}\n{text}"))
}

fn exclude(dir: &Path, config: &Path) -> io::Result<()> {
    let line = include_line(dir);
    let text = or_empty(fs::read_to_string(config))?;
    let kept: String = text.split_inclusive('\n').filter(|known| known.trim() != line).collect();
    if kept == text { Ok(()) } else { replace(config, &kept) }
}

/// Writes a file as a whole, readable for its owner alone or as it was; a link keeps leading where it led.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&path).map_or(0o600, |known| known.permissions().mode() & 0o777);
    let mut name = path.as_os_str().to_owned();
    name.push(".sky-new");
    gone(fs::remove_file(&name))?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&name)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&name, &path)
}

fn private_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Two commands at once write one after the other.
fn lock(dir: &Path) -> io::Result<fs::File> {
    let file = fs::OpenOptions::new().create(true).write(true).truncate(false).mode(0o600).open(dir.join(".lock"))?;
    file.lock()?;
    Ok(file)
}

/// Not being there is as good as removed.
fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn or_empty(text: io::Result<String>) -> io::Result<String> {
    match text {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::machine::Endpoint;

    fn machines(home: &Path, cluster: &str) -> Machines {
        let node = |id: &str| Endpoint {
            id: id.to_owned(),
            host: "10.0.0.1".to_owned(),
            port: 22,
            user: "u".to_owned(),
            key: home.join("a key"),
            internal_host: String::new(),
            internal_port: 22,
        };
        let nodes = vec![node("i-1"), node("i-2")];
        Machines { cluster: cluster.to_owned(), nodes, gpus_per_node: 0, sky_home: home.join(".sky") }
    }

    #[test]
    fn the_users_file_is_as_before_in_the_end() {
        let dir = tempfile::tempdir().expect("a directory");
        let home = dir.path();
        let (config, real) = (home.join(".ssh/config"), home.join("dotfiles"));
        fs::create_dir(home.join(".ssh")).expect("made");
        fs::write(&real, "Host mine\n  User me\n\n# end, without a newline").expect("written");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).expect("set");
        std::os::unix::fs::symlink(&real, &config).expect("linked");
        for name in ["a", "b", "a"] {
            add_shortcut(&machines(home, name), home).expect("added");
        }
        let text = fs::read_to_string(&config).expect("there");
        let line = format!("Include \"{}/.sky/ssh/*.conf\"\n", home.display());
        assert_eq!(text, format!("{line}Host mine\n  User me\n\n# end, without a newline"));
        assert!(fs::symlink_metadata(&config).expect("there").is_symlink(), "a link stays one");
        assert_eq!(fs::metadata(&config).expect("there").permissions().mode() & 0o777, 0o644);
        forget(&home.join(".sky"), "a", Some(home)).expect("forgotten");
        assert!(fs::read_to_string(&config).expect("there").starts_with("Include"), "b is still there");
        forget(&home.join(".sky"), "b", Some(home)).expect("forgotten");
        forget(&home.join(".sky"), "b", Some(home)).expect("forgotten twice");
        assert_eq!(fs::read_to_string(&config).expect("there"), "Host mine\n  User me\n\n# end, without a newline");
    }

    #[test]
    fn ssh_itself_reads_the_entry() {
        let dir = tempfile::tempdir().expect("a directory");
        add_shortcut(&machines(dir.path(), "v100-8"), dir.path()).expect("added");
        let config = dir.path().join(".ssh/config");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&config), mode(&dir.path().join(".sky/ssh/v100-8.conf"))), (0o600, 0o600));
        let read = |name: &str| {
            let output = std::process::Command::new("ssh").arg("-F").arg(&config).args(["-G", name]).output();
            output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let Ok(worker) = read("v100-8-worker1") else { return };
        assert!(worker.contains("hostname 10.0.0.1\n") && worker.contains("hostkeyalias sky-i-2\n"), "{worker}");
        assert!(worker.contains(&format!("identityfile {}/a key\n", dir.path().display())), "{worker}");
        assert!(read("other").expect("ssh").contains("hostname other\n"));
    }
}
