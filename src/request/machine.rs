//! What a machine gets beside its type and place: disk, image, ports, labels, stopping by itself.

use crate::model::Span;
use crate::yaml::{Fields, Node, Reader};

use super::amount;

/// Options of a machine that no candidate is chosen by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// Size of the boot disk, in GB.
    pub disk_size_gb: Option<u32>,
    /// Speed of the boot disk: `low`, `medium`, `high`, `ultra` or `best`.
    pub disk_tier: Option<&'static str>,
    /// The image to boot.
    pub image: Option<Image>,
    /// Ports to open: `8080` or `8000-8010`.
    pub ports: Vec<String>,
    /// Labels (tags) of the machine.
    pub labels: Vec<(String, String)>,
    /// Stop or terminate when idle.
    pub autostop: Option<Autostop>,
    /// Arguments of a TPU, such as `runtime_version`.
    pub accelerator_args: Vec<(String, String)>,
    /// The strategy named for recovery after preemption.
    pub job_recovery: Option<String>,
}

/// An image to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// The same everywhere.
    One(String),
    /// One a region; other regions are left out.
    PerRegion(Vec<(String, String)>),
}

/// What to do with an idle cluster, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autostop {
    /// After this long without work.
    pub idle: Span,
    /// Terminate instead of stopping.
    pub down: bool,
}

/// What `autostop` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopping {
    /// It is switched off.
    Never,
    /// It is on.
    After(Autostop),
}

/// Idle time where `autostop` is only switched on, as in SkyPilot.
const DEFAULT_IDLE: Span = Span::from_secs(300);

pub(super) const DISK_TIERS: [&str; 5] = ["low", "medium", "high", "ultra", "best"];

pub(super) fn disk_tier(reader: &Reader, node: &Node) -> Option<&'static str> {
    reader.one_of(node, "disk_tier", &DISK_TIERS)
}

pub(super) fn disk_size(reader: &Reader, node: &Node) -> Option<u32> {
    let size = node.as_str().and_then(amount::disk);
    if size.is_none() {
        let message = format!("disk_size must be a number of GB, not {}", node.describe());
        reader.error_hint(node.spot, message, "write for example 256 or 1TB".to_owned());
    }
    size
}

pub(super) fn image(reader: &Reader, node: &Node) -> Option<Image> {
    if node.as_map().is_some() {
        return pairs(reader, node, "image_id").map(Image::PerRegion);
    }
    reader.string(node, "image_id").map(|text| Image::One(text.to_owned()))
}

/// `8080`, `8000-8010`, or a list of these.
pub(super) fn ports(reader: &Reader, node: &Node) -> Option<Vec<String>> {
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    let mut ports = Vec::new();
    for item in items {
        let text = reader.string(item, "ports")?;
        if !is_port_range(text) {
            let message = format!("{} is neither a port nor a range of ports", item.describe());
            reader.error_hint(item.spot, message, "write for example 8080 or 8000-8010".to_owned());
            return None;
        }
        ports.push(text.to_owned());
    }
    Some(ports)
}

fn is_port_range(text: &str) -> bool {
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    match text.split_once('-') {
        None => port(text).is_some(),
        Some((low, high)) => matches!((port(low), port(high)), (Some(low), Some(high)) if low <= high),
    }
}

/// A mapping of names to texts.
pub(super) fn pairs(reader: &Reader, node: &Node, name: &str) -> Option<Vec<(String, String)>> {
    let fields = reader.fields(node, name)?;
    let one = |entry: &crate::yaml::Entry| {
        let text = reader.string(&entry.value, &format!("{name}.{}", entry.key))?;
        Some((entry.key.clone(), text.to_owned()))
    };
    Some(fields.map().entries.iter().filter_map(one).collect())
}

/// `true`, `10` (minutes), `10m`, or `{idle_minutes: 10, down: true}`.
pub(super) fn autostop(reader: &Reader, node: &Node) -> Option<Stopping> {
    if node.as_map().is_none() {
        return idle(reader, node, false);
    }
    let fields: Fields = reader.fields(node, "autostop")?;
    fields.only(&["idle_minutes", "down", "wait_for", "hook", "hook_timeout"]);
    let down = fields.boolean("down").unwrap_or(false);
    match fields.get("idle_minutes") {
        Some(minutes) => idle(reader, minutes, down),
        None => Some(Stopping::After(Autostop { idle: DEFAULT_IDLE, down })),
    }
}

fn idle(reader: &Reader, node: &Node, down: bool) -> Option<Stopping> {
    let after = |idle| Some(Stopping::After(Autostop { idle, down }));
    let text = node.as_str().unwrap_or_default().to_ascii_lowercase();
    match text.as_str() {
        "true" | "yes" | "on" => return after(DEFAULT_IDLE),
        "false" | "no" | "off" => return Some(Stopping::Never),
        _ => {}
    }
    if let Ok(minutes) = text.parse::<i64>() {
        // Negative minutes switch it off.
        return u64::try_from(minutes).map_or(Some(Stopping::Never), |minutes| after(Span::from_secs(60) * minutes));
    }
    if let Ok(span) = text.parse() {
        return after(span);
    }
    let message = format!("autostop must be minutes or a duration, not {}", node.describe());
    reader.error_hint(node.spot, message, "write for example 10, 30m or 1h".to_owned());
    None
}

impl Stopping {
    pub(super) fn after(self) -> Option<Autostop> {
        if let Self::After(autostop) = self { Some(autostop) } else { None }
    }
}
