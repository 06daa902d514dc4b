//! `sky-sim serve`: a scenario's market on loopback, in the clouds' own protocols.

use std::fs::File;
use std::io::BufWriter;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::catalogs::SERVED;
use crate::cli::scenarios::{ScenarioArgs, name_of};
use crate::cli::{Console, Exit, Failure};
use crate::cluster::machine::quote;
use crate::model::Span;
use crate::serve::ssh::{Machines, Setup, find_sshd, user};
use crate::serve::wire::Loopback;
use crate::serve::{Clock, Site, Speed, exports, router};

/// Flags of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Seed of all luck; the scenario's own if absent.
    #[arg(long)]
    seed: Option<u64>,
    /// How fast time passes: 60x is a minute a second, 1x real time, max jumps to whatever is waited for.
    #[arg(long, default_value = "60x", value_name = "SPEED")]
    speed: Speed,
    /// The port; a free one if absent.
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// The address to listen on; only loopback is allowed.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,
    /// Write the export lines to this file too, for a shell to source.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Write every ask and verdict to this file, one JSON document a line.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Let every running instance be a real ssh server on loopback, each at an address of its own.
    #[arg(long)]
    ssh: bool,
    /// The port of those servers.
    #[arg(long, value_name = "PORT", default_value_t = 2222, requires = "ssh")]
    ssh_port: u16,
    /// Stop after so much wall time, such as 10m; at Ctrl-C or SIGTERM if absent.
    #[arg(long = "for", value_name = "DURATION")]
    lasting: Option<Span>,
}

pub(super) fn run(args: &ServeArgs, console: &mut Console) -> Result<Exit, Failure> {
    let scenario = Arc::new(args.scenario.load(console)?);
    let seed = args.seed.unwrap_or(scenario.seed);
    let site = Arc::new(Site::new(Arc::clone(&scenario), seed, Clock::new(args.speed, epoch(args.speed))));
    if let Some(path) = &args.journal {
        let file = File::create(path).map_err(|error| unwritable(path, &error))?;
        site.record_to(Box::new(BufWriter::new(file)));
    }
    let catalog = args.scenario.catalog_file(&scenario, console)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(serve(args, &site, catalog, console));
    // Requests that hang by the scenario's wish are not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}

async fn serve(
    args: &ServeArgs,
    site: &Arc<Site>,
    catalog: Option<PathBuf>,
    console: &mut Console,
) -> Result<Exit, Failure> {
    let port = Loopback::bind(args.host, args.port).await.map_err(|error| unreachable_port(args, &error))?;
    let mut machines = if args.ssh { Some(machines(args, site).await?) } else { None };
    let mut exports = exports(site, port.address()?);
    if machines.is_some() {
        exports.push(("SKY_SSH_PORT", args.ssh_port.to_string()));
        exports.extend(user().await.map(|user| ("SKY_SSH_USER", user)));
    }
    exports.extend(catalog.map(|path| (SERVED, path.display().to_string())));
    let stop = stopped(args.lasting)?;
    tell(args, site, port.address()?, &exports, console)?;
    let served = async {
        match &mut machines {
            Some(machines) => {
                tokio::select! {
                    served = port.serve(router(site), stop) => served,
                    () = machines.keep(|complaint| console.note(complaint)) => Ok(()),
                }
            }
            None => port.serve(router(site), stop).await,
        }
    }
    .await;
    if let Some(machines) = machines {
        machines.end().await;
    }
    served?;
    let books = site.books();
    let held = books.running.len();
    console.note(format!("stopped: {} launched, {held} still held, ${:.2} billed", books.launched, books.billed));
    Ok(Exit::Done)
}

async fn machines(args: &ServeArgs, site: &Arc<Site>) -> Result<Machines, Failure> {
    let missing =
        || Failure::usage("sshd is not installed", "install it (Debian: openssh-server), or leave --ssh away");
    let sshd = find_sshd().await.ok_or_else(missing)?;
    let dir = std::env::temp_dir().join(format!("sky-sim-serve-{}", std::process::id()));
    let setup = Setup { dir: dir.clone(), sshd, port: args.ssh_port };
    Machines::new(Arc::clone(site), setup).await.map_err(|error| unwritable(&dir, &error))
}

fn tell(
    args: &ServeArgs,
    site: &Site,
    at: SocketAddr,
    exports: &[(&'static str, String)],
    console: &mut Console,
) -> Result<(), Failure> {
    let lines: Vec<String> = exports.iter().map(|(name, value)| format!("export {name}={}", quote(value))).collect();
    let name = name_of(&args.scenario.path);
    console.line(format!("seed {} · {name}: {} · {}", site.seed(), site.scenario().title, args.speed))?;
    console.line(format!("live page and control: http://{at}/_sky/"))?;
    console.line("\nIn the shell of the client:")?;
    console.lines(&lines)?;
    console.flush()?;
    if let Some(path) = &args.export {
        // Whoever waits for the file finds all of it.
        let new = path.with_extension("new");
        let written = std::fs::write(&new, lines.join("\n") + "\n").and_then(|()| std::fs::rename(&new, path));
        written.map_err(|error| unwritable(path, &error))?;
    }
    Ok(())
}

/// What virtual zero is called on the wire: now, or a fixed day where runs are to be the same every time.
#[expect(clippy::disallowed_methods, reason = "clients compare what they are told with their own clocks")]
fn epoch(speed: Speed) -> u64 {
    const FIXED: u64 = 1_767_225_600;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(FIXED, |now| now.as_secs());
    if speed == Speed::Max { FIXED } else { now }
}

/// Done at Ctrl-C, at SIGTERM, or when the time is over. Listens from the moment it is called.
fn stopped(lasting: Option<Span>) -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let over = async move {
        match lasting {
            Some(span) => tokio::time::sleep(Duration::from_secs_f64(span.as_secs_f64())).await,
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        tokio::select! {
            () = over => {}
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("'{}' cannot be written: {error}", path.display()), "name a file in a directory that exists")
}

fn unreachable_port(args: &ServeArgs, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::AddrInUse => "leave --port away for a free one",
        _ => "the server is for this machine alone: leave --host away, or say 127.0.0.1",
    };
    Failure::usage(format!("cannot listen on {}:{}: {error}", args.host, args.port), hint)
}
