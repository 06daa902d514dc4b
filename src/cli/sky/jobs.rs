//! `sky logs`, `sky queue`, `sky cancel`: the jobs of a cluster.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::machine::{self, JobRow, MachineError, Machines, Until};
use crate::report::grid::Grid;

use super::Output;
use super::machines::{Up, Watched, conclude, exit_of, watch};

/// Flags of `logs`.
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// The cluster.
    #[arg(value_name = "CLUSTER")]
    cluster: String,
    /// The job's number; the newest if absent.
    #[arg(value_name = "JOB")]
    job: Option<u64>,
    /// Print what there is, and do not wait for more.
    #[arg(long)]
    no_follow: bool,
    /// Print nothing, and end as the job did: 0 if it succeeded.
    #[arg(long, conflicts_with = "no_follow")]
    status: bool,
    /// Copy the logs into this directory instead of printing them.
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "~/sky_logs", conflicts_with = "status")]
    sync_down: Option<String>,
}

/// Flags of `queue`.
#[derive(Debug, Args)]
pub(super) struct QueueArgs {
    /// The cluster.
    #[arg(value_name = "CLUSTER")]
    cluster: String,
    /// Only those that have not ended.
    #[arg(short, long)]
    skip_finished: bool,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Flags of `cancel`.
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    /// The cluster.
    #[arg(value_name = "CLUSTER")]
    cluster: String,
    /// The jobs' numbers.
    #[arg(value_name = "JOB")]
    jobs: Vec<u64>,
    /// All that have not ended.
    #[arg(short, long, conflicts_with = "jobs")]
    all: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

pub(super) fn logs(args: &LogsArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let up = Up::find(&args.cluster, environment)?;
    let machines = &up.machines;
    let job = match args.job {
        Some(job) => job,
        None => up.live.wait(newest(machines))?,
    };
    if args.status {
        let end = up.live.wait(machine::status(machines, job))?;
        console.line(end.state.name())?;
        return Ok(if end.state.is_active() { Exit::Done } else { exit_of(&end) });
    }
    if let Some(dir) = &args.sync_down {
        let dir = expanded(dir, environment).join(format!("{}-{job}", args.cluster));
        let kept = up.live.wait(machine::copy_logs(machines, job, &dir))?;
        for path in kept {
            console.line(path.display().to_string())?;
        }
        return Ok(Exit::Done);
    }
    if args.no_follow {
        return match watch(&up.live, false, console, async |tell| machine::print_log(machines, job, tell).await)? {
            Watched::Done(end) if !end.state.is_active() => Ok(exit_of(&end)),
            Watched::Done(_) => Ok(Exit::Done),
            Watched::Left(_) => Ok(Exit::Interrupted),
        };
    }
    let ended =
        watch(&up.live, false, console, async |tell| machine::follow(machines, job, Until::Ended, None, tell).await)?;
    let ended = match ended {
        Watched::Done(end) => Watched::Done(Some(end)),
        Watched::Left(_) => Watched::Left(Some(job)),
    };
    conclude(&up.cluster, &ended, console)
}

async fn newest(machines: &Machines) -> Result<u64, MachineError> {
    let newest = machine::newest(machines).await?;
    newest.ok_or_else(|| MachineError::NoJob { cluster: machines.cluster.clone(), job: "yet".to_owned() })
}

fn expanded(dir: &str, environment: &Environment) -> PathBuf {
    match (dir.strip_prefix("~/"), &environment.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(dir),
    }
}

pub(super) fn queue(args: &QueueArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let up = Up::find(&args.cluster, environment)?;
    let rows = up.live.wait(machine::queue(&up.machines))?;
    let rows: Vec<JobRow> = rows.into_iter().filter(|row| !args.skip_finished || row.at.state.is_active()).collect();
    if args.output == Output::Json {
        let of = |row: &JobRow| {
            json!({
                "job": row.at.job, "name": row.name, "status": row.at.state.name(), "exit_code": row.at.code,
                "submitted_at": row.submitted, "started_at": row.started, "ended_at": row.ended,
            })
        };
        console.json(&rows.iter().map(of).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        console.note("No jobs.");
        return Ok(Exit::Done);
    }
    let now = up.live.context.now();
    let mut grid = Grid::new(["ID", "NAME", "SUBMITTED", "DURATION", "STATUS", "EXIT"]);
    for row in &rows {
        let submitted = row.submitted.map_or_else(String::new, |at| format!("{} ago", lasting(now - at)));
        let end = row.ended.or(row.at.state.is_active().then_some(now));
        let duration = row.started.zip(end).map_or_else(String::new, |(start, end)| lasting(end - start));
        let code = row.at.code.map_or_else(String::new, |code| code.to_string());
        let cells = [row.at.job.to_string(), row.name.clone(), submitted, duration];
        grid.push(cells.into_iter().chain([row.at.state.name().to_owned(), code]));
    }
    console.table(&grid.lines())?;
    Ok(Exit::Done)
}

/// `3s`, `4m 5s`, `2h 7m`, `3d 4h`.
fn lasting(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..60 => format!("{}s", seconds.max(0)),
        60..3600 => format!("{minutes}m {}s", seconds % 60),
        3600..86_400 => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

pub(super) fn cancel(args: &CancelArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.jobs.is_empty() && !args.all {
        return Err(Failure::usage("no job to cancel was named", "give its number, or --all"));
    }
    let up = Up::find(&args.cluster, environment)?;
    let jobs = if args.all {
        let rows = up.live.wait(machine::queue(&up.machines))?;
        rows.iter().filter(|row| row.at.state.is_active()).map(|row| row.at.job).collect()
    } else {
        args.jobs.clone()
    };
    if jobs.is_empty() {
        console.note("No job runs.");
        return Ok(Exit::Done);
    }
    let names: Vec<String> = jobs.iter().map(u64::to_string).collect();
    let question = format!("Cancelling job {} of cluster '{}'. Proceed?", names.join(", "), args.cluster);
    if !args.yes && !console.confirm(&question)? {
        console.note("Nothing was cancelled.");
        return Ok(Exit::Interrupted);
    }
    for job in jobs {
        let end = up.live.wait(machine::cancel(&up.machines, job))?;
        console.line(format!("Job {job}: {}", end.state.name()))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::lasting;

    #[test]
    fn durations_in_two_units() {
        let told: Vec<String> = [-3, 59, 60, 3599, 7620, 273_600].into_iter().map(lasting).collect();
        assert_eq!(told, ["0s", "59s", "1m 0s", "59m 59s", "2h 7m", "3d 4h"]);
    }
}
