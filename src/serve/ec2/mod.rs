//! Amazon EC2's Query API over a simulated market, with what clients ask besides: Service Quotas, SSM, STS.
//!
//! **Invariant:** what is in stock, in quota or refused is the site's; here are only names, ids, and what has no meaning
//! for the market: networks, keys, images, templates.

mod attributes;
mod fault;
mod fleet;
mod form;
mod groups;
mod images;
mod instances;
mod keys;
mod memory;
mod network;
mod other;
mod places;
mod prices;
mod quotas;
mod run;
mod show;
mod sigv4;
mod spot;
mod templates;
mod types;
mod xml;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use self::fault::Fault;
use self::form::Form;
use self::memory::Memory;
use self::xml::Xml;
use super::{Site, login, wire};

/// The API of one site.
struct Ec2 {
    site: Arc<Site>,
    memory: Memory,
    asked: AtomicU64,
}

/// One request that was understood so far.
struct Call<'a> {
    ec2: &'a Ec2,
    region: &'a str,
    form: &'a Form,
    request_id: &'a str,
}

/// What becomes of a request.
enum Reply {
    /// An answer.
    Xml(String),
    /// The connection breaks before the answer.
    Cut,
    /// No answer ever comes.
    Hang,
}

/// An answer or an error.
type Done = Result<String, Fault>;

/// The largest request that is read.
const BODY_MAX: usize = 1 << 20;

/// Everything that clients of Amazon ask here; all of it is `POST /` (or `GET /?Action=`).
pub fn router(site: Arc<Site>) -> Router {
    let memory = Memory::new(site.generation());
    let ec2 = Arc::new(Ec2 { site, memory, asked: AtomicU64::new(0) });
    Router::new().fallback(answer).layer(axum::extract::DefaultBodyLimit::max(BODY_MAX)).with_state(ec2)
}

/// True for paths that are Amazon's.
pub fn speaks(path: &str) -> bool {
    path == "/"
}

async fn answer(State(ec2): State<Arc<Ec2>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    ec2.memory.follow(ec2.site.generation());
    let request_id = ec2.request_id();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default().to_owned();
    let key = sigv4::Key { id: login::AWS_KEY_ID, secret: login::AWS_SECRET };
    let request = sigv4::Request { method: &method, uri: &uri, headers: &headers, body: &body };
    let signed = match sigv4::verify(&request, &key) {
        Ok(signed) => signed,
        Err(fault) if !target.is_empty() => return fault.json(&request_id),
        Err(fault) if sigv4::service(&headers).as_deref() == Some("sts") => {
            return other::sts_fault(&fault, &request_id);
        }
        Err(fault) => return fault.xml(&request_id),
    };
    if !target.is_empty() {
        let told = other::json(&ec2, &signed.region, &target, &body);
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", &request_id)];
        return told.map_or_else(|fault| fault.json(&request_id), |text| (headers, text).into_response());
    }
    let form = Form::read(if body.is_empty() { uri.query().unwrap_or_default().as_bytes() } else { &body });
    if signed.service == "sts" {
        return other::sts(&ec2, &form, &request_id);
    }
    let call = Call { ec2: &ec2, region: &signed.region, form: &form, request_id: &request_id };
    match call.act().await {
        Ok(Reply::Xml(text)) => {
            let headers = [(header::CONTENT_TYPE, "text/xml;charset=UTF-8"), (header::SERVER, "AmazonEC2")];
            (StatusCode::OK, headers, text).into_response()
        }
        Ok(Reply::Cut) => wire::cut(),
        Ok(Reply::Hang) => wire::hang().await,
        Err(fault) => fault.xml(&request_id),
    }
}

impl Ec2 {
    /// A name for a request; the same for the same request of a run.
    fn request_id(&self) -> String {
        let n = self.asked.fetch_add(1, Ordering::Relaxed);
        uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &n.to_le_bytes()).to_string()
    }

    /// The number of the account.
    fn account(&self) -> String {
        self.site.account("aws").name
    }
}

/// An id as EC2 makes them: prefix and 17 hexadecimal digits that belong to what is named.
fn id_of(prefix: &str, named: &[&str]) -> String {
    format!("{prefix}-{}", &sigv4::hash(named.join("/").as_bytes())[..17])
}

impl Call<'_> {
    /// `<ActionResponse>` around what is written.
    fn answer(&self, write: impl FnOnce(&mut Xml)) -> String {
        Xml::answer(self.form.get("Action").unwrap_or_default(), self.request_id, write)
    }

    /// `<return>true</return>`.
    fn done(&self) -> String {
        self.answer(|xml| xml.leaf("return", true))
    }

    /// Ends a request that only asks whether it would succeed; called when everything was checked.
    fn dry_run(&self) -> Result<(), Fault> {
        if self.form.is("DryRun") {
            let words = "Request would have succeeded, but DryRun flag is set.";
            return Err(Fault::new(412, "DryRunOperation", words));
        }
        Ok(())
    }

    async fn act(&self) -> Result<Reply, Fault> {
        // A region that is not there, or not switched on, knows no credentials.
        if !places::exists(self) {
            let words = "AWS was not able to validate the provided access credentials";
            return Err(Fault::new(401, "AuthFailure", words));
        }
        match self.form.need("Action")? {
            "RunInstances" => run::run(self).await,
            "StartInstances" => instances::start(self).await,
            "StopInstances" => instances::stop(self).await.map(Reply::Xml),
            "TerminateInstances" => instances::terminate(self).await.map(Reply::Xml),
            "CreateFleet" => fleet::create(self).await.map(Reply::Xml),
            action => self.look_or_note(action).map(Reply::Xml),
        }
    }

    /// The actions that the market has no part in.
    fn look_or_note(&self, action: &str) -> Done {
        match action {
            "DescribeInstances" => instances::describe(self),
            "DescribeInstanceStatus" => instances::describe_status(self),
            "DescribeVolumes" => instances::describe_volumes(self),
            "ModifyInstanceAttribute" => attributes::modify(self),
            "DescribeInstanceAttribute" => attributes::describe(self),
            "CreateTags" => instances::create_tags(self),
            "DeleteTags" => instances::delete_tags(self),
            "DescribeTags" => instances::describe_tags(self),
            "DescribeRegions" => places::regions(self),
            "DescribeAvailabilityZones" => places::zones(self),
            "DescribeInstanceTypes" => types::types(self),
            "DescribeInstanceTypeOfferings" => types::offerings(self),
            "DescribeImages" => images::describe(self),
            "DescribeVpcs" => network::vpcs(self),
            "DescribeSubnets" => network::subnets(self),
            "DescribeSecurityGroups" => groups::describe(self),
            "CreateSecurityGroup" => groups::create(self),
            "DeleteSecurityGroup" => groups::delete(self),
            "AuthorizeSecurityGroupIngress" => groups::authorize(self),
            "RevokeSecurityGroupIngress" => groups::revoke(self),
            "DescribeKeyPairs" => keys::describe(self),
            "ImportKeyPair" => keys::import(self),
            "DeleteKeyPair" => keys::delete(self),
            "DescribeSpotPriceHistory" => prices::history(self),
            "GetSpotPlacementScores" => prices::scores(self),
            "DescribeSpotInstanceRequests" => spot::describe(self),
            "CancelSpotInstanceRequests" => spot::cancel(self),
            "CreateLaunchTemplate" => templates::create(self),
            "DescribeLaunchTemplates" => templates::describe(self),
            "DeleteLaunchTemplate" => templates::delete(self),
            _ => {
                let words = format!("The action {action} is not valid for this web service.");
                Err(Fault::new(400, "InvalidAction", words))
            }
        }
    }
}
