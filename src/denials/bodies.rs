//! Genuine error bodies of the clouds, with their source, as data: what the simulator answers with and what the
//! adapters are tested against.
//!
//! **Invariant:** a body's words are the vendor's; what had to be made up carries a note.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

/// One refusal as the vendor words it. Placeholders such as `{zone}` stand for what differs from case to case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Names the body within its cloud: the code, with a suffix where one code has several texts.
    pub key: String,
    /// The vendor's code.
    pub code: String,
    /// HTTP status of the answer, or the one that the operation reports.
    pub http: u16,
    /// How the answer comes.
    pub answer: Answered,
    /// What the body speaks for, in words.
    pub scope: String,
    /// The vendor's words.
    pub message: String,
    /// Every error of the answer, where there are several or nested ones; empty if `code` and `message` are all.
    #[serde(default)]
    errors: Vec<Inner>,
    /// The JSON around it; `None` on AWS, where the envelope is always the same XML.
    #[serde(default)]
    pub envelope: Option<Value>,
    /// HTTP headers that matter.
    #[serde(default)]
    pub headers: Option<Value>,
    /// Public places where this was met.
    pub sources: Vec<String>,
    /// What is not quoted.
    #[serde(default)]
    pub note: Option<String>,
}

/// When the refusal is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// In the answer to the create call.
    AtOnce,
    /// In the operation that the create call returned with HTTP 200 (Google).
    InOperation,
    /// While polling a create call that was accepted; a failed resource stays behind (Azure).
    InPolling,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    code: String,
    message: String,
}

/// Values for the placeholders of a body. A placeholder without a value is left as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Fill<'a>(pub &'a [(&'a str, &'a str)]);

impl Body {
    /// Every error of the answer as (code, message), in the order they are listed.
    pub fn errors(&self) -> Vec<(&str, &str)> {
        if self.errors.is_empty() {
            return vec![(&self.code, &self.message)];
        }
        self.errors.iter().map(|inner| (inner.code.as_str(), inner.message.as_str())).collect()
    }

    /// The message with its placeholders filled in.
    pub fn render(&self, fill: Fill<'_>) -> String {
        fill.apply(&self.message)
    }
}

impl Fill<'_> {
    /// Puts the values into a template.
    pub fn apply(self, template: &str) -> String {
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            text.push_str(&rest[..open]);
            rest = &rest[open..];
            let found = self
                .0
                .iter()
                .find(|(name, _)| rest[1..].strip_prefix(name).is_some_and(|after| after.starts_with('}')));
            if let Some((name, value)) = found {
                text.push_str(value);
                rest = &rest[name.len() + 2..];
            } else {
                text.push('{');
                rest = &rest[1..];
            }
        }
        text.push_str(rest);
        text
    }
}

/// All bodies of a cloud by its catalog name; empty for a cloud without any.
pub fn bodies(cloud_name: &str) -> &'static [Body] {
    static AWS: OnceLock<Vec<Body>> = OnceLock::new();
    static AZURE: OnceLock<Vec<Body>> = OnceLock::new();
    static GCP: OnceLock<Vec<Body>> = OnceLock::new();
    match cloud_name {
        "aws" => AWS.get_or_init(|| load(include_str!("bodies/aws.json"))),
        "azure" => AZURE.get_or_init(|| load(include_str!("bodies/azure.json"))),
        "gcp" => GCP.get_or_init(|| load(include_str!("bodies/gcp.json"))),
        _ => &[],
    }
}

/// The body of a cloud with this key.
pub fn body(cloud_name: &str, key: &str) -> Option<&'static Body> {
    bodies(cloud_name).iter().find(|body| body.key == key)
}

fn load(json: &str) -> Vec<Body> {
    serde_json::from_str(json).expect("the embedded bodies are read by a test")
}
