//! What a size's name tells of it, and the image and disk that follow.
//!
//! **Invariant:** a size whose name is not understood gets what fits most machines; the user's own words always win.

use serde_json::{Value, json};

use crate::cloud::ProviderError;

/// `Standard_NC24ads_A100_v4`, taken apart by Microsoft's naming convention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Size<'a> {
    /// `NC`: upper-case letters before the number of vCPUs.
    family: &'a str,
    /// `ads`: lower-case letters after it.
    features: &'a str,
    /// 4; 1 where none is named.
    version: u32,
}

impl<'a> Size<'a> {
    pub(super) fn of(name: &'a str) -> Self {
        let rest = name.split_once('_').map_or(name, |(_, rest)| rest);
        let mut parts = rest.split('_');
        let first = parts.next().unwrap_or_default();
        let version =
            parts.filter_map(|part| part.strip_prefix('v')).find_map(|number| number.parse().ok()).unwrap_or(1);
        let digit = first.find(|c: char| c.is_ascii_digit()).unwrap_or(first.len());
        let (family, after) = first.split_at(digit);
        let lower = after.find(|c: char| c.is_ascii_lowercase()).unwrap_or(after.len());
        Self { family, features: &after[lower..], version }
    }

    /// A machine with accelerators: the N series.
    fn has_gpu(&self) -> bool {
        self.family.starts_with('N')
    }

    /// Boots only the older generation of images: sizes of the first generations without premium storage.
    fn is_first_generation(&self) -> bool {
        !self.features.contains('s') && !self.family.ends_with('S') && self.version <= 3
    }

    fn is_arm(&self) -> bool {
        self.features.contains('p')
    }

    /// May have a premium disk.
    fn has_premium(&self) -> bool {
        self.features.contains('s') || self.family.ends_with('S')
    }

    fn default_image(&self) -> &'static str {
        match (self.has_gpu(), self.is_arm(), self.is_first_generation()) {
            // Ubuntu with the drivers of NVIDIA, CUDA and the fabric installed.
            (true, _, false) => "microsoft-dsvm:ubuntu-hpc:2204:latest",
            // The last one of those for machines of the first generation.
            (true, _, true) => "microsoft-dsvm:ubuntu-2004:2004:latest",
            (false, true, _) => "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-arm64:latest",
            (false, false, true) => "Canonical:0001-com-ubuntu-server-jammy:22_04-lts:latest",
            (false, false, false) => "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2:latest",
        }
    }

    /// The `imageReference` of the user's words, or of the default.
    pub(super) fn image(&self, words: Option<&str>) -> Result<Value, ProviderError> {
        let words = words.unwrap_or_else(|| self.default_image());
        if let Some(id) = words.strip_prefix('/') {
            let lower = id.to_ascii_lowercase();
            let field = match lower.split('/').next() {
                Some("communitygalleries") => "communityGalleryImageId",
                Some("sharedgalleries") => "sharedGalleryImageId",
                _ => "id",
            };
            return Ok(json!({ field: words }));
        }
        let parts: Vec<&str> = words.split(':').collect();
        let [publisher, offer, sku, version] = parts[..] else {
            return Err(invalid(format!(
                "image '{words}' is neither publisher:offer:sku:version nor the id of an image (/subscriptions/..., \
                 /CommunityGalleries/...)"
            )));
        };
        if parts.iter().any(|part| part.is_empty()) {
            return Err(invalid(format!("image '{words}' has an empty part; expected publisher:offer:sku:version")));
        }
        Ok(json!({"publisher": publisher, "offer": offer, "sku": sku, "version": version}))
    }

    /// The `storageAccountType` of a tier.
    pub(super) fn disk(&self, tier: Option<&str>) -> Result<&'static str, ProviderError> {
        match tier {
            Some("low") => Ok("Standard_LRS"),
            Some("high" | "best") if self.has_premium() => Ok("Premium_LRS"),
            None | Some("medium" | "best") => Ok("StandardSSD_LRS"),
            Some("high") => Err(invalid("this machine type takes no premium disk; use disk_tier: best".to_owned())),
            Some("ultra") => Err(invalid("Azure boots from no ultra disk; use disk_tier: high".to_owned())),
            Some(other) => Err(invalid(format!("Azure has no disk tier '{other}'"))),
        }
    }
}

/// A refusal that no other place would lift.
fn invalid(message: String) -> ProviderError {
    ProviderError::refused("InvalidParameter", message)
}
