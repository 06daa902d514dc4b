//! What made a result, so that it can be made again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that decides the bytes of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of the program.
    pub version: String,
    /// The scenario's name.
    pub scenario: String,
    /// SHA-256 of the scenario, hexadecimal.
    pub scenario_hash: String,
    /// SHA-256 of the price tables, hexadecimal.
    pub catalog_hash: String,
    /// The seed of all luck.
    pub seed: u64,
    /// Trials a policy.
    pub trials: u64,
    /// The policies, in the order asked for.
    pub policies: Vec<String>,
    /// The command that makes it again, for people to paste.
    pub command: String,
    /// The same, one argument each: what `sky-sim verify` runs.
    pub arguments: Vec<String>,
}

/// `sky-sim` with these arguments as a POSIX shell reads them.
pub fn command(arguments: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=%:+@".contains(c);
    let quoted = |word: &String| {
        if !word.is_empty() && word.chars().all(plain) {
            format!(" {word}")
        } else {
            format!(" '{}'", word.replace('\'', "'\\''"))
        }
    };
    std::iter::once("sky-sim".to_owned()).chain(arguments.iter().map(quoted)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        let words = ["run", "my file.yaml", "--policies", "ttl(3m),cheapest", "--set", "a=it's"].map(String::from);
        let expected = r"sky-sim run 'my file.yaml' --policies 'ttl(3m),cheapest' --set 'a=it'\''s'";
        assert_eq!(command(&words), expected);
    }
}
