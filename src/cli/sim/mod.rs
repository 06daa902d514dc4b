//! `sky-sim`: one file a command.
//!
//! **Invariant:** a command parses nothing but flags and decides nothing but what to print; what it does lies below.

use clap::{Parser, Subcommand};

use super::exit::EXIT_CODES;
use super::{Console, Environment, Exit, Failure};

/// Runs the failover engine against simulated markets, and compares strategies.
#[derive(Debug, Parser)]
#[command(name = "sky-sim", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct SkySim {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A script that completes commands and flags in your shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs a command.
pub fn run(sim: &SkySim, _environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    match &sim.command {
        Command::Completion { shell } => {
            console.completion::<SkySim>(*shell, "sky-sim");
            Ok(Exit::Done)
        }
    }
}
