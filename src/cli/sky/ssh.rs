//! `sky ssh`: a login on a cluster's machines.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::Args;

use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::machine::{add_shortcut, login_command};

use super::machines::Up;

/// Flags of `ssh`.
#[derive(Debug, Args)]
pub(super) struct SshArgs {
    /// The cluster.
    #[arg(value_name = "CLUSTER")]
    cluster: String,
    /// Which node; 0 is the head node.
    #[arg(long, value_name = "RANK", default_value_t = 0)]
    rank: usize,
    /// A command that is run there instead of a shell.
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<String>,
}

pub(super) fn run(args: &SshArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let up = Up::find(&args.cluster, environment)?;
    let count = up.machines.nodes.len();
    if args.rank >= count {
        let message = format!("cluster '{}' has no node of rank {}", args.cluster, args.rank);
        return Err(Failure::usage(message, format!("ranks go from 0 to {}", count - 1)));
    }
    // Not being able to write it is said where clusters are launched.
    let _ = environment.home.as_ref().map(|home| add_shortcut(&up.machines, home));
    let words = login_command(&up.machines, args.rank, &args.command)?;
    console.flush()?;
    // The terminal is handed over: this process becomes ssh, and its exit code is ours.
    let error = Command::new(&words[0]).args(&words[1..]).exec();
    Err(Failure::usage(format!("ssh cannot be started: {error}"), "install OpenSSH's client"))
}
