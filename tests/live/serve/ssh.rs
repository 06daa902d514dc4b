//! A task from the launch to its output, on machines that are ssh servers on loopback.

use super::harness::{Serve, clouds, scenario};
use crate::sshd::keygen;
use crate::tools::{Bounded as _, free_port, tool};

#[test]
fn a_task_is_set_up_and_run_on_the_machines_of_each_simulated_cloud() {
    for program in ["sshd", "ssh", "ssh-keygen", "rsync"] {
        if tool(program).is_none() {
            return;
        }
    }
    for cloud in clouds() {
        task_on(cloud);
    }
}

fn task_on(cloud: &str) {
    let port = free_port().to_string();
    let flags = ["--seed", "7", "--speed", "600x", "--ssh", "--ssh-port", port.as_str()];
    let serve = Serve::start(&scenario("high-cpu.yaml"), &flags);
    let home = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(home.path().join(".sky")).expect("a directory");
    keygen(&home.path().join(".sky/sky-key"));
    let task = home.path().join("task.yaml");
    let text = format!(
        "num_nodes: 2\nresources: {{cpus: 4+, cloud: {cloud}}}\nsetup: echo ready > state\n\
         run: echo \"rank $SKYPILOT_NODE_RANK of $SKYPILOT_NUM_NODES is $(cat ~/state)\"\n"
    );
    std::fs::write(&task, text).expect("written");
    let task = task.display().to_string();
    let sky = |args: &[&str], code: i32| {
        let done = serve.sky(home.path(), args).bounded();
        let told = String::from_utf8_lossy(&done.stdout).into_owned();
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(code), "{cloud}: {args:?}: {told}\n{words}");
        told
    };
    let told = sky(&["launch", "-y", "-c", "c", &task], 0);
    assert!(told.contains("rank 0 of 2 is ready") && told.contains("rank 1 of 2 is ready"), "{cloud}: {told}");
    let told = sky(&["exec", "c", "echo $(cat ~/state) again; exit 7"], 7);
    assert!(told.contains("ready again"), "{cloud}: {told}");
    // A start has new addresses: the entry for plain ssh leads there.
    let config = || std::fs::read_to_string(home.path().join(".sky/ssh/c.conf")).unwrap_or_default();
    let before = config();
    sky(&["stop", "-y", "c"], 0);
    // Its zone may be out of capacity for a while.
    sky(&["start", "-y", "c", "--retry-until-up"], 0);
    let ip = sky(&["status", "--ip", "c"], 0);
    assert!(config() != before && config().contains(ip.trim()), "{cloud}: {ip} not in {}", config());
    sky(&["exec", "c", "cat ~/state"], 0);
    sky(&["down", "-y", "c"], 0);
    let held = serve.get("/_sky/books");
    let held = held["running"].as_array().expect("machines").iter().filter(|held| held["state"] != "shutting-down");
    assert_eq!(held.count(), 0, "{cloud}");
}
