//! `sky status`: the clusters a user owns, as written down or as the clouds show them now.

use clap::Args;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Console, Environment, Exit, Failure};
use crate::cloud::Node;
use crate::cluster::refresh::{self, Standing};
use crate::cluster::store::{Holder, state_name};
use crate::cluster::{Cluster, ClusterError, Store};
use crate::model::{CapacityType, Span};
use crate::report::grid::Grid;

use super::Output;
use super::live::{Live, Which};
use super::selection::{Selection, clouds_of};

/// Flags of `status`.
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    which: Selection,
    /// Ask the clouds, and settle what interrupted launches left.
    #[arg(short, long)]
    refresh: bool,
    /// Print the address of the head node alone.
    #[arg(long)]
    ip: bool,
    /// How to tell it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// A cluster for programs.
#[derive(Debug, Serialize)]
struct ClusterRecord {
    name: String,
    status: &'static str,
    wanted: String,
    nodes: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accelerators: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<&'static str>,
    /// Of all nodes, in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    price_hourly: Option<f64>,
    /// Seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    launched_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autostop_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autostop_down: Option<bool>,
    hosts: Vec<HostRecord>,
    /// What works on it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    busy: Option<String>,
}

/// A machine for programs.
#[derive(Debug, Serialize)]
pub(super) struct HostRecord {
    rank: u16,
    id: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_ip: Option<String>,
}

impl HostRecord {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            rank: node.rank,
            id: node.id.clone(),
            state: state_name(node.state),
            public_ip: node.public_ip.clone(),
            private_ip: node.private_ip.clone(),
        }
    }
}

pub(super) fn run(args: &StatusArgs, environment: &Environment, console: &mut Console) -> Result<Exit, Failure> {
    if args.output == Output::Json {
        console.tell_errors_as_json();
    }
    let catalog = Catalog::embedded();
    let quiet = Live::open(environment, catalog, Which::None)?;
    let store = &quiet.context.store;
    let clusters = args.which.find(store)?;
    let mut failed = None;
    if args.refresh {
        let clouds = clouds_of(store, &clusters)?;
        let live = Live::open(environment, catalog, Which::Of(&clouds))?;
        for seen in live.run(refresh::all(&live.context, clusters.clone()))? {
            match (seen.standing, seen.holder) {
                (Ok(Standing::Gone), _) => {
                    super::life::forget(&live.context.home, &seen.name, environment, console);
                    console.note(format!("Cluster '{}' is gone: its cloud shows nothing of it any more.", seen.name));
                }
                (Err(error), _) => {
                    console.note(format!("warning: '{}' could not be refreshed: {error}", seen.name));
                    failed = Some(error);
                }
                (Ok(Standing::Is(_)), _) => {}
            }
        }
    }
    // A cluster that was named may just have gone.
    let clusters = if args.refresh { rows_left(&args.which, store)? } else { clusters };
    show(args, &clusters, store, quiet.context.now(), console)?;
    match failed {
        None => Ok(Exit::Done),
        Some(error) => Err(error.into()),
    }
}

fn rows_left(which: &Selection, store: &Store) -> Result<Vec<Cluster>, Failure> {
    which.find(store).or(Ok(Vec::new()))
}

fn show(
    args: &StatusArgs,
    clusters: &[Cluster],
    store: &Store,
    now: i64,
    console: &mut Console,
) -> Result<(), Failure> {
    if args.ip {
        return addresses(clusters, store, console);
    }
    if args.output == Output::Json {
        let mut records = Vec::new();
        for cluster in clusters {
            let holder = store.holder(&cluster.name, now).map_err(ClusterError::from)?;
            records.push(record(cluster, &nodes(store, cluster)?, holder));
        }
        return console.json(&records);
    }
    if clusters.is_empty() {
        return console.line("No clusters. `sky launch --gpus V100` launches one.");
    }
    let mut grid = Grid::new(["NAME", "INFRA", "RESOURCES", "STATUS", "AUTOSTOP", "LAUNCHED"]);
    for cluster in clusters {
        let holder = store.holder(&cluster.name, now).map_err(ClusterError::from)?;
        grid.push(row(cluster, holder.as_ref(), now));
    }
    console.lines(grid.lines())?;
    if clusters.iter().any(|cluster| cluster.held.is_none()) {
        console.note("A cluster in INIT was never up: `sky status -r` settles what its launch left.");
    }
    Ok(())
}

fn addresses(clusters: &[Cluster], store: &Store, console: &mut Console) -> Result<(), Failure> {
    let [cluster] = clusters else {
        return Err(Failure::usage("--ip prints the address of one cluster", "name it: sky status --ip NAME"));
    };
    let nodes = nodes(store, cluster)?;
    match nodes.first().and_then(|node| node.public_ip.clone().or_else(|| node.private_ip.clone())) {
        Some(address) => console.line(address),
        None => Err(Failure::usage(
            format!("cluster '{}' has no address", cluster.name),
            format!("sky start {}", cluster.name),
        )),
    }
}

fn nodes(store: &Store, cluster: &Cluster) -> Result<Vec<Node>, Failure> {
    let Some(held) = &cluster.held else { return Ok(Vec::new()) };
    Ok(store.nodes(&held.key).map_err(ClusterError::from)?)
}

fn row(cluster: &Cluster, holder: Option<&Holder>, now: i64) -> [String; 6] {
    let (infra, resources) = match &cluster.held {
        None => ("-".to_owned(), format!("{}x {}", cluster.nodes, cluster.wanted)),
        Some(held) => {
            let place = held.zone.as_ref().unwrap_or(&held.region);
            let spot = if held.capacity == CapacityType::Spot { "[Spot]" } else { "" };
            let with = held.accelerators.as_ref().map_or_else(String::new, |a| format!(" {a}"));
            let resources = format!("{}x {}{spot}{with}", cluster.nodes, held.instance_type);
            (format!("{}/{place}", held.cloud), resources)
        }
    };
    let status = match holder {
        Some(holder) => format!("{} (sky {})", cluster.status.name(), holder.verb),
        None => cluster.status.name().to_owned(),
    };
    let autostop = cluster.autostop.map_or_else(
        || "-".to_owned(),
        |stop| format!("{}{}", Span::from_secs(u64::from(stop.idle_s)), if stop.down { " (down)" } else { "" }),
    );
    let since = cluster.held.as_ref().map_or(cluster.made_at, |held| held.launched_at);
    [cluster.name.clone(), infra, resources, status, autostop, ago(now - since)]
}

/// `3 min ago`
pub(super) fn ago(seconds: i64) -> String {
    let (count, unit) = match seconds.max(0) {
        s @ 0..60 => (s, "s"),
        s @ 60..3600 => (s / 60, "min"),
        s @ 3600..172_800 => (s / 3600, "h"),
        s => (s / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

fn record(cluster: &Cluster, nodes: &[Node], holder: Option<Holder>) -> ClusterRecord {
    let held = cluster.held.as_ref();
    ClusterRecord {
        name: cluster.name.clone(),
        status: cluster.status.name(),
        wanted: cluster.wanted.clone(),
        nodes: cluster.nodes,
        cloud: held.map(|h| h.cloud.clone()),
        region: held.map(|h| h.region.clone()),
        zone: held.and_then(|h| h.zone.clone()),
        instance_type: held.map(|h| h.instance_type.clone()),
        accelerators: held.and_then(|h| h.accelerators.clone()),
        capacity: held.map(|h| h.capacity.name()),
        price_hourly: held.map(|h| (h.price_hourly * i64::from(cluster.nodes)).as_dollars()),
        launched_at: held.map(|h| h.launched_at),
        autostop_s: cluster.autostop.map(|stop| stop.idle_s),
        autostop_down: cluster.autostop.map(|stop| stop.down),
        hosts: nodes.iter().map(HostRecord::of).collect(),
        busy: holder.map(|holder| holder.verb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        assert_eq!([5, 90, 7200, 400_000].map(ago), ["5 s ago", "1 min ago", "2 h ago", "4 days ago"]);
        assert_eq!(ago(-3), "0 s ago");
    }
}
