//! The environment of a job.

use std::fmt::Write as _;

use crate::request::Work;

use super::endpoint::Machines;
use super::error::MachineError;
use super::quote::quote;

/// What a job may know of its cluster, beside its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `aws`
    pub cloud: String,
    /// `us-east-2`
    pub region: String,
    /// `us-east-2a`, where the cluster is in one.
    pub zone: Option<String>,
    /// When the task was started, for its id: `2022-02-11-21-17-43-171661`.
    pub stamp: String,
}

/// A shell script that sets the variables of a node: what the task says, and what `SkyPilot` promises every task.
pub(super) fn script(
    machines: &Machines,
    identity: &Identity,
    work: &Work,
    job: u64,
    rank: usize,
) -> Result<String, MachineError> {
    let count = machines.nodes.len().to_string();
    let ips: Vec<&str> = machines.nodes.iter().map(|node| node.internal_host.as_str()).collect();
    let info = serde_json::json!({
        "cluster_name": machines.cluster, "cloud": identity.cloud, "region": identity.region, "zone": identity.zone,
    });
    let mut text = String::new();
    for prefix in ["SKYPILOT_", "SKYPILOT_SETUP_"] {
        set(&mut text, &format!("{prefix}NODE_RANK"), &rank.to_string())?;
        set(&mut text, &format!("{prefix}NODE_IPS"), &ips.join("\n"))?;
        set(&mut text, &format!("{prefix}NUM_NODES"), &count)?;
        set(&mut text, &format!("{prefix}NUM_GPUS_PER_NODE"), &machines.gpus_per_node.to_string())?;
    }
    set(&mut text, "SKYPILOT_TASK_ID", &format!("sky-{}_{}_{job}", identity.stamp, machines.cluster))?;
    set(&mut text, "SKYPILOT_CLUSTER_INFO", &info.to_string())?;
    for (name, value) in &work.envs {
        set(&mut text, name, value)?;
    }
    for (name, value) in &work.secrets {
        set(&mut text, name, value.expose())?;
    }
    Ok(text)
}

/// `export NAME='value'`. The name is one: the task's reader has seen to it.
fn set(text: &mut String, name: &str, value: &str) -> Result<(), MachineError> {
    if value.contains('\0') {
        let message = format!("variable {name} holds a NUL byte, which no environment can");
        return Err(MachineError::here(message, "encode the value, for example as base64"));
    }
    let _ = writeln!(text, "export {name}={}", quote(value));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::request::Secret;

    fn machines() -> Machines {
        let node = |host: &str| super::super::Endpoint {
            id: host.to_owned(),
            host: host.to_owned(),
            port: 22,
            user: "u".to_owned(),
            key: "/k".into(),
            internal_host: host.to_owned(),
            internal_port: 22,
        };
        let nodes = vec![node("10.0.0.1"), node("10.0.0.2")];
        Machines { cluster: "c".to_owned(), nodes, gpus_per_node: 8, sky_home: "/h".into() }
    }

    #[test]
    fn every_node_knows_its_place() {
        let identity = Identity { cloud: "aws".to_owned(), region: "us-east-2".to_owned(), ..Identity::default() };
        insta::assert_snapshot!(script(&machines(), &identity, &Work::default(), 3, 1).expect("sets"));
    }

    #[test]
    fn what_no_environment_holds_is_an_error() {
        let work = Work { envs: vec![("A".to_owned(), "x\0".to_owned())], ..Work::default() };
        assert!(script(&machines(), &Identity::default(), &work, 1, 0).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn values_arrive_unchanged(value in "[^\0]{0,60}", secret in "['\"\\\\$`\n ]{0,12}") {
            let work = Work {
                envs: vec![("A".to_owned(), value.clone())],
                secrets: vec![("B".to_owned(), Secret::new(secret.clone()))],
                ..Work::default()
            };
            let text = script(&machines(), &Identity::default(), &work, 1, 0).expect("sets");
            let text = format!("{text}\nsh -c 'printf \"%s|%s\" \"$A\" \"$B\"'");
            let output = Command::new("sh").args(["-c", &text]).output().expect("a shell");
            let expected = format!("{value}|{secret}");
            prop_assert_eq!(String::from_utf8_lossy(&output.stdout), expected.as_str());
        }
    }
}
