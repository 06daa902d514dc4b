//! Which price tables a command reads.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;

use crate::catalog::Catalog;
use crate::model::{AcceleratorId, CloudId};
use crate::yaml::did_you_mean;

use super::{Environment, Failure};

/// The variable that names the catalog: set by `sky-sim serve` for its clients.
pub(super) const SERVED: &str = "SKY_CATALOGS";

/// Where `sky catalog update` puts its tables; set by the program that goes by them. Studies do not: they stay with the
/// tables that are built in, so that a result does not change with the day.
static UPDATED: OnceLock<PathBuf> = OnceLock::new();

/// What the variable `SKY_CATALOGS` names: a directory, or a scenario whose market is served to `sky`.
static NAMED: OnceLock<PathBuf> = OnceLock::new();

/// From now on the tables that the environment names are used, or else those that were fetched last, if any were.
pub(super) fn prefer_updated(environment: &Environment) {
    let outside = environment.outside();
    if let Some(named) = outside.get(SERVED).filter(|named| !named.is_empty()) {
        // The first word counts; there is only one.
        let _ = NAMED.set(PathBuf::from(named));
    }
    let own = outside.get("SKY_HOME").map(PathBuf::from);
    if let Some(home) = own.or_else(|| environment.home.as_ref().map(|home| home.join(".sky"))) {
        // The first word counts; there is only one.
        let _ = UPDATED.set(home.join("catalogs"));
    }
}

/// The catalog that is used where no flag says otherwise.
pub(super) fn in_use() -> Result<&'static Catalog, Failure> {
    NAMED.get().map_or_else(updated, |named| leaked(named))
}

/// The tables that were fetched last, or those that are built in.
fn updated() -> Result<&'static Catalog, Failure> {
    match UPDATED.get().map(|dir| dir.join("current")).filter(|link| link.exists()) {
        // As it is now, whatever another process puts in its place meanwhile.
        Some(link) => leaked(&link.canonicalize().unwrap_or(link)),
        None => Ok(Catalog::embedded()),
    }
}

/// A directory, or `shipped`, `current` or `previous`.
pub(super) fn named(name: &str) -> Result<&'static Catalog, Failure> {
    let kept = UPDATED.get().map(|dir| dir.join(name)).filter(|link| link.exists());
    match (name, kept) {
        ("shipped", _) => Ok(Catalog::embedded()),
        ("current", None) => in_use(),
        // What was in use before the first update.
        ("previous", None) if UPDATED.get().is_some_and(|dir| dir.join("current").exists()) => Ok(Catalog::embedded()),
        ("previous", None) => {
            Err(Failure::usage("no other tables were in use before", "`sky catalog update` fetches new ones"))
        }
        ("current" | "previous", Some(link)) => leaked(&link),
        _ => leaked(Path::new(name)),
    }
}

/// One catalog or two a process, needed until its end: of a directory, or of a scenario, which says how its day's
/// tables differ.
fn leaked(path: &Path) -> Result<&'static Catalog, Failure> {
    let catalog = if is_scenario(path) {
        Catalog::clone(&super::scenarios::read(path, updated()?, &[])?.catalog)
    } else {
        Catalog::from_dir(path)?
    };
    Ok(Box::leak(Box::new(catalog)))
}

fn is_scenario(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// The flag that replaces the tables that are built in.
#[derive(Debug, Clone, Args)]
pub(super) struct CatalogArgs {
    /// Read aws.csv, azure.csv, gcp.csv from this directory; `shipped` for the tables that are built in; a scenario
    /// (a .yaml file) for those of its day.
    #[arg(long = "catalogs", value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl CatalogArgs {
    /// The flag, as it would be given again.
    pub(super) fn given(&self) -> Vec<String> {
        self.dir.iter().flat_map(|dir| ["--catalogs".to_owned(), dir.display().to_string()]).collect()
    }

    /// The catalog that a scenario is read with. A scenario that the environment names is no base for another: each
    /// says how it differs from the tables themselves.
    pub(super) fn base(&self) -> Result<&'static Catalog, Failure> {
        match (&self.dir, NAMED.get()) {
            (None, Some(named)) if is_scenario(named) => updated(),
            _ => self.load(),
        }
    }

    /// The catalog, for the rest of the process.
    pub(super) fn load(&self) -> Result<&'static Catalog, Failure> {
        match &self.dir {
            None => in_use(),
            Some(dir) if dir.as_os_str() == "shipped" => Ok(Catalog::embedded()),
            Some(dir) => leaked(dir),
        }
    }
}

/// The cloud of this name.
pub(super) fn cloud(catalog: &Catalog, name: &str) -> Result<CloudId, Failure> {
    catalog.find_cloud(name).ok_or_else(|| {
        let known = catalog.clouds().map(|id| catalog.cloud_name(id));
        let hint = did_you_mean(name, known).unwrap_or_else(|| "one of aws, azure, gcp".to_owned());
        Failure::usage(format!("there is no cloud '{name}'"), hint)
    })
}

/// The accelerator of this name.
pub(super) fn accelerator(catalog: &Catalog, name: &str) -> Result<AcceleratorId, Failure> {
    catalog.find_accelerator(name).ok_or_else(|| {
        let near = catalog.fuzzy_accelerators(name);
        let hint = if near.is_empty() {
            "`sky gpus list` names those there are".to_owned()
        } else {
            format!("did you mean {}?", near.iter().map(|n| format!("'{n}'")).collect::<Vec<_>>().join(" or "))
        };
        Failure::usage(format!("no cloud sells an accelerator called '{name}'"), hint)
    })
}
