//! The adapter against our own wire server: the promises of the port, and the market's refusals.

use std::process::{Command, Stdio};
use std::time::Duration;

use sky::cloud::aws::connect;
use sky::cloud::conformance::{Case, conforms};
use sky::cloud::{CloudProvider, LeaseKey, Order, ProviderError};

use super::adapter::{order, settings};
use crate::tools::{Server, free_port};

/// The market of the tests of the EC2 protocol, at sixty seconds a second.
fn serve() -> (Server, String) {
    let port = free_port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sky-sim"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["serve", "tests/live/ec2/market.yaml", "--speed", "300x", "--for", "5m", "--port", &port.to_string()])
        .stdout(Stdio::null());
    (Server::start(&mut command, port), format!("http://127.0.0.1:{port}"))
}

fn served(url: &str) -> sky::cloud::Settings {
    let mut settings = settings(url);
    let set = [
        ("AWS_ACCESS_KEY_ID", sky::serve::login::AWS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", sky::serve::login::AWS_SECRET),
        ("SKY_CLOCK_SPEED", "300"),
    ];
    settings.environment.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    settings
}

#[test]
fn the_promises_of_the_port_are_kept() {
    let (_server, url) = serve();
    let runtime = tokio::runtime::Runtime::new().expect("runs");
    runtime.block_on(async {
        let aws = connect(&served(&url)).await.expect("credentials");
        let wanted = Order { nodes: 2, ..order("c", "us-east-2", &["us-east-2c"]) };
        let refused = order("r", "us-east-2", &["us-east-2a", "us-east-2b"]);
        let case = Case { patience: Duration::from_secs(30), ..Case::new(wanted).refused(refused) };
        conforms(&aws, &case).await.unwrap_or_else(|why| panic!("{why}"));
    });
}

#[test]
fn the_market_refuses_in_the_clouds_words() {
    let (_server, url) = serve();
    let runtime = tokio::runtime::Runtime::new().expect("runs");
    runtime.block_on(async {
        let aws = connect(&served(&url)).await.expect("credentials");
        assert!(aws.check().await.expect("known").name.ends_with(":user/sky"));
        let launched =
            aws.launch(&order("k-1", "us-east-2", &["us-east-2a", "us-east-2b", "us-east-2c"])).await.expect("c");
        let codes: Vec<&str> = launched.refusals.iter().map(|refusal| refusal.code.as_str()).collect();
        assert_eq!(codes, ["InsufficientInstanceCapacity"; 2]);
        let quotas = aws.quotas("us-east-2").await.expect("asked");
        let p = quotas.iter().find(|quota| quota.name == "Running On-Demand P instances").expect("listed");
        assert_eq!(p.usage, Some(64.0));
        aws.release("us-east-2", &LeaseKey("k-1".into()), &[]).await.expect("released");

        for (region, zone, code) in [
            ("us-west-2", "us-west-2a", "VcpuLimitExceeded"),
            ("eu-west-1", "eu-west-1b", "RequestLimitExceeded"),
            ("ap-northeast-1", "ap-northeast-1a", "UnauthorizedOperation"),
        ] {
            let refused = aws.launch(&order("k-2", region, &[zone])).await;
            let Err(ProviderError::Refused(refused)) = refused else { panic!("{region}: {refused:?}") };
            assert_eq!(refused[0].code, code);
        }
        let west = aws.quotas("us-west-2").await.expect("asked");
        let p = west.iter().find(|quota| quota.name == "Running On-Demand P instances").expect("listed");
        assert_eq!((p.limit, p.usage), (0.0, Some(0.0)));
        let zones = aws.offered_zones("us-east-2", "p3.16xlarge").await.expect("asked").expect("AWS says");
        assert_eq!(zones, ["us-east-2a", "us-east-2b", "us-east-2c"]);

        let mut stranger = served(&url);
        stranger.environment.insert("AWS_SECRET_ACCESS_KEY".to_owned(), "canary-wrong".to_owned());
        let refused = connect(&stranger).await.expect("credentials").check().await.expect_err("a forger");
        assert!(refused.to_string().contains("SignatureDoesNotMatch") && !format!("{refused:?}").contains("canary"));
    });
}
