//! `sky-sim`: one file a command.
//!
//! **Invariant:** a command parses nothing but flags and decides nothing but what to print; what it does lies below.

mod common;
mod compare;
mod files_compared;
mod files_of;
mod fit;
mod fit_journal;
mod gate;
mod init;
mod progress;
mod replay;
mod run;
mod schema;
mod serve;
mod show;
mod sweep;
mod validate;
mod verify;

use clap::{Parser, Subcommand};

use crate::engine::policy::PolicyName;
use crate::report::grid::Grid;

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
    /// Run a scenario: its candidates, one trial told in full, what each policy achieves.
    Run(Box<run::RunArgs>),
    /// Compare policies under the same luck: paired differences with intervals, and what may be luck.
    Compare(Box<compare::CompareArgs>),
    /// Run policies over a grid of parameters, whole or in pieces on many machines.
    Sweep(Box<sweep::SweepArgs>),
    /// Put the pieces of a sweep together: the same bytes as one run of the whole.
    Merge(sweep::MergeArgs),
    /// Make a result again and compare bytes: exit code 0 if they are the same, 1 if not.
    Verify(verify::VerifyArgs),
    /// Fit a market to traces of a real one or to journals of launches, and tell how well it fits.
    Fit(fit::FitArgs),
    /// Tell a journal again, and what other strategies make of the same luck.
    Replay(replay::ReplayArgs),
    /// Fail if a scenario's bounds are broken or numbers are worse than a baseline's: exit code 99.
    Gate(gate::GateArgs),
    /// Serve a scenario's market on loopback, in the clouds' own protocols, for any client to be pointed at.
    Serve(Box<serve::ServeArgs>),
    /// Check scenario files: every error at once, each with its place.
    Validate(validate::ValidateArgs),
    /// Show what a scenario's market comes to: every pool, its laws, how often it has machines, a picture.
    Show(show::ShowArgs),
    /// Write a scenario to start from.
    Init(init::InitArgs),
    /// Say what the code of an error means.
    Explain {
        /// The code, as it stands in brackets after the message: `S002`.
        code: String,
    },
    /// Print the JSON Schema of a kind of file or output.
    Schema {
        /// Of what.
        #[arg(value_enum, default_value_t)]
        of: schema::Kind,
    },
    /// List the failover strategies.
    Strategies,
    /// A script that completes commands and flags in your shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs a command.
pub fn run(sim: &SkySim, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    match &sim.command {
        Command::Run(args) => run::run(args, console),
        Command::Compare(args) => compare::run(args, console),
        Command::Sweep(args) => sweep::run(args, environment, console).map(|()| Exit::Done),
        Command::Merge(args) => sweep::merge(args, console).map(|()| Exit::Done),
        Command::Verify(args) => verify::run(args, console),
        Command::Fit(args) => fit::run(args, console),
        Command::Replay(args) => replay::run(args, console),
        Command::Gate(args) => gate::run(args, console),
        Command::Serve(args) => serve::run(args, console),
        Command::Validate(args) => validate::run(args, console),
        Command::Show(args) => show::run(args, console),
        Command::Init(args) => init::run(args, console),
        Command::Explain { code } => validate::explain(code, console),
        Command::Schema { of } => schema::run(*of, console),
        Command::Strategies => strategies(console),
        Command::Completion { shell } => {
            console.completion::<SkySim>(*shell, "sky-sim");
            Ok(Exit::Done)
        }
    }
}

fn strategies(console: &mut Console) -> Result<Exit, Failure> {
    let mut grid = Grid::new(["POLICY", "WHAT IT TRIES NEXT"]);
    for policy in PolicyName::ALL {
        grid.push([policy.to_string(), policy.summary().to_owned()]);
    }
    console.table(&grid.lines())?;
    Ok(Exit::Done)
}
