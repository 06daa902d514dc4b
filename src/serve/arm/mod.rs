//! Azure Resource Manager in front of the site: any client of ARM can be pointed at it.
//!
//! **Invariant:** machines, their power and every refusal are the market's; groups, networks and operations are kept
//! here, and forgotten with the site's reset.

mod ask;
mod auth;
mod call;
mod facts;
mod groups;
mod machines;
mod network;
mod reply;
mod store;
#[cfg(all(test, feature = "azure"))]
mod tests;
mod view;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use self::call::Call;
use self::reply::{Reply, bad, denied, refused_by_name};
use self::store::{Operation, Store, guid};
use super::clock::Speed;
use super::site::Site;
use crate::model::Timestamp;

/// Bodies longer than this are refused, as ARM refuses them.
const LONGEST: usize = 4 << 20;
/// The longest pause between two looks at an operation that is asked for, in seconds.
const PAUSE: u64 = 15;
/// The moment that tokens count from, in seconds since 1970; they live in wall time, whatever the speed.
const EPOCH: u64 = 1_767_225_600;

/// An answer, or the answer that stands in its way.
type Done = Result<Reply, Reply>;

struct Arm {
    site: Arc<Site>,
    began: Instant,
    requests: AtomicU64,
    store: Mutex<Store>,
}

/// ARM before a site.
pub fn router(site: Arc<Site>) -> Router {
    #[expect(clippy::disallowed_methods, reason = "tokens expire in the client's time, not in the market's")]
    let began = Instant::now();
    let arm = Arc::new(Arm { site, began, requests: AtomicU64::new(0), store: Mutex::default() });
    Router::new().fallback(answer).with_state(arm)
}

/// Whether a path is ARM's, or its sign-in's.
pub fn speaks(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let first = parts.next().unwrap_or_default();
    first.eq_ignore_ascii_case("subscriptions") || parts.next().is_some_and(|second| second == "oauth2")
}

async fn answer(State(arm): State<Arc<Arm>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST).await else {
        return denied(413, "RequestEntityTooLarge", "The request content exceeds the maximum size.").into_response();
    };
    let is_head = parts.method == Method::HEAD;
    let call = Call::read(parts.method, &parts.uri, parts.headers, &body);
    let reply = match call {
        Ok(call) => arm.route(&call).await.unwrap_or_else(|stopped| stopped),
        Err(malformed) => malformed,
    };
    let request_id = guid(&arm.requests.fetch_add(1, Ordering::Relaxed).to_string());
    let reply = reply.with("x-ms-request-id", request_id);
    if is_head { reply.without_body().into_response() } else { reply.into_response() }
}

impl Arm {
    async fn route(&self, call: &Call) -> Done {
        let path = call.path();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let [_, "oauth2", .., "token"] = path[..] {
            return Ok(auth::token(call, self.site.seed(), self.wall()));
        }
        auth::check(call, self.site.seed(), self.wall())?;
        call.check_version()?;
        if self.site.account("azure").unauthorized {
            return Err(refused_by_name("AuthorizationFailed", call));
        }
        match path[..] {
            ["subscriptions"] => Ok(groups::listed(&[facts::subscription(&self.site.account("azure").name)])),
            ["subscriptions", _] => Ok(Reply::new(200, facts::subscription(call.part(1)))),
            ["subscriptions", _, "locations"] => Ok(self.locations(call.part(1))),
            ["subscriptions", _, "resources"] | ["subscriptions", _, "resourcegroups", _, "resources"] => {
                self.list_resources(call)
            }
            ["subscriptions", _, "resourcegroups"] => self.list_groups(call),
            ["subscriptions", _, "resourcegroups", _] => self.group(call),
            ["subscriptions", _, "operationresults", number] => self.operation(number, false),
            ["subscriptions", _, "providers", _] => Ok(facts::provider(call)),
            ["subscriptions", _, "providers", provider, ref rest @ ..] => self.of_provider(call, provider, rest),
            ["subscriptions", _, "resourcegroups", _, "providers", provider, ref rest @ ..] => {
                self.in_group(call, provider, rest).await
            }
            _ => Err(not_found(call)),
        }
    }

    /// Below a subscription's provider.
    fn of_provider(&self, call: &Call, provider: &str, rest: &[&str]) -> Done {
        match (provider, rest) {
            (_, ["locations", _, "operations", number]) => self.operation(number, true),
            (_, ["locations", _, "operationresults", number]) => self.operation(number, false),
            ("microsoft.compute", ["locations", _, "usages"]) => self.usages(call),
            ("microsoft.compute", ["skus"]) => Ok(self.skus(call)),
            (
                "microsoft.compute",
                ["locations", _, "publishers", _, "artifacttypes", "vmimage", "offers", _, "skus", _, "versions", ..],
            ) => facts::image(call),
            ("microsoft.compute", ["virtualmachines"]) => self.list_machines(call),
            (_, [kind]) => {
                let kind = network::kind(provider, kind).ok_or_else(|| not_found(call))?;
                self.list_kind(call, kind)
            }
            _ => Err(not_found(call)),
        }
    }

    /// Below a group's provider.
    async fn in_group(&self, call: &Call, provider: &str, rest: &[&str]) -> Done {
        match (provider, rest) {
            ("microsoft.compute", ["virtualmachines"]) => self.list_machines(call),
            ("microsoft.compute", ["virtualmachines", _]) => self.machine(call).await,
            (
                "microsoft.compute",
                ["virtualmachines", _, action @ ("deallocate" | "start" | "poweroff" | "restart" | "instanceview")],
            ) => self.act(call, action),
            ("microsoft.network", ["virtualnetworks", _, "subnets", _]) => self.subnet(call),
            (_, [kind]) => self.list_kind(call, network::kind(provider, kind).ok_or_else(|| not_found(call))?),
            (_, [kind, _]) => self.resource(call, network::kind(provider, kind).ok_or_else(|| not_found(call))?),
            _ => Err(not_found(call)),
        }
    }

    /// Everything that is kept, as it stands now.
    fn store(&self) -> MutexGuard<'_, Store> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.site.generation();
        if store.generation != generation {
            *store = Store::of(generation);
        }
        self.sweep(&mut store);
        store.settle(self.site.clock().now());
        store
    }

    /// Seconds since 1970 for tokens.
    fn wall(&self) -> u64 {
        EPOCH + self.began.elapsed().as_secs()
    }

    fn check_location(&self, body: &Value, kind: &str) -> Result<(), Reply> {
        if !body.is_object() {
            return Err(bad("InvalidRequestContent", "The request content was invalid and could not be deserialized."));
        }
        if body["location"].as_str().is_none_or(str::is_empty) {
            return Err(bad("LocationRequired", "The location property is required for this definition."));
        }
        let location = store::location(&body["location"]);
        if facts::regions(self.site.catalog()).any(|(_, name)| name == location) {
            return Ok(());
        }
        Err(no_location(&self.site, &location, kind))
    }

    /// A reply to a request whose end can be followed at an operation's address.
    fn following(&self, call: &Call, store: &mut Store, reply: Reply, ends: Timestamp, error: Option<Value>) -> Reply {
        let began = self.site.clock().now();
        let number = store.begin(Operation { began, ends, error });
        let provider = call.part(5);
        let location = if call.body["location"].is_string() {
            store::location(&call.body["location"])
        } else {
            "global".to_owned()
        };
        let place = format!("{}/subscriptions/{}/providers/{provider}/locations/{location}", call.base, call.part(1));
        let version = call.parameter("api-version").unwrap_or_default();
        let reply = reply
            .with("azure-asyncoperation", format!("{place}/operations/{number}?api-version={version}"))
            .with("location", format!("{place}/operationresults/{number}?api-version={version}"));
        self.pausing(reply, ends)
    }

    /// As above, but with the address of the result alone, as groups are deleted.
    fn accepted_by_location(&self, call: &Call, store: &mut Store, ends: Timestamp, error: Option<Value>) -> Reply {
        let began = self.site.clock().now();
        let number = store.begin(Operation { began, ends, error });
        let version = call.parameter("api-version").unwrap_or_default();
        let address =
            format!("{}/subscriptions/{}/operationresults/{number}?api-version={version}", call.base, call.part(1));
        self.pausing(Reply::empty(202).with("location", address), ends)
    }

    /// Says when to look again: in whole seconds, and exactly for who reads that.
    fn pausing(&self, reply: Reply, ends: Timestamp) -> Reply {
        let left = ends.since(self.site.clock().now()).as_secs_f64();
        let wall = match self.site.clock().speed() {
            Speed::Times(times) => left / times,
            Speed::Max => 0.0,
        };
        if left <= 0.0 {
            return reply.with("x-ms-retry-after-ms", "0".to_owned());
        }
        let exact = ((wall * 1e3).ceil() as u64).clamp(1, PAUSE * 1000);
        reply.with("retry-after", exact.div_ceil(1000).to_string()).with("x-ms-retry-after-ms", exact.to_string())
    }

    /// How an operation stands: by its status, or by the status of the answer.
    fn operation(&self, number: &str, by_status: bool) -> Done {
        let clock = self.site.clock();
        let store = self.store();
        let found = number.parse().ok().and_then(|number| store.operation(number)).cloned();
        drop(store);
        let operation =
            found.ok_or_else(|| denied(404, "OperationNotFound", &format!("Operation '{number}' was not found.")))?;
        clock.hasten(operation.ends);
        let done = operation.ends <= clock.now();
        if !by_status {
            if !done {
                return Ok(self.pausing(Reply::empty(202), operation.ends));
            }
            return Ok(match operation.error {
                Some(error) => Reply::new(409, json!({"error": error})),
                None => Reply::new(200, Value::Null),
            });
        }
        let mut body = json!({
            "name": guid(number), "startTime": clock.rfc3339(operation.began),
            "status": match (done, &operation.error) { (false, _) => "InProgress", (true, None) => "Succeeded", (true, Some(_)) => "Failed" },
        });
        if done {
            body["endTime"] = json!(clock.rfc3339(operation.ends));
            if let Some(error) = operation.error {
                body["error"] = error;
            }
        }
        Ok(self.pausing(Reply::new(200, body), operation.ends))
    }
}

fn not_found(call: &Call) -> Reply {
    let words = format!(
        "The requested resource '{}' does not support http method '{}', or there is none.",
        call.id(),
        call.method
    );
    denied(404, "InvalidResourceType", &words)
}

fn not_allowed(call: &Call) -> Reply {
    let words = format!("The requested resource does not support http method '{}'.", call.method);
    denied(405, "HttpMethodNotAllowed", &words)
}

fn no_location(site: &Site, location: &str, kind: &str) -> Reply {
    let all: Vec<&str> = facts::regions(site.catalog()).map(|(_, name)| name).collect();
    let words = format!(
        "The provided location '{location}' is not available for resource type '{kind}'. List of available regions for the \
         resource type is '{}'.",
        all.join(",")
    );
    bad("LocationNotAvailableForResourceType", &words)
}
