//! Jobs on real ssh servers: what is run, shown, kept and stopped.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sky::cluster::machine::{
    self, Idle, JobEnd, JobState, MachineError, Machines, Options, Patience, Promise, Told, Until, bring_up,
};
use sky::request::{Secret, Work};

use super::sshd::Nodes;
use crate::tools::Bounded as _;

/// What was told, in order.
#[derive(Default)]
struct Heard {
    output: Vec<u8>,
    steps: Vec<String>,
    warnings: Vec<String>,
    job: Option<u64>,
}

impl Heard {
    fn hear(&mut self, told: Told<'_>) {
        match told {
            Told::Output(bytes) => self.output.extend_from_slice(bytes),
            Told::Step(step) => self.steps.push(step.to_owned()),
            Told::Warning(warning) => self.warnings.push(warning.to_owned()),
            Told::Submitted(job) => self.job = Some(job),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let bounded = async { tokio::time::timeout(Duration::from_secs(90), work).await.expect("ends within its time") };
    runtime.block_on(bounded)
}

fn run(script: &str) -> Work {
    Work { run: Some(script.to_owned()), ..Work::default() }
}

fn bring(machines: &Machines, work: &Work, options: &Options) -> (Result<Option<JobEnd>, MachineError>, Heard) {
    let mut heard = Heard::default();
    let end = wait(bring_up(machines, work, options, &mut |told| heard.hear(told)));
    (end, heard)
}

fn ended(machines: &Machines, work: &Work) -> (JobEnd, Heard) {
    let (end, heard) = bring(machines, work, &Options::default());
    (end.expect("reached").expect("a job"), heard)
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(40), "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn setup_and_run_are_shown_in_order_and_the_code_returned() {
    let Some(nodes) = Nodes::start(1) else { return };
    let logs = nodes.here().join("logs");
    let work = Work {
        setup: Some("echo setting up; echo beside >&2".to_owned()),
        run: Some("for i in 1 2 3; do echo line $i; done; printf 'no newline'; exit 7".to_owned()),
        ..Work::default()
    };
    let options = Options { local_logs: Some(logs.clone()), ..Options::default() };
    let (end, heard) = bring(&nodes.machines(), &work, &options);
    let end = end.expect("reached").expect("a job");
    assert_eq!(end, JobEnd { job: 1, state: JobState::Failed, code: Some(7) });
    assert_eq!(heard.text(), "setting up\nbeside\nline 1\nline 2\nline 3\nno newline");
    assert_eq!((heard.job, heard.warnings.len()), (Some(1), 0));
    assert_eq!(fs::read_to_string(logs.join("run.log")).expect("kept"), "line 1\nline 2\nline 3\nno newline");
    let there = nodes.home(0).join("sky_logs/1");
    assert_eq!(fs::read_to_string(there.join("setup.log")).expect("kept"), "setting up\nbeside\n");
    let (again, heard) = ended(&nodes.machines(), &run("echo second"));
    assert_eq!((again.job, again.state, heard.text().as_str()), (2, JobState::Succeeded, "second\n"));
}

#[test]
fn a_failed_setup_ends_the_job() {
    let Some(nodes) = Nodes::start(2) else { return };
    let work = Work { setup: Some("[ $NODE != node1 ] || exit 9".to_owned()), ..run("echo must not run") };
    let (end, heard) = ended(&nodes.machines(), &work);
    assert_eq!((end.state, end.code), (JobState::FailedSetup, Some(9)));
    assert!(heard.text().contains("rank 1 failed with exit code 9"), "{}", heard.text());
    assert!(!heard.text().contains("must not run"));
    for rank in 0..2 {
        assert!(!nodes.home(rank).join(".sky/jobs/1/env").exists(), "variables stay on node {rank}");
    }
}

#[test]
fn several_nodes_know_each_other_and_are_told_apart() {
    let Some(nodes) = Nodes::start(3) else { return };
    let script = "echo I am $SKYPILOT_NODE_RANK of $SKYPILOT_NUM_NODES on $NODE with $SKYPILOT_NUM_GPUS_PER_NODE; \
                  echo \"$SKYPILOT_NODE_IPS\" | wc -l | tr -d ' '; echo $WORD-$SKYPILOT_TASK_ID";
    let work = Work { envs: vec![("WORD".to_owned(), "it's".to_owned())], ..run(script) };
    let (end, heard) = ended(&nodes.machines(), &work);
    assert_eq!((end.state, end.code), (JobState::Succeeded, Some(0)));
    let text = heard.text();
    assert_eq!(text.lines().count(), 9, "{text}");
    for rank in 0..3 {
        let label =
            if rank == 0 { "(head, rank=0, pid=".to_owned() } else { format!("(worker{rank}, rank={rank}, pid=") };
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(&label)).collect();
        let tail = |line: &str| line.split_once(") ").expect("a label").1.to_owned();
        let said: Vec<String> = lines.iter().map(|line| tail(line)).collect();
        let here = format!("I am {rank} of 3 on node{rank} with 8");
        assert_eq!(said, [here.as_str(), "3", "it's-sky-_t_1"], "{text}");
        assert_eq!(rank > 0, lines[0].contains(&format!(", ip=127.0.0.{}) ", rank + 1)));
    }
}

#[test]
fn the_first_failure_stops_the_other_nodes() {
    let Some(nodes) = Nodes::start(3) else { return };
    let script = "trap 'echo told to stop; exit 1' TERM; echo up; \
                  if [ $SKYPILOT_NODE_RANK = 1 ]; then sleep 1; exit 5; fi; \
                  for i in $(seq 600); do sleep 0.1; done; touch $HOME/went-on";
    let begin = Instant::now();
    let (end, heard) = ended(&nodes.machines(), &run(script));
    assert_eq!((end.state, end.code), (JobState::Failed, Some(5)), "{}", heard.text());
    assert!(begin.elapsed() < Duration::from_secs(40), "the others were not stopped");
    assert!(heard.text().contains("sky: rank 1 failed with exit code 5; stopping the other nodes"));
    for rank in [0, 2] {
        assert!(!nodes.home(rank).join("went-on").exists());
    }
}

#[test]
fn what_is_left_in_the_background_is_not_waited_for() {
    let Some(nodes) = Nodes::start(2) else { return };
    let begin = Instant::now();
    let (end, _) = ended(&nodes.machines(), &run("sleep 50 & echo started"));
    assert_eq!(end.code, Some(0));
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn files_arrive_on_every_node() {
    let Some(nodes) = Nodes::start(2) else { return };
    let dir = nodes.here().join("a work dir");
    fs::create_dir_all(dir.join("sub")).expect("made");
    for (name, text) in [("main.py", "print(1)"), ("sub/x", "x"), ("big.bin", "b"), (".gitignore", "*.bin\n")] {
        fs::write(dir.join(name), text).expect("written");
    }
    let outside = nodes.home(0).join("../outside/'quoted' dir");
    let mount = |to: &str, from: &str| (to.to_owned(), dir.join(from).display().to_string());
    let work = Work {
        workdir: Some(dir.display().to_string()),
        file_mounts: vec![
            mount("~/data/one", "main.py"),
            mount("tree", "sub"),
            mount(outside.to_str().expect("UTF-8"), "sub"),
        ],
        ..run("pwd; cat main.py ~/data/one tree/x sub/x; ls big.bin 2>/dev/null")
    };
    let (end, heard) = ended(&nodes.machines(), &work);
    assert_eq!(end.code, Some(2), "{}", heard.text());
    assert!(heard.text().contains("sky_workdir\n"), "{}", heard.text());
    for rank in 0..2 {
        let home = nodes.home(rank);
        assert_eq!(fs::read_to_string(home.join("sky_workdir/main.py")).expect("there"), "print(1)");
        assert_eq!(fs::read_to_string(home.join("data/one")).expect("there"), "print(1)");
        assert_eq!(fs::read_to_string(home.join("sky_workdir/tree/x")).expect("there"), "x");
        assert!(!home.join("sky_workdir/big.bin").exists(), "ignored files are copied");
    }
    assert_eq!(fs::read_to_string(outside.join("x")).expect("there"), "x");
    fs::write(dir.join(".skyignore"), "main.py\n").expect("written");
    let work = Work { workdir: Some(dir.display().to_string()), ..run("rm -f main.py; exit 0") };
    ended(&nodes.machines(), &work);
    assert!(nodes.home(0).join("sky_workdir/big.bin").exists(), ".skyignore replaces .gitignore");
}

#[test]
fn a_job_outlives_its_connection() {
    let Some(nodes) = Nodes::start(2) else { return };
    let machines = nodes.machines();
    let script = "for i in $(seq 1 40); do echo tick $i; sleep 0.1; done; [ $SKYPILOT_NODE_RANK = 0 ] || exit 3";
    let mut heard = Heard::default();
    let control = nodes.here().join(".sky/ctl");
    let mut killed = 0;
    let end = wait(bring_up(&machines, &run(script), &Options::default(), &mut |told| {
        heard.hear(told);
        // In the middle of the log: every connection of ours is cut.
        if killed == 0 && heard.text().contains("tick 5") {
            killed = kill_clients(&control);
        }
    }));
    let end = end.expect("came back").expect("a job");
    assert!(killed > 0, "the storm did not happen");
    assert_eq!((end.state, end.code), (JobState::Failed, Some(3)));
    assert_eq!(heard.warnings.len(), 1, "{:?}", heard.warnings);
    let ticks: Vec<String> = lines_of(&heard.text(), "(head");
    let expected: Vec<String> = (1..=40).map(|i| format!("tick {i}")).collect();
    assert_eq!(ticks, expected, "nothing is lost and nothing shown twice");
}

fn lines_of(text: &str, label: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with(label));
    lines.filter_map(|line| Some(line.split_once(") ")?.1.to_owned())).collect()
}

/// Kills every ssh that shares connections below this directory; how many.
fn kill_clients(control: &Path) -> usize {
    let control = control.to_str().expect("UTF-8");
    let mut killed = 0;
    for entry in fs::read_dir("/proc").expect("procfs").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(line) = fs::read(entry.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.starts_with("ssh") && line.contains(control) {
            killed +=
                usize::from(Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill").success());
        }
    }
    killed
}

#[test]
fn a_detached_job_is_found_again_listed_and_cancelled() {
    let Some(nodes) = Nodes::start(2) else { return };
    let machines = nodes.machines();
    let work = Work { setup: Some("echo ready".to_owned()), ..run("echo begun; sleep 60; touch $HOME/went-on") };
    let options = Options { until: Until::SetUp, name: "long one".to_owned(), ..Options::default() };
    let (end, heard) = bring(&machines, &work, &options);
    let end = end.expect("reached").expect("a job");
    assert!(end.state.is_active() && end.code.is_none(), "{end:?}");
    assert!(heard.text().contains(") ready\n") && !heard.text().contains("went-on"), "{}", heard.text());
    let log = nodes.home(0).join("sky_logs/1/run.log");
    until("both nodes to begin", || fs::read_to_string(&log).is_ok_and(|text| text.matches("begun").count() == 2));
    let mut heard = Heard::default();
    wait(machine::print_log(&machines, 1, &mut |told| heard.hear(told))).expect("shown");
    assert_eq!(heard.text().matches("begun").count(), 2, "{}", heard.text());
    let rows = wait(machine::queue(&machines)).expect("listed");
    assert_eq!((rows.len(), rows[0].name.as_str(), rows[0].at.state), (1, "long one", JobState::Running));
    let end = wait(machine::cancel(&machines, 1)).expect("cancelled");
    assert_eq!((end.state, end.code), (JobState::Cancelled, Some(130)));
    until("the sleeps to be gone", || !running("sleep 60", &nodes));
    assert_eq!(wait(machine::newest(&machines)), Ok(Some(1)));
    let none = wait(machine::status(&machines, 8)).expect_err("there is none");
    assert_eq!(none.to_string(), "cluster 't' has no job 8");
}

/// True if a process with this command line has a node's home in its environment.
fn running(what: &str, nodes: &Nodes) -> bool {
    let home = nodes.home(0).parent().and_then(Path::parent).expect("below").display().to_string();
    fs::read_dir("/proc").expect("procfs").flatten().any(|entry| {
        let read = |name| fs::read(entry.path().join(name)).map(|b| String::from_utf8_lossy(&b).replace('\0', " "));
        read("cmdline").is_ok_and(|line| line.contains(what)) && read("environ").is_ok_and(|env| env.contains(&home))
    })
}

#[test]
fn a_changed_host_key_is_refused() {
    let Some(mut nodes) = Nodes::start(1) else { return };
    let machines = nodes.machines();
    let (end, _) = ended(&machines, &run("true"));
    assert_eq!(end.code, Some(0));
    nodes.replace(0);
    kill_clients(&nodes.here().join(".sky/ctl"));
    let (refused, heard) = bring(&machines, &run("echo must not run"), &Options::default());
    let Err(error @ MachineError::HostKeyChanged { .. }) = refused else { panic!("{refused:?}") };
    assert!(error.hint().contains("known_hosts") && error.hint().contains("sky-i-0"), "{}", error.hint());
    assert_eq!(heard.text(), "");
}

#[test]
fn an_address_where_nobody_answers_is_given_up_with_the_reason() {
    let Some(nodes) = Nodes::start(1) else { return };
    let mut machines = nodes.machines();
    machines.nodes[0].port = super::tools::free_port();
    let patience = Patience { total: Duration::from_secs(2), denials: 3 };
    let (end, _) = bring(&machines, &run("true"), &Options { patience, ..Options::default() });
    let error = end.expect_err("nobody is there").to_string();
    assert!(error.contains("within 2 s") && error.contains("Connection refused"), "{error}");
    machines = nodes.machines();
    machines.nodes[0].key = nodes.here().join("other");
    super::sshd::keygen(&machines.nodes[0].key);
    let patience = Patience { total: Duration::from_secs(30), denials: 2 };
    let (end, _) = bring(&machines, &run("true"), &Options { patience, ..Options::default() });
    let error = end.expect_err("the key is not known").to_string();
    assert!(error.contains("within 2 tries") && error.contains("Permission denied"), "{error}");
}

#[test]
fn a_secret_is_in_no_command_line_log_or_file() {
    let Some(nodes) = Nodes::start(2) else { return };
    let canary = "canary-7f3a'9\"$b";
    let (head, rest) = canary.split_at(6);
    let work = Work {
        secrets: vec![("TOKEN".to_owned(), Secret::new(canary))],
        // What the job compares it with is not the secret as a whole.
        envs: vec![("REST".to_owned(), rest.to_owned())],
        ..run(&format!("[ \"$TOKEN\" = \"{head}$REST\" ] && echo same; ps -eo args | grep -c '[c]anary-7f'; sleep 1"))
    };
    let (end, heard) = ended(&nodes.machines(), &work);
    assert_eq!(end.code, Some(0));
    for rank in ["(head", "(worker1"] {
        assert_eq!(lines_of(&heard.text(), rank), ["same", "0"], "{}", heard.text());
    }
    let mut looked_at = 0;
    let mut dirs = vec![nodes.here(), nodes.home(0), nodes.home(1)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).expect("readable").flatten() {
            if entry.file_type().expect("known").is_dir() {
                dirs.push(entry.path());
            } else if entry.file_type().expect("known").is_file() {
                let text = String::from_utf8_lossy(&fs::read(entry.path()).expect("readable")).into_owned();
                assert!(!text.contains("canary-7f3a"), "{}", entry.path().display());
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 10, "only {looked_at} files were found");
}

/// A machine that notes its own stop in a file, and where nobody is ever logged in.
const NOTES_ITS_STOP: &str = "SKY_STOP_COMMAND=\"echo $SKY_STOP_KIND >> stopped\" PATH={home}/bin:/usr/bin:/bin";

fn nobody_logged_in(nodes: &Nodes, count: usize) {
    use std::os::unix::fs::PermissionsExt as _;
    for rank in 0..count {
        for (name, text) in [("who", "#!/bin/sh\n"), ("pgrep", "#!/bin/sh\nexit 1\n")] {
            let path = nodes.home(rank).join("bin").join(name);
            fs::create_dir_all(path.parent().expect("below")).expect("made");
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        }
    }
}

#[test]
fn idle_machines_stop_themselves_and_busy_ones_do_not() {
    let Some(nodes) = Nodes::start_with(2, NOTES_ITS_STOP) else { return };
    nobody_logged_in(&nodes, 2);
    let machines = nodes.machines();
    let stopped = |rank| fs::read_to_string(nodes.home(rank).join("stopped")).ok();
    let idle = Idle { after: Duration::from_secs(3), down: true, settled: false };
    let work = run("sleep 8; ls ~/stopped 2>/dev/null; echo still here");
    let (end, heard) = bring(&machines, &work, &Options { idle: Some(idle), ..Options::default() });
    assert_eq!(end.expect("reached").expect("a job").code, Some(0));
    assert_eq!(heard.text().lines().filter(|line| line.ends_with(") still here")).count(), 2, "{}", heard.text());
    assert!(!heard.text().contains("stopped"), "it stopped while a job ran: {}", heard.text());
    assert_eq!(wait(machine::autostop(&machines)), Ok(Some(idle)));
    until("both nodes to stop", || stopped(0).is_some() && stopped(1).is_some());
    assert_eq!(stopped(0).expect("noted").lines().next(), Some("down"));
    let kept = wait(machine::set_autostop(&machines, "aws", None)).expect("taken away");
    assert_eq!((kept, wait(machine::autostop(&machines))), (Promise::Kept, Ok(None)));
    std::thread::sleep(Duration::from_secs(2));
    let before = stopped(0);
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(stopped(0), before, "the watcher goes on after it was taken away");
}

#[test]
fn plain_ssh_leads_to_the_machine() {
    let Some(nodes) = Nodes::start(2) else { return };
    let machines = nodes.machines();
    ended(&machines, &run("true"));
    machine::add_shortcut(&machines, &nodes.here()).expect("added");
    for (name, node) in [("t", "node0\n"), ("t-worker1", "node1\n")] {
        let mut command = Command::new("ssh");
        command.arg("-F").arg(nodes.here().join(".ssh/config")).args(["-o", "BatchMode=yes", name, "echo $NODE"]);
        let output = command.bounded();
        assert_eq!(String::from_utf8_lossy(&output.stdout), node, "{}", String::from_utf8_lossy(&output.stderr));
    }
    wait(machines.disconnect());
    assert!(fs::read_dir(nodes.here().join(".sky/ctl")).expect("there").next().is_none(), "connections stay");
    machine::forget(&machines.sky_home, "t", Some(&nodes.here())).expect("forgotten");
    assert!(!nodes.here().join(".sky/machines/t").exists());
}
