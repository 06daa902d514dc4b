//! Scenario files, read with the catalog they start from.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::catalog::Catalog;
use crate::sim::scenario::Scenario;
use crate::yaml::Source;

use super::catalogs::CatalogArgs;
use super::{Console, Failure, files};

/// Flags of every command that reads a scenario.
#[derive(Debug, Clone, Args)]
pub(super) struct ScenarioArgs {
    /// The scenario, as a YAML file.
    #[arg(value_name = "SCENARIO")]
    pub(super) path: PathBuf,
    /// A value for one of the scenario's parameters; may be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    #[command(flatten)]
    catalogs: CatalogArgs,
}

impl ScenarioArgs {
    /// Reads it; warnings go beside the output.
    pub(super) fn load(&self, console: &mut Console) -> Result<Scenario, Failure> {
        load(&self.path, self.catalogs.load()?, &self.settings, console)
    }

    /// The file that tells a client which catalog the scenario's is, where it is another than its own: `None` where
    /// it is the same. What flags changed about it cannot be told; a note says so.
    pub(super) fn catalog_file(&self, scenario: &Scenario, console: &mut Console) -> Result<Option<PathBuf>, Failure> {
        let shipped = Catalog::embedded();
        if *scenario.catalog == *shipped {
            return Ok(None);
        }
        let plain = read(&self.path, shipped, &[]).is_ok_and(|plain| plain.catalog == scenario.catalog);
        if !plain {
            console
                .note("warning: the catalog is not the one of the scenario's file alone, so clients plan with theirs");
            return Ok(None);
        }
        Ok(Some(self.path.canonicalize()?))
    }

    /// The flags, as they would be given again.
    pub(super) fn given(&self) -> Vec<String> {
        let path = self.path.display().to_string();
        std::iter::once(path).chain(settings_given(&self.settings)).chain(self.catalogs.given()).collect()
    }
}

/// `--set NAME=VALUE` for each.
pub(super) fn settings_given(settings: &[(String, String)]) -> impl Iterator<Item = String> {
    settings.iter().flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")])
}

/// Reads a scenario; warnings go beside the output.
pub(super) fn load(
    path: &Path,
    base: &Catalog,
    settings: &[(String, String)],
    console: &mut Console,
) -> Result<Scenario, Failure> {
    let scenario = read(path, base, settings)?;
    for warning in &scenario.warnings {
        console.note(format!("warning: {warning}"));
    }
    Ok(scenario)
}

/// As [`load`], where its warnings were told before.
pub(super) fn read(path: &Path, base: &Catalog, settings: &[(String, String)]) -> Result<Scenario, Failure> {
    let text = files::read(path)?;
    let name = path.display().to_string();
    Ok(Scenario::load_with(&Source { name: &name, text: &text }, base, settings, &files::read_beside)?)
}

/// The file's name without its ending, as reports call the scenario.
pub(super) fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| "scenario".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("'{text}' is not NAME=VALUE"))?;
    Ok((name.trim().to_owned(), value.to_owned()))
}
