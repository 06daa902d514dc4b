//! `sky-sim serve` as Amazon's own Python SDK meets it: every call, every error as botocore's own exception, every
//! answer held against botocore's model of the service.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::tools::{Bounded as _, Server, free_port, python};

const MARKET: &str = "tests/live/ec2/market.yaml";

/// The server over the market of these tests; time jumps to whatever is waited for.
fn serve() -> (Server, String) {
    let port = free_port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sky-sim"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["serve", MARKET, "--seed", "7", "--speed", "max", "--for", "5m", "--port", &port.to_string()])
        .stdout(Stdio::null());
    (Server::start(&mut command, port), format!("http://127.0.0.1:{port}"))
}

/// Runs a script of the SDK against the server and returns what it printed.
fn run(python: &Path, script: &str, url: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let output = Command::new(python)
        .arg(&script)
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", sky::serve::login::AWS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", sky::serve::login::AWS_SECRET)
        .env("AWS_DEFAULT_REGION", "us-east-2")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .bounded();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{printed}{errors}", script.display());
    printed
}

#[test]
fn amazons_python_sdk_drives_every_call() {
    let Some(python) = python(&["boto3"]) else { return };
    let (_server, url) = serve();
    let printed = run(&python, "tests/live/ec2/sdk.py", &url);
    // The script says each thing that it has shown; one that is left out would go unnoticed otherwise.
    for shown in
        ["life", "errors", "idempotency", "spot", "networks", "places", "fleet", "other services", "signatures"]
    {
        assert!(printed.lines().any(|line| line == format!("ok {shown}")), "{shown} is missing in:\n{printed}");
    }
}

/// Ten lines of boto3 that meet a stockout and move on.
#[test]
fn the_example_moves_on_to_the_zone_that_has_one() {
    let Some(python) = python(&["boto3"]) else { return };
    let (_server, url) = serve();
    let printed = run(&python, "examples/failover_boto3.py", &url);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "us-east-2a: InsufficientInstanceCapacity");
    assert_eq!(lines[1], "us-east-2b: InsufficientInstanceCapacity");
    assert!(lines[2].starts_with("us-east-2c: i-"), "{printed}");
}
