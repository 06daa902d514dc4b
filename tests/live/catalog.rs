//! `sky catalog update`, `diff`, `reset` against a small web server.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::tools::Bounded as _;
use axum::http::{StatusCode, Uri};

/// Files by path; an empty one is an error of the server's.
type Files = Arc<Mutex<BTreeMap<String, String>>>;

const HEAD: &str =
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone\n";

/// Serves the files for the rest of the process; the address.
fn serve(files: &Files) -> String {
    let (files, (tell, told)) = (Arc::clone(files), std::sync::mpsc::channel());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("heard");
            let answer = move |uri: Uri| async move {
                match files.lock().expect("not poisoned").get(uri.path()) {
                    None => (StatusCode::NOT_FOUND, String::new()),
                    Some(text) if text.is_empty() => (StatusCode::BAD_GATEWAY, String::new()),
                    Some(text) => (StatusCode::OK, text.clone()),
                }
            };
            axum::serve(listener, axum::Router::new().fallback(answer)).await.expect("serves");
        });
    });
    format!("http://{}/v8/", told.recv().expect("an address"))
}

fn sky(home: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sky"));
    command.args(args).env("HOME", home).env_remove("SKY_HOME").env("NO_COLOR", "1");
    let output = command.bounded();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn set(files: &Files, path: &str, rows: &str) {
    let text = if rows.is_empty() { String::new() } else { format!("{HEAD}{rows}") };
    files.lock().expect("not poisoned").insert(path.to_owned(), text);
}

#[test]
fn tables_are_fetched_checked_and_swapped_as_a_whole() {
    let files = Files::default();
    let aws = "p9.large,H900,1,8,64,,3.0,1.2,us-east-1,use1-az1\np9.large,H900,1,8,64,,3.0,1.0,us-east-1,use1-az2\n";
    set(&files, "/v8/aws/vms.csv", aws);
    set(&files, "/v8/azure/vms.csv", "Standard_A1_v2,,,1,2,,0.05,0.01,eastus,\n");
    set(&files, "/v8/gcp.csv", "n1-standard-1,,,1,3.75,,0.05,0.01,us-central1,us-central1-a\n");
    let url = serve(&files);
    let dir = tempfile::tempdir().expect("a directory");
    let home = dir.path();
    let tables = home.join(".sky/catalogs");
    let current = || std::fs::read_link(tables.join("current")).ok();

    let (code, _, err) = sky(home, &["catalog", "update", &url]);
    assert_eq!(code, Some(2));
    assert!(err.contains("the new table of AWS has 1 instance types") && err.contains("--force"), "{err}");
    assert_eq!(current(), None);

    let (code, out, err) = sky(home, &["catalog", "update", &url, "--force"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with("Catalog ") && err.contains("names zones by ids"), "{out}{err}");
    let first = current().expect("in use");
    let (_, out, _) = sky(home, &["catalog", "info"]);
    assert!(out.contains(&first.display().to_string()) && out.contains("0 days") && out.contains(&url), "{out}");
    let (code, out, err) = sky(home, &["gpus", "list", "H900", "-o", "json"]);
    assert!(code == Some(0) && out.contains("p9.large"), "{out}{err}");

    set(&files, "/v8/aws/vms.csv", &aws.replace("3.0,1", "6.0,1"));
    let (code, out, err) = sky(home, &["catalog", "update", &url]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("0 offerings are new, 0 are gone, 2 have another price, 6 are as before."), "{out}");
    let (code, out, err) = sky(home, &["catalog", "diff"]);
    assert_eq!(code, Some(0), "{err}");
    let line = out.lines().find(|line| line.contains("p9.large")).expect("named");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["aws", "p9.large", "H900:1", "us-east-1", "2", "3.0000", "6.0000", "2.00"]);
    let (_, out, _) = sky(home, &["catalog", "diff", "current", "previous", "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&told["repriced"][0]["before"], &told["repriced"][0]["after"]), (&6.0.into(), &3.0.into()));

    let second = current().expect("in use");
    set(&files, "/v8/azure/vms.csv", "Standard_A1_v2,,,1,2,,cheap,0.01,eastus,\n");
    let (code, _, err) = sky(home, &["catalog", "update", &url]);
    assert!(code == Some(2) && err.contains("azure.csv:2") && err.contains("cheap"), "{err}");
    set(&files, "/v8/azure/vms.csv", "");
    let (code, _, err) = sky(home, &["catalog", "update", &url]);
    assert!(code == Some(2) && err.contains("502"), "{err}");
    files.lock().expect("not poisoned").remove("/v8/azure/vms.csv");
    let (code, _, err) = sky(home, &["catalog", "update", &url]);
    assert!(code == Some(2) && err.contains("there is no table of azure"), "{err}");
    assert_eq!(current(), Some(second), "a failed update changes nothing");
    let left: Vec<_> = std::fs::read_dir(&tables).expect("there").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 4, "two tables and two links, no debris: {left:?}");

    let (code, _, err) = sky(home, &["catalog", "reset"]);
    assert_eq!(code, Some(0), "{err}");
    let (code, _, err) = sky(home, &["gpus", "list", "H900"]);
    assert_eq!(code, Some(2), "{err}");
}
