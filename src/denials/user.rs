//! Rules of the user's own, before the built-in tables: for codes that no table knows yet.
//!
//! **Invariant:** a rule file is read whole or refused with the place of the error; a misspelt key is an error.

use std::borrow::Cow;

use serde::Deserialize;

use crate::model::{Cause, Span};

use super::{Reach, Rule, first_match, pick, rules};

/// The built-in tables, extended.
#[derive(Debug, Clone, Default)]
pub struct Book {
    own: Vec<(String, Rule)>,
}

/// A rule file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// Not YAML, or not of the form of a rule file; the text says where.
    #[error("not a list of rules: {0}")]
    Form(String),
    /// A value that means nothing; names the rule (counted from 1) and what was expected.
    #[error("rule {rule}: {message}")]
    Value {
        /// Which rule of the file.
        rule: usize,
        /// What is wrong, and what would be right.
        message: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    cloud: String,
    code: String,
    contains: Option<String>,
    cause: String,
    reach: String,
    cooldown: Option<String>,
    in_place: Option<String>,
}

const CAUSES: &[Cause] = &[
    Cause::Stockout,
    Cause::QuotaExceeded,
    Cause::RateLimited,
    Cause::Unauthorized,
    Cause::InvalidRequest,
    Cause::Unsupported,
    Cause::Preempted,
];

const REACHES: &[Reach] = &[
    Reach::Zone,
    Reach::Region,
    Reach::RegionFamily,
    Reach::RegionCapacity,
    Reach::Cloud,
    Reach::CloudFamily,
    Reach::CloudAccelerators,
    Reach::InPlace,
    Reach::Request,
];

impl Book {
    /// Reads a YAML list of rules: `{cloud, code, contains, cause, reach, cooldown, in_place}`, the last two and
    /// `contains` optional (cooldown is then three minutes).
    pub fn parse(text: &str) -> Result<Self, BookError> {
        let lines: Vec<Line> = serde_yaml::from_str(text).map_err(|error| BookError::Form(error.to_string()))?;
        let own = lines.into_iter().enumerate().map(|(index, line)| own_rule(index + 1, line));
        Ok(Self { own: own.collect::<Result<_, _>>()? })
    }

    /// As [`super::classify`], the user's rules first.
    pub fn classify(&self, cloud_name: &str, code: &str, message: &str) -> Option<&Rule> {
        let own = self.own.iter().filter(|(cloud, _)| cloud == cloud_name).map(|(_, rule)| rule);
        own.into_iter()
            .find(|rule| rule.matches(code, message))
            .or_else(|| first_match(rules(cloud_name), code, message))
    }

    /// As [`super::classify_all`], the user's rules first.
    pub fn classify_all(&self, cloud_name: &str, errors: &[(&str, &str)]) -> Option<(usize, &Rule)> {
        pick(errors.iter().map(|(code, message)| self.classify(cloud_name, code, message)))
    }
}

fn own_rule(rule: usize, line: Line) -> Result<(String, Rule), BookError> {
    let wrong = |message: String| BookError::Value { rule, message };
    if rules(&line.cloud).is_empty() {
        return Err(wrong(format!("'{}' is not a cloud; expected aws, azure or gcp", line.cloud)));
    }
    let cause = CAUSES.iter().copied().find(|cause| cause.name() == line.cause);
    let reach = REACHES.iter().copied().find(|reach| reach.name() == line.reach);
    let span = |text: &Option<String>| text.as_deref().map(str::parse::<Span>).transpose();
    let names = |list: &[&str]| list.join(", ");
    let own = Rule {
        code: Cow::Owned(line.code),
        contains: line.contains.map(Cow::Owned),
        cause: cause.ok_or_else(|| {
            let known: Vec<_> = CAUSES.iter().map(|cause| cause.name()).collect();
            wrong(format!("'{}' is not a cause; expected one of {}", line.cause, names(&known)))
        })?,
        reach: reach.ok_or_else(|| {
            let known: Vec<_> = REACHES.iter().map(|reach| reach.name()).collect();
            wrong(format!("'{}' is not a reach; expected one of {}", line.reach, names(&known)))
        })?,
        cooldown: span(&line.cooldown).map_err(|error| wrong(error.to_string()))?.unwrap_or(Span::from_secs(180)),
        in_place: span(&line.in_place).map_err(|error| wrong(error.to_string()))?,
        defers: false,
        source: Cow::Borrowed("the user's rules"),
    };
    Ok((line.cloud, own))
}
