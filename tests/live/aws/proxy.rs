//! A reverse proxy for EC2's Query API that answers some requests itself, with genuine refusals, and remembers all.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use sky::denials::{Fill, body};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What happens to a request that a rule fits.
#[derive(Clone)]
pub(super) enum Fault {
    /// Answered with this body of `denials::bodies`.
    Refuse(&'static str),
    /// Passed on and carried out; then the connection is cut instead of answered.
    CutAfter,
}

/// Which requests a fault is for. A `None` fits any.
#[derive(Clone)]
pub(super) struct Rule {
    pub(super) action: &'static str,
    pub(super) region: Option<&'static str>,
    pub(super) zone: Option<&'static str>,
    pub(super) spot: Option<bool>,
    pub(super) fault: Fault,
    /// How many times still; `None` is for ever.
    pub(super) times: Option<u32>,
}

impl Rule {
    /// Refuses each launch in this zone.
    pub(super) fn refuse(zone: &'static str, key: &'static str) -> Self {
        Self { zone: Some(zone), ..Self::of("RunInstances", Fault::Refuse(key)) }
    }

    pub(super) fn of(action: &'static str, fault: Fault) -> Self {
        Self { action, region: None, zone: None, spot: None, fault, times: None }
    }

    pub(super) fn once(self) -> Self {
        Self { times: Some(1), ..self }
    }

    fn fits(&self, request: &Exchange) -> bool {
        let any = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
        self.action == request.action()
            && any(self.region, &request.region)
            && any(self.zone, request.field("Placement.AvailabilityZone"))
            && self.spot.is_none_or(|spot| spot == (request.field("InstanceMarketOptions.MarketType") == "spot"))
            && self.times != Some(0)
    }
}

/// One request and what was answered.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) region: String,
    pub(super) form: BTreeMap<String, String>,
    pub(super) status: u16,
}

impl Exchange {
    pub(super) fn field(&self, name: &str) -> &str {
        self.form.get(name).map_or("", String::as_str)
    }

    pub(super) fn action(&self) -> &str {
        self.field("Action")
    }
}

#[derive(Default)]
struct Memory {
    rules: Vec<Rule>,
    log: Vec<Exchange>,
    /// By region and token: the request without what differs between repetitions, and its answer.
    launches: HashMap<(String, String), (BTreeMap<String, String>, Bytes)>,
}

/// The proxy; stops with its value.
pub(super) struct Proxy {
    pub(super) url: String,
    memory: Arc<Mutex<Memory>>,
    _runtime: Runtime,
}

#[derive(Clone)]
struct Shared {
    upstream: String,
    client: reqwest::Client,
    memory: Arc<Mutex<Memory>>,
}

impl Proxy {
    pub(super) fn start(upstream: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runs");
        let memory = Arc::<Mutex<Memory>>::default();
        let shared = Shared { upstream, client: reqwest::Client::new(), memory: Arc::clone(&memory) };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, memory, _runtime: runtime }
    }

    pub(super) fn rules(&self, rules: Vec<Rule>) {
        let mut memory = self.memory.lock().expect("lock");
        memory.rules = rules;
        memory.log.clear();
    }

    /// The requests of this action since the rules were set.
    pub(super) fn log(&self, action: &str) -> Vec<Exchange> {
        let memory = self.memory.lock().expect("lock");
        memory.log.iter().filter(|exchange| exchange.action() == action).cloned().collect()
    }
}

async fn answer(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, bytes: Bytes) -> Response {
    let form = url_decoded(&bytes);
    let mut exchange = Exchange { region: region_of(&headers), form, status: 0 };
    let fault = {
        let mut memory = shared.memory.lock().expect("lock");
        let rule = memory.rules.iter_mut().find(|rule| rule.fits(&exchange));
        rule.map(|rule| {
            rule.times = rule.times.map(|times| times - 1);
            rule.fault.clone()
        })
    };
    if let Some(Fault::Refuse(key)) = fault {
        let (status, text) = refusal(key, &exchange);
        exchange.status = status.as_u16();
        shared.memory.lock().expect("lock").log.push(exchange);
        return (status, [(header::CONTENT_TYPE, "text/xml;charset=UTF-8")], text).into_response();
    }
    let (status, answer) = once(&shared, &uri, &headers, &bytes, &exchange).await;
    exchange.status = status.as_u16();
    shared.memory.lock().expect("lock").log.push(exchange);
    if fault.is_some() {
        // Ends the connection's task, so that the peer sees it closed without an answer.
        std::panic::resume_unwind(Box::new("cut"));
    }
    (status, [(header::CONTENT_TYPE, "text/xml;charset=UTF-8")], answer).into_response()
}

/// Passes a request on; a launch whose token was seen is answered from memory, as EC2 does.
async fn once(
    shared: &Shared,
    uri: &Uri,
    headers: &HeaderMap,
    bytes: &Bytes,
    exchange: &Exchange,
) -> (StatusCode, Bytes) {
    let token = (exchange.region.clone(), exchange.field("ClientToken").to_owned());
    let launch = exchange.action() == "RunInstances" && !token.1.is_empty();
    if launch {
        let memory = shared.memory.lock().expect("lock");
        if let Some((form, answer)) = memory.launches.get(&token) {
            if *form == exchange.form {
                return (StatusCode::OK, answer.clone());
            }
            let words = "The client token was used for a request with other parameters.";
            return (StatusCode::BAD_REQUEST, envelope("IdempotentParameterMismatch", words).into());
        }
    }
    let (status, answer) = forward(shared, uri, headers, bytes).await;
    if launch && status.is_success() {
        let mut memory = shared.memory.lock().expect("lock");
        memory.launches.insert(token, (exchange.form.clone(), answer.clone()));
    }
    (status, answer)
}

async fn forward(shared: &Shared, uri: &Uri, headers: &HeaderMap, bytes: &Bytes) -> (StatusCode, Bytes) {
    let url = format!("{}{}", shared.upstream, uri.path_and_query().map_or("/", |path| path.as_str()));
    let mut request = shared.client.post(url).body(bytes.clone());
    for (name, value) in headers {
        let kept = name == header::AUTHORIZATION || name == header::CONTENT_TYPE || name.as_str().starts_with("x-amz");
        if kept {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("moto answers");
    let status = StatusCode::from_u16(answer.status().as_u16()).expect("a status");
    (status, answer.bytes().await.expect("a body"))
}

fn refusal(key: &str, request: &Exchange) -> (StatusCode, String) {
    let body = body("aws", key).unwrap_or_else(|| panic!("no body {key}"));
    let zone = request.field("Placement.AvailabilityZone");
    let others: Vec<String> =
        ["a", "b", "c"].iter().map(|c| format!("{}{c}", request.region)).filter(|other| other != zone).collect();
    let message = body.render(Fill(&[
        ("type", request.field("InstanceType")),
        ("zone", zone),
        ("region", &request.region),
        ("other_zones", &others.join(", ")),
        ("limit", "0"),
        ("id", request.field("InstanceId.1")),
        ("price", "0.9"),
        ("minprice", "1.2"),
    ]));
    (StatusCode::from_u16(body.http).expect("a status"), envelope(&body.code, &message))
}

fn envelope(code: &str, message: &str) -> String {
    let message = quick_xml::escape::escape(message);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}\
         </Message></Error></Errors><RequestID>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestID></Response>"
    )
}

fn url_decoded(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(bytes);
    let decode =
        |part: &str| percent_encoding::percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect()
}

/// The region that a request was signed for.
fn region_of(headers: &HeaderMap) -> String {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = value.split("Credential=").nth(1).unwrap_or_default();
    scope.split('/').nth(2).unwrap_or_default().to_owned()
}
