//! What the adapters are told of the world outside: read once by the command line, handed down as a value.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Environment variables and directories.
#[derive(Clone, Default)]
pub struct Settings {
    /// The environment. Holds secrets.
    pub environment: BTreeMap<String, String>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
}

/// Shows how much there is, and nothing of it.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Settings({} variables)", self.environment.len())
    }
}

impl Settings {
    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of several variables that is set and not empty.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }
}
