//! Which price tables a command reads.

use std::path::PathBuf;

use clap::Args;

use crate::catalog::Catalog;
use crate::model::{AcceleratorId, CloudId};
use crate::yaml::did_you_mean;

use super::Failure;

/// The flag that replaces the tables that are built in.
#[derive(Debug, Clone, Args)]
pub(super) struct CatalogArgs {
    /// Read aws.csv, azure.csv, gcp.csv from this directory instead of the tables that are built in.
    #[arg(long = "catalogs", value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl CatalogArgs {
    /// The flag, as it would be given again.
    pub(super) fn given(&self) -> Vec<String> {
        self.dir.iter().flat_map(|dir| ["--catalogs".to_owned(), dir.display().to_string()]).collect()
    }

    /// The catalog, for the rest of the process.
    pub(super) fn load(&self) -> Result<&'static Catalog, Failure> {
        match &self.dir {
            None => Ok(Catalog::embedded()),
            // One catalog a process, needed until its end.
            Some(dir) => Ok(Box::leak(Box::new(Catalog::from_dir(dir)?))),
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
