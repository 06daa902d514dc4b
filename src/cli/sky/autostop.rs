//! `sky autostop`: what a cluster does with itself when it is idle.

use std::time::Duration;

use clap::Args;

use crate::cli::{Console, Environment, Exit, Failure};
use crate::cluster::machine::{self, Idle, Promise};
use crate::cluster::{Autostop, Cluster, ClusterError, settle_idle};
use crate::request::{Flags, from_flags};

use super::machines::Up;

/// Flags of `autostop`.
#[derive(Debug, Args)]
pub(super) struct AutostopArgs {
    /// The cluster.
    #[arg(value_name = "CLUSTER")]
    cluster: String,
    /// Stop after being idle this long: minutes, or a duration such as `90m`.
    #[arg(short = 'i', long = "idle-minutes", value_name = "DURATION", default_value = "5")]
    idle: String,
    /// Terminate instead of stopping.
    #[arg(long)]
    down: bool,
    /// Do not stop by itself any more.
    #[arg(long, conflicts_with_all = ["idle", "down"])]
    cancel: bool,
}

pub(super) fn run(args: &AutostopArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    let wanted = if args.cancel { None } else { Some(idle(args)?) };
    let up = Up::find_with_cloud(&args.cluster, environment)?;
    let context = &up.live.context;
    let _claim = context.claim(&args.cluster, "autostop")?;
    let wanted = up.live.wait(settle_idle(context, &up.cluster, wanted))?;
    let cloud = up.cluster.held.as_ref().map(|held| held.cloud.as_str()).unwrap_or_default();
    let promise = up.live.wait(machine::set_autostop(&up.machines, cloud, wanted))?;
    if let (Promise::Nothing(why), Some(idle)) = (&promise, wanted) {
        return Err(Failure::usage(format!("{} is not possible here: {why}", idle.name()), ""));
    }
    let autostop = wanted.map(|idle| Autostop { idle_s: idle.after.as_secs() as u32, down: idle.down });
    let cluster = Cluster { autostop, ..up.cluster.clone() };
    context.store.put_cluster(&cluster).map_err(ClusterError::from)?;
    let name = &args.cluster;
    match wanted {
        None => console.line(format!("Cluster '{name}' stays up until it is stopped or terminated."))?,
        Some(idle) => {
            let what = if idle.down { "terminates itself" } else { "stops" };
            let minutes = idle.after.as_secs_f64() / 60.0;
            console.line(format!(
                "Cluster '{name}' {what} after {minutes} idle minutes, whether or not we are connected."
            ))?;
        }
    }
    if let Promise::Less(but) = &promise {
        console.note(format!("warning: {but}"));
    }
    Ok(Exit::Done)
}

/// Read as a task's `autostop` is.
fn idle(args: &AutostopArgs) -> Result<Idle, Failure> {
    let task = from_flags(&Flags { autostop: Some(args.idle.clone()), ..Flags::default() })?;
    let found = task.alternatives.first().and_then(|alternative| alternative.machine.autostop);
    let found = found.ok_or_else(|| Failure::usage("no idle time was given", "give -i 10, or --cancel"))?;
    Ok(Idle { after: Duration::from_secs_f64(found.idle.as_secs_f64()), down: args.down, ..Idle::default() })
}
