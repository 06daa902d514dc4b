//! Places as text: `aws`, `aws/us-east-1/us-east-1a`, `*/us-east-1`, `gcp/us-*`.

/// A cloud, region and zone as written; `None` for any. A part may contain `*`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    /// The cloud.
    pub cloud: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The zone.
    pub zone: Option<String>,
}

/// Reads `cloud[/region[/zone]]`.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn infra(text: &str) -> Result<Pattern, String> {
    let trimmed = text.trim();
    let trimmed = trimmed.strip_prefix('/').unwrap_or(trimmed);
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let parts: Vec<&str> = match trimmed.split_once('/') {
        // The name of a Kubernetes context or a group of own machines may itself hold slashes.
        Some((first @ ("k8s" | "kubernetes" | "ssh" | "slurm"), rest)) => vec![first, rest],
        _ => trimmed.split('/').map(str::trim).collect(),
    };
    if parts.iter().any(|part| part.is_empty()) {
        return Err(format!("{} has an empty part", crate::yaml::quote(text)));
    }
    let part = |index: usize| parts.get(index).filter(|p| **p != "*").map(|p| (*p).to_owned());
    if parts.len() > 3 {
        return Err(format!("{} has more than three parts", crate::yaml::quote(text)));
    }
    Ok(Pattern { cloud: part(0), region: part(1), zone: part(2) })
}

/// True if `name` is `pattern`, where `*` stands for any text. Letter case does not count.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.cloud.as_deref().unwrap_or("*"))?;
        if self.region.is_some() || self.zone.is_some() {
            write!(f, "/{}", self.region.as_deref().unwrap_or("*"))?;
        }
        if let Some(zone) = &self.zone {
            write!(f, "/{zone}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        assert_eq!(infra("aws/us-east-1/us-east-1a").unwrap().to_string(), "aws/us-east-1/us-east-1a");
        assert_eq!(infra("/aws/").unwrap(), Pattern { cloud: Some("aws".into()), ..Pattern::default() });
        assert_eq!(infra("*").unwrap(), Pattern::default());
        assert_eq!(infra("*/*/us-east-1a").unwrap().to_string(), "*/*/us-east-1a");
        assert!(infra("aws//x").is_err());
        assert!(infra("").is_err());
        assert!(infra("a/b/c/d").is_err());
        assert_eq!(infra("k8s/arn:aws:eks:x/y/z").unwrap().region.as_deref(), Some("arn:aws:eks:x/y/z"));
    }

    #[test]
    fn wildcards() {
        assert!(matches("us-*", "us-east-1"));
        assert!(matches("*", "x"));
        assert!(matches("US-EAST-1", "us-east-1"));
        assert!(matches("us-*-1", "us-east-1"));
        assert!(matches("*east*", "us-east-1"));
        assert!(!matches("us-*-2", "us-east-1"));
        assert!(!matches("us", "us-east-1"));
        assert!(!matches("a*a", "a"));
    }
}
