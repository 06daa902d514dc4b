//! What commands on real clouds share: the state, the clouds, the runtime, the user's wish to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::catalog::Catalog;
use crate::cli::{Environment, Exit, Failure, files};
use crate::cloud::live::Interrupt;
use crate::cloud::{CLOUDS, Clock, Clouds, Settings};
use crate::cluster::{Class, ClusterError, Config, Context, Store};
use crate::denials::Book;
use crate::yaml::Source;

/// Which clouds a command calls.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    /// None: what is written down is enough.
    None,
    /// All that the settings allow.
    All,
    /// These.
    Of(&'a [String]),
}

/// Everything that a command on real clouds needs.
pub(super) struct Live {
    pub(super) context: Arc<Context>,
    runtime: Runtime,
}

/// The user's settings and the outside.
pub(super) struct Outside {
    pub(super) home: PathBuf,
    pub(super) config: Config,
    settings: Settings,
}

impl Outside {
    pub(super) fn read(environment: &Environment) -> Result<Self, Failure> {
        let settings = environment.outside();
        let home = match (settings.get("SKY_HOME"), &environment.home) {
            (Some(path), _) => PathBuf::from(path),
            (None, Some(home)) => home.join(".sky"),
            (None, None) => {
                return Err(Failure::usage(
                    "this user has no home directory",
                    "set SKY_HOME to a directory for the state",
                ));
            }
        };
        let path = home.join("config.yaml");
        let mut config = if path.exists() {
            let text = files::read(&path)?;
            let name = path.display().to_string();
            Config::parse(&Source { name: &name, text: &text }, environment.home.as_deref())?
        } else {
            Config::default()
        };
        config.heed(&settings).map_err(|wrong| Failure::usage(wrong, "write for example SKY_SSH_PORT=2222"))?;
        config
            .ssh
            .heed(&settings)
            .map_err(|error| Failure::usage(error, "write a number such as 2222, or unset it"))?;
        let settings = config.settings(settings);
        Ok(Self { home, config, settings })
    }

    pub(super) fn store(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.home).map_err(ClusterError::from)?)
    }

    fn book(&self) -> Result<Book, Failure> {
        let path = self.home.join("denials.yaml");
        if !path.exists() {
            return Ok(Book::default());
        }
        Book::parse(&files::read(&path)?).map_err(|error| {
            Failure::usage(
                format!("'{}': {error}", path.display()),
                "a rule is written {cloud: aws, code: SomeCode, cause: stockout, reach: zone, cooldown: 5m}",
            )
        })
    }
}

impl Live {
    pub(super) fn open(
        environment: &Environment,
        catalog: &'static Catalog,
        which: Which<'_>,
    ) -> Result<Self, Failure> {
        let outside = Outside::read(environment)?;
        let store = outside.store()?;
        let clock = Clock::from_settings(&outside.settings)
            .map_err(|error| Failure::usage(error.to_string(), "or unset it"))?;
        let book = Arc::new(outside.book()?);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let allowed = |name: &&str| match which {
            Which::None => false,
            Which::All => outside.config.allows(name),
            Which::Of(names) => names.iter().any(|wanted| wanted == name),
        };
        let names: Vec<&str> = CLOUDS.into_iter().filter(allowed).collect();
        let clouds = runtime.block_on(Clouds::connect(&names, &outside.settings));
        let interrupt = Interrupt::default();
        listen(&runtime, &interrupt, &outside.home);
        let context = Context {
            catalog,
            store,
            clouds,
            book,
            clock,
            runtime: runtime.handle().clone(),
            interrupt,
            config: outside.config,
            home: outside.home,
        };
        Ok(Self { context: Arc::new(context), runtime })
    }

    /// Does something to its end.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Does something that may be broken off: what it was doing is then settled by `sky status -r`.
    pub(super) fn run<T>(&self, work: impl Future<Output = Result<T, ClusterError>>) -> Result<T, Failure> {
        let interrupt = &self.context.interrupt;
        let done = self.runtime.block_on(async {
            tokio::select! {
                done = work => done,
                () = interrupt.raised() => Err(ClusterError::new(
                    Class::Interrupted,
                    "interrupted",
                    "`sky status -r` asks the clouds what became of it",
                )),
            }
        });
        Ok(done?)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // Calls that nobody waits for any more end with the process.
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
            std::mem::replace(&mut self.runtime, runtime).shutdown_background();
        }
    }
}

/// Hears Ctrl-C: once to stop in good order, twice to stop at once.
fn listen(runtime: &Runtime, interrupt: &Interrupt, home: &Path) {
    let (interrupt, home) = (interrupt.clone(), home.to_owned());
    runtime.spawn(async move {
        signal().await;
        interrupt.raise();
        signal().await;
        eprintln!("{}", left_behind(&home));
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
}

/// Waits for the user, or whoever ends processes, to say so.
async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// What may still be held after stopping at once.
fn left_behind(home: &Path) -> String {
    let open = Store::open(home).and_then(|store| {
        let held: Vec<_> = store.clusters()?.into_iter().filter_map(|cluster| cluster.held).map(|h| h.key).collect();
        Ok(store.open_launches()?.into_iter().filter(|launch| !held.contains(&launch.key)).collect::<Vec<_>>())
    });
    let open = open.unwrap_or_default();
    let told = open.iter().map(|launch| {
        let place = launch.zone.as_ref().unwrap_or(&launch.region);
        format!("  may still be held: launch {} for '{}' on {} {place}", launch.key, launch.cluster, launch.cloud)
    });
    let lines: Vec<String> = std::iter::once("Stopped at once.".to_owned()).chain(told).collect();
    lines.join("\n") + "\n`sky status -r` settles what is left."
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        let exit = match error.class {
            Class::Usage => Exit::Usage,
            Class::Internal => Exit::Internal,
            Class::NotAuthorized => Exit::NotAuthorized,
            Class::NoCapacity => Exit::NoCapacity,
            Class::NoQuota => Exit::NoQuota,
            Class::NotReleased => Exit::NotReleased,
            Class::Interrupted => Exit::Interrupted,
        };
        Self::Plain { exit, message: error.message, hint: error.remedy }
    }
}
