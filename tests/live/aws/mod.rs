//! Amazon: the adapter, and `sky` itself, against moto behind a proxy that refuses, throttles and hangs up as EC2 does.
//!
//! moto keeps instances, subnets, groups and keys; what it lacks (stockouts, limits, throttles, tokens that make a launch
//! happen once) the proxy has.

mod adapter;
mod proxy;
mod served;
mod story;

use std::fs;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::tools::{Server, free_port, python};
use proxy::Proxy;

/// moto with images of the names that the adapter looks for, and the proxy before it.
struct Moto {
    _server: Server,
    proxy: Proxy,
    _dir: TempDir,
}

impl Moto {
    /// `None`, with a word, where moto is not installed.
    fn start() -> Option<Self> {
        let python = python(&["moto.server", "boto3"])?;
        let dir = tempfile::tempdir().expect("a directory");
        let images = dir.path().join("images.json");
        fs::write(&images, images_json()).expect("written");
        let port = free_port();
        let log = fs::File::create(dir.path().join("moto.log")).expect("a log");
        let server = Server::start(
            Command::new(python)
                .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
                .env("MOTO_AMIS_PATH", &images)
                .stdout(Stdio::null())
                .stderr(log),
            port,
        );
        let proxy = Proxy::start(format!("http://127.0.0.1:{port}"));
        Some(Self { _server: server, proxy, _dir: dir })
    }
}

/// Public images under today's names.
fn images_json() -> String {
    let names = [
        ("ami-0d3e0e2f3a4b5c601", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261001", "x86_64"),
        (
            "ami-0d3e0e2f3a4b5c602",
            "Deep Learning Base Proprietary Nvidia Driver GPU AMI (Ubuntu 22.04) 20261001",
            "x86_64",
        ),
        ("ami-0d3e0e2f3a4b5c603", "Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20261001", "x86_64"),
    ];
    let image = |(id, name, architecture): &(&str, &str, &str)| {
        serde_json::json!({
            "ami_id": id, "name": name, "architecture": architecture, "state": "available", "public": true,
            "owner_id": "898082745236", "image_location": name, "sriov": "simple", "root_device_type": "ebs",
            "root_device_name": "/dev/sda1", "description": name, "image_type": "machine", "platform": null,
            "virtualization_type": "hvm", "hypervisor": "xen", "creation_date": "2026-10-01T00:00:00.000Z"
        })
    };
    serde_json::Value::from(names.iter().map(image).collect::<Vec<_>>()).to_string()
}
