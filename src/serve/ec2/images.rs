//! Public images: a few that clients look for by name or by parameter.
//!
//! **Invariant:** an id belongs to one name in one region; any other well-formed id is taken for an image of the user's.

use super::fault::Fault;
use super::form::{admits, page, seen_tags};
use super::{Call, Done, id_of};

/// A public image.
struct Public {
    name: &'static str,
    owner: &'static str,
    alias: Option<&'static str>,
    architecture: &'static str,
    root: &'static str,
    size_gb: u32,
    created: &'static str,
    /// The public parameter that holds its id.
    parameter: &'static str,
}

const CANONICAL: &str = "099720109477";
const AMAZON: &str = "137112412989";
const DEEP_LEARNING: &str = "898082745236";

/// What an image means for a launch.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) root: String,
    pub(super) size_gb: u32,
}

const fn ubuntu(name: &'static str, architecture: &'static str, parameter: &'static str) -> Public {
    Public {
        name,
        owner: CANONICAL,
        alias: None,
        architecture,
        root: "/dev/sda1",
        size_gb: 8,
        created: "2026-01-05T10:00:00.000Z",
        parameter,
    }
}

const fn learning(name: &'static str, architecture: &'static str, parameter: &'static str) -> Public {
    Public {
        name,
        owner: DEEP_LEARNING,
        alias: Some("amazon"),
        architecture,
        root: "/dev/sda1",
        size_gb: 75,
        created: "2026-01-08T10:00:00.000Z",
        parameter,
    }
}

static IMAGES: [Public; 8] = [
    ubuntu(
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260105",
        "x86_64",
        "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id",
    ),
    ubuntu(
        "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20260105",
        "arm64",
        "/aws/service/canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id",
    ),
    learning(
        "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260108",
        "x86_64",
        "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    ),
    learning(
        "Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20260108",
        "arm64",
        "/aws/service/deeplearning/ami/arm64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id",
    ),
    learning(
        "Deep Learning Base Proprietary Nvidia Driver GPU AMI (Ubuntu 20.04) 20260108",
        "x86_64",
        "/aws/service/deeplearning/ami/x86_64/base-proprietary-nvidia-driver-gpu-ubuntu-20.04/latest/ami-id",
    ),
    learning(
        "Deep Learning Base Neuron AMI (Ubuntu 22.04) 20260108",
        "x86_64",
        "/aws/service/neuron/dlami/base/ubuntu-22.04/latest/image_id",
    ),
    Public {
        name: "al2023-ami-2023.10.20260105.0-kernel-6.1-x86_64",
        owner: AMAZON,
        alias: Some("amazon"),
        architecture: "x86_64",
        root: "/dev/xvda",
        size_gb: 8,
        created: "2026-01-05T10:00:00.000Z",
        parameter: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64",
    },
    Public {
        name: "al2023-ami-2023.10.20260105.0-kernel-6.1-arm64",
        owner: AMAZON,
        alias: Some("amazon"),
        architecture: "arm64",
        root: "/dev/xvda",
        size_gb: 8,
        created: "2026-01-05T10:00:00.000Z",
        parameter: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64",
    },
];

/// The id in a region that a public parameter holds.
pub(super) fn parameter(region: &str, name: &str) -> Option<String> {
    let image = IMAGES.iter().find(|image| image.parameter == name)?;
    Some(id_of("ami", &[region, image.name]))
}

fn by_id(region: &str, id: &str) -> Option<&'static Public> {
    IMAGES.iter().find(|image| id_of("ami", &[region, image.name]) == id)
}

fn well_formed(id: &str) -> bool {
    id.strip_prefix("ami-")
        .is_some_and(|hex| (hex.len() == 8 || hex.len() == 17) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The image of a launch: an id, or `resolve:ssm:` and a parameter.
pub(super) fn resolve(call: &Call<'_>, wanted: &str) -> Result<Found, Fault> {
    let id = match wanted.strip_prefix("resolve:ssm:") {
        Some(name) => {
            parameter(call.region, name).ok_or_else(|| Fault::invalid(format!("Parameter: {name} not found.")))?
        }
        None => wanted.to_owned(),
    };
    if !well_formed(&id) {
        return Err(Fault::new(400, "InvalidAMIID.Malformed", format!("Invalid id: \"{id}\" (expecting \"ami-...\")")));
    }
    let public = by_id(call.region, &id);
    Ok(Found {
        root: public.map_or("/dev/sda1", |image| image.root).to_owned(),
        size_gb: public.map_or(8, |image| image.size_gb),
        id,
    })
}

/// `DescribeImages`: the public ones, and any that is named by id.
pub(super) fn describe(call: &Call<'_>) -> Done {
    let (ids, owners) = (call.form.list("ImageId"), call.form.list("Owner"));
    if let Some(id) = ids.iter().find(|id| !well_formed(id)) {
        return Err(Fault::new(400, "InvalidAMIID.Malformed", format!("Invalid id: \"{id}\" (expecting \"ami-...\")")));
    }
    let filters = call.form.filters();
    let mut found = Vec::new();
    for image in &IMAGES {
        let id = id_of("ami", &[call.region, image.name]);
        let owned = |owner: &String| owner == image.owner || Some(owner.as_str()) == image.alias;
        let wanted = (ids.is_empty() || ids.contains(&id)) && (owners.is_empty() || owners.iter().any(owned));
        let passes = admits(&filters, |name| match name {
            "image-id" => Some(vec![id.clone()]),
            "name" | "description" => Some(vec![image.name.to_owned()]),
            "architecture" => Some(vec![image.architecture.to_owned()]),
            "owner-id" => Some(vec![image.owner.to_owned()]),
            "owner-alias" => Some(image.alias.map(str::to_owned).into_iter().collect()),
            "state" => Some(vec!["available".to_owned()]),
            "root-device-type" | "block-device-mapping.volume-type" => Some(vec!["ebs".to_owned(), "gp2".to_owned()]),
            "root-device-name" => Some(vec![image.root.to_owned()]),
            "virtualization-type" => Some(vec!["hvm".to_owned()]),
            "image-type" => Some(vec!["machine".to_owned()]),
            "is-public" => Some(vec!["true".to_owned()]),
            other => seen_tags(&super::form::Tags::new(), other),
        })?;
        if wanted && passes {
            found.push((id, Some(image)));
        }
    }
    let own = ids.into_iter().filter(|id| by_id(call.region, id).is_none());
    found.extend(own.map(|id| (id, None)));
    let (found, next) = page(call.form, found)?;
    Ok(call.answer(|xml| {
        xml.items("imagesSet", &found, |xml, (id, image)| show(xml, call, id, *image));
        xml.maybe("nextToken", next);
    }))
}

fn show(xml: &mut super::xml::Xml, call: &Call<'_>, id: &str, image: Option<&Public>) {
    let account = call.ec2.account();
    let owner = image.map_or(account.as_str(), |image| image.owner);
    let name = image.map_or(id, |image| image.name);
    xml.leaf("imageId", id);
    xml.leaf("imageLocation", format!("{owner}/{name}"));
    xml.leaf("imageState", "available");
    xml.leaf("imageOwnerId", owner);
    xml.leaf("creationDate", image.map_or("2026-01-01T00:00:00.000Z", |image| image.created));
    xml.leaf("isPublic", image.is_some());
    xml.leaf("architecture", image.map_or("x86_64", |image| image.architecture));
    xml.leaf("imageType", "machine");
    xml.maybe("imageOwnerAlias", image.and_then(|image| image.alias));
    xml.leaf("name", name);
    xml.leaf("description", name);
    xml.leaf("rootDeviceType", "ebs");
    let root = image.map_or("/dev/sda1", |image| image.root);
    xml.leaf("rootDeviceName", root);
    xml.items("blockDeviceMapping", [root], |xml, root| {
        xml.leaf("deviceName", root);
        xml.within("ebs", |xml| {
            xml.leaf("snapshotId", id_of("snap", &[id]));
            xml.leaf("volumeSize", image.map_or(8, |image| image.size_gb));
            xml.leaf("deleteOnTermination", true);
            xml.leaf("volumeType", "gp2");
            xml.leaf("encrypted", false);
        });
    });
    xml.leaf("virtualizationType", "hvm");
    xml.leaf("hypervisor", "xen");
    xml.leaf("enaSupport", true);
    xml.leaf("platformDetails", "Linux/UNIX");
    xml.leaf("usageOperation", "RunInstances");
}
