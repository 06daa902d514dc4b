//! `sky exec`, `logs`, `queue`, `cancel`, `ssh`, `autostop` on a cluster of real ssh servers.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sky::cloud::{LeaseKey, Node, NodeState};
use sky::cluster::{Cluster, Held, Status, Store};
use sky::model::{CapacityType, Money};

use super::sshd::Nodes;
use crate::tools::Bounded as _;

/// The program, with a state in which a cluster 't' of these nodes is up.
struct Shell {
    nodes: Nodes,
}

impl Shell {
    fn start(count: usize, variables: &str) -> Option<Self> {
        let nodes = Nodes::start_with(count, variables)?;
        let machines = nodes.machines();
        let key = LeaseKey("l-1".to_owned());
        let node = |(rank, endpoint): (usize, &sky::cluster::machine::Endpoint)| Node {
            id: endpoint.id.clone(),
            region: "us-east-2".to_owned(),
            zone: Some("us-east-2a".to_owned()),
            key: key.clone(),
            cluster: "t-1".to_owned(),
            rank: rank as u16,
            state: NodeState::Running,
            instance_type: "m6i.large".to_owned(),
            capacity: CapacityType::OnDemand,
            public_ip: Some(endpoint.host.clone()),
            private_ip: Some(endpoint.internal_host.clone()),
        };
        let held = Held {
            cloud: "aws".to_owned(),
            region: "us-east-2".to_owned(),
            zone: Some("us-east-2a".to_owned()),
            instance_type: "m6i.large".to_owned(),
            accelerators: None,
            gpus_per_node: 0,
            capacity: CapacityType::OnDemand,
            price_hourly: Money(96_000),
            key: key.clone(),
            user: machines.nodes[0].user.clone(),
            launched_at: 1_700_000_000,
        };
        let cluster = Cluster {
            name: "t".to_owned(),
            uid: "u1".to_owned(),
            cloud_name: "t-1".to_owned(),
            status: Status::Up,
            wanted: "2+ vCPUs".to_owned(),
            nodes: count as u16,
            made_at: 1_700_000_000,
            held: Some(held),
            autostop: None,
        };
        fs::create_dir_all(&machines.sky_home).expect("made");
        let store = Store::open(&machines.sky_home).expect("a state");
        store.put_cluster(&cluster).expect("written");
        let list: Vec<Node> = machines.nodes.iter().enumerate().map(node).collect();
        store.put_nodes(&key, &list).expect("written");
        let config = format!("ssh: {{port: {}, key: ~/key}}\n", machines.nodes[0].port);
        fs::write(machines.sky_home.join("config.yaml"), config).expect("written");
        Some(Self { nodes })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sky"));
        command.args(args).current_dir(self.nodes.here()).env("HOME", self.nodes.here());
        command.env_remove("SKY_HOME").env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    fn sky(&self, args: &[&str]) -> Said {
        Said::of(&self.command(args).bounded())
    }

    fn row(&self) -> Cluster {
        let store = Store::open(&self.nodes.here().join(".sky")).expect("a state");
        store.cluster("t").expect("read").expect("there")
    }
}

/// What the program answered.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(40), "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn interrupt(mut child: Child) -> Said {
    let killed = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().expect("piped").read_to_string(&mut out).expect("UTF-8");
    child.stderr.take().expect("piped").read_to_string(&mut err).expect("UTF-8");
    Said { code: child.wait().expect("ends").code(), out, err }
}

#[test]
fn a_command_is_run_and_its_code_is_ours() {
    let Some(shell) = Shell::start(1, "") else { return };
    let said = shell.sky(&["exec", "t", "--env", "WORD=a b", "--", "echo \"$WORD\" on $NODE; exit 3"]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), "a b on node0\n"), "{}", said.err);
    assert!(
        said.err.contains("Job 1 submitted.") && said.err.contains("Job 1 failed with exit code 3."),
        "{}",
        said.err
    );
    let said = shell.sky(&["logs", "t", "--no-follow"]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), "a b on node0\n"), "{}", said.err);
    let said = shell.sky(&["logs", "t", "1", "--status"]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), "FAILED\n"), "{}", said.err);
    let said = shell.sky(&["logs", "t", "7"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("cluster 't' has no job 7"), "{}", said.err);
    let said = shell.sky(&["ssh", "t", "--", "echo $NODE; exit 4"]);
    assert_eq!((said.code, said.out.as_str()), (Some(4), "node0\n"), "{}", said.err);
    assert!(fs::read_to_string(shell.nodes.here().join(".ssh/config")).expect("written").starts_with("Include"));
}

#[test]
fn a_task_is_run_on_its_nodes_without_setup() {
    let Some(shell) = Shell::start(3, "") else { return };
    let task = "name: greet\nnum_nodes: 2\nworkdir: code\nsetup: touch ~/set-up\n\
                run: |\n  cat greeting\n  echo rank $SKYPILOT_NODE_RANK\n  echo $SKYPILOT_CLUSTER_INFO\n";
    fs::create_dir(shell.nodes.here().join("code")).expect("made");
    fs::write(shell.nodes.here().join("code/greeting"), "hello\n").expect("written");
    fs::write(shell.nodes.here().join("task.yaml"), task).expect("written");
    let said = shell.sky(&["exec", "t", "task.yaml"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for label in ["(head, rank=0, pid=", "(worker1, rank=1, pid="] {
        assert_eq!(said.out.lines().filter(|line| line.starts_with(label)).count(), 3, "{}", said.out);
    }
    assert!(said.out.contains(r#"{"cluster_name":"t","cloud":"aws","region":"us-east-2","zone":"us-east-2a"}"#));
    assert!(!shell.nodes.home(0).join("set-up").exists(), "setup was run");
    assert!(!shell.nodes.home(2).join("sky_workdir").exists(), "a node that is not needed was written to");
    let said = shell.sky(&["exec", "t", "--num-nodes", "4", "true"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("wants 4 nodes, and cluster 't' has 3"), "{}", said.err);
    let said = shell.sky(&["logs", "t", "--sync-down", "kept"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "kept/t-1/run.log\n"), "{}", said.err);
}

#[test]
fn leaving_a_log_leaves_the_job_running() {
    let Some(shell) = Shell::start(1, "") else { return };
    let mut command = shell.command(&["exec", "t", "echo begun; sleep 300"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    let log = shell.nodes.home(0).join("sky_logs/1/run.log");
    until("the job to begin", || fs::read_to_string(&log).is_ok_and(|text| text.contains("begun")));
    std::thread::sleep(Duration::from_millis(500));
    let said = interrupt(child);
    assert_eq!((said.code, said.out.as_str()), (Some(130), "begun\n"), "{}", said.err);
    assert!(said.err.contains("Job 1 goes on") && said.err.contains("sky logs t 1"), "{}", said.err);
    let said = shell.sky(&["exec", "t", "-d", "true"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    until("the second job to end", || shell.sky(&["logs", "t", "2", "--status"]).out == "SUCCEEDED\n");
    let queue = shell.sky(&["queue", "t", "-o", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&queue.out).expect("JSON");
    let told: Vec<_> = rows.as_array().expect("rows").iter().map(|row| (&row["job"], &row["status"])).collect();
    assert_eq!(told, [(&2.into(), &"SUCCEEDED".into()), (&1.into(), &"RUNNING".into())]);
    let said = shell.sky(&["cancel", "t", "--all", "-y"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "Job 1: CANCELLED\n"), "{}", said.err);
    let said = shell.sky(&["queue", "t", "--skip-finished"]);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", "No jobs.\n"));
}

#[test]
fn a_cluster_is_told_to_stop_when_idle_and_to_stay() {
    let Some(shell) = Shell::start(1, "SKY_STOP_COMMAND=\"touch stopped\"") else { return };
    let said = shell.sky(&["autostop", "t", "-i", "90m", "--down"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out, "Cluster 't' terminates itself after 90 idle minutes, whether or not we are connected.\n");
    assert_eq!(shell.row().autostop, Some(sky::cluster::Autostop { idle_s: 5400, down: true }));
    let plan = shell.nodes.home(0).join(".sky/autostop/plan");
    assert!(fs::read_to_string(&plan).expect("there").starts_with("5400 down aws launcher-"));
    let said = shell.sky(&["autostop", "t", "--cancel"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(shell.row().autostop, None);
    assert!(!plan.exists());
    let said = shell.sky(&["exec", "nope", "true"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("there is no cluster 'nope'"), "{}", said.err);
}
