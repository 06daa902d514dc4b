//! Machines that can be used: a real ssh server on loopback for every running instance.
//!
//! **Invariant:** an instance that does not run has no process left; what it had on disk is kept until it is terminated,
//! and nothing outlives the server.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::fs;
use tokio::process::{Child, Command};

use super::site::{Filter, Instance, InstanceId, Site, State};

/// Between two looks at which instances run.
const LOOK: Duration = Duration::from_millis(50);

/// Names, in the environment of every session, the instance that it runs on.
const MARK: &str = "SKY_SIM_MACHINE";

/// What the machines are made with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Where keys and homes are kept. Removed at the end.
    pub dir: PathBuf,
    /// The ssh server's program.
    pub sshd: PathBuf,
    /// The port of all of them, each on an address of its own.
    pub port: u16,
}

/// The machines that run.
pub struct Machines {
    site: Arc<Site>,
    setup: Setup,
    running: BTreeMap<InstanceId, (String, Child)>,
    /// Those that could not be started, so that each is complained of once.
    failed: BTreeMap<InstanceId, String>,
}

impl Machines {
    /// None yet. From now on instances get addresses on loopback.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub async fn new(site: Arc<Site>, setup: Setup) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&setup.dir).await?;
        // Where the server's unprivileged half lives; only root may make it, and only root's server asks for it.
        let _ = fs::create_dir_all("/run/sshd").await;
        site.use_loopback_addresses();
        Ok(Self { site, setup, running: BTreeMap::new(), failed: BTreeMap::new() })
    }

    /// Keeps servers and instances in step until it is dropped by its caller; `complain` hears of what fails.
    pub async fn keep(&mut self, mut complain: impl FnMut(String)) {
        loop {
            for (instance, error) in self.step().await {
                complain(format!("no ssh server for instance {}: {error}", instance.0));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends every machine and removes what they had.
    pub async fn end(mut self) {
        for id in self.running.keys().copied().collect::<Vec<_>>() {
            self.halt(id).await;
        }
        // What cannot be removed is in a directory of temporary files.
        let _ = fs::remove_dir_all(&self.setup.dir).await;
    }

    async fn step(&mut self) -> Vec<(InstanceId, String)> {
        let all = Filter { terminated: true, hidden: true, ..Filter::default() };
        let instances = self.site.instances(&all);
        let up: BTreeMap<InstanceId, &Instance> =
            instances.iter().filter(|i| i.state == State::Running).map(|i| (i.id, i.as_ref())).collect();
        let address = |instance: &&Instance| instance.public_ip.clone().unwrap_or_default();
        let over = self.running.iter().filter(|(id, (at, _))| up.get(id).map(address).as_ref() != Some(at));
        for id in over.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.halt(id).await;
        }
        for instance in instances.iter().filter(|instance| instance.state == State::Terminated) {
            // Mostly gone already.
            let _ = fs::remove_dir_all(self.home_of(instance.id)).await;
        }
        let mut complaints = Vec::new();
        for (id, instance) in up {
            if self.running.contains_key(&id) || instance.ssh.is_none() || self.failed.contains_key(&id) {
                continue;
            }
            match self.boot(instance).await {
                Ok(child) => {
                    self.running.insert(id, (address(&instance), child));
                }
                Err(error) => {
                    self.failed.insert(id, error.to_string());
                    complaints.push((id, error.to_string()));
                }
            }
        }
        complaints
    }

    fn home_of(&self, id: InstanceId) -> PathBuf {
        self.setup.dir.join(format!("{}-{}", self.site.generation(), id.0))
    }

    async fn boot(&self, instance: &Instance) -> io::Result<Child> {
        let node = self.home_of(instance.id);
        let home = node.join("home");
        fs::create_dir_all(&home).await?;
        let host_key = node.join("hostkey");
        if fs::metadata(&host_key).await.is_err() {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&host_key).stdin(Stdio::null());
            if !keygen.status().await?.success() {
                return Err(io::Error::other("ssh-keygen failed"));
            }
        }
        let keys = instance.ssh.as_ref().map_or("", |login| login.public_key.as_str());
        fs::write(node.join("authorized_keys"), format!("{keys}\n")).await?;
        // Every session begins in the machine's home, whatever the user's is.
        let quoted = home.display().to_string().replace('\'', r"'\''");
        let entry = format!(
            "cd '{quoted}'\n[ -n \"$SSH_ORIGINAL_COMMAND\" ] && exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"\n\
             exec /bin/bash -l\n"
        );
        fs::write(node.join("entry"), entry).await?;
        let address = instance.public_ip.clone().unwrap_or_default();
        fs::write(node.join("sshd_config"), self.config(&node, &address)).await?;
        let mut sshd = Command::new(&self.setup.sshd);
        sshd.args(["-D", "-f"]).arg(node.join("sshd_config")).arg("-E").arg(node.join("sshd.log"));
        sshd.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn()
    }

    fn config(&self, node: &Path, address: &str) -> String {
        let (node, port) = (node.display(), self.setup.port);
        format!(
            "ListenAddress {address}:{port}\nHostKey {node}/hostkey\nPidFile none\nStrictModes no\nUsePAM no\n\
             AuthorizedKeysFile {node}/authorized_keys {node}/home/.ssh/authorized_keys\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             SetEnv HOME={node}/home {MARK}={node}\nForceCommand /bin/bash {node}/entry\nMaxStartups 100\n"
        )
    }

    /// Ends a machine: its server and all that runs on it.
    async fn halt(&mut self, id: InstanceId) {
        let Some((_, mut child)) = self.running.remove(&id) else { return };
        // It may have ended by itself.
        let _ = child.kill().await;
        let marked = processes(&format!("{MARK}={}", self.home_of(id).display())).await;
        if !marked.is_empty() {
            let mut kill = Command::new("kill");
            kill.arg("-9").args(marked).stdin(Stdio::null()).stderr(Stdio::null());
            let _ = kill.status().await;
        }
    }
}

/// The processes with this in their environment, where the system shows them under `/proc`.
async fn processes(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(mut entries) = fs::read_dir("/proc").await else { return found };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let Ok(environment) = fs::read(entry.path().join("environ")).await else { continue };
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()) {
            found.push(name);
        }
    }
    found
}

/// The ssh server's program, if it is installed.
pub async fn find_sshd() -> Option<PathBuf> {
    for place in ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/usr/lib/ssh/sshd"] {
        if fs::metadata(place).await.is_ok() {
            return Some(PathBuf::from(place));
        }
    }
    None
}

/// Who logs in: the user that runs this, since the server runs as nobody else.
pub async fn user() -> Option<String> {
    let told = Command::new("id").arg("-un").output().await.ok()?;
    let name = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}
