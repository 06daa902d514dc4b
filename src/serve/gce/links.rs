//! Addresses, numbers and fingerprints of resources.
//!
//! **Invariant:** made of names alone, so that the same resource has the same ones for as long as it lives.

use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const ROOT: &str = "https://www.googleapis.com/compute/v1";

/// The address of something below a project.
pub(super) fn link(project: &str, below: &str) -> String {
    format!("{ROOT}/projects/{project}/{below}")
}

/// The address of a project.
pub(super) fn project_link(project: &str) -> String {
    format!("{ROOT}/projects/{project}")
}

/// The last part of a URL or path.
pub(super) fn last_part(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// `us-central1` of `us-central1-a`.
pub(super) fn region_of(zone: &str) -> &str {
    zone.rsplit_once('-').map_or(zone, |(region, _)| region)
}

/// Google's numeric id for a name, as it is written.
pub(super) fn number(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let eight = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (eight >> 1).to_string()
}

/// Stands for a content: another content, another fingerprint.
pub(super) fn fingerprint(content: &Value) -> String {
    let digest = Sha256::digest(content.to_string().as_bytes());
    base64::engine::general_purpose::STANDARD.encode(&digest[..8])
}
