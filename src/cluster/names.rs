//! What clusters may be called, here and at the clouds.
//!
//! **Invariant:** a name here is never a name there alone: the name at the clouds carries a mark of the cluster's own.

use super::error::ClusterError;

/// Longest name at a cloud.
const LONGEST: usize = 35;
/// Random characters at its end, which tell apart clusters of one name.
const MARK: usize = 6;

/// Complains of a name that is not one.
///
/// # Errors
/// With what would be right.
pub fn check(name: &str) -> Result<(), ClusterError> {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let right = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(inner)
        && name.len() <= 64;
    if right {
        return Ok(());
    }
    Err(ClusterError::usage(
        format!("'{name}' is not a name for a cluster"),
        "write a letter, then letters, digits, '-', '_' or '.', ending in a letter or digit, at most 64",
    ))
}

/// The name at the clouds: `a-z0-9-`, at most 35 characters.
pub fn at_clouds(name: &str, uid: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let stem: String = name.chars().take(LONGEST - MARK - 1).map(plain).collect();
    format!("{}-{}", stem.trim_end_matches('-'), &uid[..MARK])
}

/// True if the name fits the pattern, in which `*` stands for anything and `?` for one character.
pub fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            let rest = &pattern[1..];
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| fits(rest, &name[at..]))
        }
        (Some('?'), Some(c)) => fits(&pattern[1..], &name[c.len_utf8()..]),
        (Some(p), Some(c)) if p == c => fits(&pattern[p.len_utf8()..], &name[c.len_utf8()..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_made_fit_for_clouds() {
        for name in ["a", "my-cluster", "Train_2.b", "x1"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", "1a", "a-", "ä", "a b", "a/b", "-a"] {
            assert!(check(name).is_err(), "{name}");
        }
        assert_eq!(at_clouds("Train_2.b", "0123456789abcdef"), "train-2-b-012345");
        let long = at_clouds(&"x".repeat(64), "0123456789abcdef");
        assert_eq!(long.len(), 35);
    }

    #[test]
    fn patterns_fit_as_in_a_shell() {
        assert!(fits("train-*", "train-7") && fits("*", "x") && fits("a?c", "abc") && fits("*b*", "abc"));
        assert!(!fits("train-*", "test-7") && !fits("a", "ab") && !fits("a?", "a"));
    }
}
