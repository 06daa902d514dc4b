//! Real ssh servers on loopback, each with a home of its own, that stand for machines.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sky::cluster::machine::{Endpoint, Machines};

use super::tools::{self, Bounded as _, Server};

/// Machines that run until this is dropped.
pub(crate) struct Nodes {
    /// Below it: our side's home, and one directory a node.
    dir: tempfile::TempDir,
    servers: Vec<Server>,
    /// One for all: each node has an address of its own.
    port: u16,
}

impl Nodes {
    /// Starts some; `None`, with a word, where a tool is missing.
    pub(crate) fn start(count: usize) -> Option<Self> {
        Self::start_with(count, "")
    }

    /// The same with variables in every session: `NAME="value" OTHER=value`; `{home}` becomes the node's home.
    pub(crate) fn start_with(count: usize, variables: &str) -> Option<Self> {
        for name in ["ssh", "ssh-keygen", "rsync", "bash"] {
            tools::tool(name)?;
        }
        let sshd = tools::tool("sshd")?;
        // Where its unprivileged half lives; only root may make it, and only root's server asks for it.
        let _ = fs::create_dir_all("/run/sshd");
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("here")).expect("a directory");
        keygen(&dir.path().join("here/key"));
        let mut nodes = Self { dir, servers: Vec::new(), port: tools::free_port() };
        for rank in 0..count {
            fs::create_dir_all(nodes.home(rank)).expect("a directory");
            keygen(&nodes.node(rank).join("hostkey"));
            let server = nodes.serve(rank, &sshd, variables);
            nodes.servers.push(server);
        }
        Some(nodes)
    }

    fn serve(&self, rank: usize, sshd: &Path, variables: &str) -> Server {
        let (node, home) = (self.node(rank), self.home(rank));
        // Every session begins in the node's home, whatever the user's is.
        let entry = format!(
            "#!/bin/bash\ncd '{}'\n[ -n \"$SSH_ORIGINAL_COMMAND\" ] && exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"\nexec /bin/bash\n",
            home.display()
        );
        fs::write(node.join("entry"), entry).expect("written");
        fs::set_permissions(node.join("entry"), fs::Permissions::from_mode(0o755)).expect("executable");
        let variables = variables.replace("{home}", &home.display().to_string());
        let config = format!(
            "ListenAddress {address}:{port}\nHostKey {node}/hostkey\nPidFile none\nStrictModes no\nUsePAM no\n\
             AuthorizedKeysFile {here}/key.pub {home}/.ssh/authorized_keys\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             SetEnv HOME={home} NODE=node{rank} {variables}\nForceCommand {node}/entry\nMaxStartups 100\n",
            address = address(rank),
            port = self.port,
            node = node.display(),
            here = self.here().display(),
            home = home.display(),
        );
        fs::write(node.join("sshd_config"), config).expect("written");
        let mut command = Command::new(sshd);
        command.args(["-D", "-f"]).arg(node.join("sshd_config")).arg("-E").arg(node.join("sshd.log"));
        Server::start(&mut command, self.port)
    }

    /// Gives a node another host key, as if another machine answered at its address.
    pub(crate) fn replace(&mut self, rank: usize) {
        fs::remove_file(self.node(rank).join("hostkey")).expect("removed");
        keygen(&self.node(rank).join("hostkey"));
        let sshd = tools::tool("sshd").expect("was there");
        self.servers.remove(rank);
        let server = self.serve(rank, &sshd, "");
        self.servers.insert(rank, server);
    }

    fn node(&self, rank: usize) -> PathBuf {
        self.dir.path().join(format!("node{rank}"))
    }

    /// The home of a node.
    pub(crate) fn home(&self, rank: usize) -> PathBuf {
        self.node(rank).join("home")
    }

    /// Our side's home.
    pub(crate) fn here(&self) -> PathBuf {
        self.dir.path().join("here")
    }

    /// What the program is told of them.
    pub(crate) fn machines(&self) -> Machines {
        let node = |rank| Endpoint {
            id: format!("i-{rank}"),
            host: address(rank),
            port: self.port,
            user: user(),
            key: self.here().join("key"),
            internal_host: address(rank),
            internal_port: self.port,
        };
        Machines {
            cluster: "t".to_owned(),
            nodes: (0..self.servers.len()).map(node).collect(),
            gpus_per_node: 8,
            sky_home: self.here().join(".sky"),
        }
    }
}

/// The head node's is the one that is waited for; the others are up when somebody asks them.
fn address(rank: usize) -> String {
    format!("127.0.0.{}", rank + 1)
}

/// Makes a pair of keys.
pub(crate) fn keygen(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
    assert!(made.expect("starts").success());
}

fn user() -> String {
    let output = Command::new("id").arg("-un").bounded();
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}
