//! Finds a catalog's files in a folder.
//!
//! **Invariant:** the only IO of the catalog: reads files, writes none, asks no network.

use std::io::ErrorKind;
use std::path::Path;

use super::error::CatalogError;
use super::tables::{Table, Tables};

/// Where each role's file may lie: ours, then the layout that `SkyPilot`'s catalogs are hosted in.
const PLACES: [(&str, &[&str]); 7] = [
    ("aws", &["aws.csv", "aws/vms.csv"]),
    ("azure", &["azure.csv", "azure/vms.csv"]),
    ("gcp", &["gcp.csv", "gcp/vms.csv"]),
    ("egress", &["egress.csv"]),
    ("spot_interruption", &["spot_interruption.csv"]),
    ("default_quotas", &["default_quotas.csv"]),
    ("sources", &["sources.csv"]),
];

/// Reads the files of a catalog; those that are not there are left out.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub(crate) fn read_dir(dir: &Path) -> Result<Tables, CatalogError> {
    if !dir.is_dir() {
        let hint = "give a folder that holds aws.csv, gcp.csv or azure.csv";
        return Err(CatalogError::file(&dir.display().to_string(), "there is no such folder", hint));
    }
    let mut tables = Tables::new();
    for (role, places) in PLACES {
        for place in places {
            let path = dir.join(place);
            let name = path.display().to_string();
            match std::fs::read(&path) {
                Ok(text) => {
                    tables.insert(role, Table { name, text });
                    break;
                }
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => {
                    let problem = format!("cannot be read: {error}");
                    return Err(CatalogError::file(&name, problem, "check that it is a file and who may read it"));
                }
            }
        }
    }
    Ok(tables)
}
