//! The services beside EC2 that its clients ask: who am I, what are my limits, which image is the newest.
//!
//! **Invariant:** only what was signed with the right key gets here.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::fault::Fault;
use super::form::Form;
use super::{Ec2, images, quotas};

const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// STS: `GetCallerIdentity`.
pub(super) fn sts(ec2: &Ec2, form: &Form, request_id: &str) -> Response {
    let action = form.get("Action").unwrap_or_default();
    if action != "GetCallerIdentity" {
        let words = format!("Could not find operation {action} for version 2011-06-15");
        return sts_fault(&Fault::new(400, "InvalidAction", words), request_id);
    }
    let account = ec2.account();
    let text = format!(
        "<GetCallerIdentityResponse xmlns=\"{STS}\"><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/sky</Arn>\
         <UserId>AIDASKYSIMSERVE0007</UserId><Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata>\
         <RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    ([(header::CONTENT_TYPE, "text/xml")], text).into_response()
}

/// An error as STS tells it.
pub(super) fn sts_fault(fault: &Fault, request_id: &str) -> Response {
    fault.old_xml(STS, request_id)
}

/// The JSON 1.1 services: Service Quotas and SSM.
pub(super) fn json(ec2: &Ec2, region: &str, target: &str, body: &[u8]) -> Result<String, Fault> {
    let input: Value = serde_json::from_slice(body)
        .map_err(|error| Fault::new(400, "SerializationException", format!("the request is no JSON: {error}")))?;
    let (service, action) = target.split_once('.').unwrap_or((target, ""));
    let answer = match (service, action) {
        ("ServiceQuotasV20190624", "GetServiceQuota" | "GetAWSDefaultServiceQuota") => quotas::get(ec2, region, &input),
        ("ServiceQuotasV20190624", "ListServiceQuotas" | "ListAWSDefaultServiceQuotas") => {
            quotas::list(ec2, region, &input)
        }
        ("AmazonSSM", "GetParameter") => parameter(ec2, region, &input),
        _ => Err(Fault::new(400, "UnknownOperationException", format!("The operation {target} is not served here."))),
    };
    answer.map(|value| value.to_string())
}

/// `GetParameter`, of public images.
fn parameter(ec2: &Ec2, region: &str, input: &Value) -> Result<Value, Fault> {
    let name = input["Name"].as_str().unwrap_or_default();
    let id = images::parameter(region, name)
        .ok_or_else(|| Fault::new(400, "ParameterNotFound", format!("Parameter {name} not found.")))?;
    let clock = ec2.site.clock();
    Ok(json!({
        "Parameter": {
            "Name": name,
            "Type": "String",
            "Value": id,
            "Version": 1,
            "LastModifiedDate": clock.unix(crate::model::Timestamp(0)),
            "ARN": format!("arn:aws:ssm:{region}::parameter{name}"),
            "DataType": "aws:ec2:image"
        }
    }))
}
