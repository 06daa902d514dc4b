//! `sky`: one file a command.
//!
//! **Invariant:** a command parses nothing but flags and decides nothing but what to print; what it does lies below.

mod autostop;
mod availability;
mod bring_up;
mod catalog;
mod catalog_diff;
mod catalog_update;
mod check;
mod cost_report;
mod exec;
mod explain;
mod gc;
mod gpus;
mod jobs;
mod launch;
mod life;
mod live;
mod live_launch;
mod machines;
mod offer;
mod plan;
mod plan_plot;
mod planning;
mod provision_log;
mod selection;
mod simulate;
mod ssh;
mod status;
mod task_args;

pub(super) use offer::policy;

use clap::{Parser, Subcommand, ValueEnum};

use super::exit::EXIT_CODES;
use super::{Console, Environment, Exit, Failure};

/// Gets machines on the cheapest cloud that has them, failing over across zones, regions and clouds.
#[derive(Debug, Parser)]
#[command(name = "sky", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Sky {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Launch a task: on the cheapest that has it, failing over where there is none.
    Launch(Box<launch::LaunchArgs>),
    /// Show every candidate in the order they would be tried, and what was left out; place several tasks together.
    Plan(Box<plan::PlanArgs>),
    /// Show your clusters.
    Status(status::StatusArgs),
    /// Stop clusters: machines stop, disks are kept.
    Stop(life::ChangeArgs),
    /// Start stopped clusters, where they are.
    Start(life::StartArgs),
    /// Terminate clusters, disks too.
    Down(life::ChangeArgs),
    /// Run a command or a task's `run` on a cluster that is up, without its `setup`.
    Exec(exec::ExecArgs),
    /// Log in on a cluster's head node, or run one command there.
    Ssh(ssh::SshArgs),
    /// Show a job's output again, and follow it.
    Logs(jobs::LogsArgs),
    /// Show a cluster's jobs.
    Queue(jobs::QueueArgs),
    /// Cancel jobs of a cluster.
    Cancel(jobs::CancelArgs),
    /// Stop or terminate a cluster by itself when it is idle.
    Autostop(autostop::AutostopArgs),
    /// Show which clouds can be used, and what to do about the others.
    Check(check::CheckArgs),
    /// Show what clusters have cost.
    CostReport(cost_report::CostArgs),
    /// Show what is believed to be out where, from the refusals of the last minutes.
    Availability(availability::AvailabilityArgs),
    /// Find machines of yours that no cluster owns, and terminate them.
    Gc(gc::GcArgs),
    /// Say why this candidate was chosen, and why not another one.
    Explain(Box<explain::ExplainArgs>),
    /// What accelerators there are, who sells them and for how much.
    #[command(subcommand)]
    Gpus(gpus::Gpus),
    /// The same as `gpus list`.
    #[command(hide = true)]
    ShowGpus(gpus::List),
    /// The price tables that everything is decided by.
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// A script that completes commands and flags in your shell.
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// How a command tells what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Table,
    /// One document for programs.
    Json,
}

/// Runs a command.
pub fn run(sky: &Sky, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    super::catalogs::prefer_updated(environment);
    match &sky.command {
        Command::Launch(args) => launch::run(args, environment, console),
        Command::Plan(args) => plan::run(args, console),
        Command::Status(args) => status::run(args, environment, console),
        Command::Stop(args) => life::stop(args, environment, console),
        Command::Start(args) => life::start(args, environment, console),
        Command::Down(args) => life::down(args, environment, console),
        Command::Exec(args) => exec::run(args, environment, console),
        Command::Ssh(args) => ssh::run(args, environment, console),
        Command::Logs(args) => jobs::logs(args, environment, console),
        Command::Queue(args) => jobs::queue(args, environment, console),
        Command::Cancel(args) => jobs::cancel(args, environment, console),
        Command::Autostop(args) => autostop::run(args, environment, console),
        Command::Check(args) => check::run(args, environment, console),
        Command::CostReport(args) => cost_report::run(args, environment, console),
        Command::Availability(args) => availability::run(args, environment, console),
        Command::Gc(args) => gc::run(args, environment, console),
        Command::Explain(args) => explain::run(args, console),
        Command::Gpus(gpus::Gpus::List(list)) | Command::ShowGpus(list) => gpus::list(list, console),
        Command::Catalog(command) => catalog::run(command, environment, console),
        Command::Completion { shell } => {
            console.completion::<Sky>(*shell, "sky");
            Ok(Exit::Done)
        }
    }
}
