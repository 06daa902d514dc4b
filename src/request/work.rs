//! What a task does once it has its machines: files, environment, commands, data.

use crate::yaml::{Fields, Node, Reader, did_you_mean, quote};

use super::amount;
use super::secret::Secret;

/// The part of a task that placing it does not look at (but for the size of its data).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Work {
    /// Directory (or repository) copied to the machines.
    pub workdir: Option<String>,
    /// Path on the machine, and what is put there.
    pub file_mounts: Vec<(String, String)>,
    /// Commands run once a machine.
    pub setup: Option<String>,
    /// Commands run for the work.
    pub run: Option<String>,
    /// Environment variables, in the order of the file, then of the flags.
    pub envs: Vec<(String, String)>,
    /// Environment variables that are never shown.
    pub secrets: Vec<(String, Secret)>,
    /// Data read.
    pub inputs: Option<DataSize>,
    /// Data written, which tasks that depend on this one read.
    pub outputs: Option<DataSize>,
}

/// A location of data and how much there is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DataSize {
    /// Where (`s3://bucket/path`); empty if only the size matters.
    pub location: String,
    /// How much, in GB.
    pub gigabytes: f64,
}

impl Work {
    pub(super) fn read(fields: &Fields, flags: &[(String, String)], flag_secrets: &[(String, Secret)]) -> Self {
        let reader = fields.reader();
        let envs = variables(fields, "envs", flags.iter().map(|(name, _)| name.as_str()));
        let secrets = variables(fields, "secrets", flag_secrets.iter().map(|(name, _)| name.as_str()));
        let secrets: Vec<_> = secrets.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        let envs = overlaid(envs, flags);
        let text = |key: &str| fields.string(key).map(str::to_owned);
        Self {
            workdir: fields.get("workdir").and_then(|node| workdir(reader, node)).map(|dir| substitute(&dir, &envs)),
            file_mounts: fields.get("file_mounts").map_or_else(Vec::new, |node| file_mounts(reader, node, &envs)),
            setup: text("setup"),
            run: text("run"),
            secrets: overlaid(secrets, flag_secrets),
            inputs: fields.get("inputs").and_then(|node| data_size(reader, node, "inputs")),
            outputs: fields.get("outputs").and_then(|node| data_size(reader, node, "outputs")),
            envs,
        }
    }
}

/// Variables with their values; one without a value must be among `from_flags`.
fn variables<'f>(fields: &Fields, key: &str, from_flags: impl Iterator<Item = &'f str>) -> Vec<(String, String)> {
    let Some(block) = fields.get(key).and_then(|node| fields.reader().fields(node, key)) else { return Vec::new() };
    let from_flags: Vec<&str> = from_flags.collect();
    let (reader, mut found) = (fields.reader(), Vec::new());
    for entry in &block.map().entries {
        if !is_variable(&entry.key) {
            let message = format!("{} is not a name for a variable", quote(&entry.key));
            reader.error_hint(entry.key_spot, message, "use letters, digits and underscores".to_owned());
        }
        if entry.value.is_null() {
            if !from_flags.contains(&entry.key.as_str()) {
                let flag = if key == "envs" { "--env" } else { "--secret" };
                let hint = format!("write a value (\"\" for an empty one), or give {flag} {}=VALUE", entry.key);
                reader.error_hint(entry.key_spot, format!("{key}.{} has no value", entry.key), hint);
            }
        } else if let Some(value) = reader.string(&entry.value, &format!("{key}.{}", entry.key)) {
            found.push((entry.key.clone(), value.to_owned()));
        }
    }
    found
}

pub(super) fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn overlaid<T: Clone>(mut variables: Vec<(String, T)>, flags: &[(String, T)]) -> Vec<(String, T)> {
    for (name, value) in flags {
        match variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.clone(),
            None => variables.push((name.clone(), value.clone())),
        }
    }
    variables
}

/// A path, or `{url, ref}` of a repository.
fn workdir(reader: &Reader, node: &Node) -> Option<String> {
    if node.as_map().is_none() {
        return reader.string(node, "workdir").map(str::to_owned);
    }
    let fields = reader.fields(node, "workdir")?;
    fields.only(&["url", "ref"]);
    let url = reader.string(fields.require("url", node.spot)?, "url")?;
    Some(fields.string("ref").map_or_else(|| url.to_owned(), |reference| format!("{url}#{reference}")))
}

fn file_mounts(reader: &Reader, node: &Node, envs: &[(String, String)]) -> Vec<(String, String)> {
    let Some(fields) = reader.fields(node, "file_mounts") else { return Vec::new() };
    let mut mounts = Vec::new();
    for entry in &fields.map().entries {
        if entry.value.as_map().is_some() {
            reader.warn(entry.key_spot, "a bucket under 'file_mounts' is accepted, but not mounted here");
        } else if let Some(source) = reader.string(&entry.value, &format!("file_mounts.{}", entry.key)) {
            mounts.push((substitute(&entry.key, envs), substitute(source, envs)));
        }
    }
    mounts
}

/// `${NAME}` and `$NAME` replaced by the variable; unknown names stay.
fn substitute(text: &str, envs: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, length) = braced.map_or_else(
            || {
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
                (&after[..end], end)
            },
            |(name, _)| (name, name.len() + 2),
        );
        match envs.iter().find(|(known, _)| known == name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[at..=at + length]),
        }
        rest = &after[length..];
    }
    out + rest
}

/// `{s3://bucket: 10}` (GB), or a size alone.
fn data_size(reader: &Reader, node: &Node, name: &str) -> Option<DataSize> {
    let (location, size) = match node.as_map().map(|map| map.entries.as_slice()) {
        None => ("", node),
        Some([entry]) => (entry.key.as_str(), &entry.value),
        Some(_) => {
            reader.error(node.spot, format!("{name} must name exactly one location"));
            return None;
        }
    };
    let gigabytes = size.as_str().and_then(amount::gigabytes);
    if gigabytes.is_none() {
        let message = format!("{name} must give a size in GB, not {}", size.describe());
        reader.error_hint(size.spot, message, "write for example {s3://bucket/path: 150} or 150GB".to_owned());
    }
    Some(DataSize { location: location.to_owned(), gigabytes: gigabytes? })
}

/// The names under `depends_on`, with the nodes that hold them.
pub(super) fn depends_on<'n>(fields: &Fields<'_, '_, 'n>) -> Vec<(&'n str, &'n Node)> {
    let Some(node) = fields.get("depends_on") else { return Vec::new() };
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    items.iter().filter_map(|item| Some((fields.reader().string(item, "depends_on")?, item))).collect()
}

/// The hint for a task that does not exist.
pub(super) fn near_task<'a>(name: &str, tasks: impl Iterator<Item = &'a str> + Clone) -> String {
    did_you_mean(name, tasks.clone())
        .unwrap_or_else(|| format!("tasks of this file: {}", tasks.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_paths() {
        let envs = [("NAME".to_owned(), "x".to_owned())];
        assert_eq!(substitute("s3://b-${NAME}/$NAME/a", &envs), "s3://b-x/x/a");
        assert_eq!(substitute("$OTHER/${NOPE}/$", &envs), "$OTHER/${NOPE}/$");
        assert_eq!(substitute("${NAME", &envs), "${NAME");
        assert_eq!(substitute("ü$NAMEü", &envs), "üxü");
    }
}
