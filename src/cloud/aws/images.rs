//! Which image a machine boots from.
//!
//! **Invariant:** the user's image is taken as it is; without one it is the newest of Amazon's or Canonical's public
//! images that has what the type needs, found by name, since ids differ from region to region and change every month.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{EbsBlockDevice, Filter, Image};

use super::errors::Told;
use crate::cloud::ProviderError;
use crate::cloud::ec2::{Architecture, Devices, architecture, devices};

/// Accounts that publish the default images: Amazon's, and Canonical's with which its images are signed.
const OWNERS: [&str; 2] = ["amazon", "099720109477"];

/// An image, and what a disk made of it must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) id: String,
    /// The device that is the boot disk.
    pub(super) root: String,
    /// The smallest disk that holds it.
    pub(super) size_min_gb: u32,
}

/// What Canonical and Amazon Linux both call the boot disk, where nothing more is known.
const USUAL_ROOT: &str = "/dev/sda1";

/// The image for a type: the wanted one, else the default.
pub(super) async fn choose(
    ec2: &Client,
    region: &str,
    instance_type: &str,
    wanted: Option<&str>,
) -> Result<Chosen, ProviderError> {
    match wanted {
        Some(id) if id.starts_with("ami-") => by_id(ec2, id).await,
        // EC2 looks the parameter up itself.
        Some(parameter) if parameter.starts_with("resolve:ssm:") => {
            Ok(Chosen { id: parameter.to_owned(), root: USUAL_ROOT.to_owned(), size_min_gb: 0 })
        }
        Some(other) => Err(ProviderError::refused(
            "InvalidAMIID.Malformed",
            format!("image_id '{other}' is no image of AWS: give an id (ami-...) or a parameter (resolve:ssm:/...)"),
        )),
        None => default(ec2, region, instance_type).await,
    }
}

async fn by_id(ec2: &Client, id: &str) -> Result<Chosen, ProviderError> {
    let answer = ec2.describe_images().image_ids(id).send().await.told()?;
    let image = answer.images().first().ok_or_else(|| {
        ProviderError::refused("InvalidAMIID.NotFound", format!("the image id '[{id}]' does not exist"))
    })?;
    Ok(of(image))
}

async fn default(ec2: &Client, region: &str, instance_type: &str) -> Result<Chosen, ProviderError> {
    let patterns = patterns(instance_type);
    let names = Filter::builder().name("name").set_values(Some(patterns.iter().map(ToString::to_string).collect()));
    let usable = Filter::builder().name("state").values("available");
    let answer = ec2
        .describe_images()
        .set_owners(Some(OWNERS.map(str::to_owned).to_vec()))
        .filters(names.build())
        .filters(usable.build())
        .send()
        .await
        .told()?;
    best(&patterns, answer.images()).map(of).ok_or_else(|| {
        ProviderError::refused(
            "InvalidAMIID.NotFound",
            format!("{region} has no public image named '{}' for {instance_type}: name one by image_id", patterns[0]),
        )
    })
}

/// Names of the images that suit a type, best first, with `*` for what varies.
fn patterns(instance_type: &str) -> Vec<String> {
    let arm = architecture(instance_type) == Architecture::Arm;
    let prefix = if arm { "Deep Learning ARM64 Base" } else { "Deep Learning Base" };
    let learning = |driver: &str| -> Vec<String> {
        let of = |ubuntu: &str| format!("{prefix} {driver} Nvidia Driver GPU AMI (Ubuntu {ubuntu}) *");
        ["22.04", "20.04"].map(of).to_vec()
    };
    match devices(instance_type) {
        Devices::Nvidia => learning("OSS"),
        // Releases of before the split into open and closed drivers carry neither word.
        Devices::OldNvidia => {
            let mut names = learning("Proprietary");
            names.push("Deep Learning Base GPU AMI (Ubuntu 20.04) *".to_owned());
            names
        }
        Devices::Neuron => ["22.04", "20.04"].map(|v| format!("Deep Learning Base Neuron AMI (Ubuntu {v}) *")).to_vec(),
        Devices::None => {
            let cpu = if arm { "arm64" } else { "amd64" };
            vec![format!("ubuntu/images/hvm-ssd*/ubuntu-jammy-22.04-{cpu}-server-*")]
        }
    }
}

/// The newest image of the first pattern that has any.
fn best<'a>(patterns: &[String], images: &'a [Image]) -> Option<&'a Image> {
    patterns.iter().find_map(|pattern| {
        let named = images.iter().filter(|image| matches(pattern, image.name().unwrap_or_default()));
        named.max_by_key(|image| image.creation_date().unwrap_or_default().to_owned())
    })
}

/// True if a name fits a pattern with `*` for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

fn of(image: &Image) -> Chosen {
    let root = image.root_device_name().unwrap_or(USUAL_ROOT);
    let disk = image.block_device_mappings().iter().find(|mapping| mapping.device_name() == Some(root));
    let size = disk.and_then(|mapping| mapping.ebs()).and_then(EbsBlockDevice::volume_size).unwrap_or(0);
    Chosen {
        id: image.image_id().unwrap_or_default().to_owned(),
        root: root.to_owned(),
        size_min_gb: u32::try_from(size).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_matched_as_the_api_does() {
        assert!(matches("a*c", "abc") && matches("a*", "a") && matches("a*b*c", "a1b2b3c"));
        assert!(!matches("a*c", "abd") && !matches("a*", "ba") && !matches("abc", "abcd"));
    }

    #[test]
    fn the_newest_of_the_best_name_wins() {
        let image =
            |id: &str, name: &str, date: &str| Image::builder().image_id(id).name(name).creation_date(date).build();
        let images = [
            image(
                "ami-1",
                "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 20.04) 20260901",
                "2026-09-01T00:00:00Z",
            ),
            image(
                "ami-2",
                "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260301",
                "2026-03-01T00:00:00Z",
            ),
            image(
                "ami-3",
                "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260401",
                "2026-04-01T00:00:00Z",
            ),
        ];
        let found = best(&patterns("g5.xlarge"), &images).expect("one");
        assert_eq!(found.image_id(), Some("ami-3"));
        assert_eq!(best(&patterns("m6i.large"), &images), None);
    }

    #[test]
    fn arm_and_old_devices_get_their_own() {
        assert!(patterns("g5g.xlarge")[0].contains("ARM64"));
        assert!(patterns("p3.16xlarge")[0].contains("Proprietary"));
        assert!(patterns("m6g.large")[0].contains("arm64"));
        assert!(patterns("m6i.large")[0].contains("amd64"));
    }
}
