//! All that one port serves: the clouds' protocols, told apart by their paths, and `/_sky/`.
//!
//! **Invariant:** the paths of the protocols are their own, so that a client needs nothing but another endpoint.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tower::ServiceExt as _;

use super::clock::Speed;
use super::site::Site;
use super::{control, login};

/// One cloud's protocol.
struct Frontend {
    cloud: &'static str,
    speaks: fn(&str) -> bool,
    router: Router,
}

/// Everything, as one router.
pub fn router(site: &Arc<Site>) -> Router {
    let frontends: Arc<[Frontend]> = frontends(site).into();
    let known: Vec<&str> = frontends.iter().map(|frontend| frontend.cloud).collect();
    let none = format!(
        "sky-sim serves {} here, and its own page at /_sky/\n",
        if known.is_empty() { "no cloud".to_owned() } else { known.join(", ") }
    );
    let dispatch = move |request: Request| {
        let speaks = |frontend: &&Frontend| (frontend.speaks)(request.uri().path());
        let found = frontends.iter().find(speaks).map(|frontend| frontend.router.clone());
        let none = none.clone();
        async move {
            match found {
                Some(router) => router.oneshot(request).await.into_response(),
                None => (StatusCode::NOT_FOUND, none).into_response(),
            }
        }
    };
    control::router(site).fallback(dispatch)
}

/// The clouds whose protocols are spoken, each with the paths that are its own:
/// `Frontend { cloud: "aws", speaks: ec2::speaks, router: ec2::router(Arc::clone(site)) }`.
/// The first that speaks a path gets it.
fn frontends(site: &Arc<Site>) -> Vec<Frontend> {
    vec![
        Frontend { cloud: "aws", speaks: super::ec2::speaks, router: super::ec2::router(Arc::clone(site)) },
        Frontend {
            cloud: "gcp",
            speaks: |path| super::gce::PATHS.iter().any(|own| path.starts_with(own)),
            router: super::gce::router(Arc::clone(site)),
        },
        Frontend { cloud: "azure", speaks: super::arm::speaks, router: super::arm::router(Arc::clone(site)) },
    ]
}

/// What a shell has to export so that clients come here instead of to the real clouds: names and values.
pub fn exports(site: &Site, at: SocketAddr) -> Vec<(&'static str, String)> {
    let url = format!("http://{at}");
    let mut exports = vec![
        ("AWS_ENDPOINT_URL", url.clone()),
        ("AWS_ACCESS_KEY_ID", login::AWS_KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", login::AWS_SECRET.to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", format!("{url}/compute/v1/")),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_TPU", format!("{url}/")),
        ("CLOUDSDK_AUTH_ACCESS_TOKEN", login::GCP_TOKEN.to_owned()),
        ("GOOGLE_CLOUD_PROJECT", site.account("gcp").name),
        ("SKY_AZURE_ENDPOINT", url.clone()),
        ("AZURE_AUTHORITY_HOST", url.clone()),
        ("AZURE_TENANT_ID", login::AZURE_TENANT.to_owned()),
        ("AZURE_CLIENT_ID", login::AZURE_CLIENT.to_owned()),
        ("AZURE_CLIENT_SECRET", login::AZURE_SECRET.to_owned()),
        ("AZURE_SUBSCRIPTION_ID", site.account("azure").name),
    ];
    exports.push(match site.clock().speed() {
        Speed::Times(times) => ("SKY_CLOCK_SPEED", times.to_string()),
        Speed::Max => ("SKY_CLOCK_URL", format!("{url}/_sky/clock")),
    });
    exports
}
