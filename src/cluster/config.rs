//! What the user settled once, in `config.yaml`.
//!
//! **Invariant:** read whole or refused with line and column; an absent file is an empty one.

use std::path::{Path, PathBuf};

use crate::cloud::{CLOUDS, Settings};
use crate::yaml::{self, Fields, Problem, Reader, Source};

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// How machines are logged in to.
    pub ssh: Ssh,
    /// The only clouds that are used; empty for all.
    pub clouds: Vec<String>,
    /// Size of the boot disk where the task says nothing, in GB.
    pub disk_size_gb: Option<u32>,
    /// Addresses of the clouds' interfaces in place of the public ones, by cloud.
    pub endpoints: Vec<(String, String)>,
}

/// How machines are logged in to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ssh {
    /// Who logs in, in place of the image's own user.
    pub user: Option<String>,
    /// The port of the machines' ssh servers, in place of 22.
    pub port: Option<u16>,
    /// The private key; its public half lies beside it as `.pub`.
    pub key: Option<PathBuf>,
}

/// Disk of a machine where nobody says how large, as in SkyPilot.
const DISK_SIZE_GB: u32 = 256;

/// Which variable tells each cloud's adapter another address.
const ENDPOINTS: [(&str, &str); 3] =
    [("aws", "AWS_ENDPOINT_URL"), ("azure", "SKY_AZURE_ENDPOINT"), ("gcp", "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE")];

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn parse(source: &Source<'_>, home: Option<&Path>) -> Result<Self, Vec<Problem>> {
        let documents = yaml::parse(source)?;
        let Some(document) = documents.iter().find(|document| !document.root.is_null()) else {
            return Ok(Self::default());
        };
        let reader = Reader::new(*source);
        let config = reader.fields(&document.root, "the settings").map(|fields| Self::read(&fields, home));
        let (problems, _) = reader.finish();
        if problems.is_empty() { Ok(config.unwrap_or_default()) } else { Err(problems) }
    }

    fn read(fields: &Fields<'_, '_, '_>, home: Option<&Path>) -> Self {
        fields.only(&["ssh", "clouds", "disk_size", "endpoints"]);
        let reader = fields.reader();
        let cloud = |node: &yaml::Node| reader.one_of(node, "clouds", &CLOUDS).map(str::to_owned);
        Self {
            ssh: fields.fields("ssh").map(|ssh| Ssh::read(&ssh, home)).unwrap_or_default(),
            clouds: fields.list("clouds").map_or_else(Vec::new, |list| list.iter().filter_map(cloud).collect()),
            disk_size_gb: fields.integer("disk_size", 1..=65_536).map(|size| size as u32),
            endpoints: fields.fields("endpoints").map(|map| endpoints(&map)).unwrap_or_default(),
        }
    }

    /// Size of the boot disk where the task says nothing.
    pub fn disk_size_gb(&self) -> u32 {
        self.disk_size_gb.unwrap_or(DISK_SIZE_GB)
    }

    /// True if this cloud may be used.
    pub fn allows(&self, cloud: &str) -> bool {
        self.clouds.is_empty() || self.clouds.iter().any(|allowed| allowed == cloud)
    }

    /// What the environment says of ssh comes before the file: `SKY_SSH_USER`, `SKY_SSH_PORT`.
    ///
    /// # Errors
    /// A port that is none.
    pub fn heed(&mut self, outside: &Settings) -> Result<(), String> {
        if let Some(user) = outside.get("SKY_SSH_USER") {
            self.ssh.user = Some(user.to_owned());
        }
        if let Some(text) = outside.get("SKY_SSH_PORT") {
            let port = text.parse().ok().filter(|port| *port > 0);
            self.ssh.port = Some(port.ok_or_else(|| format!("SKY_SSH_PORT is '{text}', which is not a port"))?);
        }
        Ok(())
    }

    /// The outside as adapters are told of it: the environment, and what the file adds to it.
    pub fn settings(&self, mut outside: Settings) -> Settings {
        for (cloud, url) in &self.endpoints {
            let Some((_, variable)) = ENDPOINTS.iter().find(|(name, _)| name == cloud) else { continue };
            outside.environment.entry((*variable).to_owned()).or_insert_with(|| url.clone());
        }
        outside
    }
}

impl Ssh {
    /// What the environment says instead: `SKY_SSH_USER` and `SKY_SSH_PORT`.
    ///
    /// # Errors
    /// A port that is none.
    pub fn heed(&mut self, outside: &Settings) -> Result<(), String> {
        if let Some(user) = outside.get("SKY_SSH_USER") {
            self.user = Some(user.to_owned());
        }
        if let Some(text) = outside.get("SKY_SSH_PORT") {
            let port = text.parse().ok().filter(|port| *port > 0);
            self.port = Some(port.ok_or_else(|| format!("SKY_SSH_PORT is '{text}', which is not a port"))?);
        }
        Ok(())
    }

    fn read(fields: &Fields<'_, '_, '_>, home: Option<&Path>) -> Self {
        fields.only(&["user", "port", "key"]);
        Self {
            user: fields.string("user").map(str::to_owned),
            port: fields.integer("port", 1..=65_535).map(|port| port as u16),
            key: fields.string("key").map(|path| expanded(path, home)),
        }
    }
}

fn endpoints(fields: &Fields<'_, '_, '_>) -> Vec<(String, String)> {
    fields.only(&CLOUDS);
    let reader = fields.reader();
    let mut found = Vec::new();
    for entry in &fields.map().entries {
        let Some(url) = reader.string(&entry.value, "an address") else { continue };
        if url.starts_with("http://") || url.starts_with("https://") {
            found.push((entry.key.clone(), url.to_owned()));
        } else {
            let hint = "write for example http://127.0.0.1:8000".to_owned();
            reader.error_hint(entry.value.spot, format!("'{url}' is not an address"), hint);
        }
    }
    found
}

fn expanded(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<Problem>> {
        Config::parse(&Source { name: "config.yaml", text }, Some(Path::new("/home/ada")))
    }

    #[test]
    fn the_environment_says_who_logs_in_and_where() {
        let outside = |port: &str| {
            let pairs = [("SKY_SSH_USER", "ada"), ("SKY_SSH_PORT", port)];
            let environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            Settings { environment, ..Settings::default() }
        };
        let mut ssh = Ssh { user: Some("root".to_owned()), ..Ssh::default() };
        assert_eq!(ssh.heed(&Settings::default()), Ok(()));
        assert_eq!((ssh.user.as_deref(), ssh.port), (Some("root"), None));
        assert_eq!(ssh.heed(&outside("2222")), Ok(()));
        assert_eq!((ssh.user.as_deref(), ssh.port), (Some("ada"), Some(2222)));
        for port in ["0", "70000", "ssh"] {
            assert!(ssh.heed(&outside(port)).is_err_and(|error| error.contains(port)), "{port}");
        }
    }

    #[test]
    fn everything_is_read() {
        let text = "ssh: {user: ada, port: 2222, key: ~/.ssh/id}\nclouds: [gcp]\ndisk_size: 100\n\
                    endpoints: {gcp: \"http://127.0.0.1:1\"}\n";
        let config = parse(text).expect("right");
        assert_eq!(config.ssh.key.as_deref(), Some(Path::new("/home/ada/.ssh/id")));
        assert_eq!((config.ssh.port, config.disk_size_gb()), (Some(2222), 100));
        assert!(config.allows("gcp") && !config.allows("aws"));
        let settings = config.settings(Settings::default());
        assert_eq!(settings.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE"), Some("http://127.0.0.1:1"));
        assert_eq!(parse(""), Ok(Config::default()));
    }

    #[test]
    fn the_environment_comes_before_the_file() {
        let mut config = parse("ssh: {user: ada, port: 2222}").expect("right");
        let with = |name: &str, value: &str| Settings {
            environment: [(name.to_owned(), value.to_owned())].into(),
            ..Settings::default()
        };
        config.heed(&with("SKY_SSH_PORT", "2022")).expect("a port");
        assert_eq!((config.ssh.port, config.ssh.user.as_deref()), (Some(2022), Some("ada")));
        config.heed(&with("SKY_SSH_USER", "root")).expect("a name");
        assert_eq!(config.ssh.user.as_deref(), Some("root"));
        assert!(config.heed(&with("SKY_SSH_PORT", "ssh")).is_err());
    }

    #[test]
    fn every_mistake_has_its_place() {
        let problems =
            parse("ssh: {prot: 22}\nclouds: [gpc]\ndisk_size: huge\nendpoints: {aws: localhost}\n").unwrap_err();
        let lines: Vec<u32> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4], "{problems:?}");
        assert!(problems.iter().all(|problem| problem.column > 0));
    }
}
