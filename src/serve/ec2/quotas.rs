//! Service Quotas: the vCPU limits of EC2.
//!
//! **Invariant:** a limit is the market's; a bucket that the market does not limit has so much that it never matters.

use serde_json::{Value, json};

use super::Ec2;
use super::fault::Fault;
use crate::cloud::ec2::BUCKETS;

/// What a bucket without a limit is said to have.
const PLENTY: f64 = 100_000.0;

/// One limit as Service Quotas tells it.
struct Limit {
    code: &'static str,
    name: String,
    value: f64,
}

fn limits(ec2: &Ec2, region: &str) -> Vec<Limit> {
    let known = ec2.site.limits("aws", region);
    let mut limits = Vec::new();
    for (bucket, on_demand, spot) in BUCKETS {
        for (terms, code) in [("on-demand", on_demand), ("spot", spot)] {
            if code.is_empty() {
                continue;
            }
            let found = known.iter().find(|limit| limit.name == bucket && limit.terms == terms);
            let name = if terms == "spot" {
                format!("All {} Spot Instance Requests", title(bucket))
            } else {
                format!("Running On-Demand {} instances", title(bucket))
            };
            limits.push(Limit { code, name, value: found.map_or(PLENTY, |limit| limit.limit) });
        }
    }
    limits
}

/// Amazon's name of a bucket.
fn title(bucket: &str) -> &str {
    if bucket == "Standard" { "Standard (A, C, D, H, I, M, R, T, Z)" } else { bucket }
}

fn show(ec2: &Ec2, region: &str, limit: &Limit) -> Value {
    json!({
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaArn": format!("arn:aws:servicequotas:{region}:{}:ec2/{}", ec2.account(), limit.code),
        "QuotaCode": limit.code,
        "QuotaName": limit.name,
        "Value": limit.value,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
        "UsageMetric": {
            "MetricNamespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "MetricDimensions": { "Service": "EC2", "Type": "Resource", "Resource": "vCPU" },
            "MetricStatisticRecommendation": "Maximum"
        }
    })
}

/// `GetServiceQuota`
pub(super) fn get(ec2: &Ec2, region: &str, input: &Value) -> Result<Value, Fault> {
    let limits = service(ec2, region, input)?;
    let code = input["QuotaCode"].as_str().unwrap_or_default();
    match limits.iter().find(|limit| limit.code == code) {
        Some(limit) => Ok(json!({ "Quota": show(ec2, region, limit) })),
        None => Err(no_such()),
    }
}

/// `ListServiceQuotas`
pub(super) fn list(ec2: &Ec2, region: &str, input: &Value) -> Result<Value, Fault> {
    let limits = service(ec2, region, input)?;
    let start: usize = input["NextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0);
    let size = input["MaxResults"].as_u64().unwrap_or(100) as usize;
    let end = start.saturating_add(size).min(limits.len());
    let shown: Vec<Value> = limits[start.min(end)..end].iter().map(|limit| show(ec2, region, limit)).collect();
    let mut answer = json!({ "Quotas": shown });
    if end < limits.len() {
        answer["NextToken"] = end.to_string().into();
    }
    Ok(answer)
}

fn service(ec2: &Ec2, region: &str, input: &Value) -> Result<Vec<Limit>, Fault> {
    if input["ServiceCode"].as_str() == Some("ec2") { Ok(limits(ec2, region)) } else { Err(no_such()) }
}

fn no_such() -> Fault {
    Fault::new(
        400,
        "NoSuchResourceException",
        "The request failed because the specified service or quota does not exist.",
    )
}
