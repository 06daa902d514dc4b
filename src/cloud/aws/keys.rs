//! The user's public key, known to EC2 under a name that is made of it.
//!
//! **Invariant:** one key has one name everywhere, so that importing it again changes nothing and two keys never meet
//! under one name.

use std::fmt::Write as _;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::primitives::Blob;
use sha2::{Digest, Sha256};

use super::errors::{Told, code};
use crate::cloud::ProviderError;

/// `sky-` and the beginning of the hash of the key's own bytes; the comment behind it does not count.
pub(super) fn name_of(public_key: &str) -> String {
    let material = public_key.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let mut name = "sky-".to_owned();
    for byte in &Sha256::digest(material.as_bytes())[..8] {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// Makes sure that the region knows the key, and returns its name there.
pub(super) async fn ensure(ec2: &Client, public_key: &str) -> Result<String, ProviderError> {
    let name = name_of(public_key);
    let known = ec2.describe_key_pairs().key_names(&name).send().await.told();
    match known {
        Ok(_) => return Ok(name),
        Err(error) if code(&error) == Some("InvalidKeyPair.NotFound") => {}
        Err(error) => return Err(error),
    }
    let material = Blob::new(public_key.trim().as_bytes());
    match ec2.import_key_pair().key_name(&name).public_key_material(material).send().await.told() {
        Err(error) if code(&error) != Some("InvalidKeyPair.Duplicate") => Err(error),
        _ => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_does_not_make_another_key() {
        assert_eq!(name_of("ssh-ed25519 AAAA me@here\n"), name_of("ssh-ed25519 AAAA"));
        assert_ne!(name_of("ssh-ed25519 AAAA"), name_of("ssh-ed25519 AAAB"));
        assert_eq!(name_of("ssh-ed25519 AAAA").len(), 20);
    }
}
