//! The ssh key that lets us in: made once, or the user's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::config::Config;
use super::error::{Class, ClusterError};

/// A key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Where the private half is.
    pub private: PathBuf,
    /// The public half, as one line.
    pub public: String,
}

/// The key pair that machines are made with; made by `ssh-keygen` the first time.
///
/// # Errors
/// When it cannot be made or read.
pub fn key_pair(home: &Path, config: &Config) -> Result<KeyPair, ClusterError> {
    let private = config.ssh.key.clone().unwrap_or_else(|| home.join("sky-key"));
    if !private.exists() {
        if config.ssh.key.is_some() {
            return Err(wrong(
                format!("the ssh key '{}' is not there", private.display()),
                "correct ssh.key in config.yaml, or leave it out and a key is made",
            ));
        }
        make(home, &private)?;
    }
    let mut public = private.clone().into_os_string();
    public.push(".pub");
    let text = std::fs::read_to_string(&public).map_err(|error| {
        let public = Path::new(&public).display();
        wrong(
            format!("the public half of the ssh key, '{public}', cannot be read: {error}"),
            "make it again: ssh-keygen -y -f KEY > KEY.pub",
        )
    })?;
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Ok(KeyPair { private, public: line.trim().to_owned() })
}

/// Makes a pair under a name of its own first, so that of two processes one wins and both see a whole pair.
fn make(home: &Path, private: &Path) -> Result<(), ClusterError> {
    let fresh = home.join(format!("sky-key.{}", super::store::uid()));
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "sky", "-f"])
        .arg(&fresh)
        .output()
        .map_err(|error| wrong(format!("ssh-keygen cannot be run: {error}"), "install OpenSSH's client"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(wrong(format!("ssh-keygen made no key: {words}"), "make the directory writable"));
    }
    let beside = |path: &Path| PathBuf::from(format!("{}.pub", path.display()));
    // The public half first: a private half that is there is taken for a whole pair. Links fail where a file is, and
    // then another process was first.
    let linked = std::fs::hard_link(beside(&fresh), beside(private)).and_then(|()| std::fs::hard_link(&fresh, private));
    let _ = std::fs::remove_file(beside(&fresh));
    let _ = std::fs::remove_file(&fresh);
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(wrong(format!("the ssh key cannot be kept: {error}"), "make the directory writable"))
        }
        Err(_) => await_private(private),
        Ok(()) => Ok(()),
    }
}

/// Another process made the pair; its private half follows its public half at once. If it died in between, the public
/// half is of no use and is made again.
fn await_private(private: &Path) -> Result<(), ClusterError> {
    let there = (0..1000).any(|_| {
        std::thread::yield_now();
        private.exists()
    });
    if there {
        return Ok(());
    }
    let _ = std::fs::remove_file(format!("{}.pub", private.display()));
    Err(wrong("another sky was just making the ssh key, and did not end".to_owned(), "try again"))
}

fn wrong(message: String, remedy: &str) -> ClusterError {
    ClusterError::new(Class::Internal, message, remedy)
}
