//! `sky exec`: a command or a task's `run` on a cluster that is up.

use std::path::Path;

use clap::Args;

use crate::cli::{Console, Environment, Exit, Failure, files};
use crate::cluster::machine::Until;
use crate::request::{Flags, Secret, Source, Work, parse_tasks};

use super::machines::{Job, Up, run_job};
use super::task_args::is_file;

/// Flags of `exec`.
#[derive(Debug, Args)]
pub(super) struct ExecArgs {
    /// The cluster.
    #[arg(value_name = "CLUSTER")]
    cluster: String,
    /// A task's YAML file, of which `run` is run (and `workdir` copied), or a command.
    #[arg(value_name = "TASK.yaml or COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    task: Vec<String>,
    /// Name of the job.
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,
    /// Do not wait for its end.
    #[arg(short, long)]
    detach_run: bool,
    /// On how many nodes; those of the task, or the head node.
    #[arg(long, value_name = "N")]
    num_nodes: Option<u16>,
    /// Directory that is copied to the nodes first.
    #[arg(long, value_name = "DIR")]
    workdir: Option<String>,
    /// Environment variable of the job, `NAME=VALUE`; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// The same for what must not be shown; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    secret: Vec<String>,
}

pub(super) fn run(args: &ExecArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let (file, text, command) = match args.task.as_slice() {
        [file] if is_file(file) => (file.clone(), files::read(Path::new(file))?, None),
        words => ("flags".to_owned(), String::new(), Some(command_line(words))),
    };
    let flags = Flags {
        name: args.name.clone(),
        num_nodes: args.num_nodes,
        workdir: args.workdir.clone(),
        run: command,
        envs: args.env.clone(),
        secrets: args.secret.iter().cloned().map(Secret::new).collect(),
        ..Flags::default()
    };
    let tasks = parse_tasks(&Source { name: &file, text: &text }, &flags)?;
    let [task] = tasks.as_slice() else {
        let message = format!("the file has {} tasks, and one is run at a time", tasks.len());
        return Err(Failure::usage(message, "give each its own file"));
    };
    if task.work.run.as_deref().is_none_or(|run| run.trim().is_empty()) {
        return Err(Failure::usage(
            "the task has no `run`",
            "`sky exec` runs nothing else; `setup` is for `sky launch`",
        ));
    }
    let up = Up::find(&args.cluster, environment)?;
    let work = Work { setup: None, file_mounts: Vec::new(), ..task.work.clone() };
    let job = Job {
        name: task.name.as_deref().unwrap_or_default(),
        work: &work,
        nodes: task.num_nodes,
        until: if args.detach_run { Until::Submitted } else { Until::Ended },
        idle: None,
        quiet: false,
        local_logs: None,
    };
    run_job(&up.live, &up.cluster, &job, environment, console)
}

/// One word is a command line as it is; several are joined, as ssh does.
fn command_line(words: &[String]) -> String {
    words.join(" ")
}
