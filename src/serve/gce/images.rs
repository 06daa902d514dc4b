//! Public images, by family.
//!
//! **Invariant:** names of families are those that Google publishes; their contents are nobody's business here.

use serde_json::{Value, json};

use super::answer::{Reply, Request, no_such_address, not_found};
use super::links::{link, number};
use super::page;
use super::state::Gce;

/// Project, family, disk size in GB, and whether it is for Arm processors.
const FAMILIES: &[(&str, &str, &str, bool)] = &[
    ("debian-cloud", "debian-11", "10", false),
    ("debian-cloud", "debian-12", "10", false),
    ("debian-cloud", "debian-12-arm64", "10", true),
    ("debian-cloud", "debian-13", "10", false),
    ("ubuntu-os-cloud", "ubuntu-2204-lts", "10", false),
    ("ubuntu-os-cloud", "ubuntu-2204-lts-arm64", "10", true),
    ("ubuntu-os-cloud", "ubuntu-2404-lts-amd64", "10", false),
    ("ubuntu-os-cloud", "ubuntu-2404-lts-arm64", "10", true),
    ("deeplearning-platform-release", "common-cu128-ubuntu-2204-nvidia-570", "50", false),
    ("deeplearning-platform-release", "common-cu129-ubuntu-2204-nvidia-580", "50", false),
    ("deeplearning-platform-release", "pytorch-2-7-cu128-ubuntu-2204-nvidia-570", "50", false),
];

/// True for a look at the images of a project that anybody may see.
pub(super) fn is_public(request: &Request) -> bool {
    let images = matches!(&request.parts[..], [global, images, ..] if global == "global" && images == "images");
    images && request.method == "GET" && FAMILIES.iter().any(|(project, ..)| *project == request.project)
}

/// Refuses an image of a public project that it does not have. Images of other projects are taken as they come.
pub(super) fn check(source: &str) -> Result<(), Reply> {
    let path = source.split("/compute/v1/").last().unwrap_or(source).trim_start_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    let ["projects", project, "global", "images", rest @ ..] = &parts[..] else { return Ok(()) };
    let mut known = FAMILIES.iter().filter(|(owner, ..)| owner == project).peekable();
    let there = known.peek().is_none()
        || match rest {
            ["family", family] => known.any(|(_, name, ..)| name == family),
            [image] => known.any(|(_, name, ..)| image.starts_with(name)),
            _ => false,
        };
    if there { Ok(()) } else { Err(not_found(path)) }
}

/// Everything below `global/images`.
pub(super) fn answer(gce: &Gce, request: &Request, rest: &[&str]) -> Result<Reply, Reply> {
    let here: Vec<Value> = FAMILIES
        .iter()
        .filter(|(project, ..)| *project == request.project)
        .map(|(project, family, size, arm)| image(gce, project, family, size, *arm))
        .collect();
    let (field, name) = match rest {
        [] => return page::list(request, "compute#imageList", here),
        ["family", family] => ("family", *family),
        [name] => ("name", *name),
        _ => return Err(no_such_address(&request.parts.join("/"))),
    };
    let found = here.into_iter().find(|image| image[field] == name).map(Reply::ok);
    found.ok_or_else(|| not_found(&format!("projects/{}/{}", request.project, request.parts.join("/"))))
}

fn image(gce: &Gce, project: &str, family: &str, size: &str, arm: bool) -> Value {
    let name = format!("{family}-v20260115");
    let below = format!("global/images/{name}");
    json!({
        "kind": "compute#image",
        "id": number(&format!("{project}/{below}")),
        "creationTimestamp": gce.site.clock().rfc3339(crate::model::Timestamp::ZERO),
        "name": name,
        "family": family,
        "status": "READY",
        "sourceType": "RAW",
        "archiveSizeBytes": "1073741824",
        "diskSizeGb": size,
        "architecture": if arm { "ARM64" } else { "X86_64" },
        "labelFingerprint": "42WmSpB8rSM=",
        "selfLink": link(project, &below),
    })
}
