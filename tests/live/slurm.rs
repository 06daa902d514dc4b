//! The Slurm job array that ships, on a real controller and two emulated nodes of this machine: its parts, merged, are
//! the bytes of one run of the whole.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::tools::{Bounded as _, free_port, tool};

const SMALL: &str = "\
schema: 1
title: two regions
why: |
  small enough for a queue's test
clouds:
  gcp/V100: {pool: {markov: {up: 50m, down: 10m}}}
demand: {gpus: V100, cloud: gcp}
policies: [cheapest, random]
trials: 240
seed: 3
horizon: 6h
";

/// What runs until the test ends.
struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command, log: &Path) -> Self {
        let file = || Stdio::from(std::fs::File::create(log).expect("a log"));
        Self(command.stdin(Stdio::null()).stdout(file()).stderr(file()).spawn().expect("starts"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A cluster; what was started last is stopped first.
struct Cluster {
    nodes: Vec<Daemon>,
    controller: Option<Daemon>,
    keys: Option<Daemon>,
    dir: tempfile::TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.clear();
        self.controller = None;
        self.keys = None;
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "after a minute still no {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn told(command: &mut Command) -> String {
    let output = command.bounded();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Cluster {
    fn start(munged: &Path, controller: &Path, node: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("slurm").tempdir_in("/tmp").expect("a directory");
        let mut cluster = Self { nodes: Vec::new(), controller: None, keys: None, dir };
        let at = |name: &str| cluster.dir.path().join(name);
        let mut key = [0; 128];
        std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut key)).expect("luck");
        std::fs::write(at("key"), key).expect("written");
        private(&at("key"), 0o600);
        private(cluster.dir.path(), 0o755);
        let socket = at("munge.sock");
        let flag = |name: &str, file: &str| format!("--{name}={}", at(file).display());
        let mut command = Command::new(munged);
        command.args(["--foreground", "--force"]).arg(format!("--socket={}", socket.display()));
        command.args([flag("key-file", "key"), flag("pid-file", "munged.pid"), flag("log-file", "munged.log")]);
        command.arg(flag("seed-file", "munged.seed"));
        let log = at("munged.out");
        let conf = at("slurm.conf");
        std::fs::create_dir(at("ctld")).expect("a directory");
        std::fs::write(&conf, configuration(cluster.dir.path(), &socket)).expect("written");
        let (ctld, nodes) = (at("ctld.out"), [at("n1.out"), at("n2.out")]);
        cluster.keys = Some(Daemon::start(&mut command, &log));
        until("socket of munged", || socket.exists());
        let mut command = Command::new(controller);
        command.args(["-D", "-f"]).arg(&conf);
        cluster.controller = Some(Daemon::start(&mut command, &ctld));
        for (name, log) in ["n1", "n2"].into_iter().zip(nodes) {
            let mut command = Command::new(node);
            command.args(["-D", "-N", name, "-f"]).arg(&conf);
            cluster.nodes.push(Daemon::start(&mut command, &log));
        }
        until("idle node", || {
            let states = told(cluster.command("sinfo").args(["-h", "-N", "-o", "%T"]));
            states.lines().count() == 2 && states.lines().all(|state| state == "idle")
        });
        cluster
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.at("slurm.conf")).current_dir(self.dir.path());
        command
    }
}

fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
}

fn configuration(dir: &Path, socket: &Path) -> String {
    let (host, user) = (told(Command::new("hostname").arg("-s")), told(Command::new("id").arg("-un")));
    let [port, first, second] = [free_port(), free_port(), free_port()];
    let dir = dir.display();
    let node = |name: &str, port: u16| {
        format!(
            "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=1000 State=UNKNOWN\n"
        )
    };
    format!(
        "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nAuthType=auth/munge\nAuthInfo=socket={}\n\
         CredType=cred/munge\nSlurmUser={user}\nSlurmdUser={user}\nSlurmctldPort={port}\nStateSaveLocation={dir}/ctld\n\
         SlurmctldPidFile={dir}/ctld.pid\nSlurmdPidFile={dir}/slurmd-%n.pid\nSlurmdSpoolDir={dir}/spool-%n\n\
         ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n\
         AccountingStorageType=accounting_storage/none\nSchedulerType=sched/backfill\nSelectType=select/cons_tres\n\
         SelectTypeParameters=CR_Core_Memory\nReturnToService=2\nMpiDefault=none\nSwitchType=switch/none\n\
         SlurmdParameters=config_overrides\nSchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1\n\
         {}{}PartitionName=test Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP\n",
        socket.display(),
        node("n1", first),
        node("n2", second)
    )
}

#[test]
fn the_job_array_that_ships_makes_the_bytes_of_the_whole() {
    let tools = ["munged", "slurmctld", "slurmd", "sbatch"].map(tool);
    let [Some(munged), Some(controller), Some(node), Some(_)] = tools else { return };
    let cluster = Cluster::start(&munged, &controller, &node);
    std::fs::write(cluster.at("small.yaml"), SMALL).expect("written");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/slurm-array.sbatch");
    let sim = Path::new(env!("CARGO_BIN_EXE_sky-sim"));
    let path = format!("{}:/usr/bin:/bin", sim.parent().expect("a directory").display());
    let submitted = cluster
        .command("sbatch")
        .args(["--wait", "--array=1-4", "--cpus-per-task=1", "--mem=200", "--export=ALL"])
        .arg(script)
        .args(["small.yaml", "--policies", "all"])
        .env("PATH", path)
        .bounded();
    let logs = || {
        let log = |task: u32| {
            let entries = std::fs::read_dir(cluster.dir.path()).expect("a directory");
            let of = entries
                .filter_map(Result::ok)
                .find(|e| e.file_name().to_string_lossy().ends_with(&format!("_{task}.log")));
            of.map_or_else(String::new, |entry| std::fs::read_to_string(entry.path()).unwrap_or_default())
        };
        (1..=4).map(log).collect::<Vec<_>>().join("\n")
    };
    assert!(submitted.status.success(), "{submitted:?}\n{}", logs());
    let parts: Vec<PathBuf> = (1..=4).map(|n| cluster.at(&format!("sweep/small.{n}-of-4.trials"))).collect();
    assert!(parts.iter().all(|part| part.is_file()), "{}", logs());
    let run = |args: &[&str]| {
        let done = Command::new(sim).args(args).current_dir(cluster.dir.path()).bounded();
        assert!(done.status.success(), "{done:?}");
    };
    let parts: Vec<&str> = parts.iter().map(|part| part.to_str().expect("UTF-8")).collect();
    run(&[&["merge"], &parts[..], &["-o", "merged.trials"]].concat());
    run(&["sweep", "small.yaml", "--policies", "all", "--out", "whole"]);
    let whole = std::fs::read_dir(cluster.at("whole")).expect("a directory").filter_map(Result::ok);
    let whole = whole.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "trials"));
    let bytes = |path: &Path| std::fs::read(path).expect("read");
    assert_eq!(bytes(&cluster.at("merged.trials")), bytes(&whole.expect("the whole")), "not the same bytes");
}

#[test]
fn the_indexed_job_has_the_form_that_kubernetes_wants() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes-indexed-job.yaml");
    let text = std::fs::read_to_string(file).expect("read");
    let job: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
    let spec = &job["spec"];
    assert_eq!((&job["apiVersion"], &job["kind"]), (&"batch/v1".into(), &"Job".into()));
    assert_eq!(spec["completionMode"], "Indexed");
    let pod = &spec["template"]["spec"];
    assert!(["Never", "OnFailure"].contains(&pod["restartPolicy"].as_str().expect("a policy")));
    let container = &pod["containers"][0];
    let args: Vec<&str> = container["args"].as_array().expect("a list").iter().filter_map(|arg| arg.as_str()).collect();
    let after = |flag: &str| args.iter().position(|arg| *arg == flag).map(|at| args[at + 1]);
    // Every pod must know how many there are, and write where the volume is.
    assert_eq!(after("--shards"), Some(spec["completions"].to_string().as_str()));
    let mounts = container["volumeMounts"].as_array().expect("a list");
    let mounted = |path: &str| mounts.iter().find(|mount| mount["mountPath"] == path).map(|mount| &mount["name"]);
    let volume = mounted(after("--out").expect("--out")).expect("--out is not on a volume");
    let volumes = pod["volumes"].as_array().expect("a list");
    for mount in mounts {
        assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount} is of no volume");
    }
    assert!(volumes.iter().any(|v| v["name"] == *volume && !v["persistentVolumeClaim"].is_null()), "not kept");
    // And sky-sim takes exactly these arguments, from a pod's own environment.
    let home = tempfile::tempdir().expect("a directory");
    std::fs::write(home.path().join("v100-scarce.yaml"), SMALL).expect("written");
    let command: Vec<&str> =
        container["command"].as_array().expect("a list").iter().filter_map(|w| w.as_str()).collect();
    assert_eq!(command[..2], ["sky-sim", "sweep"]);
    let (shards, out) = (after("--shards").expect("--shards"), home.path().join("out"));
    let words = args.iter().map(|arg| match *arg {
        "/sweep" => out.to_str().expect("UTF-8"),
        "1000000" => "80",
        other => other,
    });
    let done = Command::new(env!("CARGO_BIN_EXE_sky-sim"))
        .args(["sweep", "v100-scarce.yaml"])
        .args(words)
        .env("JOB_COMPLETION_INDEX", "2")
        .current_dir(home.path())
        .bounded();
    assert!(done.status.success(), "{done:?}");
    assert!(out.join(format!("v100-scarce.3-of-{shards}.trials")).is_file(), "the third part of {shards}");
}
