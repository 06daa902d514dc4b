//! Text as one word of a POSIX shell.

/// The text in single quotes, so that any shell passes it on as it is.
pub fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_words_stay_readable() {
        assert_eq!(quote("~/a b"), "'~/a b'");
        assert_eq!(quote("/a/b-c_d.e:1"), "/a/b-c_d.e:1");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("it's"), r"'it'\''s'");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shell_hands_on_every_byte(text in "[^\0]{0,40}|['\"\\\\$`!\n\r\t *?~#;&|<>(){}\\[\\]-]{0,20}") {
            for shell in ["sh", "bash"] {
                let script = format!("printf %s {}", quote(&text));
                let Ok(output) = Command::new(shell).args(["-c", &script]).output() else { continue };
                prop_assert_eq!(String::from_utf8_lossy(&output.stdout), text.as_str(), "{}", script);
            }
        }
    }
}
