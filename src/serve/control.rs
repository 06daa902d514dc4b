//! `/_sky/`: the clock, the journal, the true market, the books, faults to order, and the live page.
//!
//! **Invariant:** tells what no client of a cloud may know, so no frontend reads it; changes nothing but the clock and
//! what was ordered.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::model::{Span, Timestamp};

use super::site::{Injection, Site};

/// How often the page hears of clock and bill.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks it hears of the market.
const MARKET_EVERY: u64 = 2;
/// What the page shows of the past, and in how many steps.
const WINDOW: Span = Span::from_secs(4 * 3600);
const STEPS: u32 = 96;

type Shared = State<Arc<Site>>;

pub(super) fn router(site: &Arc<Site>) -> Router {
    Router::new()
        .route("/_sky", get(|| async { Redirect::permanent("/_sky/") }))
        .route("/_sky/", get(page))
        .route("/_sky/clock", get(clock).post(set_clock))
        .route("/_sky/journal", get(journal))
        .route("/_sky/pools", get(pools))
        .route("/_sky/books", get(books))
        .route("/_sky/limits", get(limits))
        .route("/_sky/inject", post(inject).get(pending).delete(forget))
        .route("/_sky/reset", post(reset))
        .route("/_sky/events", get(events))
        .route_layer(middleware::from_fn(at_home))
        .with_state(Arc::clone(site))
}

/// Pages of other sites can make a browser ask here under their own name; they are turned away.
async fn at_home(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let own = origin.is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    if own && (name == "localhost" || name == "[::1]" || name.starts_with("127.")) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "only for this machine\n").into_response()
}

#[derive(Debug, Serialize)]
struct Time {
    /// Virtual seconds since the start.
    now: f64,
    /// The same in microseconds.
    micros: u64,
    /// The same as clients see it.
    utc: String,
    speed: String,
}

fn time(site: &Site) -> Time {
    let (now, clock) = (site.clock().now(), site.clock());
    Time { now: seconds(now), micros: now.0, utc: clock.rfc3339(now), speed: clock.speed().to_string() }
}

async fn clock(State(site): Shared) -> Json<Time> {
    Json(time(&site))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    /// Lets so much time pass at once: `90`, `5m`, `1.5h`.
    advance: Option<String>,
    /// Lets time pass until so many microseconds after the start, if they are still to come.
    until: Option<u64>,
}

async fn set_clock(State(site): Shared, Query(set): Query<Set>) -> Result<Json<Time>, Refused> {
    if let Some(text) = set.advance {
        let by: Span = text.parse().map_err(|error: crate::model::ParseUnitError| Refused(error.to_string()))?;
        site.clock().advance(by);
    }
    if let Some(until) = set.until {
        site.clock().until(Timestamp(until)).await;
    }
    Ok(Json(time(&site)))
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn journal(State(site): Shared, Query(after): Query<After>) -> Json<Value> {
    Json(json!(site.journal(after.after)))
}

#[derive(Debug, Deserialize)]
struct Course {
    /// Begins so many virtual seconds before now; now if absent.
    window: Option<f64>,
    /// Moments told; 1, which is now, if absent.
    steps: Option<u32>,
}

async fn pools(State(site): Shared, Query(course): Query<Course>) -> Json<Value> {
    let window = Span::from_secs_f64(course.window.unwrap_or(0.0));
    let steps = course.steps.unwrap_or(1).clamp(1, 2000);
    Json(market(&site, window, steps))
}

fn market(site: &Site, window: Span, steps: u32) -> Value {
    let now = site.clock().now();
    let from = Timestamp(now.0.saturating_sub(window.0));
    json!({ "from": seconds(from), "to": seconds(now), "pools": site.pools(from, steps) })
}

async fn books(State(site): Shared) -> Json<Value> {
    Json(json!(site.books()))
}

#[derive(Debug, Deserialize)]
struct Where {
    cloud: String,
    region: String,
}

async fn limits(State(site): Shared, Query(place): Query<Where>) -> Json<Value> {
    Json(json!(site.limits(&place.cloud, &place.region)))
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Orders {
    One(Injection),
    Many(Vec<Injection>),
}

async fn inject(State(site): Shared, Json(orders): Json<Value>) -> Result<Json<Value>, Refused> {
    let expected = r#"an order is {"cloud":"gcp","zone":"us-central1-a","times":2,"mishap":"lost"}; mishaps are "lost", "hang", "none" and {"body":KEY}"#;
    let orders = match orders {
        list @ Value::Array(_) => serde_json::from_value(list).map(Orders::Many),
        one => serde_json::from_value(one).map(Orders::One),
    };
    let orders = orders.map_err(|error| Refused(format!("{error}; {expected}")))?;
    let orders = match orders {
        Orders::One(order) => vec![order],
        Orders::Many(orders) => orders,
    };
    for order in orders {
        site.inject(order).map_err(Refused)?;
    }
    Ok(Json(json!(site.injections())))
}

async fn pending(State(site): Shared) -> Json<Value> {
    Json(json!(site.injections()))
}

async fn forget(State(site): Shared) -> Json<Value> {
    site.forget_injections();
    Json(json!([]))
}

async fn reset(State(site): Shared) -> Json<Time> {
    site.reset();
    Json(time(&site))
}

/// Records that the page begins with.
const LATEST: usize = 200;

fn about(site: &Site) -> Value {
    let (scenario, speed) = (site.scenario(), site.clock().speed().to_string());
    json!({ "title": scenario.title, "why": scenario.why, "seed": site.seed(), "speed": speed })
}

fn latest(site: &Site) -> Vec<Value> {
    let all = site.journal(0);
    all[all.len().saturating_sub(LATEST)..].iter().map(|record| json!(record)).collect()
}

fn state(site: &Site) -> Value {
    json!({ "time": time(site), "books": site.books() })
}

/// The page with what there is to see already in it.
async fn page(State(site): Shared) -> Html<String> {
    let first = json!({
        "about": about(&site), "records": latest(&site), "state": state(&site), "market": market(&site, WINDOW, STEPS),
    });
    // Within a script nothing may look like the end of it.
    let first = first.to_string().replace('<', "\\u003c");
    Html(include_str!("page.html").replacen("/*first*/ null", &first, 1))
}

/// The journal as it grows, the clock and the bill every second, the market every other.
async fn events(State(site): Shared) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = site.listen();
    let mut first = vec![named("about", &about(&site))];
    first.extend(latest(&site).iter().map(|record| named("record", record)));
    let tick = tokio::time::interval(TICK);
    let begin = (site, news, tick, 0_u64, first.into_iter());
    let stream = unfold(begin, |(site, mut news, mut tick, mut ticks, mut waiting)| async move {
        let event = loop {
            if let Some(event) = waiting.next() {
                break event;
            }
            tokio::select! {
                record = news.recv() => match record {
                    Ok(record) => break named("record", &json!(record)),
                    // Too fast to follow: the page is told to look anew.
                    Err(RecvError::Lagged(_)) => break named("missed", &Value::Null),
                    Err(RecvError::Closed) => return None,
                },
                _ = tick.tick() => {
                    let mut events = vec![named("state", &state(&site))];
                    if ticks % MARKET_EVERY == 0 {
                        events.push(named("market", &market(&site, WINDOW, STEPS)));
                    }
                    ticks += 1;
                    waiting = events.into_iter();
                }
            }
        };
        Some((Ok(event), (site, news, tick, ticks, waiting)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn named(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

fn seconds(at: Timestamp) -> f64 {
    Span(at.0).as_secs_f64()
}

/// A request that makes no sense.
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}
