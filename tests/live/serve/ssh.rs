//! A task from the launch to its output, on machines that are ssh servers on loopback.

use super::harness::{Serve, scenario};
use crate::sshd::keygen;
use crate::tools::{Bounded as _, free_port, tool};

#[test]
fn a_task_is_set_up_and_run_on_the_machines_of_a_simulated_cloud() {
    for program in ["sshd", "ssh", "ssh-keygen", "rsync"] {
        if tool(program).is_none() {
            return;
        }
    }
    let port = free_port().to_string();
    let flags = ["--seed", "7", "--speed", "600x", "--ssh", "--ssh-port", port.as_str()];
    let serve = Serve::start(&scenario("high-cpu.yaml"), &flags);
    let home = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(home.path().join(".sky")).expect("a directory");
    keygen(&home.path().join(".sky/sky-key"));
    let task = home.path().join("task.yaml");
    let text = "num_nodes: 2\nresources: {cpus: 4+, cloud: gcp}\nsetup: echo ready > state\n\
                run: echo \"rank $SKYPILOT_NODE_RANK of $SKYPILOT_NUM_NODES is $(cat ~/state)\"\n";
    std::fs::write(&task, text).expect("written");
    let task = task.display().to_string();
    let done = serve.sky(home.path(), &["launch", "-y", "-c", "c", &task]).bounded();
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{told}\n{words}");
    assert!(told.contains("rank 0 of 2 is ready") && told.contains("rank 1 of 2 is ready"), "{told}\n{words}");
    let down = serve.sky(home.path(), &["down", "-y", "c"]).bounded();
    assert_eq!(down.status.code(), Some(0), "{}", String::from_utf8_lossy(&down.stderr));
    let held = serve.get("/_sky/books");
    let held = held["running"].as_array().expect("machines").iter().filter(|held| held["state"] != "shutting-down");
    assert_eq!(held.count(), 0);
}
