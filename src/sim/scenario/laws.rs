//! How laws are written: `30s`, `13s..18s`, `{exponential: 30m}`, `{lognormal: {median: 30m, mean: 2h}}`.

use crate::model::Span;
use crate::sim::law::{Law, LawError};
use crate::yaml::{Fields, Node, Reader};

use super::codes;

/// Laws by name.
pub(super) const KINDS: &[&str] =
    &["constant", "uniform", "exponential", "gamma", "weibull", "lognormal", "pareto", "mixture", "hyper_exponential"];

/// Reads a law of durations.
pub(super) fn read(reader: &Reader, node: &Node, name: &str) -> Option<Law> {
    let law =
        if let Some(text) = node.as_str() { scalar(reader, node, name, text)? } else { mapping(reader, node, name)? };
    match law.and_then(Law::checked) {
        Ok(law) => Some(law),
        Err(error) => {
            reader.error_code(codes::NO_LAW, node.spot, format!("{name}: {error}"), None);
            None
        }
    }
}

fn scalar(reader: &Reader, node: &Node, name: &str, text: &str) -> Option<Result<Law, LawError>> {
    let Some((low, high)) = text.split_once("..") else {
        return reader.parsed::<Span>(node, name).map(|span| Ok(Law::Constant(span.as_secs_f64())));
    };
    match (low.parse::<Span>(), high.parse::<Span>()) {
        (Ok(low), Ok(high)) => Some(Ok(Law::Uniform { low: low.as_secs_f64(), high: high.as_secs_f64() })),
        (Err(error), _) | (_, Err(error)) => {
            reader.error(node.spot, format!("{name}: {error}"));
            None
        }
    }
}

fn mapping(reader: &Reader, node: &Node, name: &str) -> Option<Result<Law, LawError>> {
    let fields = reader.fields(node, name)?;
    fields.only(KINDS);
    let [entry] = fields.map().entries.as_slice() else {
        let message = format!("{name} must name one law");
        reader.error_hint(node.spot, message, format!("such as {{exponential: 30m}}; laws: {}", KINDS.join(", ")));
        return None;
    };
    let value = &entry.value;
    match entry.key.as_str() {
        "constant" => seconds(reader, value, "constant").map(|value| Ok(Law::Constant(value))),
        "exponential" => seconds(reader, value, "exponential").map(|mean| Ok(Law::Exponential { mean })),
        "uniform" => uniform(reader, value),
        "mixture" => mixture(reader, value).map(Law::mixture),
        "hyper_exponential" => hyper_exponential(reader, value).map(Law::mixture),
        key => shaped(&reader.fields(value, key)?, key, value),
    }
}

fn uniform(reader: &Reader, node: &Node) -> Option<Result<Law, LawError>> {
    let items = reader.list(node, "uniform")?;
    let [low, high] = items else {
        reader.error(node.spot, "uniform must be a list of two durations, such as [13s, 18s]");
        return None;
    };
    let (low, high) = (seconds(reader, low, "uniform"), seconds(reader, high, "uniform"));
    Some(Ok(Law::Uniform { low: low?, high: high? }))
}

fn shaped(fields: &Fields, key: &str, node: &Node) -> Option<Result<Law, LawError>> {
    let reader = fields.reader();
    let time = |key: &str| fields.get(key).map(|node| seconds(reader, node, key));
    let positive = f64::MIN_POSITIVE..=1e6;
    match key {
        "gamma" | "weibull" => {
            fields.only(&["shape", "scale", "mean"]);
            let shape = fields.require("shape", node.spot).and_then(|node| reader.number(node, "shape", positive));
            let unit = |scale: f64| match key {
                "gamma" => Some(Law::Gamma { shape: shape?, scale }),
                _ => Some(Law::Weibull { shape: shape?, scale }),
            };
            match (time("scale"), time("mean")) {
                (Some(scale), None) => unit(scale?).map(Ok),
                // Both families scale: the mean fixes the scale.
                (None, Some(mean)) => unit(1.0).zip(mean).and_then(|(law, mean)| unit(mean / law.mean())).map(Ok),
                _ => one_of_two(reader, node, key, "scale", "mean"),
            }
        }
        "lognormal" => {
            fields.only(&["median", "sigma", "mean"]);
            let median = fields.require("median", node.spot).and_then(|node| seconds(reader, node, "median"));
            let sigma = fields.number("sigma", 0.0..=20.0);
            match (fields.get("sigma").is_some(), time("mean")) {
                (true, None) => Some(Ok(Law::LogNormal { mu: libm::log(median?), sigma: sigma? })),
                (false, Some(mean)) => Some(lognormal(median?, mean?)),
                _ => one_of_two(reader, node, key, "sigma", "mean"),
            }
        }
        "pareto" => {
            fields.only(&["least", "shape"]);
            let least = fields.require("least", node.spot).and_then(|node| seconds(reader, node, "least"));
            let shape = fields.require("shape", node.spot).and_then(|node| reader.number(node, "shape", positive));
            Some(Ok(Law::Pareto { least: least?, shape: shape? }))
        }
        _ => None,
    }
}

/// Mean and median are exp(μ + σ²/2) and exp(μ).
fn lognormal(median: f64, mean: f64) -> Result<Law, LawError> {
    if mean < median {
        return Err(LawError("the mean of a lognormal law is not below its median"));
    }
    Ok(Law::LogNormal { mu: libm::log(median), sigma: libm::sqrt(2.0 * libm::log(mean / median)) })
}

fn one_of_two<T>(reader: &Reader, node: &Node, key: &str, one: &str, other: &str) -> Option<T> {
    reader.error(node.spot, format!("{key} needs either {one} or {other}"));
    None
}

/// `[{weight: 0.7, law: 30m}, ...]`
fn mixture(reader: &Reader, node: &Node) -> Option<Vec<(f64, Law)>> {
    let parts = reader.list(node, "mixture")?.iter().map(|part| {
        let fields = reader.fields(part, "a part of a mixture")?;
        fields.only(&["weight", "law"]);
        let weight = fields.require("weight", part.spot).and_then(|node| weight(reader, node));
        let law = fields.require("law", part.spot).and_then(|node| read(reader, node, "law"));
        Some((weight?, law?))
    });
    // Every part is read, so that every error is seen.
    parts.collect::<Vec<_>>().into_iter().collect()
}

/// `[[0.69, 31m], [0.31, 278m]]`: weights and means.
fn hyper_exponential(reader: &Reader, node: &Node) -> Option<Vec<(f64, Law)>> {
    let parts = reader.list(node, "hyper_exponential")?.iter().map(|part| {
        let Some([share, mean]) = reader.list(part, "a part of hyper_exponential") else {
            reader.error(part.spot, "a part of hyper_exponential must be a weight and a mean, such as [0.69, 31m]");
            return None;
        };
        let (share, mean) = (weight(reader, share), seconds(reader, mean, "mean"));
        Some((share?, Law::Exponential { mean: mean? }))
    });
    parts.collect::<Vec<_>>().into_iter().collect()
}

fn weight(reader: &Reader, node: &Node) -> Option<f64> {
    reader.number(node, "weight", f64::MIN_POSITIVE..=1e9)
}

fn seconds(reader: &Reader, node: &Node, name: &str) -> Option<f64> {
    reader.parsed::<Span>(node, name).map(Span::as_secs_f64)
}
