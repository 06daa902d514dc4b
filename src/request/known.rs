//! The keys of the language: which there are, and which are accepted without being acted on.

use crate::yaml::{Fields, did_you_mean};

/// Keys of a block of resources.
pub(super) const RESOURCES: [&str; 27] = [
    "accelerators",
    "accelerator",
    "gpus",
    "accelerator_args",
    "instance_type",
    "cpus",
    "memory",
    "infra",
    "cloud",
    "region",
    "zone",
    "use_spot",
    "max_hourly_cost",
    "estimated_runtime",
    "disk_size",
    "disk_tier",
    "image_id",
    "ports",
    "labels",
    "autostop",
    "job_recovery",
    "spot_recovery",
    "network_tier",
    "local_disk",
    "priority",
    "priority_class",
    "volumes",
];

/// Those of them that are other words for one of the others.
const ALIASES: [&str; 3] = ["accelerator", "gpus", "spot_recovery"];

/// Those of them that change nothing here.
pub(super) const RESOURCES_IGNORED: [&str; 5] = ["network_tier", "local_disk", "priority", "priority_class", "volumes"];

/// Keys of a task.
pub(super) const TASK: [&str; 26] = [
    "name",
    "resources",
    "num_nodes",
    "envs",
    "secrets",
    "workdir",
    "file_mounts",
    "setup",
    "run",
    "inputs",
    "outputs",
    "estimated_runtime",
    "depends_on",
    "failover",
    "config",
    "experimental",
    "service",
    "pool",
    "event_callback",
    "file_mounts_mapping",
    "volumes",
    "volume_mounts",
    "storage_mounts",
    "update_mode",
    "user_specified_yaml",
    "api_server",
];

/// Those of them that change nothing here.
pub(super) const TASK_IGNORED: [&str; 12] = [
    "config",
    "experimental",
    "service",
    "pool",
    "event_callback",
    "file_mounts_mapping",
    "volumes",
    "volume_mounts",
    "storage_mounts",
    "update_mode",
    "user_specified_yaml",
    "api_server",
];

/// Keys under `failover`.
pub(super) const FAILOVER: [&str; 10] = [
    "policy",
    "hedge",
    "max_wait",
    "max_attempts",
    "budget",
    "retry_gap",
    "retry_until_up",
    "attempt_timeout",
    "exclude",
    "prefer",
];

/// Where a key of a task belongs that stands among resources.
pub(super) fn misplaced_in_resources(key: &str) -> Option<String> {
    if FAILOVER.contains(&key) {
        return Some(format!("'{key}' belongs under failover, beside resources"));
    }
    if TASK.contains(&key) {
        return Some(format!("'{key}' belongs to the task, one level further out"));
    }
    if key == "any_of" || key == "ordered" {
        return Some(format!("'{key}' belongs directly under resources"));
    }
    did_you_mean(key, RESOURCES.iter().copied().filter(|name| !ALIASES.contains(name)))
}

/// Where a key of resources or failover belongs that stands in a task.
pub(super) fn misplaced_in_task(key: &str) -> Option<String> {
    if key == "any_of" || key == "ordered" || RESOURCES.contains(&key) {
        return Some(format!("'{key}' belongs under resources"));
    }
    FAILOVER.contains(&key).then(|| format!("'{key}' belongs under failover"))
}

/// Notes keys that are neither `known` nor internal ones of SkyPilot (`_policy`, in files that it wrote itself).
pub(super) fn check(fields: &Fields, known: &[&str], misplaced: impl Fn(&str) -> Option<String>) {
    let internal = fields.map().entries.iter().map(|entry| entry.key.as_str()).filter(|key| key.starts_with('_'));
    let internal: Vec<&str> = internal.collect();
    warn_ignored(fields, &internal);
    let known: Vec<&str> = known.iter().copied().chain(internal).collect();
    fields.only_or(&known, misplaced);
}

/// Warns of every key that is given and changes nothing.
pub(super) fn warn_ignored(fields: &Fields, ignored: &[&str]) {
    for entry in &fields.map().entries {
        if ignored.contains(&entry.key.as_str()) && !entry.value.is_null() {
            let message = format!("'{}' is accepted, but changes nothing here", entry.key);
            fields.reader().warn(entry.key_spot, message);
        }
    }
}
