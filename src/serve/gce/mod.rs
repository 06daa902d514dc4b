//! The market behind Compute Engine's REST interface v1 and Cloud TPU's v2.
//!
//! **Invariant:** one lock around what this protocol keeps of its own (operations, firewall rules); machines, stock
//! and limits are the site's. An error has the envelope, and a failed operation the shape, that Google gives it.

mod answer;
mod filter;
mod firewalls;
mod images;
mod insert;
mod instances;
mod links;
mod operations;
mod page;
mod places;
mod show;
mod state;
#[cfg(test)]
mod tests;
mod tpu;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::Value;

use super::{Site, wire};
use answer::{Answer, Parameters, Reply, Request};
use state::Gce;

/// A wait is answered after so long in any case, of real time: that is what the client's patience is measured in.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// The paths that are answered here: Compute Engine's and Cloud TPU's.
pub const PATHS: [&str; 2] = [COMPUTE, TPU];
const COMPUTE: &str = "/compute/v1/";
const TPU: &str = "/v2/projects/";

/// Compute Engine and Cloud TPU on a site. The one project is the account that the site's words name.
pub fn router(site: Arc<Site>) -> Router {
    let routes = Router::new().route("/compute/v1/{*path}", any(serve)).route("/v2/projects/{*path}", any(serve));
    routes.with_state(Arc::new(Gce::new(site)))
}

async fn serve(
    Shared(gce): Shared<Arc<Gce>>,
    method: Method,
    uri: Uri,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Response {
    let answer = match read(&gce, &method, &uri, query, &headers, &bytes) {
        Ok(request) if uri.path().starts_with(TPU) => tpu::route(&gce, &request).unwrap_or_else(Answer::Now),
        Ok(request) => route(&gce, &request).unwrap_or_else(Answer::Now),
        Err(refused) => Answer::Now(refused),
    };
    tell(&gce, answer).await
}

/// A request whose credentials and form are good.
fn read(
    gce: &Gce,
    method: &Method,
    uri: &Uri,
    query: Parameters,
    headers: &HeaderMap,
    bytes: &Bytes,
) -> Result<Request, Reply> {
    answer::authorize(headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()))?;
    let path = uri.path().trim_start_matches(COMPUTE).trim_start_matches("/v2/");
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let mut parts = path.split('/').map(decode);
    let (Some("projects"), Some(project)) = (parts.next().as_deref(), parts.next()) else {
        return Err(answer::no_such_address(path));
    };
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(bytes).map_err(|error| answer::bad_json(&error.to_string()))?
    };
    let request = Request { method: method.as_str().to_owned(), project, parts: parts.collect(), query, body };
    if request.project != gce.project && !images::is_public(&request) {
        return Err(answer::not_found(&format!("projects/{}", request.project)));
    }
    Ok(request)
}

/// Who answers what.
fn route(gce: &Gce, request: &Request) -> Result<Answer, Reply> {
    gce.forget_what_was_reset();
    let parts: Vec<&str> = request.parts.iter().map(String::as_str).collect();
    let told = match (request.method.as_str(), &parts[..]) {
        ("GET", []) => places::project(gce),
        ("GET", ["regions"]) => places::regions(gce, request)?,
        ("GET", ["regions", region]) => places::region(gce, region)?,
        ("GET", ["zones"]) => places::zones(gce, request)?,
        ("GET", ["zones", zone]) => places::zone(gce, zone)?,
        ("GET", ["zones", zone, collection @ ("machineTypes" | "acceleratorTypes" | "diskTypes"), name @ ..]) => {
            places::typed(gce, request, zone, collection, name)?
        }
        ("GET", ["aggregated", collection @ ("machineTypes" | "acceleratorTypes")]) => {
            places::typed_everywhere(gce, request, collection)?
        }
        ("GET", ["global", "images", rest @ ..]) => images::answer(gce, request, rest)?,
        ("GET", ["global", "networks", name @ ..]) => places::networks(gce, request, name)?,
        ("GET", ["regions", region, "subnetworks", name @ ..]) => places::subnetworks(gce, request, region, name)?,
        (_, ["global", "firewalls", name @ ..]) => firewalls::answer(gce, request, name)?,
        ("GET", ["aggregated", "instances"]) => instances::everywhere(gce, request)?,
        ("GET", ["aggregated", "operations"]) => operations::everywhere(gce, request)?,
        (_, ["zones", zone, "instances", rest @ ..]) => {
            gce.known_zone(zone)?;
            return instances::answer(gce, request, zone, rest);
        }
        (_, [scope @ ("zones" | "regions"), place, "operations", rest @ ..]) => {
            return operations::answer(gce, request, &format!("{scope}/{place}"), rest);
        }
        (_, ["global", "operations", rest @ ..]) => return operations::answer(gce, request, "global", rest),
        _ => return Err(answer::no_such_address(&request.parts.join("/"))),
    };
    Ok(Answer::Now(told))
}

/// Sends an answer when its time has come.
async fn tell(gce: &Gce, answer: Answer) -> Response {
    let clock = gce.site.clock();
    match answer {
        Answer::Now(reply) => reply.into_response(),
        Answer::At(at, reply) => {
            clock.until(at).await;
            reply.into_response()
        }
        Answer::Cut(at) => {
            clock.until(at).await;
            wire::cut()
        }
        Answer::Hang => wire::hang().await,
        Answer::Watch { operation, done } => {
            // Whether it is done or not, the operation is shown as it then stands.
            let _ = tokio::time::timeout(LONGEST_WAIT, clock.until(done)).await;
            operations::show(gce, &operation).unwrap_or_else(|refused| refused).into_response()
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match self.text {
            Some(text) => (status, [(header::CONTENT_TYPE, "application/json")], String::from(text)).into_response(),
            None => (status, axum::Json(self.body)).into_response(),
        };
        for (name, value) in self.headers {
            let header = (header::HeaderName::try_from(name), header::HeaderValue::try_from(value));
            if let (Ok(name), Ok(value)) = header {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
